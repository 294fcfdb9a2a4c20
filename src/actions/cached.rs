//! What people and scripts are told on stdout: the plan, the profiles, the time left, the identity.

use std::fmt::Write as _;

use crate::acquire::forecast::Held;
use crate::credentials::{for_people, iso8601, local_time, now};

/// JSON for a program, and safe for a terminal: everything outside printable ASCII is escaped.
pub(crate) fn json(value: &serde_json::Value) -> String {
    let mut text = String::with_capacity(1024);
    for c in format!("{value:#}\n").chars() {
        if c == '\n' || matches!(c, ' '..='~') {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

/// What a cache holds, as JSON: `null` for nothing.
pub(crate) fn held_json(held: Option<Held>) -> serde_json::Value {
    held.map_or(serde_json::Value::Null, |held| {
        serde_json::json!({
            "expiration": iso8601(held.expiration),
            "seconds_left": held.left,
            "usable": held.usable,
        })
    })
}

/// What a cache holds, in words.
pub(crate) fn held_text(held: Option<Held>) -> String {
    match held {
        None => String::from("not cached"),
        Some(held) => {
            let until =
                format!("cached, good until {} ({})", local_time(held.expiration, now()), for_people(held.left));
            if held.usable { until } else { format!("{until}, too little") }
        }
    }
}
