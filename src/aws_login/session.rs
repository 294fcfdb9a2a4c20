//! The file of a session of `aws login`, as the AWS CLI writes it (awscli/customizations/login, and botocore's
//! LoginCredentialFetcher): credentials, a refresh token, and the private key that the token is bound to.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::aws_login::endpoint::Tokens;
use crate::cache::entry::Entry;
use crate::credentials::{Credentials, Secret};
use crate::env::snapshot::Snapshot;
use crate::system::private_files;
use crate::text::encoding::hex;
use crate::text::json::wipe;
use crate::time::{Length, Timestamp, now};

/// The contents of a session's file. Its strings are wiped on drop.
pub struct Session {
    fields: Value,
    written: Timestamp,
}

impl Drop for Session {
    fn drop(&mut self) {
        wipe(&mut self.fields);
    }
}

/// The path of a session's file: its name is the SHA-256 of the session's. `None` without a home directory.
pub fn path(session: &str, snapshot: &Snapshot) -> Option<PathBuf> {
    Some(snapshot.login_cache_dir()?.join(format!("{}.json", hash(session))))
}

/// The SHA-256 of a session's name, in hexadecimal.
pub fn hash(session: &str) -> String {
    hex(&Sha256::digest(session.as_bytes()))
}

impl Session {
    /// Reads a file; `None` if it is missing, unreadable or no JSON object.
    pub fn read(path: &Path) -> Option<Self> {
        let contents = private_files::read(path)?;
        let fields: Value = serde_json::from_slice(&contents.bytes).ok()?;
        fields.is_object().then_some(Self { fields, written: contents.written })
    }

    /// The contents after a sign-in by this client, in the account with this number. `pem` is the private key.
    pub fn new(tokens: &Tokens, client: &str, account: &str, pem: &Secret) -> Self {
        let mut keys = keys(&tokens.credentials);
        if let Value::Object(keys) = &mut keys {
            keys.insert(String::from("accountId"), account.into());
        }
        let fields = json!({
            "accessToken": keys,
            "tokenType": tokens.kind,
            "clientId": client,
            "refreshToken": tokens.refresh.expose(),
            "idToken": tokens.identity.as_ref().map(Secret::expose),
            "dpopKey": pem.expose(),
        });
        Self { fields, written: now() }
    }

    /// The whole JSON value.
    pub fn value(&self) -> &Value {
        &self.fields
    }

    /// When the file was written.
    pub fn written(&self) -> Timestamp {
        self.written
    }

    /// The field `name`, if it is a string that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// Replaces the credentials and the refresh token by those of a renewal. The account id stays the same.
    pub fn take(&mut self, renewed: &Tokens) {
        let account = self.fields.get("accessToken").and_then(|token| token.get("accountId")).cloned();
        let mut keys = keys(&renewed.credentials);
        if let (Some(account), Value::Object(keys)) = (account, &mut keys) {
            keys.insert(String::from("accountId"), account);
        }
        self.written = now();
        if let Value::Object(fields) = &mut self.fields {
            fields.insert(String::from("accessToken"), keys);
            fields.insert(String::from("refreshToken"), Value::String(renewed.refresh.expose().to_owned()));
        }
    }

    /// The credentials; `None` if the file has none that can be used.
    pub fn entry(&self) -> Option<Entry> {
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

    /// Whether the file has what a renewal needs.
    pub fn is_renewable(&self) -> bool {
        ["dpopKey", "clientId", "refreshToken"].iter().all(|name| self.text(name).is_some()) && self.entry().is_some()
    }
}

/// The part of the file with the credentials, without the account.
fn keys(credentials: &Credentials) -> Value {
    json!({
        "accessKeyId": credentials.access_key_id,
        "secretAccessKey": credentials.secret_access_key.expose(),
        "sessionToken": credentials.session_token.as_ref().map(Secret::expose),
        "expiresAt": credentials.expiration.map(Timestamp::iso8601),
    })
}
