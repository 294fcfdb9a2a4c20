//! One carrying-out: takes its turn, finds the last step that is still fresh, and does the rest.

use std::path::PathBuf;

use crate::acquire::lookup::{MIN_STEP_TTL, cached_result, fresh, last_fresh_role, say_if_short, warn_in_clear};
use crate::acquire::story;
use crate::aws::sts::Client;
use crate::aws::sts_errors::{Failure, Kind, Subject};
use crate::aws::{http, sts};
use crate::cache::{keys, provider};
use crate::cli::action::Action;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::{Error, Result, io_words};
use crate::mfa::codes::{Codes, Sources};
use crate::plan::base::Base;
use crate::plan::mfa::MAX_CHAINED_LENGTH;
use crate::plan::model::{Acquisition, Mfa, Role};
use crate::plan::words::summary;
use crate::providers::{fetch, process};
use crate::sso::outcome::NotSignedIn;
use crate::sso::token;
use crate::system::lock;
use crate::system::lock::{Lock, Turn};
use crate::time::now;

/// Credentials, and whether this very run got them from STS.
pub struct Obtained {
    /// The credentials.
    pub credentials: Credentials,
    /// False when another run, which held the lock, left them in a cache.
    pub by_this_run: bool,
}

/// Gets the credentials: takes the lock, asks for a code where one is needed, calls STS, keeps what it gives.
///
/// # Errors
/// Everything that can go wrong with codes and STS, in a fact and an advice.
#[cold]
pub fn obtain(plan: &Acquisition, context: &Context<'_>) -> Result<Obtained> {
    process::refuse_circle(plan, context)?;
    let profile = plan.profile.clone().unwrap_or_else(|| String::from("default"));
    let sources = Sources {
        option: context.request.code_option.clone(),
        variable: context.request.code_variable.clone(),
        process: plan.mfa_process.clone(),
        environment: &context.snapshot.entries,
        profile: profile.clone(),
        place: plan.sts.foreign().map(String::from),
        renewal: context.request.renewal.clone(),
    };
    let mut run = Run {
        plan,
        context,
        profile,
        codes: Codes::new(sources, context.store),
        client: None,
        token: None,
        lock: None,
        refresh: context.request.refresh,
        renew_session: context.request.refresh && context.request.action == Action::Login,
    };
    loop {
        match run.attempt() {
            Ok(credentials) => {
                run.report(&credentials);
                return Ok(Obtained { credentials, by_this_run: run.client.is_some() });
            }
            // The program was stopped and others may have done the work meanwhile: look again.
            Err(Stop::Resumed) => {}
            Err(Stop::StillGood(credentials)) => return Ok(Obtained { credentials, by_this_run: false }),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
}

/// One carrying-out.
pub(crate) struct Run<'a> {
    pub(crate) plan: &'a Acquisition,
    pub(crate) context: &'a Context<'a>,
    pub(crate) profile: String,
    pub(crate) codes: Codes<'a>,
    pub(crate) client: Option<Client>,
    /// Who is logged in, where the base needs that.
    pub(crate) token: Option<token::Token>,
    pub(crate) lock: Option<Lock>,
    /// Whether cached role credentials are passed over.
    pub(crate) refresh: bool,
    /// Whether the kept session is passed over too.
    pub(crate) renew_session: bool,
}

/// Why an attempt gave no credentials.
pub(crate) enum Stop {
    Failed(Error),
    Resumed,
    /// A renewal does without a code for now.
    StillGood(Credentials),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Run<'_> {
    fn attempt(&mut self) -> Result<Credentials, Stop> {
        if self.lock.is_none() {
            // Nobody who only needs the role waits while a person signs in.
            self.sign_in()?;
            self.take_turn()?;
        }
        // Whoever held the lock before us may have got what we want.
        if !(self.refresh && !self.plan.session_is_result() || self.renew_session)
            && let Some(credentials) = cached_result(self.plan, self.context, now())
                .and_then(|entry| fresh(entry, self.context.request.min_ttl))
        {
            self.context.messages.step(|| String::from("another process has put them into the cache meanwhile"));
            return Ok(credentials);
        }
        let (mut done, found) = last_fresh_role(self.plan, self.context, now());
        if let Some(entry) = &found {
            self.context.messages.steps(|| story::goes_on_from(self.plan, done - 1, self.context, entry));
        }
        let mut credentials = found.map(|entry| entry.credentials);
        while let Some(role) = self.plan.roles.get(done) {
            credentials = Some(match (&role.mfa, credentials) {
                (Mfa::Session, _) => self.assume_from_session(done, role)?,
                (Mfa::Code(serial), signer) => {
                    let signer = self.signer(signer)?;
                    let serial = serial.clone();
                    let plan = self.plan;
                    let subject = self.profile.clone();
                    let told = || story::assume_role(role, &signer, self.context.set);
                    let assumed = self.with_code(&serial, None, &told, |client, code| {
                        client.assume_role(
                            &signer,
                            role,
                            Some(code),
                            Subject { profile: Some(&subject), role: Some(role) },
                        )
                    })?;
                    self.context.store.keep_role(plan, done, &assumed, self.context.messages);
                    assumed.credentials
                }
                (Mfa::None, signer) => {
                    let signer = self.signer(signer)?;
                    self.assume(done, role, &signer).map_err(|failure| failure.error)?
                }
            });
            done += 1;
        }
        match (credentials, &self.plan.session) {
            (Some(credentials), _) => Ok(credentials),
            (None, Some(session)) => Ok(self.session(session, true)?.entry.credentials),
            (None, None) => self.signer(None),
        }
    }

    /// The credentials that sign the next call: those of the step before, else the base's.
    pub(crate) fn signer(&self, before: Option<Credentials>) -> Result<Credentials, Stop> {
        if let Some(credentials) = before {
            return Ok(credentials);
        }
        // As a result kept credentials were looked at already; they are not fresh enough.
        let step = (!self.plan.roles.is_empty() && !self.refresh).then_some(MIN_STEP_TTL);
        let credentials = fetch::fetch(self.plan, self.context, self.token.as_ref(), step)?;
        self.refuse_long_chain(&credentials)?;
        Ok(credentials)
    }

    /// Makes sure of the token of IAM Identity Center, when it is needed.
    fn sign_in(&mut self) -> Result<(), Stop> {
        let kept = || {
            crate::providers::fetch::kept(&self.plan.base, self.context, now())
                .is_some_and(|entry| entry.left(now()) >= MIN_STEP_TTL)
        };
        let needed = self.context.request.action == Action::Login
            || self.refresh
            || last_fresh_role(self.plan, self.context, now()).0 == 0 && (self.plan.roles.is_empty() || !kept());
        if self.token.is_none() && fetch::is_sso(self.plan) && needed {
            self.token = fetch::sign_in(self.plan, self.context).map_err(|none| match none {
                NotSignedIn::Resumed => Stop::Resumed,
                NotSignedIn::Failed(error) | NotSignedIn::GivenUp(error) | NotSignedIn::NoBrowser(error) => {
                    Stop::Failed(error)
                }
            })?;
        }
        Ok(())
    }

    /// What the plan could not know of a process: that it gives temporary credentials. Said before a code is asked for.
    fn refuse_long_chain(&self, credentials: &Credentials) -> Result<(), Stop> {
        let Base::Provider { .. } = self.plan.base else { return Ok(()) };
        match self.plan.roles.first() {
            Some(role) if credentials.session_token.is_some() && role.length() > MAX_CHAINED_LENGTH => {
                Err(role.too_long(self.context.set).into())
            }
            _ => Ok(()),
        }
    }

    /// Takes the lock: the device's, else the cache entry's.
    fn take_turn(&mut self) -> Result<(), Stop> {
        let Some(path) = self.lock_path() else { return Ok(()) };
        let what = if self.device().is_some() { "the MFA prompt" } else { "the credentials" };
        match lock::take(&path, self.context, what) {
            Turn::Held(lock) => self.lock = Some(lock),
            Turn::Never(error) => return Err(error.into()),
            Turn::Impossible(error) => {
                self.context.messages.cache_failure(&format!(
                    "cannot keep anything in {} ({}); the next run will ask again",
                    path.parent().unwrap_or(&path).display(),
                    io_words(&error)
                ));
            }
        }
        Ok(())
    }

    fn lock_path(&self) -> Option<PathBuf> {
        let state = self.context.store.state().filter(|_| self.context.store.writable())?;
        let name = if let Some(serial) = self.device() {
            keys::hex_sha1(&format!("{}\n{serial}", self.plan.base.long_term_key().unwrap_or_default()))
        } else {
            let store = self.context.store;
            let path = match self.plan.roles.len().checked_sub(1) {
                Some(last) => store.role_path(self.plan, last)?,
                None => provider::kept_path(&self.plan.base, store)?,
            };
            path.file_stem()?.to_string_lossy().into_owned()
        };
        Some(state.join(format!("lock-{name}")))
    }

    /// The device that a code is asked of.
    fn device(&self) -> Option<&str> {
        let session = self.plan.session.as_ref().map(|session| session.serial.as_str());
        session.or_else(|| {
            self.plan.roles.iter().find_map(|role| match &role.mfa {
                Mfa::Code(serial) => Some(serial.as_str()),
                _ => None,
            })
        })
    }

    pub(crate) fn client(&mut self) -> Result<&Client, Error> {
        if self.client.is_none() {
            warn_in_clear(self.plan, self.context);
            self.client = Some(Client::new(&self.plan.sts, http::LIMITS)?);
        }
        self.client.as_ref().ok_or_else(|| Error::new("there is no client of STS"))
    }

    /// AssumeRole without a code, kept in the cache.
    pub(crate) fn assume(&mut self, at: usize, role: &Role, signer: &Credentials) -> Result<Credentials, Failure> {
        let profile = self.profile.clone();
        self.context.messages.step(|| {
            let place = sts::sts_place(&self.plan.sts, self.context.set);
            format!("{}, in {place}", story::assume_role(role, signer, self.context.set))
        });
        let client = self.client().map_err(|error| Failure { kind: Kind::Other, error })?;
        let assumed = client.assume_role(signer, role, None, Subject { profile: Some(&profile), role: Some(role) })?;
        self.context.store.keep_role(self.plan, at, &assumed, self.context.messages);
        Ok(assumed.credentials)
    }

    /// What a person who typed a code has for it, and whether it is less than was asked for.
    fn report(&self, credentials: &Credentials) {
        if let (Some(token), Some(login)) = (&self.token, crate::providers::fetch::login(self.plan))
            && (token.new || self.context.request.action == Action::Login)
        {
            let then = if token.renewable { ", and renewed then" } else { "" };
            let until = token.until.local(now());
            self.context.messages.say(&format!("{}: signed in to {login} until {until}{then}", self.profile));
        }
        say_if_short(self.plan, self.context, credentials);
        if self.codes.any_sent()
            && let Some(why) = self.context.store.keeps_nothing()
        {
            self.context.messages.cache_failure(&format!("{why}, so nothing is kept; the next run will ask again"));
        }
        // A login says it in any case.
        if self.codes.prompted && self.context.request.action != Action::Login {
            self.context.messages.say(&summary(self.plan, credentials, now()));
        } else if !self.context.request.action.says_result() {
            self.context.messages.step(|| summary(self.plan, credentials, now()));
        }
    }
}
