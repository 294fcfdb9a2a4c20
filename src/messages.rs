//! Messages go to stderr, one line each, after `aws-auth: `. Stdout is for the command, or for an action's result.

use std::cell::Cell;
use std::io::Write as _;

use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result, io_words};
use crate::text::escape::printable;

/// How many messages are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Only errors, and messages without which a person cannot go on.
    Quiet,
    /// Also warnings, and what a person has to know.
    Normal,
    /// Also each step of the run.
    Verbose,
}

/// Prints messages. Failures to print are ignored: a closed stderr must not stop the command.
pub struct Messages {
    verbosity: Verbosity,
    cache_failed: Cell<bool>,
}

impl Messages {
    /// Prints as much as `verbosity` allows.
    pub fn new(verbosity: Verbosity) -> Self {
        Self { verbosity, cache_failed: Cell::new(false) }
    }

    /// Prints the error that ends the run, with `aws-auth:` in red if `coloured`.
    pub fn error(error: &Error, coloured: bool) {
        let name = if coloured { "\x1b[1;31maws-auth:\x1b[0m" } else { "aws-auth:" };
        write_whole(&format!("{name} {error}\n"));
    }

    /// Prints a problem that a person should fix. Not with `--quiet`.
    pub fn warn(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            write_line(&format!("warning: {}", printable(text)));
        }
    }

    /// Prints something that a person has to know now. Not with `--quiet`.
    pub fn say(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            write_line(&printable(text));
        }
    }

    /// Prints lines that a person can copy, below a message. Not with `--quiet`.
    pub fn example(&self, lines: &[&str]) {
        if self.verbosity >= Verbosity::Normal {
            let indented = |line: &&str| format!("    {}", printable(line)).trim_end().to_owned() + "\n";
            write_whole(&format!("\n{}\n", lines.iter().map(indented).collect::<String>()));
        }
    }

    /// Prints something without which a person cannot go on, even with `--quiet`.
    pub fn insist(&self, text: &str) {
        write_line(&printable(text));
    }

    /// Prints a step of the run with `--verbose`. The text is built only then.
    pub fn step(&self, text: impl FnOnce() -> String) {
        if self.verbosity >= Verbosity::Verbose {
            write_line(&printable(&text()));
        }
    }

    /// Prints several steps with `--verbose`. The texts are built only then.
    pub fn steps(&self, texts: impl FnOnce() -> Vec<String>) {
        if self.verbosity >= Verbosity::Verbose {
            for text in texts() {
                write_line(&printable(&text));
            }
        }
    }

    /// Warns that a cache could not be written. Only the first failure of a run is printed.
    pub fn cache_failure(&self, text: &str) {
        if !self.cache_failed.replace(true) {
            self.warn(text);
        }
    }
}

/// Prints a line in one write(2), so that the lines of several processes do not mix.
fn write_line(text: &str) {
    write_whole(&format!("aws-auth: {text}\n"));
}

fn write_whole(line: &str) {
    let mut stderr = std::io::stderr();
    if !reader_is_gone(&stderr) {
        let _ = stderr.write_all(line.as_bytes());
    }
}

/// Whether the stream is a pipe without a reader. Writing would raise SIGPIPE and end the process before the command.
fn reader_is_gone(stream: &impl std::os::fd::AsFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut polled = [PollFd::new(stream, PollFlags::OUT)];
    let found = poll(&mut polled, Some(&Timespec::default()));
    found.is_ok() && polled.iter().any(|polled| polled.revents().contains(PollFlags::ERR))
}

/// Prints an action's result to stdout, and returns exit status 0.
///
/// # Errors
/// Returns an error if it cannot be written.
pub fn print(text: &str) -> Result<u8> {
    let mut stdout = std::io::stdout();
    if is_closed(&stdout) {
        return Err(Error::new("cannot write to stdout (it is closed)"));
    }
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map(|()| 0).map_err(|error| Error::new(format!("cannot write to stdout ({})", io_words(&error))))
}

/// Whether the caller closed the stream. The standard library reports success when it writes to a closed one. A
/// descriptor with FD_CLOEXEC is not the caller's: it is the /dev/null that replaces a closed one (`system::harden`).
fn is_closed(stream: &impl std::os::fd::AsFd) -> bool {
    rustix::io::fcntl_getfd(stream).map_or(true, |flags| flags.contains(rustix::io::FdFlags::CLOEXEC))
}

/// Whether output to the stream may be coloured: it is a terminal that can show colours, and NO_COLOR is not set
/// (no-color.org).
pub fn coloured(stream: &impl std::io::IsTerminal, snapshot: &Snapshot) -> bool {
    stream.is_terminal()
        && snapshot.non_empty("NO_COLOR").is_none()
        && snapshot.non_empty("TERM").is_some_and(|terminal| terminal != "dumb")
}
