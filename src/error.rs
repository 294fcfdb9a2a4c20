//! Every error of aws-auth is a fact and, where there is one, an advice; together they make one line on stderr.
//!
//! The exit status is 125 for every failure of aws-auth itself, so that 1 and 2 are always the command's; 126 and
//! 127 mean what they mean for `env` and the shell.

use std::fmt;

use crate::text::escape::printable;

/// The exit status of every failure of aws-auth itself, usage errors included.
pub const FAILED: u8 = 125;

/// COMMAND was found but cannot be executed.
const NOT_EXECUTABLE: u8 = 126;

/// COMMAND was not found.
const NOT_FOUND: u8 = 127;

/// What kind of error it is, where code decides on that. It alone decides the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// COMMAND was not found.
    CommandNotFound,
    /// COMMAND was found but cannot be executed.
    CommandNotExecutable,
    /// Every other failure.
    Other,
}

/// A fact, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    fact: String,
    advice: Option<String>,
}

/// The result of everything that can fail with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error that states `fact` and ends with status 125.
    #[cold]
    pub fn new(fact: impl Into<String>) -> Self {
        Self { kind: Kind::Other, fact: fact.into(), advice: None }
    }

    /// Adds what the reader can do about it.
    #[must_use]
    #[cold]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Puts what it is about before the fact.
    #[must_use]
    pub fn in_front(mut self, about: &str) -> Self {
        self.fact = format!("{about}: {}", self.fact);
        self
    }

    /// Says what kind of error it is.
    #[must_use]
    pub fn of_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// What kind of error it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What happened, without the advice.
    pub fn fact(&self) -> &str {
        &self.fact
    }

    /// What to do about it.
    pub fn advice(&self) -> Option<&str> {
        self.advice.as_deref()
    }

    /// The exit status that this error ends with.
    pub fn status(&self) -> u8 {
        match self.kind {
            Kind::CommandNotFound => NOT_FOUND,
            Kind::CommandNotExecutable => NOT_EXECUTABLE,
            Kind::Other => FAILED,
        }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    /// One line, safe for a terminal: text from files and servers is escaped here, once, for every error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.fact))?;
        match &self.advice {
            Some(advice) => write!(f, "; {}", printable(advice)),
            None => Ok(()),
        }
    }
}

/// An I/O error in the words of the system, without Rust's own "(os error N)".
pub fn io_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}
