//! Changing one of the two files: it is read, what will change is shown, and it is replaced.

use std::path::{Path, PathBuf};

use crate::config::edit::backup;
use crate::config::edit::changes::Change;
use crate::config::edit::check::{Changed, changed, parsed};
use crate::config::edit::diff::Diff;
use crate::config::edit::replace::Target;
use crate::config::profiles::ProfileSet;
use crate::config::source::SourceFile;
use crate::config::value::FileKind;
use crate::error::{Error, Result, io_words};
use crate::system::lock::Turn;
use crate::time::Timestamp;

/// How often a file that changes all the time is read again.
const ATTEMPTS: u32 = 20;

/// Waits for the lock at a path. The text says what its holder does.
type TakeTurn<'a> = Box<dyn Fn(&Path, &str) -> Turn + 'a>;

/// Works out the changes from the sections of the file as it is now.
type Wanted<'a> = Box<dyn Fn(&ProfileSet<'_>) -> Result<Vec<Change>> + 'a>;

/// One of the two files, to be changed.
pub struct Editor<'a> {
    kind: FileKind,
    path: PathBuf,
    /// aws-auth's own directory for what must outlast the caches: copies and locks.
    state: PathBuf,
    now: Timestamp,
    take_turn: TakeTurn<'a>,
}

impl<'a> Editor<'a> {
    /// The file at `path`, which need not exist. `state` is aws-auth's own directory for copies and locks.
    pub fn new(kind: FileKind, path: PathBuf, state: PathBuf, now: Timestamp, take_turn: TakeTurn<'a>) -> Self {
        Self { kind, path, state, now, take_turn }
    }

    /// The path of the file, as it was named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the sections of this file alone say now.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, or if the reader refuses it.
    pub fn found<T>(&self, what: impl FnOnce(&ProfileSet<'_>) -> T) -> Result<T> {
        let (_, source) = self.read()?;
        Ok(what(&parsed(&source)?))
    }

    /// Works out changes and changes nothing. `wanted` gets the sections of this file alone. It is called again if the
    /// file has changed before it is written.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, if the reader refuses it, or if it cannot hold what is wanted.
    pub fn propose<'e>(&'e self, wanted: impl Fn(&ProfileSet<'_>) -> Result<Vec<Change>> + 'e) -> Result<Proposal<'e>> {
        let wanted: Wanted<'e> = Box::new(wanted);
        let seen = self.look(&wanted)?;
        Ok(Proposal { editor: self, wanted, seen })
    }

    fn look(&self, wanted: &Wanted<'_>) -> Result<Seen> {
        let (target, source) = self.read()?;
        let changes = wanted(&parsed(&source)?)?;
        let result = changed(&source, &changes)?;
        Ok(Seen { target, source, result })
    }

    fn read(&self) -> Result<(Target, SourceFile)> {
        // Examined before it is read: a change after that is noticed.
        let target = Target::of(self.kind, &self.path)?;
        let source = SourceFile::read(self.kind, &target.path)?;
        let source = source.unwrap_or_else(|| SourceFile::from_text(self.kind, &target.path, ""));
        Ok((target, source.named(self.path.clone())))
    }
}

/// A file as it was read, and as it will be.
struct Seen {
    target: Target,
    source: SourceFile,
    result: Changed,
}

/// Changes of a file that were not made yet.
#[must_use]
pub struct Proposal<'e> {
    editor: &'e Editor<'e>,
    wanted: Wanted<'e>,
    seen: Seen,
}

/// What became of a proposal.
#[must_use]
pub enum Written<'e> {
    /// The file is as it was proposed.
    Done(Done),
    /// Nothing was written. Another program has changed the file, and something else would change now than was shown.
    Differs(Box<Proposal<'e>>),
}

/// A file that was written.
#[derive(Debug, Default)]
pub struct Done {
    /// Where a copy of the file as it was is kept; `None` if there was no file, or nothing to change.
    pub copy: Option<PathBuf>,
    /// Why there is no copy, or no lock; only after [`Proposal::write_at_any_cost`].
    pub warning: Option<String>,
}

