//! The credentials that a plan begins with: keys of the two files or the environment, or what a provider gives.
//!
//! aws-config's own providers are not used. Its process runs a shell and waits for ever; its SSO and login take no
//! endpoint of ours, rewrite the AWS CLI's files without what they do not know, and panic on a malformed answer; its
//! instance provider knows no IMDSv1, and all of them fail in words that name no profile and no file.

use crate::cache::entry::Entry;
use crate::cache::lookup::Lookup;
use crate::cache::provider;
use crate::config::profiles::ProfileSet;
use crate::context::Context;
use crate::credentials::{Credentials, Secret};
use crate::error::{Error, Result};
use crate::plan::base::{Base, Named};
use crate::plan::model::Acquisition;
use crate::plan::sso::Sso;
use crate::providers::{aws_login, metadata, process, web_identity};
use crate::sso::outcome::NotSignedIn;
use crate::sso::token::Token;
use crate::sso::{login, portal, words};
use crate::time::{Length, Timestamp, now};

/// The keys of a base that needs nobody to be asked; `None` for a provider.
///
/// # Errors
/// When they are not where the plan saw them.
pub fn at_hand(base: &Base, context: &Context<'_>) -> Result<Option<Credentials>> {
    match base {
        Base::Static { profile, file, access_key_id, .. } => {
            let profile = context.set.profile(profile);
            let text = |key: &str| {
                profile.as_ref().and_then(|profile| profile.get_in(*file, key)).map(|value| value.text.into_owned())
            };
            let token =
                text("aws_session_token").or_else(|| text("aws_security_token")).filter(|token| !token.is_empty());
            let Some(secret) = text("aws_secret_access_key") else { return Err(gone()) };
            Ok(Some(Credentials {
                access_key_id: access_key_id.clone(),
                secret_access_key: Secret::new(secret),
                session_token: token.map(Secret::new),
                expiration: None,
                account_id: text("aws_account_id"),
            }))
        }
        Base::Environment { access_key_id, .. } => {
            let snapshot = context.snapshot;
            let token = match snapshot.text("AWS_SESSION_TOKEN")? {
                Some(token) => Some(token),
                None => snapshot.text("AWS_SECURITY_TOKEN")?,
            };
            let Some(secret) = snapshot.text("AWS_SECRET_ACCESS_KEY")? else { return Err(gone()) };
            Ok(Some(Credentials {
                access_key_id: access_key_id.clone(),
                secret_access_key: Secret::new(secret.to_owned()),
                session_token: token.map(|token| Secret::new(token.to_owned())),
                expiration: snapshot.text("AWS_CREDENTIAL_EXPIRATION")?.and_then(Timestamp::parse),
                account_id: snapshot.text("AWS_ACCOUNT_ID")?.map(String::from),
            }))
        }
        _ => Ok(None),
    }
}

/// What a provider gave before, where the AWS CLI keeps it, as long as it has not expired at `now`.
pub fn cached(base: &Base, context: &Context<'_>, now: Timestamp) -> Lookup<Entry> {
    match base {
        Base::Login { login, .. } => aws_login::cached(login, context.snapshot, now),
        base => provider::read(base, context.store, now),
    }
}

/// The SSO profile that the plan begins with.
fn sso(plan: &Acquisition) -> Option<&Sso> {
    match &plan.base {
        Base::Sso { sso, .. } => Some(sso),
        _ => None,
    }
}

/// Whether the plan begins with somebody who is logged in.
pub fn is_sso(plan: &Acquisition) -> bool {
    sso(plan).is_some()
}

/// Makes sure that somebody is logged in, where the plan needs that.
///
/// # Errors
/// When nobody is, and nobody can or will be.
pub fn sign_in(plan: &Acquisition, context: &Context<'_>) -> Result<Option<Token>, NotSignedIn> {
    let Some(sso) = sso(plan) else { return Ok(None) };
    login::token(sso, plan, context, &about(&plan.base, context.set)).map(Some)
}

/// Whom a login is to, for a message.
pub fn login(plan: &Acquisition) -> Option<String> {
    sso(plan).map(words::whose)
}

/// The base's credentials. OwnFile ones do when they have `at_least` left; `None` asks the provider in any case. `token` is
/// whoever is logged in, where that was asked before.
///
/// # Errors
/// Whatever the provider says, with the profile, the file and the line.
pub fn fetch(
    plan: &Acquisition,
    context: &Context<'_>,
    token: Option<&Token>,
    at_least: Option<Length>,
) -> Result<Credentials> {
    if let Some(credentials) = at_hand(&plan.base, context)? {
        return Ok(credentials);
    }
    let now = now();
    if let Some(at_least) = at_least
        && let Some(entry) = cached(&plan.base, context, now).entry()
        && entry.left(now) >= at_least
    {
        return Ok(entry.credentials);
    }
    let about = about(&plan.base, context.set);
    let credentials = match &plan.base {
        Base::Static { .. } | Base::Environment { .. } => return Err(gone()),
        Base::WebIdentity { web, .. } => {
            let assumed = web_identity::fetch(web, plan, context, &about)?;
            provider::write(&plan.base, &assumed.credentials, Some(&assumed), context.store, context.messages);
            assumed.credentials
        }
        Base::Sso { sso, .. } => {
            let credentials = portal::fetch(sso, token, plan, context, &about)?;
            provider::write(&plan.base, &credentials, None, context.store, context.messages);
            credentials
        }
        Base::Process { command, named } => process::fetch(command, &named.profile, context, &about)?,
        Base::Login { login, .. } => aws_login::fetch(login, plan, context, &about)?,
        Base::Container { container, .. } => metadata::container(container, context, &about)?,
        Base::Instance { instance, .. } => metadata::instance(instance, context, &about)?,
    };
    match credentials.expiration {
        Some(end) if end <= now => Err(Error::new(format!(
            "{about}: the credentials that were given have expired already, at {}",
            end.local(now)
        ))
        .advise("the clock of this machine may be off, or whoever gives them has old ones")),
        _ => Ok(credentials),
    }
}

/// The step of the profile, with file and line, that an error of a provider begins with.
fn about(base: &Base, set: &ProfileSet<'_>) -> String {
    match (base.named(), base) {
        (Some(Named { profile, at: Some(at) }), _) => format!("{}: profile '{profile}'", set.place(*at)),
        (Some(Named { profile, at: None }), _) => format!("profile '{profile}' names no credentials"),
        (None, Base::WebIdentity { .. }) => String::from("AWS_WEB_IDENTITY_TOKEN_FILE"),
        (None, _) => String::from("no profile and no keys"),
    }
}

pub(crate) fn gone() -> Error {
    Error::new("the keys that were there a moment ago are gone").advise("try again")
}
