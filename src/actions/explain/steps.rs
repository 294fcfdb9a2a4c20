//! The steps of a plan in words, each with where it is named.

use crate::acquire::forecast::{Forecast, Held, held_of_base};
use crate::acquire::lookup::Context;
use crate::arn::Serial;
use crate::config::profiles::ProfileSet;
use crate::credentials::for_people;
use crate::plan::base::{Base, Provider};
use crate::plan::resolve::{Acquisition, Mfa, Role, Session};

/// One step.
pub struct Step {
    /// What kind of step it is, for programs.
    pub kind: &'static str,
    /// What it is, for people.
    pub what: String,
    /// How it is done, for people; empty when there is nothing to say.
    pub how: String,
    /// Where it is named: `PATH:LINE`, an option or a variable.
    pub at: String,
    /// Its ARN, id or name, for programs.
    pub name: String,
    /// Whether a cache may hold its credentials.
    pub cacheable: bool,
    /// What a cache holds.
    pub held: Option<Held>,
}

/// The steps in the order in which they are taken.
pub fn steps(plan: &Acquisition, forecast: &Forecast<'_>, context: &Context<'_>) -> Vec<Step> {
    let mut steps = vec![base(&plan.base, forecast, context)];
    if let Some(session) = &plan.session {
        steps.push(self::session(plan, session, forecast, context));
    }
    for (at, role) in plan.roles.iter().enumerate() {
        steps.push(self::role(role, forecast.roles.get(at).copied().flatten(), context));
    }
    steps
}

fn base(base: &Base, forecast: &Forecast<'_>, context: &Context<'_>) -> Step {
    let (what, at) = base_in_words(base, context.set);
    let step = |kind, name, cacheable, held| Step { kind, what, how: String::new(), at, name, cacheable, held };
    match base {
        Base::Static { access_key_id, .. } => step("keys", access_key_id.clone(), false, None),
        Base::Environment { access_key_id, .. } => step("environment", access_key_id.clone(), false, None),
        Base::Provider { kind, .. } => {
            let (word, name, _) = provider(kind);
            step(word, name, held_of_base(base, context), forecast.base)
        }
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
fn provider(kind: &Provider) -> (&'static str, String, String) {
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
fn variable(kind: &Provider) -> String {
    String::from(match kind {
        Provider::WebIdentity(_) => "AWS_WEB_IDENTITY_TOKEN_FILE",
        Provider::Container(container) => container.variable,
        _ => "nothing else is named",
    })
}

fn session(plan: &Acquisition, session: &Session, forecast: &Forecast<'_>, context: &Context<'_>) -> Step {
    let how = if session.kept { "GetSessionToken with a code" } else { "GetSessionToken with a code, not kept" };
    Step {
        kind: "mfa-session",
        what: format!("MFA session of {}, for {}", session.serial.as_str(), for_people(session.length)),
        how: how.to_owned(),
        at: place_of_serial(plan, &session.serial, context),
        name: session.serial.as_str().to_owned(),
        cacheable: session.kept,
        held: forecast.session,
    }
}

fn role(role: &Role, held: Option<Held>, context: &Context<'_>) -> Step {
    let with = match &role.mfa {
        Mfa::None => String::from("AssumeRole"),
        Mfa::Session => String::from("AssumeRole with the MFA session"),
        Mfa::Code(serial) => format!("AssumeRole with a code of {}", serial.as_str()),
    };
    let external = if role.external_id.is_some() { ", with an external id" } else { "" };
    Step {
        kind: "role",
        what: format!("role {}, for {}", role.arn.as_str(), for_people(role.length())),
        how: format!("{with}, as session {}{external}", role.sent_session_name()),
        at: role.at.map_or_else(|| String::from("--role-arn"), |at| context.set.place(at)),
        name: role.arn.as_str().to_owned(),
        cacheable: true,
        held,
    }
}

/// Where a serial is named: by a role, else by the profile that the chain begins with.
fn place_of_serial(plan: &Acquisition, serial: &Serial, context: &Context<'_>) -> String {
    let roles = plan.roles.iter().map(|role| role.profile.as_str());
    roles
        .chain(plan.profile.as_deref())
        .chain(plan.base.profile())
        .filter_map(|name| context.set.profile(name)?.get("mfa_serial"))
        .find(|value| value.text == serial.as_str())
        .map_or_else(|| String::from("mfa_serial"), |value| context.set.place(value.at))
}
