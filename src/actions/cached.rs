//! What people and scripts are told on stdout: the plan, the profiles, the time left, the identity.

use crate::acquire::forecast::Held;
use crate::time::Timestamp;

/// What a cache holds, as JSON: `null` for nothing.
pub(crate) fn held_json(held: Option<Held>) -> serde_json::Value {
    held.map_or(serde_json::Value::Null, |held| {
        serde_json::json!({
            "expiration": held.expiration.iso8601(),
            "seconds_left": held.left.as_seconds(),
            "usable": held.usable,
        })
    })
}

/// What a cache holds, in words.
pub(crate) fn held_text(held: Option<Held>, now: Timestamp) -> String {
    match held {
        None => String::from("not cached"),
        Some(held) => {
            let until = format!("cached, good until {} ({})", held.expiration.local(now), held.left);
            if held.usable { until } else { format!("{until}, too little time left") }
        }
    }
}
