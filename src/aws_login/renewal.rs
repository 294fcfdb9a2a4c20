//! The credentials of a session of `aws login`. They are renewed by the AWS CLI's rules (botocore's
//! LoginCredentialFetcher), and written back with all fields that aws-auth does not know.

use std::path::Path;

use aws_sdk_signin::types::CreateOAuth2TokenRequestBody;

use crate::aws_login::dpop;
use crate::aws_login::endpoint::{POLICY, Refusal, tokens};
use crate::aws_login::session::{self, Session, hash};
use crate::cache::entry::Entry;
use crate::cache::lookup::{Cache, Found, Lookup, Place};
use crate::cache::store;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::plan::base::Login;
use crate::region::Region;
use crate::sso::token::Outlook;
use crate::system::held_locks::Lock;
use crate::system::lock::Task;
use crate::text::shell_words::shell_word;
use crate::time::{Length, Timestamp, now};

/// Credentials with less time left than this are renewed.
const RENEWAL_MARGIN: Length = Length::minutes(5);

/// A session, and what is needed to renew it.
pub struct Subject<'a> {
    /// The session, and the service that renews it.
    pub login: &'a Login,
    /// The profile that names the session.
    pub profile: &'a str,
    /// The region of the service, if the session's file names none.
    pub region: &'a Region,
    /// The profile with its file and line, with which an error begins.
    pub about: &'a str,
}

/// Whether a session can be used.
pub enum State {
    /// It gives these credentials.
    Usable(Credentials),
    /// The user must sign in, for this reason.
    SignedOut(Error),
}

/// The credentials in the AWS CLI's cache for a session, if they have not expired at `now`.
pub fn cached(login: &Login, snapshot: &Snapshot, now: Timestamp) -> Lookup<Entry> {
    let Some(path) = session::path(&login.session, snapshot) else { return Lookup::nowhere() };
    let found = Session::read(&path).map_or(Found::Nothing, |session| store::unexpired(session.entry(), now));
    Lookup { place: Some(Place { cache: Cache::AwsCli, path }), found }
}

/// What a run would do about the session, by its file alone.
pub fn outlook(login: &Login, context: &Context<'_>) -> Outlook {
    let session = session::path(&login.session, context.snapshot).and_then(|path| Session::read(&path));
    let Some(session) = session else { return Outlook::SignsIn };
    if session.entry().is_some_and(|entry| is_fresh(&entry)) {
        Outlook::Uses
    } else if session.is_renewable() {
        Outlook::Renews
    } else {
        Outlook::SignsIn
    }
}

fn is_fresh(entry: &Entry) -> bool {
    entry.left(now()) > RENEWAL_MARGIN.max(entry.length.two_thirds())
}

/// The command that signs in.
pub fn command(profile: &str) -> String {
    format!("aws-auth -p {} --login", shell_word(profile))
}

