//! What providers gave, in the AWS CLI's cache: it keeps role credentials of SSO and of web identity, and of no other
//! provider (botocore's SSOCredentialFetcher and AssumeRoleWithWebIdentityCredentialFetcher).

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

/// No permission set gives credentials for less.
const SHORTEST_SSO: Length = Length::hours(1);

/// What the AWS CLI writes for SSO.
#[derive(Serialize, Deserialize)]
struct SsoFile<'a> {
    #[serde(rename = "ProviderType", borrow, default)]
    provider: Option<Cow<'a, str>>,
    #[serde(rename = "Credentials", borrow)]
    credentials: KeysFile<'a>,
}

/// The file of what a provider gave; `None` for a base that the AWS CLI keeps nothing of, and when nothing is cached.
pub fn place(base: &Base, store: &Store) -> Option<Place> {
    let key = match base {
        Base::WebIdentity { web, .. } => {
            keys::parameters_key(web.duration, None, web.role.as_str(), web.session_name.as_deref(), None)
        }
        Base::Sso { sso, .. } => sso_key(sso),
        _ => return None,
    };
    store.shared_place(&key)
}

/// What a provider gave before and has not expired at `now`, however little it has left.
pub fn read(base: &Base, store: &Store, now: Timestamp) -> Lookup<Entry> {
    let Some(place) = place(base, store) else { return Lookup::nowhere() };
    let found = match base {
        Base::WebIdentity { web, .. } => store::role_found(&place.path, (&web.role, web.length()), now),
        Base::Sso { sso, .. } => sso_found(&place.path, sso, now),
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
    // A permission set decides how long they live, which only the file's own time tells.
    let mut entry = format::entry(&file.credentials, Length::MAX, None).map(|entry| entry.made(contents.written));
    if let Some(entry) = &mut entry {
        // A copied file looks younger than it is.
        entry.length = entry.length.max(SHORTEST_SSO);
        // AWS CLI 2.9 and older write no account.
        entry.credentials.account_id = Some(sso.account_id.clone());
    }
    store::unexpired(entry, now)
}

/// Keeps what a provider gave, if the AWS CLI does; `assumed` comes with the role of a web identity.
pub fn write(base: &Base, credentials: &Credentials, assumed: Option<&Assumed>, store: &Store, messages: &Messages) {
    let Some(place) = place(base, store) else { return };
    if let Some(assumed) = assumed {
        store.keep_assumed(&place, assumed, messages);
    } else if let Some(credentials) = format::keys_file(credentials) {
        let file = SsoFile { provider: Some(Cow::Borrowed("sso")), credentials };
        store.keep(&place.path, &file, messages);
    }
}

/// SHA-1 of compact JSON, its keys sorted.
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
