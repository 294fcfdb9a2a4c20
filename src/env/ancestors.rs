//! Detects a helper program (credential_process, mfa_process) that runs aws-auth for the profile that needs the helper.
//! Each run passes its helper a variable with the profiles that are being resolved above it, and by which processes.

use std::ffi::OsString;

use crate::env::snapshot::Snapshot;
use crate::text::shell_words::{shell_word, split_words};

/// The variable. It holds `PID PROFILE` as shell words for each run above, the outermost first.
pub const VARIABLE: &str = "AWS_AUTH_RESOLVING";

/// The process id and the profile of each run above this one, the outermost first.
fn above(snapshot: &Snapshot) -> Vec<(u32, String)> {
    let text = snapshot.var(VARIABLE).map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
    let words = split_words(&text).unwrap_or_default();
    let pairs = words.chunks_exact(2);
    pairs.filter_map(|pair| Some((pair.first()?.parse().ok()?, pair.get(1)?.clone()))).collect()
}

/// The aws-auth processes that wait for this one, the outermost first.
pub fn ancestors(snapshot: &Snapshot) -> Vec<u32> {
    above(snapshot).into_iter().map(|(pid, _)| pid).collect()
}

/// The circle `p -> q -> p` from `profile` back to `profile`, if this run is below a helper of that profile.
pub fn circle(snapshot: &Snapshot, profile: &str) -> Option<String> {
    let above = above(snapshot);
    let first = above.iter().position(|(_, name)| name == profile)?;
    let names: Vec<&str> = above.iter().skip(first).map(|(_, name)| name.as_str()).chain([profile]).collect();
    Some(names.join(" -> "))
}

/// The environment for a helper of `profile`: the caller's, without the variables that are `withheld`.
pub fn environment_for(
    snapshot: &Snapshot,
    profile: &str,
    withheld: impl Fn(&[u8]) -> bool,
) -> Vec<(OsString, OsString)> {
    let mut variables = snapshot.variables(|name| name != VARIABLE.as_bytes() && !withheld(name));
    variables.push((OsString::from(VARIABLE), OsString::from(value_for(snapshot, profile))));
    variables
}

fn value_for(snapshot: &Snapshot, profile: &str) -> String {
    let mut runs = above(snapshot);
    runs.push((std::process::id(), profile.to_owned()));
    let words: Vec<String> = runs.iter().map(|(pid, name)| format!("{pid} {}", shell_word(name))).collect();
    words.join(" ")
}
