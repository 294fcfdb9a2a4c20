//! The command's environment (docs/design.md, "The command's environment").

use crate::command::assignments::Assignments;
use crate::command::keep_fresh::RenewalFile;
use crate::command::private_config::PrivateConfig;
use crate::credentials::Credentials;
use crate::env::nesting;
use crate::env::snapshot::{Entry, Snapshot, is_credential, name_of};
use crate::error::Result;
use crate::plan::base::Base;
use crate::plan::model::Acquisition;
use crate::plan::settings::{ACCOUNT_ID_MODE, is_name, is_setting};
use crate::request::Request;

/// The variables that choose a profile. They are removed, since some SDKs (JavaScript) prefer a profile over keys.
const CHOOSING: [&[u8]; 2] = [b"AWS_PROFILE", b"AWS_DEFAULT_PROFILE"];

/// What an outer aws-auth recorded about its own run.
const ABOUT: [&[u8]; 2] = [b"AWS_AUTH_PROFILE", nesting::RECORD.as_bytes()];

/// The variables that an `--export` script sets and unsets.
pub struct Changes {
    /// Names and values to set.
    pub set: Vec<(String, String)>,
    /// Names to unset.
    pub removed: Vec<String>,
}

/// The environment if keys pass through: the caller's, without AWS_AUTH_MFA_TOKEN, which must not reach the command.
///
/// # Errors
/// Returns an error if a value cannot be in an environment, as do the functions below.
pub fn untouched(snapshot: &Snapshot, request: &Request<'_>) -> Result<Vec<Entry>> {
    let snapshot = snapshot.found();
    let mut set = Assignments::default();
    set.region_option(request);
    if !set.record.is_empty() {
        set.record_over(snapshot);
    }
    build(snapshot, request, set, |name| name == b"AWS_AUTH_MFA_TOKEN")
}

