//! The occurrences of sections in a file, and which of them count.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::config::entry;
use crate::config::entry::Entry;
use crate::config::headers::Kind;
use crate::config::value::FileKind;

/// One occurrence of a section.
pub(crate) struct Occurrence<'a> {
    pub(crate) file: FileKind,
    pub(crate) kind: Kind,
    /// Empty where `kind` has no name.
    pub(crate) name: Cow<'a, str>,
    /// The text between the brackets.
    pub(crate) header: &'a str,
    /// The header's line.
    pub(crate) line: u32,
    pub(crate) body: &'a str,
}

impl<'a> Occurrence<'a> {
    pub(crate) fn entries(&self) -> Vec<Entry<'a>> {
        entry::entries(self.body, self.line.saturating_add(1))
    }
}

/// Which header counts of those that give the same name in one file: the last one, as in the AWS CLI.
///
/// Where one of them is repeated the CLI gives up; there `[profile default]` wins over `[default]`, as in the other
/// SDKs.
pub(crate) fn prevailing<'a>(same_name: &[&Occurrence<'a>]) -> Option<&'a str> {
    let last = same_name.last()?.header;
    let mut prefixed = same_name.iter().map(|o| o.header).filter(|header| *header != "default");
    if last == "default" && prefixed.clone().next().is_some() {
        let mut seen = HashSet::new();
        if !same_name.iter().all(|o| seen.insert(o.header)) {
            return prefixed.next_back();
        }
    }
    Some(last)
}
