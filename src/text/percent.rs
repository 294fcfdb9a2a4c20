//! Percent-encoding (RFC 3986).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use zeroize::Zeroizing;

/// The characters to encode in a query value: all except letters, digits and `-_.~`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Encodes a query value. The text may be a secret, so no unwiped copy is left.
pub fn encoded(text: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(text.len() * 3));
    encoded.extend(utf8_percent_encode(text, RESERVED));
    encoded
}

/// Decodes a query value. `+` is a space, as in forms. Returns `None` if the result is not UTF-8.
pub fn decoded(value: &str) -> Option<Zeroizing<String>> {
    let spaced = Zeroizing::new(value.replace('+', " "));
    let mut bytes = Zeroizing::new(Vec::with_capacity(spaced.len()));
    bytes.extend(percent_decode_str(&spaced));
    std::str::from_utf8(&bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{decoded, encoded};

    #[test]
    fn decoding_gives_the_encoded_text_back() {
        for (text, value) in [("a-_.~Z9", "a-_.~Z9"), ("a b+c/&=%", "a%20b%2Bc%2F%26%3D%25"), ("é\n", "%C3%A9%0A")] {
            assert_eq!(encoded(text).as_str(), value);
            assert_eq!(decoded(value).as_deref().map(String::as_str), Some(text));
        }
        assert_eq!(decoded("a+b%").as_deref().map(String::as_str), Some("a b%"));
        assert!(decoded("%ff").is_none());
    }
}
