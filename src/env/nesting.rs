//! What an aws-auth above this one has put into the environment (docs/design.md, "Nested runs").
//!
//! AWS_AUTH_SET records it as words of a shell, `NAME=value` each: variables, and a few facts that are none.

use std::borrow::Cow;
use std::ffi::{CString, OsStr};

use crate::env::snapshot::{Entry, RenewingCommand, Snapshot, name_of};
use crate::text::shell_words::{shell_word, split_words};

/// The variable that holds the record.
pub const RECORD: &str = "AWS_AUTH_SET";

/// Under this name the record holds a `--role-arn`, for a renewal; it is no variable.
pub const ROLE: &str = "AWS_AUTH_ROLE_ARN";

/// Under this name it holds the caller's own AWS_CONFIG_FILE, for which another stands; it is no variable.
pub const CONFIG_FILE: &str = "AWS_AUTH_CONFIG_FILE";

/// Under this name it holds the command that renews its credentials; it is no variable.
pub const COMMAND: &str = "AWS_AUTH_COMMAND";

/// The variables that lead a command to the configuration file which is made for it (`--keep-fresh`).
pub const LEADING: [&str; 3] = ["AWS_CONFIG_FILE", "AWS_PROFILE", "AWS_SDK_LOAD_CONFIG"];

/// A setting that an aws-auth above this one has put into the environment: name and value.
pub type Setting = (String, String);

/// The settings that an aws-auth above this one put into the environment.
pub fn settings(snapshot: &Snapshot) -> Vec<Setting> {
    let text = snapshot.non_empty(RECORD).map_or(Cow::Borrowed(""), OsStr::to_string_lossy);
    if text.is_empty() {
        return Vec::new();
    }
    let words = split_words(&text).unwrap_or_default();
    words
        .into_iter()
        .filter_map(|word| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect()
}

/// The names among `set_before` that still have the value which the outer run gave them.
pub fn unchanged(set_before: &[Setting], snapshot: &Snapshot) -> Vec<String> {
    set_before.iter().filter(|setting| is_unchanged(setting, snapshot)).map(|(name, _)| name.clone()).collect()
}

/// Whether a setting still has the value that the run above gave it.
fn is_unchanged((name, value): &Setting, snapshot: &Snapshot) -> bool {
    snapshot.var(name).is_some_and(|now| now == OsStr::new(value))
}

/// The caller's own environment: without the configuration file that a `--keep-fresh` above this run has made for its
/// command, and what leads there, as far as nobody has changed it since.
pub fn callers_own(snapshot: Snapshot) -> Snapshot {
    let settings = settings(&snapshot);
    let recorded = |name: &str| settings.iter().rev().find(|(recorded, _)| recorded == name);
    // Nothing else records that file.
    if recorded("AWS_CONFIG_FILE").is_none() {
        return snapshot;
    }
    let unchanged = |name: &str| settings.iter().any(|setting| setting.0 == name && is_unchanged(setting, &snapshot));
    let ours: Vec<&str> = LEADING.into_iter().filter(|name| unchanged(name)).collect();
    let is_kept_fresh = ours.contains(&"AWS_CONFIG_FILE") && ours.contains(&"AWS_PROFILE");
    let mut entries: Vec<Entry> = snapshot
        .entries
        .iter()
        .filter(|entry| {
            let name = name_of(entry.to_bytes());
            name != RECORD.as_bytes() && !ours.iter().any(|ours| ours.as_bytes() == name)
        })
        .cloned()
        .collect();
    let rest =
        settings.iter().filter(|(name, _)| !LEADING.contains(&name.as_str()) && name != CONFIG_FILE && name != COMMAND);
    let record: Vec<String> = rest.map(|(name, value)| shell_word(&format!("{name}={value}"))).collect();
    let callers_file = recorded(CONFIG_FILE).filter(|_| ours.contains(&"AWS_CONFIG_FILE"));
    let file = callers_file.map(|(_, path)| format!("AWS_CONFIG_FILE={path}"));
    let put_back = file.into_iter().chain([format!("{RECORD}={}", record.join(" "))]);
    entries.extend(put_back.filter_map(|entry| CString::new(entry).ok()).map(Entry::Owned));
    let command = recorded(COMMAND).map(|(_, command)| command.clone()).unwrap_or_default();
    let own = Snapshot::new(snapshot.args.clone(), entries, snapshot.executable);
    let renewing_command = is_kept_fresh.then(|| Box::new(RenewingCommand { command, found: snapshot }));
    Snapshot { renewing_command, ..own }
}
