//! `--logout`: removing cached credentials, and saying which.

use crate::cache::forget::{self, Part};
use crate::cache::lookup::Found;
use crate::command::old_configs;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::plan::base::Base;
use crate::plan::model::{Acquisition, Plan};
use crate::plan::resolve;
use crate::providers::fetch;
use crate::sso::token;
use crate::sso::token::Outlook;

/// Removes the cached credentials of the profile; with `role_only` not its MFA session. Says what was there, what was
/// not, and what stays.
///
/// # Errors
/// Returns an error if nothing is cached in this run, the profile does not resolve, or a file cannot be removed.
pub fn logout(context: &Context<'_>, role_only: bool) -> Result<u8> {
    refuse_no_cache(context)?;
    let messages = context.messages;
    let plan = match resolve::resolve(context.set, context.request)? {
        Plan::Acquire(plan) => plan,
        Plan::PassThrough => {
            messages.say("no profile is named, and for keys in the environment nothing is cached");
            return Ok(0);
        }
        Plan::Ambient { .. } => {
            messages.say("nothing was cached: the profile names no credentials");
            return Ok(0);
        }
    };
    let parts = forget::forget(&plan, context.store, role_only)?;
    for part in parts.iter().filter(|part| part.was_there) {
        messages.say(&match (part.is_session, role_only) {
            (false, _) => format!("removed the {}", part.name),
            (true, false) => {
                format!("removed the {}: other profiles with this device will ask for a new code", part.name)
            }
            (true, true) => format!("kept the {} (--role-only)", part.name),
        });
    }
    let sign_in = sign_in(&plan, context);
    let mut missing: Vec<String> = parts.iter().filter(|part| !part.was_there).map(|part| part.name.clone()).collect();
    missing.extend(sign_in.as_ref().filter(|sign_in| !sign_in.stands).map(|sign_in| sign_in.what.clone()));
    say_missing(context, &parts, &missing);
    if let Some(sign_in) = sign_in.filter(|sign_in| sign_in.stands) {
        messages.say(&format!("the {} stays; to end it, run '{}'", sign_in.what, sign_in.ended_by));
    }
    Ok(0)
}

/// Says what was not cached.
fn say_missing(context: &Context<'_>, parts: &[Part], missing: &[String]) {
    let nothing = !parts.iter().any(|part| part.was_there);
    let none: Vec<String> = missing.iter().map(|name| format!("no {name}")).collect();
    match (nothing, none.is_empty()) {
        (true, true) => context.messages.say("nothing was cached"),
        (true, false) => context.messages.say(&format!("nothing was cached: {}", none.join(", "))),
        (false, true) => {}
        (false, false) => context.messages.say(&format!("not there: {}", missing.join(", "))),
    }
}

/// Removes the cached credentials of every profile; with `role_only` no MFA session. Says how many there were.
///
/// # Errors
/// Returns an error if nothing is cached in this run, or a file cannot be removed.
pub fn logout_all(context: &Context<'_>, role_only: bool) -> Result<u8> {
    refuse_no_cache(context)?;
    let Context { set, request, store, messages, snapshot, .. } = context;
    let (mut credentials, mut sessions) = (0, 0);
    let mut ended_by = Vec::new();
    for name in set.names() {
        // If a profile does not resolve, its cache keys are not known.
        let Ok(Plan::Acquire(plan)) = resolve::resolve_named(set, request, &name) else { continue };
        for part in forget::forget(&plan, store, role_only)?.iter().filter(|part| part.was_there) {
            if !part.is_session {
                credentials += 1;
            } else if !role_only {
                // Those that are kept are counted below.
                sessions += 1;
            }
        }
        let stands = sign_in(&plan, context).filter(|sign_in| sign_in.stands);
        ended_by.extend(stands.map(|sign_in| format!("'{}'", sign_in.ended_by)));
    }
    let rest = forget::forget_all(store, role_only)?;
    old_configs::forget(snapshot, store);
    credentials += rest.credentials;
    sessions += rest.sessions;
    let [credentials_said, sessions_said] =
        [counted(credentials, "set", "sets") + " of credentials", counted(sessions, "MFA session", "MFA sessions")];
    let asks = "profiles with MFA will ask for a new code";
    match (credentials, sessions) {
        (0, _) if role_only => messages.say("nothing was cached for roles"),
        (_, _) if role_only => messages.say(&format!("removed {credentials_said}")),
        (0, 0) => messages.say("nothing was cached"),
        (_, 0) => messages.say(&format!("removed {credentials_said}; there was no MFA session")),
        (0, _) => messages.say(&format!("removed {sessions_said}: {asks}")),
        (_, _) => messages.say(&format!("removed {credentials_said} and {sessions_said}: {asks}")),
    }
    if role_only && sessions > 0 {
        messages.say(&format!("kept {sessions_said} (--role-only)"));
    }
    ended_by.sort();
    ended_by.dedup();
    if !ended_by.is_empty() {
        messages.say(&format!("sign-ins stay; to end them, run {}", ended_by.join(" and ")));
    }
    Ok(0)
}

fn counted(number: usize, one: &str, more: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {more}") }
}

/// A sign-in of the AWS CLI. It is not aws-auth's, so it is not ended.
struct SignIn {
    what: String,
    stands: bool,
    ended_by: &'static str,
}

fn sign_in(plan: &Acquisition, context: &Context<'_>) -> Option<SignIn> {
    match &plan.base {
        Base::Sso { sso, .. } => Some(SignIn {
            what: format!("sign-in to {}", fetch::login(plan)?),
            stands: token::outlook(sso, context) != Outlook::SignsIn,
            ended_by: "aws sso logout",
        }),
        Base::Login { login, .. } => Some(SignIn {
            what: format!("sign-in of aws login ({})", login.session),
            // Its credentials may have expired: they are renewed.
            stands: !matches!(fetch::cached(&plan.base, context, context.now).found, Found::Nothing),
            ended_by: "aws logout",
        }),
        _ => None,
    }
}

/// Without the caches, nothing would be removed, and a person would believe that it was.
fn refuse_no_cache(context: &Context<'_>) -> Result<()> {
    if !context.request.cache.off {
        return Ok(());
    }
    Err(Error::new("--logout removes cached credentials, but --no-cache (or AWS_AUTH_NO_CACHE) is on")
        .advise("leave one of them out"))
}
