//! Logging in to IAM Identity Center: when it is necessary, asking the user, and keeping the token. The token is kept
//! in the AWS CLI's cache, so that `aws` is logged in as well.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::context::Context;
use crate::error::{Error, Result, io_words};
use crate::messages::wants_colours;
use crate::plan::model::Acquisition;
use crate::plan::sso::Sso;
use crate::sso::outcome::{Given, NotSignedIn};
use crate::sso::registration::{Grant, Registration};
use crate::sso::token::{Fields, Token, TokenState};
use crate::sso::words::{advice, missing, tell, unrenewed, whose};
use crate::sso::{browser_flow, device_flow, registration, start_url, token};
use crate::system::held_locks::Lock;
use crate::system::lock::{Task, gave_up};
use crate::system::terminal::{Answer, Terminal};
use crate::time::now;

/// How long the user has to sign in.
const SIGN_IN_TIME_LIMIT: Duration = Duration::from_mins(10);

/// The token from the cache, or from a new login. `--login` starts a login without asking; any other run asks on the
/// terminal first, if there is a `plan` that needs the token. `about` begins an error.
///
/// # Errors
/// Returns an error if the user is not logged in and does not or cannot log in now.
pub fn token(sso: &Sso, plan: Option<&Acquisition>, context: &Context<'_>, about: &str) -> Result<Token, NotSignedIn> {
    let plan = plan.filter(|_| !context.request.action.is_login());
    let asked_for = plan.is_none();
    let anew = asked_for && context.request.cache.refresh;
    if !anew
        && let TokenState::Valid(token) = token::state(sso, context).map_err(|error| unrenewed(sso, about, error))?
    {
        return Ok(token);
    }
    let lock = match token::path(sso, context) {
        Some(path) => token::take_turn(&path, context, Task::Ask("the SSO login"))?,
        None => None,
    };
    // The last lock holder may have logged in.
    let why = match token::kept(sso, context) {
        TokenState::Valid(token) if !anew => return Ok(token),
        state => missing(&state, sso),
    };
    let fact = why.unwrap_or_else(|| format!("{} will be started again", whose(sso)));
    refuse_after_giving_up(lock.as_ref(), "SSO login")?;
    refuse_unwritable(context.snapshot.sso_cache_dir().as_deref(), about, &fact, context)?;
    if let Some(plan) = plan {
        ask(&fact, plan, context, about, lock.as_ref())?;
    }
    sign_in(sso, context).map_err(|failure| failure.in_front(about, lock.as_ref()))
}

/// Fails if the process that had the lock before gave up. `what` it did is in words.
///
/// # Errors
/// Returns an error in that case.
pub(crate) fn refuse_after_giving_up(lock: Option<&Lock>, what: &str) -> Result<()> {
    lock.and_then(Lock::after).map_or(Ok(()), |pid| Err(gave_up(pid, what)))
}

/// Refuses a sign-in that could not be kept in the AWS CLI's directory. `--no-cache` does not matter, because it does
/// not apply to the AWS CLI's logins.
///
/// # Errors
/// Returns an error in that case, which begins with `about` and `fact`.
pub(crate) fn refuse_unwritable(dir: Option<&Path>, about: &str, fact: &str, context: &Context<'_>) -> Result<()> {
    if dir.is_some() && context.store.writable() {
        return Ok(());
    }
    let reason = context.store.keeps_nothing();
    let reason = reason.unwrap_or_else(|| String::from("there is no home directory to write to"));
    Err(Error::new(format!("{about}: {fact}")).advise(format!("{reason}, so a login would be lost")))
}

