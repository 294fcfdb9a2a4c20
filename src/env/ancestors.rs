//! A credential_process that needs what it is itself a part of: each run tells its process, in a variable, which
//! profiles are being resolved above it and by whom.

use crate::env::snapshot::Snapshot;
use crate::text::shell_words::{shell_word, split_words};

/// The variable: `PID PROFILE` for each run above, as shell words, the outermost first.
pub const VARIABLE: &str = "AWS_AUTH_RESOLVING";

/// The runs above this one.
pub(crate) fn above(snapshot: &Snapshot) -> Vec<(u32, String)> {
    let text = snapshot.var(VARIABLE).map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
    let words = split_words(&text).unwrap_or_default();
    let pairs = words.chunks_exact(2);
    pairs.filter_map(|pair| Some((pair.first()?.parse().ok()?, pair.get(1)?.clone()))).collect()
}

/// The processes that wait for this one.
pub fn ancestors(snapshot: &Snapshot) -> Vec<u32> {
    above(snapshot).into_iter().map(|(pid, _)| pid).collect()
}

/// The variable's value for the process of `profile`.
pub fn value_for(snapshot: &Snapshot, profile: &str) -> String {
    let mut runs = above(snapshot);
    runs.push((std::process::id(), profile.to_owned()));
    let words: Vec<String> = runs.iter().map(|(pid, name)| format!("{pid} {}", shell_word(name))).collect();
    words.join(" ")
}
