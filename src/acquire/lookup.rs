//! What the caches, or the files alone, give for a plan without a call of STS.

use crate::acquire::story;
use crate::cache::entry::{Entry, StoredSession};
use crate::cache::freshness::needed;
use crate::cache::lookup::Lookup;
use crate::cli::action::Action;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::plan::model::{Acquisition, Session};
use crate::plan::words::result_name;
use crate::providers::fetch;
use crate::time::{Length, Timestamp};

/// What a session or role must have left to serve as a step: as long as the next call may take.
pub(crate) const MIN_STEP_TTL: Length = Length::seconds(60);

/// The credentials that a cache, or the files alone, give without a call of STS. No lock is touched.
///
/// # Errors
/// Returns an error when keys are no longer where the plan saw them.
pub fn at_hand(plan: &Acquisition, context: &Context<'_>, now: Timestamp) -> Result<Option<Credentials>> {
    if plan.roles.is_empty()
        && plan.session.is_none()
        && let Some(credentials) = fetch::at_hand(&plan.base, context)?
    {
        return Ok(Some(credentials));
    }
    let login = context.request.action == Action::Login;
    // A login makes sure of the token too, which is good for longer than the role's credentials.
    if login && fetch::is_sso(plan) {
        return Ok(None);
    }
    // With no role the MFA session is the result, and it stands: only `--login --refresh` replaces it.
    if context.request.cache.refresh && (!plan.session_is_result() || login) {
        context.messages.step(|| format!("{}: the cache is passed over (--refresh)", result_name(plan, None)));
        return Ok(None);
    }
    let lookup = cached_result(plan, context, now);
    context.messages.steps(|| story::looked_up(plan, context, &lookup, now));
    let credentials = lookup.entry().and_then(|entry| good_for(entry, context.request.cache.min_ttl, now));
    if let Some(credentials) = &credentials {
        say_if_short(plan, context, credentials, now);
    }
    Ok(credentials)
}

/// Says that the credentials are good for less than was asked for. The default was not asked for in so many words: it is
/// no news when a short role has less.
pub(crate) fn say_if_short(plan: &Acquisition, context: &Context<'_>, credentials: &Credentials, now: Timestamp) {
    let cache = &context.request.cache;
    let Some(left) = credentials.left(now) else { return };
    // New credentials of the length that was asked for are a moment old.
    let short = cache.min_ttl_asked && left + MIN_STEP_TTL < cache.min_ttl;
    // How long a provider's credentials lived before they were given is not known.
    let length = if plan.length() == Length::MAX { left } else { plan.length() };
    if short || left < needed(cache.min_ttl, length) {
        context.messages.warn(&format!(
            "the credentials of profile '{}' are good for {left} only; {} was asked for",
            plan.profile_name(),
            cache.min_ttl
        ));
    }
}

/// The credentials of an entry that is good for `wanted`, as far as its whole life allows.
pub(crate) fn good_for(entry: Entry, wanted: Length, now: Timestamp) -> Option<Credentials> {
    (entry.left(now) >= needed(wanted, entry.length)).then_some(entry.credentials)
}

/// What a renewal gives as long as it has no code: the cached credentials, if they are good for `wanted`. The SDK of a
/// running command asks early, some for every call that the command makes.
pub(crate) fn still_good(
    plan: &Acquisition,
    context: &Context<'_>,
    wanted: Length,
    now: Timestamp,
) -> Option<Credentials> {
    context.request.keep_fresh.renewal.as_ref()?;
    good_for(cached_result(plan, context, now).entry()?, wanted, now)
}

/// The plan's result in a cache, however little it has left, as long as it has not expired at `now`.
pub(crate) fn cached_result(plan: &Acquisition, context: &Context<'_>, now: Timestamp) -> Lookup<Entry> {
    match (plan.roles.len().checked_sub(1), &plan.session) {
        (Some(last), _) => context.store.role(plan, last, now),
        (None, Some(session)) => context.store.session(plan, session, now).map(|stored| stored.entry),
        (None, None) => fetch::cached(&plan.base, context, now),
    }
}

/// How many roles need not be assumed, since the last of them has cached credentials that are good enough for a step;
/// and these.
pub(crate) fn last_cached_step(
    plan: &Acquisition,
    context: &Context<'_>,
    now: Timestamp,
) -> (usize, Option<Lookup<Entry>>) {
    if context.request.cache.refresh {
        return (0, None);
    }
    // The last role's own entry was looked at already; it has too little left.
    (0..plan.roles.len().saturating_sub(1))
        .rev()
        .find_map(|at| {
            let lookup = context.store.role(plan, at, now);
            (lookup.as_entry()?.left(now) >= MIN_STEP_TTL).then_some((at + 1, Some(lookup)))
        })
        .unwrap_or((0, None))
}

/// The stored session, if it is younger than this profile wants its sessions to be.
pub(crate) fn usable_session(
    plan: &Acquisition,
    session: &Session,
    context: &Context<'_>,
    now: Timestamp,
) -> Option<StoredSession> {
    context.store.session(plan, session, now).entry()
}

/// Says that STS is called over plain http.
pub(crate) fn warn_in_clear(plan: &Acquisition, context: &Context<'_>) {
    if let Some(url) = plan.sts.endpoint.in_clear() {
        context.messages.warn(&format!("credentials cross the network unencrypted: the endpoint is {url}"));
    }
}
