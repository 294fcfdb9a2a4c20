//! The calls of a plan: the credentials that sign them, the client that makes them, and the locks around them
//! (docs/design-credentials.md, "Locks").

use crate::acquire::coded::{Sent, Step};
use crate::acquire::lookup::{MIN_STEP_TTL, good_for, still_good, warn_in_clear};
use crate::acquire::story;
use crate::arn::Serial;
use crate::aws::http;
use crate::aws::sts::{self, Client, Code};
use crate::aws::sts_errors::{Failure, Kind, Subject};
use crate::cache::entry::Entry;
use crate::cache::keys::device_lock;
use crate::cache::lookup::Place;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::mfa::code::Given;
use crate::mfa::codes::Codes;
use crate::plan::mfa::MAX_CHAINED_LENGTH;
use crate::plan::model::{Acquisition, Role};
use crate::providers::fetch;
use crate::sso::token::Token;
use crate::system::held_locks::Lock;
use crate::system::lock::{Task, gave_up};
use crate::time::{Length, Timestamp, now};

/// A renewal asks for no code while the cached credentials have at least this much left.
const RENEWAL_GRACE: Length = Length::minutes(5);

/// The calls of one run.
pub(crate) struct Calls<'a> {
    pub(crate) plan: &'a Acquisition,
    pub(crate) context: &'a Context<'a>,
    pub(crate) codes: Codes<'a>,
    client: Option<Client<'a>>,
    /// The token of IAM Identity Center, if the base needs one.
    pub(crate) token: Option<Token>,
    /// The base's credentials, if this run has asked a provider for them.
    pub(crate) base: Option<Credentials>,
    /// The device's lock, while a code is asked for and sent.
    device_lock: Option<Lock>,
    /// Whether the last step was done by a call of this run, and not found in a cache.
    pub(crate) answered: bool,
}

/// Why there are no credentials.
pub(crate) enum Stop {
    /// They cannot be obtained.
    Failed(Error),
    /// A renewal asks for no code now, because the cached credentials are still good.
    StillGood(Credentials),
    /// The base gave temporary keys, which make no MFA session: the plan for these keys is to be carried out instead.
    Temporary,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.error)
    }
}

impl<'a> Calls<'a> {
    pub(crate) fn new(plan: &'a Acquisition, context: &'a Context<'a>, codes: Codes<'a>) -> Self {
        Self { plan, context, codes, client: None, token: None, base: None, device_lock: None, answered: false }
    }

