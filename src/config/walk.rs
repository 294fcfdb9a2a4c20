//! Takes the lines of a file that a scan does not see through: the headers, and all that may be wrong.

use crate::config::entry::Entry;
use crate::config::header_line::{Header, Tag, before_name};
use crate::config::ini::{Line, Lines, State};
use crate::config::section::not_nested;
use crate::config::source::{SourceFile, not_text};
use crate::config::value::FileKind;
use crate::error::{Error, Result};
use crate::text::blocks;
use crate::text::bytes::find2;

/// A walk through the lines that are looked at. Those between them are empty, or entries without indentation.
pub(crate) struct Walk<'a> {
    file: &'a SourceFile,
    bytes: &'a [u8],
    /// Whether the bytes were found to be UTF-8. Until then, those up to the line that is looked at are ASCII.
    is_text: bool,
    headers: Vec<Header>,
    /// The places of those that are not plain.
    others: Vec<usize>,
    above: Above,
}

/// What is known of the lines above a line.
struct Above {
    /// Where the last line ends that `state` knows of.
    end: usize,
    state: State,
    /// The start of the last entry's line, for the lines that continue it.
    entry: usize,
    /// Whether the lines that continue it are a map, if that is known.
    map: Option<bool>,
}

/// In place of an entry: no line starts there.
const NONE: usize = usize::MAX;

/// The shortest section that is common, in bytes. Room that is not used costs nothing.
const SECTION: usize = 64;

impl<'a> Walk<'a> {
    pub(crate) fn new(file: &'a SourceFile) -> Self {
        let bytes = file.bytes();
        let headers = Vec::with_capacity(bytes.len() / SECTION + 1);
        Self { file, bytes, is_text: false, headers, others: Vec::new(), above: Above::header(0) }
    }

    #[inline]
    pub(crate) fn has_headers(&self) -> bool {
        !self.headers.is_empty()
    }

    /// The headers, and the places of those that are not plain.
    pub(crate) fn into_headers(self) -> (Vec<Header>, Vec<usize>) {
        (self.headers, self.others)
    }

    /// Takes a line that may be anything, with its place and its number.
    ///
    /// # Errors
    /// Returns those of [`scan`](crate::config::scan::scan).
    #[inline(never)]
    pub(crate) fn take(&mut self, start: usize, end: usize, line: u32) -> Result<()> {
        if let Some(name) = plain_name(self.bytes, start, end, self.file.kind) {
            self.open(Tag::of(name), (start, end, line));
            return Ok(());
        }
        self.other(start, end, line)
    }

    /// Is called before a line is looked at in which, or above which, a byte is not ASCII.
    ///
    /// # Errors
    /// Returns an error for a byte that is not UTF-8.
    pub(crate) fn expect_text(&mut self) -> Result<()> {
        if !self.is_text {
            self.file.text()?;
            self.is_text = true;
        }
        Ok(())
    }

    /// The error for a NUL byte in this line.
    pub(crate) fn nul(&self, line: u32) -> Error {
        not_text(&self.file.path, line, "a NUL byte")
    }

    /// Takes the header at this place.
    #[inline]
    fn open(&mut self, tag: Tag, (start, end, line): (usize, usize, u32)) {
        #[expect(clippy::cast_possible_truncation, reason = "a file has at most 256 MiB")]
        let header = Header { start: start as u32, end: end as u32, line, tag };
        self.headers.push(header);
        self.above = Above::header(end);
    }

