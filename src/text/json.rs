//! JSON: writing it with Python's escapes, and wiping values that were read.

use std::fmt::Write as _;

use serde_json::Value;
use zeroize::Zeroize as _;

/// Formats JSON for other programs, indented. Everything outside printable ASCII is escaped, so that a terminal can
/// show it safely.
pub(crate) fn json(value: &serde_json::Value) -> String {
    let mut text = String::with_capacity(1024);
    push_ascii(&mut text, &format!("{value:#}\n"));
    text
}

/// Appends JSON with everything outside printable ASCII escaped.
fn push_ascii(text: &mut String, json: &str) {
    for c in json.chars() {
        if c == '\n' || matches!(c, ' '..='~') {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
}

/// Formats JSON for other programs on one line. Everything outside printable ASCII is escaped.
pub(crate) fn json_line(value: &serde_json::Value) -> String {
    let mut text = String::with_capacity(256);
    push_ascii(&mut text, &format!("{value}\n"));
    text
}

/// Appends a JSON string as Python writes it with `ensure_ascii`: everything outside printable ASCII as `\uXXXX`.
pub(crate) fn push_json_text(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            ' '..='~' => json.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(json, "\\u{unit:04x}");
                }
            }
        }
    }
    json.push('"');
}

/// Overwrites every string in a JSON value, except the names of fields.
pub fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        _ => {}
    }
}
