//! A value from one of the two files (docs/profiles.md, "The two files"), and its place: the file and the line.

use std::borrow::Cow;
use std::fmt;

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// `~/.aws/config` or `AWS_CONFIG_FILE`.
    Config,
    /// `~/.aws/credentials` or `AWS_SHARED_CREDENTIALS_FILE`.
    Credentials,
}

impl FileKind {
    /// The file's name in messages: `the config file`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Credentials => "credentials",
        }
    }

    /// The environment variable that gives another path for this file.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Config => "AWS_CONFIG_FILE",
            Self::Credentials => "AWS_SHARED_CREDENTIALS_FILE",
        }
    }
}

/// The place of a value or a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Location {
    /// The file.
    pub file: FileKind,
    /// The line number, from 1.
    pub line: u32,
}

/// A value as it is written in a file, without comments and surrounding white space, but with its quotes.
#[derive(Clone, PartialEq, Eq)]
pub struct Value<'a> {
    /// The text. The lines of a continued value are joined by `\n`.
    pub text: Cow<'a, str>,
    /// The place of its key.
    pub at: Location,
}

impl fmt::Debug for Value<'_> {
    /// Shows only its place, because the text may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value").field("at", &self.at).finish_non_exhaustive()
    }
}