/// Asks the user before a browser opens. Sign-in pages that open unasked would get people used to phishing.
///
/// # Errors
/// Returns an error if there is no terminal, or the answer is not yes.
pub(crate) fn ask(
    fact: &str,
    plan: &Acquisition,
    context: &Context<'_>,
    about: &str,
    lock: Option<&Lock>,
) -> Result<(), NotSignedIn> {
    let no = || Error::new(format!("{about}: {fact}")).advise(advice(plan));
    let opened = Terminal::open_for(context.patience())
        .map_err(|error| Error::new(format!("{about}: cannot open the terminal ({})", io_words(&error))))?;
    let Some(mut terminal) = opened.map(|terminal| terminal.bold(wants_colours(context.snapshot))) else {
        return Err(no().into());
    };
    if let Some(renewal) = &context.request.keep_fresh.renewal {
        terminal.say(&renewal.asked_by());
    }
    let profile = plan.profile_name();
    context.messages.step(|| String::from("asking on the terminal whether to sign in"));
    let question = format!("aws-auth: {profile}: {fact}; sign in with a browser now? [y/N] ");
    let answer = terminal
        .ask_openly(&question, &context.locks)
        .map_err(|error| Error::new(format!("cannot ask on the terminal ({})", io_words(&error))))?;
    match answer {
        Answer::Line(line) if ["y", "yes"].iter().any(|yes| line.expose().eq_ignore_ascii_case(yes)) => Ok(()),
        Answer::Resumed => Err(NotSignedIn::Resumed),
        Answer::Nowhere => Err(no().into()),
        Answer::Line(_) | Answer::End | Answer::Late => {
            lock.into_iter().for_each(Lock::give_up);
            Err(no().into())
        }
    }
}

/// Signs in with a browser on this machine if there is one, or else with a code for a browser elsewhere.
fn sign_in(sso: &Sso, context: &Context<'_>) -> Result<Token, NotSignedIn> {
    let until = Instant::now() + context.patience().unwrap_or(SIGN_IN_TIME_LIMIT);
    let found = start_url::resolved(sso, context)?;
    let configured = Some(&sso.oidc.region).filter(|_| sso.has_region);
    let sso = &*found;
    if configured != Some(&sso.oidc.region) {
        let whose =
            sso.session.as_ref().map_or_else(|| String::from("the profile"), |name| format!("[sso-session {name}]"));
        let region = &sso.oidc.region;
        tell(context, &format!("{} is in {region}; write sso_region = {region} into {whose}", sso.start_url));
    }
    if sso.session.is_some() && browser_is_here(context) {
        let registration = registration::get(sso, Grant::Code, context)?;
        tell(
            context,
            &format!("sign in to {} in the browser; --no-browser gives a code for another browser instead", whose(sso)),
        );
        match browser_flow::sign_in(sso, &registration, until, context) {
            Ok(given) => return Ok(keep(&given, &registration, sso, context)),
            Err(NotSignedIn::NoBrowser(error)) => tell(context, error.fact()),
            Err(other) => return Err(other),
        }
    }
    let registration = registration::get(sso, Grant::Device, context)?;
    let given = device_flow::sign_in(sso, &registration, until, context)?;
    Ok(keep(&given, &registration, sso, context))
}

/// Whether a browser that is started on this machine is visible to the user.
pub(crate) fn browser_is_here(context: &Context<'_>) -> bool {
    let set = |name: &&str| context.snapshot.non_empty(name).is_some();
    let remote = ["SSH_CONNECTION", "SSH_TTY"].iter().any(set);
    let has_display = cfg!(target_os = "macos") || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(set);
    !context.request.output.no_browser && !remote && has_display
}

/// Writes the token in the AWS CLI's format, with the client registration that is needed to renew it.
fn keep(given: &Given, registration: &Registration, sso: &Sso, context: &Context<'_>) -> Token {
    let until = now() + given.length;
    let mut fields = json!({
        "startUrl": sso.start_url,
        "region": sso.oidc.region.as_str(),
        "accessToken": given.access.expose(),
        "expiresAt": until.iso8601(),
        "clientId": registration.client_id,
        "clientSecret": registration.client_secret.expose(),
        "registrationExpiresAt": registration.expires.iso8601(),
    });
    if let (Some(refresh), serde_json::Value::Object(fields)) = (&given.refresh, &mut fields) {
        fields.insert(String::from("refreshToken"), refresh.expose().into());
    }
    let fields = Fields::new(fields);
    if let Some(path) = token::path(sso, context) {
        token::keep(&path, &fields, context, "the SSO token");
    }
    let renewable = given.refresh.is_some() && sso.session.is_some();
    Token { secret: given.access.clone(), until, renewable, new: true }
}
