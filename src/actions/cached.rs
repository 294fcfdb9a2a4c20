//! How `--explain`, `--list` and `--status` show a cache entry.

use crate::acquire::forecast::Held;
use crate::time::Timestamp;

/// A cache entry as JSON (docs/json.md); `null` if nothing is cached.
pub(crate) fn held_json(held: Option<Held>) -> serde_json::Value {
    held.map_or(serde_json::Value::Null, |held| {
        serde_json::json!({
            "expiration": held.expiration.iso8601(),
            "seconds_left": held.left.as_seconds(),
            "usable": held.usable,
        })
    })
}

/// A cache entry as part of a sentence, with its end in local time.
pub(crate) fn held_text(held: Option<Held>, now: Timestamp) -> String {
    match held {
        None => String::from("not cached"),
        Some(held) => {
            let until = format!("cached, good until {} ({})", held.expiration.local(now), held.left);
            if held.usable { until } else { format!("{until}, too little time left") }
        }
    }
}
