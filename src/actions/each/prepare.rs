//! What comes before the first command: the question of the guards, once for all profiles, and every prompt that a
//! person has to answer.

use std::ffi::OsString;
use std::time::Instant;

use crate::acquire::forecast::forecast;
use crate::actions::check::{self, Checked};
use crate::actions::each::one::One;
use crate::actions::{credentials, guard};
use crate::cli::action::Action;
use crate::command::many::{Done, alone};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::messages::Messages;
use crate::plan::guard::Guard;
use crate::plan::model::{Acquisition, Plan};
use crate::plan::resolve;

/// What is known before the first command.
pub(crate) struct Prepared {
    /// What is reported of the profiles whose credentials could not be had, in the order of all profiles.
    failures: Vec<Option<Vec<u8>>>,
}

impl Prepared {
    /// The report of a profile whose credentials could not be had. It is empty if the error was printed already, as it
    /// is for all actions but `--check`.
    pub(crate) fn failure(&self, at: usize) -> Option<&[u8]> {
        self.failures.get(at)?.as_deref()
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
    let mut prepared = Prepared { failures: vec![None; profiles.len()] };
    // Whom nobody answered is not asked again. The profile is the first one that failed.
    let mut unanswered: Vec<(String, &str)> = Vec::new();
    let keeps = !context.request.cache.off && context.store.keeps_nothing().is_none();
    let mut askers = 0;
    for (at, (one, plan)) in profiles.iter().zip(plans).enumerate() {
        let Some(Plan::Acquire(plan)) = plan else { continue };
        let own = one.context(context);
        let Some(asked) = forecast(plan, &own, own.now).asked(plan) else { continue };
        if !keeps || !is_kept(plan) {
            askers += 1;
            continue;
        }
        let failure = match unanswered.iter().find(|(other, _)| *other == asked) {
            Some((_, first)) => Some(not_asked(&own, &one.name, first)),
            None => obtained(&own, plan, &one.name)?,
        };
        if failure.is_some() {
            unanswered.push((asked, &one.name));
        }
        if let Some(place) = prepared.failures.get_mut(at) {
            *place = failure;
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

/// Whether what a code gives is there for the next process.
fn is_kept(plan: &Acquisition) -> bool {
    !plan.session_is_result() || plan.session.as_ref().is_some_and(|session| session.kept)
}

/// The report of a profile for which nobody is asked, because `first` failed over the same device.
fn not_asked(context: &Context<'_>, profile: &str, first: &str) -> Vec<u8> {
    if context.request.action != Action::Check {
        return Vec::new();
    }
    check::done(&Checked::not_tried(profile, first)).report
}

/// Gets the credentials in a child, so that this process never starts the SDK. Returns the report of a failure.
fn obtained(context: &Context<'_>, plan: &Acquisition, profile: &str) -> Result<Option<Vec<u8>>> {
    let done = alone(&|| {
        let begin = Instant::now();
        match credentials::get(context, plan, None) {
            Ok(_) => Done { status: 0, report: Vec::new() },
            Err(error) if context.request.action == Action::Check => {
                check::done(&Checked::failed(profile, error, begin.elapsed()))
            }
            Err(error) => {
                Messages::error(&error, context.snapshot);
                Done { status: error.status(), report: Vec::new() }
            }
        }
    })?;
    Ok((done.status != 0).then_some(done.report))
}
