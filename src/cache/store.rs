//! The caches: role credentials under the AWS CLI's key in the AWS CLI's directory, and aws-auth's own entries and MFA
//! sessions in its own (docs/profiles.md, "The AWS CLI's role cache"; docs/design-credentials.md, "The caches").
//!
//! A file that cannot be used is a miss. A failure to write is one warning and stops nothing.

use std::borrow::Cow;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use zeroize::Zeroizing;

use crate::arn::{RoleArn, Serial};
use crate::cache::entry::{Assumed, Entry, StoredSession};
use crate::cache::format::{RoleFile, SessionFile, entry, keys_file, user_file};
use crate::cache::keys;
use crate::cache::keys::{cli_key, own_name, session_key};
use crate::cache::lookup::{Cache, Found, Lookup, Place};
use crate::env::snapshot::Snapshot;
use crate::error::io_words;
use crate::messages::Messages;
use crate::plan::model::{Acquisition, Session};
use crate::system::directories::{self, Whose};
use crate::system::private_files;
use crate::time::{Length, Timestamp};

/// Where entries are, and whether they are read and written.
pub struct Store {
    cli: Option<PathBuf>,
    state: Option<PathBuf>,
    home: Option<PathBuf>,
    /// Whether nothing is read or written, because of `--no-cache` or AWS_AUTH_NO_CACHE.
    off: bool,
}

impl Store {
    /// The directories of this run; none with `no_cache`.
    pub fn new(snapshot: &Snapshot, no_cache: bool) -> Self {
        if no_cache {
            return Self { cli: None, state: None, home: snapshot.home(), off: true };
        }
        Self { cli: snapshot.cli_cache_dir(), state: snapshot.state_dir(), home: snapshot.home(), off: false }
    }

    /// aws-auth's own directory; `None` if nothing is kept.
    pub fn state(&self) -> Option<&PathBuf> {
        self.state.as_ref()
    }

    /// aws-auth's own directory and the AWS CLI's directory of role credentials, without those that other users could
    /// have put files in.
    pub(crate) fn trusted(&self) -> impl Iterator<Item = &PathBuf> {
        let own = self.state.iter().filter(|dir| directories::judge(dir, Whose::Own).is_ok());
        own.chain(self.cli.iter().filter(|dir| directories::judge(dir, Whose::AwsCli).is_ok()))
    }

    /// Whether anything may be written. Nothing may in another user's home directory: sudo keeps HOME on some systems,
    /// and the owner of the home directory could not read the files (docs/design-credentials.md, "Running as
    /// sudo or without a home"). If XDG_CACHE_HOME or XDG_RUNTIME_DIR is another user's, a write to the directory itself
    /// is refused.
    pub fn writable(&self) -> bool {
        if self.home.is_none() { self.state.is_some() } else { self.anothers_home().is_none() }
    }

    /// The home directory that this file is in, if it is another user's: it stays as it is, whoever owns the file.
    pub fn anothers_home_of(&self, path: &Path) -> Option<&Path> {
        self.anothers_home().filter(|home| path.starts_with(home))
    }

    /// The home directory, if it is another user's.
    pub fn anothers_home(&self) -> Option<&Path> {
        let home = self.home.as_deref()?;
        let about = home.metadata().ok()?;
        (!directories::is_own_user(about.uid())).then_some(home)
    }

    /// Why nothing can be kept; `None` if it can, or if the caches were turned off.
    pub fn keeps_nothing(&self) -> Option<String> {
        if self.off {
            return None;
        }
        match (&self.home, &self.state) {
            (_, Some(state)) if self.writable() => unusable(state),
            (Some(home), _) => Some(format!("the home directory {} is another user's", home.display())),
            (None, _) => Some(String::from("there is no home directory (HOME is not set)")),
        }
    }

    /// The file of a role's entry; `None` if nothing is cached.
    pub fn role_place(&self, plan: &Acquisition, at: usize) -> Option<Place> {
        let role = plan.roles.get(at).filter(|_| plan.is_kept())?;
        if role.shared { self.shared_place(&cli_key(role)) } else { self.own_place(&own_name(plan, at)) }
    }

