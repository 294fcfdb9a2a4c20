//! Locks between processes: one process asks for a code or makes a call, and the others wait for its result
//! (docs/design.md, "Locks").
//!
//! A lock is flock(2) on a file that is never removed. The kernel releases the lock when the holder dies for any
//! reason. The file says which process holds the lock and how often a holder gave up. So the processes that waited for
//! a cancelled prompt all fail, instead of prompting one after another.

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

/// What happens to a lock when its holder is stopped or ended by a signal.
pub(crate) struct Holder<'a> {
    lock: &'a mut Option<Lock>,
    /// The lock while this process is stopped. The file is open, but other processes may lock it.
    asleep: Option<Lock>,
}

impl<'a> Holder<'a> {
    /// Wraps the lock, if one is held. It becomes `None` if another process had the lock during a stop.
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

/// A held lock. Dropping it releases it.
pub struct Lock {
    file: File,
    state: State,
    after: Option<u32>,
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
    /// What the holder is doing, in words: `the MFA prompt`. It is printed after a second, with the holder's process
    /// id.
    pub what: &'a str,
    /// The longest wait; `None` is no limit.
    pub patience: Option<Duration>,
    /// The processes that wait for this one. Waiting for one of them would never end.
    pub ancestors: &'a dyn Fn() -> Vec<u32>,
    /// Prints a line for the user.
    pub say: &'a dyn Fn(&str),
}

/// Waits for the lock at this path.
pub fn take(path: &Path, waiting: &Waiting<'_>) -> Turn {
    let deadline = waiting.patience.map(|patience| Instant::now() + patience);
    let mut seen = None;
    loop {
        let mut file = match private_files::open_lock(path) {
            Ok(file) => file,
            Err(error) => return Turn::Impossible(error),
        };
        // Read before the attempt, so that a prompt that is given up after this counts as given up during the wait.
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
    /// Tells the waiting processes that this one gave up. They fail when the lock is released.
    pub fn give_up(&mut self) {
        self.state.given_up += 1;
        self.state.gave_up = self.state.pid;
        self.write();
    }

    /// The process that gave up while this one waited: its prompt was cancelled, its codes were refused, or STS failed
    /// after the code. A process that gets the lock after that asks for no code.
    pub fn after(&self) -> Option<u32> {
        self.after
    }

    /// Takes a released lock again, if no other process has had it since. Each holder writes its process id into the
    /// file.
    fn retaken(mut self) -> Option<Self> {
        self.file.try_lock().ok()?;
        let is_linked = self.file.metadata().is_ok_and(|about| about.nlink() > 0);
        (is_linked && State::read(&mut self.file) == self.state).then_some(self)
    }

    /// A failure to write is ignored: the contents are only information, and the lock is held anyway.
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

/// The contents of a lock file.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    /// The process that holds the lock.
    pid: u32,
    /// How often a holder gave up.
    given_up: u32,
    /// The process that gave up last.
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

/// Blocks until this process has the lock (true) or the deadline has passed (false). After a second it says which
/// process it waits for.
fn wait(file: &File, path: &Path, waiting: &Waiting<'_>, deadline: Option<Instant>) -> io::Result<bool> {
    // flock(2) has no time limit, so another thread blocks in it. The lock belongs to the open file, which both threads
    // share. After the deadline that thread stays blocked until the process ends.
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
        // If no thread can be started, this one waits without a message.
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

/// A helper program of the lock's holder needs what the holder is getting with it.
fn part_of_itself(pid: u32) -> Error {
    Error::new(format!("process {pid} waits for this one, which needs what that one is getting"))
        .advise("a credential_process or mfa_process must not need what it is run for")
}

/// The lock was not released in time.
fn in_vain(file: &mut File, waiting: &Waiting<'_>) -> Error {
    let pid = State::read(file).pid;
    let waited = Length::of(waiting.patience.unwrap_or_default());
    Error::new(format!("waited {waited} for {} of process {pid}, and gave up", waiting.what))
        .advise("answer it, or end that process")
}

/// Whether the locked file is still the one at this path. The user may have removed the cache.
fn still_there(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.metadata()) {
        (Ok(held), Ok(there)) => held.ino() == there.ino() && held.dev() == there.dev(),
        _ => false,
    }
}
