//! Removes entries, for `--logout` and to clean up. Only aws-auth's own files are removed, and the AWS CLI's entries of
//! one profile.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cache::format::KeysFile;
use crate::cache::own_files::OwnFile;
use crate::cache::provider;
use crate::cache::store::Store;
use crate::error::{Error, Result};
use crate::plan::model::Acquisition;
use crate::system::directories::is_own_user;
use crate::system::private_files;
use crate::time::{Length, Timestamp};

/// What was removed.
pub struct Forgotten {
    /// How many sets of credentials, including an MFA session.
    pub sets: usize,
    /// Whether an MFA session was removed.
    pub session: bool,
}

/// Removes the cached credentials of a profile: those of its roles and its provider, and its MFA session.
///
/// # Errors
/// Returns an error if a file cannot be removed.
pub fn forget(plan: &Acquisition, store: &Store) -> Result<Forgotten> {
    let roles = (0..plan.roles.len()).filter_map(|at| store.role_place(plan, at)).map(|place| place.path);
    let session = plan.session.as_ref().and_then(|session| store.session_place(plan, session)).map(|place| place.path);
    let all = |paths: &mut dyn Iterator<Item = PathBuf>| paths.map(|path| remove(&path)).sum::<Result<usize>>();
    let roles = all(&mut roles.into_iter())?;
    let sessions = all(&mut session.into_iter())?;
    let base = all(&mut provider::place(&plan.base, store).map(|place| place.path).into_iter())?;
    Ok(Forgotten { sets: roles + sessions + base, session: sessions > 0 })
}

/// Removes all sessions, roles and used codes from aws-auth's own directory, and the temporary files of killed runs.
/// Returns how many sets of credentials there were.
///
/// # Errors
/// Returns an error if a directory cannot be read, or a file cannot be removed.
pub fn forget_all(store: &Store) -> Result<usize> {
    let mut removed = 0;
    for dir in store.trusted() {
        let own = Some(dir) == store.state();
        for path in private_files::list(dir).map_err(|error| failed(dir, &error))? {
            match OwnFile::of(&path) {
                Some(OwnFile::Credentials) if own => removed += remove(&path)?,
                Some(OwnFile::Codes) if own => drop(remove(&path)?),
                Some(OwnFile::HalfWritten) => drop(remove(&path)?),
                _ => {}
            }
        }
    }
    Ok(removed)
}

fn remove(path: &Path) -> Result<usize> {
    use std::os::unix::fs::MetadataExt as _;
    // A directory of that name is not a cache entry. Another user's file, which root may find in that user's home, is
    // not one either.
    let ours = |about: &std::fs::Metadata| !about.is_dir() && is_own_user(about.uid());
    if path.symlink_metadata().is_ok_and(|about| !ours(&about)) {
        return Ok(0);
    }
    match std::fs::remove_file(path) {
        Ok(()) => Ok(1),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(0),
        Err(error) => Err(failed(path, &error)),
    }
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::new(format!("cannot remove {} ({})", path.display(), crate::error::io_words(error)))
        .advise("remove it by hand; it holds credentials")
}

/// Removes expired sessions and roles from aws-auth's own directory, and the temporary files of killed runs. Called
/// when a session is made, not on every run.
pub fn sweep(store: &Store, now: Timestamp) {
    #[derive(Deserialize)]
    struct Ended<'a> {
        #[serde(rename = "Credentials", borrow)]
        credentials: KeysFile<'a>,
    }
    if !store.writable() {
        return;
    }
    for path in store.trusted().flat_map(|dir| private_files::list(dir).unwrap_or_default()) {
        let own = path.parent() == store.state().map(PathBuf::as_path);
        let gone = match OwnFile::of(&path) {
            Some(OwnFile::Credentials) if own => private_files::read(&path).is_some_and(|contents| {
                serde_json::from_slice::<Ended<'_>>(&contents.bytes)
                    .ok()
                    .and_then(|file| Timestamp::parse(&file.credentials.expiration))
                    .is_some_and(|end| end <= now)
            }),
            // A temporary file older than a minute was abandoned.
            Some(OwnFile::HalfWritten) => {
                private_files::read(&path).is_some_and(|contents| contents.written + Length::seconds(60) < now)
            }
            _ => false,
        };
        if gone {
            let _ = std::fs::remove_file(path);
        }
    }
}
