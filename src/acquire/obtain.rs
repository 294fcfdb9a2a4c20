//! Carries out a plan: starts from the last step that is in a cache, and makes a call for each further one.

use crate::acquire::calls::{Calls, Stop};
use crate::acquire::lookup::{MIN_STEP_TTL, last_cached_step, warn_if_short};
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
use crate::providers::fetch::SignedIn;
use crate::providers::{fetch, process};
use crate::sso::outcome::until_done;
use crate::time::now;

/// Credentials, and whether this run called STS for them.
pub struct Obtained {
    /// The credentials.
    pub credentials: Credentials,
    /// False if they come from a cache (also one that another process filled while this one waited), or from a provider
    /// other than STS.
    pub by_this_run: bool,
}

/// Obtains the credentials: waits for locks, asks for a code if one is needed, makes the calls and caches the results.
///
/// # Errors
/// Returns an error if the person gives no code, STS refuses, or a service cannot be reached.
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
    let mut outcome = carry_out(&mut calls);
    if let (Err(Stop::Temporary), Some(other)) = (&outcome, &plan.if_temporary) {
        context.messages.step(|| String::from("the process gave temporary keys, which make no MFA session"));
        calls.plan = other;
        outcome = carry_out(&mut calls);
    }
    match outcome {
        Ok(credentials) => {
            report(&calls, &credentials);
            Ok(Obtained { credentials, by_this_run: calls.answered })
        }
        Err(Stop::StillGood(credentials)) => Ok(Obtained { credentials, by_this_run: false }),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::Temporary) => Err(Error::new("the plan has no steps for temporary keys")),
    }
}

/// Does the steps of the plan that are not in a cache.
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

/// Gets the login that the plan needs, if it does; this may ask a person to sign in.
fn sign_in(calls: &mut Calls<'_>) -> Result<()> {
    let (plan, context) = (calls.plan, calls.context);
    if !fetch::needs_login(plan) {
        return Ok(());
    }
    let cached = || {
        let now = now();
        fetch::cached(&plan.base, context, now).entry().is_some_and(|entry| entry.left(now) >= MIN_STEP_TTL)
    };
    let needed = context.request.action.is_login()
        || context.request.cache.refresh
        || last_cached_step(plan, context, now()).0 == 0 && (plan.roles.is_empty() || !cached());
    if !needed {
        return Ok(());
    }
    match until_done(|| fetch::sign_in(plan, context))? {
        Some(SignedIn::Sso(token)) => calls.token = Some(token),
        // If they could not be kept, no file has them.
        Some(SignedIn::AwsLogin(credentials)) => calls.base = Some(credentials),
        None => {}
    }
    Ok(())
}

/// Says what was obtained, and warns if it is short or not kept.
fn report(calls: &Calls<'_>, credentials: &Credentials) {
    let (plan, context) = (calls.plan, calls.context);
    let (messages, action, now) = (context.messages, context.request.action, now());
    if let (Some(token), Some(login)) = (&calls.token, fetch::login(plan))
        && (token.new || action.is_login())
    {
        let then = if token.renewable { ", and renewed then" } else { "" };
        let until = token.until.local(now);
        messages.say(&format!("{}: signed in to {login} until {until}{then}", plan.profile_name()));
    }
    warn_if_short(plan, context, credentials, now);
    if calls.codes.any_sent()
        && let Some(why) = context.store.keeps_nothing()
    {
        messages.cache_failure(&format!("{why}, so nothing is kept; the next run will ask again"));
    }
    // `--login` and `--shell` print it themselves.
    if calls.codes.prompted && !action.is_login() && action != Action::Shell {
        messages.say(&summary(plan, credentials, now));
    } else if !action.says_result() {
        messages.step(|| summary(plan, credentials, now));
    }
}
