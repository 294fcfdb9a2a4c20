//! The store `keyring`: that of the desktop. Keys have the service `aws-auth` and their access key id as the user name.

use crate::credentials::Secret;
use crate::error::Result;
use crate::keys::asking::Asking;
use crate::keys::failure::Failure;
#[cfg(all(feature = "keyring", target_os = "macos"))]
use crate::keys::keychain as system;
#[cfg(all(feature = "keyring", target_os = "linux"))]
use crate::keys::secret_service as system;

/// Reads the secret key of these keys.
///
/// # Errors
/// Returns a failure if there is no keyring, it is not unlocked, or it does not have them.
pub fn get(access_key_id: &str, asking: &Asking<'_>) -> Result<Secret, Failure> {
    system::get(access_key_id, asking)
}

/// Stores keys.
///
/// # Errors
/// Returns a failure if there is no keyring, or it is not unlocked.
pub fn put(access_key_id: &str, secret: &Secret, asking: &Asking<'_>) -> Result<(), Failure> {
    system::put(access_key_id, secret, asking)
}

/// Removes keys.
///
/// # Errors
/// Returns a failure if there is no keyring, it is not unlocked, or it does not have them.
pub fn remove(access_key_id: &str, asking: &Asking<'_>) -> Result<(), Failure> {
    system::remove(access_key_id, asking)
}

/// Whether a keyring answers, which may be locked.
///
/// # Errors
/// Returns why it does not.
pub fn answers(asking: &Asking<'_>) -> Result<(), Failure> {
    system::answers(asking)
}

#[cfg(not(all(feature = "keyring", any(target_os = "linux", target_os = "macos"))))]
mod system {
    use crate::credentials::Secret;
    use crate::error::Error;
    use crate::keys::asking::Asking;
    use crate::keys::failure::{Failure, Kind};

    fn absent() -> Failure {
        let error = Error::new("this aws-auth was built without the keyring");
        Failure::new(Kind::Absent, error.advise("install one with the feature keyring, or use --store-keys=file"))
    }

    pub(super) fn get(_: &str, _: &Asking<'_>) -> Result<Secret, Failure> {
        Err(absent())
    }

    pub(super) fn put(_: &str, _: &Secret, _: &Asking<'_>) -> Result<(), Failure> {
        Err(absent())
    }

    pub(super) fn remove(_: &str, _: &Asking<'_>) -> Result<(), Failure> {
        Err(absent())
    }

    pub(super) fn answers(_: &Asking<'_>) -> Result<(), Failure> {
        Err(absent())
    }
}
