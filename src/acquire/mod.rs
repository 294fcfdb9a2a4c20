//! Carrying a plan out: the last step that is still fresh in a cache, and STS for the rest, each step stored.

mod base;
pub mod browser;
pub mod cache;
mod callback;
mod files;
mod forecast;
mod helper;
pub mod http;
mod lock;
mod logout;
mod mfa;
mod random;
mod signals;
mod sts;
mod terminal;
mod trust;
mod wait;
mod whoami;

pub use cache::Store;
pub use forecast::{Call, CodeSource, Forecast, Held, forecast, held_of_base, result_left};
pub use logout::{forget, forget_all};
pub use mfa::shell_word;
pub use signals::Undisturbed;
pub use sts::address as sts_address;
pub use whoami::{Identity, identity};

use std::os::fd::{AsRawFd as _, IntoRawFd as _};
use std::path::PathBuf;

use crate::config::ProfileSet;
use crate::credentials::{Credentials, Seconds, for_people, local_time, needed, now};
use crate::env::Snapshot;
pub use crate::error::io_words;
use crate::error::{Error, Result};
use crate::messages::Messages;
use crate::plan::{Acquisition, Base, CHAINED, Mfa, Provider, Role, Session};
use crate::request::{Action, Request};

use base::NotSignedIn;
use cache::{Entry, KeptSession};
use lock::{Lock, Turn};
use mfa::{Codes, NoCode, Sources};
use sts::{Client, Code, Failure, Kind, Subject};
use terminal::Interrupted;

/// A session or role that only serves as a step must be good for as long as the next call may take, in seconds.
const STEP: Seconds = 60;
/// A session younger than this was made for this very run: a role that refuses it refuses every session.
const YOUNG: Seconds = 60;

/// Everything that carrying out needs beside the plan.
pub struct Context<'a> {
    /// What was asked for.
    pub request: &'a Request<'a>,
    /// The files, for the base's secret.
    pub set: &'a ProfileSet<'a>,
    /// The environment.
    pub snapshot: &'a Snapshot,
    /// The caches.
    pub store: &'a Store,
    /// The voice.
    pub messages: &'a Messages,
}

/// Prepares the process for secrets and files: no core dump that could hold them (execve makes the command dumpable
/// again), and no closed standard descriptor that a cache file could take the place of.
pub fn harden() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    // Opened close-on-exec: the command finds them closed as its caller left them.
    while let Ok(null) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null") {
        if null.as_raw_fd() > 2 {
            break;
        }
        let _ = null.into_raw_fd();
    }
}

/// The credentials that a cache, or the files alone, give without a call of STS. No lock is touched.
pub fn at_hand(plan: &Acquisition, context: &Context<'_>) -> Result<Option<Credentials>> {
    if plan.roles.is_empty()
        && plan.session.is_none()
        && let Some(credentials) = base::at_hand(&plan.base, context)?
    {
        return Ok(Some(credentials));
    }
    // A login makes sure of the token too, which is good for longer than the role's credentials.
    if context.request.action == Action::Login && base::is_sso(plan) {
        return Ok(None);
    }
    // With no role the MFA session is the result, and it stands: only `--login --refresh` replaces it.
    if context.request.refresh && (!plan.session_is_result() || context.request.action == Action::Login) {
        return Ok(None);
    }
    let credentials = fresh_result(plan, context);
    if let Some(credentials) = &credentials {
        say_if_short(plan, context, credentials);
    }
    Ok(credentials)
}

/// Says that the credentials are good for less than was asked for. Nobody asked for the default in so many words: it
/// is no news when a short role has less.
fn say_if_short(plan: &Acquisition, context: &Context<'_>, credentials: &Credentials) {
    let (request, now) = (context.request, now());
    let Some(left) = credentials.left(now) else { return };
    // New credentials of the length that was asked for are a moment old.
    let short = request.min_ttl_asked && left + STEP < request.min_ttl;
    // Nobody knows how long a provider's credentials lived before they were given.
    let length = if plan.length() == Seconds::MAX { left } else { plan.length() };
    if short || left < needed(request.min_ttl, length) {
        context.messages.warn(&format!(
            "the credentials of profile '{}' are good for {} only; {} was asked for",
            plan.profile.as_deref().unwrap_or("default"),
            for_people(left),
            for_people(request.min_ttl)
        ));
    }
}

/// The plan's result from a cache, when it is good for long enough.
fn fresh_result(plan: &Acquisition, context: &Context<'_>) -> Option<Credentials> {
    let now = now();
    let entry = cached_result(plan, context, now)?;
    let fresh = entry.left(now) >= needed(context.request.min_ttl, entry.length);
    context.messages.step(|| {
        let how = if fresh { "taken" } else { "too little" };
        format!("cached credentials have {} left: {how}", for_people(entry.left(now)))
    });
    fresh.then_some(entry.credentials)
}

