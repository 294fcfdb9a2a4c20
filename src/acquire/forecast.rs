//! What a run would do now, found out from the caches alone: it takes no lock, makes no call and writes nothing.

use std::borrow::Cow;
use std::iter;

use crate::acquire::lookup::{MIN_STEP_TTL, cached_result, last_cached_step, usable_session};
use crate::arn::Serial;
use crate::cache::entry::Entry;
use crate::cache::freshness::needed;
use crate::cache::keys::owner;
use crate::cache::provider;
use crate::context::Context;
use crate::plan::base::Base;
use crate::plan::model::{Acquisition, Mfa, Role, Session};
use crate::providers::fetch;
use crate::sso::token::Outlook;
use crate::system::terminal::Terminal;
use crate::time::{Length, Timestamp};

/// How long credentials in a cache are good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The lifetime left.
    pub left: Length,
    /// When they expire.
    pub expiration: Timestamp,
    /// Whether a run would still use them.
    pub usable: bool,
}

/// A call that a run would make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call<'p> {
    /// A call of the provider that is the base.
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
    /// Nowhere: there is no other source, and no terminal.
    Nowhere,
}

/// What the caches hold for a plan, and what a run would do.
#[derive(Debug)]
pub struct Forecast<'p> {
    /// The base's credentials, if they come from a provider and are cached.
    pub base: Option<Held>,
    /// The MFA session.
    pub session: Option<Held>,
    /// The credentials of each role, in the plan's order.
    pub roles: Vec<Option<Held>>,
    /// The plan's result.
    pub result: Option<Held>,
    /// The calls that a run would make, in order.
    pub calls: Vec<Call<'p>>,
    /// The device whose code would be needed first, and where the code would come from.
    pub code: Option<(&'p Serial, CodeSource)>,
    /// What would be done about the login, if one is needed.
    pub token: Option<Outlook>,
}

impl Forecast<'_> {
    /// What a person would be asked for: a code of this device, or this sign-in. `None` if nobody is asked.
    pub fn asked(&self, plan: &Acquisition) -> Option<String> {
        match (&self.code, self.token) {
            (Some((serial, _)), _) => Some(Serial::as_str(serial).to_owned()),
            (None, Some(Outlook::SignsIn)) => fetch::login(plan),
            _ => None,
        }
    }
}

/// The plan's result in a cache, even if it has too little left for a run; `None` if there is none.
pub fn result_left(plan: &Acquisition, context: &Context<'_>, now: Timestamp) -> Option<Held> {
    Some(held(&cached_result(plan, context, now).entry()?, now, context.request.cache.min_ttl))
}

/// What the caches hold of the MFA sessions of many plans. Most of them have the same session, so the last answer is
/// remembered.
#[derive(Default)]
pub struct Sessions {
    last: Option<(SessionQuestion, Option<Held>)>,
}

/// What the answer depends on.
#[derive(PartialEq, Eq)]
struct SessionQuestion {
    owner: Option<String>,
    sts: String,
    serials: Vec<Serial>,
    length: Length,
    kept: bool,
    has_roles: bool,
}

impl Sessions {
    /// What the caches hold of the MFA session of this plan.
    pub fn left(&mut self, plan: &Acquisition, context: &Context<'_>, now: Timestamp) -> Option<Held> {
        let session = plan.session.as_ref()?;
        let question = SessionQuestion {
            owner: owner(&plan.base).map(Cow::into_owned),
            sts: plan.sts.identity().to_owned(),
            serials: iter::once(&session.serial.value).chain(&session.others).cloned().collect(),
            length: session.length,
            kept: session.kept,
            has_roles: !plan.roles.is_empty(),
        };
        if let Some((last, held)) = &self.last
            && *last == question
        {
            return *held;
        }
        let held = session_left(plan, context, now);
        self.last = Some((question, held));
        held
    }
}

fn session_left(plan: &Acquisition, context: &Context<'_>, now: Timestamp) -> Option<Held> {
    let stored = usable_session(plan, plan.session.as_ref()?, context, now)?;
    let margin = if plan.roles.is_empty() { context.request.cache.min_ttl } else { MIN_STEP_TTL };
    Some(held(&stored.entry, now, margin))
}

