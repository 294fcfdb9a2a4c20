//! Changed text, if it reads back as meant: the changed keys have their new values, and every other one is as it was.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::config::edit::changes::Change;
use crate::config::edit::diff::Diff;
use crate::config::edit::document::Document;
use crate::config::profiles::{OwnValues, ProfileSet};
use crate::config::source::SourceFile;
use crate::config::value::FileKind;
use crate::error::{Error, Result};

/// A file after changes.
pub struct Changed {
    /// The text, with the byte order mark if the file has one.
    pub text: Zeroizing<String>,
    /// What is different.
    pub diff: Diff,
}

/// Makes the changes, in their order.
///
/// # Errors
/// Returns an error, with file and line, if the reader refuses the file. Returns an error if the file cannot hold a
/// name, a key or a value of a change.
pub fn changed(source: &SourceFile, changes: &[Change]) -> Result<Changed> {
    let set = parsed(source)?;
    let mut document = Document::new(source)?;
    for change in changes {
        document.make(change)?;
    }
    document.settle_headers();
    let (text, diff) = (document.text(), Diff::of(&document, &source.path));
    let mut meant = set.own_values(source.kind);
    for change in changes {
        expect(&mut meant, change);
    }
    let result = SourceFile::from_text(source.kind, &source.path, text.as_str());
    let reads_back = parsed(&result).is_ok_and(|set| set.own_values(source.kind) == meant);
    if !reads_back {
        let fact = format!("{} would not read back as meant, and was not changed", source.path.display());
        return Err(Error::new(fact).advise("make these changes by hand"));
    }
    Ok(Changed { text, diff })
}

/// The sections of this file alone.
pub(crate) fn parsed(source: &SourceFile) -> Result<ProfileSet<'_>> {
    match source.kind {
        FileKind::Config => ProfileSet::parse(Some(source), None),
        FileKind::Credentials => ProfileSet::parse(None, Some(source)),
    }
}

/// Makes a change of the values.
fn expect<'a>(values: &mut OwnValues<'a>, change: &'a Change) {
    match change {
        Change::Set { section, key, value } => {
            let values = values.entry(section.clone()).or_default();
            values.insert(Cow::Borrowed(key), Cow::Borrowed(value.expose()));
        }
        Change::Remove { section, key } => {
            values.entry(section.clone()).and_modify(|values| drop(values.remove(&**key)));
        }
        Change::Add(section) => drop(values.entry(section.clone()).or_default()),
        Change::RemoveSection(section) => drop(values.remove(section)),
    }
}
