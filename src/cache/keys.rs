//! The names of cache files: SHA-1 of a request's parameters (docs/profiles.md, "The AWS CLI's role cache").

use std::borrow::Cow;
use std::fmt::Write as _;

use sha1::{Digest as _, Sha1};

use crate::arn::Serial;
use crate::plan::base::Base;
use crate::plan::bounds::Bounds;
use crate::plan::model::{Acquisition, Mfa, Role};
use crate::plan::web_identity::{TokenSource, WebIdentity};
use crate::text::encoding::hex;
use crate::text::json::push_json_text;
use crate::text::shell_words::split_words;
use crate::time::Length;

/// The AWS CLI's key of a role: SHA-1 of its parameters as Python's json.dumps(…, sort_keys=True) writes them.
pub fn cli_key(role: &Role) -> String {
    hex_sha1(&cli_parameters(role))
}

fn cli_parameters(role: &Role) -> String {
    // With bounds, the name is in their key.
    parameters_with(role, role.session_name.as_deref().filter(|_| role.bounds.is_none()))
}

fn parameters_with(role: &Role, session_name: Option<&str>) -> String {
    parameters(
        role.duration,
        role.external_id.as_deref(),
        role.arn.as_str(),
        session_name,
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
            json.extend(["\"", name, "\": "]);
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
        Base::Process { command, .. } => Some(Cow::Owned(hex_sha1(&format!("credential_process\0{}", words(command))))),
        base => base.long_term_key().map(Cow::Borrowed),
    }
}

/// The name of a device's lock: SHA-1 of the keys and the serial.
pub(crate) fn device_lock(base: &Base, serial: &Serial) -> String {
    let owner = owner(base).or(base.access_key_id().map(Cow::Borrowed)).unwrap_or_default();
    hex_sha1(&format!("{owner}\n{}", serial.as_str()))
}

/// What identifies the request for a role, whoever makes it: the AWS CLI's key, and that of the bounds.
pub(crate) fn request_key(role: &Role) -> String {
    let key = cli_key(role);
    match &role.bounds {
        None => key,
        Some(bounds) => format!("{key}-{}", bounds_key(bounds, role.set_session_name())),
    }
}

/// The key of what a call says of its session: SHA-1 of JSON with the session's name, whoever sets it, and the rest.
/// Every part has its name there, so that no two bounds have the same text.
pub(crate) fn bounds_key(bounds: &Bounds, session_name: Option<&str>) -> String {
    let mut json = String::with_capacity(512);
    let mut push = |name: &str, text: &str| {
        push_json_text(&mut json, name);
        json.push(':');
        push_json_text(&mut json, text);
        json.push(',');
    };
    if let Some(name) = session_name {
        push("RoleSessionName", name);
    }
    if let Some(policies) = &bounds.policies {
        policies.value.arns.iter().for_each(|arn| push("PolicyArn", arn.as_str()));
        policies.value.document.iter().for_each(|document| push("Policy", document.as_str()));
    }
    bounds.source_identity.iter().for_each(|name| push("SourceIdentity", &name.value));
    for tag in &bounds.tags {
        push("TagKey", &tag.value.key);
        push("TagValue", &tag.value.value);
    }
    bounds.transitive.iter().for_each(|key| push("TransitiveTagKey", key));
    hex_sha1(&json)
}

/// The name of a role's file in aws-auth's own cache, without its end. If the call says more of its session, the key of
/// that follows, so that a logout finds all of them by the beginning of their names.
pub(crate) fn own_name(plan: &Acquisition, at: usize) -> String {
    let key = own_key(plan, at);
    match plan.roles.get(at).and_then(|role| Some((role, role.bounds.as_ref()?))) {
        None => format!("role-{key}"),
        Some((role, bounds)) => format!("role-{key}-{}", bounds_key(bounds, role.set_session_name())),
    }
}

/// What the names of all files of a role with bounds begin with.
pub(crate) fn bounded_prefix(plan: &Acquisition, at: usize) -> String {
    let role = plan.roles.get(at).map(|role| parameters_with(role, None)).unwrap_or_default();
    format!("role-{}-", own_key_with(plan, at, &role))
}

/// The same for a web identity.
pub(crate) fn bounded_prefix_of_web_identity(web: &WebIdentity) -> Option<String> {
    Some(format!("role-{}-", own_key_of_web_identity(web, None)?))
}

/// The name of a web identity's file in aws-auth's own cache, without its end, if the AWS CLI would not make the same
/// request. `None` if it is not kept.
pub(crate) fn own_name_of_web_identity(web: &WebIdentity) -> Option<String> {
    Some(match &web.bounds {
        None => format!("role-{}", own_key_of_web_identity(web, web.session_name.as_deref())?),
        Some(bounds) => {
            let key = own_key_of_web_identity(web, None)?;
            format!("role-{key}-{}", bounds_key(bounds, web.set_session_name()))
        }
    })
}

/// The key of a web identity: SHA-1 of what gives the token, and of the role's parameters. Each job of GitHub Actions has
/// its own address, so no job finds the credentials of another one. `None` if what gives the token does not tell whose it
/// is.
fn own_key_of_web_identity(web: &WebIdentity, session_name: Option<&str>) -> Option<String> {
    let token = match &web.token {
        TokenSource::File(path) => Cow::Borrowed(path.as_str()),
        TokenSource::Process(_) => return None,
        TokenSource::GitHub(github) => Cow::Owned(format!("GitHubActions\0{}", github.address())),
    };
    let parameters = parameters(web.duration, None, web.role.as_str(), session_name, None);
    Some(hex_sha1(&format!("web identity\n{token}\n{parameters}")))
}

/// The words of a command, however they are quoted.
fn words(command: &str) -> String {
    split_words(command).map_or_else(|_| command.to_owned(), |words| words.join("\0"))
}

/// The key of a role in aws-auth's own cache: SHA-1 of the base's access key id (of a provider: its words or its
/// profile), the parameters of each role so far, the serial and the STS.
pub(crate) fn own_key(plan: &Acquisition, at: usize) -> String {
    own_key_with(plan, at, &plan.roles.get(at).map(cli_parameters).unwrap_or_default())
}

/// The same, with the parameters of the role itself.
fn own_key_with(plan: &Acquisition, at: usize, parameters: &str) -> String {
    let mut text = String::with_capacity(512);
    let owner = owner(&plan.base);
    text.push_str(owner.as_deref().or(plan.base.access_key_id()).or(plan.base.profile()).unwrap_or_default());
    for role in plan.roles.iter().take(at) {
        text.push('\n');
        text.push_str(&cli_parameters(role));
        if let Some(bounds) = &role.bounds {
            text.push_str(&bounds_key(bounds, role.set_session_name()));
        }
    }
    text.push('\n');
    text.push_str(parameters);
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
pub(crate) fn session_key(plan: &Acquisition, serial: &Serial) -> Option<String> {
    let base = owner(&plan.base)?;
    Some(hex_sha1(&format!("{base}\n{}\n{}", serial.as_str(), plan.sts.identity())))
}

/// SHA-1 in lower-case hexadecimal.
pub fn hex_sha1(text: &str) -> String {
    hex(&Sha1::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests;
