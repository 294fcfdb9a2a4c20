//! The MFA session of a plan, and the roles that are assumed from it (docs/design-credentials.md, "One code a day").

use crate::acquire::calls::{Calls, CodedCall, Stop};
use crate::acquire::lookup::MIN_STEP_TTL;
use crate::acquire::story;
use crate::aws::sts::{Client, Code};
use crate::aws::sts_errors::{Failure, Kind, Subject};
use crate::cache::entry::{Entry, StoredSession};
use crate::cache::freshness::needed;
use crate::cache::{forget, keys};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::plan::model::{Role, Session};
use crate::system::terminal::Terminal;
use crate::text::shell_words::shell_word;
use crate::time::{Length, now};

/// A session younger than this counts as new: a role that refuses it would refuse a newer one too.
const MAX_AGE_OF_NEW_SESSION: Length = Length::seconds(60);

/// The MFA session of a plan: found in the cache, or made with a code.
pub(crate) struct MfaSession<'a> {
    session: &'a Session,
    /// Whether the stored session is ignored (`--login --refresh`).
    renew: bool,
}

impl<'a> MfaSession<'a> {
    pub(crate) fn new(session: &'a Session, calls: &Calls<'_>) -> Self {
        let request = calls.context.request;
        Self { session, renew: request.cache.refresh && request.action.is_login() }
    }

    /// The session as the plan's result.
    pub(crate) fn result(&mut self, calls: &mut Calls<'_>) -> Result<Credentials, Stop> {
        let min_ttl = calls.context.request.cache.min_ttl;
        Ok(self.get(calls, &|entry| needed(min_ttl, entry.length))?.entry.credentials)
    }

    /// Assumes a role from the session, or from a newer one if the role refuses it (case 3).
    pub(crate) fn assume(&mut self, calls: &mut Calls<'_>, at: usize, role: &Role) -> Result<Credentials, Stop> {
        let request = keys::request_key(role);
        let stored = self.get(calls, &|_| MIN_STEP_TTL)?;
        let failure = match calls.assume(at, role, Some(stored.entry.credentials.clone())) {
            Ok(credentials) => return Ok(credentials),
            Err(failure) => failure,
        };
        let dead = failure.kind == Kind::DeadCredentials;
        if dead {
            calls.context.store.drop_session(calls.plan, &stored.serial);
        } else if failure.kind != Kind::Denied || stored.refused.contains(&request) {
            return Err(failure.into());
        }
        if now() - stored.issued < MAX_AGE_OF_NEW_SESSION {
            if !dead {
                self.remember_refusal(calls, stored, request);
            }
            return Err(failure.into());
        }
        if !can_ask(calls) {
            return Err(Stop::Failed(if dead { ended_early(failure.error, calls) } else { failure.error }));
        }
        let newer = self.replace(calls, &stored, &why_newer(role, &stored, dead))?;
        calls.assume(at, role, Some(newer.entry.credentials.clone())).map_err(|failure| {
            if failure.kind == Kind::Denied {
                self.remember_refusal(calls, newer, request);
            }
            failure.into()
        })
    }

    /// The stored session if it has enough left, else a new one. `wanted` is the lifetime that it must have left.
    fn get(&mut self, calls: &mut Calls<'_>, wanted: &dyn Fn(&Entry) -> Length) -> Result<StoredSession, Stop> {
        let now = now();
        let lookup = calls.context.store.session(calls.plan, self.session, now);
        let enough = |stored: &StoredSession| stored.entry.left(now) >= wanted(&stored.entry);
        let used = !self.renew && lookup.as_entry().is_some_and(enough);
        // If the session is the result, the lookup before this one was reported already.
        if used || !calls.plan.session_is_result() {
            calls.context.messages.step(|| story::session(self.session, &lookup, used, now));
        }
        match lookup.entry() {
            Some(stored) if used => Ok(stored),
            _ => {
                let renew = self.renew;
                self.make(calls, None, &move |stored| !renew && stored.entry.left(now) >= wanted(&stored.entry))
            }
        }
    }

    /// A session that is newer than the one that a role refused.
    fn replace(&mut self, calls: &mut Calls<'_>, refused: &StoredSession, why: &str) -> Result<StoredSession, Stop> {
        let issued = refused.issued;
        self.make(calls, Some(why), &move |stored| stored.issued > issued)
    }

    /// GetSessionToken with a code, unless another process has now made a session that is `enough`.
    fn make(
        &mut self,
        calls: &mut Calls<'_>,
        why: Option<&str>,
        enough: &dyn Fn(&StoredSession) -> bool,
    ) -> Result<StoredSession, Stop> {
        let session = self.session;
        let stored = calls.with_code(&CodedCall {
            devices: session.devices().collect(),
            why,
            before: None,
            describe: &|signer| story::get_session_token(session, signer),
            meanwhile: &|calls| {
                calls.context.store.session(calls.plan, session, now()).entry().filter(|stored| enough(stored))
            },
            call: &|calls, client, signer, code| get_session_token(calls, client, session, signer, code),
        })?;
        self.renew = false;
        Ok(stored)
    }

    /// Notes in the session's file that a role refuses it although it is new, so that no later run asks in vain.
    fn remember_refusal(&self, calls: &Calls<'_>, mut stored: StoredSession, request: String) {
        if self.session.kept && !stored.refused.contains(&request) {
            stored.refused.push(request);
            calls.context.store.keep_session(calls.plan, &stored, calls.context.messages);
        }
    }
}

/// Calls GetSessionToken and caches the session.
fn get_session_token(
    calls: &Calls<'_>,
    client: &Client<'_>,
    session: &Session,
    signer: &Credentials,
    code: Code<'_>,
) -> Result<StoredSession, Failure> {
    let (plan, context) = (calls.plan, calls.context);
    let subject = Subject { profile: Some(plan.profile_name()), role: None };
    let mut credentials = client.session_token(signer, session.length, code, subject)?;
    let issued = now();
    let Some(expiration) = credentials.expiration else {
        let error = Error::new("STS gave a session without an expiration").advise("try again");
        return Err(Failure { kind: Kind::Other, error });
    };
    credentials.account_id = code.serial.account().map(String::from);
    let entry = Entry { credentials, expiration, length: expiration - issued };
    let stored = StoredSession { serial: code.serial.clone(), entry, issued, refused: Vec::new() };
    if session.kept {
        context.store.keep_session(plan, &stored, context.messages);
        forget::sweep(context.store, issued);
    }
    // If the session is the result, its expiration is reported with the command, or in the summary.
    if !plan.session_is_result() {
        let place = context.store.session_place(plan, &stored.serial).filter(|_| session.kept);
        context.messages.step(|| story::new_session(place.as_ref(), &stored, issued));
    }
    Ok(stored)
}

/// Whether there is any source of a code.
fn can_ask(calls: &Calls<'_>) -> bool {
    calls.codes.has_source() || !Terminal::is_missing()
}

fn ended_early(error: Error, calls: &Calls<'_>) -> Error {
    let profile = shell_word(calls.plan.profile_name());
    error.advise(format!(
        "the MFA session was ended early; run 'aws-auth -p {profile} --login' in a terminal for a new one"
    ))
}

/// Why a newer session is needed; printed above the prompt.
fn why_newer(role: &Role, stored: &StoredSession, dead: bool) -> String {
    let at = stored.issued.local(now());
    if dead {
        format!("STS no longer knows the session from {at}; a new code is needed")
    } else {
        format!("role {} refused the session from {at}; a newer code may help", role.arn.as_str())
    }
}
