//! The line of a section header, and what can be seen of it at a glance.

use crate::config::value::FileKind;

/// The line of a header. No file is so large that these numbers do not suffice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    /// Where the line starts, in bytes.
    pub(crate) start: u32,
    /// Where it ends, without its line end, in bytes.
    pub(crate) end: u32,
    /// Its number.
    pub(crate) line: u32,
    /// What is known of its name.
    pub(crate) tag: Tag,
}

/// What is known of the name in a header. Profiles with different tags have different names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag(u32);

impl Tag {
    /// The header is not plain.
    pub(crate) const NOT_PLAIN: Self = Self(0);

    /// The header is plain: [`before_name`], this name of a profile and `]`, and nothing splits or quotes the name.
    ///
    /// The tag is the name's last byte and its length. Names often begin alike.
    #[inline]
    pub(crate) fn of(name: &[u8]) -> Self {
        let last = name.last().map_or(0, |byte| u32::from(*byte));
        Self(last | u32::try_from(name.len() << 8).unwrap_or_default())
    }
}

/// What comes before the name in the plain header of a profile.
#[inline]
pub(crate) fn before_name(file: FileKind) -> &'static str {
    match file {
        FileKind::Config => "[profile ",
        FileKind::Credentials => "[",
    }
}
