//! The tokens of IAM Identity Center in the AWS CLI's cache. They are checked when read, renewed by the AWS CLI's rules
//! (botocore's SSOTokenProvider), and written back with all fields that aws-auth does not know.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use aws_sdk_ssooidc::error::{ProvideErrorMetadata as _, SdkError};
use serde_json::{Map, Value};

use crate::aws::http;
use crate::aws::network_errors::failure;
use crate::cache::keys::hex_sha1;
use crate::context::Context;
use crate::credentials::Secret;
use crate::error::{Error, Result};
use crate::plan::endpoints::Service;
use crate::plan::sso::Sso;
use crate::region::Region;
use crate::sso::oidc;
use crate::system::held_locks::Lock;
use crate::system::lock::Task;
use crate::system::private_files;
use crate::text::escape::some_words;
use crate::text::json::wipe;
use crate::time::{Length, Timestamp, now};

/// A token with less time left than this is renewed, if that is possible.
const RENEWAL_MARGIN: Length = Length::minutes(15);

/// Whether the user is logged in, by the token in the cache.
pub enum TokenState {
    /// The user is logged in.
    Valid(Token),
    /// The token has expired and could not be renewed.
    Expired,
    /// There is no usable token file.
    Missing,
}

/// A token that has not expired.
pub struct Token {
    /// The access token itself.
    pub secret: Secret,
    /// When it expires.
    pub until: Timestamp,
    /// Whether it can be renewed without a new sign-in.
    pub renewable: bool,
    /// Whether the user signed in during this run.
    pub new: bool,
}

/// The JSON of a file in the AWS CLI's cache. Its strings are wiped on drop.
pub struct Fields(Value);

impl Drop for Fields {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl Fields {
    /// Contents for a file that is to be written.
    pub fn new(value: Value) -> Self {
        Self(value)
    }

    /// Reads a file; `None` if it is missing, unreadable or not JSON.
    pub fn read(path: &Path) -> Option<Self> {
        Some(Self(serde_json::from_slice(&private_files::read(path)?.bytes).ok()?))
    }

    /// Reads a token's file; `None` if it lacks one of the two fields that the AWS CLI requires.
    fn token(path: &Path) -> Option<Self> {
        Self::read(path).filter(|file| file.text("accessToken").is_some() && file.time("expiresAt").is_some())
    }

    /// The whole JSON value.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The field `name`, if it is a string that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// The field `name`, if it is a time.
    pub fn time(&self, name: &str) -> Option<Timestamp> {
        Timestamp::parse(self.text(name)?)
    }

    fn left(&self, now: Timestamp) -> Length {
        self.time("expiresAt").map_or(Length::ZERO, |end| end - now)
    }

    /// The token, if it has not expired at `now`.
    fn state(&self, sso: &Sso, now: Timestamp) -> TokenState {
        match (self.text("accessToken"), self.time("expiresAt")) {
            (Some(token), Some(until)) if until > now => TokenState::Valid(Token {
                secret: Secret::new(token.to_owned()),
                until,
                renewable: sso.session.is_some() && self.text("refreshToken").is_some(),
                new: false,
            }),
            _ => TokenState::Expired,
        }
    }
}

/// The path of the token for a session or, in a profile without a session, for a start URL. `None` without a home
/// directory.
pub fn path(sso: &Sso, context: &Context<'_>) -> Option<PathBuf> {
    Some(context.snapshot.sso_cache_dir()?.join(format!("{}.json", hex_sha1(sso.token_name()))))
}

/// The settings with the region of the token in the cache, if the start URL is of the customer's own domain: the region
/// was found when the user signed in.
pub fn in_its_region<'a>(sso: &'a Sso, context: &Context<'_>) -> Cow<'a, Sso> {
    if !sso.is_vanity() {
        return Cow::Borrowed(sso);
    }
    let region = || {
        let file = Fields::token(&path(sso, context)?)?;
        Region::parse(file.text("region")?, "region").ok()
    };
    region().map_or(Cow::Borrowed(sso), |region| Cow::Owned(sso.in_region(&region)))
}

/// Whether the user is logged in, by the token in the file. It is not renewed.
pub fn kept(sso: &Sso, context: &Context<'_>) -> TokenState {
    path(sso, context).and_then(|path| Fields::token(&path)).map_or(TokenState::Missing, |file| file.state(sso, now()))
}

/// What a run would do about the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// It uses the one in the cache.
    Uses,
    /// It renews the one in the cache, without a person.
    Renews,
    /// It asks a person to sign in, because there is no token or it has expired.
    SignsIn,
}

/// What a run would do about the token, by the file alone.
pub fn outlook(sso: &Sso, context: &Context<'_>) -> Outlook {
    let Some(file) = path(sso, context).and_then(|path| Fields::token(&path)) else { return Outlook::SignsIn };
    let left = file.left(now());
    let registered = file.time("registrationExpiresAt").is_some_and(|end| end > now());
    let renewable = sso.session.is_some()
        && context.store.writable()
        && registered
        && ["clientId", "clientSecret", "refreshToken"].iter().all(|name| file.text(name).is_some());
    if left < RENEWAL_MARGIN && renewable {
        Outlook::Renews
    } else if left > Length::ZERO {
        Outlook::Uses
    } else {
        Outlook::SignsIn
    }
}