impl Subject<'_> {
    /// The session's credentials, renewed first if they expire soon.
    ///
    /// # Errors
    /// Returns an error if there is no session, or if it cannot be used or renewed.
    pub fn fetch(&self, context: &Context<'_>) -> Result<Credentials> {
        match self.state(context)? {
            State::Usable(credentials) => Ok(credentials),
            State::SignedOut(why) => {
                Err(why.in_front(self.about).advise(format!("log in with: {}", command(self.profile))))
            }
        }
    }

    /// Whether the session can be used. Its credentials are renewed first if they expire soon.
    ///
    /// # Errors
    /// Returns an error if it may be good, but could not be renewed.
    pub fn state(&self, context: &Context<'_>) -> Result<State> {
        let Some((path, found)) = self.read(context) else { return Ok(State::SignedOut(self.missing())) };
        // A renewed session that cannot be kept would be lost to the AWS CLI, because a refresh token can be used only
        // once.
        if let Some(home) = context.store.anothers_home_of(&path) {
            return match found.entry().filter(|entry| entry.left(now()) > Length::ZERO) {
                Some(entry) => Ok(State::Usable(entry.credentials)),
                None => Err(Error::new(format!("{}: the login session has expired", self.about)).advise(format!(
                    "it is not renewed, because the home directory {} is another user's",
                    home.display()
                ))),
            };
        }
        drop(found);
        let _lock = self.take_turn(Task::Call("the login session"), context)?;
        self.state_in_turn(context)
    }

    /// Takes the lock for renewals of the session, and for signing in.
    ///
    /// # Errors
    /// Returns the errors of [`Context::take_turn`].
    pub fn take_turn(&self, task: Task<'_>, context: &Context<'_>) -> Result<Option<Lock>> {
        context.take_turn(&format!("login-{}", hash(&self.login.session)), task)
    }

    /// Like [`Self::state`], for the holder of the lock. The last holder may have renewed the session.
    ///
    /// # Errors
    /// Returns an error if it may be good, but could not be renewed.
    pub fn state_in_turn(&self, context: &Context<'_>) -> Result<State> {
        let Some((path, mut session)) = self.read(context) else { return Ok(State::SignedOut(self.missing())) };
        let Some(entry) = session.entry() else { return Ok(State::SignedOut(unusable(&path))) };
        if is_fresh(&entry) {
            return Ok(State::Usable(entry.credentials));
        }
        if let Some(why) = self.renew(&mut session, &path, context)? {
            return Ok(State::SignedOut(why));
        }
        context.keep(&path, session.value(), "the renewed login session");
        Ok(session.entry().map_or_else(|| State::SignedOut(unusable(&path)), |entry| State::Usable(entry.credentials)))
    }

    fn read(&self, context: &Context<'_>) -> Option<(std::path::PathBuf, Session)> {
        let path = session::path(&self.login.session, context.snapshot)?;
        let session = Session::read(&path)?;
        Some((path, session))
    }

    fn missing(&self) -> Error {
        Error::new(format!("you are not logged in as {}", self.login.session))
    }

    /// Calls CreateOAuth2Token with the refresh token, and updates the fields of `session`. Returns the reason if the
    /// user must sign in again.
    fn renew(&self, session: &mut Session, path: &Path, context: &Context<'_>) -> Result<Option<Error>> {
        let key = session.text("dpopKey").and_then(dpop::Key::from_pem);
        let (Some(key), Some(client), Some(refresh)) = (key, session.text("clientId"), session.text("refreshToken"))
        else {
            return Ok(Some(unusable(path)));
        };
        let mut signin = self.login.signin.clone();
        signin.region = match session.text("signInRegion") {
            Some(region) => Region::parse(region, "signInRegion of the login session")?,
            None => self.region.clone(),
        };
        context.messages.step(|| String::from("renewing the login session"));
        let body = CreateOAuth2TokenRequestBody::builder()
            .client_id(client)
            .grant_type("refresh_token")
            .refresh_token(refresh)
            .build()
            .map_err(|error| Error::new(format!("{}: {error}", self.about)))?;
        match tokens(&signin, body, key, context) {
            Ok(renewed) => {
                session.take(&renewed);
                Ok(None)
            }
            Err(Refusal::Expired) => Ok(Some(Error::new("the login session has expired"))),
            Err(Refusal::PasswordChanged) => Ok(Some(Error::new("the password has changed since the login"))),
            Err(Refusal::Refused(said)) => Ok(Some(said)),
            Err(Refusal::NotAllowed) => {
                Err(Error::new(format!("{}: you are not allowed to renew the login session", self.about))
                    .advise(format!("ask for AWS's managed policy {POLICY}")))
            }
            Err(Refusal::Failed(error)) => Err(error.in_front(self.about)),
        }
    }
}

fn unusable(path: &Path) -> Error {
    Error::new(format!("the login session in {} cannot be used", path.display()))
}
