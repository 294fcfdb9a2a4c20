//! The sessions of `aws login`. The AWS CLI caches their credentials with a refresh token, which is bound to a private
//! key in the same file (botocore's LoginCredentialFetcher; RFC 9449 defines the proof of the key).

use std::path::{Path, PathBuf};

use aws_sdk_signin::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_signin::operation::create_o_auth2_token::{CreateOAuth2TokenError, CreateOAuth2TokenOutput};
use aws_sdk_signin::types::{CreateOAuth2TokenRequestBody, OAuth2ErrorCode};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::aws::network_errors::failure;
use crate::aws::sdk::Retries;
use crate::aws::{http, sdk};
use crate::cache::entry::Entry;
use crate::cache::lookup::{Cache, Found, Lookup, Place};
use crate::cache::store;
use crate::config::profiles::DEFAULT_PROFILE;
use crate::context::Context;
use crate::credentials::{Credentials, Secret};
use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result, io_words};
use crate::plan::base::Login;
use crate::plan::endpoints::Service;
use crate::plan::model::Acquisition;
use crate::providers::dpop;
use crate::region::Region;
use crate::sso::token;
use crate::system::lock::Task;
use crate::system::{private_files, random};
use crate::text::encoding::hex;
use crate::text::escape::some_words;
use crate::text::json::wipe;
use crate::text::shell_words::shell_word;
use crate::time::{Length, Timestamp, now};

/// Credentials with less time left than this are renewed.
const RENEWAL_MARGIN: Length = Length::minutes(5);

/// The contents of a session's file. Its strings are wiped on drop.
struct Session {
    fields: Value,
    written: Timestamp,
}

impl Drop for Session {
    fn drop(&mut self) {
        wipe(&mut self.fields);
    }
}

