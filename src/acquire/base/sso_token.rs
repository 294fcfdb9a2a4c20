//! The tokens of IAM Identity Center in the AWS CLI's cache: read with distrust, renewed by its rules (botocore's
//! SSOTokenProvider), written back with everything in them that is not ours.

use std::path::{Path, PathBuf};

use aws_sdk_ssooidc::config::{BehaviorVersion, Region};
use aws_sdk_ssooidc::error::{ProvideErrorMetadata as _, SdkError};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::credentials::{Seconds, Secret, for_people, iso8601, now, parse_iso8601};
use crate::error::{Error, Result};
use crate::plan::{Service, Sso};

use super::super::cache::hex_sha1;
use super::super::lock::{self, Turn};
use super::super::{Context, files, http, io_words};
use super::process::wipe;

/// A token with less than this left is renewed, if it can be.
const RENEWED_BEFORE: Seconds = 15 * 60;

/// What the cache says about being logged in.
pub enum TokenState {
    /// Logged in.
    Fresh(Secret),
    /// No longer, and it could not be renewed.
    Expired,
    /// Never, as far as the cache tells.
    Missing,
}

/// A token's file, its texts wiped at the end.
struct TokenFile(Value);

impl Drop for TokenFile {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl TokenFile {
    /// `None` for what is no token: the AWS CLI asks for these two fields.
    fn read(path: &Path) -> Option<Self> {
        let file = Self(serde_json::from_slice(&files::read(path)?.bytes).ok()?);
        (file.text("accessToken").is_some() && file.time("expiresAt").is_some()).then_some(file)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    fn time(&self, name: &str) -> Option<Seconds> {
        parse_iso8601(self.text(name)?)
    }

    fn left(&self, now: Seconds) -> Seconds {
        self.time("expiresAt").map_or(0, |end| end - now)
    }

    /// The token, if it has not ended.
    fn state(&self, now: Seconds) -> TokenState {
        match self.text("accessToken") {
            Some(token) if self.left(now) > 0 => TokenState::Fresh(Secret::new(token.to_owned())),
            _ => TokenState::Expired,
        }
    }
}

/// Where the token of a session, or of a legacy profile's start URL, is.
pub fn path(sso: &Sso, context: &Context<'_>) -> Option<PathBuf> {
    Some(context.snapshot.sso_cache_dir()?.join(format!("{}.json", hex_sha1(sso.token_name()))))
}

/// Whether somebody is logged in; the token is renewed when it is near its end and belongs to a session.
///
/// # Errors
/// When the token has ended and whoever renews it cannot be reached.
pub fn state(sso: &Sso, context: &Context<'_>) -> Result<TokenState> {
    let Some(path) = path(sso, context) else { return Ok(TokenState::Missing) };
    let Some(file) = TokenFile::read(&path) else { return Ok(TokenState::Missing) };
    let left = file.left(now());
    context.messages.step(|| format!("the SSO token has {} left", for_people(left)));
    // Where the renewed token could not be kept, the AWS CLI would be logged out by ours.
    let renewable = sso.session.is_some() && context.store.writable();
    if left >= RENEWED_BEFORE || !renewable {
        return Ok(file.state(now()));
    }
    drop(file);
    let _lock = take_turn(&path, context)?;
    // Whoever held the lock before us may have renewed it.
    let Some(mut file) = TokenFile::read(&path) else { return Ok(TokenState::Missing) };
    if file.left(now()) < RENEWED_BEFORE {
        match renewed(&file, sso, context) {
            Ok(Some(changes)) => {
                if let Value::Object(fields) = &mut file.0 {
                    fields.extend(changes);
                }
                keep(&path, &file, context);
            }
            Ok(None) => {}
            Err(error) if file.left(now()) <= 0 => return Err(error),
            Err(error) => context.messages.step(|| error.to_string()),
        }
    }
    Ok(file.state(now()))
}

/// One process at a time renews a token: the service may take a refresh token once.
fn take_turn(path: &Path, context: &Context<'_>) -> Result<Option<lock::Lock>> {
    let Some(state) = context.store.state() else { return Ok(None) };
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let ancestors = super::ancestors(context.snapshot);
    match lock::take(&state.join(format!("lock-sso-{name}")), context.messages, "the SSO token", &ancestors) {
        Turn::Held(lock) => Ok(Some(lock)),
        Turn::Ancestor { pid } => Err(super::super::part_of_itself(pid)),
        Turn::Impossible(_) => Ok(None),
    }
}

/// CreateToken with the refresh token; what changes in the file. `None` when the session cannot be renewed.
fn renewed(file: &TokenFile, sso: &Sso, context: &Context<'_>) -> Result<Option<Map<String, Value>>> {
    let registered = file.time("registrationExpiresAt").is_some_and(|end| end > now());
    let (Some(client_id), Some(client_secret), Some(refresh), true) =
        (file.text("clientId"), file.text("clientSecret"), file.text("refreshToken"), registered)
    else {
        context.messages.step(|| String::from("the SSO token cannot be renewed"));
        return Ok(None);
    };
    warn_in_clear(&sso.oidc, context);
    let client = client(&sso.oidc)?;
    let request = client
        .create_token()
        .grant_type("refresh_token")
        .client_id(client_id)
        .client_secret(client_secret)
        .refresh_token(refresh);
    let answer = match http::runtime()?.block_on(request.send()) {
        Ok(answer) => answer,
        Err(SdkError::ServiceError(context_)) if context_.err().code().is_some() => {
            let code = context_.err().code().unwrap_or_default().to_owned();
            // A server in trouble says nothing about the login.
            if context_.raw().status().as_u16() >= 500 {
                return Err(Error::new(format!("{} says {code}", sso.oidc.place()))
                    .advise("the service has trouble of its own; try again in a moment"));
            }
            context.messages.step(|| format!("the SSO token was not renewed ({code})"));
            return Ok(None);
        }
        Err(error) => return Err(http::failure(sso.oidc.name, &sso.oidc.place(), &error)),
    };
    let Some(token) = answer.access_token().filter(|token| !token.is_empty() && answer.expires_in() > 0) else {
        return Err(Error::new(format!("{} answered without a token", sso.oidc.place())).advise("try again"));
    };
    let mut changes = Map::new();
    let mut change = |name: &str, value: &str| changes.insert(name.to_owned(), Value::String(value.to_owned()));
    change("startUrl", &sso.start_url);
    change("region", &sso.oidc.region);
    change("accessToken", token);
    change("expiresAt", &iso8601(now() + Seconds::from(answer.expires_in())));
    if let Some(refresh) = answer.refresh_token() {
        change("refreshToken", refresh);
    }
    context.messages.step(|| String::from("the SSO token was renewed"));
    Ok(Some(changes))
}

fn keep(path: &Path, file: &TokenFile, context: &Context<'_>) {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    let written = serde_json::to_writer(&mut *bytes, &file.0)
        .map_err(std::io::Error::from)
        .and_then(|()| files::write(path, &bytes));
    if let Err(error) = written {
        context.messages.cache_failure(&format!(
            "cannot keep the renewed SSO token in {} ({}); a new login may be needed",
            path.display(),
            io_words(&error)
        ));
    }
}

fn client(oidc: &Service) -> Result<aws_sdk_ssooidc::Client> {
    let mut config = aws_sdk_ssooidc::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http::client_of(oidc)?)
        // A refresh token that may have been taken is not sent again.
        .retry_config(aws_sdk_ssooidc::config::retry::RetryConfig::disabled())
        .timeout_config(http::timeouts(http::LIMITS))
        .region(Region::new(oidc.region.clone()));
    config.set_app_name(http::app_name());
    Ok(aws_sdk_ssooidc::Client::from_conf(match &oidc.url {
        Some((url, _)) => config.endpoint_url(url).build(),
        None => config.use_fips(oidc.fips).use_dual_stack(oidc.dual_stack).build(),
    }))
}

/// Tokens are secrets as keys are.
pub fn warn_in_clear(service: &Service, context: &Context<'_>) {
    if let Some(url) = service.in_clear() {
        context.messages.warn(&format!("credentials cross the network unencrypted: the endpoint is {url}"));
    }
}
