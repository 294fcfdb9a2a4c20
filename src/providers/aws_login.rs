//! A session of `aws login`: credentials that the AWS CLI keeps beside a refresh token, bound to a key of their own
//! (botocore's LoginCredentialFetcher; RFC 9449 for the proof).

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
use crate::system::{private_files, random};
use crate::text::encoding::hex;
use crate::text::escape::some_words;
use crate::text::json::wipe;
use crate::text::shell_words::shell_word;
use crate::time::{Length, Timestamp, now};

/// Credentials with less than this left are renewed.
const RENEWAL_MARGIN: Length = Length::minutes(5);

/// A session's file, its texts wiped at the end.
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

    /// Takes over what a renewal gave; the account stays.
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

/// The credentials that the AWS CLI keeps for a session, as long as they have not expired at `now`.
pub fn cached(login: &Login, snapshot: &Snapshot, now: Timestamp) -> Lookup<Entry> {
    let Some(path) = path(login, snapshot) else { return Lookup::nowhere() };
    let found = Session::read(&path).map_or(Found::Nothing, |session| store::unexpired(session.entry(), now));
    Lookup { place: Some(Place { cache: Cache::AwsCli, path }), found }
}

/// The session's credentials, renewed when they are near their end.
pub fn fetch(login: &Login, plan: &Acquisition, context: &Context<'_>, about: &str) -> Result<Credentials> {
    let again = || {
        let profile = plan.base.profile().unwrap_or(DEFAULT_PROFILE);
        format!("log in again with: aws login --profile {}", shell_word(profile))
    };
    let missing = || Error::new(format!("{about}: nobody is logged in as {}", login.session)).advise(again());
    let path = path(login, context.snapshot).ok_or_else(missing)?;
    let found = Session::read(&path).ok_or_else(missing)?;
    // A renewed session that cannot be kept would be lost to the AWS CLI, whose refresh token is good once.
    if let Some(home) = context.store.anothers_home_of(&path) {
        return match found.entry().filter(|entry| entry.left(now()) > Length::ZERO) {
            Some(entry) => Ok(entry.credentials),
            None => Err(Error::new(format!("{about}: the login session has ended"))
                .advise(format!("it is not renewed, for the home directory {} is another user's", home.display()))),
        };
    }
    drop(found);
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let _lock = context.take_turn(&format!("login-{name}"), "the login session")?;
    let mut session = Session::read(&path).ok_or_else(missing)?;
    let entry = session.entry().ok_or_else(|| unusable(&path, about, &again()))?;
    // Whoever held the lock before us may have renewed them.
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

/// CreateOAuth2Token with the refresh token; changes the session's fields.
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
                // Without it the service refuses the request, and says so.
                if let Some(proof) = key.proof(request.uri(), &jti, now()) {
                    request.headers_mut().insert("DPoP", proof);
                }
            },
        );
    let answer = http::runtime()?
        .block_on(request.send())
        .map_err(|error| unrenewed(&error, &signin, &again()).in_front(about))?;
    let renewed = Renewed::of(&answer, &signin).map_err(|error| error.in_front(about))?;
    session.take(&renewed);
    Ok(())
}

/// Why a session was not renewed; `again` says how to log in again.
fn unrenewed(error: &SdkError<CreateOAuth2TokenError, HttpResponse>, signin: &Service, again: &str) -> Error {
    let SdkError::ServiceError(refusal) = error else {
        return failure(signin.name, &signin.place(), error);
    };
    let code = match refusal.err() {
        CreateOAuth2TokenError::AccessDeniedException(denied) => match &denied.error {
            OAuth2ErrorCode::TokenExpired => return Error::new("the login session has expired").advise(again),
            OAuth2ErrorCode::UserCredentialsChanged => {
                return Error::new("the password was changed since the login").advise(again);
            }
            OAuth2ErrorCode::InsufficientPermissions => {
                return Error::new("the login session may not be renewed")
                    .advise("ask for the permission signin:CreateOAuth2Token");
            }
            other => Some(some_words(other.as_str())),
        },
        other => other.code().map(some_words),
    };
    let Some(code) = code else { return failure(signin.name, &signin.place(), error) };
    let message = some_words(refusal.err().message().unwrap_or_default());
    let said = Error::new(format!("{} says {code}: {message}", signin.place()));
    match refusal.raw().status().as_u16() {
        429 => said.advise("too many calls at once; try again in a moment"),
        500.. => said.advise("the service is having trouble; try again in a moment"),
        _ => said.advise(again),
    }
}

/// What a renewal gives.
struct Renewed {
    credentials: Credentials,
    refresh: Secret,
}

impl Renewed {
    /// Reads the service's answer. What it lacks is empty there, for the SDK knows that it must be there.
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

/// A random UUID.
fn random_id() -> Result<String> {
    let bytes = random::bytes::<16>()
        .map_err(|error| Error::new(format!("the system gives no random numbers ({})", io_words(&error))))?;
    let hex = hex(&bytes);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    Ok(format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32)))
}
