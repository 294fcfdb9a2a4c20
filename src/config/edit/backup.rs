//! A copy of a file as it was before a change, without secret values. The last five of each file are kept.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use sha1::{Digest as _, Sha1};

use crate::config::edit::document::{Document, What};
use crate::config::secrets::masked;
use crate::config::source::SourceFile;
use crate::config::value::FileKind;
use crate::error::{Error, Result, io_words};
use crate::system::directories::{self, Distrust, Whose};
use crate::system::private_files;
use crate::text::encoding::hex;
use crate::time::Timestamp;

/// How many copies of a file are kept.
const KEPT: usize = 5;

/// A name for the file at this path, which must be the one behind all links: `config-2807bfcd7c5b`.
pub(crate) fn name_of(kind: FileKind, path: &Path) -> String {
    let hash = hex(&Sha1::digest(path.as_os_str().as_encoded_bytes()));
    format!("{}-{}", kind.word(), hash.get(..12).unwrap_or(&hash))
}

/// Checks whether anything may be kept in the directory `state`.
///
/// # Errors
/// Returns an error if other users could put their files there.
pub(crate) fn check(state: &Path) -> Result<()> {
    const OTHER: &str = "set XDG_STATE_HOME to a directory of your own";
    let Err(distrust) = directories::judge(state, Whose::Own) else { return Ok(()) };
    let (fact, advice) = match distrust {
        Distrust::Link => (format!("{} is a symbolic link", state.display()), String::from("remove the link")),
        Distrust::Foreign => (format!("{} belongs to another user", state.display()), OTHER.into()),
        Distrust::BelowForeign(above) => (format!("{} belongs to another user", above.display()), OTHER.into()),
        Distrust::BelowWritable(above) => {
            let above = above.display();
            (format!("other users can write to {above}"), format!("run 'chmod go-w {above}'"))
        }
    };
    Err(Error::new(format!("no copy of the file can be kept: {fact}")).advise(advice))
}

/// Keeps a copy of `source` in the directory `backups` of `state`, and removes the oldest ones. Returns its path. `name`
/// is from [`name_of`].
///
/// # Errors
/// Returns an error if it cannot be written.
pub(crate) fn keep(state: &Path, name: &str, source: &SourceFile, now: Timestamp) -> Result<PathBuf> {
    check(state)?;
    let directory = state.join("backups");
    let failed = |error: &std::io::Error| {
        Error::new(format!(
            "cannot keep a copy of {} in {} ({})",
            source.path.display(),
            directory.display(),
            io_words(error)
        ))
        .advise("make room there, or set XDG_STATE_HOME to another directory; the file is as it was")
    };
    directories::make(state, Whose::Own).map_err(|error| failed(&error))?;
    let copies = || -> Vec<PathBuf> {
        let is_copy = |path: &PathBuf| {
            let stem = path.file_name().and_then(|found| found.to_str()?.strip_prefix(name));
            stem.is_some_and(|rest| rest.starts_with('-'))
        };
        let mut copies: Vec<_> =
            private_files::list(&directory).unwrap_or_default().into_iter().filter(is_copy).collect();
        copies.sort();
        copies
    };
    let time: String = now.iso8601().chars().filter(char::is_ascii_alphanumeric).collect();
    let before = copies();
    let free = (0..100).map(|number| directory.join(format!("{name}-{time}-{number:02}")));
    // After a clock that was set back, the new copy could sort before those that are there: it is not removed anyway.
    let path = free.into_iter().find(|path| !before.contains(path)).unwrap_or_else(|| directory.join(name));
    private_files::write(&path, without_secrets(source)?.as_bytes(), Whose::Own).map_err(|error| failed(&error))?;
    let others: Vec<_> = copies().into_iter().filter(|copy| *copy != path).collect();
    for old in others.iter().rev().skip(KEPT - 1) {
        let _ = std::fs::remove_file(old);
    }
    Ok(path)
}

/// The text of the file, with a mask for each secret.
///
/// # Errors
/// Returns an error if the file is not text.
pub(crate) fn without_secrets(source: &SourceFile) -> Result<String> {
    let document = Document::new(source)?;
    let mut key: Option<Cow<'_, str>> = None;
    let mut text = String::from(if source.has_byte_order_mark() { "\u{feff}" } else { "" });
    for (_, row) in document.rows() {
        match &row.what {
            What::Header => key = None,
            What::Entry(found) => key = Some(found.clone()),
            What::More | What::Blank | What::Comment => {}
        }
        text.push_str(&masked(source.kind, key.as_deref(), row.line()));
        text.push_str(row.end());
    }
    Ok(text)
}
