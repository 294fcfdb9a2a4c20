//! The steps of a plan in words, each with the place that names it.

use crate::acquire::forecast::{Forecast, Held, held_of_base};
use crate::aws::sts;
use crate::context::Context;
use crate::keys::stores::{self, Store};
use crate::plan::base::Base;
use crate::plan::model::{Acquisition, Mfa, Role, Session};
use crate::plan::resolve;
use crate::plan::words::base_in_words;

/// A step of the plan: the base, the MFA session or a role.
pub struct Step {
    /// The kind in the JSON, such as `role`.
    pub kind: &'static str,
    /// The step in words.
    pub what: String,
    /// The call that it makes, in words; may be empty.
    pub how: String,
    /// What names it: `PATH:LINE`, an option or a variable.
    pub at: String,
    /// Its ARN, id or name in the JSON.
    pub name: String,
    /// The store that holds its keys, in the JSON.
    pub store: Option<&'static str>,
    /// Whether a cache may hold its credentials.
    pub cacheable: bool,
    /// The credentials in a cache.
    pub held: Option<Held>,
}

/// A profile between the chosen one and its base: its name, and each of its section headers as `PATH:LINE`.
pub type Visited = (String, Vec<String>);

/// The profiles from the chosen one to its base, also of a profile that does not resolve.
pub fn visited(context: &Context<'_>) -> Vec<Visited> {
    let profiles = resolve::visited(context.set, context.request).into_iter();
    profiles.map(|(name, at)| (name, at.into_iter().map(|at| context.set.place(at)).collect())).collect()
}

/// The steps in the order of a run.
pub fn steps(plan: &Acquisition, forecast: &Forecast<'_>, context: &Context<'_>) -> Vec<Step> {
    let mut steps = vec![base(&plan.base, forecast, context)];
    if let Some(session) = &plan.session {
        steps.push(self::session(session, forecast, context));
    }
    for (at, role) in plan.roles.iter().enumerate() {
        steps.push(self::role(role, forecast.roles.get(at).copied().flatten(), context));
    }
    steps
}

pub(crate) fn base(base: &Base, forecast: &Forecast<'_>, context: &Context<'_>) -> Step {
    let store = stores::of_base(base, context.snapshot);
    let words = base_in_words(base, context.set, store.map(Store::words));
    Step {
        kind: words.kind,
        what: words.what,
        how: String::new(),
        at: words.at,
        name: words.name,
        store: store.map(Store::name),
        cacheable: held_of_base(base, context),
        held: forecast.base,
    }
}

fn session(session: &Session, forecast: &Forecast<'_>, context: &Context<'_>) -> Step {
    let how = if session.kept { "GetSessionToken with a code" } else { "GetSessionToken with a code, not kept" };
    Step {
        kind: "mfa-session",
        what: format!("MFA session of {}, for {}", session.serial.value.as_str(), session.length.in_full()),
        how: how.to_owned(),
        at: session.serial.origin.text(context.set),
        name: session.serial.value.as_str().to_owned(),
        store: None,
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
    let session = sts::session_name(role.sent_session_name());
    let external = if role.external_id.is_some() { ", with an external id" } else { "" };
    Step {
        kind: "role",
        what: format!("role {}, for {}", role.arn.as_str(), role.length().in_full()),
        how: format!("{with}, as session {session}{external}"),
        at: role.at.map_or_else(|| String::from("--role-arn"), |at| context.set.place(at)),
        name: role.arn.as_str().to_owned(),
        store: None,
        cacheable: true,
        held,
    }
}
