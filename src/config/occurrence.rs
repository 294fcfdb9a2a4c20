//! The occurrences of sections in a file, and which of them are used.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::config::entry;
use crate::config::entry::Entry;
use crate::config::headers::Kind;
use crate::config::ini::split_line;
use crate::config::value::FileKind;

/// One header in a file and the lines below it. A section may occur more than once.
#[derive(Clone)]
pub(crate) struct Occurrence<'a> {
    pub(crate) file: FileKind,
    pub(crate) kind: Kind,
    /// Empty if sections of this kind have no name.
    pub(crate) name: Cow<'a, str>,
    /// The text between the brackets.
    pub(crate) header: &'a str,
    /// The line number of the header.
    pub(crate) line: u32,
    /// The lines below it, after the end of its own.
    pub(crate) body: &'a str,
}

impl<'a> Occurrence<'a> {
    pub(crate) fn entries(&self) -> Vec<Entry<'a>> {
        entry::entries(split_line(self.body).1, self.line.saturating_add(1))
    }
}

/// Chooses between different headers that give the same name in one file, such as `[default]` and `[profile default]`.
/// The last one is used, as in the AWS CLI.
///
/// The AWS CLI refuses a file in which one of them is repeated. In such a file `[profile default]` is used instead of
/// `[default]`, as in the other SDKs.
pub(crate) fn prevailing<'a>(same_name: &[&Occurrence<'a>]) -> Option<&'a str> {
    prevailing_header(&same_name.iter().map(|o| o.header))
}

/// Like [`prevailing`], for the texts of the headers, in their order.
pub(crate) fn prevailing_header<'a>(same_name: &(impl DoubleEndedIterator<Item = &'a str> + Clone)) -> Option<&'a str> {
    let last = same_name.clone().next_back()?;
    let mut prefixed = same_name.clone().filter(|header| *header != "default");
    if last == "default" && prefixed.clone().next().is_some() {
        let mut seen = HashSet::new();
        if !same_name.clone().all(|header| seen.insert(header)) {
            return prefixed.next_back();
        }
    }
    Some(last)
}