/// Whether the user is logged in. The token is renewed first if it expires soon and belongs to a session.
///
/// # Errors
/// Returns an error if the token has expired and the service that renews it cannot be reached or has an internal error.
pub fn state(sso: &Sso, context: &Context<'_>) -> Result<TokenState> {
    let sso = &*in_its_region(sso, context);
    let Some(path) = path(sso, context) else { return Ok(TokenState::Missing) };
    let Some(file) = Fields::token(&path) else { return Ok(TokenState::Missing) };
    let left = file.left(now());
    context.messages.step(|| format!("the SSO token has {left} left"));
    // A renewal may end the old token. If the new one could not be written, the AWS CLI would be logged out.
    let renewable = sso.session.is_some() && context.store.writable();
    if left >= RENEWAL_MARGIN || !renewable {
        return Ok(file.state(sso, now()));
    }
    drop(file);
    let _lock = take_turn(&path, context, Task::Call("the SSO token"))?;
    // The last lock holder may have renewed it.
    let Some(mut file) = Fields::token(&path) else { return Ok(TokenState::Missing) };
    if file.left(now()) < RENEWAL_MARGIN {
        match renewed(&file, sso, context) {
            Ok(Some(changes)) => {
                if let Value::Object(fields) = &mut file.0 {
                    fields.extend(changes);
                }
                keep(&path, &file, context, "the renewed SSO token");
            }
            Ok(None) => {}
            Err(error) if file.left(now()) <= Length::ZERO => return Err(error),
            Err(error) => context.messages.step(|| error.to_string()),
        }
    }
    Ok(file.state(sso, now()))
}

/// Takes the lock for renewing a token or signing in, because the service may accept a refresh token only once. Other
/// processes are told the `task` while they wait for this one.
///
/// # Errors
/// Returns the errors of [`Context::take_turn`].
pub fn take_turn(path: &Path, context: &Context<'_>, task: Task<'_>) -> Result<Option<Lock>> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    context.take_turn(&format!("sso-{name}"), task)
}

/// Calls CreateToken with the refresh token, and returns the fields to change in the file; `None` if the token cannot
/// be renewed.
///
/// # Errors
/// Returns an error if the service cannot be reached, has an internal error, or answers without a token.
fn renewed(file: &Fields, sso: &Sso, context: &Context<'_>) -> Result<Option<Map<String, Value>>> {
    let registered = file.time("registrationExpiresAt").is_some_and(|end| end > now());
    let (Some(client_id), Some(client_secret), Some(refresh), true) =
        (file.text("clientId"), file.text("clientSecret"), file.text("refreshToken"), registered)
    else {
        context.messages.step(|| String::from("the SSO token cannot be renewed"));
        return Ok(None);
    };
    warn_in_clear(&sso.oidc, context);
    let client = oidc::client(&sso.oidc)?;
    let request = client
        .create_token()
        .grant_type("refresh_token")
        .client_id(client_id)
        .client_secret(client_secret)
        .refresh_token(refresh);
    let answer = match http::call(request.send(), &context.locks)? {
        Ok(answer) => answer,
        Err(SdkError::ServiceError(context_)) if context_.err().code().is_some() => {
            let code = some_words(context_.err().code().unwrap_or_default());
            // An internal error of the server does not mean that the login has ended.
            if context_.raw().status().as_u16() >= 500 {
                return Err(Error::new(format!("{} says {code}", sso.oidc.place()))
                    .advise("the service is having trouble; try again in a moment"));
            }
            context.messages.step(|| format!("the SSO token was not renewed ({code})"));
            return Ok(None);
        }
        Err(error) => return Err(failure(sso.oidc.name, &sso.oidc.place(), &error)),
    };
    let Some(token) = answer.access_token().filter(|token| !token.is_empty() && answer.expires_in() > 0) else {
        return Err(Error::new(format!("{} answered without a token", sso.oidc.place())).advise("try again"));
    };
    let mut changes = Map::new();
    let mut change = |name: &str, value: &str| changes.insert(name.to_owned(), Value::String(value.to_owned()));
    change("startUrl", &sso.start_url);
    change("region", sso.oidc.region.as_str());
    change("accessToken", token);
    change("expiresAt", &(now() + Length::seconds(answer.expires_in().into())).iso8601());
    if let Some(refresh) = answer.refresh_token() {
        change("refreshToken", refresh);
    }
    context.messages.step(|| String::from("the SSO token was renewed"));
    Ok(Some(changes))
}

/// Writes a file to the AWS CLI's cache, or warns that it cannot be written. The warning calls its contents `what`.
pub fn keep(path: &Path, file: &Fields, context: &Context<'_>, what: &str) {
    context.keep(path, &file.0, what);
}

/// Warns if the service is called over plain http. Its tokens are as secret as keys.
pub fn warn_in_clear(service: &Service, context: &Context<'_>) {
    if let Some(url) = service.endpoint.in_clear() {
        context.messages.warn(&format!("credentials cross the network unencrypted: the endpoint is {url}"));
    }
}
