//! Forgetting: what `--logout` removes. Only entries that are aws-auth's own, or the AWS CLI's entry of a role that a
//! profile names; never a file that it cannot tell to be one of these.

use std::io;
use std::path::Path;

use crate::error::{Error, Result};
use crate::plan::Acquisition;

use super::cache::Store;

/// Removes a profile's role credentials and its MFA session; how many files that were.
pub fn forget(plan: &Acquisition, store: &Store) -> Result<usize> {
    let roles = (0..plan.roles.len()).filter_map(|at| store.role_path(plan, at));
    let session = plan.session.as_ref().and_then(|session| store.session_path(plan, session));
    let mut removed = 0;
    for path in roles.chain(session) {
        removed += remove(&path)?;
    }
    Ok(removed)
}

/// Removes every entry of aws-auth's own directory, whichever profile it was for; how many credentials that were.
pub fn forget_all(store: &Store) -> Result<usize> {
    let Some(state) = store.state() else { return Ok(0) };
    let entries = match state.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(failed(state, &error)),
    };
    let mut removed = 0;
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with("session-") || name.starts_with("role-") {
            removed += remove(&path)?;
        } else if name.starts_with("codes-") || name.starts_with(".aws-auth-") {
            remove(&path)?;
        }
    }
    Ok(removed)
}

fn remove(path: &Path) -> Result<usize> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(1),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(0),
        Err(error) => Err(failed(path, &error)),
    }
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::new(format!("cannot remove {} ({})", path.display(), super::io_words(error)))
        .advise("remove it by hand; it holds credentials")
}
