//! The name of the local user in the user database.

use nix::unistd::{User, getuid};

/// The name of the user who runs this process; `None` if the user database does not know the user id. It may ask a
/// server, so it is not asked by a run from the cache.
pub fn local_user() -> Option<String> {
    User::from_uid(getuid()).ok().flatten().map(|user| user.name)
}
