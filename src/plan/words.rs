//! Plans and their parts in words, for messages.

use std::fmt::Write as _;

use crate::config::profiles::ProfileSet;
use crate::credentials::Credentials;
use crate::plan::base::Base;
use crate::plan::model::Acquisition;
use crate::text::shell_words::split_words;
use crate::time::Timestamp;

/// The plan's result: a role, an MFA session or keys; and what bounds it. `key` names credentials that have no other name.
pub(crate) fn result_name(plan: &Acquisition, key: Option<&str>) -> String {
    let mut name = unbounded_name(plan, key);
    if let Some(policies) = plan.policies() {
        let _ = write!(name, " (bounded by {})", policies.words());
    }
    name
}

fn unbounded_name(plan: &Acquisition, key: Option<&str>) -> String {
    match (plan.roles.last(), &plan.session) {
        (Some(role), _) => format!("role {}", role.arn.as_str()),
        (None, Some(session)) => format!("MFA session of {}", session.serial.value.as_str()),
        (None, None) => match &plan.base {
            Base::Static { access_key_id, .. }
            | Base::Environment { access_key_id, .. }
            | Base::Stored { access_key_id, .. } => {
                format!("keys {access_key_id}")
            }
            Base::WebIdentity { web, .. } => format!("role {}", web.role.as_str()),
            Base::Sso { sso, .. } => format!("SSO role {} in {}", sso.role_name, sso.account_id),
            _ => key.map_or_else(|| String::from("credentials"), |key| format!("credentials {key}")),
        },
    }
}

/// One line that says which role, session or keys these credentials are, and when they expire.
pub fn summary(plan: &Acquisition, credentials: &Credentials, now: Timestamp) -> String {
    let profile = plan.profile.as_deref().unwrap_or("no profile");
    let what = result_name(plan, Some(&credentials.access_key_id));
    format!("{profile}: {what}{}", end(credentials.expiration, credentials.session_token.is_some(), now))
}

/// When credentials expire, behind their name. Without an expiration, those with a session token end all the same.
pub fn end(expiration: Option<Timestamp>, has_token: bool, now: Timestamp) -> String {
    match expiration {
        Some(end) => format!(" until {}", end.local(now)),
        None if has_token => String::from(", whose end is not known"),
        None => String::from(", which do not expire"),
    }
}

/// A base described for people and for programs.
pub struct BaseInWords {
    /// What kind of base it is, for programs.
    pub kind: &'static str,
    /// Its access key id, ARN, program or address, for programs.
    pub name: String,
    /// What it is, for people.
    pub what: String,
    /// Where it is named: `PATH:LINE`, or a variable.
    pub at: String,
}

/// What a plan begins with, and where that is named. `store` is the store of the keys, behind `in`.
pub fn base_in_words(base: &Base, set: &ProfileSet<'_>, store: Option<&str>) -> BaseInWords {
    let term = |temporary: bool| if temporary { "temporary" } else { "long-term" };
    let (kind, name, what) = match base {
        Base::Static { profile, access_key_id, temporary, .. } => {
            ("keys", access_key_id.clone(), format!("{} keys {access_key_id} of profile {profile}", term(*temporary)))
        }
        Base::Environment { access_key_id, temporary } => (
            "environment",
            access_key_id.clone(),
            format!("{} keys {access_key_id} of the environment", term(*temporary)),
        ),
        Base::WebIdentity { web, .. } => (
            "web-identity",
            web.role.as_str().to_owned(),
            format!("role {} assumed with {}", web.role.as_str(), web.token.words()),
        ),
        Base::Sso { sso, .. } => (
            "sso",
            sso.role_name.clone(),
            format!(
                "SSO role {} in account {} through the sign-in to {}",
                sso.role_name,
                sso.account_id,
                sso.token_name()
            ),
        ),
        Base::Process { command, .. } => {
            // The arguments may hold secrets.
            let words = split_words(command).unwrap_or_default();
            let program = words.into_iter().next().unwrap_or_default();
            ("process", program.clone(), format!("the output of credential_process {program}"))
        }
        Base::Stored { access_key_id, .. } => {
            let store = store.unwrap_or("a store");
            ("stored-keys", access_key_id.clone(), format!("long-term keys {access_key_id} in {store}"))
        }
        Base::Login { login, .. } => ("login", login.session.clone(), format!("aws login session {}", login.session)),
        Base::Container { container, .. } => {
            ("container", container.url.clone(), format!("the container's credentials from {}", container.url))
        }
        Base::Instance { instance, .. } => {
            ("instance", instance.endpoint.clone(), format!("the instance's credentials from {}", instance.endpoint))
        }
    };
    let whose = base.named().map(|named| format!(" (profile {})", named.profile)).unwrap_or_default();
    BaseInWords { kind, name, what: what + &whose, at: place_of_base(base, set) }
}

/// Where a base is named: a line of a file, or a variable.
fn place_of_base(base: &Base, set: &ProfileSet<'_>) -> String {
    if let Some(at) = base.named().and_then(|named| named.at) {
        return set.place(at);
    }
    match base {
        Base::Static { at, .. } => set.place(*at),
        Base::Environment { .. } => String::from("AWS_ACCESS_KEY_ID"),
        Base::WebIdentity { web, .. } => web.variable().to_owned(),
        Base::Container { container, .. } => container.variable.to_owned(),
        _ => String::from("no other credentials are named"),
    }
}
