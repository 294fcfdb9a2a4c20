//! What `--shell` says when its shell starts: whose credentials it has, and until when. A shell inside an environment of
//! another aws-auth says so, because otherwise nobody can tell which of them `exit` ends.

use crate::credentials::Credentials;
use crate::env::nesting::RECORD;
use crate::env::snapshot::Snapshot;
use crate::plan::model::Acquisition;
use crate::plan::words::{end, result_name, summary};
use crate::time::{Timestamp, now};

/// For a shell with the profile's credentials.
pub(crate) fn with_credentials(plan: &Acquisition, credentials: &Credentials, found: &Snapshot) -> String {
    format!("a shell with {}{}", summary(plan, credentials, now()), nested(found))
}

/// For a shell whose programs renew the credentials.
pub(crate) fn with_renewals(plan: &Acquisition, found: &Snapshot) -> String {
    let profile = plan.profile.as_deref().unwrap_or("no profile");
    format!("a shell with {profile}: {}, renewed while it runs{}", result_name(plan, None), nested(found))
}

/// For a shell with the keys of the environment, as they are.
pub(crate) fn with_keys(found: &Snapshot) -> String {
    let text = |name: &str| found.non_empty(name).map(|value| value.to_string_lossy());
    let Some(key) = text("AWS_ACCESS_KEY_ID") else {
        return format!("a shell whose credentials are renewed while it runs{}", nested(found));
    };
    let expiration = text("AWS_CREDENTIAL_EXPIRATION").and_then(|end| Timestamp::parse(&end));
    let has_token = ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"].iter().any(|name| found.non_empty(name).is_some());
    let end = end(expiration, has_token, now());
    format!("a shell with the keys {key} of the environment{end}{}", nested(found))
}

/// Where `exit` leads back to; empty if the environment is not one that another aws-auth made.
pub(crate) fn nested(found: &Snapshot) -> String {
    match found.non_empty("AWS_AUTH_PROFILE") {
        Some(profile) => format!("; nested: exit leads back to {}", profile.to_string_lossy()),
        None if found.non_empty(RECORD).is_some() => String::from("; nested: exit leads back to another aws-auth"),
        None => String::new(),
    }
}
