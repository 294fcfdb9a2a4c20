//! Locks between processes: one asks for a code or makes a call, the others wait for what it gets (docs/design.md,
//! "Locks").
//!
//! A lock is flock(2) on a file that stays: the kernel releases it when the holder dies, however that happens. The file
//! says who holds the lock and how often a holder gave up, so that the processes that waited for a cancelled prompt fail
//! once instead of prompting in turn.

use std::fs::{File, TryLockError};
use std::io;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::system::private_files;
use crate::system::signals::{Interrupted, Undisturbed};
use crate::time::Length;

/// What the holder of a lock owes to those who wait for it, when it is stopped or ended.
pub(crate) struct Holder<'a> {
    lock: &'a mut Option<Lock>,
    /// The lock while this process is stopped: the file is open, and others may lock it.
    asleep: Option<Lock>,
}

impl<'a> Holder<'a> {
    /// For the lock that may be held; it is `None` after a stop in which another process had it.
    pub fn new(lock: &'a mut Option<Lock>) -> Self {
        Self { lock, asleep: None }
    }
}

impl Interrupted for Holder<'_> {
    fn stopping(&mut self) {
        self.asleep = self.lock.take();
        if let Some(lock) = &self.asleep {
            let _ = lock.file.unlock();
        }
    }

    fn woken(&mut self) -> bool {
        let Some(lock) = self.asleep.take() else { return true };
        *self.lock = lock.retaken();
        self.lock.is_some()
    }

    fn cancelled(&mut self) {
        if let Some(lock) = self.lock {
            lock.give_up();
        }
    }
}

/// A lock that is held; dropping it lets go.
pub struct Lock {
    file: File,
    state: State,
    after: Option<u32>,
}

/// What came of asking for a lock.
pub enum Turn {
    /// It is held.
    Held(Lock),
    /// Waiting for it would never end, or no longer makes sense.
    Never(Error),
    /// There can be no lock here.
    Impossible(io::Error),
}

/// How a process waits for a lock that another one holds.
pub struct Waiting<'a> {
    /// What the holder has, in words: `the MFA prompt`. It is said after a second, with the holder's number.
    pub what: &'a str,
    /// For how long at the most.
    pub patience: Option<Duration>,
    /// The processes that wait for this one; to wait for them would never end.
    pub ancestors: &'a dyn Fn() -> Vec<u32>,
    /// Says a line to people.
    pub say: &'a dyn Fn(&str),
}

/// Waits for its turn.
pub fn take(path: &Path, waiting: &Waiting<'_>) -> Turn {
    let deadline = waiting.patience.map(|patience| Instant::now() + patience);
    let mut seen = None;
    loop {
        let mut file = match private_files::open_lock(path) {
            Ok(file) => file,
            Err(error) => return Turn::Impossible(error),
        };
        // Read before the attempt: what happens to the prompt after it, happens while we wait.
        let before = State::read(&mut file);
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                if (waiting.ancestors)().contains(&before.pid) {
                    return Turn::Never(part_of_itself(before.pid));
                }
                seen.get_or_insert(before.given_up);
                match wait(&file, path, waiting, deadline) {
                    Ok(true) => {}
                    Ok(false) => return Turn::Never(in_vain(&mut file, waiting)),
                    Err(error) => return Turn::Impossible(error),
                }
            }
            Err(TryLockError::Error(error)) => return Turn::Impossible(error),
        }
        if !still_there(&file, path) {
            continue;
        }
        let state = State::read(&mut file);
        let after = seen.filter(|seen| state.given_up > *seen).map(|_| state.gave_up);
        let mut lock = Lock { file, state: State { pid: std::process::id(), ..state }, after };
        lock.write();
        return Turn::Held(lock);
    }
}

impl Lock {
    /// Tells those who wait that this process gave up. They fail when the lock is let go of.
    pub fn give_up(&mut self) {
        self.state.given_up += 1;
        self.state.gave_up = self.state.pid;
        self.write();
    }