    /// Takes a line that is not the plain header of a profile.
    #[inline(never)]
    fn other(&mut self, start: usize, end: usize, line: u32) -> Result<()> {
        let file = self.file;
        let error = |fact: &str| Error::new(format!("{}:{line}: {fact}", file.path.display()));
        let row = self.bytes.get(start..end).unwrap_or_default();
        if self.may_be_passed(row) {
            return Ok(());
        }
        self.know_plain_entries(start);
        self.above.end = end;
        match self.above.state.classify(str::from_utf8(row).unwrap_or_default()) {
            Line::Blank | Line::Comment => {}
            Line::Header(_) => {
                // A header may be indented.
                let state = std::mem::take(&mut self.above.state);
                self.others.push(self.headers.len());
                self.open(Tag::NOT_PLAIN, (start, end, line));
                self.above.state = state;
            }
            Line::Entry { .. } if self.headers.is_empty() => {
                return Err(error("a setting before the first [section]")
                    .advise("put a header above it, such as [default] or [profile NAME]"));
            }
            Line::Entry { .. } => (self.above.entry, self.above.map) = (start, None),
            Line::More(text) => {
                if self.is_in_map(end) && !text.contains('=') {
                    return Err(not_nested(&file.path, line));
                }
            }
            Line::NoKey => return Err(error("a value without a key").advise("write key = value")),
            Line::OpenHeader => {
                return Err(error("a section header without its closing ]").advise("write [NAME]"));
            }
            Line::Garbage => {
                return Err(error("neither a [section], a key = value, nor a comment")
                    .advise("begin a comment with #, and indent a line that continues a value deeper than its key"));
            }
        }
        Ok(())
    }

    /// Whether nothing need be known of this line but its text: a comment, or an entry, without indentation.
    fn may_be_passed(&self, row: &[u8]) -> bool {
        match row.first() {
            None | Some(b'#' | b';') => true,
            Some(b'[' | b'=' | b':') => false,
            Some(first) => first.is_ascii_graphic() && !self.headers.is_empty() && find2([b'=', b':'], row).is_some(),
        }
    }

    /// Takes the last of the entries that were passed, if there are any above the line that starts here.
    fn know_plain_entries(&mut self, start: usize) {
        let passed = self.bytes.get(self.above.end..start).unwrap_or_default();
        let mut end = start;
        for line in passed.rsplit(|byte| matches!(byte, b'\n' | b'\r')) {
            let entry = end - line.len();
            if !matches!(line.first(), None | Some(b'#' | b';')) {
                self.above = Above { end: start, state: State::IN_UNINDENTED_ENTRY, entry, map: None };
                return;
            }
            end = entry.saturating_sub(1);
        }
    }

    /// Whether the lines that continue the last entry, of which one ends here, are a map.
    fn is_in_map(&mut self, end: usize) -> bool {
        let text = self.bytes.get(self.above.entry..end).and_then(|bytes| str::from_utf8(bytes).ok());
        let begins_map = || match Lines::new(text.unwrap_or_default(), 1).next() {
            Some((line, Line::Entry { key, rest })) => Entry::new(key, rest, line).begins_map(),
            _ => false,
        };
        *self.above.map.get_or_insert_with(begins_map)
    }
}

impl Above {
    /// Below a header without indentation, whose line ends here.
    fn header(end: usize) -> Self {
        Self { end, state: State::default(), entry: NONE, map: None }
    }
}

/// The name in the row from `start` to `end`, if that is the plain header of a profile in such a file.
fn plain_name(bytes: &[u8], start: usize, end: usize, file: FileKind) -> Option<&[u8]> {
    let row = bytes.get(start..end)?;
    // Arrays, since those are compared without a call.
    let begins = match file {
        FileKind::Config => row.first_chunk() == Some(b"[profile "),
        FileKind::Credentials => row.first_chunk() == Some(b"[") && row != b"[DEFAULT]",
    };
    let (inner, b"]") = row.split_last_chunk()? else { return None };
    let name = inner.get(before_name(file).len()..).filter(|name| begins && !name.is_empty())?;
    let odd = |bytes: &[u8; 16]| blocks::odd([b'"', b'\'', b'\\', b']'], bytes);
    // The bytes before `]`, also if they begin above the row.
    let last = odd(bytes.get(..end - 1)?.last_chunk()?);
    let is_plain = match 16_usize.checked_sub(name.len()) {
        Some(above) => last >> above == 0,
        None => last == 0 && name.as_chunks().0.iter().all(|bytes| odd(bytes) == 0),
    };
    is_plain.then_some(name)
}
