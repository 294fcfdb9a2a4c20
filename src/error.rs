//! Errors. Each one states a fact and, if there is something to do, advice; together they make one line on stderr.
//!
//! The exit status is 125 for every failure of aws-auth itself, so that 1 and 2 always come from the command. 126 and
//! 127 have the meaning that they have for `env` and the shell.

use std::fmt;

use crate::text::escape::printable;

/// The exit status of every failure of aws-auth itself, usage errors included.
pub const FAILED: u8 = 125;

/// The exit status if COMMAND was found but cannot be executed.
const NOT_EXECUTABLE: u8 = 126;

/// The exit status if COMMAND was not found.
const NOT_FOUND: u8 = 127;

/// The kind of an error, for code that treats some errors differently. It determines the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// COMMAND was not found.
    CommandNotFound,
    /// COMMAND was found but cannot be executed.
    CommandNotExecutable,
    /// Every other failure.
    Other,
}

/// A fact, and advice: what the reader can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    fact: String,
    advice: Option<String>,
}

/// A `Result` whose error is [`Error`] by default.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error that states `fact` and ends with status 125.
    pub fn new(fact: impl Into<String>) -> Self {
        Self { kind: Kind::Other, fact: fact.into(), advice: None }
    }

    /// Sets the advice: what the reader can do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Puts `about` and a colon before the fact.
    #[must_use]
    pub fn in_front(mut self, about: &str) -> Self {
        self.fact = format!("{about}: {}", self.fact);
        self
    }

    /// Sets the kind, and with it the exit status.
    #[must_use]
    pub fn of_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The kind, `Kind::Other` unless it was set.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What happened, without the advice.
    pub fn fact(&self) -> &str {
        &self.fact
    }

    /// The advice, without the fact.
    pub fn advice(&self) -> Option<&str> {
        self.advice.as_deref()
    }

    /// The exit status of a run that ends with this error.
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
    /// One line that is safe for a terminal. Text from files and servers is escaped here and nowhere before.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.fact))?;
        match &self.advice {
            Some(advice) => write!(f, "; {}", printable(advice)),
            None => Ok(()),
        }
    }
}

/// The system's text for an I/O error, without the "(os error N)" that Rust adds.
pub fn io_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}
