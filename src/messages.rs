//! What aws-auth says: one line on stderr, `aws-auth: …`. stdout belongs to the command.

use std::cell::Cell;
use std::io::Write as _;

use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result, io_words};
use crate::text::escape::printable;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors alone.
    Quiet,
    /// Errors, warnings, and what a person has to know.
    Normal,
    /// Each step too.
    Verbose,
}

/// The one voice. It never fails: a closed stderr must not stop a command.
pub struct Messages {
    verbosity: Verbosity,
    cache_failed: Cell<bool>,
}

impl Messages {
    /// A voice that says as much as `verbosity` allows.
    pub fn new(verbosity: Verbosity) -> Self {
        Self { verbosity, cache_failed: Cell::new(false) }
    }

    /// Why the run ends; the name in red where the terminal may be coloured.
    pub fn error(error: &Error, coloured: bool) {
        let name = if coloured { "\x1b[1;31maws-auth:\x1b[0m" } else { "aws-auth:" };
        write_whole(&format!("{name} {error}\n"));
    }

    /// Something that a person should mend; not with `--quiet`.
    pub fn warn(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            write_line(&format!("warning: {}", printable(text)));
        }
    }

    /// Something a person has to know now; not with `--quiet`.
    pub fn say(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            write_line(&printable(text));
        }
    }

    /// Something without which a person cannot go on, whatever `--quiet` says.
    pub fn insist(&self, text: &str) {
        write_line(&printable(text));
    }

    /// A step of the run, for `--verbose`. The text is made only when it is shown.
    pub fn step(&self, text: impl FnOnce() -> String) {
        if self.verbosity >= Verbosity::Verbose {
            write_line(&printable(&text()));
        }
    }

    /// Several steps that are told together, for `--verbose`.
    pub fn steps(&self, texts: impl FnOnce() -> Vec<String>) {
        if self.verbosity >= Verbosity::Verbose {
            for text in texts() {
                write_line(&printable(&text));
            }
        }
    }

    /// That something could not be kept. Said once in a run, however many files could not be written.
    pub fn cache_failure(&self, text: &str) {
        if !self.cache_failed.replace(true) {
            self.warn(text);
        }
    }
}

/// One write(2), so that lines of processes that run at once do not mix.
fn write_line(text: &str) {
    write_whole(&format!("aws-auth: {text}\n"));
}

fn write_whole(line: &str) {
    let mut stderr = std::io::stderr();
    if !nobody_reads(&stderr) {
        let _ = stderr.write_all(line.as_bytes());
    }
}

/// Whether it is a pipe whose reader is gone: SIGPIPE would end us before the command.
fn nobody_reads(stream: &impl std::os::fd::AsFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut polled = [PollFd::new(stream, PollFlags::OUT)];
    let found = poll(&mut polled, Some(&Timespec::default()));
    found.is_ok() && polled.iter().any(|polled| polled.revents().contains(PollFlags::ERR))
}

/// Prints an action's result on stdout.
///
/// # Errors
/// When it cannot be written.
pub fn print(text: &str) -> Result<u8> {
    let mut stdout = std::io::stdout();
    if is_closed(&stdout) {
        return Err(Error::new("cannot write (standard output is closed)"));
    }
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map(|()| 0).map_err(|error| Error::new(format!("cannot write ({})", io_words(&error))))
}

/// Whether the caller left a stream closed, which the standard library takes for written. A descriptor that goes at
/// execve is no caller's: it is /dev/null in the place of a closed one (`system::harden`).
fn is_closed(stream: &impl std::os::fd::AsFd) -> bool {
    rustix::io::fcntl_getfd(stream).map_or(true, |flags| flags.contains(rustix::io::FdFlags::CLOEXEC))
}

/// Whether what is written to a stream may be coloured: only for a person at a terminal that can, and who has not said
/// otherwise (no-color.org).
pub fn coloured(stream: &impl std::io::IsTerminal, snapshot: &Snapshot) -> bool {
    stream.is_terminal()
        && snapshot.non_empty("NO_COLOR").is_none()
        && snapshot.non_empty("TERM").is_some_and(|terminal| terminal != "dumb")
}
