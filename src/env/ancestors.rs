//! A credential_process that needs what it is itself a part of: each run tells its process, in a variable, which
//! profiles are being resolved above it and by whom.

use crate::acquire::lookup::Context;
use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::plan::base::{Base, Provider};
use crate::plan::resolve::Acquisition;
use crate::text::shell_words::{shell_word, split_words};

/// The variable: `PID PROFILE` for each run above, as shell words, the outermost first.
pub const VARIABLE: &str = "AWS_AUTH_RESOLVING";

/// The runs above this one.
fn above(snapshot: &Snapshot) -> Vec<(u32, String)> {
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

/// Refuses to run the process of a profile whose process we are a part of.
///
/// # Errors
/// The circle.
pub fn refuse_circle(plan: &Acquisition, context: &Context<'_>) -> Result<()> {
    let Base::Provider { kind, profile: Some(profile), at: Some(at) } = &plan.base else { return Ok(()) };
    if !matches!(**kind, Provider::Process { .. }) {
        return Ok(());
    }
    let above = above(context.snapshot);
    let Some(first) = above.iter().position(|(_, name)| name == profile) else { return Ok(()) };
    let names: Vec<&str> = above.iter().skip(first).map(|(_, name)| name.as_str()).chain([profile.as_str()]).collect();
    Err(Error::new(format!("{}: credential_process goes in a circle: {}", context.set.place(*at), names.join(" -> ")))
        .advise("the command must not need the very profile that it gives credentials for; name another one in it"))
}
