//! What is needed beside a plan to carry it out.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::cache::store::{self, Store};
use crate::config::edit::editor::Editor;
use crate::config::profiles::ProfileSet;
use crate::config::value::FileKind;
use crate::env::ancestors;
use crate::env::snapshot::{Snapshot, is_credential};
use crate::error::{Error, Result, io_words};
use crate::messages::Messages;
use crate::request::Request;
use crate::system::browser::Opened;
use crate::system::directories::Whose;
use crate::system::held_locks::{HeldLocks, Lock, ShownPrompt};
use crate::system::lock::{Task, Turn, Waiting};
use crate::system::terminal::Terminal;
use crate::system::wait::Wait;
use crate::system::{ancestry, browser, lock};
use crate::time::{Length, Timestamp};

/// How long a run without a terminal waits for another process.
const UNATTENDED_WAIT: Duration = Duration::from_mins(5);

/// What a run works with: the request, the files, the environment, the caches, and where messages go.
pub struct Context<'a> {
    /// When the run began. Code that runs after a prompt or a call takes the time again.
    pub now: Timestamp,
    /// What was asked for.
    pub request: &'a Request<'a>,
    /// The two configuration files. The secret key of a base is read from here.
    pub set: &'a ProfileSet<'a>,
    /// The environment.
    pub snapshot: &'a Snapshot,
    /// The caches.
    pub store: &'a Store,
    /// Where messages go.
    pub messages: &'a Messages,
    /// The locks that this run holds.
    pub locks: HeldLocks,
}

impl Context<'_> {
    /// How long this run may wait for a person; `None` is no limit. Only a renewal has a limit, because a running
    /// command waits for it.
    pub fn patience(&self) -> Option<Duration> {
        self.request.keep_fresh.renewal.as_ref().map(|renewal| renewal.patience)
    }

    /// How long this run may wait for another process. A person at a terminal can end the wait; a run without one gives
    /// up after five minutes, unless AWS_AUTH_WAIT_TIMEOUT says otherwise.
    fn wait_limit(&self) -> Option<Duration> {
        let asked = self.patience().or(self.request.wait_limit.map(Length::to_duration));
        asked.or_else(|| Terminal::is_missing().then_some(UNATTENDED_WAIT))
    }

    /// Opens a link in a browser, which gets no keys.
    ///
    /// # Errors
    /// Returns an error when no browser came for it.
    pub fn open_in_browser(&self, link: &str, wait: &mut Wait<'_>) -> Result<Opened> {
        let browsers = browser::browsers(self.snapshot.non_empty("BROWSER"));
        let environment = self.snapshot.variables(|name| !is_credential(name));
        let directory = self.snapshot.runtime_dir().unwrap_or_else(|| PathBuf::from("/tmp"));
        browser::open(link, &browsers, &environment, &directory, wait)
    }

    fn turn_at(&self, path: &Path, task: Task<'_>) -> Turn {
        let ancestors = || [ancestors::ancestors(self.snapshot), ancestry::of_this_program()].concat();
        let say = |text: &str, prompt: Option<&ShownPrompt>| self.messages.say_above(text, prompt);
        let one_speaks = std::io::stderr().is_terminal();
        let waiting = Waiting { task, patience: self.wait_limit(), ancestors: &ancestors, say: &say, one_speaks };
        lock::take(path, &waiting, &self.locks)
    }

    /// Waits for the lock `lock-NAME` in aws-auth's own directory (docs/design-credentials.md, "Locks"). `task` says what
    /// the lock holder does. `None` if nothing may be written, or if no lock file can be made. The run then goes on
    /// without a lock, in the second case after a warning.
    ///
    /// # Errors
    /// Returns an error if the lock holder waits for this run, or if a renewal has waited for its whole time.
    pub fn take_turn(&self, name: &str, task: Task<'_>) -> Result<Option<Lock>> {
        let Some(state) = self.store.state().filter(|_| self.store.writable()) else { return Ok(None) };
        match self.turn_at(&state.join(format!("lock-{name}")), task) {
            Turn::Held(lock) => Ok(Some(lock)),
            Turn::Never(error) => Err(error),
            Turn::Impossible(error) => {
                self.messages.cache_failure(&format!(
                    "cannot keep anything in {} ({}): the next run will ask again",
                    state.display(),
                    io_words(&error)
                ));
                Ok(None)
            }
        }
    }

    /// One of the two files, to be changed (docs/design-files.md).
    ///
    /// # Errors
    /// Returns an error if there is no such file to write, or if the home directory is another user's.
    pub fn editor(&self, kind: FileKind) -> Result<Editor<'_>> {
        if let Some(home) = self.store.anothers_home() {
            return Err(Error::new(format!("the home directory {} is another user's", home.display()))
                .advise("run aws-auth as that user, or set HOME to your own home directory"));
        }
        let path = match kind {
            FileKind::Config => self.snapshot.config_file(),
            FileKind::Credentials => self.snapshot.credentials_file(),
        };
        let (Some(path), Some(state)) = (path, self.snapshot.lasting_state_dir()) else {
            let is_empty = self.snapshot.var(kind.variable()).is_some_and(std::ffi::OsStr::is_empty);
            let why = if is_empty { format!("{} is empty", kind.variable()) } else { "HOME is not set".into() };
            let advice = if is_empty { format!("unset {}", kind.variable()) } else { "set HOME".into() };
            return Err(Error::new(format!("there is no {} file to write ({why})", kind.word())).advise(advice));
        };
        let take_turn = |lock: &Path, words: &str| self.turn_at(lock, Task::Call(words));
        Ok(Editor::new(kind, path, state, self.now, Box::new(take_turn)))
    }

    /// Writes a login to a file of the AWS CLI's cache, or warns that it cannot be written. `what` names the login.
    pub fn keep(&self, path: &Path, file: &impl Serialize, what: &str) {
        store::write_or_warn((path, Whose::AwsCli), file, (what, "a new login may be needed"), self.messages);
    }
}