    /// The file of this key in the AWS CLI's cache; `None` if nothing is cached.
    pub(crate) fn shared_place(&self, key: &str) -> Option<Place> {
        Some(Place { cache: Cache::AwsCli, path: self.cli.as_ref()?.join([key, ".json"].concat()) })
    }

    pub(crate) fn own_place(&self, name: &str) -> Option<Place> {
        Some(Place { cache: Cache::Own, path: self.state.as_ref()?.join([name, ".json"].concat()) })
    }

    /// The cached credentials of a role that have not expired at `now`, even if they have little left.
    pub fn role(&self, plan: &Acquisition, at: usize, now: Timestamp) -> Lookup<Entry> {
        let Some((role, place)) = plan.roles.get(at).zip(self.role_place(plan, at)) else { return Lookup::nowhere() };
        let found = role_found(&place.path, (&role.arn, role.length()), now);
        Lookup { place: Some(place), found }
    }

    /// Caches a role's credentials.
    pub fn keep_role(&self, plan: &Acquisition, at: usize, assumed: &Assumed, messages: &Messages) {
        let Some(place) = self.role_place(plan, at) else { return };
        self.keep_assumed(&place, assumed, messages);
    }

    /// Caches credentials, with the role that STS says was assumed.
    pub(crate) fn keep_assumed(&self, place: &Place, assumed: &Assumed, messages: &Messages) {
        let Some(credentials) = keys_file(&assumed.credentials) else { return };
        let file = RoleFile { credentials, user: user_file(assumed) };
        self.keep(place, &file, messages);
    }

    /// The file of the MFA session of a device; `None` if nothing is cached.
    pub fn session_place(&self, plan: &Acquisition, serial: &Serial) -> Option<Place> {
        self.own_place(&format!("session-{}", session_key(plan, serial)?))
    }

    /// The cached MFA session of this plan that has not expired at `now`, even if it has little left. Of those of several
    /// devices it is the one that lasts longest.
    pub fn session(&self, plan: &Acquisition, session: &Session, now: Timestamp) -> Lookup<StoredSession> {
        let mut best = self.session_of(plan, session, &session.serial.value, now);
        for serial in &session.others {
            let lookup = self.session_of(plan, session, serial, now);
            let end = |lookup: &Lookup<StoredSession>| lookup.as_entry().map(|stored| stored.entry.expiration);
            if end(&lookup) > end(&best) {
                best = lookup;
            }
        }
        best
    }

    fn session_of(
        &self,
        plan: &Acquisition,
        session: &Session,
        serial: &Serial,
        now: Timestamp,
    ) -> Lookup<StoredSession> {
        let Some(place) = self.session_place(plan, serial).filter(|_| session.kept) else { return Lookup::nowhere() };
        let found = match private_files::read(&place.path) {
            None => Found::Nothing,
            Some(contents) => match serde_json::from_slice::<SessionFile<'_>>(&contents.bytes) {
                Err(_) => Found::Unusable,
                Ok(file) => session_found(&file, plan, (session.length, serial), now),
            },
        };
        Lookup { place: Some(place), found }
    }

    /// Caches an MFA session and replaces the one before it.
    pub fn keep_session(&self, plan: &Acquisition, kept: &StoredSession, messages: &Messages) {
        let (Some(place), Some(base)) = (self.session_place(plan, &kept.serial), keys::owner(&plan.base)) else {
            return;
        };
        let Some(credentials) = keys_file(&kept.entry.credentials) else { return };
        let file = SessionFile {
            credentials,
            base_access_key_id: base,
            serial_number: Cow::Borrowed(kept.serial.as_str()),
            sts: Cow::Borrowed(plan.sts.identity()),
            issued_at: Cow::Owned(kept.issued.iso8601()),
            refused: kept.refused.clone(),
        };
        self.keep(&place, &file, messages);
    }

    /// Removes the MFA session of a device from the cache.
    pub fn drop_session(&self, plan: &Acquisition, serial: &Serial) {
        if let (true, Some(place)) = (self.writable(), self.session_place(plan, serial)) {
            let _ = std::fs::remove_file(place.path);
        }
    }

    /// Writes an entry, or warns once per run that it cannot be written.
    pub(crate) fn keep(&self, place: &Place, file: &impl Serialize, messages: &Messages) {
        if !self.writable() {
            messages.step(|| String::from("the home directory is another user's; nothing is kept"));
            return;
        }
        let whose = match place.cache {
            Cache::Own => Whose::Own,
            Cache::AwsCli => Whose::AwsCli,
        };
        write_or_warn((&place.path, whose), file, ("credentials", "the next run will ask again"), messages);
    }
}

