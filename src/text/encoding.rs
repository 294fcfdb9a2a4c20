//! Bytes as text: hexadecimal, and base64 for URLs.

use std::fmt::Write as _;

/// Encodes bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Encodes bytes as base64 for URLs, without padding (RFC 7636, appendix A).
pub fn base64_url(bytes: &[u8]) -> String {
    aws_smithy_types::base64::encode(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}
