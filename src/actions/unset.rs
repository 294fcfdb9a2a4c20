//! `--unset`: printing what takes the variables of `--export` out of a shell again.

use crate::actions::script::script;
use crate::cli::formats::Format;
use crate::command::environment::Changes;
use crate::env::nesting;
use crate::env::snapshot::Snapshot;
use crate::error::Result;
use crate::messages::{Messages, print};
use crate::plan::settings::is_name;

/// What belongs to the access key id. The record has only that, because the others are secrets.
const OF_KEYS: [&str; 4] =
    ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION"];

/// Prints the script. No profile is needed: AWS_AUTH_SET says what aws-auth has set.
///
/// # Errors
/// Returns an error if the script cannot be written.
pub fn unset(snapshot: &Snapshot, format: Format, messages: &Messages) -> Result<u8> {
    let changes = changes(snapshot.found());
    if changes.removed.is_empty() && changes.set.is_empty() {
        messages.say("nothing to unset: no variables of --export are set here");
    }
    print(&script(format, &changes)?)
}

/// Variables that aws-auth has set and that were not changed since then are removed, or get back the value of the
/// caller if it is recorded. All others stay.
fn changes(snapshot: &Snapshot) -> Changes {
    let settings = nesting::settings(snapshot);
    let recorded = |name: &str| settings.iter().rev().find(|(recorded, _)| recorded == name).map(|(_, value)| value);
    let mut ours = nesting::unchanged(&settings, snapshot);
    // What the record says of AWS_AUTH_… is no variable.
    ours.retain(|name| name.starts_with("AWS_") && !name.starts_with("AWS_AUTH_") && is_name(name));
    let id = "AWS_ACCESS_KEY_ID";
    if recorded(id).is_some() && (snapshot.non_empty(id).is_none() || ours.iter().any(|name| name == id)) {
        ours.extend(OF_KEYS.map(String::from));
    }
    ours.extend(["AWS_AUTH_PROFILE", nesting::RECORD].map(String::from));
    let mut changes = Changes { set: Vec::new(), removed: Vec::new() };
    for name in ours {
        let callers = nesting::REPLACED.iter().find(|(replaced, _)| *replaced == name);
        let known = changes.removed.contains(&name) || changes.set.iter().any(|(set, _)| *set == name);
        match callers.and_then(|(_, fact)| recorded(fact)) {
            _ if known || snapshot.var(&name).is_none() => {}
            Some(value) => changes.set.push((name, value.clone())),
            None => changes.removed.push(name),
        }
    }
    changes
}
