//! Bytes as text: hexadecimal, and base64 for URLs.

use zeroize::Zeroizing;

/// Encodes bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(bytes.len() * 2);
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    hex.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    hex
}

/// Encodes bytes as base64 for URLs, without padding (RFC 7636, appendix A).
pub fn base64_url(bytes: &[u8]) -> String {
    aws_smithy_types::base64::encode(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// Decodes base64 of either alphabet, with or without padding and white space; `None` if it is neither.
pub fn from_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut standard = Zeroizing::new(String::with_capacity(text.len() + 3));
    let digits = text.trim_end().trim_end_matches('=').chars().filter(|c| !c.is_whitespace());
    standard.extend(digits.map(|c| match c {
        '-' => '+',
        '_' => '/',
        other => other,
    }));
    while !standard.len().is_multiple_of(4) {
        standard.push('=');
    }
    aws_smithy_types::base64::decode(&*standard).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::{base64_url, from_base64, hex};

    #[test]
    fn each_byte_has_two_digits() {
        for byte in 0..=255 {
            assert_eq!(hex(&[byte, byte]), format!("{byte:02x}{byte:02x}"));
        }
    }

    #[test]
    fn base64_reads_back() {
        for bytes in [&b""[..], b"a", b"ab", b"abc", &[0xfb, 0xff, 0xfe]] {
            let text = base64_url(bytes);
            assert_eq!(from_base64(&text).as_deref().map(Vec::as_slice), Some(bytes), "{text}");
        }
        assert_eq!(
            from_base64("+/ /+\n==").as_deref().map(Vec::as_slice),
            from_base64("-__-").as_deref().map(Vec::as_slice)
        );
        for text in ["?", "a", "é", "a=b"] {
            assert_eq!(from_base64(text).as_deref(), None, "{text}");
        }
    }
}
