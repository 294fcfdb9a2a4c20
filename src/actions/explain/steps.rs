//! The steps of a plan in words, each with the place that names it.

use std::fmt::Write as _;

use crate::acquire::forecast::{Forecast, Held, held_of_base};
use crate::aws::sts;
use crate::context::Context;
use crate::keys::stores::{self, Store};
use crate::plan::base::Base;
use crate::plan::bounds::Bounds;
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
        how: match base {
            Base::WebIdentity { web, .. } => web.bounds.as_ref().map(|bounds| bounded(bounds, context)),
            _ => None,
        }
        .map(|text| format!("AssumeRoleWithWebIdentity{text}"))
        .unwrap_or_default(),
        at: words.at,
        name: words.name,
        store: store.map(Store::name),
        cacheable: held_of_base(base, context),
        held: forecast.base,
    }
}

fn session(session: &Session, forecast: &Forecast<'_>, context: &Context<'_>) -> Step {
    let mut how = String::from("GetSessionToken with a code");
    if let Some((last, others)) = session.others.split_last() {
        let others = others.iter().fold(String::new(), |all, serial| all + serial.as_str() + ", ");
        let others = others.strip_suffix(", ").map_or_else(String::new, |others| format!("{others} or "));
        let _ = write!(how, ", which {others}{} may give as well", last.as_str());
    }
    if !session.kept {
        how.push_str(", not kept");
    }
    Step {
        kind: "mfa-session",
        what: format!("MFA session of {}, for {}", session.serial.value.as_str(), session.length.in_full()),
        how,
        at: session.serial.origin.text(context.set),
        name: session.serial.value.as_str().to_owned(),
        store: None,
        cacheable: session.kept,
        held: forecast.session,
    }
}

/// What else a call says of its session, each part with the place that asks for it; follows the call.
fn bounded(bounds: &Bounds, context: &Context<'_>) -> String {
    let mut text = String::new();
    if let Some(policies) = &bounds.policies {
        let _ = write!(text, ", bounded by {} ({})", policies.value.words(), policies.origin.text(context.set));
    }
    if let Some(identity) = &bounds.source_identity {
        let _ = write!(text, ", with source identity {} ({})", identity.value, identity.origin.text(context.set));
    }
    for tag in &bounds.tags {
        let is_transitive = bounds.transitive.iter().any(|key| key.eq_ignore_ascii_case(&tag.value.key));
        let kind = if is_transitive { "transitive tag" } else { "tag" };
        let place = tag.origin.text(context.set);
        let _ = write!(text, ", with {kind} {}={} ({place})", tag.value.key, tag.value.value);
    }
    text
}

pub(crate) fn role(role: &Role, held: Option<Held>, context: &Context<'_>) -> Step {
    let with = match &role.mfa {
        Mfa::None => String::from("AssumeRole"),
        Mfa::Session => String::from("AssumeRole with the MFA session"),
        Mfa::Code(serial) => format!("AssumeRole with a code of {}", serial.as_str()),
    };
    let session = sts::session_name(role.sent_session_name());
    let external = if role.external_id.is_some() { ", with an external id" } else { "" };
    let mut how = format!("{with}, as session {session}{external}");
    if let Some(bounds) = &role.bounds {
        how.push_str(&bounded(bounds, context));
    }
    Step {
        kind: "role",
        what: format!("role {}, for {}", role.arn.as_str(), role.length().in_full()),
        how,
        at: role.at.map_or_else(|| String::from("--role-arn"), |at| context.set.place(at)),
        name: role.arn.as_str().to_owned(),
        store: None,
        cacheable: true,
        held,
    }
}
