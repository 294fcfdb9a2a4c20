//! The stores of long-term keys that aws-auth reads itself. In a store, keys are named by their access key id.

use crate::credentials::Secret;
use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::keys::asking::{Asking, Limits};
use crate::keys::failure::{Failure, Kind};
use crate::keys::{encrypted_file, keyring};
use crate::messages::{Messages, wants_colours};
use crate::plan::base::Base;
use crate::system::held_locks::HeldLocks;

/// A store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// The keyring of the desktop: the Secret Service, or the Keychain of macOS.
    Keyring,
    /// Files in the user's data directory, encrypted with a passphrase.
    File,
}

impl Store {
    /// Its name on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::File => "file",
        }
    }

    /// The store in a sentence, behind `in`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Keyring => "the keyring",
            Self::File => "an encrypted file",
        }
    }
}

/// The store that holds these keys. No store is asked: keys that have no encrypted file are in the keyring.
pub fn holder(access_key_id: &str, snapshot: &Snapshot) -> Store {
    let file = encrypted_file::path(access_key_id, snapshot);
    if file.is_some_and(|path| path.symlink_metadata().is_ok()) { Store::File } else { Store::Keyring }
}

/// The store of a plan's base; `None` if its keys are in none.
pub fn of_base(base: &Base, snapshot: &Snapshot) -> Option<Store> {
    match base {
        Base::Stored { access_key_id, .. } => Some(holder(access_key_id, snapshot)),
        _ => None,
    }
}

/// What the stores work with.
pub struct Stores<'a> {
    /// The environment.
    pub snapshot: &'a Snapshot,
    /// The locks that are released while the process is stopped.
    pub locks: &'a HeldLocks,
    /// Where a person is told that a dialog waits; `None` for a `credential_process`, which says nothing.
    pub messages: Option<&'a Messages>,
}

impl Stores<'_> {
    /// Reads the secret key of these keys. A person may be asked for a passphrase.
    ///
    /// # Errors
    /// Returns the store's failure.
    pub fn get(&self, store: Store, access_key_id: &str) -> Result<Secret, Failure> {
        match store {
            Store::Keyring => keyring::get(access_key_id, &self.asking()?),
            Store::File => encrypted_file::get(access_key_id, &self.file(access_key_id)?, self.locks, self.is_bold()),
        }
    }

    /// Stores keys. Those with the same id are replaced.
    ///
    /// # Errors
    /// Returns the store's failure.
    pub fn put(&self, store: Store, access_key_id: &str, secret: &Secret) -> Result<(), Failure> {
        match store {
            Store::Keyring => keyring::put(access_key_id, secret, &self.asking()?),
            Store::File => {
                encrypted_file::put(access_key_id, secret, &self.file(access_key_id)?, self.locks, self.is_bold())
            }
        }
    }

    /// Removes keys.
    ///
    /// # Errors
    /// Returns the store's failure, also if the keys are not there.
    pub fn remove(&self, store: Store, access_key_id: &str) -> Result<(), Failure> {
        match store {
            Store::Keyring => keyring::remove(access_key_id, &self.asking()?),
            Store::File => encrypted_file::remove(access_key_id, &self.file(access_key_id)?),
        }
    }

    /// Whether the keyring answers. It may be locked.
    ///
    /// # Errors
    /// Returns why it does not.
    pub fn keyring_answers(&self) -> Result<(), Failure> {
        keyring::answers(&self.asking()?)
    }

    fn asking(&self) -> Result<Asking<'_>, Failure> {
        let limits = Limits::new(self.snapshot).map_err(|error| Failure::new(Kind::Other, error))?;
        Ok(Asking { snapshot: self.snapshot, locks: self.locks, messages: self.messages, limits })
    }

    fn file(&self, access_key_id: &str) -> Result<std::path::PathBuf, Failure> {
        encrypted_file::path(access_key_id, self.snapshot).ok_or_else(|| {
            let error = Error::new("there is no directory for encrypted keys (HOME is not set)");
            Failure::new(Kind::Absent, error.advise("set HOME, or XDG_DATA_HOME to an absolute path"))
        })
    }

    fn is_bold(&self) -> bool {
        wants_colours(self.snapshot)
    }
}