/// Looks into the caches, and lists the steps that [`crate::acquire::obtain::obtain`] would take.
pub fn forecast<'p>(plan: &'p Acquisition, context: &Context<'_>, now: Timestamp) -> Forecast<'p> {
    let mut forecast = looked_up(plan, context, now);
    let has_roles = !plan.roles.is_empty();
    let passed_over = context.request.cache.refresh && has_roles;
    if !passed_over && forecast.result.is_some_and(|result| result.usable) {
        return forecast;
    }
    let mut steps = Steps {
        plan,
        calls: Vec::new(),
        device: None,
        session_made: forecast.session.is_some_and(|session| session.usable),
        base_signs: !has_roles && plan.session.is_none(),
    };
    let (done, _) = last_cached_step(plan, context, now);
    for (at, role) in plan.roles.iter().enumerate().skip(done) {
        steps.assume(at, role);
    }
    if !has_roles {
        steps.make_session();
    }
    forecast.calls = steps.calls;
    // If the base is the result, it was looked at above. As a step, a provider's cached credentials need only last a
    // minute.
    let cached = has_roles && !context.request.cache.refresh && forecast.base.is_some_and(|base| base.usable);
    if steps.base_signs && !cached && plan.base.is_provider() {
        forecast.calls.insert(0, Call::Base(&plan.base));
        forecast.token = fetch::outlook(plan, context);
    }
    forecast.code = steps.device.map(|serial| (serial, code_source(plan, context)));
    forecast
}

/// What the caches hold. The calls are not filled in.
fn looked_up<'p>(plan: &'p Acquisition, context: &Context<'_>, now: Timestamp) -> Forecast<'p> {
    let min_ttl = context.request.cache.min_ttl;
    let last = plan.roles.len().checked_sub(1);
    let margin = |at: Option<usize>| if at == last { min_ttl } else { MIN_STEP_TTL };
    let role = |at: usize| {
        let entry = context.store.role(plan, at, now).entry()?;
        Some(held(&entry, now, margin(Some(at))))
    };
    let base = fetch::cached(&plan.base, context, now).entry();
    Forecast {
        base: base.map(|entry| held(&entry, now, margin(None))),
        session: session_left(plan, context, now),
        roles: (0..plan.roles.len()).map(role).collect(),
        result: result_left(plan, context, now),
        calls: Vec::new(),
        code: None,
        token: None,
    }
}

/// The steps of a run that are not done yet.
struct Steps<'p> {
    plan: &'p Acquisition,
    calls: Vec<Call<'p>>,
    /// The device whose code is needed first.
    device: Option<&'p Serial>,
    /// Whether there is a session to assume roles from.
    session_made: bool,
    /// Whether a call is signed by the base.
    base_signs: bool,
}

impl<'p> Steps<'p> {
    fn assume(&mut self, at: usize, role: &'p Role) {
        match &role.mfa {
            Mfa::Session => self.make_session(),
            Mfa::Code(serial) => {
                self.device.get_or_insert(serial);
                self.base_signs |= at == 0;
            }
            Mfa::None => self.base_signs |= at == 0,
        }
        self.calls.push(Call::AssumeRole(role));
    }

    fn make_session(&mut self) {
        let Some(session) = self.plan.session.as_ref().filter(|_| !self.session_made) else { return };
        self.session_made = true;
        self.base_signs = true;
        self.calls.push(Call::SessionToken(session));
        self.device.get_or_insert(&session.serial.value);
    }
}

fn held(entry: &Entry, now: Timestamp, margin: Length) -> Held {
    let left = entry.left(now);
    Held { left, expiration: entry.expiration, usable: left >= needed(margin, entry.length) }
}

/// The source that a run would take its first code from.
fn code_source(plan: &Acquisition, context: &Context<'_>) -> CodeSource {
    let request = context.request;
    if request.mfa.code_option.is_some() {
        CodeSource::Option
    } else if request.mfa.code_variable.is_some() {
        CodeSource::Variable
    } else if plan.mfa_process.is_some() {
        CodeSource::Process
    } else if Terminal::is_missing() {
        CodeSource::Nowhere
    } else {
        CodeSource::Terminal
    }
}

/// Whether credentials of this kind of base are cached.
pub fn held_of_base(base: &Base, context: &Context<'_>) -> bool {
    provider::place(base, context.store).is_some()
}
