//! The steps of a plan in words, each with where it is named.

use crate::acquire::forecast::{Forecast, Held, held_of_base};
use crate::arn::Serial;
use crate::context::Context;
use crate::plan::base::Base;
use crate::plan::model::{Acquisition, Mfa, Role, Session};
use crate::plan::words::{base_in_words, provider};

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

pub(crate) fn base(base: &Base, forecast: &Forecast<'_>, context: &Context<'_>) -> Step {
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

pub(crate) fn session(plan: &Acquisition, session: &Session, forecast: &Forecast<'_>, context: &Context<'_>) -> Step {
    let how = if session.kept { "GetSessionToken with a code" } else { "GetSessionToken with a code, not kept" };
    Step {
        kind: "mfa-session",
        what: format!("MFA session of {}, for {}", session.serial.as_str(), session.length),
        how: how.to_owned(),
        at: place_of_serial(plan, &session.serial, context),
        name: session.serial.as_str().to_owned(),
        cacheable: session.kept,
        held: forecast.session,
    }
}

pub(crate) fn role(role: &Role, held: Option<Held>, context: &Context<'_>) -> Step {
    let with = match &role.mfa {
        Mfa::None => String::from("AssumeRole"),
        Mfa::Session => String::from("AssumeRole with the MFA session"),
        Mfa::Code(serial) => format!("AssumeRole with a code of {}", serial.as_str()),
    };
    let external = if role.external_id.is_some() { ", with an external id" } else { "" };
    Step {
        kind: "role",
        what: format!("role {}, for {}", role.arn.as_str(), role.length()),
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
