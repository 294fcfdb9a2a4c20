//! Long-term keys in a store: the profile's `credential_process` is our own `--stored-keys`, so this process reads the
//! store itself.

use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::keys::stores::{self, Stores};

/// Reads the keys of a profile from their store. `about` begins an error.
///
/// # Errors
/// Returns an error if the store is not there, not unlocked, or does not have them.
pub fn fetch(access_key_id: &str, profile: &str, context: &Context<'_>, about: &str) -> Result<Credentials> {
    let store = stores::holder(access_key_id, context.snapshot);
    context.messages.step(|| format!("reading the keys {access_key_id} from {}", store.words()));
    let stores = Stores { snapshot: context.snapshot, locks: &context.locks, messages: Some(context.messages) };
    let secret = stores.get(store, access_key_id).map_err(|failure| failure.error.in_front(about))?;
    let own = context.set.profile(profile).and_then(|profile| profile.get("aws_account_id"));
    let credentials = Credentials {
        access_key_id: access_key_id.to_owned(),
        secret_access_key: secret,
        session_token: None,
        expiration: None,
        account_id: own.map(|account| account.text.into_owned()),
    };
    credentials.checked(about)
}