    fn client(&mut self) -> Result<&Client<'a>> {
        if self.client.is_none() {
            warn_in_clear(self.plan, self.context);
            self.client = Some(Client::new(&self.plan.sts, http::LIMITS, &self.context.locks)?);
        }
        self.client.as_ref().ok_or_else(|| Error::new("there is no client of STS"))
    }

    /// The credentials that sign the next call: those of the step before, else the base's.
    pub(crate) fn signer(&mut self, before: Option<Credentials>) -> Result<Credentials, Stop> {
        if let Some(credentials) = before.or_else(|| self.base.clone()) {
            return Ok(credentials);
        }
        // If the base is the result, its cached credentials were looked up before and have too little left.
        let step = (!self.plan.roles.is_empty() && !self.context.request.cache.refresh).then_some(MIN_STEP_TTL);
        let credentials = fetch::fetch(self.plan, self.context, self.token.as_ref(), step)?;
        self.refuse_long_chain(&credentials)?;
        if self.plan.base.is_provider() {
            self.base = Some(credentials.clone());
        }
        if self.plan.if_temporary.is_some() && credentials.session_token.is_some() {
            return Err(Stop::Temporary);
        }
        Ok(credentials)
    }

    /// Refuses a first role of more than an hour if a process gave temporary credentials, which the plan could not
    /// know. This comes before a code is asked for.
    fn refuse_long_chain(&self, credentials: &Credentials) -> Result<()> {
        match self.plan.roles.first() {
            Some(role)
                if self.plan.base.is_provider()
                    && credentials.session_token.is_some()
                    && role.length() > MAX_CHAINED_LENGTH =>
            {
                Err(role.too_long(self.context.set))
            }
            _ => Ok(()),
        }
    }

    /// The base's credentials as the plan's result. If they are cached, one process at a time asks the provider.
    pub(crate) fn base(&mut self, place: Option<&Place>) -> Result<Credentials, Stop> {
        let _lock = self.take_entry_turn(place)?;
        if place.is_some() && !self.context.request.cache.refresh {
            let now = now();
            let entry = fetch::cached(&self.plan.base, self.context, now).entry();
            if let Some(credentials) = entry.and_then(|entry| self.result_from(entry, now)) {
                return Ok(credentials);
            }
        }
        self.signer(None)
    }

    /// AssumeRole without a code. For each cache entry, one process at a time makes the call.
    pub(crate) fn assume(
        &mut self,
        at: usize,
        role: &Role,
        before: Option<Credentials>,
    ) -> Result<Credentials, Failure> {
        let other = |error| Failure { kind: Kind::Other, error };
        let place = self.context.store.role_place(self.plan, at);
        let _lock = self.take_entry_turn(place.as_ref()).map_err(other)?;
        if let Some(credentials) = self.assumed_meanwhile(at) {
            self.answered = false;
            return Ok(credentials);
        }
        let signer = match self.signer(before) {
            Ok(signer) => signer,
            Err(Stop::Failed(error)) => return Err(other(error)),
            // A role that is assumed without a code is the first one only in plans without a session.
            Err(Stop::StillGood(_) | Stop::Temporary) => {
                return Err(other(Error::new("the plan has no keys for its first role")));
            }
        };
        let context = self.context;
        context.messages.step(|| {
            let place = sts::sts_place(&self.plan.sts, context.set);
            format!("{}, in {place}", story::assume_role(role, &signer, context.set))
        });
        let profile = self.plan.profile_name();
        let client = self.client().map_err(other)?;
        let assumed = client.assume_role(&signer, role, None, Subject { profile: Some(profile), role: Some(role) })?;
        self.answered = true;
        self.context.store.keep_role(self.plan, at, &assumed, self.context.messages);
        Ok(assumed.credentials)
    }

    /// AssumeRole with a code of this device.
    pub(crate) fn assume_with_code(
        &mut self,
        at: usize,
        role: &Role,
        serial: &Serial,
        before: Option<Credentials>,
    ) -> Result<Credentials, Stop> {
        let (plan, context) = (self.plan, self.context);
        let call = CodedCall {
            devices: std::iter::once(serial).chain(&role.others).collect(),
            why: None,
            before,
            describe: &|signer| story::assume_role(role, signer, context.set),
            meanwhile: &|calls| calls.assumed_meanwhile(at),
            call: &|_, client, signer, code| {
                let subject = Subject { profile: Some(plan.profile_name()), role: Some(role) };
                let assumed = client.assume_role(signer, role, Some(code), subject)?;
                context.store.keep_role(plan, at, &assumed, context.messages);
                Ok(assumed.credentials)
            },
        };
        self.with_code(&call)
    }

    /// The credentials of a role that another process assumed while this one waited for the lock.
    fn assumed_meanwhile(&self, at: usize) -> Option<Credentials> {
        if self.context.request.cache.refresh {
            return None;
        }
        let now = now();
        let entry = self.context.store.role(self.plan, at, now).entry()?;
        if at + 1 == self.plan.roles.len() {
            return self.result_from(entry, now);
        }
        (entry.left(now) >= MIN_STEP_TTL).then_some(entry.credentials)
    }

    /// The plan's result from an entry that another process wrote, if it has enough left.
    pub(crate) fn result_from(&self, entry: Entry, now: Timestamp) -> Option<Credentials> {
        let credentials = good_for(entry, self.context.request.cache.min_ttl, now)?;
        self.context.messages.step(|| String::from("another process has now put them into the cache"));
        Some(credentials)
    }

    /// Waits for the lock of this cache entry; `None` if the credentials are not cached.
    fn take_entry_turn(&self, place: Option<&Place>) -> Result<Option<Lock>> {
        match place.and_then(|place| place.path.file_stem()) {
            Some(key) => self.context.take_turn(&key.to_string_lossy(), Task::Call("the credentials")),
            None => Ok(None),
        }
    }
}

/// Makes a call with these credentials and this code.
type MakeCall<'c, T> = dyn Fn(&Calls<'_>, &Client<'_>, &Credentials, Code<'_>) -> Result<T, Failure> + 'c;

/// A call that carries a code.
pub(crate) struct CodedCall<'c, T> {
    /// The devices of which one gives the code, the preferred one first.
    pub(crate) devices: Vec<&'c Serial>,
    /// Why a code is asked for again; printed above the prompt.
    pub(crate) why: Option<&'c str>,
    /// The credentials of the step before; `None` if the base signs the call.
    pub(crate) before: Option<Credentials>,
    /// The call in words, for `-v`, given the credentials that sign it.
    pub(crate) describe: &'c dyn Fn(&Credentials) -> String,
    /// Looks for what another process obtained while this one waited for the lock.
    pub(crate) meanwhile: &'c dyn Fn(&Calls<'_>) -> Option<T>,
    /// Makes the call, and caches the result.
    pub(crate) call: &'c MakeCall<'c, T>,
}

