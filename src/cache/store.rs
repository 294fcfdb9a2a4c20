//! The caches: role credentials under the AWS CLI's key in the AWS CLI's directory, and aws-auth's own entries and MFA
//! sessions in its own (SEMANTICS, "The AWS CLI's role cache"; DESIGN, "Role cache").
//!
//! Whatever cannot be used is a miss. A failure to write is said once and stops nothing.

use std::borrow::Cow;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::cache::entry::{Assumed, Entry, KeptSession};
use crate::cache::format::{KeysFile, RoleFile, SessionFile, entry, keys_file, user_file};
use crate::cache::keys::{cli_key, own_key, session_key};
use crate::cache::own_files::Kept;
use crate::env::snapshot::Snapshot;
use crate::messages::Messages;
use crate::plan::model::{Acquisition, Session};
use crate::system::private_files;
use crate::time::{Length, Timestamp};

/// Where entries are, and whether they are read and written.
pub struct Store {
    cli: Option<PathBuf>,
    state: Option<PathBuf>,
    home: Option<PathBuf>,
    /// Nothing is read or written, as was asked for.
    off: bool,
}

impl Store {
    /// The places of this run; without any when nothing is to be read or written.
    pub fn new(snapshot: &Snapshot, no_cache: bool) -> Self {
        if no_cache {
            return Self { cli: None, state: None, home: snapshot.home(), off: true };
        }
        Self { cli: snapshot.cli_cache_dir(), state: snapshot.state_dir(), home: snapshot.home(), off: false }
    }

    /// aws-auth's own directory; `None` when nothing is kept.
    pub fn state(&self) -> Option<&PathBuf> {
        self.state.as_ref()
    }

    /// The AWS CLI's directory of role credentials; `None` when nothing is kept.
    pub(crate) fn cli(&self) -> Option<&PathBuf> {
        self.cli.as_ref()
    }

