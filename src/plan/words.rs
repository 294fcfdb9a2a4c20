//! Plans and their parts in words, for messages.

use crate::config::profiles::ProfileSet;
use crate::credentials::Credentials;
use crate::plan::base::{Base, Provider};
use crate::plan::model::Acquisition;
use crate::time::Timestamp;

/// What the plan gives in the end: a role, an MFA session, keys; `key` tells those that have no other name.
pub(crate) fn result_name(plan: &Acquisition, key: Option<&str>) -> String {
    match (plan.roles.last(), &plan.session) {
        (Some(role), _) => format!("role {}", role.arn.as_str()),
        (None, Some(session)) => format!("MFA session of {}", session.serial.as_str()),
        (None, None) => match &plan.base {
            Base::Static { access_key_id, .. } | Base::Environment { access_key_id, .. } => {
                format!("keys {access_key_id}")
            }
            Base::Provider { kind, .. } => match &**kind {
                Provider::WebIdentity(web) => format!("role {}", web.role.as_str()),
                Provider::Sso(sso) => format!("SSO role {} in {}", sso.role_name, sso.account_id),
                _ => key.map_or_else(|| String::from("credentials"), |key| format!("credentials {key}")),
            },
        },
    }
}

/// Which role (or session) the credentials are, and until when.
pub fn summary(plan: &Acquisition, credentials: &Credentials, now: Timestamp) -> String {
    let profile = plan.profile.as_deref().unwrap_or("no profile");
    let what = result_name(plan, Some(&credentials.access_key_id));
    match credentials.expiration {
        Some(end) => format!("{profile}: {what} until {}", end.local(now)),
        None => format!("{profile}: {what}, which do not expire"),
    }
}

/// What a plan begins with, and where that is named.
pub fn base_in_words(base: &Base, set: &ProfileSet<'_>) -> (String, String) {
    let term = |temporary: bool| if temporary { "temporary" } else { "long-term" };
    match base {
        Base::Static { profile, access_key_id, temporary, at, .. } => {
            (format!("{} keys {access_key_id} of profile {profile}", term(*temporary)), set.place(*at))
        }
        Base::Environment { access_key_id, temporary } => {
            (format!("{} keys {access_key_id} of the environment", term(*temporary)), String::from("AWS_ACCESS_KEY_ID"))
        }
        Base::Provider { kind, profile, at } => {
            let (_, _, what) = provider(kind);
            let whose = profile.as_ref().map(|name| format!(" (profile {name})")).unwrap_or_default();
            (format!("{what}{whose}"), at.map_or_else(|| variable(kind), |at| set.place(at)))
        }
    }
}

/// A provider's word, name and description.
pub(crate) fn provider(kind: &Provider) -> (&'static str, String, String) {
    match kind {
        Provider::WebIdentity(web) => (
            "web-identity",
            web.role.as_str().to_owned(),
            format!("role {} by the token in {}", web.role.as_str(), web.token_file),
        ),
        Provider::Sso(sso) => (
            "sso",
            sso.role_name.clone(),
            format!("SSO role {} in account {} by the sign-in to {}", sso.role_name, sso.account_id, sso.token_name()),
        ),
        Provider::Process { command } => {
            // Its arguments may be secrets.
            let words = crate::text::shell_words::split_words(command).unwrap_or_default();
            let program = words.into_iter().next().unwrap_or_default();
            ("process", program.clone(), format!("what credential_process prints: {program}"))
        }
        Provider::Login(login) => ("login", login.session.clone(), format!("aws login session {}", login.session)),
        Provider::Container(container) => {
            ("container", container.url.clone(), format!("the container's credentials from {}", container.url))
        }
        Provider::Instance(instance) => {
            ("instance", instance.endpoint.clone(), format!("the instance's credentials from {}", instance.endpoint))
        }
    }
}

/// What leads to a provider that no file names.
pub(crate) fn variable(kind: &Provider) -> String {
    String::from(match kind {
        Provider::WebIdentity(_) => "AWS_WEB_IDENTITY_TOKEN_FILE",
        Provider::Container(container) => container.variable,
        _ => "nothing else is named",
    })
}
