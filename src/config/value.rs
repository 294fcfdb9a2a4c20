//! The two files of the AWS configuration, read as the AWS CLI reads them (docs/profiles.md, "The two files").
//!
//! Nothing here decides what a profile means: that is `plan`'s work. Here a profile is its keys and values, each with
//! the file and line it came from.

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
    /// The variable that names another file in its place.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Config => "AWS_CONFIG_FILE",
            Self::Credentials => "AWS_SHARED_CREDENTIALS_FILE",
        }
    }
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Location {
    /// The file.
    pub file: FileKind,
    /// The line, from 1.
    pub line: u32,
}

/// A value as it stands in a file: white space and comments taken off, quotes kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Value<'a> {
    /// The text; lines of a continued value are joined by `\n`.
    pub text: Cow<'a, str>,
    /// Where its key stands.
    pub at: Location,
}

impl fmt::Debug for Value<'_> {
    /// Where it stands and never the text, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value").field("at", &self.at).finish_non_exhaustive()
    }
}
