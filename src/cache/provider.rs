//! Credentials of providers. Those of SSO and of web identity are in the AWS CLI's cache, which holds no others (botocore's
//! SSOCredentialFetcher and AssumeRoleWithWebIdentityCredentialFetcher). Those of a `credential_process` are in aws-auth's
//! own, if its profile asks for that.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::cache::entry::{Assumed, Entry};
use crate::cache::format::KeysFile;
use crate::cache::lookup::{Found, Lookup, Place};
use crate::cache::store::{self, Store};
use crate::cache::{format, keys};
use crate::credentials::Credentials;
use crate::messages::Messages;
use crate::plan::base::Base;
use crate::plan::sso::Sso;
use crate::system::private_files;
use crate::text::json;
use crate::time::{Length, Timestamp};

/// The shortest lifetime that a permission set can have.
const SHORTEST_SSO: Length = Length::hours(1);

/// The file that the AWS CLI writes for SSO.
#[derive(Serialize, Deserialize)]
struct SsoFile<'a> {
    #[serde(rename = "ProviderType", borrow, default)]
    provider: Option<Cow<'a, str>>,
    #[serde(rename = "Credentials", borrow)]
    credentials: KeysFile<'a>,
}

/// The file of what a `credential_process` printed.
#[derive(Serialize, Deserialize)]
struct ProcessFile<'a> {
    #[serde(rename = "Credentials", borrow)]
    credentials: KeysFile<'a>,
    #[serde(rename = "IssuedAt", borrow)]
    issued_at: Cow<'a, str>,
}

/// The cache file for a base; `None` if this kind of base is not cached, or if nothing is cached in this run.
pub fn place(base: &Base, store: &Store) -> Option<Place> {
    let key = match base {
        Base::WebIdentity { web, .. } if !web.is_shared() => {
            return store.own_place(&keys::own_name_of_web_identity(web)?);
        }
        Base::WebIdentity { web, .. } => {
            let name = web.session_name.as_deref();
            keys::hex_sha1(&keys::parameters(web.duration, None, web.role.as_str(), name, None))
        }
        Base::Sso { sso, .. } => sso_key(sso),
        Base::Process { is_cached: true, .. } => {
            return store.own_place(&format!("process-{}", keys::owner(base).unwrap_or_default()));
        }
        _ => return None,
    };
    store.shared_place(&key)
}

/// The cached credentials of a provider that have not expired at `now`, even if they have little left.
pub fn read(base: &Base, store: &Store, now: Timestamp) -> Lookup<Entry> {
    let Some(place) = place(base, store) else { return Lookup::nowhere() };
    let found = match base {
        Base::WebIdentity { web, .. } => store::role_found(&place.path, (&web.role, web.length()), now),
        Base::Sso { sso, .. } => sso_found(&place.path, sso, now),
        Base::Process { .. } => process_found(&place.path, now),
        _ => Found::Nothing,
    };
    Lookup { place: Some(place), found }
}

fn sso_found(path: &Path, sso: &Sso, now: Timestamp) -> Found<Entry> {
    let Some(contents) = private_files::read(path) else { return Found::Nothing };
    let Ok(file) = serde_json::from_slice::<SsoFile<'_>>(&contents.bytes) else { return Found::Unusable };
    let others = file.provider.is_some_and(|provider| provider != "sso")
        || file.credentials.account_id.as_deref().is_some_and(|account| account != sso.account_id);
    if others {
        return Found::Unusable;
    }
    // The permission set decides the lifetime; only the file's modification time shows it.
    let mut entry = format::entry(&file.credentials, Length::MAX, None).map(|entry| entry.made(contents.written));
    if let Some(entry) = &mut entry {
        // The modification time of a copied file is too late, which makes the length too short.
        entry.length = entry.length.max(SHORTEST_SSO);
        // AWS CLI 2.9 and older write no account.
        entry.credentials.account_id = Some(sso.account_id.clone());
    }
    store::unexpired(entry, now)
}

fn process_found(path: &Path, now: Timestamp) -> Found<Entry> {
    let Some(contents) = private_files::read(path) else { return Found::Nothing };
    let Ok(file) = serde_json::from_slice::<ProcessFile<'_>>(&contents.bytes) else { return Found::Unusable };
    let Some(issued) = Timestamp::parse(&file.issued_at) else { return Found::Unusable };
    store::unexpired(format::entry(&file.credentials, Length::MAX, None).map(|entry| entry.made(issued)), now)
}

/// Caches what a `credential_process` printed at `now`, if its profile asks for that and the credentials expire.
pub fn write_process(base: &Base, credentials: &Credentials, store: &Store, messages: &Messages, now: Timestamp) {
    let place = place(base, store).filter(|_| matches!(base, Base::Process { .. }));
    if let (Some(place), Some(credentials)) = (place, format::keys_file(credentials)) {
        let file = ProcessFile { credentials, issued_at: Cow::Owned(now.iso8601()) };
        store.keep(&place, &file, messages);
    }
}

/// Caches what a provider gave, if the AWS CLI caches it too. `assumed` is the role of a web identity.
pub fn write(base: &Base, credentials: &Credentials, assumed: Option<&Assumed>, store: &Store, messages: &Messages) {
    let Some(place) = place(base, store) else { return };
    if let Some(assumed) = assumed {
        store.keep_assumed(&place, assumed, messages);
    } else if let Some(credentials) = format::keys_file(credentials) {
        let file = SsoFile { provider: Some(Cow::Borrowed("sso")), credentials };
        store.keep(&place, &file, messages);
    }
}

/// The AWS CLI's key of an SSO role: SHA-1 of compact JSON with sorted keys.
fn sso_key(sso: &Sso) -> String {
    let mut json = String::with_capacity(160);
    let whose = match &sso.session {
        Some(session) => ("sessionName", session.as_str()),
        None => ("startUrl", sso.start_url.as_str()),
    };
    for (name, text) in [("accountId", sso.account_id.as_str()), ("roleName", sso.role_name.as_str()), whose] {
        json.push(if json.is_empty() { '{' } else { ',' });
        let _ = write!(json, "\"{name}\":");
        json::push_json_text(&mut json, text);
    }
    json.push('}');
    keys::hex_sha1(&json)
}
