//! Roles from an MFA session, and calls that carry a code (DESIGN, "One MFA code for the day").

use crate::acquire::lookup::{MIN_STEP_TTL, still_good, usable_session};
use crate::acquire::obtain::{Run, Stop};
use crate::acquire::story;
use crate::aws::sts;
use crate::aws::sts::{Client, Code};
use crate::aws::sts_errors::{Failure, Kind, Subject};
use crate::cache::entry::{Entry, KeptSession};
use crate::cache::freshness::needed;
use crate::cache::keys;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::mfa::codes::NoCode;
use crate::plan::model::{Role, Session};
use crate::system::lock::{Holder, Lock};
use crate::system::terminal;
use crate::text::shell_words::shell_word;
use crate::time::{Length, now};

/// A session younger than this was made for this very run: a role that refuses it refuses every session.
const MAX_AGE_OF_NEW_SESSION: Length = Length::seconds(60);

/// A renewal asks for no code while cached credentials are good for so many seconds.
const RENEWAL_GRACE: Length = Length::minutes(5);

impl Run<'_> {
    /// Assumes a role from the MFA session; cases 1 and 3 of DESIGN's "One MFA code for the day".
    pub(crate) fn assume_from_session(&mut self, at: usize, role: &Role) -> Result<Credentials, Stop> {
        let plan = self.plan;
        let Some(session) = &plan.session else {
            return Err(Error::new("the plan has no MFA session for its role").into());
        };
        let request = keys::cli_key(role);
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
        if now() - kept.issued < MAX_AGE_OF_NEW_SESSION {
            if !dead {
                self.remember_refusal(session, kept, request);
            }
            return Err(failure.error.into());
        }
        if !self.can_ask() {
            return Err(if dead {
                let login =
                    format!("run 'aws-auth -p {} --login' in a terminal for a new one", shell_word(&self.profile));
                failure.error.advise(format!("the MFA session was ended early; {login}")).into()
            } else {
                failure.error.into()
            });
        }
        let at_time = kept.issued.local(now());
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
    pub(crate) fn session(&mut self, session: &Session, is_result: bool) -> Result<KeptSession, Stop> {
        let now = now();
        if !self.renew_session
            && let Some(kept) = usable_session(self.plan, session, self.context, now)
        {
            let wanted = if is_result { needed(self.context.request.min_ttl, kept.entry.length) } else { MIN_STEP_TTL };
            if kept.entry.left(now) >= wanted {
                self.context.messages.step(|| story::session(self.plan, session, self.context, Some(&kept)));
                return Ok(kept);
            }
        }
        // As a result it was told of when it was looked for.
        if !is_result {
            self.context.messages.step(|| story::session(self.plan, session, self.context, None));
        }
        self.new_session(session, None)
    }

    /// GetSessionToken with a code.
    pub(crate) fn new_session(&mut self, session: &Session, why: Option<&str>) -> Result<KeptSession, Stop> {
        let signer = self.signer(None)?;
        let profile = self.profile.clone();
        let told = || story::get_session_token(session, &signer);
        let mut credentials = self.with_code(&session.serial, why, &told, |client, code| {
            client.session_token(&signer, session.length, code, Subject { profile: Some(&profile), role: None })
        })?;
        let issued = now();
        let Some(expiration) = credentials.expiration else {
            return Err(Error::new("STS gave a session without an expiration").advise("try again").into());
        };
        credentials.account_id = session.serial.account().map(String::from);
        let entry = Entry { credentials, expiration, length: expiration - issued };
        let kept = KeptSession { entry, issued, refused: Vec::new() };
        if session.kept {
            self.context.store.keep_session(self.plan, session, &kept, self.context.messages);
            self.context.store.sweep(issued);
        }
        // As a result its end is told with the command, or with the summary.
        if !self.plan.session_is_result() {
            self.context.messages.step(|| story::new_session(self.plan, session, self.context, &kept));
        }
        self.renew_session = false;
        Ok(kept)
    }

    /// Makes a call that carries a code, with another code when STS refuses one. `told` is the call in words.
    pub(crate) fn with_code<T>(
        &mut self,
        serial: &crate::arn::Serial,
        why: Option<&str>,
        told: &dyn Fn() -> String,
        call: impl Fn(&Client, Code<'_>) -> Result<T, Failure>,
    ) -> Result<T, Stop> {
        if let Some(pid) = self.lock.as_ref().and_then(Lock::after) {
            return Err(Error::new(format!("process {pid}, whose MFA prompt this one waited for, gave up"))
                .advise("run the command again to be asked")
                .into());
        }
        if let Some(credentials) = still_good(self.plan, self.context, RENEWAL_GRACE) {
            return Err(Stop::StillGood(credentials));
        }
        // What is wrong with the endpoint or its certificates must not cost a code.
        self.client()?;
        let mut why = why.map(String::from);
        loop {
            let given = self.codes.next(serial, why.as_deref(), &mut Holder(&mut self.lock));
            let given = given.map_err(|none| self.no_code(none))?;
            self.codes.sent(serial, &given.digits);
            self.context.messages.step(|| {
                let source = given.source.unwrap_or("the terminal");
                let place = sts::sts_place(&self.plan.sts, self.context.set);
                format!("{}, with a code of {} from {source}, in {place}", told(), serial.as_str())
            });
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
        let or_still_good =
            |error| still_good(self.plan, self.context, MIN_STEP_TTL).map_or(Stop::Failed(error), Stop::StillGood);
        match none {
            NoCode::Failed(error) => or_still_good(error),
            NoCode::GivenUp(error) => {
                if let Some(lock) = &mut self.lock {
                    lock.give_up();
                }
                or_still_good(error)
            }
            NoCode::Resumed => Stop::Resumed,
        }
    }
}
