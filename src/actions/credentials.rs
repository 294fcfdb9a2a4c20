//! Planning and getting the credentials that an action needs.

use std::ffi::OsStr;

use crate::acquire::obtain::{Obtained, obtain};
use crate::acquire::{lookup, story};
use crate::command::exec;
use crate::command::private_config::PrivateConfig;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::plan::model::{Acquisition, Plan};
use crate::plan::private_config::Reason;
use crate::plan::words::result_name;
use crate::plan::{resolve, words};
use crate::providers::{fetch, process};
use crate::system::harden;
use crate::system::signals::Undisturbed;
use crate::system::terminal::Terminal;

/// What an action does with credentials, in the words of the error if there are none.
pub(crate) struct Purpose {
    /// Completes `there is nothing to …`.
    pub(crate) with_credentials: &'static str,
    /// Completes `there is no profile to …`.
    pub(crate) with_profile: &'static str,
}

/// The plan for the profile's credentials, or for the keys in the environment if they pass through.
///
/// # Errors
/// Returns an error if the profile does not resolve or names no credentials.
pub(crate) fn planned(context: &Context<'_>, purpose: &Purpose) -> Result<Box<Acquisition>> {
    match resolve::resolve(context.set, context.request)? {
        Plan::Acquire(plan) => Ok(plan),
        Plan::PassThrough => of_environment(context, purpose),
        Plan::Ambient { profile } => Err(no_credentials(purpose, profile.as_deref())),
    }
}

/// The plan for the keys in the environment.
///
/// # Errors
/// Returns an error if there are none.
pub(crate) fn of_environment(context: &Context<'_>, purpose: &Purpose) -> Result<Box<Acquisition>> {
    resolve::of_environment(context.set, context.request)?.ok_or_else(|| no_credentials(purpose, None))
}

/// The error of an action that has no credentials to work with.
pub(crate) fn no_credentials(purpose: &Purpose, profile: Option<&str>) -> Error {
    let Some(name) = profile else {
        return Error::new(format!("there is no profile to {}", purpose.with_profile))
            .advise(format!("name one with -p or AWS_PROFILE{}", or_pick()));
    };
    Error::new(format!("profile '{name}' names no credentials, so there is nothing to {}", purpose.with_credentials))
        .advise("name a profile with a role, keys or SSO")
}

/// A hint at `--pick`, where a person could use it.
pub(crate) fn or_pick() -> &'static str {
    if Terminal::is_missing() { "" } else { ", or choose one with --pick" }
}

/// Gets the plan's credentials, from a cache or by calls. `program` is the command that will get them; it is looked up
/// before an MFA code is asked for, so that a typing error costs no code.
///
/// # Errors
/// Returns an error if the command is not found or the credentials cannot be obtained.
pub(crate) fn get(context: &Context<'_>, plan: &Acquisition, program: Option<&OsStr>) -> Result<Obtained> {
    refuse_long_wait(context, plan)?;
    context.messages.steps(|| story::beginning(plan, context));
    if let Some(credentials) = lookup::at_hand(plan, context, context.now)? {
        if !context.request.action.says_result() {
            context.messages.step(|| words::summary(plan, &credentials, context.now));
        }
        return Ok(Obtained { credentials, by_this_run: false });
    }
    if let Some(program) = program {
        exec::find(program, context.snapshot.var("PATH"))?;
    }
    harden::fill_standard_descriptors();
    // Dropped on return, before the command is started: it gets these signals as the caller set them.
    let _guard = Undisturbed::begin();
    obtain(plan, context)
}

/// Gets the keys that the plan begins with, as they are.
///
/// # Errors
/// Returns an error if they cannot be obtained.
pub(crate) fn base(context: &Context<'_>, plan: &Acquisition) -> Result<Credentials> {
    process::refuse_circle(plan, context)?;
    harden::fill_standard_descriptors();
    let _guard = Undisturbed::begin();
    fetch::fetch(plan, context, None, None)
}

/// Refuses a `--min-ttl` that is longer than the session that is requested: no credentials can have so much left.
fn refuse_long_wait(context: &Context<'_>, plan: &Acquisition) -> Result<()> {
    let (cache, length) = (&context.request.cache, plan.length());
    if !cache.min_ttl_asked || cache.min_ttl <= length {
        return Ok(());
    }
    let advice = match (plan.roles.last(), &plan.session) {
        (None, Some(_)) => "ask for a longer session with mfa_session_duration or AWS_AUTH_MFA_SESSION, or for less",
        _ => "ask for a longer role session with --duration, or for less; --keep-fresh lets a long command renew",
    };
    let what = result_name(plan, None);
    let (asked, length) = (cache.min_ttl.in_full(), length.in_full());
    Err(Error::new(format!("--min-ttl is {asked}, but {what} lasts {length}")).advise(advice))
}

/// Writes the configuration file with the settings of the plan's profile, if a command needs one.
///
/// If there is no place for it, the command still runs, unless it would call an endpoint that was not meant for the
/// profile.
///
/// # Errors
/// Returns an error in that case.
pub(crate) fn private_config(context: &Context<'_>, plan: &Acquisition) -> Result<Option<PrivateConfig>> {
    let written = PrivateConfig::of_settings(plan, context).and_then(|config| {
        config.as_ref().map_or(Ok(()), |config| config.write(context))?;
        Ok(config)
    });
    let leads_astray = plan.private_config.as_ref().is_some_and(Reason::is_of_endpoint);
    match written {
        Ok(Some(config)) => {
            context.messages.step(|| format!("the command reads the settings of the profile in {}", config.path));
            Ok(Some(config))
        }
        Err(error) if !leads_astray => {
            context.messages.warn(&format!("{error}; without it the command uses settings of [default]"));
            Ok(None)
        }
        other => other,
    }
}
