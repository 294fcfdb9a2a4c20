//! Locks between processes: one process asks for a code or makes a call, and the others wait for its result
//! (docs/design-credentials.md, "Locks").
//!
//! A lock is flock(2) on a file that is never removed. The kernel releases the lock when the holder dies for any
//! reason. The file says which process holds the lock and how often a holder gave up. So the processes that waited for
//! a cancelled prompt all fail, instead of prompting one after another.

use std::fs::{File, TryLockError};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::system::held_locks::{HeldLocks, Lock, ShownPrompt};
use crate::system::lock_rules::{Attempt, Blocked, State};
use crate::system::private_files;
use crate::system::wait::Wait;
use crate::time::Length;

/// What a process does while it holds a lock, in words: `the MFA prompt`.
#[derive(Debug, Clone, Copy)]
pub enum Task<'a> {
    /// It asks a person. If it is ended by a signal, the processes that wait for it fail.
    Ask(&'a str),
    /// It makes a call. If it is ended by a signal, one of the processes that wait for it makes the call.
    Call(&'a str),
}

impl<'a> Task<'a> {
    fn words(self) -> &'a str {
        match self {
            Self::Ask(words) | Self::Call(words) => words,
        }
    }
}

/// The result of asking for a lock.
pub enum Turn {
    /// This process holds the lock.
    Held(Lock),
    /// The wait would never end, or has reached its limit.
    Never(Error),
    /// No lock file can be made.
    Impossible(io::Error),
}

/// How a process waits for a lock that another one holds.
pub struct Waiting<'a> {
    /// What the holder is doing. It is printed after a second, with the holder's process id.
    pub task: Task<'a>,
    /// The longest wait; `None` is no limit.
    pub patience: Option<Duration>,
    /// The processes that wait for this one. Waiting for one of them would never end.
    pub ancestors: &'a dyn Fn() -> Vec<u32>,
    /// Prints a line for the user, above the holder's prompt if that is on the same terminal.
    pub say: &'a dyn Fn(&str, Option<&ShownPrompt>),
    /// Whether only one of the processes that wait for the same lock says so, because they share a terminal.
    pub one_speaks: bool,
}

/// Waits for the lock at this path, and adds it to the locks of this process.
pub fn take(path: &Path, waiting: &Waiting<'_>, locks: &HeldLocks) -> Turn {
    let deadline = waiting.patience.map(|patience| Instant::now() + patience);
    let mut attempt = Attempt::default();
    loop {
        let file = match private_files::open_lock(path) {
            Ok(file) => file,
            Err(error) => return Turn::Impossible(error),
        };
        // Read before the attempt, so that a prompt that is given up after this counts as given up during the wait.
        let before = State::read(&file);
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                if attempt.blocked(before, &(waiting.ancestors)()) == Blocked::PartOfItself {
                    return Turn::Never(part_of_itself(before.pid));
                }
                match wait(&file, path, waiting, deadline, locks) {
                    Ok(true) => {}
                    Ok(false) => return Turn::Never(in_vain(&file, waiting)),
                    Err(error) => return Turn::Impossible(error),
                }
            }
            Err(TryLockError::Error(error)) => return Turn::Impossible(error),
        }
        let asks = matches!(waiting.task, Task::Ask(_));
        let tenure = attempt.locked(still_there(&file, path), State::read(&file), std::process::id(), asks);
        if let Some(tenure) = tenure {
            return Turn::Held(locks.add(file, tenure));
        }
    }
}

/// Takes the lock at this path if it is free.
///
/// # Errors
/// Returns the process that holds it, or that no lock file can be made.
pub fn take_if_free(path: &Path, locks: &HeldLocks) -> Result<Lock, Taken> {
    loop {
        let file = private_files::open_lock(path).map_err(Taken::Impossible)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Taken::By(State::read(&file).pid)),
            Err(TryLockError::Error(error)) => return Err(Taken::Impossible(error)),
        }
        let mut attempt = Attempt::default();
        let tenure = attempt.locked(still_there(&file, path), State::read(&file), std::process::id(), false);
        if let Some(tenure) = tenure {
            return Ok(locks.add(file, tenure));
        }
    }
}

/// Why a lock was not taken.
#[derive(Debug)]
pub enum Taken {
    /// This process holds it.
    By(u32),
    /// No lock file can be made.
    Impossible(io::Error),
}

/// Blocks until this process has the lock (true) or the deadline has passed (false). After a second it says which
/// process it waits for.
fn wait(
    file: &File,
    path: &Path,
    waiting: &Waiting<'_>,
    deadline: Option<Instant>,
    locks: &HeldLocks,
) -> io::Result<bool> {
    // Other locks are released while this process is stopped.
    let mut stops = Wait::begin(locks)?;
    // flock(2) has no time limit, so another thread blocks in it. The lock belongs to the open file, which both threads
    // share. After the deadline that thread stays blocked until the process ends.
    let theirs = file.try_clone()?;
    let (ended, ending) = io::pipe()?;
    let (send, had) = mpsc::channel();
    let block = move || {
        let result = loop {
            match theirs.lock() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let _ = send.send(result);
        // The main thread polls the other end.
        drop(ending);
    };
    if let Err(error) = std::thread::Builder::new().spawn(block) {
        // If no thread can be started, this one waits without a message.
        return if deadline.is_none() { file.lock().map(|()| true) } else { Err(error) };
    }
    let mut next = Some(Instant::now() + Duration::from_secs(1));
    // Held until the wait ends, so that the others stay silent.
    let mut speaker: Option<File>;
    loop {
        if stops.until_ready(next.into_iter().chain(deadline).min(), &[ended.as_fd()]) {
            return had.recv().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())).map(|()| true);
        }
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Ok(false);
        }
        next = None;
        if waiting.one_speaks {
            let file = private_files::open_lock(&path.with_extension("speaker")).ok();
            speaker = file.filter(|file| file.try_lock().is_ok());
            if speaker.is_none() {
                continue;
            }
        }
        if let Ok(file) = File::open(path) {
            let text = format!("waiting for {} of process {}", waiting.task.words(), State::read(&file).pid);
            (waiting.say)(&text, ShownPrompt::read(&file).as_ref());
        }
    }
}

/// A helper program of the lock's holder needs what the holder is getting with it.
fn part_of_itself(pid: u32) -> Error {
    Error::new(format!("process {pid} waits for this one, which needs what that one is getting"))
        .advise("a credential_process or mfa_process must not need what it is run for")
}

/// The error of a process that waited for one that gave up. `what` that one did is in words.
pub fn gave_up(pid: u32, what: &str) -> Error {
    Error::new(format!("process {pid}, whose {what} this one waited for, gave up"))
        .advise("run the command again to be asked")
}

/// The lock was not released in time.
fn in_vain(file: &File, waiting: &Waiting<'_>) -> Error {
    let pid = State::read(file).pid;
    let waited = Length::of(waiting.patience.unwrap_or_default());
    Error::new(format!("waited {waited} for {} of process {pid}, and gave up", waiting.task.words()))
        .advise("answer it, or end that process")
}

/// Whether the locked file is still the one at this path. The user may have removed the cache.
fn still_there(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.metadata()) {
        (Ok(held), Ok(there)) => held.ino() == there.ino() && held.dev() == there.dev(),
        _ => false,
    }
}
