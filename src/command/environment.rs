//! The command's environment (docs/design.md, "The command's environment").

use std::ffi::CString;

use crate::command::keep_fresh::RenewalFile;
use crate::credentials::Credentials;
use crate::env::nesting;
use crate::env::snapshot::{Entry, Snapshot, is_credential, name_of};
use crate::error::{Error, Result};
use crate::plan::base::Base;
use crate::plan::model::Acquisition;
use crate::plan::settings::{is_name, is_setting};
use crate::request::Request;
use crate::text::shell_words::shell_word;

/// The names that a profile is chosen by; the command must not choose again (the JavaScript SDK prefers a profile over
/// keys).
const CHOOSING: [&[u8]; 2] = [b"AWS_PROFILE", b"AWS_DEFAULT_PROFILE"];

/// What an outer aws-auth said about its own run.
const ABOUT: [&[u8]; 2] = [b"AWS_AUTH_PROFILE", nesting::RECORD.as_bytes()];

/// What `--export` prints: variables to set and to unset.
pub struct Changes {
    /// Names and values.
    pub set: Vec<(String, String)>,
    /// Names.
    pub removed: Vec<String>,
}

/// The environment for keys that pass through: the caller's as it was found, but for a code that may have been in it.
///
/// # Errors
/// Returns an error when a value cannot be in an environment; so do the functions below.
pub fn untouched(snapshot: &Snapshot, request: &Request<'_>) -> Result<Vec<Entry>> {
    let snapshot = snapshot.found();
    let mut set = Assignments::default();
    set.region_option(request);
    if !set.record.is_empty() {
        set.record_over(snapshot);
    }
    build(snapshot, request, set, |name| name == b"AWS_AUTH_MFA_TOKEN")
}

/// The environment for a profile that names no credentials: the command's SDK finds the container's or the
/// instance's, so what leads there stays, and keys go.
pub fn ambient(snapshot: &Snapshot, request: &Request<'_>, profile: Option<&str>) -> Result<Vec<Entry>> {
    let mut set = Assignments::default();
    if let Some(profile) = profile {
        set.add("AWS_PROFILE", profile);
    }
    set.region_option(request);
    if !set.record.is_empty() {
        let record = std::mem::take(&mut set.record);
        set.add(nesting::RECORD, &record);
    }
    build(snapshot, request, set, |name| {
        let leads_to_machine = name.starts_with(b"AWS_CONTAINER_")
            || name.starts_with(b"AWS_ROLE_")
            || name == b"AWS_WEB_IDENTITY_TOKEN_FILE";
        (is_credential(name) && !leads_to_machine)
            || ABOUT.contains(&name)
            || (profile.is_some() && CHOOSING.contains(&name))
    })
}

/// The environment with the profile's credentials and settings.
pub fn with_credentials(
    snapshot: &Snapshot,
    request: &Request<'_>,
    plan: &Acquisition,
    credentials: &Credentials,
) -> Result<Vec<Entry>> {
    let set = assignments(snapshot, request, plan, credentials, None);
    build(snapshot, request, set, goes)
}

/// The environment for a command that gets its credentials from `fresh` and renews them by itself: no keys, and the
/// profile's settings.
pub fn with_renewal_file(
    snapshot: &Snapshot,
    request: &Request<'_>,
    plan: &Acquisition,
    credentials: &Credentials,
    fresh: &RenewalFile,
) -> Result<Vec<Entry>> {
    let set = assignments(snapshot, request, plan, credentials, Some(fresh));
    let by_container = matches!(plan.base, Base::Container { .. });
    // Every SDK takes a profile that is named before a container; and the renewal has to find it again.
    build(snapshot, request, set, |name| goes(name) && !(by_container && name.starts_with(b"AWS_CONTAINER_")))
}

