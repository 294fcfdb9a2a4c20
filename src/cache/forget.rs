//! Removes entries, for `--logout` and to clean up. Only aws-auth's own files are removed, and the AWS CLI's entries of
//! one profile.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cache::format::{KeysFile, SessionFile};
use crate::cache::keys;
use crate::cache::own_files::OwnFile;
use crate::cache::provider;
use crate::cache::store::Store;
use crate::error::{Error, Result};
use crate::plan::base::Base;
use crate::plan::model::Acquisition;
use crate::system::directories::is_own_user;
use crate::system::private_files;
use crate::time::{Length, Timestamp};

/// Something that may be cached for a profile.
pub struct Part {
    /// What it is, without an article: `credentials of role …`, `MFA session of …`.
    pub name: String,
    /// Whether it is the MFA session.
    pub is_session: bool,
    /// Whether it was cached.
    pub was_there: bool,
}

/// How many entries `--logout --all` found.
#[derive(Debug, Default)]
pub struct Count {
    /// Sets of credentials, without MFA sessions.
    pub credentials: usize,
    /// MFA sessions.
    pub sessions: usize,
}

/// Removes the cached credentials of a profile: those of its roles and its provider, and its MFA session, unless that
/// is to be kept.
///
/// # Errors
/// Returns an error if a file cannot be removed.
pub fn forget(plan: &Acquisition, store: &Store, keeps_session: bool) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    // A role that is assumed with temporary keys may be kept elsewhere.
    for plan in std::iter::once(plan).chain(plan.if_temporary.as_deref()) {
        for (at, role) in plan.roles.iter().enumerate() {
            if let Some(place) = store.role_place(plan, at) {
                note(&mut parts, format!("credentials of role {}", role.arn.as_str()), remove(&place.path)?);
            }
            if remove_all(store, &keys::bounded_prefix(plan, at))? {
                note(&mut parts, format!("credentials of role {}", role.arn.as_str()), true);
            }
        }
        if let Some(place) = provider::place(&plan.base, store) {
            note(&mut parts, format!("credentials of {}", provided(plan)), remove(&place.path)?);
        }
        if let Base::WebIdentity { web, .. } = &plan.base
            && let Some(prefix) = keys::bounded_prefix_of_web_identity(web)
            && remove_all(store, &prefix)?
        {
            note(&mut parts, format!("credentials of {}", provided(plan)), true);
        }
    }
    let devices = plan.session.iter().flat_map(|session| session.devices().map(move |serial| (session, serial)));
    for (at, (session, serial)) in devices.enumerate() {
        let Some(place) = store.session_place(plan, serial) else { continue };
        let was_there = if keeps_session { place.path.is_file() } else { remove(&place.path)? };
        // That there is none of a further device is no news.
        if (session.kept && at == 0) || was_there {
            let name = format!("MFA session of {}", serial.as_str());
            parts.push(Part { name, is_session: true, was_there });
        }
    }
    Ok(parts)
}

fn note(parts: &mut Vec<Part>, name: String, was_there: bool) {
    match parts.iter_mut().find(|part| part.name == name) {
        Some(part) => part.was_there |= was_there,
        None => parts.push(Part { name, is_session: false, was_there }),
    }
}

/// What a provider gives that is cached.
fn provided(plan: &Acquisition) -> String {
    match &plan.base {
        Base::Sso { sso, .. } => format!("SSO role {} in {}", sso.role_name, sso.account_id),
        Base::WebIdentity { web, .. } => format!("role {}", web.role.as_str()),
        _ => String::from("the credential_process"),
    }
}

/// Removes all roles from aws-auth's own directory, the temporary files of killed runs, and all sessions and used codes,
/// unless the sessions are to be kept. Returns how many entries of both kinds there were.
///
/// # Errors
/// Returns an error if a directory cannot be read, or a file cannot be removed.
pub fn forget_all(store: &Store, keeps_sessions: bool) -> Result<Count> {
    let mut count = Count::default();
    for dir in store.trusted() {
        let own = Some(dir) == store.state();
        for path in private_files::list(dir).map_err(|error| failed(dir, &error))? {
            match OwnFile::of(&path) {
                Some(OwnFile::Credentials) if own => count.credentials += usize::from(remove(&path)?),
                Some(OwnFile::Session) if own && keeps_sessions => count.sessions += 1,
                Some(OwnFile::Session) if own => count.sessions += usize::from(remove(&path)?),
                Some(OwnFile::Codes) if own && !keeps_sessions => drop(remove(&path)?),
                Some(OwnFile::HalfWritten) => drop(remove(&path)?),
                _ => {}
            }
        }
    }
    Ok(count)
}

/// Removes the MFA sessions that were made with these keys, and returns how many there were.
pub fn forget_sessions_of(store: &Store, access_key_id: &str) -> usize {
    let Some(state) = store.trusted().find(|dir| Some(*dir) == store.state()).filter(|_| store.writable()) else {
        return 0;
    };
    let is_theirs = |path: &PathBuf| {
        OwnFile::of(path) == Some(OwnFile::Session)
            && private_files::read(path).is_some_and(|contents| {
                serde_json::from_slice::<SessionFile<'_>>(&contents.bytes)
                    .is_ok_and(|file| file.base_access_key_id == access_key_id)
            })
    };
    let theirs = private_files::list(state).unwrap_or_default().into_iter().filter(is_theirs);
    theirs.filter(|path| remove(path).unwrap_or(false)).count()
}

/// Removes the entries in aws-auth's own directory whose names begin so, and returns whether there were any.
fn remove_all(store: &Store, prefix: &str) -> Result<bool> {
    let mut was_there = false;
    for dir in store.trusted().filter(|dir| Some(*dir) == store.state()) {
        for path in private_files::list(dir).map_err(|error| failed(dir, &error))? {
            let begins = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(prefix));
            was_there |= begins && OwnFile::of(&path) == Some(OwnFile::Credentials) && remove(&path)?;
        }
    }
    Ok(was_there)
}

/// Removes a cache entry, and returns whether there was one.
fn remove(path: &Path) -> Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    // A directory of that name is not a cache entry. Another user's file, which root may find in that user's home, is
    // not one either.
    let ours = |about: &std::fs::Metadata| !about.is_dir() && is_own_user(about.uid());
    if path.symlink_metadata().is_ok_and(|about| !ours(&about)) {
        return Ok(false);
    }
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
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
            Some(OwnFile::Credentials | OwnFile::Session) if own => {
                private_files::read(&path).is_some_and(|contents| {
                    serde_json::from_slice::<Ended<'_>>(&contents.bytes)
                        .ok()
                        .and_then(|file| Timestamp::parse(&file.credentials.expiration))
                        .is_some_and(|end| end <= now)
                })
            }
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