/// The plan's result from a cache, whatever it has left (but not ended at `now`).
fn cached_result(plan: &Acquisition, context: &Context<'_>, now: Seconds) -> Option<Entry> {
    match (plan.roles.len().checked_sub(1), &plan.session) {
        (Some(last), _) => context.store.role(plan, last, now),
        (None, Some(session)) => Some(usable_session(plan, session, context, now)?.entry),
        (None, None) => base::kept(&plan.base, context, now),
    }
}

/// How many roles need not be assumed, for the last of them has fresh credentials in the cache; and these.
fn last_fresh_role(plan: &Acquisition, context: &Context<'_>, now: Seconds) -> (usize, Option<Credentials>) {
    if context.request.refresh {
        return (0, None);
    }
    // The last role's own entry was looked at already; it is not fresh enough.
    (0..plan.roles.len().saturating_sub(1))
        .rev()
        .find_map(|at| {
            let entry = context.store.role(plan, at, now)?;
            (entry.left(now) >= STEP).then(|| (at + 1, Some(entry.credentials)))
        })
        .unwrap_or((0, None))
}

/// The kept session, if it is younger than this profile wants its sessions.
fn usable_session(plan: &Acquisition, session: &Session, context: &Context<'_>, now: Seconds) -> Option<KeptSession> {
    context.store.session(plan, session, now).filter(|kept| now - kept.issued < session.length)
}

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
pub fn obtain(plan: &Acquisition, context: &Context<'_>) -> Result<Obtained> {
    base::refuse_circle(plan, context)?;
    let profile = plan.profile.clone().unwrap_or_else(|| String::from("default"));
    let sources = Sources {
        option: context.request.code_option.clone(),
        variable: context.request.code_variable.clone(),
        process: plan.mfa_process.clone(),
        environment: &context.snapshot.entries,
        profile: profile.clone(),
        place: plan.sts.foreign().map(String::from),
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
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
}

/// Says that STS is called over plain http.
fn warn_in_clear(plan: &Acquisition, context: &Context<'_>) {
    if let Some(url) = plan.sts.in_clear() {
        context.messages.warn(&format!("credentials cross the network unencrypted: the endpoint is {url}"));
    }
}

/// One carrying-out.
struct Run<'a> {
    plan: &'a Acquisition,
    context: &'a Context<'a>,
    profile: String,
    codes: Codes<'a>,
    client: Option<Client>,
    /// Who is logged in, where the base needs that.
    token: Option<base::Token>,
    lock: Option<Lock>,
    /// Whether cached role credentials are passed over.
    refresh: bool,
    /// Whether the kept session is passed over too.
    renew_session: bool,
}

/// Why an attempt gave no credentials.
enum Stop {
    Failed(Error),
    Resumed,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What the lock owes to those who wait for it.
struct Holder<'a>(&'a mut Option<Lock>);

