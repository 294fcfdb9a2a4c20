//! Messages go to stderr, one line each, after `aws-auth: `. Stdout is for the command, or for an action's result.

pub mod table;

use std::io::{IsTerminal, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::termios::tcgetsid;
use rustix::termios::tcgetwinsize;

use crate::cli::help::Screen;
use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result, io_words};
use crate::system::held_locks::ShownPrompt;
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
    /// Whether the person wants colours on a terminal.
    colours: bool,
    /// Whether the terminal knows the codes that move the cursor.
    moves_cursor: bool,
    cache_failed: AtomicBool,
}

/// How a part of a line looks on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// What a person needs no eye for.
    Plain,
    /// A heading or a name.
    Bold,
    /// The end of the run.
    Error,
    /// What a person should fix, or may be surprised by.
    Warning,
    /// A step of the run.
    Step,
}

impl Style {
    /// The codes that begin and end it.
    pub fn codes(self) -> (&'static str, &'static str) {
        let begin = match self {
            Self::Plain => return ("", ""),
            Self::Bold => "\x1b[1m",
            Self::Error => "\x1b[1;31m",
            Self::Warning => "\x1b[1;33m",
            Self::Step => "\x1b[2m",
        };
        (begin, "\x1b[0m")
    }
}

impl Messages {
    /// Prints as much as `verbosity` allows.
    pub fn new(verbosity: Verbosity, snapshot: &Snapshot) -> Self {
        Self {
            verbosity,
            colours: wants_colours(snapshot),
            moves_cursor: is_smart(snapshot),
            cache_failed: AtomicBool::new(false),
        }
    }

    /// Prints the error that ends the run. On a terminal the fact, a quote and the advice have a line each.
    pub fn error(error: &Error, snapshot: &Snapshot) {
        let stderr = std::io::stderr();
        if !stderr.is_terminal() {
            return write_line(&error.to_string());
        }
        let (red, plain) = if wants_colours(snapshot) { Style::Error.codes() } else { ("", "") };
        let lines = error.lines();
        let lines = lines.iter().enumerate().map(|(at, line)| match at {
            0 => format!("{red}aws-auth:{plain} {line}\n"),
            _ => format!("aws-auth: {line}\n"),
        });
        write_whole(&lines.collect::<String>());
    }