impl<'c, T> CodedCall<'c, T> {
    /// The device that gave this code.
    fn serial(&self, given: &Given) -> Result<&'c Serial> {
        let serial = self.devices.get(given.device).or(self.devices.first());
        serial.copied().ok_or_else(|| Error::new("there is no MFA device"))
    }
}

impl Calls<'_> {
    /// Makes a call that carries a code, with another code if STS refuses one. The device's lock is held from before
    /// the prompt until the result is cached.
    pub(crate) fn with_code<T>(&mut self, call: &CodedCall<'_, T>) -> Result<T, Stop> {
        if let Some(credentials) = still_good(self.plan, self.context, RENEWAL_GRACE, now()) {
            return Err(Stop::StillGood(credentials));
        }
        // An unusable endpoint or CA bundle must not cost a code.
        self.client()?;
        let mut why = call.why.map(String::from);
        let mut signer = None;
        let mut step = Step::TakeTurn;
        let result = loop {
            step = match step {
                Step::TakeTurn => match self.take_device_turn(call) {
                    Ok(()) => Step::LookAgain,
                    Err(error) => break Err(self.or_still_good(error)),
                },
                Step::LookAgain => {
                    let found = (call.meanwhile)(self);
                    Step::looked(found, self.device_lock.as_ref().and_then(Lock::after))
                }
                Step::GetCode => {
                    // A provider is asked with the lock held, so that of many processes one asks it.
                    if signer.is_none() {
                        match self.signer(call.before.clone()) {
                            Ok(found) => signer = Some(found),
                            Err(none) => break Err(none),
                        }
                    }
                    Step::asked(self.codes.next(&call.devices, why.as_deref(), &self.context.locks))
                }
                Step::NoteCode(given) => {
                    match call.serial(&given) {
                        Ok(serial) => self.codes.sent(serial, &given.digits),
                        Err(error) => break Err(error.into()),
                    }
                    Step::SendCode(given)
                }
                Step::SendCode(given) => {
                    let sent = self.send(call, signer.as_ref(), &given, &mut why);
                    Step::sent(sent, !self.device_lock.as_ref().is_none_or(Lock::is_lost))
                }
                Step::Found(answer) => {
                    self.answered = false;
                    break Ok(answer);
                }
                Step::Answered(answer) => {
                    self.answered = true;
                    break Ok(answer);
                }
                Step::GiveWay(pid) => break Err(self.or_still_good(gave_up(pid, "MFA prompt"))),
                Step::GiveUp(error) => {
                    self.device_lock.iter().for_each(Lock::give_up);
                    break Err(self.or_still_good(error));
                }
                Step::Fail(error) => break Err(self.or_still_good(error)),
            };
        };
        self.device_lock = None;
        result
    }

    /// Waits for the device's lock.
    fn take_device_turn<T>(&mut self, call: &CodedCall<'_, T>) -> Result<()> {
        // That of the preferred device, whichever answers in the end.
        let name = call.devices.first().map(|serial| device_lock(&self.plan.base, serial)).unwrap_or_default();
        self.device_lock = None;
        self.device_lock = self.context.take_turn(&name, Task::Ask("the MFA prompt"))?;
        Ok(())
    }

    /// Sends a code once. If STS refuses it and another one may be tried, `why` says so.
    fn send<T>(
        &mut self,
        call: &CodedCall<'_, T>,
        signer: Option<&Credentials>,
        given: &Given,
        why: &mut Option<String>,
    ) -> Sent<T> {
        let ready = self.client().map(|_| ()).and(call.serial(given));
        let (serial, signer, client) = match (ready, signer, &self.client) {
            (Ok(serial), Some(signer), Some(client)) => (serial, signer, client),
            (Err(error), ..) => return Sent::Failure(error),
            _ => return Sent::Failure(Error::new("there is nothing to call STS with")),
        };
        let context = self.context;
        context.messages.step(|| {
            let source = given.source.unwrap_or("the terminal");
            let place = sts::sts_place(&self.plan.sts, context.set);
            format!("{}, with a code of {} from {source}, in {place}", (call.describe)(signer), serial.as_str())
        });
        match (call.call)(self, client, signer, Code { serial, digits: &given.digits }) {
            Ok(answer) => {
                self.codes.accepted();
                Sent::Answer(answer)
            }
            Err(failure) if failure.kind == Kind::WrongCode => {
                Sent::WrongCode(self.codes.refused(given, failure.error).map(|text| *why = Some(text)))
            }
            Err(failure) => Sent::Failure(failure.error),
        }
    }

    /// The failure, or for a renewal the cached credentials if they are still good.
    fn or_still_good(&self, error: Error) -> Stop {
        still_good(self.plan, self.context, MIN_STEP_TTL, now()).map_or(Stop::Failed(error), Stop::StillGood)
    }
}
