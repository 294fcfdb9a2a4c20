//! What comes before the first command: the question of the guards, once for all profiles, and every prompt that a
//! person has to answer.

use std::ffi::OsString;

use crate::acquire::forecast::{Forecast, forecast};
use crate::actions::each::one::One;
use crate::actions::{credentials, guard};
use crate::arn::Serial;
use crate::command::many::{Done, alone};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::messages::Messages;
use crate::plan::guard::Guard;
use crate::plan::model::{Acquisition, Plan};
use crate::plan::resolve;
use crate::providers::fetch;
use crate::sso::token::Outlook;

/// What is known before the first command.
pub(crate) struct Prepared {
    /// The profiles whose credentials could not be had, in the order of all profiles.
    failed: Vec<bool>,
}

impl Prepared {
    /// Whether nobody gave what this profile needs.
    pub(crate) fn has_failed(&self, at: usize) -> bool {
        self.failed.get(at).copied().unwrap_or_default()
    }
}

/// Asks everything that there is to ask.
///
/// # Errors
/// Returns an error if the guard's answer is no, or if several codes of one device would be needed.
pub(crate) fn prepare(context: &Context<'_>, profiles: &[One<'_>], command: &[OsString]) -> Result<Prepared> {
    let plans: Vec<Option<Plan>> =
        profiles.iter().map(|one| resolve::resolve(context.set, &one.request).ok()).collect();
    if context.request.action.runs_command() {
        confirm(context, profiles, &plans, command)?;
    }
    sign_in(context, profiles, &plans)
}

/// Asks once for all guarded profiles.
fn confirm(context: &Context<'_>, profiles: &[One<'_>], plans: &[Option<Plan>], command: &[OsString]) -> Result<()> {
    let mut guarded = Vec::new();
    for (one, plan) in profiles.iter().zip(plans) {
        // A profile that does not resolve fails when its turn comes.
        let Some(profile) = context.set.profile(&one.name).filter(|_| plan.is_some()) else { continue };
        let plan = match plan {
            Some(Plan::Acquire(plan)) => Some(&**plan),
            _ => None,
        };
        let guard = match plan {
            Some(plan) => plan.guard.clone(),
            None => Guard::of(context.set, &profile)?,
        };
        guarded.extend(guard.map(|guard| (one.name.as_str(), plan, guard)));
    }
    let guarded: Vec<guard::Guarded<'_>> =
        guarded.iter().map(|(profile, plan, guard)| guard::Guarded { profile, plan: *plan, guard }).collect();
    guard::confirm_all(context, &guarded, profiles.len(), command)
}

/// Gets the credentials of the profiles that need an answer of a person. A device's session is then there for its other
/// profiles; their roles are assumed when their turns come.
fn sign_in(context: &Context<'_>, profiles: &[One<'_>], plans: &[Option<Plan>]) -> Result<Prepared> {
    let mut prepared = Prepared { failed: vec![false; profiles.len()] };
    // Whom nobody answered is not asked again.
    let mut unanswered: Vec<String> = Vec::new();
    let keeps = !context.request.cache.off && context.store.keeps_nothing().is_none();
    let mut askers = 0;
    for (at, (one, plan)) in profiles.iter().zip(plans).enumerate() {
        let Some(Plan::Acquire(plan)) = plan else { continue };
        let own = one.context(context);
        let Some(asked) = asked(plan, &forecast(plan, &own, own.now)) else { continue };
        if !keeps || !is_kept(plan) {
            askers += 1;
            continue;
        }
        let failed = unanswered.contains(&asked) || !obtained(&own, plan)?;
        if failed {
            unanswered.push(asked);
        }
        if let Some(place) = prepared.failed.get_mut(at) {
            *place = failed;
        }
    }
    if askers > 1 && context.request.each.as_ref().is_some_and(|each| each.jobs.is_some()) {
        return Err(Error::new(format!(
            "nothing is kept, so {askers} profiles would ask for a code each, all at once"
        ))
        .advise("leave --jobs out, or let sessions be kept"));
    }
    Ok(prepared)
}

/// What a person would be asked for: a code of this device, or this sign-in.
fn asked(plan: &Acquisition, forecast: &Forecast<'_>) -> Option<String> {
    match (&forecast.code, forecast.token) {
        (Some((serial, _)), _) => Some(Serial::as_str(serial).to_owned()),
        (None, Some(Outlook::SignsIn)) => fetch::login(plan),
        _ => None,
    }
}

/// Whether what a code gives is there for the next process.
fn is_kept(plan: &Acquisition) -> bool {
    !plan.session_is_result() || plan.session.as_ref().is_some_and(|session| session.kept)
}

/// Gets the credentials in a child, so that this process never starts the SDK. Returns whether they are cached now.
fn obtained(context: &Context<'_>, plan: &Acquisition) -> Result<bool> {
    alone(&|| {
        let status = match credentials::get(context, plan, None) {
            Ok(_) => 0,
            Err(error) => {
                Messages::error(&error, context.snapshot);
                error.status()
            }
        };
        Done { status, report: Vec::new() }
    })
}
