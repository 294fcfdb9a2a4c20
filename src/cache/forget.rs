//! Forgetting entries: what `--logout` removes. Only files that are aws-auth's own, or the AWS CLI's entry of a role that
//! a profile names.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cache::format::KeysFile;
use crate::cache::own_files::OwnFile;
use crate::cache::provider;
use crate::cache::store::Store;
use crate::error::{Error, Result};
use crate::plan::model::Acquisition;
use crate::system::private_files;
use crate::time::{Length, Timestamp};

/// What was removed.
pub struct Forgotten {
    /// How many sets of credentials, a session among them.
    pub sets: usize,
    /// Whether a session was.
    pub session: bool,
}

/// Removes a profile's role credentials and its MFA session.
pub fn forget(plan: &Acquisition, store: &Store) -> Result<Forgotten> {
    let roles = (0..plan.roles.len()).filter_map(|at| store.role_place(plan, at)).map(|place| place.path);
    let session = plan.session.as_ref().and_then(|session| store.session_place(plan, session)).map(|place| place.path);
    let all = |paths: &mut dyn Iterator<Item = PathBuf>| paths.map(|path| remove(&path)).sum::<Result<usize>>();
    let roles = all(&mut roles.into_iter())?;
    let sessions = all(&mut session.into_iter())?;
    let base = all(&mut provider::place(&plan.base, store).map(|place| place.path).into_iter())?;
    Ok(Forgotten { sets: roles + sessions + base, session: sessions > 0 })
}

/// Removes every entry of aws-auth's own directory, whichever profile it was for, and what killed runs left half
/// written; how many credentials that were.
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
    // Neither a directory of that name nor a file of another user, whose home root may be in, is an entry.
    let ours = |about: &std::fs::Metadata| !about.is_dir() && about.uid() == rustix::process::geteuid().as_raw();
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

/// Removes sessions and role entries of our own that have ended, and what killed runs left half written. Called when
/// a session is made, not on every run.
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
