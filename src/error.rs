//! Errors. Each one states a fact, quotes a server or a program if it said something, and gives advice if there is
//! something to do. Together they make one line on stderr; on a terminal each has a line of its own.
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

/// The exit status if a person left a choice with Esc or Ctrl-C, as that of a shell's command that Ctrl-C ended.
const NOT_CHOSEN: u8 = 130;

/// The kind of an error, for code that treats some errors differently. It determines the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// COMMAND was not found.
    CommandNotFound,
    /// COMMAND was found but cannot be executed.
    CommandNotExecutable,
    /// A person chose no profile (`--pick`).
    NotChosen,
    /// A person was asked for something and gave nothing.
    NothingGiven,
    /// The long-term keys that a person typed are none, or the service does not accept them.
    KeysRefused,
    /// Every other failure.
    Other,
}

/// A fact, and advice: what the reader can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    fact: String,
    quote: Option<String>,
    advice: Option<String>,
}

/// A `Result` whose error is [`Error`] by default.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error that states `fact` and ends with status 125.
    pub fn new(fact: impl Into<String>) -> Self {
        Self { kind: Kind::Other, fact: fact.into(), quote: None, advice: None }
    }

    /// Sets the advice: what the reader can do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Sets the words of a server or a program, which are quoted. Empty words are none.
    #[must_use]
    pub fn quote(mut self, words: impl Into<String>) -> Self {
        self.quote = Some(words.into()).filter(|words| !words.is_empty());
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

    /// The words of a server or a program.
    pub fn words(&self) -> Option<&str> {
        self.quote.as_deref()
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
            Kind::NotChosen => NOT_CHOSEN,
            Kind::NothingGiven | Kind::KeysRefused | Kind::Other => FAILED,
        }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    /// One line that is safe for a terminal. Text from files and servers is escaped here and nowhere before.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fact = printable(&self.fact);
        let fact = if self.quote.is_some() || self.advice.is_some() { fact.trim_end_matches('.') } else { &fact };
        f.write_str(fact)?;
        if let Some(quote) = &self.quote {
            write!(f, ": \"{}\"", printable(quote))?;
        }
        match &self.advice {
            Some(advice) if self.quote.is_none() && fact.ends_with(')') => write!(f, ": {}", printable(advice)),
            Some(advice) => write!(f, "; {}", printable(advice)),
            None => Ok(()),
        }
    }
}

impl Error {
    /// The lines for a terminal: the fact, the quote and the advice.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![printable(&self.fact).into_owned()];
        lines.extend(self.quote.as_ref().map(|quote| format!("\"{}\"", printable(quote))));
        lines.extend(self.advice.as_ref().map(|advice| printable(advice).into_owned()));
        lines
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
