//! The credentials of a plan that need no call: those in a cache, and keys in the files or the environment.

use crate::acquire::story;
use crate::cache::entry::{Entry, StoredSession};
use crate::cache::freshness::needed;
use crate::cache::lookup::Lookup;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::plan::model::{Acquisition, Session};
use crate::plan::words::result_name;
use crate::providers::fetch;
use crate::time::{Length, Timestamp};

/// The lifetime that credentials must have left to sign the next call.
pub(crate) const MIN_STEP_TTL: Length = Length::seconds(60);

/// The plan's credentials, if a cache, the files or the environment has them. No call is made, and no lock is touched.
///
/// # Errors
/// Returns an error if keys are no longer where the plan saw them.
pub fn at_hand(plan: &Acquisition, context: &Context<'_>, now: Timestamp) -> Result<Option<Credentials>> {
    if plan.roles.is_empty()
        && plan.session.is_none()
        && let Some(credentials) = fetch::at_hand(&plan.base, context)?
    {
        return Ok(Some(credentials));
    }
    let login = context.request.action.is_login();
    // `--login` also renews the SSO token, even if the role's credentials are still good.
    if login && fetch::is_sso(plan) {
        return Ok(None);
    }
    // If the MFA session is the result, `--refresh` alone keeps it; `--login --refresh` replaces it.
    if context.request.cache.refresh && (!plan.session_is_result() || login) {
        context.messages.step(|| format!("{}: the cache is ignored (--refresh)", result_name(plan, None)));
        return Ok(None);
    }
    let lookup = cached_result(plan, context, now);
    context.messages.steps(|| story::looked_up(plan, context, &lookup, now));
    let credentials = lookup.entry().and_then(|entry| good_for(entry, context.request.cache.min_ttl, now));
    if let Some(credentials) = &credentials {
        warn_if_short(plan, context, credentials, now);
    }
    Ok(credentials)
}

/// Warns if the credentials have too little left. A `--min-ttl` that was given is taken literally. The default is not:
/// a short role always has less.
pub(crate) fn warn_if_short(plan: &Acquisition, context: &Context<'_>, credentials: &Credentials, now: Timestamp) {
    let cache = &context.request.cache;
    let Some(left) = credentials.left(now) else { return };
    // One minute less is fine: new credentials of exactly that length are already a moment old.
    let short = cache.min_ttl_asked && left + MIN_STEP_TTL < cache.min_ttl;
    // It is not known how old a provider's credentials were when it gave them.
    let length = if plan.length() == Length::MAX { left } else { plan.length() };
    if short || left < needed(cache.min_ttl, length) {
        context.messages.warn(&format!(
            "the credentials of profile '{}' are good for only {left}; --min-ttl is {}",
            plan.profile_name(),
            cache.min_ttl
        ));
    }
}

/// The credentials of an entry, if it has `wanted` left, or two thirds of its length if that is less.
pub(crate) fn good_for(entry: Entry, wanted: Length, now: Timestamp) -> Option<Credentials> {
    (entry.left(now) >= needed(wanted, entry.length)).then_some(entry.credentials)
}

/// What a renewal returns if it has no code: the cached credentials, if they have `wanted` left. SDKs ask long before
/// credentials expire, and some ask for every call that the command makes.
pub(crate) fn still_good(
    plan: &Acquisition,
    context: &Context<'_>,
    wanted: Length,
    now: Timestamp,
) -> Option<Credentials> {
    context.request.keep_fresh.renewal.as_ref()?;
    good_for(cached_result(plan, context, now).entry()?, wanted, now)
}

/// The plan's result in a cache, if it has not expired at `now`. It may have too little left.
pub(crate) fn cached_result(plan: &Acquisition, context: &Context<'_>, now: Timestamp) -> Lookup<Entry> {
    match (plan.roles.len().checked_sub(1), &plan.session) {
        (Some(last), _) => context.store.role(plan, last, now),
        (None, Some(session)) => context.store.session(plan, session, now).map(|stored| stored.entry),
        (None, None) => fetch::cached(&plan.base, context, now),
    }
}

/// How many roles need not be assumed, because the last of them has cached credentials that can sign the next call; and
/// these credentials.
pub(crate) fn last_cached_step(
    plan: &Acquisition,
    context: &Context<'_>,
    now: Timestamp,
) -> (usize, Option<Lookup<Entry>>) {
    if context.request.cache.refresh {
        return (0, None);
    }
    // The last role is left out: its entry was looked up before and has too little left.
    (0..plan.roles.len().saturating_sub(1))
        .rev()
        .find_map(|at| {
            let lookup = context.store.role(plan, at, now);
            (lookup.as_entry()?.left(now) >= MIN_STEP_TTL).then_some((at + 1, Some(lookup)))
        })
        .unwrap_or((0, None))
}

/// The stored session, if it is younger than the session length of this profile.
pub(crate) fn usable_session(
    plan: &Acquisition,
    session: &Session,
    context: &Context<'_>,
    now: Timestamp,
) -> Option<StoredSession> {
    context.store.session(plan, session, now).entry()
}

/// Warns if STS is called over plain http and not on this machine.
pub(crate) fn warn_in_clear(plan: &Acquisition, context: &Context<'_>) {
    if let Some(url) = plan.sts.endpoint.in_clear() {
        context.messages.warn(&format!("credentials cross the network unencrypted: the endpoint is {url}"));
    }
}
