//! Forgetting entries: what `--logout` removes. Only files that are aws-auth's own, or the AWS CLI's entry of a role that
//! a profile names.

use std::io;
use std::path::{Path, PathBuf};

use crate::cache::own_files::Kept;
use crate::cache::store::Store;
use crate::error::{Error, Result};
use crate::plan::model::Acquisition;
use crate::system::private_files;

/// What was removed.
pub struct Forgotten {
    /// How many sets of credentials, a session among them.
    pub sets: usize,
    /// Whether a session was.
    pub session: bool,
}

/// Removes a profile's role credentials and its MFA session.
pub fn forget(plan: &Acquisition, store: &Store) -> Result<Forgotten> {
    let roles = (0..plan.roles.len()).filter_map(|at| store.role_path(plan, at));
    let session = plan.session.as_ref().and_then(|session| store.session_path(plan, session));
    let all = |paths: &mut dyn Iterator<Item = PathBuf>| paths.map(|path| remove(&path)).sum::<Result<usize>>();
    let roles = all(&mut roles.into_iter())?;
    let sessions = all(&mut session.into_iter())?;
    let base = all(&mut crate::cache::provider::kept_path(&plan.base, store).into_iter())?;
    Ok(Forgotten { sets: roles + sessions + base, session: sessions > 0 })
}

/// Removes every entry of aws-auth's own directory, whichever profile it was for, and what killed runs left half
/// written; how many credentials that were.
pub fn forget_all(store: &Store) -> Result<usize> {
    let mut removed = 0;
    for dir in [store.state(), store.shared()].into_iter().flatten() {
        let own = Some(dir) == store.state();
        for path in private_files::list(dir).map_err(|error| failed(dir, &error))? {
            match Kept::of(&path) {
                Some(Kept::Credentials) if own => removed += remove(&path)?,
                Some(Kept::Codes) if own => drop(remove(&path)?),
                Some(Kept::HalfWritten) => drop(remove(&path)?),
                _ => {}
            }
        }
    }
    Ok(removed)
}

fn remove(path: &Path) -> Result<usize> {
    // A directory of that name is nobody's entry.
    if path.is_dir() {
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
