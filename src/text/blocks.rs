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
        let parts = bytes.as_chunks::<16>().0;
        Self([0, 1, 2, 3].map(|at| parts.get(at).map_or(u8x16::ZERO, |part| u8x16::new(*part))))
    }

    /// Which bytes are this one: bit N is set if byte N is.
    #[inline]
    pub fn equal(&self, byte: u8) -> u64 {
        self.mask(|part| part.simd_eq(u8x16::splat(byte)))
    }

    /// Which bytes are at most this one: bit N is set if byte N is.
    #[inline]
    pub fn at_most(&self, byte: u8) -> u64 {
        self.mask(|part| part.min(u8x16::splat(byte)).simd_eq(part))
    }

    #[inline]
    fn mask(&self, compare: impl Fn(u8x16) -> u8x16) -> u64 {
        let [first, second, third, fourth] = self.0.map(|part| u64::from(compare(part).to_bitmask()));
        first | second << 16 | third << 32 | fourth << 48
    }
}

/// Which of sixteen bytes are no visible ASCII characters, or one of these: bit N is set if byte N is.
#[inline]
pub fn odd<const N: usize>(special: [u8; N], bytes: &[u8; 16]) -> u32 {
    let bytes = i8x16::new(bytes.map(u8::cast_signed));
    let equal = |byte: u8| bytes.simd_eq(i8x16::splat(byte.cast_signed()));
    // As signed numbers, bytes that are no ASCII characters are below zero.
    let invisible = bytes.simd_lt(i8x16::splat(0x21)) | equal(0x7f);
    special.into_iter().fold(invisible, |odd, byte| odd | equal(byte)).to_bitmask()
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
        fn each_bit_is_that_of_its_byte(block in proptest::collection::vec(any::<u8>(), SIZE), a: u8, b in 0x21..0x7f_u8) {
            let block: [u8; SIZE] = block.try_into().unwrap_or([0; SIZE]);
            let found = Block::new(&block);
            prop_assert_eq!(found.equal(block[7]), mask(&block, |byte| byte == block[7]));
            prop_assert_eq!(found.at_most(a), mask(&block, |byte| byte <= a));
            for bytes in block.as_chunks::<16>().0 {
                let expected = mask(bytes, |byte| !byte.is_ascii_graphic() || byte == b);
                prop_assert_eq!(u64::from(odd([b], bytes)), expected);
            }
        }
    }
}