impl Interrupted for Holder<'_> {
    fn stopping(&mut self) {
        *self.0 = None;
    }

    fn cancelled(&mut self) {
        if let Some(lock) = self.0 {
            lock.give_up();
        }
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
            && let Some(credentials) = fresh_result(self.plan, self.context)
        {
            return Ok(credentials);
        }
        let (mut done, mut credentials) = last_fresh_role(self.plan, self.context, now());
        while let Some(role) = self.plan.roles.get(done) {
            credentials = Some(match (&role.mfa, credentials) {
                (Mfa::Session, _) => self.assume_from_session(done, role)?,
                (Mfa::Code(serial), signer) => {
                    let signer = self.signer(signer)?;
                    let serial = serial.clone();
                    let plan = self.plan;
                    let subject = self.profile.clone();
                    let assumed = self.with_code(&serial, None, |client, code| {
                        client.assume_role(&signer, role, Some(code), Subject { profile: &subject, role: Some(role) })
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
    fn signer(&self, before: Option<Credentials>) -> Result<Credentials, Stop> {
        if let Some(credentials) = before {
            return Ok(credentials);
        }
        // As a result kept credentials were looked at already; they are not fresh enough.
        let step = (!self.plan.roles.is_empty() && !self.refresh).then_some(STEP);
        let credentials = base::fetch(self.plan, self.context, self.token.as_ref(), step)?;
        self.refuse_long_chain(&credentials)?;
        Ok(credentials)
    }

    /// Makes sure of the token of IAM Identity Center, when it is needed.
    fn sign_in(&mut self) -> Result<(), Stop> {
        let kept = || base::kept(&self.plan.base, self.context, now()).is_some_and(|entry| entry.left(now()) >= STEP);
        let needed = self.context.request.action == Action::Login
            || self.refresh
            || last_fresh_role(self.plan, self.context, now()).0 == 0 && (self.plan.roles.is_empty() || !kept());
        if self.token.is_none() && base::is_sso(self.plan) && needed {
            self.token = base::sign_in(self.plan, self.context).map_err(|none| match none {
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
            Some(role) if credentials.session_token.is_some() && role.length() > CHAINED => {
                Err(role.too_long(self.context.set).into())
            }
            _ => Ok(()),
        }
    }

    /// Takes the lock: the device's, else the cache entry's.
    fn take_turn(&mut self) -> Result<(), Stop> {
        let Some(path) = self.lock_path() else { return Ok(()) };
        let what = if self.device().is_some() { "the MFA prompt" } else { "the credentials" };
        match lock::take(&path, self.context.messages, what, &base::ancestors(self.context.snapshot)) {
            Turn::Held(lock) => self.lock = Some(lock),
            Turn::Ancestor { pid } => return Err(part_of_itself(pid).into()),
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
            cache::hex_sha1(&format!("{}\n{serial}", self.plan.base.long_term_key().unwrap_or_default()))
        } else {
            let store = self.context.store;
            let path = match self.plan.roles.len().checked_sub(1) {
                Some(last) => store.role_path(self.plan, last)?,
                None => base::kept_path(&self.plan.base, store)?,
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

    fn client(&mut self) -> Result<&Client, Error> {
        if self.client.is_none() {
            warn_in_clear(self.plan, self.context);
            self.client = Some(Client::new(&self.plan.sts, http::LIMITS)?);
        }
        self.client.as_ref().ok_or_else(|| Error::new("there is no client of STS"))
    }

    /// AssumeRole without a code, kept in the cache.
    fn assume(&mut self, at: usize, role: &Role, signer: &Credentials) -> Result<Credentials, Failure> {
        let profile = self.profile.clone();
        self.context.messages.step(|| {
            format!(
                "AssumeRole {} in {}, signed by {}",
                role.arn.as_str(),
                self.plan.sts.region.name,
                signer.access_key_id
            )
        });
        let client = self.client().map_err(|error| Failure { kind: Kind::Other, error })?;
        let assumed = client.assume_role(signer, role, None, Subject { profile: &profile, role: Some(role) })?;
        self.context.store.keep_role(self.plan, at, &assumed, self.context.messages);
        Ok(assumed.credentials)
    }

    /// Assumes a role from the MFA session; cases 1 and 3 of DESIGN's "One MFA code for the day".
    fn assume_from_session(&mut self, at: usize, role: &Role) -> Result<Credentials, Stop> {
        let plan = self.plan;
        let Some(session) = &plan.session else {
            return Err(Error::new("the plan has no MFA session for its role").into());
        };
        let request = cache::cli_key(role);
        let kept = self.session(session, false)?;
        let failure = match self.assume(at, role, &kept.entry.credentials) {
            Ok(credentials) => return Ok(credentials),
            Err(failure) => failure,
        };
        let dead = failure.kind == Kind::DeadCredentials;
        let known = kept.refused.contains(&request);
        if dead {
            self.context.store.drop_session(plan, session);
        } else if failure.kind != Kind::Denied || known {
            return Err(failure.error.into());
        }
        if now() - kept.issued < YOUNG {
            if !dead {
                self.remember_refusal(session, kept, request);
            }
            return Err(failure.error.into());
        }
        if !self.can_ask() {
            return Err(if dead {
                let login =
                    format!("run 'aws-auth -p {} --login' in a terminal for a new one", shell_word(&self.profile));
                failure.error.advise(format!("the MFA session has ended early, {login}")).into()
            } else {
                failure.error.into()
            });
        }
        let at_time = local_time(kept.issued, now());
        let why = if dead {
            format!("STS no longer knows the session of {at_time}; a new code is needed")
        } else {
            format!("role {} refused the session of {at_time}; a newer code may help", role.arn.as_str())
        };
        let newer = self.new_session(session, Some(&why))?;
        match self.assume(at, role, &newer.entry.credentials) {
            Ok(credentials) => Ok(credentials),
            Err(failure) => {
                if failure.kind == Kind::Denied {
                    self.remember_refusal(session, newer, request);
                }
                Err(failure.error.into())
            }
        }
    }

    /// Whether a code can be had at all.
    fn can_ask(&self) -> bool {
        self.codes.has_source() || terminal::Terminal::open().is_some()
    }

    fn remember_refusal(&self, session: &Session, mut kept: KeptSession, request: String) {
        if session.kept && !kept.refused.contains(&request) {
            kept.refused.push(request);
            self.context.store.keep_session(self.plan, session, &kept, self.context.messages);
        }
    }

    /// The MFA session: the kept one when it is good for long enough, else a new one.
    fn session(&mut self, session: &Session, is_result: bool) -> Result<KeptSession, Stop> {
        let now = now();
        if !self.renew_session
            && let Some(kept) = usable_session(self.plan, session, self.context, now)
        {
            let wanted = if is_result { needed(self.context.request.min_ttl, kept.entry.length) } else { STEP };
            if kept.entry.left(now) >= wanted {
                self.context.messages.step(|| {
                    format!(
                        "MFA session of {} with {} left",
                        local_time(kept.issued, now),
                        for_people(kept.entry.left(now))
                    )
                });
                return Ok(kept);
            }
        }
        self.new_session(session, None)
    }

    /// GetSessionToken with a code.
    fn new_session(&mut self, session: &Session, why: Option<&str>) -> Result<KeptSession, Stop> {
        let signer = self.signer(None)?;
        let profile = self.profile.clone();
        let credentials = self.with_code(&session.serial, why, |client, code| {
            client.session_token(&signer, session.length, code, Subject { profile: &profile, role: None })
        })?;
        let issued = now();
        let Some(expiration) = credentials.expiration else {
            return Err(Error::new("STS gave a session without an end").advise("try again").into());
        };
        let mut credentials = credentials;
        credentials.account_id = session.serial.account().map(String::from);
        let entry = Entry { credentials, expiration, length: expiration - issued };
        let kept = KeptSession { entry, issued, refused: Vec::new() };
        if session.kept {
            self.context.store.keep_session(self.plan, session, &kept, self.context.messages);
            self.context.store.sweep(issued);
        }
        self.renew_session = false;
        Ok(kept)
    }

    /// Makes a call that carries a code, with another code when STS refuses one.
    fn with_code<T>(
        &mut self,
        serial: &crate::plan::Serial,
        why: Option<&str>,
        call: impl Fn(&Client, Code<'_>) -> Result<T, Failure>,
    ) -> Result<T, Stop> {
        if let Some(pid) = self.lock.as_ref().and_then(Lock::after) {
            return Err(Error::new(format!("process {pid}, whose MFA prompt this one waited for, gave up"))
                .advise("run the command again to be asked")
                .into());
        }
        // What is wrong with the endpoint or its certificates must not cost a code.
        self.client()?;
        let mut why = why.map(String::from);
        loop {
            let given = self.codes.next(serial, why.as_deref(), &mut Holder(&mut self.lock));
            let given = given.map_err(|none| self.no_code(none))?;
            self.codes.sent(serial, &given.digits);
            self.context.messages.step(|| format!("sending a code of {}", serial.as_str()));
            let failure = match call(self.client()?, Code { serial, digits: &given.digits }) {
                Ok(answer) => {
                    self.codes.accepted();
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            if failure.kind != Kind::WrongCode {
                return Err(failure.error.into());
            }
            why = Some(self.codes.refused(&given, failure.error).map_err(|none| self.no_code(none))?);
        }
    }

    fn no_code(&mut self, none: NoCode) -> Stop {
        match none {
            NoCode::Failed(error) => Stop::Failed(error),
            NoCode::GivenUp(error) => {
                if let Some(lock) = &mut self.lock {
                    lock.give_up();
                }
                Stop::Failed(error)
            }
            NoCode::Resumed => Stop::Resumed,
        }
    }

    /// What a person who typed a code has for it, and whether it is less than was asked for.
    fn report(&self, credentials: &Credentials) {
        if let (Some(token), Some(login)) = (&self.token, base::login(self.plan))
            && (token.new || self.context.request.action == Action::Login)
        {
            let then = if token.renewable { ", and renewed then" } else { "" };
            let until = local_time(token.until, now());
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
        }
    }
}

/// A helper of ours needs what we are getting by it.
fn part_of_itself(pid: u32) -> Error {
    Error::new(format!("process {pid} waits for this one, which needs what that one is getting"))
        .advise("a credential_process must not need the role that is assumed with its credentials")
}

/// Which role (or session) the credentials are, and until when.
pub fn summary(plan: &Acquisition, credentials: &Credentials, now: Seconds) -> String {
    let profile = plan.profile.as_deref().unwrap_or("no profile");
    let what = match (plan.roles.last(), &plan.session) {
        (Some(role), _) => format!("role {}", role.arn.as_str()),
        (None, Some(session)) => format!("MFA session of {}", session.serial.as_str()),
        (None, None) => match &plan.base {
            Base::Static { access_key_id, .. } | Base::Environment { access_key_id, .. } => {
                format!("keys {access_key_id}")
            }
            Base::Provider { kind, .. } => match &**kind {
                Provider::WebIdentity(web) => format!("role {}", web.role.as_str()),
                Provider::Sso(sso) => format!("SSO role {} in {}", sso.role_name, sso.account_id),
                _ => format!("credentials {}", credentials.access_key_id),
            },
        },
    };
    match credentials.expiration {
        Some(end) => format!("{profile}: {what} until {}", local_time(end, now)),
        None => format!("{profile}: {what}, which do not end"),
    }
}
