//! The tokens of IAM Identity Center in the AWS CLI's cache: read with distrust, renewed by its rules (botocore's
//! SSOTokenProvider), written back with everything in them that is not ours.

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
use crate::sso::oidc;
use crate::system::lock::Lock;
use crate::system::private_files;
use crate::text::escape::some_words;
use crate::text::json::wipe;
use crate::time::{Length, Timestamp, now};

/// A token with less than this left is renewed, if it can be.
const RENEWAL_MARGIN: Length = Length::minutes(15);

/// What the cache says about being logged in.
pub enum TokenState {
    /// Logged in.
    Valid(Token),
    /// No longer, and it could not be renewed.
    Expired,
    /// Never, as far as the cache tells.
    Missing,
}

/// Who is logged in.
pub struct Token {
    /// The access token.
    pub secret: Secret,
    /// Its end.
    pub until: Timestamp,
    /// Whether it is renewed at its end.
    pub renewable: bool,
    /// Whether somebody signed in in this run.
    pub new: bool,
}

/// A file of the AWS CLI's cache, its texts wiped at the end.
pub struct Fields(Value);

impl Drop for Fields {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl Fields {
    /// To be written.
    pub fn new(value: Value) -> Self {
        Self(value)
    }

    /// What the file holds, if that is JSON.
    pub fn read(path: &Path) -> Option<Self> {
        Some(Self(serde_json::from_slice(&private_files::read(path)?.bytes).ok()?))
    }

    /// `None` for what is no token: the AWS CLI asks for these two fields.
    fn token(path: &Path) -> Option<Self> {
        Self::read(path).filter(|file| file.text("accessToken").is_some() && file.time("expiresAt").is_some())
    }

    /// All of it.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// A text that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A time.
    pub fn time(&self, name: &str) -> Option<Timestamp> {
        Timestamp::parse(self.text(name)?)
    }

    fn left(&self, now: Timestamp) -> Length {
        self.time("expiresAt").map_or(Length::ZERO, |end| end - now)
    }

    /// The token, if it has not ended.
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

/// Where the token of a session, or of a legacy profile's start URL, is.
pub fn path(sso: &Sso, context: &Context<'_>) -> Option<PathBuf> {
    Some(context.snapshot.sso_cache_dir()?.join(format!("{}.json", hex_sha1(sso.token_name()))))
}

/// Whether somebody is logged in, as the file says now; nothing is renewed.
pub fn kept(sso: &Sso, context: &Context<'_>) -> TokenState {
    path(sso, context).and_then(|path| Fields::token(&path)).map_or(TokenState::Missing, |file| file.state(sso, now()))
}

/// Whether somebody is logged in; the token is renewed when it is near its end and belongs to a session.
///
/// # Errors
/// When the token has ended and whoever renews it cannot be reached.
pub fn state(sso: &Sso, context: &Context<'_>) -> Result<TokenState> {
    let Some(path) = path(sso, context) else { return Ok(TokenState::Missing) };
    let Some(file) = Fields::token(&path) else { return Ok(TokenState::Missing) };
    let left = file.left(now());
    context.messages.step(|| format!("the SSO token has {left} left"));
    // Where the renewed token could not be kept, the AWS CLI would be logged out by ours.
    let renewable = sso.session.is_some() && context.store.writable();
    if left >= RENEWAL_MARGIN || !renewable {
        return Ok(file.state(sso, now()));
    }
    drop(file);
    let _lock = take_turn(&path, context, "the SSO token")?;
    // Whoever held the lock before us may have renewed it.
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

/// Waits for the turn to renew a token or to sign in: the service may take a refresh token only once. `what` is what
/// the others wait for.
///
/// # Errors
/// As [`Context::take_turn`].
pub fn take_turn(path: &Path, context: &Context<'_>, what: &str) -> Result<Option<Lock>> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    context.take_turn(&format!("sso-{name}"), what)
}

/// CreateToken with the refresh token; what changes in the file. `None` when the session cannot be renewed.
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
    let answer = match http::runtime()?.block_on(request.send()) {
        Ok(answer) => answer,
        Err(SdkError::ServiceError(context_)) if context_.err().code().is_some() => {
            let code = some_words(context_.err().code().unwrap_or_default());
            // A server in trouble says nothing about the login.
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

/// Writes a file of the AWS CLI's cache, or warns that it cannot be written; `what` it holds.
pub fn keep(path: &Path, file: &Fields, context: &Context<'_>, what: &str) {
    context.keep(path, &file.0, what);
}

/// Tokens are secrets as keys are.
pub fn warn_in_clear(service: &Service, context: &Context<'_>) {
    if let Some(url) = service.endpoint.in_clear() {
        context.messages.warn(&format!("credentials cross the network unencrypted: the endpoint is {url}"));
    }
}
