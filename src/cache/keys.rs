//! The names of cache files: SHA-1 of a request's parameters (docs/profiles.md, "The AWS CLI's role cache").

use std::fmt::Write as _;

use sha1::{Digest as _, Sha1};

use crate::plan::model::{Acquisition, Mfa, Role, Session};
use crate::text::encoding::hex;
use crate::text::json::push_json_text;
use crate::time::Length;

/// The AWS CLI's key of a role: SHA-1 of its parameters as Python's json.dumps(…, sort_keys=True) writes them.
pub fn cli_key(role: &Role) -> String {
    hex_sha1(&cli_parameters(role))
}

fn cli_parameters(role: &Role) -> String {
    parameters(
        role.duration,
        role.external_id.as_deref(),
        role.arn.as_str(),
        role.session_name.as_deref(),
        role.serial.as_ref().map(|serial| serial.value.as_str()),
    )
}

/// A role's parameters as Python's json.dumps(…, sort_keys=True) writes them. Their SHA-1 is the AWS CLI's key.
pub(crate) fn parameters(
    duration: Option<Length>,
    external_id: Option<&str>,
    arn: &str,
    session_name: Option<&str>,
    serial: Option<&str>,
) -> String {
    let mut json = String::with_capacity(256);
    json.push('{');
    if let Some(duration) = duration {
        let _ = write!(json, "\"DurationSeconds\": {}, ", duration.as_seconds());
    }
    let texts = [
        ("ExternalId", external_id),
        ("RoleArn", Some(arn)),
        ("RoleSessionName", session_name),
        ("SerialNumber", serial),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            let _ = write!(json, "\"{name}\": ");
            push_json_text(&mut json, text);
            json.push_str(", ");
        }
    }
    json.truncate(json.len() - 2);
    json.push('}');
    json
}

/// The key of a role in aws-auth's own cache: SHA-1 of the base's access key id (of a provider: its profile), the
/// parameters of each role so far, the serial and the STS.
pub(crate) fn own_key(plan: &Acquisition, at: usize) -> String {
    let mut text = String::with_capacity(512);
    text.push_str(plan.base.access_key_id().or(plan.base.profile()).unwrap_or_default());
    for role in plan.roles.iter().take(at + 1) {
        text.push('\n');
        text.push_str(&cli_parameters(role));
    }
    text.push('\n');
    if let Some(session) = &plan.session {
        text.push_str(session.serial.value.as_str());
    }
    if let Some(Mfa::Code(serial)) = plan.roles.get(at).map(|role| &role.mfa) {
        text.push_str(serial.as_str());
    }
    text.push('\n');
    text.push_str(plan.sts.identity());
    hex_sha1(&text)
}

/// The key of an MFA session: SHA-1 of access key id, serial and STS. `None` if the base has no long-term key.
pub(crate) fn session_key(plan: &Acquisition, session: &Session) -> Option<String> {
    let base = plan.base.long_term_key()?;
    Some(hex_sha1(&format!("{base}\n{}\n{}", session.serial.value.as_str(), plan.sts.identity())))
}

/// SHA-1 in lower-case hexadecimal.
pub fn hex_sha1(text: &str) -> String {
    hex(&Sha1::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests;