impl<'e> Proposal<'e> {
    /// What will change, to be shown.
    pub fn diff(&self) -> &Diff {
        &self.seen.result.diff
    }

    /// Whether the file is already as it is wanted.
    pub fn is_empty(&self) -> bool {
        self.diff().is_empty()
    }

    /// Checks whether the file can be written, as far as that can be known before. An action calls it before it does
    /// what it must write down afterwards.
    ///
    /// # Errors
    /// Returns an error if the file or its directory must not be changed, or if no copy can be kept.
    pub fn check(&self) -> Result<()> {
        backup::check(&self.editor.state)?;
        self.seen.target.check()
    }

    /// Writes the file, after a copy of it was kept.
    ///
    /// # Errors
    /// Returns an error if that is not possible. Then the file is as it was.
    pub fn write(self) -> Result<Written<'e>> {
        if self.is_empty() {
            return Ok(Written::Done(Done::default()));
        }
        self.check()?;
        let name = backup::name_of(self.editor.kind, &self.seen.target.path);
        let _turn = match self.take_turn(&name) {
            Turn::Held(lock) => lock,
            Turn::Never(error) => return Err(error),
            Turn::Impossible(error) => {
                let state = self.editor.state.display();
                return Err(Error::new(format!("cannot lock {} in {state} ({})", self.path(), io_words(&error)))
                    .advise("make room there, or set XDG_STATE_HOME to another directory; the file is as it was"));
            }
        };
        for _ in 0..ATTEMPTS {
            let seen = self.look_again()?;
            if seen.result.diff.is_empty() {
                return Ok(Written::Done(Done::default()));
            }
            if !seen.result.diff.changes_the_same(self.diff()) {
                return Ok(Written::Differs(Box::new(Proposal { seen, ..self })));
            }
            seen.target.check()?;
            let copy = self.copy(&name, &seen)?;
            if seen.target.replace(&seen.source, &seen.result.text, true)? {
                return Ok(Written::Done(Done { copy, warning: None }));
            }
        }
        Err(self.never_still())
    }

    /// Writes the file even if no copy can be kept, no lock can be had, or something else changes than was shown. For
    /// what exists nowhere else and would be lost, such as a key that was just made.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written. Then it is as it was.
    pub fn write_at_any_cost(self) -> Result<Done> {
        let name = backup::name_of(self.editor.kind, &self.seen.target.path);
        let mut done = Done::default();
        let turn = match self.take_turn(&name) {
            Turn::Held(lock) => Some(lock),
            Turn::Never(error) => {
                done.warning = Some(error.to_string());
                None
            }
            Turn::Impossible(error) => {
                done.warning = Some(format!("{} was changed without a lock ({})", self.path(), io_words(&error)));
                None
            }
        };
        for _ in 0..ATTEMPTS {
            let seen = self.look_again()?;
            if seen.result.diff.is_empty() {
                return Ok(done);
            }
            seen.target.check()?;
            match self.copy(&name, &seen) {
                Ok(copy) => done.copy = copy,
                Err(error) => done.warning = Some(error.fact().to_owned()),
            }
            if seen.target.replace(&seen.source, &seen.result.text, turn.is_some())? {
                return Ok(done);
            }
        }
        Err(self.never_still())
    }

    fn path(&self) -> std::path::Display<'_> {
        self.editor.path.display()
    }

    fn take_turn(&self, name: &str) -> Turn {
        let lock = self.editor.state.join(format!("lock-{name}"));
        (self.editor.take_turn)(&lock, &format!("a change of {}", self.path()))
    }

    fn look_again(&self) -> Result<Seen> {
        self.editor.look(&self.wanted)
    }

    fn copy(&self, name: &str, seen: &Seen) -> Result<Option<PathBuf>> {
        let keep = || backup::keep(&self.editor.state, name, &seen.source, self.editor.now);
        seen.target.exists().then(keep).transpose()
    }

    fn never_still(&self) -> Error {
        Error::new(format!("another program changes {} all the time", self.path())).advise("end that program first")
    }
}
