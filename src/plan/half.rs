//! Profiles that were meant to name credentials but do not. A typing error must never run a command with other
//! credentials: those of the machine, for example.

use crate::config::profiles::{Profile, ProfileSet};
use crate::config::value::Value;
use crate::error::{Error, Result};

/// The keys that name credentials.
const KEYS: [&str; 11] = [
    "role_arn",
    "source_profile",
    "credential_source",
    "credential_process",
    "aws_access_key_id",
    "aws_secret_access_key",
    "web_identity_token_file",
    "web_identity_token_process",
    "sso_session",
    "sso_start_url",
    "login_session",
];

/// The keys with which a profile has credentials that are neither its own access keys nor a source's.
pub const PROVIDERS: [&str; 9] = [
    "credential_process",
    "credential_source",
    "web_identity_token_file",
    "web_identity_token_process",
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "sso_role_name",
    "login_session",
];

/// Those that count more than a `credential_process`: for every SDK, and the one that only aws-auth knows for it alone.
pub const OUTRANKING: &[&str] = PROVIDERS.split_at(2).1;

/// Refuses a profile that names no credentials but has half of them: a key that is nearly a known one, or a key that
/// counts only beside another one.
///
/// # Errors
/// Returns an error that names the line and the other half.
pub(crate) fn refuse(set: &ProfileSet<'_>, profile: &Profile<'_>) -> Result<()> {
    refuse_included_keys(set, profile)?;
    let entries = profile.entries();
    let error = |value: &Value<'_>, words: String| {
        Error::new(format!("{}: profile '{}' names no credentials, but has {words}", set.place(value.at), profile.name))
    };
    for (key, value) in &entries {
        if let Some(known) = misspelt(key) {
            return Err(error(value, format!("'{key}', which is not a known key")).advise(format!("write {known}")));
        }
    }
    for (key, value) in &entries {
        let (missing, advice) = match &**key {
            "source_profile" | "credential_source" => ("there is no role_arn", "add the role, or remove the line"),
            "mfa_serial" => {
                ("there are no keys and no role", "add source_profile and role_arn, or the keys of the device's user")
            }
            key if key.starts_with("sso_") => (
                "there is no sso_account_id and no sso_role_name",
                "add them: 'aws configure sso' asks for all of them",
            ),
            _ => continue,
        };
        return Err(error(value, format!("{key} without its other half: {missing}")).advise(advice));
    }
    Ok(())
}

/// Refuses a profile that includes one with keys, and has none itself. Keys are not taken over.
fn refuse_included_keys(set: &ProfileSet<'_>, profile: &Profile<'_>) -> Result<()> {
    let included = profile.included().map(|included| included.profiles.as_slice()).unwrap_or_default();
    let with_keys = included.iter().find(|other| other.get("aws_access_key_id").is_some());
    match (with_keys, profile.get("include_profile")) {
        (Some(other), Some(value)) => Err(Error::new(format!(
            "{}: profile '{}' names no credentials, and takes no keys from '{}', which it includes",
            set.place(value.at),
            profile.name,
            other.name
        ))
        .advise(format!("name it as the source of a role (source_profile = {}), or use that profile", other.name))),
        _ => Ok(()),
    }
}

/// The known key that was probably meant.
fn misspelt(key: &str) -> Option<&'static str> {
    if KEYS.contains(&key) {
        return None;
    }
    let key = key.replace(['-', ' '], "_");
    KEYS.into_iter().find(|known| strsim::osa_distance(known, &key) <= 2 || known.replace('_', "") == key)
}
