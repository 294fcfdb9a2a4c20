//! A plan carried out: from the last step that a cache has, each further step with a call of STS, and kept.

use crate::acquire::calls::{Calls, Stop};
use crate::acquire::lookup::{MIN_STEP_TTL, last_cached_step, say_if_short};
use crate::acquire::mfa_session::MfaSession;
use crate::acquire::story;
use crate::cache::lookup::Lookup;
use crate::cache::provider;
use crate::cli::action::Action;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::mfa::codes::{Codes, Sources};
use crate::plan::model::{Acquisition, Mfa};
use crate::plan::words::summary;
use crate::providers::{fetch, process};
use crate::sso::outcome::NotSignedIn;
use crate::time::now;

/// Credentials, and whether this very run got them from STS.
pub struct Obtained {
    /// The credentials.
    pub credentials: Credentials,
    /// False when they come from a cache, where another run has left them.
    pub by_this_run: bool,
}

/// Gets the credentials: waits for its turn, asks for a code where one is needed, calls STS, keeps what it gives.
///
/// # Errors
/// Returns an error when the person gives no code, STS refuses, or a service cannot be reached.
#[cold]
pub fn obtain(plan: &Acquisition, context: &Context<'_>) -> Result<Obtained> {
    process::refuse_circle(plan, context)?;
    let sources = Sources {
        option: context.request.mfa.code_option.clone(),
        variable: context.request.mfa.code_variable.clone(),
        process: plan.mfa_process.as_ref().map(|process| process.value.clone()),
        snapshot: context.snapshot,
        profile: plan.profile_name().to_owned(),
        place: plan.sts.foreign().map(String::from),
        renewal: context.request.keep_fresh.renewal.clone(),
    };
    let mut calls = Calls::new(plan, context, Codes::new(sources, context.store));
    match carry_out(&mut calls) {
        Ok(credentials) => {
            report(&calls, &credentials);
            Ok(Obtained { credentials, by_this_run: calls.made_any() })
        }
        Err(Stop::StillGood(credentials)) => Ok(Obtained { credentials, by_this_run: false }),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// The steps of the plan that no cache has done already.
fn carry_out(calls: &mut Calls<'_>) -> Result<Credentials, Stop> {
    // Before any lock is taken: a process that only needs the role must not wait while a person signs in.
    sign_in(calls)?;
    let (plan, context) = (calls.plan, calls.context);
    let now = now();
    let (mut done, found) = last_cached_step(plan, context, now);
    if let Some(lookup) = &found {
        context.messages.steps(|| story::goes_on_from(plan, done - 1, lookup, now));
    }
    let mut credentials = found.and_then(Lookup::entry).map(|entry| entry.credentials);
    let mut session = plan.session.as_ref().map(|session| MfaSession::new(session, calls));
    while let Some(role) = plan.roles.get(done) {
        credentials = Some(match (&role.mfa, &mut session) {
            (Mfa::Session, Some(session)) => session.assume(calls, done, role)?,
            (Mfa::Session, None) => return Err(Error::new("the plan has no MFA session for its role").into()),
            (Mfa::Code(serial), _) => calls.assume_with_code(done, role, serial, credentials)?,
            (Mfa::None, _) => calls.assume(done, role, credentials)?,
        });
        done += 1;
    }
    match (credentials, &mut session) {
        (Some(credentials), _) => Ok(credentials),
        (None, Some(session)) => session.result(calls),
        (None, None) => Ok(calls.base(provider::place(&plan.base, context.store).as_ref())?),
    }
}

/// Makes sure of the token of IAM Identity Center, when the plan needs it.
fn sign_in(calls: &mut Calls<'_>) -> Result<()> {
    let (plan, context) = (calls.plan, calls.context);
    if !fetch::is_sso(plan) {
        return Ok(());
    }
    let cached = || {
        let now = now();
        fetch::cached(&plan.base, context, now).entry().is_some_and(|entry| entry.left(now) >= MIN_STEP_TTL)
    };
    let needed = context.request.action == Action::Login
        || context.request.cache.refresh
        || last_cached_step(plan, context, now()).0 == 0 && (plan.roles.is_empty() || !cached());
    while needed && calls.token.is_none() {
        match fetch::sign_in(plan, context) {
            Ok(token) => calls.token = token,
            // The program was stopped at the question, and another process may have signed in meanwhile.
            Err(NotSignedIn::Resumed) => {}
            Err(NotSignedIn::Failed(error) | NotSignedIn::GivenUp(error) | NotSignedIn::NoBrowser(error)) => {
                return Err(error);
            }
        }
    }
    Ok(())
}

/// What a person who typed a code has for it, and whether it is less than was asked for.
fn report(calls: &Calls<'_>, credentials: &Credentials) {
    let (plan, context) = (calls.plan, calls.context);
    let (messages, action, now) = (context.messages, context.request.action, now());
    if let (Some(token), Some(login)) = (&calls.token, fetch::login(plan))
        && (token.new || action == Action::Login)
    {
        let then = if token.renewable { ", and renewed then" } else { "" };
        let until = token.until.local(now);
        messages.say(&format!("{}: signed in to {login} until {until}{then}", plan.profile_name()));
    }
    say_if_short(plan, context, credentials, now);
    if calls.codes.any_sent()
        && let Some(why) = context.store.keeps_nothing()
    {
        messages.cache_failure(&format!("{why}, so nothing is kept; the next run will ask again"));
    }
    // A login says it in any case.
    if calls.codes.prompted && action != Action::Login {
        messages.say(&summary(plan, credentials, now));
    } else if !action.says_result() {
        messages.step(|| summary(plan, credentials, now));
    }
}
