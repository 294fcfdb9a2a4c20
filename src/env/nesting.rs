//! What an outer run of aws-auth put into the environment (docs/design.md, "Nested runs").
//!
//! AWS_AUTH_SET records it as shell words, `NAME=value` each. Most are variables; a few are other facts.

use std::borrow::Cow;
use std::ffi::{CString, OsStr};

use crate::env::snapshot::{Entry, RenewingCommand, Snapshot, name_of};
use crate::text::shell_words::{shell_word, split_words};

/// The variable that holds the record.
pub const RECORD: &str = "AWS_AUTH_SET";

/// The name in the record for the value of `--role-arn`, which a renewal needs. It is not a variable.
pub const ROLE: &str = "AWS_AUTH_ROLE_ARN";

/// The name in the record for the caller's own AWS_CONFIG_FILE, which `--keep-fresh` replaced. It is not a variable.
pub const CONFIG_FILE: &str = "AWS_AUTH_CONFIG_FILE";

/// The name in the record for the command that renews its own credentials. It is not a variable.
pub const COMMAND: &str = "AWS_AUTH_COMMAND";

/// The variables that point a command to the configuration file that `--keep-fresh` made for it.
pub const LEADING: [&str; 3] = ["AWS_CONFIG_FILE", "AWS_PROFILE", "AWS_SDK_LOAD_CONFIG"];

/// A setting from the record: its name and its value.
pub type Setting = (String, String);

/// The settings that the outer runs recorded, the latest last; empty if there is no outer run or the record is broken.
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

/// The names in `set_before` whose variables still have the value that the outer run gave them.
pub fn unchanged(set_before: &[Setting], snapshot: &Snapshot) -> Vec<String> {
    set_before.iter().filter(|setting| is_unchanged(setting, snapshot)).map(|(name, _)| name.clone()).collect()
}

/// Whether the variable still has the value that the outer run gave it.
fn is_unchanged((name, value): &Setting, snapshot: &Snapshot) -> bool {
    snapshot.var(name).is_some_and(|now| now == OsStr::new(value))
}

/// The caller's own environment. It leaves out the variables that point to the configuration file that an outer
/// `--keep-fresh` made for its command, unless they were changed since then.
pub fn callers_own(snapshot: Snapshot) -> Snapshot {
    let settings = settings(&snapshot);
    let recorded = |name: &str| settings.iter().rev().find(|(recorded, _)| recorded == name);
    // Only `--keep-fresh` records AWS_CONFIG_FILE.
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
