//! The command's environment (DESIGN, "The child's environment").

use std::ffi::CString;

use crate::acquire::shell_word;
use crate::credentials::{Credentials, iso8601};
use crate::env::{Snapshot, is_credential, name_of};
use crate::plan::Acquisition;
use crate::request::Request;

/// The names that a profile is chosen by; the command must not choose again (the JavaScript SDK prefers a profile over
/// keys).
const CHOOSING: [&[u8]; 2] = [b"AWS_PROFILE", b"AWS_DEFAULT_PROFILE"];
/// What an outer aws-auth said about its own run.
const ABOUT: [&[u8]; 2] = [b"AWS_AUTH_PROFILE", b"AWS_AUTH_SET"];

/// The environment for keys that pass through: the caller's, but for a code that may have been in it.
pub fn untouched(snapshot: &Snapshot, request: &Request<'_>) -> Vec<CString> {
    let mut set = Assignments::default();
    set.region_option(request);
    if !set.record.is_empty() {
        set.record_over(snapshot);
    }
    build(snapshot, request, &set, |name| name == b"AWS_AUTH_MFA_TOKEN")
}

/// The environment for a profile that names no credentials: the command's SDK finds the container's or the
/// instance's, so what leads there stays, and keys go.
pub fn ambient(snapshot: &Snapshot, request: &Request<'_>, profile: Option<&str>) -> Vec<CString> {
    let mut set = Assignments::default();
    if let Some(profile) = profile {
        set.add("AWS_PROFILE", profile);
    }
    set.region_option(request);
    if !set.record.is_empty() {
        let record = std::mem::take(&mut set.record);
        set.add("AWS_AUTH_SET", &record);
    }
    build(snapshot, request, &set, |name| {
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
) -> Vec<CString> {
    let mut set = Assignments::default();
    let variables = &request.variables;
    set.region_option(request);
    if request.region.is_none()
        && let Some(region) = &plan.region
    {
        for name in REGION {
            if !variables.is_set(name) {
                set.setting(name, &region.name);
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
    set.setting("AWS_ACCESS_KEY_ID", &credentials.access_key_id);
    set.add("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.expose());
    if let Some(token) = &credentials.session_token {
        set.add("AWS_SESSION_TOKEN", token.expose());
        set.add("AWS_SECURITY_TOKEN", token.expose());
        if let Some(end) = credentials.expiration {
            set.add("AWS_CREDENTIAL_EXPIRATION", &iso8601(end));
        }
    }
    if let Some(profile) = &plan.profile {
        set.add("AWS_AUTH_PROFILE", profile);
    }
    if let Some(role) = &request.role_arn {
        set.record(crate::request::ROLE_OF_OUTER_RUN, role.as_str());
    }
    if variables.go_on() {
        // Without a profile of its own this run goes on with the outer one's settings.
        set.record_over(snapshot);
    } else {
        let record = std::mem::take(&mut set.record);
        set.add("AWS_AUTH_SET", &record);
    }
    build(snapshot, request, &set, |name| is_credential(name) || CHOOSING.contains(&name) || ABOUT.contains(&name))
}

const REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// Variables that are set, and the record of those that are settings.
#[derive(Default)]
struct Assignments {
    names: Vec<String>,
    entries: Vec<CString>,
    record: String,
}

impl Assignments {
    fn add(&mut self, name: &str, value: &str) {
        // Values come from text without NUL; one that has it could not be in an environment at all.
        if let Ok(entry) = CString::new(format!("{name}={value}")) {
            self.names.push(name.to_owned());
            self.entries.push(entry);
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
        let before = snapshot.non_empty("AWS_AUTH_SET").map(|record| record.to_string_lossy().into_owned());
        let record: Vec<String> = before.into_iter().chain([std::mem::take(&mut self.record)]).collect();
        self.add("AWS_AUTH_SET", &record.join(" "));
    }

    fn region_option(&mut self, request: &Request<'_>) {
        if let Some(region) = &request.region {
            for name in REGION {
                self.setting(name, region);
            }
        }
    }
}

/// The caller's entries without those that are set, gone or an outer run's, then the assignments.
fn build(snapshot: &Snapshot, request: &Request<'_>, set: &Assignments, gone: impl Fn(&[u8]) -> bool) -> Vec<CString> {
    let replaced = |name: &[u8]| set.names.iter().any(|set| set.as_bytes() == name);
    let outer = |name: &[u8]| request.variables.unset().iter().any(|unset| unset.as_bytes() == name);
    let kept = snapshot.entries.iter().filter(|entry| {
        let name = name_of(entry.to_bytes());
        !gone(name) && !replaced(name) && !outer(name)
    });
    kept.cloned().chain(set.entries.iter().cloned()).collect()
}