    /// Prints a problem that a person should fix. Not with `--quiet`.
    pub fn warn(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            let (yellow, plain) = self.style(Style::Warning);
            write_line(&format!("{yellow}warning:{plain} {}", printable(text)));
        }
    }

    /// Prints something that a person has to know now. Not with `--quiet`.
    pub fn say(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            write_line(&printable(text));
        }
    }

    /// Prints something that a person has to know now. If another process shows this prompt on the terminal, the line is
    /// printed above it, so that the prompt stays the last line. Not with `--quiet`.
    pub fn say_above(&self, text: &str, prompt: Option<&ShownPrompt>) {
        let stderr = std::io::stderr();
        let here = |prompt: &&ShownPrompt| tcgetsid(&stderr).is_ok_and(|session| session.as_raw() == prompt.session);
        let Some(prompt) = prompt.filter(here) else { return self.say(text) };
        if self.verbosity < Verbosity::Normal {
            return;
        }
        let line = format!("aws-auth: {}", printable(text));
        let columns = tcgetwinsize(&stderr).map_or(0, |size| usize::from(size.ws_col)).max(1);
        let above = if self.moves_cursor { erase(&prompt.text, columns) } else { String::from("\n") };
        write_whole(&format!("{above}{line}\n{}", prompt.text));
    }

    /// Prints a heading above the output of one of several commands. Not with `--quiet`.
    pub fn heading(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            let (bold, plain) = self.style(Style::Bold);
            write_whole(&format!("{bold}aws-auth: {}{plain}\n", printable(text)));
        }
    }

    /// Whether a line on stderr can be shown and taken away again: stderr is a terminal that moves its cursor. Not with
    /// `--quiet`.
    pub fn may_redraw(&self) -> bool {
        self.verbosity >= Verbosity::Normal && self.moves_cursor && std::io::stderr().is_terminal()
    }

    /// Prints a table whose cells are safe for a terminal. Not with `--quiet`.
    pub fn table(&self, table: &str) {
        if self.verbosity >= Verbosity::Normal {
            write_whole(table);
        }
    }

    /// Prints lines that another program reads, even with `--quiet`.
    pub fn lines_for_programs(&self, lines: &str) {
        write_whole(lines);
    }

    /// Prints lines that a person can copy, below a message. Not with `--quiet`.
    pub fn example(&self, lines: &[&str]) {
        if self.verbosity >= Verbosity::Normal {
            let indented = |line: &&str| format!("    {}", printable(line)).trim_end().to_owned() + "\n";
            write_whole(&format!("\n{}\n", lines.iter().map(indented).collect::<String>()));
        }
    }

    /// Prints what will change in a file, which is safe for a terminal already. Not with `--quiet`.
    pub fn show(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal && !text.is_empty() {
            write_whole(text);
        }
    }

    /// Prints something without which a person cannot go on, even with `--quiet`.
    pub fn insist(&self, text: &str) {
        write_line(&printable(text));
    }

    /// Prints a step of the run with `--verbose`. The text is built only then.
    pub fn step(&self, text: impl FnOnce() -> String) {
        if self.verbosity >= Verbosity::Verbose {
            self.write_step(&text());
        }
    }

    /// Prints several steps with `--verbose`. The texts are built only then.
    pub fn steps(&self, texts: impl FnOnce() -> Vec<String>) {
        if self.verbosity >= Verbosity::Verbose {
            for text in texts() {
                self.write_step(&text);
            }
        }
    }

    fn write_step(&self, text: &str) {
        let (dim, plain) = self.style(Style::Step);
        write_whole(&format!("{dim}aws-auth: {}{plain}\n", printable(text)));
    }

    /// The codes that begin and end a style on stderr; empty if it shows none.
    fn style(&self, style: Style) -> (&'static str, &'static str) {
        if self.colours && std::io::stderr().is_terminal() { style.codes() } else { ("", "") }
    }

    /// Warns that a cache could not be written. Only the first failure of a run is printed.
    pub fn cache_failure(&self, text: &str) {
        if !self.cache_failed.swap(true, Ordering::Relaxed) {
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
pub fn coloured(stream: &impl IsTerminal, snapshot: &Snapshot) -> bool {
    stream.is_terminal() && wants_colours(snapshot)
}

/// The screen that stdout is; 80 columns without colours if it is no terminal.
pub fn screen(snapshot: &Snapshot) -> Screen {
    let stdout = std::io::stdout();
    let columns = tcgetwinsize(&stdout).map_or(0, |size| usize::from(size.ws_col));
    Screen { columns: if columns == 0 { 80 } else { columns }, has_colours: coloured(&stdout, snapshot) }
}

/// Whether the person wants colours on a terminal.
pub fn wants_colours(snapshot: &Snapshot) -> bool {
    snapshot.non_empty("NO_COLOR").is_none() && is_smart(snapshot)
}

/// Whether the terminal knows the usual codes.
pub fn is_smart(snapshot: &Snapshot) -> bool {
    snapshot.non_empty("TERM").is_some_and(|terminal| terminal != "dumb")
}

/// The codes that erase a prompt at whose end the cursor is, in a terminal with this many columns.
fn erase(prompt: &str, columns: usize) -> String {
    let mut is_code = false;
    let width = prompt.chars().filter(|c| {
        let was_code = is_code;
        is_code = *c == '\x1b' || is_code && !c.is_ascii_alphabetic();
        !was_code && *c != '\x1b'
    });
    let rows = width.count().saturating_sub(1) / columns;
    let up = if rows > 0 { format!("\x1b[{rows}A") } else { String::new() };
    format!("{up}\r\x1b[J")
}
