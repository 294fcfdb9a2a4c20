//! `--stored-keys ID`: what a `credential_process` prints for keys in a store. SDKs run it; aws-auth reads the store
//! itself.

use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::keys::json;
use crate::keys::stores::{self, Stores};
use crate::messages::print;
use crate::plan::stored::is_key_id;
use crate::system::harden;
use crate::system::held_locks::HeldLocks;

/// Prints the keys as JSON. It reads no AWS files, and says nothing else if it succeeds.
///
/// # Errors
/// Returns an error if the text is no access key id, or the store does not give the keys.
pub fn stored_keys(access_key_id: &str, snapshot: &Snapshot) -> Result<u8> {
    if !is_key_id(access_key_id) {
        return Err(Error::new(format!("--stored-keys got '{access_key_id}', which is not an access key id"))
            .advise("write the id of keys that --store-keys has stored: AKIA and 16 more characters"));
    }
    harden::forbid_core_dumps();
    harden::fill_standard_descriptors();
    let locks = HeldLocks::default();
    let stores = Stores { snapshot, locks: &locks, messages: None };
    let secret = stores.get(stores::holder(access_key_id, snapshot), access_key_id)?;
    print(&json::written(access_key_id, &secret))
}
