//! The entries of one section: its keys and values, and maps of nested keys.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::config::entry::Entry;
use crate::config::value::{FileKind, Location, Value};
use crate::error::{Error, Result};

/// The nested keys of a map such as `s3 =`, in order and with their case, each with its value.
pub type Map<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// A section of one file, such as `[sso-session NAME]`: the entries of all its occurrences and of `[DEFAULT]`.
#[derive(Clone)]
pub struct Section<'a> {
    file: FileKind,
    path: &'a Path,
    line: u32,
    /// Those of `[DEFAULT]` come first, because the last entry with a key is the one that is used.
    entries: Vec<Entry<'a>>,
}

impl fmt::Debug for Section<'_> {
    /// Shows only its place, because the entries may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section").field("at", &self.at()).finish_non_exhaustive()
    }
}

impl<'a> Section<'a> {
    pub(crate) fn new(file: FileKind, path: &'a Path, line: u32, entries: Vec<Entry<'a>>) -> Self {
        Self { file, path, line, entries }
    }

    /// The place of its header, or of the first one if it is repeated.
    pub fn at(&self) -> Location {
        self.location(self.line)
    }

    /// The value of `key`, which must be in lower case; also `None` if it is a map of nested keys.
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        self.entry(key).and_then(|entry| self.scalar(entry))
    }

    /// The nested keys of `key`, which must be in lower case; `None` if it has a plain value.
    ///
    /// # Errors
    /// Returns an error for a nested line without `=`.
    pub fn nested(&self, key: &str) -> Result<Option<Map<'a>>> {
        self.entry(key).filter(|entry| entry.is_map()).map(|entry| self.map(entry)).transpose()
    }

    /// All keys, once each, with their values. The value of a map is its text, which starts with `\n`.
    pub fn entries(&self) -> Vec<(Cow<'a, str>, Value<'a>)> {
        let mut entries = Vec::with_capacity(self.entries.len());
        let mut places = BTreeMap::new();
        self.add_entries(&mut entries, &mut places);
        entries
    }

    /// Adds the keys to `entries` and replaces those that are already there. `places` holds the index of each key.
    pub(crate) fn add_entries<'s>(
        &'s self,
        entries: &mut Vec<(Cow<'a, str>, Value<'a>)>,
        places: &mut BTreeMap<&'s str, usize>,
    ) {
        for entry in &self.entries {
            let added = (entry.key.clone(), self.value(entry));
            if let Some(there) = places.get(&*entry.key).and_then(|&place| entries.get_mut(place)) {
                *there = added;
            } else {
                places.insert(&entry.key, entries.len());
                entries.push(added);
            }
        }
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry<'a>> {
        self.entries.iter().rfind(|entry| entry.key == key)
    }

    pub(crate) fn scalar(&self, entry: &Entry<'a>) -> Option<Value<'a>> {
        (!entry.is_map()).then(|| self.value(entry))
    }

    fn value(&self, entry: &Entry<'a>) -> Value<'a> {
        Value { text: entry.text(), at: self.location(entry.line) }
    }

    fn map(&self, entry: &Entry<'a>) -> Result<Map<'a>> {
        let pairs = entry.nested().map_err(|line| not_nested(self.path, line))?;
        let mut map = Map::with_capacity(pairs.len());
        let mut places = BTreeMap::new();
        for (key, value, line) in pairs {
            let value = Value { text: Cow::Borrowed(value), at: self.location(line) };
            if let Some((_, there)) = places.get(key).and_then(|&place: &usize| map.get_mut(place)) {
                *there = value;
            } else {
                places.insert(key, map.len());
                map.push((Cow::Borrowed(key), value));
            }
        }
        Ok(map)
    }

    pub(crate) fn location(&self, line: u32) -> Location {
        Location { file: self.file, line }
    }
}

/// The error for a line without `=` in a map.
pub(crate) fn not_nested(path: &Path, line: u32) -> Error {
    Error::new(format!(
        "{}:{line}: not a nested key = value, though the key above has no value on its own line",
        path.display()
    ))
    .advise("write the value on the key's own line, or nested keys as key = value, one per line")
}