    /// The process that gave up while this one waited: its prompt was cancelled, or its codes were refused. Whoever
    /// holds the lock after that asks for no code.
    pub fn after(&self) -> Option<u32> {
        self.after
    }

    /// The lock that was let go of, if no other process has had it since. Each holder writes its number into the file.
    fn retaken(mut self) -> Option<Self> {
        self.file.try_lock().ok()?;
        let is_linked = self.file.metadata().is_ok_and(|about| about.nlink() > 0);
        (is_linked && State::read(&mut self.file) == self.state).then_some(self)
    }

    /// A failure to write is no failure to hold the lock: the file only informs.
    fn write(&mut self) {
        let _undisturbed = Undisturbed::begin();
        let State { pid, given_up, gave_up } = self.state;
        let text = format!("{pid} {given_up} {gave_up}\n");
        let _ = self
            .file
            .rewind()
            .and_then(|()| self.file.write_all(text.as_bytes()))
            .and_then(|()| self.file.set_len(text.len() as u64));
    }
}

/// What the file of a lock tells.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    /// Who holds it.
    pid: u32,
    /// How often a holder gave up.
    given_up: u32,
    /// Who did so last.
    gave_up: u32,
}

impl State {
    fn read(file: &mut File) -> Self {
        let mut text = String::new();
        let _ = file.rewind().and_then(|()| file.take(64).read_to_string(&mut text));
        let mut numbers = text.split_whitespace().map(|word| word.parse().unwrap_or(0));
        let mut number = || numbers.next().unwrap_or(0);
        Self { pid: number(), given_up: number(), gave_up: number() }
    }
}

/// Blocks until the lock is had (true) or the deadline has come; after a second it says whom we wait for.
fn wait(file: &File, path: &Path, waiting: &Waiting<'_>, deadline: Option<Instant>) -> io::Result<bool> {
    // The kernel knows no time limit here, so another thread blocks. It holds the same open file, and the lock is that
    // file's; given up, it ends with the process.
    let theirs = file.try_clone()?;
    let (send, had) = mpsc::channel();
    let block = move || {
        let result = loop {
            match theirs.lock() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let _ = send.send(result);
    };
    if let Err(error) = std::thread::Builder::new().spawn(block) {
        // Where there can be no other thread, we wait in silence.
        return if deadline.is_none() { file.lock().map(|()| true) } else { Err(error) };
    }
    let mut next = Some(Instant::now() + Duration::from_secs(1));
    loop {
        let until = next.into_iter().chain(deadline).min();
        let result = match until {
            Some(until) => had.recv_timeout(until.saturating_duration_since(Instant::now())),
            None => had.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match result {
            Ok(result) => return result.map(|()| true),
            Err(RecvTimeoutError::Disconnected) => return Err(io::ErrorKind::Other.into()),
            Err(RecvTimeoutError::Timeout) if deadline.is_some_and(|deadline| deadline <= Instant::now()) => {
                return Ok(false);
            }
            Err(RecvTimeoutError::Timeout) => {
                next = None;
                if let Ok(mut file) = File::open(path) {
                    (waiting.say)(&format!("waiting for {} of process {}", waiting.what, State::read(&mut file).pid));
                }
            }
        }
    }
}

/// A helper of ours needs what we are getting by it.
fn part_of_itself(pid: u32) -> Error {
    Error::new(format!("process {pid} waits for this one, which needs what that one is getting"))
        .advise("a credential_process or mfa_process must not need what it is run for")
}

/// Nobody let go of the lock in time.
fn in_vain(file: &mut File, waiting: &Waiting<'_>) -> Error {
    let pid = State::read(file).pid;
    let waited = Length::of(waiting.patience.unwrap_or_default());
    Error::new(format!("waited {waited} for {} of process {pid}, and gave up", waiting.what))
        .advise("answer it, or end that process")
}

/// Whether the file that was locked is the one that other processes find: a person may have removed the cache.
fn still_there(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.metadata()) {
        (Ok(held), Ok(there)) => held.ino() == there.ino() && held.dev() == there.dev(),
        _ => false,
    }
}
