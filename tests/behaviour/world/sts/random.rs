//! Unique identifiers and secrets, which tests search for in all output.

use std::fs::File;
use std::io::Read;

const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HEX: &[u8] = b"0123456789abcdef";

/// `count` random bytes.
pub fn bytes(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes)).expect("read /dev/urandom");
    bytes
}

fn text(alphabet: &[u8], count: usize) -> String {
    bytes(count).into_iter().map(|byte| char::from(alphabet[usize::from(byte) % alphabet.len()])).collect()
}

/// An identifier in AWS's format: a prefix of four letters (`AKIA`, `ASIA`, `AROA`, `AIDA`) and 16 more characters.
pub fn identifier(prefix: &str) -> String {
    format!("{prefix}{}", text(UPPER, 16))
}

/// A secret access key. It contains `/` and `+` like many real ones, which quoting must preserve.
pub fn secret_access_key() -> String {
    format!("{}/{}+{}", text(BASE64, 12), text(BASE64, 12), text(BASE64, 14))
}

/// A session token. It contains `/`, `+` and `=`, which quoting must preserve.
pub fn session_token() -> String {
    format!("FwoGZXIvYXdzE{}/{}+{}==", text(BASE64, 120), text(BASE64, 120), text(BASE64, 88))
}

/// A request id: a UUID of version 4.
pub fn request_id() -> String {
    format!("{}-{}-4{}-a{}-{}", text(HEX, 8), text(HEX, 4), text(HEX, 3), text(HEX, 3), text(HEX, 12))
}
