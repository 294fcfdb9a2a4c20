//! Signing in to a session of `aws login`: when it is necessary, asking the user, and keeping the session. It is kept
//! in the AWS CLI's cache, so that `aws` is logged in as well.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::Access;

use crate::aws_login::grant::NewSession;
use crate::aws_login::renewal::{State, Subject};
use crate::aws_login::session::{self, Session};
use crate::aws_login::{browser_flow, pasted_code};
use crate::cache::store;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::{Error, Result, io_words};
use crate::plan::endpoints::Service;
use crate::plan::model::Acquisition;
use crate::sso::login::{ask, browser_is_here, refuse_after_giving_up, refuse_unwritable};
use crate::sso::outcome::NotSignedIn;
use crate::sso::words::tell;
use crate::system::directories::{self, Whose};
use crate::system::lock::Task;
use crate::time::{Timestamp, now};

/// How long the user has to sign in with a browser on this machine.
const SIGN_IN_TIME_LIMIT: Duration = Duration::from_mins(10);

/// What other processes are told to wait for.
pub const TASK: Task<'static> = Task::Ask("the sign-in to AWS");

/// The same, as that of another process.
pub const WHAT: &str = "sign-in to AWS";

/// How a sign-in may begin.
pub struct Manner<'a> {
    /// The plan that needs the session. The user is asked on the terminal first; `None` if the user has asked for it.
    pub plan: Option<&'a Acquisition>,
    /// Whether to sign in even if the session is good.
    pub anew: bool,
    /// Called if the user signed in as somebody else, with the name of that session, before it is kept.
    pub is_other: &'a dyn Fn(&str) -> Result<()>,
}

/// A session that can be used.
pub struct SignedIn {
    /// The session's name.
    pub session: String,
    /// Its credentials.
    pub credentials: Credentials,
    /// Whether the user signed in during this run.
    pub new: bool,
}

/// Makes sure that the session can be used.
///
/// # Errors
/// Returns an error if the user is not logged in and does not or cannot log in now.
pub fn signed_in(subject: &Subject<'_>, manner: &Manner<'_>, context: &Context<'_>) -> Result<SignedIn, NotSignedIn> {
    let usable = |credentials| SignedIn { session: subject.login.session.clone(), credentials, new: false };
    if !manner.anew
        && let State::Usable(credentials) = subject.state(context)?
    {
        return Ok(usable(credentials));
    }
    let lock = subject.take_turn(TASK, context)?;
    // The last lock holder may have logged in.
    let why = match subject.state_in_turn(context)? {
        State::Usable(credentials) if !manner.anew => return Ok(usable(credentials)),
        State::Usable(_) => String::from("the login session will be started again"),
        State::SignedOut(why) => why.to_string(),
    };
    refuse_after_giving_up(lock.as_ref(), WHAT)?;
    refuse_unwritable(context.snapshot.login_cache_dir().as_deref(), subject.about, &why, context)?;
    match manner.plan {
        Some(plan) => ask(&why, plan, context, subject.about, lock.as_ref())?,
        None => refuse_unkept(subject.about, context)?,
    }
    let mut signin = subject.login.signin.clone();
    signin.region = subject.region.clone();
    let path = session::path(&subject.login.session, context.snapshot);
    let began = now();
    let is_done = || path.as_deref().is_some_and(|path| !manner.anew && is_new(path, began));
    let new = sign_in(&signin, &is_done, context).map_err(|failure| failure.in_front(subject.about, lock.as_ref()))?;
    if new.name != subject.login.session {
        (manner.is_other)(&new.name)?;
    }
    let credentials = kept(&new, manner.plan.is_none(), context)?;
    Ok(SignedIn { session: new.name, credentials, new: true })
}

/// Whether another program has written a good session since this moment.
fn is_new(path: &Path, began: Timestamp) -> bool {
    let session = Session::read(path).filter(|session| session.written() >= began);
    session.and_then(|session| session.entry()).is_some_and(|entry| entry.expiration > now())
}

/// Refuses a sign-in whose session the AWS CLI's directory would not take. Only for actions that are there to keep it: a
/// run can use what it has in hand.
///
/// # Errors
/// Returns an error in that case, which begins with `about`.
pub fn refuse_unkept(about: &str, context: &Context<'_>) -> Result<()> {
    let Some(dir) = context.snapshot.login_cache_dir() else { return Ok(()) };
    directories::make(&dir, Whose::AwsCli)
        .and_then(|()| Ok(rustix::fs::access(&dir, Access::WRITE_OK | Access::EXEC_OK)?))
        .map_err(|error| unkept(&dir, &error).in_front(about))
}

/// The error if the session cannot be written there.
fn unkept(path: &Path, error: &io::Error) -> Error {
    Error::new(format!("cannot keep the login session in {} ({})", path.display(), io_words(error)))
        .advise("make that directory writable, or name another one with AWS_LOGIN_CACHE_DIRECTORY")
}

/// Signs in with a browser on this machine if there is one, or else with a code that is pasted. `is_done` tells whether
/// another program has signed in meanwhile.
///
/// # Errors
/// Returns an error if the user does not sign in, or the service refuses it or cannot be reached.
pub fn sign_in(signin: &Service, is_done: &dyn Fn() -> bool, context: &Context<'_>) -> Result<NewSession, NotSignedIn> {
    let until = Instant::now() + context.patience().unwrap_or(SIGN_IN_TIME_LIMIT);
    if browser_is_here(context) {
        tell(context, "sign in to AWS in the browser; --no-browser gives a link for another browser instead");
        match browser_flow::sign_in(signin, until, is_done, context) {
            Err(NotSignedIn::NoBrowser(error)) => tell(context, error.fact()),
            other => return other,
        }
    }
    pasted_code::sign_in(signin, is_done, context)
}

/// Writes the session in the AWS CLI's format.
///
/// # Errors
/// Returns an error if the session has no credentials. If it cannot be written, that is an error if it `must` be, and a
/// warning otherwise.
pub fn kept(new: &NewSession, must: bool, context: &Context<'_>) -> Result<Credentials> {
    if let Some(path) = session::path(&new.name, context.snapshot) {
        if must {
            store::write((&path, Whose::AwsCli), new.file.value()).map_err(|error| unkept(&path, &error))?;
        } else {
            context.keep(&path, new.file.value(), "the login session");
        }
    }
    let entry =
        new.file.entry().ok_or_else(|| Error::new("the login session has no credentials").advise("try again"))?;
    Ok(entry.credentials)
}
