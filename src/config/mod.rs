//! The two files of the AWS configuration, read as the AWS CLI reads them (SEMANTICS, "Files").
//!
//! Nothing here decides what a profile means: that is `plan`'s work. Here a profile is its keys and values, each with
//! the file and line it came from.

mod ini;
mod profiles;
mod section;
mod warnings;
mod words;

pub use profiles::{Profile, ProfileSet};
pub use section::Section;
pub use words::{UnbalancedQuote, split_words};

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result};

/// Nobody's configuration is larger; a device or an endless pipe must not fill the memory.
const LARGEST: u64 = 256 << 20;

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
    fn variable(self) -> &'static str {
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

/// One of the two files as read: its path and its text.
pub struct SourceFile {
    /// Which of the two.
    pub kind: FileKind,
    /// The path, for messages.
    pub path: PathBuf,
    text: Zeroizing<String>,
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceFile").field("kind", &self.kind).field("path", &self.path).finish_non_exhaustive()
    }
}

impl SourceFile {
    /// Reads the file at `path`; `None` when there is none.
    ///
    /// A file that cannot be read, is larger than 256 MiB, or holds NUL or invalid UTF-8, is an error that names it.
    pub fn read(kind: FileKind, path: &Path) -> Result<Option<Self>> {
        match read_bytes(path) {
            Ok(bytes) => Self::from_bytes(kind, path, bytes).map(Some),
            // What the AWS CLI asks is whether this is a file; below a file, there is none.
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(e) => Err(Error::new(format!("cannot read {}: {e}", path.display()))
                .advise(format!("make it a file that you can read, or name another in {}", kind.variable()))),
        }
    }

    /// The file at `path`, whose text the caller has; NUL in it is an error, a byte order mark at its start is not.
    pub fn from_text(kind: FileKind, path: impl Into<PathBuf>, text: impl Into<String>) -> Result<Self> {
        let (path, text) = (path.into(), Zeroizing::new(text.into()));
        if let Some(nul) = memchr::memchr(0, text.as_bytes()) {
            return Err(no_text(&path, text.get(..nul).unwrap_or_default(), "a NUL byte"));
        }
        Ok(Self { kind, path, text })
    }

    fn from_bytes(kind: FileKind, path: &Path, mut bytes: Zeroizing<Vec<u8>>) -> Result<Self> {
        String::from_utf8(std::mem::take(&mut *bytes)).map_or_else(
            |e| {
                let valid = e.utf8_error().valid_up_to();
                let mut bytes = e.into_bytes();
                let good = bytes.get(..valid).and_then(|good| std::str::from_utf8(good).ok());
                let error = no_text(path, good.unwrap_or_default(), "a byte that is no UTF-8");
                bytes.zeroize();
                Err(error)
            },
            |text| Self::from_text(kind, path, text),
        )
    }

    /// The text without its byte order mark.
    fn text(&self) -> &str {
        self.text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.text)
    }

    fn has_byte_order_mark(&self) -> bool {
        self.text.starts_with(BYTE_ORDER_MARK)
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The error for a file which, after `good`, is no text.
fn no_text(path: &Path, good: &str, what: &str) -> Error {
    let line = ini::line_ends(good).saturating_add(1);
    Error::new(format!("{}:{line}: {what}", path.display())).advise("save the file as UTF-8 text")
}

fn read_bytes(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    // One byte more than the file holds: the end is seen without growing, and what grows leaves unwiped copies behind.
    let room = usize::try_from(metadata.len().min(LARGEST)).unwrap_or_default() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