    /// Whether anything may be written: not into a home directory that is another user's (sudo keeps HOME on some
    /// systems, and would leave files there that their owner cannot read).
    pub fn writable(&self) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        let Some(home) = &self.home else { return self.state.is_some() };
        home.metadata().map_or(true, |about| about.uid() == rustix::process::geteuid().as_raw())
    }

    /// Why nothing will be kept, when nobody asked for that.
    pub fn keeps_nothing(&self) -> Option<String> {
        match &self.home {
            _ if self.off || (self.state.is_some() && self.writable()) => None,
            Some(home) => Some(format!("the home directory {} is another user's", home.display())),
            None => Some(String::from("there is no home directory (HOME is not set)")),
        }
    }

    /// The path of a role's entry.
    pub fn role_path(&self, plan: &Acquisition, at: usize) -> Option<PathBuf> {
        let role = plan.roles.get(at)?;
        if role.shared {
            Some(self.cli.as_ref()?.join(format!("{}.json", cli_key(role))))
        } else {
            Some(self.state.as_ref()?.join(format!("role-{}.json", own_key(plan, at))))
        }
    }

    /// The cached credentials of a role, fresh or not (but not ended at `now`).
    pub fn role(&self, plan: &Acquisition, at: usize, now: Timestamp) -> Option<Entry> {
        let role = plan.roles.get(at)?;
        let contents = private_files::read(&self.role_path(plan, at)?)?;
        let file: RoleFile<'_> = serde_json::from_slice(&contents.bytes).ok()?;
        if !role.arn.is_role_of(&file.user.arn) {
            return None;
        }
        entry(&file.credentials, contents.written, role.length(), Some(&role.arn))
            .filter(|entry| entry.left(now) > Length::ZERO)
    }

    /// Keeps a role's credentials.
    pub fn keep_role(&self, plan: &Acquisition, at: usize, assumed: &Assumed, messages: &Messages) {
        let Some(path) = self.role_path(plan, at) else { return };
        let Some(file) = keys_file(&assumed.credentials) else { return };
        let file = RoleFile { credentials: file, user: user_file(assumed) };
        self.keep(&path, &file, messages);
    }

    /// The path of an MFA session.
    pub fn session_path(&self, plan: &Acquisition, session: &Session) -> Option<PathBuf> {
        let key = session_key(plan, session)?;
        Some(self.state.as_ref()?.join(format!("session-{key}.json")))
    }

    /// The MFA session that is kept for this plan, fresh or not (but not ended at `now`).
    pub fn session(&self, plan: &Acquisition, session: &Session, now: Timestamp) -> Option<KeptSession> {
        if !session.kept {
            return None;
        }
        let contents = private_files::read(&self.session_path(plan, session)?)?;
        let file: SessionFile<'_> = serde_json::from_slice(&contents.bytes).ok()?;
        let fits = Some(&*file.base_access_key_id) == plan.base.long_term_key()
            && file.serial_number == session.serial.as_str()
            && file.sts == plan.sts.identity();
        if !fits {
            return None;
        }
        let issued = Timestamp::parse(&file.issued_at)?;
        let entry = entry(&file.credentials, issued, Length::MAX, None)?;
        // A session from the future is a clock that was set back; its age would never end.
        (entry.left(now) > Length::ZERO && issued <= now + Length::seconds(60)).then(|| KeptSession {
            entry,
            issued,
            refused: file.refused.clone(),
        })
    }

    /// Keeps an MFA session in the place of the one before it.
    pub fn keep_session(&self, plan: &Acquisition, session: &Session, kept: &KeptSession, messages: &Messages) {
        let (Some(path), Some(base)) = (self.session_path(plan, session), plan.base.long_term_key()) else { return };
        let Some(credentials) = keys_file(&kept.entry.credentials) else { return };
        let file = SessionFile {
            credentials,
            base_access_key_id: Cow::Borrowed(base),
            serial_number: Cow::Borrowed(session.serial.as_str()),
            sts: Cow::Borrowed(plan.sts.identity()),
            issued_at: Cow::Owned(kept.issued.iso8601()),
            refused: kept.refused.clone(),
        };
        self.keep(&path, &file, messages);
    }

    /// Forgets the MFA session of a plan.
    pub fn drop_session(&self, plan: &Acquisition, session: &Session) {
        if let (true, Some(path)) = (self.writable(), self.session_path(plan, session)) {
            let _ = std::fs::remove_file(path);
        }
    }

    /// The AWS CLI's directory; `None` when nothing is kept.
    pub fn shared(&self) -> Option<&PathBuf> {
        self.cli.as_ref()
    }

    /// Removes sessions and role entries of our own that have ended, and what killed runs left half written. Called when
    /// a session is made, not on every run.
    pub fn sweep(&self, now: Timestamp) {
        #[derive(Deserialize)]
        struct Ended<'a> {
            #[serde(rename = "Credentials", borrow)]
            credentials: KeysFile<'a>,
        }
        if !self.writable() {
            return;
        }
        let dirs = [&self.state, &self.cli].into_iter().flatten();
        for path in dirs.flat_map(|dir| private_files::list(dir).unwrap_or_default()) {
            let own = path.parent() == self.state.as_deref();
            let gone = match Kept::of(&path) {
                Some(Kept::Credentials) if own => private_files::read(&path).is_some_and(|contents| {
                    serde_json::from_slice::<Ended<'_>>(&contents.bytes)
                        .ok()
                        .and_then(|file| Timestamp::parse(&file.credentials.expiration))
                        .is_some_and(|end| end <= now)
                }),
                // Writing takes no minute.
                Some(Kept::HalfWritten) => {
                    private_files::read(&path).is_some_and(|contents| contents.written + Length::seconds(60) < now)
                }
                _ => false,
            };
            if gone {
                let _ = std::fs::remove_file(path);
            }
        }
    }

    /// Writes an entry, or says once that it cannot be written.
    pub(crate) fn keep(&self, path: &std::path::Path, file: &impl Serialize, messages: &Messages) {
        if !self.writable() {
            messages.step(|| String::from("the home directory is another user's; nothing is kept"));
            return;
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
        let written = serde_json::to_writer(&mut *bytes, file)
            .map_err(std::io::Error::from)
            .and_then(|()| private_files::write(path, &bytes));
        if let Err(error) = written {
            messages.cache_failure(&format!(
                "cannot keep credentials in {} ({}); the next run will ask again",
                path.display(),
                crate::error::io_words(&error)
            ));
        }
    }
}
