//! Carrying a plan out: the last step that is still fresh in a cache, and STS for the rest, each step stored.

use crate::acquire::story;
use crate::cache::entry::{Entry, KeptSession};
use crate::cache::freshness::needed;
use crate::cli::action::Action;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::plan::model::{Acquisition, Session};
use crate::plan::words::result_name;
use crate::providers::fetch;
use crate::time::{Length, Timestamp, now};

/// A session or role that only serves as a step must be good for as long as the next call may take, in seconds.
pub(crate) const MIN_STEP_TTL: Length = Length::seconds(60);

/// The credentials that a cache, or the files alone, give without a call of STS. No lock is touched.
pub fn at_hand(plan: &Acquisition, context: &Context<'_>) -> Result<Option<Credentials>> {
    if plan.roles.is_empty()
        && plan.session.is_none()
        && let Some(credentials) = fetch::at_hand(&plan.base, context)?
    {
        return Ok(Some(credentials));
    }
    // A login makes sure of the token too, which is good for longer than the role's credentials.
    if context.request.action == Action::Login && fetch::is_sso(plan) {
        return Ok(None);
    }
    // With no role the MFA session is the result, and it stands: only `--login --refresh` replaces it.
    if context.request.refresh && (!plan.session_is_result() || context.request.action == Action::Login) {
        context.messages.step(|| format!("{}: the cache is passed over (--refresh)", result_name(plan, None)));
        return Ok(None);
    }
    let entry = cached_result(plan, context, now());
    context.messages.steps(|| story::looked_up(plan, context, entry.as_ref()));
    let credentials = entry.and_then(|entry| fresh(entry, context.request.min_ttl));
    if let Some(credentials) = &credentials {
        say_if_short(plan, context, credentials);
    }
    Ok(credentials)
}

/// Says that the credentials are good for less than was asked for. Nobody asked for the default in so many words: it
/// is no news when a short role has less.
pub(crate) fn say_if_short(plan: &Acquisition, context: &Context<'_>, credentials: &Credentials) {
    let (request, now) = (context.request, now());
    let Some(left) = credentials.left(now) else { return };
    // New credentials of the length that was asked for are a moment old.
    let short = request.min_ttl_asked && left + MIN_STEP_TTL < request.min_ttl;
    // Nobody knows how long a provider's credentials lived before they were given.
    let length = if plan.length() == Length::MAX { left } else { plan.length() };
    if short || left < needed(request.min_ttl, length) {
        context.messages.warn(&format!(
            "the credentials of profile '{}' are good for {} only; {} was asked for",
            plan.profile.as_deref().unwrap_or("default"),
            left,
            request.min_ttl
        ));
    }
}

/// The credentials of an entry that is good for `wanted` seconds, as far as its whole life allows.
pub(crate) fn fresh(entry: Entry, wanted: Length) -> Option<Credentials> {
    (entry.left(now()) >= needed(wanted, entry.length)).then_some(entry.credentials)
}

/// What a renewal gives while nobody has given it a code: the cached credentials, as long as they are good for `wanted`
/// seconds. The SDK of a running command asks early, some for every call that the command makes.
pub(crate) fn still_good(plan: &Acquisition, context: &Context<'_>, wanted: Length) -> Option<Credentials> {
    context.request.renewal.as_ref()?;
    fresh(cached_result(plan, context, now())?, wanted)
}

/// The plan's result from a cache, whatever it has left (but not ended at `now`).
pub(crate) fn cached_result(plan: &Acquisition, context: &Context<'_>, now: Timestamp) -> Option<Entry> {
    match (plan.roles.len().checked_sub(1), &plan.session) {
        (Some(last), _) => context.store.role(plan, last, now),
        (None, Some(session)) => Some(usable_session(plan, session, context, now)?.entry),
        (None, None) => crate::providers::fetch::kept(&plan.base, context, now),
    }
}

/// How many roles need not be assumed, for the last of them has fresh credentials in the cache; and these.
pub(crate) fn last_fresh_role(plan: &Acquisition, context: &Context<'_>, now: Timestamp) -> (usize, Option<Entry>) {
    if context.request.refresh {
        return (0, None);
    }
    // The last role's own entry was looked at already; it is not fresh enough.
    (0..plan.roles.len().saturating_sub(1))
        .rev()
        .find_map(|at| {
            let entry = context.store.role(plan, at, now)?;
            (entry.left(now) >= MIN_STEP_TTL).then(|| (at + 1, Some(entry)))
        })
        .unwrap_or((0, None))
}

/// The kept session, if it is younger than this profile wants its sessions.
pub(crate) fn usable_session(
    plan: &Acquisition,
    session: &Session,
    context: &Context<'_>,
    now: Timestamp,
) -> Option<KeptSession> {
    context.store.session(plan, session, now).filter(|kept| now - kept.issued < session.length)
}

/// Says that STS is called over plain http.
pub(crate) fn warn_in_clear(plan: &Acquisition, context: &Context<'_>) {
    if let Some(url) = plan.sts.in_clear() {
        context.messages.warn(&format!("credentials cross the network unencrypted: the endpoint is {url}"));
    }
}
