//! The first credentials of a plan: keys from the two files or the environment, or credentials from a provider.
//!
//! The providers of the aws-config crate are not used. Its process provider runs a shell and has no time limit. Its SSO
//! and login providers ignore configured endpoints, drop unknown fields when they rewrite the AWS CLI's files, and
//! panic on a malformed answer. Its instance provider does not support IMDSv1. And no error of theirs shows the profile
//! or the file.

use crate::aws_login::login::{self as aws_login, Manner};
use crate::aws_login::renewal::{self, Subject};
use crate::cache::entry::Entry;
use crate::cache::forget;
use crate::cache::lookup::Lookup;
use crate::cache::provider;
use crate::config::profiles::ProfileSet;
use crate::context::Context;
use crate::credentials::{Credentials, Secret};
use crate::error::{Error, Result};
use crate::plan::base::{Base, Named};
use crate::plan::model::Acquisition;
use crate::plan::sso::Sso;
use crate::providers::{keystore, metadata, process, web_identity};
use crate::sso::outcome::NotSignedIn;
use crate::sso::token::Outlook;
use crate::sso::token::Token;
use crate::sso::{login, portal, token, words};
use crate::time::{Length, Timestamp, now};

/// The keys of a base that has them in a file or in the environment; `None` for a provider.
///
/// # Errors
/// Returns an error if they are no longer where the plan found them.
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

/// A provider's earlier credentials from the cache, if they have not expired at `now`.
pub fn cached(base: &Base, context: &Context<'_>, now: Timestamp) -> Lookup<Entry> {
    match base {
        Base::Login { login, .. } => renewal::cached(login, context.snapshot, now),
        base => provider::read(base, context.store, now),
    }
}

/// The SSO settings of the plan's base, if it is an SSO profile.
pub(crate) fn sso(plan: &Acquisition) -> Option<&Sso> {
    match &plan.base {
        Base::Sso { sso, .. } => Some(sso),
        _ => None,
    }
}

/// Whether the plan's base is an SSO profile.
pub fn is_sso(plan: &Acquisition) -> bool {
    sso(plan).is_some()
}

/// Whether the user must be logged in, to IAM Identity Center or with `aws login`.
pub fn needs_login(plan: &Acquisition) -> bool {
    matches!(plan.base, Base::Sso { .. } | Base::Login { .. })
}

/// What a sign-in gave, or what was there of an earlier one.
pub enum SignedIn {
    /// The token of IAM Identity Center.
    Sso(Token),
    /// The credentials of a session of `aws login`.
    AwsLogin(Credentials),
}

/// Makes sure that the user is logged in, if the plan needs that; otherwise returns `None`.
///
/// # Errors
/// Returns an error if the user is not logged in and does not or cannot log in now.
pub fn sign_in(plan: &Acquisition, context: &Context<'_>) -> Result<Option<SignedIn>, NotSignedIn> {
    let about = about(&plan.base, context.set);
    match &plan.base {
        Base::Sso { sso, .. } => login::token(sso, Some(plan), context, &about).map(|token| Some(SignedIn::Sso(token))),
        Base::Login { login, named } => {
            let subject = Subject { login, profile: &named.profile, region: &plan.sts.region.value, about: &about };
            let is_other = |name: &str| {
                Err(Error::new(format!("{about}: you signed in as {name}, but the profile is for {}", login.session))
                    .advise(format!("{} asks whether to change it", renewal::command(&named.profile))))
            };
            let manner = Manner { plan: Some(plan), anew: false, is_other: &is_other };
            let signed = aws_login::signed_in(&subject, &manner, context)?;
            if signed.new {
                context.messages.say(&format!("{}: signed in as {}", plan.profile_name(), signed.session));
            }
            Ok(Some(SignedIn::AwsLogin(signed.credentials)))
        }
        _ => Ok(None),
    }
}

/// The login that a plan needs, in words; `None` if it needs none.
pub fn login(plan: &Acquisition) -> Option<String> {
    match &plan.base {
        Base::Sso { sso, .. } => Some(words::whose(sso)),
        Base::Login { login, .. } => Some(format!("AWS as {}", login.session)),
        _ => None,
    }
}

/// What a run would do about the login, by the files alone; `None` if the plan needs none.
pub fn outlook(plan: &Acquisition, context: &Context<'_>) -> Option<Outlook> {
    match &plan.base {
        Base::Sso { sso, .. } => Some(token::outlook(sso, context)),
        Base::Login { login, .. } => Some(renewal::outlook(login, context)),
        _ => None,
    }
}

/// The base's credentials. Cached ones are used if they have `at_least` left; with `None`, the provider is always
/// asked. `token` is the SSO token, if the caller has it already.
///
/// # Errors
/// Returns the provider's error, with the profile, the file and the line.
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
            if !web.is_shared() {
                // The next job of GitHub Actions has another name for its entry.
                forget::sweep(context.store, now);
            }
            assumed.credentials
        }
        Base::Sso { sso, .. } => {
            let credentials = portal::fetch(sso, token, plan, context, &about)?;
            provider::write(&plan.base, &credentials, None, context.store, context.messages);
            credentials
        }
        Base::Process { command, named, .. } => {
            let credentials = process::fetch(command, &named.profile, context, &about)?;
            provider::write_process(&plan.base, &credentials, context.store, context.messages, now);
            credentials
        }
        Base::Stored { access_key_id, named } => keystore::fetch(access_key_id, &named.profile, context, &about)?,
        Base::Login { login, named } => {
            let region = &plan.sts.region.value;
            Subject { login, profile: &named.profile, region, about: &about }.fetch(context)?
        }
        Base::Container { container, .. } => metadata::container(container, context, &about)?,
        Base::Instance { instance, .. } => metadata::instance(instance, context, &about)?,
    };
    match credentials.expiration {
        Some(end) if end <= now => Err(Error::new(format!(
            "{about}: the credentials that were given have expired already, at {}",
            end.local(now)
        ))
        .advise("the clock of this machine may be off, or the provider gave old ones")),
        _ => Ok(credentials),
    }
}

/// The profile with its file and line, with which an error of its provider begins.
pub(crate) fn about(base: &Base, set: &ProfileSet<'_>) -> String {
    match (base.named(), base) {
        (Some(Named { profile, at: Some(at) }), _) => format!("{}: profile '{profile}'", set.place(*at)),
        (Some(Named { profile, at: None }), _) => format!("profile '{profile}' names no credentials"),
        (None, Base::WebIdentity { web, .. }) => web.variable().to_owned(),
        (None, _) => String::from("no profile and no keys"),
    }
}

/// The error if keys that the plan found were removed since then.
pub(crate) fn gone() -> Error {
    Error::new("the keys that were there a moment ago are gone").advise("try again")
}
