//! The lines of `--verbose`: the profile, what named it and where it is, what the plan begins with, how it carries MFA;
//! then each cache lookup and each call, as they happen.

use std::fmt::Write as _;

use crate::cache::entry::{Entry, StoredSession};
use crate::cache::freshness::needed;
use crate::cache::lookup::{Found, Lookup, Place};
use crate::config::profiles::ProfileSet;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::keys::stores::{self, Store};
use crate::plan::model::{Acquisition, Role, Session};
use crate::plan::resolve;
use crate::plan::web_identity::PROCESS;
use crate::plan::words::{base_in_words, end, result_name};
use crate::time::Timestamp;

/// The first lines: the profile, its sources, what the plan begins with, and whether a code is needed.
pub fn beginning(plan: &Acquisition, context: &Context<'_>) -> Vec<String> {
    let base = base_in_words(&plan.base, context.set, stores::of_base(&plan.base, context.snapshot).map(Store::words));
    let profile = profile(plan.profile.as_deref(), context);
    let mut lines = vec![profile, format!("begins with {} ({})", base.what, base.at)];
    match (&plan.session, plan.device()) {
        // The session gets its line when it is looked up.
        (Some(_), _) => {}
        (None, Some(serial)) => {
            lines.push(format!("no MFA session: each new role needs a code of {}", serial.as_str()));
        }
        (None, None) => lines.push(String::from("no MFA code is needed")),
    }
    if plan.roles.is_empty() && plan.session.is_none() && !plan.base.is_provider() {
        lines.push(String::from("the keys are used as they are, and no call is made"));
    }
    lines
}

/// The profile, what named it, and the sources in its chain.
pub fn profile(name: Option<&str>, context: &Context<'_>) -> String {
    let mut text = match (&context.request.profile, name) {
        (Some(chosen), _) => format!("profile '{}' ({})", chosen.name, chosen.by),
        (None, Some(name)) => format!("no profile is named, so profile '{name}'"),
        (None, None) => return String::from("no profile is named"),
    };
    for (number, (name, headers)) in resolve::visited(context.set, context.request).into_iter().enumerate() {
        if number > 0 {
            let _ = write!(text, ", whose source is '{name}'");
        }
        let at: Vec<String> = headers.into_iter().map(|at| context.set.place(at)).collect();
        let _ = write!(text, " in {}", at.join(" and "));
    }
    text
}

/// The lookup of the plan's result in a cache.
pub(crate) fn looked_up(
    plan: &Acquisition,
    context: &Context<'_>,
    lookup: &Lookup<Entry>,
    now: Timestamp,
) -> Vec<String> {
    let what = result_name(plan, None);
    let Some(place) = &lookup.place else {
        return vec![if context.request.cache.off {
            format!("{what}: no cache is read (--no-cache or AWS_AUTH_NO_CACHE)")
        } else if !plan.is_kept() {
            format!("{what}: not cached, since only a run of the {PROCESS} tells whose token it prints")
        } else {
            format!("{what}: not cached")
        }];
    };
    match &lookup.found {
        Found::Entry(entry) => {
            let cached = cached(&what, lookup, entry, now);
            let wanted = needed(context.request.cache.min_ttl, entry.length);
            if entry.left(now) < wanted {
                return vec![format!("{cached}; {wanted} is needed")];
            }
            with_session(plan, cached)
        }
        Found::TooOld(_) => vec![format!("{what}: older than the profile allows, in {place}")],
        Found::Expired(at) => vec![format!("{what}: expired at {}, in {place}", at.local(now))],
        Found::OtherRole(arn) => vec![format!("{what}: {place} holds credentials of another role, {arn}")],
        Found::Unusable => vec![format!("{what}: what is in {place} cannot be used")],
        Found::Nothing => vec![format!("{what}: not in {place}")],
    }
}

/// A role within the chain whose cached credentials are still good, so that the roles before it are not assumed.
pub(crate) fn goes_on_from(plan: &Acquisition, at: usize, lookup: &Lookup<Entry>, now: Timestamp) -> Vec<String> {
    let what = plan.roles.get(at).map_or_else(String::new, |role| format!("role {}", role.arn.as_str()));
    lookup.as_entry().map(|entry| with_session(plan, cached(&what, lookup, entry, now))).unwrap_or_default()
}

/// The line of a cached role, and one that says that the MFA session is not needed.
fn with_session(plan: &Acquisition, cached: String) -> Vec<String> {
    match &plan.session {
        Some(session) if !plan.roles.is_empty() => {
            vec![cached, format!("MFA session of {}: not needed", session.serial.value.as_str())]
        }
        _ => vec![cached],
    }
}

/// The lookup of the MFA session; `used` says whether it is good enough for the next step.
pub(crate) fn session(session: &Session, lookup: &Lookup<StoredSession>, used: bool, now: Timestamp) -> String {
    let serial = lookup.as_entry().map_or(&session.serial.value, |stored| &stored.serial);
    let what = format!("MFA session of {}", serial.as_str());
    match &lookup.found {
        Found::Entry(stored) if used => format!(
            "{what}: kept since {}, good until {} ({})",
            stored.issued.local(now),
            stored.entry.expiration.local(now),
            stored.entry.left(now)
        ),
        Found::Entry(older) | Found::TooOld(older) => {
            format!("{what}: the one from {} is replaced", older.issued.local(now))
        }
        _ => format!("{what}: none is kept"),
    }
}

/// A new MFA session, and where it is kept.
pub(crate) fn new_session(place: Option<&Place>, stored: &StoredSession, now: Timestamp) -> String {
    let until = stored.entry.expiration.local(now);
    match place {
        Some(place) => format!("the MFA session is good until {until}, kept in {}", place.path.display()),
        None => format!("the MFA session is good until {until}, and not kept"),
    }
}

/// An AssumeRole call.
pub(crate) fn assume_role(role: &Role, signer: &Credentials, set: &ProfileSet<'_>) -> String {
    let at = role.at.map_or_else(|| String::from("--role-arn"), |at| set.place(at));
    format!("AssumeRole {} ({at}), signed by {}", role.arn.as_str(), signer.access_key_id)
}

/// A GetSessionToken call.
pub(crate) fn get_session_token(session: &Session, signer: &Credentials) -> String {
    format!("GetSessionToken for {}, signed by {}", session.length.in_full(), signer.access_key_id)
}

/// The keys that the command is started with; this follows the name of its program.
pub fn with_credentials(credentials: &Credentials, now: Timestamp) -> String {
    let end = end(credentials.expiration, credentials.session_token.is_some(), now);
    format!(" with keys {}{end}", credentials.access_key_id)
}

fn cached(what: &str, lookup: &Lookup<Entry>, entry: &Entry, now: Timestamp) -> String {
    let place = lookup.place.as_ref().map(|place| format!(", in {place}")).unwrap_or_default();
    format!("{what}: good until {} ({}){place}", entry.expiration.local(now), entry.left(now))
}
