//! Comparing many bytes at once, with instructions that every processor of a kind has: detecting further ones costs too
//! much (see `text::bytes`).

use wide::{i8x16, u8x16};

/// How many bytes are compared at once.
pub const SIZE: usize = 64;

/// Sixty-four bytes.
pub struct Block([u8x16; 4]);

impl Block {
    /// A block of these bytes.
    #[inline]
    pub fn new(bytes: &[u8; SIZE]) -> Self {
        let part = |at| bytes.as_chunks().0.get(at).map_or(u8x16::ZERO, |part| u8x16::new(*part));
        Self([part(0), part(1), part(2), part(3)])
    }

    /// Which bytes are this one: bit N is set if byte N is.
    #[inline]
    pub fn equal(&self, byte: u8) -> u64 {
        let byte = u8x16::splat(byte);
        self.mask(|part| part.simd_eq(byte).to_bitmask())
    }

    /// Which bytes are ASCII characters above this one: bit N is set if byte N is.
    #[inline]
    pub fn ascii_above(&self, byte: u8) -> u64 {
        let byte = i8x16::splat(byte.cast_signed());
        // As signed numbers, bytes that are no ASCII characters are below zero.
        self.mask(|part| part.cast_signed().simd_gt(byte).to_bitmask())
    }

    /// Whether a byte is no ASCII character, or is below `limit` and is not `except`.
    #[inline]
    pub fn any_below_or_not_ascii(&self, limit: u8, except: u8) -> bool {
        let (limit, except) = (i8x16::splat(limit.cast_signed()), u8x16::splat(except));
        // `except` is below the limit, so it is in both or in neither.
        let is = |part: u8x16| limit.simd_gt(part.cast_signed()).cast_unsigned() ^ part.simd_eq(except);
        let [first, second, third, fourth] = self.0;
        ((is(first) | is(second)) | (is(third) | is(fourth))).to_bitmask() != 0
    }

    #[inline]
    fn mask(&self, bits: impl Fn(u8x16) -> u32) -> u64 {
        let [first, second, third, fourth] = self.0;
        let bits = |part| u64::from(bits(part));
        bits(first) | bits(second) << 16 | bits(third) << 32 | bits(fourth) << 48
    }
}

/// Which of sixteen bytes are no visible ASCII characters, or one of these: bit N is set if byte N is.
#[inline]
pub fn odd<const N: usize>(special: [u8; N], bytes: &[u8; 16]) -> u32 {
    let bytes = u8x16::new(*bytes).cast_signed();
    let equal = |byte: u8| bytes.simd_eq(i8x16::splat(byte.cast_signed()));
    // As signed numbers, bytes that are no ASCII characters are below zero.
    let mut odd = bytes.simd_lt(i8x16::splat(0x21)) | equal(0x7f);
    for byte in &special {
        odd |= equal(*byte);
    }
    odd.to_bitmask()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::text::blocks::{Block, SIZE, odd};

    /// Bit N is set if `is` says so of byte N.
    fn mask(bytes: &[u8], is: impl Fn(u8) -> bool) -> u64 {
        bytes.iter().rev().fold(0, |mask, byte| mask << 1 | u64::from(is(*byte)))
    }

    proptest! {
        #[test]
        fn each_bit_is_that_of_its_byte(block in prop::collection::vec(any::<u8>(), SIZE), b in 0x21..0x7f_u8, c in 0..0x21_u8) {
            let block: [u8; SIZE] = block.try_into().unwrap_or([0; SIZE]);
            let found = Block::new(&block);
            prop_assert_eq!(found.equal(block[7]), mask(&block, |byte| byte == block[7]));
            prop_assert_eq!(found.ascii_above(b), mask(&block, |byte| byte.is_ascii() && byte > b));
            let is_unusual = |byte: &u8| !byte.is_ascii() || *byte < b && *byte != c;
            prop_assert_eq!(found.any_below_or_not_ascii(b, c), block.iter().any(is_unusual));
            for bytes in block.as_chunks::<16>().0 {
                let expected = mask(bytes, |byte| !byte.is_ascii_graphic() || byte == b);
                prop_assert_eq!(u64::from(odd([b], bytes)), expected);
            }
        }
    }
}
