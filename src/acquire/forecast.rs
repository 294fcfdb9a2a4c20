//! What carrying a plan out would do now, told from the caches alone: no lock, no network, nothing written.

use crate::acquire::lookup::{MIN_STEP_TTL, cached_result, last_fresh_role, usable_session};
use crate::arn::Serial;
use crate::cache::entry::Entry;
use crate::cache::freshness::needed;
use crate::cache::provider;
use crate::context::Context;
use crate::plan::base::Base;
use crate::plan::model::{Acquisition, Mfa, Role, Session};
use crate::system::terminal::Terminal;
use crate::time::{Length, Timestamp, now};

/// Credentials that a cache holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Seconds left.
    pub left: Length,
    /// When they end.
    pub expiration: Timestamp,
    /// Whether a run would still use them.
    pub usable: bool,
}

/// What a run would ask of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call<'p> {
    /// The provider of the base.
    Base(&'p Base),
    /// GetSessionToken.
    SessionToken(&'p Session),
    /// AssumeRole.
    AssumeRole(&'p Role),
}

/// Where the next MFA code would come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeSource {
    /// `--mfa-token`.
    Option,
    /// AWS_AUTH_MFA_TOKEN.
    Variable,
    /// The mfa_process.
    Process,
    /// A person at the terminal.
    Terminal,
    /// Nowhere: there is no terminal either.
    Nowhere,
}

/// What the caches hold for a plan, and what a run would do.
#[derive(Debug)]
pub struct Forecast<'p> {
    /// The base's credentials, when a provider's are kept.
    pub base: Option<Held>,
    /// The MFA session.
    pub session: Option<Held>,
    /// Each role's.
    pub roles: Vec<Option<Held>>,
    /// The plan's result.
    pub result: Option<Held>,
    /// The calls, in order.
    pub calls: Vec<Call<'p>>,
    /// The device whose code would be needed first, and where the code would come from.
    pub code: Option<(&'p Serial, CodeSource)>,
}

/// The time left of the plan's result in a cache, fresh enough for a run or not.
pub fn result_left(plan: &Acquisition, context: &Context<'_>) -> Option<Held> {
    let now = now();
    Some(held(&cached_result(plan, context, now)?, now, context.request.min_ttl))
}

/// Looks into the caches, and follows the steps of [`crate::acquire::obtain::obtain`] without taking any.
pub fn forecast<'p>(plan: &'p Acquisition, context: &Context<'_>) -> Forecast<'p> {
    let (now, request) = (now(), context.request);
    let last = plan.roles.len().checked_sub(1);
    let margin = |at: usize| if Some(at) == last { request.min_ttl } else { MIN_STEP_TTL };
    let role = |at: usize| context.store.role(plan, at, now).map(|entry| held(&entry, now, margin(at)));
    let session_margin = if last.is_none() { request.min_ttl } else { MIN_STEP_TTL };
    let session = plan.session.as_ref().and_then(|session| usable_session(plan, session, context, now));
    let mut forecast = Forecast {
        base: crate::providers::fetch::kept(&plan.base, context, now)
            .map(|entry| held(&entry, now, if last.is_none() { request.min_ttl } else { MIN_STEP_TTL })),
        session: session.map(|kept| held(&kept.entry, now, session_margin)),
        roles: (0..plan.roles.len()).map(role).collect(),
        result: result_left(plan, context),
        calls: Vec::new(),
        code: None,
    };
    let passed_over = request.refresh && last.is_some();
    if !passed_over && forecast.result.is_some_and(|result| result.usable) {
        return forecast;
    }
    let (done, _) = last_fresh_role(plan, context, now);
    let mut device = None;
    let mut session_made = forecast.session.is_some_and(|session| session.usable);
    let mut base_signs = last.is_none() && plan.session.is_none();
    let mut make_session = |calls: &mut Vec<Call<'p>>, device: &mut Option<&'p Serial>| {
        let made = std::mem::replace(&mut session_made, true);
        if let (false, Some(session)) = (made, &plan.session) {
            calls.push(Call::SessionToken(session));
            device.get_or_insert(&session.serial);
        }
        !made
    };
    for (at, role) in plan.roles.iter().enumerate().skip(done) {
        match &role.mfa {
            Mfa::Session => base_signs |= make_session(&mut forecast.calls, &mut device),
            Mfa::Code(serial) => {
                device.get_or_insert(serial);
                base_signs |= at == 0;
            }
            Mfa::None => base_signs |= at == 0,
        }
        forecast.calls.push(Call::AssumeRole(role));
    }
    if last.is_none() && plan.session.is_some() {
        base_signs |= make_session(&mut forecast.calls, &mut device);
    }
    // A result was looked at above; as a step, what is kept of a provider serves if it lasts a moment.
    let kept = last.is_some() && !request.refresh && forecast.base.is_some_and(|base| base.usable);
    if base_signs && !kept && matches!(plan.base, Base::Provider { .. }) {
        forecast.calls.insert(0, Call::Base(&plan.base));
    }
    forecast.code = device.map(|serial| (serial, code_source(plan, context)));
    forecast
}

fn held(entry: &Entry, now: Timestamp, margin: Length) -> Held {
    let left = entry.left(now);
    Held { left, expiration: entry.expiration, usable: left >= needed(margin, entry.length) }
}

/// The first source that a run would ask.
fn code_source(plan: &Acquisition, context: &Context<'_>) -> CodeSource {
    let request = context.request;
    if request.code_option.is_some() {
        CodeSource::Option
    } else if request.code_variable.is_some() {
        CodeSource::Variable
    } else if plan.mfa_process.is_some() {
        CodeSource::Process
    } else if Terminal::open().is_some() {
        CodeSource::Terminal
    } else {
        CodeSource::Nowhere
    }
}

/// Whether a cache may hold what this base gives.
pub fn held_of_base(base: &Base, context: &Context<'_>) -> bool {
    provider::kept_path(base, context.store).is_some()
}
