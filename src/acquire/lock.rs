//! One process at a time calls STS for a device or role; the others wait for what it gets (DESIGN, "N processes at
//! once").
//!
//! The lock is flock(2) on a file that stays: the kernel lets go of it when its holder dies, however it dies. The file
//! tells who holds it, and how often a holder gave up, so that those who waited for a cancelled prompt fail once
//! instead of prompting in turn.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::messages::Messages;

use super::files;

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
    /// A process that waits for this one holds it.
    Ancestor {
        /// The process.
        pid: u32,
    },
    /// There can be no lock here.
    Impossible(std::io::Error),
}

/// Waits for its turn. `what` is said after a second of waiting, with the holder's pid; `ancestors` are the processes
/// that wait for this one, for which it must not wait in turn.
pub fn take(path: &Path, messages: &Messages, what: &str, ancestors: &[u32]) -> Turn {
    let mut seen = None;
    loop {
        let mut file = match files::open_lock(path) {
            Ok(file) => file,
            Err(error) => return Turn::Impossible(error),
        };
        // Read before the attempt: what happens to the prompt after it, happens while we wait.
        let before = State::read(&mut file);
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                if ancestors.contains(&before.pid) {
                    return Turn::Ancestor { pid: before.pid };
                }
                seen.get_or_insert(before.given_up);
                if let Err(error) = wait(&file, path, messages, what) {
                    return Turn::Impossible(error.into());
                }
            }
            Err(error) => return Turn::Impossible(error.into()),
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

    /// A failure to write is no failure to hold the lock: the file only informs.
    fn write(&mut self) {
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
#[derive(Clone, Copy)]
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

/// Blocks until the lock is had; after a second another thread says whom we wait for.
fn wait(file: &File, path: &Path, messages: &Messages, what: &str) -> Result<(), Errno> {
    std::thread::scope(|scope| {
        let (done, waiting) = mpsc::channel::<()>();
        let path: PathBuf = path.to_owned();
        let speak = messages.speaker();
        // Where there can be no other thread, we wait in silence.
        let _ = std::thread::Builder::new().spawn_scoped(scope, move || {
            if waiting.recv_timeout(Duration::from_secs(1)) == Err(mpsc::RecvTimeoutError::Timeout)
                && let Ok(mut file) = File::open(&path)
            {
                speak(&format!("waiting for {what} of process {}", State::read(&mut file).pid));
            }
        });
        let result = loop {
            match flock(file, FlockOperation::LockExclusive) {
                Err(Errno::INTR) => {}
                other => break other,
            }
        };
        drop(done);
        result
    })
}

/// Whether the file that was locked is the one that the others find: `--logout --all` may have removed it.
fn still_there(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.metadata()) {
        (Ok(held), Ok(there)) => held.ino() == there.ino() && held.dev() == there.dev(),
        _ => false,
    }
}