/// Why nothing can be kept in aws-auth's own directory `dir`; `None` if it can.
pub fn unusable(dir: &Path) -> Option<String> {
    let distrust = directories::judge(dir, Whose::Own).err()?;
    Some(format!("{} cannot be used ({distrust})", dir.display()))
}

/// Writes a cache file. `whose` is the file's directory.
///
/// # Errors
/// Returns an error if the directory or the file cannot be written.
pub(crate) fn write((path, whose): (&Path, Whose), file: &impl Serialize) -> std::io::Result<()> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(8192));
    serde_json::to_writer(&mut *bytes, file)?;
    private_files::write(path, &bytes, whose)
}

/// Writes a cache file, or warns once per run that it cannot be written. `whose` is the file's directory, `what` is
/// what the file holds, `so` what follows.
pub(crate) fn write_or_warn(
    (path, whose): (&Path, Whose),
    file: &impl Serialize,
    (what, so): (&str, &str),
    messages: &Messages,
) {
    if let Err(error) = write((path, whose), file) {
        messages.cache_failure(&format!("cannot keep {what} in {} ({}): {so}", path.display(), io_words(&error)));
    }
}

/// What the file of a role holds. `role` is the role that it must be of, and the lifetime that was requested.
pub(crate) fn role_found(path: &Path, role: (&RoleArn, Length), now: Timestamp) -> Found<Entry> {
    let Some(contents) = private_files::read(path) else { return Found::Nothing };
    let Ok(file) = serde_json::from_slice::<RoleFile<'_>>(&contents.bytes) else { return Found::Unusable };
    let (arn, length) = role;
    if !arn.is_role_of(&file.user.arn) {
        return Found::OtherRole(file.user.arn.into_owned());
    }
    unexpired(entry(&file.credentials, length, Some(arn)), now)
}

/// What was found, given the entry in the file; `None` is a file that cannot be used.
pub(crate) fn unexpired(entry: Option<Entry>, now: Timestamp) -> Found<Entry> {
    match entry {
        None => Found::Unusable,
        Some(entry) if entry.left(now) > Length::ZERO => Found::Entry(entry),
        Some(entry) => Found::Expired(entry.expiration),
    }
}

fn session_found(
    file: &SessionFile<'_>,
    plan: &Acquisition,
    (length, serial): (Length, &Serial),
    now: Timestamp,
) -> Found<StoredSession> {
    let fits = Some(&*file.base_access_key_id) == keys::owner(&plan.base).as_deref()
        && file.serial_number == serial.as_str()
        && file.sts == plan.sts.identity();
    let Some(issued) = Timestamp::parse(&file.issued_at).filter(|_| fits) else { return Found::Unusable };
    let entry = match unexpired(entry(&file.credentials, Length::MAX, None).map(|entry| entry.made(issued)), now) {
        Found::Entry(entry) => entry,
        Found::Expired(at) => return Found::Expired(at),
        _ => return Found::Unusable,
    };
    // A session from the future means that the clock was set back. Its age would reach the limit much too late.
    if issued > now + Length::minutes(1) {
        return Found::Unusable;
    }
    let stored = StoredSession { serial: serial.clone(), entry, issued, refused: file.refused.clone() };
    if now - issued < length { Found::Entry(stored) } else { Found::TooOld(stored) }
}
