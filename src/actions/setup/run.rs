//! One run of `--setup`: each step sees the two files as the step before left them.

use std::cell::{Cell, RefCell};

use crate::cli::options::Cli;
use crate::config::profiles::ProfileSet;
use crate::config::source::SourceFile;
use crate::context::Context;
use crate::error::Result;
use crate::request::Request;
use crate::system::held_locks::HeldLocks;
use crate::system::terminal::Terminal;
use crate::time::now;

/// What the steps share.
pub(crate) struct Run<'a> {
    /// The surroundings in which the run began. Its files are out of date after a step.
    pub(crate) outer: &'a Context<'a>,
    cli: &'a Cli,
    has_terminal: bool,
    /// What could not be asked for, because there is no terminal.
    missing: RefCell<Vec<String>>,
    /// What a person left out.
    skipped: RefCell<Vec<String>>,
    changed: Cell<bool>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(outer: &'a Context<'a>, cli: &'a Cli) -> Self {
        let (missing, skipped) = (RefCell::default(), RefCell::default());
        Self { outer, cli, has_terminal: !Terminal::is_missing(), missing, skipped, changed: Cell::new(false) }
    }

    /// The command line of a step for no profile in particular.
    pub(crate) fn step(&self) -> Cli {
        Cli { from: None, ..self.cli.clone() }
    }

    /// The command line of a step for this profile.
    pub(crate) fn step_of(&self, profile: &str) -> Cli {
        Cli { profile: Some(profile.to_owned()), ..self.step() }
    }

    /// The command line of `--check` for this profile.
    pub(crate) fn check_of(&self, profile: &str) -> Cli {
        Cli { setup: false, check: true, ..self.step_of(profile) }
    }

    /// Reads the two files as they are now.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read, or the error of `act`.
    pub(crate) fn with_files<T>(&self, cli: &Cli, act: impl FnOnce(&Context<'_>) -> Result<T>) -> Result<T> {
        let Context { snapshot, store, messages, .. } = *self.outer;
        let [config, credentials] = SourceFile::read_both(snapshot)?;
        let set = ProfileSet::parse(config.as_ref(), credentials.as_ref())?;
        let now = now();
        let request = Request::new(cli, snapshot, now)?;
        let locks = HeldLocks::default();
        act(&Context { now, request: &request, set: &set, snapshot, store, messages, locks })
    }

    pub(crate) fn say(&self, text: &str) {
        self.outer.messages.say(text);
    }

    /// Whether only what would be done is shown.
    pub(crate) fn is_dry(&self) -> bool {
        self.outer.request.keys.dry_run
    }

    /// Whether a person can be asked. If not, `what` is missing.
    pub(crate) fn can_ask_for(&self, what: &str) -> bool {
        if !self.has_terminal {
            self.missing.borrow_mut().push(what.to_owned());
        }
        self.has_terminal
    }

    /// Notes what a person left out.
    pub(crate) fn skip(&self, what: &str) {
        self.skipped.borrow_mut().push(what.to_owned());
    }

    /// Notes that something was made or written.
    pub(crate) fn note_change(&self) {
        self.changed.set(true);
    }

    pub(crate) fn missing(&self) -> Vec<String> {
        self.missing.borrow().clone()
    }

    pub(crate) fn skipped(&self) -> Vec<String> {
        self.skipped.borrow().clone()
    }

    pub(crate) fn has_changed(&self) -> bool {
        self.changed.get()
    }
}
