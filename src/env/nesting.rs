//! What an outer run of aws-auth put into the environment (docs/design.md, "Nested runs").
//!
//! AWS_AUTH_SET records it as shell words, `NAME=value` each. Most are variables; a few are other facts.

use std::borrow::Cow;
use std::ffi::{CString, OsStr};

use crate::env::snapshot::{Above, Entry, Snapshot, name_of};
use crate::text::shell_words::{shell_word, split_words};

/// The variable that holds the record.
pub const RECORD: &str = "AWS_AUTH_SET";

/// The name in the record for the value of `--role-arn`, which a renewal needs. It is not a variable.
pub const ROLE: &str = "AWS_AUTH_ROLE_ARN";

/// The name in the record for the value of `--duration`, which a renewal needs. It is not a variable.
pub const DURATION: &str = "AWS_AUTH_ROLE_DURATION";

/// The name in the record for the options about the session, as words of a command line, which a renewal needs. It is
/// not a variable.
pub const BOUNDS: &str = "AWS_AUTH_BOUNDS";

/// The name in the record for the session policies of the credentials, in words. It is not a variable.
pub const BOUNDED: &str = "AWS_AUTH_BOUNDED";
/// The name in the record for the profile whose guard was answered (docs/guard.md). It is not a variable.
pub const CONFIRMED: &str = "AWS_AUTH_CONFIRMED";

/// The names in the record for the caller's own values of variables that an outer run replaced. They are no variables.
pub const REPLACED: [(&str, &str); 2] = [
    ("AWS_CONFIG_FILE", "AWS_AUTH_CONFIG_FILE"),
    ("AWS_CREDENTIAL_PROFILES_FILE", "AWS_AUTH_CREDENTIAL_PROFILES_FILE"),
];

/// The name in the record for the command that renews its own credentials. It is not a variable.
pub const COMMAND: &str = "AWS_AUTH_COMMAND";

/// The variables that point a command to the configuration file that was made for it. Version 1 of the SDK for Java
/// reads AWS_CREDENTIAL_PROFILES_FILE, and version 1 of the SDK for Go reads no config file without
/// AWS_SDK_LOAD_CONFIG.
pub const LEADING: [&str; 4] =
    ["AWS_CONFIG_FILE", "AWS_PROFILE", "AWS_SDK_LOAD_CONFIG", "AWS_CREDENTIAL_PROFILES_FILE"];

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

/// Whether the guard of this profile was answered for the environment as it is now: none of the variables that the outer
/// run set was changed, and it had the same `--role-arn`.
pub fn is_confirmed(profile: &str, role_arn: Option<&str>, snapshot: &Snapshot) -> bool {
    let settings = settings(snapshot);
    let recorded = |name: &str| settings.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let is_whole = |(name, _): &Setting| {
        let is_variable = !name.starts_with("AWS_AUTH_");
        !is_variable || settings.iter().any(|setting| setting.0 == *name && is_unchanged(setting, snapshot))
    };
    recorded(CONFIRMED) == Some(profile)
        && snapshot.var("AWS_AUTH_PROFILE").is_none_or(|now| now == OsStr::new(profile))
        && recorded(ROLE) == role_arn
        && settings.iter().all(is_whole)
}

/// The caller's own environment. It leaves out the variables that point to the configuration file that an outer run made
/// for its command, unless they were changed since then.
pub fn callers_own(snapshot: Snapshot) -> Snapshot {
    let settings = settings(&snapshot);
    let recorded = |name: &str| settings.iter().rev().find(|(recorded, _)| recorded == name);
    // Recorded only by a run that made a configuration file.
    if recorded("AWS_CONFIG_FILE").is_none() {
        return snapshot;
    }
    let unchanged = |name: &str| settings.iter().any(|setting| setting.0 == name && is_unchanged(setting, &snapshot));
    let ours: Vec<&str> = LEADING.into_iter().filter(|name| unchanged(name)).collect();
    let mut entries: Vec<Entry> = snapshot
        .entries
        .iter()
        .filter(|entry| {
            let name = name_of(entry.to_bytes());
            name != RECORD.as_bytes() && !ours.iter().any(|ours| ours.as_bytes() == name)
        })
        .cloned()
        .collect();
    let is_of_file = |name: &str| {
        LEADING.contains(&name) || name == COMMAND || REPLACED.iter().any(|(_, replaced)| *replaced == name)
    };
    let rest = settings.iter().filter(|(name, _)| !is_of_file(name));
    let record: Vec<String> = rest.map(|(name, value)| shell_word(&format!("{name}={value}"))).collect();
    let callers = REPLACED.into_iter().filter(|(name, _)| ours.contains(name)).filter_map(|(name, replaced)| {
        let (_, value) = recorded(replaced)?;
        Some(format!("{name}={value}"))
    });
    let put_back = callers.chain([format!("{RECORD}={}", record.join(" "))]);
    entries.extend(put_back.filter_map(|entry| CString::new(entry).ok()).map(Entry::Owned));
    let own = Snapshot::new(snapshot.args.clone(), entries, snapshot.executable);
    if !ours.contains(&"AWS_CONFIG_FILE") {
        return own;
    }
    let renews = ours
        .contains(&"AWS_PROFILE")
        .then(|| recorded(COMMAND).map(|(_, command)| command.clone()).unwrap_or_default());
    Snapshot { above: Some(Box::new(Above { renews, found: snapshot })), ..own }
}
