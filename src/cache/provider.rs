//! What providers gave, in the AWS CLI's cache: it keeps role credentials of SSO and of web identity, and of no other
//! provider (botocore's SSOCredentialFetcher and AssumeRoleWithWebIdentityCredentialFetcher).

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::cache::entry::{Assumed, Entry};
use crate::cache::format::{KeysFile, RoleFile};
use crate::cache::store::Store;
use crate::cache::{format, keys};
use crate::context::Context;
use crate::credentials::Credentials;
use crate::plan::base::{Base, Provider};
use crate::plan::sso::Sso;
use crate::system::private_files;
use crate::text::json;
use crate::time::{Length, Timestamp};

/// What the AWS CLI writes for SSO.
#[derive(Serialize, Deserialize)]
struct SsoFile<'a> {
    #[serde(rename = "ProviderType", borrow, default)]
    provider: Option<Cow<'a, str>>,
    #[serde(rename = "Credentials", borrow)]
    credentials: KeysFile<'a>,
}

/// The path of a provider's entry.
pub fn path(kind: &Provider, store: &Store) -> Option<PathBuf> {
    let key = match kind {
        Provider::WebIdentity(web) => {
            keys::parameters_key(web.duration, None, web.role.as_str(), web.session_name.as_deref(), None)
        }
        Provider::Sso(sso) => sso_key(sso),
        _ => return None,
    };
    Some(store.cli()?.join(format!("{key}.json")))
}

/// The entry, fresh or not (but not ended at `now`).
pub fn read(kind: &Provider, store: &Store, now: Timestamp) -> Option<Entry> {
    let contents = private_files::read(&path(kind, store)?)?;
    let entry = match kind {
        Provider::WebIdentity(web) => {
            let file: RoleFile<'_> = serde_json::from_slice(&contents.bytes).ok()?;
            if !web.role.is_role_of(&file.user.arn) {
                return None;
            }
            format::entry(&file.credentials, contents.written, web.length(), Some(&web.role))
        }
        Provider::Sso(sso) => {
            let file: SsoFile<'_> = serde_json::from_slice(&contents.bytes).ok()?;
            let others = file.provider.is_some_and(|provider| provider != "sso")
                || file.credentials.account_id.as_deref().is_some_and(|account| account != sso.account_id);
            if others {
                return None;
            }
            let mut entry = format::entry(&file.credentials, contents.written, Length::MAX, None)?;
            // AWS CLI 2.9 and older write no account.
            entry.credentials.account_id = Some(sso.account_id.clone());
            Some(entry)
        }
        _ => None,
    };
    entry.filter(|entry| entry.left(now) > Length::ZERO)
}

/// Keeps what a provider gave, if the AWS CLI does.
pub fn write(kind: &Provider, credentials: &Credentials, assumed: Option<&Assumed>, context: &Context<'_>) {
    let (Some(path), Some(credentials)) = (path(kind, context.store), format::keys_file(credentials)) else { return };
    if let Some(assumed) = assumed {
        let file = RoleFile { credentials, user: format::user_file(assumed) };
        context.store.keep(&path, &file, context.messages);
    } else {
        let file = SsoFile { provider: Some(Cow::Borrowed("sso")), credentials };
        context.store.keep(&path, &file, context.messages);
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

/// Where a provider's credentials are kept, for those that forget them and for the lock of those that get them.
pub fn kept_path(base: &Base, store: &crate::cache::store::Store) -> Option<std::path::PathBuf> {
    let Base::Provider { kind, .. } = base else { return None };
    path(kind, store)
}
