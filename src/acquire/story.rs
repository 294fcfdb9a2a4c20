//! The beginning of what `--verbose` tells: the profile, who named it and where it stands, whose keys begin, and how
//! MFA is shown. What carrying the plan out finds and calls is told by `acquire`.

use std::fmt::Write as _;

use crate::actions::explain::walk;
use crate::cache::entry::{Entry, KeptSession};
use crate::cache::freshness::needed;
use crate::cache::provider;
use crate::config::profiles::ProfileSet;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::plan::base::Base;
use crate::plan::model::{Acquisition, Mfa, Role, Session};
use crate::plan::words;
use crate::plan::words::result_name;
use crate::time::{Timestamp, now};

/// The profile, its sources, and what the plan begins with.
#[cold]
pub fn beginning(plan: &Acquisition, context: &Context<'_>) -> Vec<String> {
    let (what, at) = words::base_in_words(&plan.base, context.set);
    let mut lines = vec![profile(plan.profile.as_deref(), context), format!("begins with {what} ({at})")];
    let code = plan.roles.iter().find_map(|role| match &role.mfa {
        Mfa::Code(serial) => Some(serial),
        _ => None,
    });
    match (&plan.session, code) {
        // Its state is told when it is looked for.
        (Some(_), _) => {}
        (None, Some(serial)) => {
            lines.push(format!("no MFA session: each new role takes a code of {} itself", serial.as_str()));
        }
        (None, None) => lines.push(String::from("no MFA code is needed")),
    }
    if plan.roles.is_empty() && plan.session.is_none() && !matches!(plan.base, Base::Provider { .. }) {
        lines.push(String::from("the keys are given as they are, and no call is made"));
    }
    lines
}

/// The profile and who named it, with the sources that it leads to.
#[cold]
pub fn profile(name: Option<&str>, context: &Context<'_>) -> String {
    let mut text = match (&context.request.profile, name) {
        (Some(chosen), _) => format!("profile '{}' ({})", chosen.name, chosen.by),
        (None, Some(name)) => format!("no profile is named, so profile '{name}'"),
        (None, None) => return String::from("no profile is named"),
    };
    for (number, profile) in walk(context).into_iter().enumerate() {
        if number > 0 {
            let _ = write!(text, ", whose source is '{}'", profile.name);
        }
        let _ = write!(text, " in {}", profile.at.join(" and "));
    }
    text
}

/// The look for the plan's result in a cache.
pub(crate) fn looked_up(plan: &Acquisition, context: &Context<'_>, entry: Option<&Entry>) -> Vec<String> {
    let (what, now) = (result_name(plan, None), now());
    let Some(place) = place_of_result(plan, context) else {
        return vec![if context.request.no_cache {
            format!("{what}: no cache is read (--no-cache or AWS_AUTH_NO_CACHE)")
        } else {
            format!("{what}: in no cache")
        }];
    };
    let Some(entry) = entry else { return vec![format!("{what}: not in {place}")] };
    let kept = kept(&what, entry, now, &place);
    let wanted = needed(context.request.min_ttl, entry.length);
    if entry.left(now) < wanted {
        return vec![format!("{kept}; {} is wanted", wanted)];
    }
    with_session(plan, kept)
}

/// A role on the way that is still good, so that those before it are not assumed.
pub(crate) fn goes_on_from(plan: &Acquisition, at: usize, context: &Context<'_>, entry: &Entry) -> Vec<String> {
    let what = plan.roles.get(at).map_or_else(String::new, |role| format!("role {}", role.arn.as_str()));
    let place = place_of_role(plan, at, context).unwrap_or_default();
    with_session(plan, kept(&what, entry, now(), &place))
}

/// A cached role, and that it leaves nothing to do for an MFA session.
fn with_session(plan: &Acquisition, kept: String) -> Vec<String> {
    match &plan.session {
        Some(session) if !plan.roles.is_empty() => {
            vec![kept, format!("MFA session of {}: not needed", session.serial.as_str())]
        }
        _ => vec![kept],
    }
}

/// The MFA session as it was found, for a role that is assumed from it.
pub(crate) fn session(
    plan: &Acquisition,
    session: &Session,
    context: &Context<'_>,
    found: Option<&KeptSession>,
) -> String {
    let (what, now) = (format!("MFA session of {}", session.serial.as_str()), now());
    let older = context.store.session(plan, session, now);
    match (found, older) {
        (Some(kept), _) => {
            format!(
                "{what}: kept since {}, good until {} ({})",
                kept.issued.local(now),
                kept.entry.expiration.local(now),
                kept.entry.left(now)
            )
        }
        (None, Some(older)) => format!("{what}: the one of {} is replaced", older.issued.local(now)),
        (None, None) => format!("{what}: none is kept"),
    }
}

/// A new MFA session.
pub(crate) fn new_session(plan: &Acquisition, session: &Session, context: &Context<'_>, kept: &KeptSession) -> String {
    let until = kept.entry.expiration.local(now());
    match context.store.session_path(plan, session).filter(|_| session.kept) {
        Some(path) => format!("the MFA session is good until {until}, kept in {}", path.display()),
        None => format!("the MFA session is good until {until}, and not kept"),
    }
}

/// An AssumeRole.
pub(crate) fn assume_role(role: &Role, signer: &Credentials, set: &ProfileSet<'_>) -> String {
    let at = role.at.map_or_else(|| String::from("--role-arn"), |at| set.place(at));
    format!("AssumeRole {} ({at}), signed by {}", role.arn.as_str(), signer.access_key_id)
}

/// A GetSessionToken.
pub(crate) fn get_session_token(session: &Session, signer: &Credentials) -> String {
    format!("GetSessionToken for {}, signed by {}", session.length, signer.access_key_id)
}

/// What the command is started with.
pub fn with_credentials(credentials: &Credentials, now: Timestamp) -> String {
    match credentials.expiration {
        Some(end) => format!(" with keys {} until {}", credentials.access_key_id, end.local(now)),
        None => format!(" with keys {}, which do not expire", credentials.access_key_id),
    }
}

fn kept(what: &str, entry: &Entry, now: Timestamp, place: &str) -> String {
    format!("{what}: good until {} ({}), in {place}", entry.expiration.local(now), entry.left(now))
}

fn place_of_result(plan: &Acquisition, context: &Context<'_>) -> Option<String> {
    match (plan.roles.len().checked_sub(1), &plan.session) {
        (Some(last), _) => place_of_role(plan, last, context),
        (None, Some(session)) => {
            let path = context.store.session_path(plan, session).filter(|_| session.kept)?;
            Some(format!("aws-auth's cache, {}", path.display()))
        }
        (None, None) => {
            Some(format!("the AWS CLI's cache, {}", provider::kept_path(&plan.base, context.store)?.display()))
        }
    }
}

fn place_of_role(plan: &Acquisition, at: usize, context: &Context<'_>) -> Option<String> {
    let whose = if plan.roles.get(at)?.shared { "the AWS CLI's" } else { "aws-auth's" };
    Some(format!("{whose} cache, {}", context.store.role_path(plan, at)?.display()))
}
