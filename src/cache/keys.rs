//! The names of cache files: SHA-1 of a request's parameters (docs/profiles.md, "The AWS CLI's role cache").

use std::borrow::Cow;
use std::fmt::Write as _;

use sha1::{Digest as _, Sha1};

use crate::arn::Serial;
use crate::plan::base::Base;
use crate::plan::model::{Acquisition, Mfa, Role, Session};
use crate::text::encoding::hex;
use crate::text::json::push_json_text;
use crate::text::shell_words::split_words;
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

/// What the sessions and own entries of a base are kept under: its access key id, or for a `credential_process`, whose
/// keys are not known before it runs, SHA-1 of its words. `None` for a base that cannot have a session.
pub(crate) fn owner(base: &Base) -> Option<Cow<'_, str>> {
    match base {
        Base::Process { command, .. } => {
            let words = split_words(command).map_or_else(|_| command.clone(), |words| words.join("\0"));
            Some(Cow::Owned(hex_sha1(&format!("credential_process\0{words}"))))
        }
        base => base.long_term_key().map(Cow::Borrowed),
    }
}

/// The name of a device's lock: SHA-1 of the keys and the serial.
pub(crate) fn device_lock(base: &Base, serial: &Serial) -> String {
    let owner = owner(base).or(base.access_key_id().map(Cow::Borrowed)).unwrap_or_default();
    hex_sha1(&format!("{owner}\n{}", serial.as_str()))
}

/// The key of a role in aws-auth's own cache: SHA-1 of the base's access key id (of a provider: its words or its
/// profile), the parameters of each role so far, the serial and the STS.
pub(crate) fn own_key(plan: &Acquisition, at: usize) -> String {
    let mut text = String::with_capacity(512);
    let owner = owner(&plan.base);
    text.push_str(owner.as_deref().or(plan.base.access_key_id()).or(plan.base.profile()).unwrap_or_default());
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

/// The key of an MFA session: SHA-1 of its owner, serial and STS. `None` if the base cannot have a session.
pub(crate) fn session_key(plan: &Acquisition, session: &Session) -> Option<String> {
    let base = owner(&plan.base)?;
    Some(hex_sha1(&format!("{base}\n{}\n{}", session.serial.value.as_str(), plan.sts.identity())))
}

/// SHA-1 in lower-case hexadecimal.
pub fn hex_sha1(text: &str) -> String {
    hex(&Sha1::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests;