/// The environment if the profile names no credentials: keys are removed, and the variables by which the command's SDK
/// finds the credentials of the container or instance stay.
///
/// `confirmed` says that the guard of the profile was answered.
pub fn ambient(
    snapshot: &Snapshot,
    request: &Request<'_>,
    profile: Option<&str>,
    confirmed: bool,
) -> Result<Vec<Entry>> {
    let mut set = Assignments::default();
    if let Some(profile) = profile {
        set.add("AWS_PROFILE", profile);
    }
    set.region_option(request);
    set.confirmed(profile.filter(|_| confirmed));
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

/// The environment with the profile's credentials and settings, and the configuration file that the command needs.
pub fn with_credentials(
    snapshot: &Snapshot,
    request: &Request<'_>,
    plan: &Acquisition,
    credentials: &Credentials,
    config: Option<&PrivateConfig>,
    confirmed: bool,
) -> Result<Vec<Entry>> {
    let set = assignments(snapshot, request, plan, credentials, config, confirmed);
    build(snapshot, request, set, is_removed)
}

/// The environment with `--keep-fresh`: no keys, but the generated profile, and the settings of the chosen one.
pub fn with_renewal_file(
    snapshot: &Snapshot,
    request: &Request<'_>,
    plan: &Acquisition,
    credentials: &Credentials,
    fresh: &RenewalFile,
    confirmed: bool,
) -> Result<Vec<Entry>> {
    let mut set = shared_assignments(snapshot, request, plan, credentials);
    set.renewal_file(fresh, snapshot);
    set.confirmed(plan.profile.as_deref().filter(|_| confirmed));
    set.end(snapshot, request, plan);
    let by_container = matches!(plan.base, Base::Container { .. });
    // The renewal needs these to find the container. They do no harm: every SDK prefers a named profile.
    build(snapshot, request, set, |name| is_removed(name) && !(by_container && name.starts_with(b"AWS_CONTAINER_")))
}

/// The changes that give a shell the environment of [`with_credentials`], for `--export`.
pub fn changes(
    snapshot: &Snapshot,
    request: &Request<'_>,
    plan: &Acquisition,
    credentials: &Credentials,
    config: Option<&PrivateConfig>,
) -> Result<Changes> {
    let set = assignments(snapshot, request, plan, credentials, config, false).whole()?;
    // Unset even if they are not set here: the script may be evaluated in another environment.
    let always =
        ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION"];
    let mut removed: Vec<String> = always.map(String::from).to_vec();
    for entry in &snapshot.entries {
        let name = name_of(entry.to_bytes());
        let outer = request.caller.variables.unset().iter().any(|unset| unset.as_bytes() == name);
        let Ok(text) = std::str::from_utf8(name) else { continue };
        if (is_removed(name) || outer) && !removed.iter().any(|known| known == text) {
            removed.push(text.to_owned());
        }
    }
    let mut all = with_callers_own(snapshot, request, &set, is_setting);
    if snapshot.above.is_some() {
        // The shell must not be led to an outer run's configuration file any more.
        for name in nesting::LEADING.into_iter().filter(|name| !set.names.iter().any(|set| set == name)) {
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

/// The changes if keys pass through: the environment's own keys and settings, for a file or another shell.
pub fn pass_through(snapshot: &Snapshot, request: &Request<'_>) -> Result<Changes> {
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
        let leads_to_settings = name == "AWS_CONFIG_FILE" && snapshot.above.is_some();
        KEYS.contains(&name) || is_setting(name) || leads_to_settings
    };
    let removed = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].map(String::from).to_vec();
    let set = set.whole()?;
    Ok(Changes { set: with_callers_own(snapshot.found(), request, &set, passes), removed })
}

/// The caller's own variables that are `wanted`, then the assignments. The caller's are included because the script may
/// be evaluated, or the file read, in another environment.
fn with_callers_own(
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
        // If a name has two entries, getenv(3) returns the first.
        let there = set.names.contains(&name) || all.iter().any(|(known, _)| *known == name);
        if wanted(&name) && !outer && !there {
            all.push((name, value));
        }
    }
    all.extend(set.entries.iter().filter_map(pair));
    all.retain(|(name, _)| is_name(name));
    all
}

/// Whether a variable of the caller is removed when the command gets other credentials.
fn is_removed(name: &[u8]) -> bool {
    is_credential(name) || CHOOSING.contains(&name) || ABOUT.contains(&name)
}

fn assignments(
    snapshot: &Snapshot,
    request: &Request<'_>,
    plan: &Acquisition,
    credentials: &Credentials,
    config: Option<&PrivateConfig>,
    confirmed: bool,
) -> Assignments {
    let mut set = shared_assignments(snapshot, request, plan, credentials);
    set.keys(credentials);
    set.confirmed(plan.profile.as_deref().filter(|_| confirmed));
    if let Some(config) = config {
        set.config_file("AWS_CONFIG_FILE", &config.path, snapshot);
    }
    set.end(snapshot, request, plan);
    set
}

/// What a command gets with keys as well as with `--keep-fresh`.
fn shared_assignments(
    snapshot: &Snapshot,
    request: &Request<'_>,
    plan: &Acquisition,
    credentials: &Credentials,
) -> Assignments {
    let mut set = Assignments::default();
    let variables = &request.caller.variables;
    if let Some(region) = &plan.command_region {
        set.region(region.value.as_str(), |name| {
            variables.is_set(name) && snapshot.var(name).is_some_and(|own| own == region.value.as_str())
        });
    }
    let callers = snapshot.non_empty("AWS_ACCOUNT_ID").filter(|_| variables.is_set("AWS_ACCOUNT_ID"));
    let account = credentials.account_id.as_deref();
    // SDKs choose endpoints by the account id, and the caller's is of another account.
    let is_anothers = callers.is_some_and(|callers| account.is_none_or(|account| callers != account));
    for (name, value) in plan.variables.iter().filter(|(name, _)| !is_anothers || name != ACCOUNT_ID_MODE) {
        set.setting(name, value);
    }
    match (callers, account) {
        (None, Some(account)) => set.setting("AWS_ACCOUNT_ID", account),
        _ if is_anothers => set.setting(ACCOUNT_ID_MODE, "disabled"),
        _ => {}
    }
    set
}

/// The caller's entries without those that are replaced, removed or an outer run's, then the assignments.
fn build(
    snapshot: &Snapshot,
    request: &Request<'_>,
    set: Assignments,
    removed: impl Fn(&[u8]) -> bool,
) -> Result<Vec<Entry>> {
    let set = set.whole()?;
    let replaced = |name: &[u8]| set.names.iter().any(|set| set.as_bytes() == name);
    let outer = |name: &[u8]| request.caller.variables.unset().iter().any(|unset| unset.as_bytes() == name);
    let kept = snapshot.entries.iter().filter(|entry| {
        let name = name_of(entry.to_bytes());
        !removed(name) && !replaced(name) && !outer(name)
    });
    let mut environment = Vec::with_capacity(snapshot.entries.len() + set.entries.len());
    environment.extend(kept.cloned());
    environment.extend(set.entries);
    Ok(environment)
}

#[cfg(test)]
mod tests;