impl Session {
    fn read(path: &Path) -> Option<Self> {
        let contents = private_files::read(path)?;
        let fields: Value = serde_json::from_slice(&contents.bytes).ok()?;
        fields.is_object().then_some(Self { fields, written: contents.written })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// Replaces the credentials and the refresh token by those of a renewal. The account id stays the same.
    fn take(&mut self, renewed: &Renewed) {
        let given = &renewed.credentials;
        let account = self.fields.get("accessToken").and_then(|token| token.get("accountId")).cloned();
        let mut keys = json!({
            "accessKeyId": given.access_key_id,
            "secretAccessKey": given.secret_access_key.expose(),
            "sessionToken": given.session_token.as_ref().map(Secret::expose),
            "expiresAt": given.expiration.map(Timestamp::iso8601),
        });
        if let (Some(account), Value::Object(keys)) = (account, &mut keys) {
            keys.insert(String::from("accountId"), account);
        }
        self.written = now();
        if let Value::Object(fields) = &mut self.fields {
            fields.insert(String::from("accessToken"), keys);
            fields.insert(String::from("refreshToken"), Value::String(renewed.refresh.expose().to_owned()));
        }
    }

    fn entry(&self) -> Option<Entry> {
        let token = self.fields.get("accessToken")?;
        let text = |name: &str| token.get(name)?.as_str().filter(|text| !text.is_empty());
        let expiration = Timestamp::parse(text("expiresAt")?)?;
        let credentials = Credentials {
            access_key_id: text("accessKeyId")?.to_owned(),
            secret_access_key: Secret::new(text("secretAccessKey")?.to_owned()),
            session_token: Some(Secret::new(text("sessionToken")?.to_owned())),
            expiration: Some(expiration),
            account_id: text("accountId").map(String::from),
        };
        let credentials = credentials.checked("the login session").ok()?;
        Some(Entry { credentials, expiration, length: (expiration - self.written).max(Length::ZERO) })
    }
}

fn path(login: &Login, snapshot: &Snapshot) -> Option<PathBuf> {
    let hash = Sha256::digest(login.session.as_bytes());
    Some(snapshot.login_cache_dir()?.join(format!("{}.json", hex(&hash))))
}

/// The credentials in the AWS CLI's cache for a session, if they have not expired at `now`.
pub fn cached(login: &Login, snapshot: &Snapshot, now: Timestamp) -> Lookup<Entry> {
    let Some(path) = path(login, snapshot) else { return Lookup::nowhere() };
    let found = Session::read(&path).map_or(Found::Nothing, |session| store::unexpired(session.entry(), now));
    Lookup { place: Some(Place { cache: Cache::AwsCli, path }), found }
}

/// The session's credentials, renewed first if they expire soon. `about` begins an error.
///
/// # Errors
/// Returns an error if there is no session, or if it cannot be used or renewed.
pub fn fetch(login: &Login, plan: &Acquisition, context: &Context<'_>, about: &str) -> Result<Credentials> {
    let again = || {
        let profile = plan.base.profile().unwrap_or(DEFAULT_PROFILE);
        format!("log in again with: aws login --profile {}", shell_word(profile))
    };
    let missing = || Error::new(format!("{about}: you are not logged in as {}", login.session)).advise(again());
    let path = path(login, context.snapshot).ok_or_else(missing)?;
    let found = Session::read(&path).ok_or_else(missing)?;
    // A renewed session that cannot be kept would be lost to the AWS CLI, because a refresh token can be used only
    // once.
    if let Some(home) = context.store.anothers_home_of(&path) {
        return match found.entry().filter(|entry| entry.left(now()) > Length::ZERO) {
            Some(entry) => Ok(entry.credentials),
            None => Err(Error::new(format!("{about}: the login session has expired"))
                .advise(format!("it is not renewed, because the home directory {} is another user's", home.display()))),
        };
    }
    drop(found);
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let _lock = context.take_turn(&format!("login-{name}"), Task::Call("the login session"))?;
    let mut session = Session::read(&path).ok_or_else(missing)?;
    let entry = session.entry().ok_or_else(|| unusable(&path, about, &again()))?;
    // The last lock holder may have renewed them.
    if entry.left(now()) > RENEWAL_MARGIN.max(entry.length.two_thirds()) {
        return Ok(entry.credentials);
    }
    renew(&mut session, login, plan, context, about, &again, &path)?;
    context.keep(&path, &session.fields, "the renewed login session");
    let entry = session.entry().ok_or_else(|| unusable(&path, about, &again()))?;
    Ok(entry.credentials)
}

fn unusable(path: &Path, about: &str, again: &str) -> Error {
    Error::new(format!("{about}: the login session in {} cannot be used", path.display())).advise(again)
}

/// Calls CreateOAuth2Token with the refresh token, and updates the fields of `session`.
fn renew(
    session: &mut Session,
    login: &Login,
    plan: &Acquisition,
    context: &Context<'_>,
    about: &str,
    again: &dyn Fn() -> String,
    path: &Path,
) -> Result<()> {
    let key = session.text("dpopKey").and_then(dpop::Key::from_pem);
    let (Some(key), Some(client_id), Some(refresh)) = (key, session.text("clientId"), session.text("refreshToken"))
    else {
        return Err(unusable(path, about, &again()));
    };
    let mut signin = login.signin.clone();
    signin.region = match session.text("signInRegion") {
        Some(region) => Region::parse(region, "signInRegion of the login session")?,
        None => plan.sts.region.value.clone(),
    };
    token::warn_in_clear(&signin, context);
    context.messages.step(|| String::from("renewing the login session"));
    let body = CreateOAuth2TokenRequestBody::builder()
        .client_id(client_id)
        .grant_type("refresh_token")
        .refresh_token(refresh)
        .build()
        .map_err(|error| Error::new(format!("{about}: {error}")))?;
    let jti = random_id()?;
    let config = sdk::config(&signin, Retries::Never)?;
    let request =
        aws_sdk_signin::Client::new(&config).create_o_auth2_token().token_input(body).customize().mutate_request(
            move |request| {
                // If there is no proof, the request is sent without it, and the service's refusal explains the problem.
                if let Some(proof) = key.proof(request.uri(), &jti, now()) {
                    request.headers_mut().insert("DPoP", proof);
                }
            },
        );
    let answer = http::call(request.send(), &context.locks)?
        .map_err(|error| unrenewed(&error, &signin, &again()).in_front(about))?;
    let renewed = Renewed::of(&answer, &signin).map_err(|error| error.in_front(about))?;
    session.take(&renewed);
    Ok(())
}

/// The error if a session was not renewed. `again` is the advice to log in again.
fn unrenewed(error: &SdkError<CreateOAuth2TokenError, HttpResponse>, signin: &Service, again: &str) -> Error {
    let SdkError::ServiceError(refusal) = error else {
        return failure(signin.name, &signin.place(), error);
    };
    let code = match refusal.err() {
        CreateOAuth2TokenError::AccessDeniedException(denied) => match &denied.error {
            OAuth2ErrorCode::TokenExpired => return Error::new("the login session has expired").advise(again),
            OAuth2ErrorCode::UserCredentialsChanged => {
                return Error::new("the password has changed since the login").advise(again);
            }
            OAuth2ErrorCode::InsufficientPermissions => {
                return Error::new("you are not allowed to renew the login session")
                    .advise("ask for the permission signin:CreateOAuth2Token");
            }
            other => Some(some_words(other.as_str())),
        },
        other => other.code().map(some_words),
    };
    let Some(code) = code else { return failure(signin.name, &signin.place(), error) };
    let message = some_words(refusal.err().message().unwrap_or_default());
    let said = Error::new(format!("{} says {code}", signin.place())).quote(message);
    match refusal.raw().status().as_u16() {
        429 => said.advise("too many calls at once; try again in a moment"),
        500.. => said.advise("the service is having trouble; try again in a moment"),
        _ => said.advise(again),
    }
}

/// The result of a renewal.
struct Renewed {
    credentials: Credentials,
    refresh: Secret,
}

impl Renewed {
    /// Reads the service's answer. The SDK sets required fields that are missing to empty values instead of failing.
    fn of(answer: &CreateOAuth2TokenOutput, signin: &Service) -> Result<Self> {
        let given = answer.token_output().and_then(|output| Some((output, output.access_token()?)));
        let whole = given.filter(|(output, token)| {
            let texts =
                [token.access_key_id(), token.secret_access_key(), token.session_token(), output.refresh_token()];
            texts.iter().all(|text| !text.is_empty()) && output.expires_in() > 0
        });
        let Some((output, token)) = whole else {
            return Err(Error::new(format!("{} answered without credentials", signin.place())).advise("try again"));
        };
        let credentials = Credentials {
            access_key_id: token.access_key_id().to_owned(),
            secret_access_key: Secret::new(token.secret_access_key().to_owned()),
            session_token: Some(Secret::new(token.session_token().to_owned())),
            expiration: Some(now() + Length::seconds(output.expires_in().into())),
            account_id: None,
        };
        Ok(Self {
            credentials: credentials.checked(&signin.place())?,
            refresh: Secret::new(output.refresh_token().to_owned()),
        })
    }
}

/// A random UUID (version 4), which makes a proof unique.
fn random_id() -> Result<String> {
    let bytes = random::bytes::<16>()
        .map_err(|error| Error::new(format!("the system provides no random numbers ({})", io_words(&error))))?;
    let hex = hex(&bytes);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    Ok(format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32)))
}