/// What a shell has to do to have that environment, for `--export`.
pub fn changes(
    snapshot: &Snapshot,
    request: &Request<'_>,
    plan: &Acquisition,
    credentials: &Credentials,
) -> Result<Changes> {
    let set = assignments(snapshot, request, plan, credentials, None).whole()?;
    // These go whether they are here or not: the script may be evaluated where they are.
    let always =
        ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION"];
    let mut removed: Vec<String> = always.map(String::from).to_vec();
    for entry in &snapshot.entries {
        let name = name_of(entry.to_bytes());
        let outer = request.caller.variables.unset().iter().any(|unset| unset.as_bytes() == name);
        let Ok(text) = std::str::from_utf8(name) else { continue };
        if (goes(name) || outer) && !removed.iter().any(|known| known == text) {
            removed.push(text.to_owned());
        }
    }
    let mut all = callers(snapshot, request, &set, is_setting);
    if snapshot.renewing_command.is_some() {
        // The shell has keys from here on, and its own configuration file again.
        for name in nesting::LEADING {
            match snapshot.var(name) {
                Some(own) => all.push((name.to_owned(), own.to_string_lossy().into_owned())),
                None if !removed.iter().any(|known| known == name) => removed.push(name.to_owned()),
                None => {}
            }
        }
    }
    removed.retain(|name| !set.names.contains(name) && is_name(name));
    Ok(Changes { set: all, removed })
}

/// The same for keys that pass through: the environment's own, for a file or another shell.
pub fn passing(snapshot: &Snapshot, request: &Request<'_>) -> Result<Changes> {
    let mut set = Assignments::default();
    set.region_option(request);
    if !set.record.is_empty() {
        set.record_over(snapshot);
    }
    let passes = |name: &str| {
        const KEYS: [&str; 7] = [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_SECURITY_TOKEN",
            "AWS_CREDENTIAL_EXPIRATION",
            "AWS_AUTH_PROFILE",
            nesting::RECORD,
        ];
        KEYS.contains(&name) || is_setting(name)
    };
    let removed = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].map(String::from).to_vec();
    let set = set.whole()?;
    Ok(Changes { set: callers(snapshot, request, &set, passes), removed })
}

/// The caller's own variables that `wanted` names, then the assignments. A script is evaluated, and a file is read,
/// where the caller's environment may not be.
fn callers(
    snapshot: &Snapshot,
    request: &Request<'_>,
    set: &Assignments,
    wanted: impl Fn(&str) -> bool,
) -> Vec<(String, String)> {
    let pair = |entry: &Entry| {
        let (name, value) = entry.to_str().ok()?.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    };
    let mut all: Vec<(String, String)> = Vec::new();
    for (name, value) in snapshot.entries.iter().filter_map(pair) {
        let outer = request.caller.variables.unset().contains(&name);
        // Of an entry that is there twice, the first is what programs see.
        let there = set.names.contains(&name) || all.iter().any(|(known, _)| *known == name);
        if wanted(&name) && !outer && !there {
            all.push((name, value));
        }
    }
    all.extend(set.entries.iter().filter_map(pair));
    all.retain(|(name, _)| is_name(name));
    all
}

/// Whether a variable of the caller must not reach a command that is given other credentials.
fn goes(name: &[u8]) -> bool {
    is_credential(name) || CHOOSING.contains(&name) || ABOUT.contains(&name)
}

fn assignments(
    snapshot: &Snapshot,
    request: &Request<'_>,
    plan: &Acquisition,
    credentials: &Credentials,
    fresh: Option<&RenewalFile>,
) -> Assignments {
    let mut set = Assignments::default();
    let variables = &request.caller.variables;
    set.region_option(request);
    if request.region.is_none()
        && let Some(region) = &plan.region
    {
        for name in REGION {
            if !variables.is_set(name) {
                set.setting(name, region.value.as_str());
            }
        }
    }
    for (name, value) in &plan.variables {
        set.setting(name, value);
    }
    let callers = snapshot.non_empty("AWS_ACCOUNT_ID").filter(|_| variables.is_set("AWS_ACCOUNT_ID"));
    match (callers, &credentials.account_id) {
        (None, Some(account)) => set.setting("AWS_ACCOUNT_ID", account),
        // SDKs route by the account: the caller's must not lead the requests of another one astray.
        (Some(callers), account) if account.as_ref().is_none_or(|account| callers != account.as_str()) => {
            set.setting("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled");
        }
        _ => {}
    }
    match fresh {
        None => set.keys(credentials),
        Some(fresh) => set.way_to(fresh),
    }
    if let Some(profile) = &plan.profile {
        set.add("AWS_AUTH_PROFILE", profile);
    }
    if let Some(role) = &request.role.arn {
        set.record(nesting::ROLE, role.as_str());
    }
    if variables.go_on() {
        // Without a profile of its own this run goes on with the outer one's settings.
        set.record_over(snapshot);
    } else {
        let record = std::mem::take(&mut set.record);
        set.add(nesting::RECORD, &record);
    }
    set
}

const REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// Variables that are set, and the record of those that are settings.
#[derive(Default)]
struct Assignments {
    names: Vec<String>,
    entries: Vec<Entry>,
    record: String,
    /// The name of a variable whose value holds NUL, which ends a value.
    cut_off: Option<String>,
}

impl Assignments {
    fn add(&mut self, name: &str, value: &str) {
        match CString::new(format!("{name}={value}")) {
            Ok(entry) => {
                self.names.push(name.to_owned());
                self.entries.push(Entry::Owned(entry));
            }
            Err(_) => self.cut_off = Some(name.to_owned()),
        }
    }

    /// The assignments, if they can all be passed on: without one of them the command might use other credentials, or
    /// a mixture.
    fn whole(self) -> Result<Self> {
        match self.cut_off {
            None => Ok(self),
            Some(name) => Err(Error::new(format!("the value for {name} holds a NUL byte, which no variable can hold"))
                .advise("run 'aws-auth --logout' for the profile, and try again")),
        }
    }

    /// A setting, no secret: an inner run for another profile takes it as unset while it stands unchanged.
    fn setting(&mut self, name: &str, value: &str) {
        self.add(name, value);
        self.record(name, value);
    }

    fn record(&mut self, name: &str, value: &str) {
        if !self.record.is_empty() {
            self.record.push(' ');
        }
        self.record.push_str(&shell_word(&format!("{name}={value}")));
    }

    /// Adds AWS_AUTH_SET with what an outer run recorded before; of a setting that stands in it twice, the value that
    /// the variable has counts.
    fn record_over(&mut self, snapshot: &Snapshot) {
        let before = snapshot.non_empty(nesting::RECORD).map(|record| record.to_string_lossy().into_owned());
        let record: Vec<String> = before.into_iter().chain([std::mem::take(&mut self.record)]).collect();
        self.add(nesting::RECORD, &record.join(" "));
    }

    fn keys(&mut self, credentials: &Credentials) {
        self.setting("AWS_ACCESS_KEY_ID", &credentials.access_key_id);
        self.add("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.expose());
        if let Some(token) = &credentials.session_token {
            self.add("AWS_SESSION_TOKEN", token.expose());
            self.add("AWS_SECURITY_TOKEN", token.expose());
            if let Some(end) = credentials.expiration {
                self.add("AWS_CREDENTIAL_EXPIRATION", &end.iso8601());
            }
        }
    }

    /// What leads an SDK to the generated profile, and what a run below has to know of the caller's own environment.
    fn way_to(&mut self, fresh: &RenewalFile) {
        let [file, profile, load] = nesting::LEADING;
        self.setting(file, &fresh.path);
        self.setting(profile, &fresh.profile);
        // Without it Go's first SDK reads no config file.
        self.setting(load, "1");
        if let Some(own) = &fresh.callers_file {
            self.record(nesting::CONFIG_FILE, own);
        }
        self.record(nesting::COMMAND, &fresh.command);
    }

    fn region_option(&mut self, request: &Request<'_>) {
        if let Some(region) = &request.region {
            for name in REGION {
                self.setting(name, region.as_str());
            }
        }
    }
}

/// The caller's entries without those that are set, gone or an outer run's, then the assignments.
fn build(
    snapshot: &Snapshot,
    request: &Request<'_>,
    set: Assignments,
    gone: impl Fn(&[u8]) -> bool,
) -> Result<Vec<Entry>> {
    let set = set.whole()?;
    let replaced = |name: &[u8]| set.names.iter().any(|set| set.as_bytes() == name);
    let outer = |name: &[u8]| request.caller.variables.unset().iter().any(|unset| unset.as_bytes() == name);
    let kept = snapshot.entries.iter().filter(|entry| {
        let name = name_of(entry.to_bytes());
        !gone(name) && !replaced(name) && !outer(name)
    });
    let mut environment = Vec::with_capacity(snapshot.entries.len() + set.entries.len());
    environment.extend(kept.cloned());
    environment.extend(set.entries);
    Ok(environment)
}

#[cfg(test)]
mod tests {
    use super::Assignments;

    #[test]
    fn a_value_with_nul_is_an_error_that_does_not_show_it() {
        let mut set = Assignments::default();
        set.add("AWS_ACCESS_KEY_ID", "AKIA");
        set.add("AWS_SECRET_ACCESS_KEY", "canary\0");
        let error = set.whole().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("AWS_SECRET_ACCESS_KEY holds a NUL byte") && !error.contains("canary"), "{error}");
    }
}
