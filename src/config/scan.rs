//! Checks every line of a file and finds its sections. A file may have ten thousand profiles, of which a run needs two:
//! so of most lines it is only found out where they end, and that they have a key and a delimiter.

use std::borrow::Cow;

use crate::config::entry::Entry;
use crate::config::headers::{Kind, title};
use crate::config::ini::{Line, Lines, State};
use crate::config::occurrence::Occurrence;
use crate::config::section::not_nested;
use crate::config::source::{SourceFile, not_text};
use crate::config::value::FileKind;
use crate::error::{Error, Result};
use crate::text::blocks;
use crate::text::blocks::Block;

/// Checks every line of a file, and adds its sections to `occurrences`.
///
/// # Errors
/// Returns an error, with file and line, for a NUL byte and for a line that is not a header, an entry, a part of a value
/// or a comment.
#[inline(never)] // in its caller, the loop has too few registers
pub(crate) fn scan<'a>(file: &'a SourceFile, occurrences: &mut Vec<Occurrence<'a>>) -> Result<()> {
    let mut walk = Walk::new(file, occurrences);
    let bytes = file.text().as_bytes();
    let (blocks, rest) = bytes.as_chunks();
    // The bytes after the last block, and spaces, which end no line.
    let mut last = [b' '; blocks::SIZE];
    for (place, byte) in last.iter_mut().zip(rest) {
        *place = *byte;
    }
    let (mut offset, mut start, mut line) = (0, 0, 1);
    // Whether the blocks before have a delimiter in the line that ends in this one.
    let mut carried = false;
    // The last line, if it is an entry without indentation, which the walk need not know of.
    let mut plain = NONE;
    let mut in_section = false;
    for block in blocks.iter().chain([&last]) {
        let block = Block::new(block);
        // LF, CR and a few others, of which only tabs are common.
        let mut ends = block.at_most(b'\r');
        // The other delimiter, a colon, is rare. The first bit stands for the blocks before.
        let mut delimiters = block.equal(b'=') | u64::from(carried);
        while ends != 0 {
            let end = offset + ends.trailing_zeros() as usize;
            // The bit of this end, and those before it.
            let through = ends ^ ends.wrapping_sub(1);
            ends &= ends.wrapping_sub(1);
            let byte = bytes.get(end).copied().unwrap_or(b'\n');
            if byte != b'\n' && !ends_a_line(byte, file, line)? {
                continue;
            }
            let first = bytes.get(start).map_or(First::Other, |first| First::of(*first));
            let has_delimiter = delimiters & through != 0;
            delimiters &= !through;
            if first == First::Key && has_delimiter && in_section {
                plain = start;
            } else if first != First::Nothing {
                walk.take(start, end, line, std::mem::replace(&mut plain, NONE))?;
                in_section = walk.body.is_some();
            } else if start == end && byte == b'\n' && end > 0 && bytes.get(end - 1) == Some(&b'\r') {
                // Between CR and LF there is no line.
                line -= 1;
            }
            start = end + 1;
            line += 1;
        }
        carried = delimiters != 0;
        offset += blocks::SIZE;
    }
    if start < bytes.len() {
        walk.take(start, bytes.len(), line, plain)?;
    }
    walk.close(bytes.len());
    Ok(())
}

/// Whether this control character ends a line. It is not LF.
///
/// # Errors
/// Returns an error for a NUL byte, in this line.
#[cold]
#[inline(never)]
fn ends_a_line(byte: u8, file: &SourceFile, line: u32) -> Result<bool> {
    match byte {
        b'\r' => Ok(true),
        0 => Err(not_text(&file.path, line, "a NUL byte")),
        _ => Ok(false),
    }
}

/// What the first byte of a line says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    /// It is an entry without indentation, if there is a delimiter.
    Key,
    /// It is empty, or a comment.
    Nothing,
    /// It must be looked at.
    Other,
}

impl First {
    /// What this byte says.
    #[inline]
    fn of(byte: u8) -> Self {
        if byte.is_ascii_lowercase() {
            return Self::Key;
        }
        FIRST.get(usize::from(byte)).copied().unwrap_or(Self::Other)
    }

    const fn looked_up(byte: u8) -> Self {
        match byte {
            b'\n' | b'\r' | b'#' | b';' => Self::Nothing,
            b'[' | b'=' | b':' => Self::Other,
            b'!'..=b'~' => Self::Key,
            _ => Self::Other,
        }
    }
}

/// What each byte says; a look into a table is quicker than comparing.
static FIRST: [First; 256] = {
    let mut table = [First::Other; 256];
    let mut rest: &mut [First] = &mut table;
    let mut byte = 0_u8;
    while let [place, others @ ..] = rest {
        *place = First::looked_up(byte);
        byte = byte.wrapping_add(1);
        rest = others;
    }
    table
};

/// A walk through the lines of a file.
struct Walk<'a, 'o> {
    file: &'a SourceFile,
    text: &'a str,
    state: State,
    /// The start of the last entry's line, for the lines that continue it.
    entry: usize,
    /// Whether the lines that continue it are a map, if that is known.
    map: Option<bool>,
    /// Where the header ends of the section whose lines these are.
    body: Option<usize>,
    occurrences: &'o mut Vec<Occurrence<'a>>,
}

/// In place of an entry: no line starts there.
const NONE: usize = usize::MAX;

impl<'a, 'o> Walk<'a, 'o> {
    fn new(file: &'a SourceFile, occurrences: &'o mut Vec<Occurrence<'a>>) -> Self {
        let state = State::default();
        Self { file, text: file.text(), state, entry: NONE, map: None, body: None, occurrences }
    }

    /// Takes a line that may be anything. `plain` is the last line if that is an entry without indentation which was not
    /// taken.
    #[inline(never)]
    fn take(&mut self, start: usize, end: usize, line: u32, plain: usize) -> Result<()> {
        if self.profile(start, end, line) {
            return Ok(());
        }
        if plain != NONE {
            self.begin(plain);
            self.state = State::IN_UNINDENTED_ENTRY;
        }
        self.other(start, end, line)
    }

    /// Takes the header of a profile if it is a plain one, `[profile NAME]` and nothing else.
    fn profile(&mut self, start: usize, end: usize, line: u32) -> bool {
        const WORD: &[u8] = b"[profile ";
        let Some(row) = self.text.as_bytes().get(start..end) else { return false };
        let Some((before, b"]")) = row.split_last_chunk() else { return false };
        let is_plain = row.starts_with(WORD) && is_plain(before, before.len().saturating_sub(WORD.len()));
        if !is_plain || self.file.kind != FileKind::Config {
            return false;
        }
        let Some(header) = self.text.get(start + 1..end - 1) else { return false };
        let Some(name) = header.get(WORD.len() - 1..) else { return false };
        self.open(Kind::Profile, Cow::Borrowed(name), header, (start, end, line));
        true
    }

    /// Opens a section below the header at this place, and ends the one before.
    #[inline]
    fn open(&mut self, kind: Kind, name: Cow<'a, str>, header: &'a str, (start, end, line): (usize, usize, u32)) {
        self.close(start);
        self.occurrences.push(Occurrence { file: self.file.kind, kind, name, header, line, body: "" });
        self.body = Some(end);
        self.begin(NONE);
        self.state = State::default();
    }

    /// Takes a line that may be anything.
    #[inline(never)]
    fn other(&mut self, start: usize, end: usize, line: u32) -> Result<()> {
        let file = self.file;
        let error = |fact: &str| Error::new(format!("{}:{line}: {fact}", file.path.display()));
        match self.state.classify(self.text.get(start..end).unwrap_or_default()) {
            Line::Blank | Line::Comment => {}
            Line::Header(header) => {
                let state = std::mem::take(&mut self.state);
                let (kind, name) = title(file.kind, header);
                self.open(kind, name, header, (start, end, line));
                // A header may be indented.
                self.state = state;
            }
            Line::Entry { .. } if self.body.is_none() => {
                return Err(error("a setting before the first [section]")
                    .advise("put a header above it, such as [default] or [profile NAME]"));
            }
            Line::Entry { .. } => self.begin(start),
            Line::More(text) => {
                if self.is_in_map() && !text.contains('=') {
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

    /// Begins an entry, or with `NONE` ends the one before.
    fn begin(&mut self, entry: usize) {
        (self.entry, self.map) = (entry, None);
    }

    /// Whether the lines that continue the last entry are a map.
    fn is_in_map(&mut self) -> bool {
        let text = self.text.get(self.entry..).unwrap_or_default();
        let begins_map = || match Lines::new(text, 1).next() {
            Some((line, Line::Entry { key, rest })) => Entry::new(key, rest, line).begins_map(),
            _ => false,
        };
        *self.map.get_or_insert_with(begins_map)
    }

    /// Ends the body of the open section.
    #[inline]
    fn close(&mut self, end: usize) {
        if let (Some(start), Some(open)) = (self.body, self.occurrences.last_mut()) {
            open.body = self.text.get(start..end).unwrap_or_default();
        }
    }
}

/// Whether the last `length` bytes of `row` are a name that nothing splits or quotes.
fn is_plain(row: &[u8], length: usize) -> bool {
    let odd = |bytes: &[u8; 16]| blocks::odd([b'"', b'\'', b'\\', b']'], bytes);
    match row.last_chunk() {
        Some(last) if length <= 16 => odd(last) >> (16 - length) == 0,
        Some(last) => {
            let name = row.get(row.len() - length..).unwrap_or_default();
            odd(last) == 0 && name.as_chunks().0.iter().all(|bytes| odd(bytes) == 0)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use crate::config::entry::Entry;
    use crate::config::headers::title;
    use crate::config::ini::{Line, Lines, split_line};
    use crate::config::occurrence::Occurrence;
    use crate::config::scan::scan;
    use crate::config::section::not_nested;
    use crate::config::source::SourceFile;
    use crate::config::value::FileKind;
    use crate::error::{Error, Result};

    /// The same as `scan`, line by line.
    fn slowly<'a>(file: &'a SourceFile, occurrences: &mut Vec<Occurrence<'a>>) -> Result<()> {
        let mut lines = Lines::new(file.text(), 1);
        let mut open: Option<Occurrence<'a>> = None;
        // The last entry's key, rest and line number, for the lines that continue it; and whether those are a map.
        let mut entry: Option<(&str, &str, u32)> = None;
        let mut map = None;
        let error = |line: u32, fact: &str| Error::new(format!("{}:{line}: {fact}", file.path.display()));
        loop {
            // If the next line is a header, the body of the section before it ends here.
            let before = lines.rest();
            let Some((number, line)) = lines.next() else { break };
            match line {
                Line::Blank | Line::Comment => {}
                Line::Header(header) => {
                    close(open.take(), before, occurrences);
                    let (kind, name) = title(file.kind, header);
                    open = Some(Occurrence { file: file.kind, kind, name, header, line: number, body: lines.rest() });
                    entry = None;
                }
                Line::Entry { .. } if open.is_none() => {
                    return Err(error(number, "a setting before the first [section]")
                        .advise("put a header above it, such as [default] or [profile NAME]"));
                }
                Line::Entry { key, rest } => {
                    entry = Some((key, rest, number));
                    map = None;
                }
                Line::More(text) => {
                    let begins_map = || entry.is_some_and(|(key, rest, line)| Entry::new(key, rest, line).begins_map());
                    if *map.get_or_insert_with(begins_map) && !text.contains('=') {
                        return Err(not_nested(&file.path, number));
                    }
                }
                Line::NoKey => {
                    return Err(error(number, "a value without a key").advise("write key = value"));
                }
                Line::OpenHeader => {
                    return Err(error(number, "a section header without its closing ]").advise("write [NAME]"));
                }
                Line::Garbage => {
                    return Err(error(number, "neither a [section], a key = value, nor a comment").advise(
                        "begin a comment with #, and indent a line that continues a value deeper than its key",
                    ));
                }
            }
        }
        close(open, "", occurrences);
        Ok(())
    }

    /// Ends the body of `open` where `rest` begins.
    fn close<'a>(open: Option<Occurrence<'a>>, rest: &str, occurrences: &mut Vec<Occurrence<'a>>) {
        if let Some(mut open) = open {
            open.body = open.body.get(..open.body.len() - rest.len()).unwrap_or_default();
            occurrences.push(open);
        }
    }

    type Read = std::result::Result<Vec<(String, String, String, u32)>, String>;

    /// What a way to read makes of a text: the kind and the name, the header, the body and the line of each section.
    fn read(
        file: &SourceFile,
        way: impl for<'a> Fn(&'a SourceFile, &mut Vec<Occurrence<'a>>) -> Result<()>,
        body: impl Fn(&str) -> &str,
    ) -> Read {
        let mut found = Vec::new();
        way(file, &mut found).map_err(|error| error.to_string())?;
        let told =
            |o: &Occurrence<'_>| (format!("{:?} {}", o.kind, o.name), o.header.into(), body(o.body).into(), o.line);
        Ok(found.iter().map(told).collect())
    }

    #[test]
    fn a_nul_byte_is_an_error_with_its_line_wherever_it_is() {
        let text = "[profile a]\nregion = eu-west-1 # of the team\n\n".repeat(4);
        for at in 0..=text.len() {
            let (before, after) = text.split_at(at);
            let file = SourceFile::from_text(FileKind::Config, "f", format!("{before}\0{after}"));
            let line = before.matches('\n').count() + 1;
            let expected = format!("f:{line}: a NUL byte; save the file as UTF-8 text");
            assert_eq!(scan(&file, &mut Vec::new()).unwrap_err().to_string(), expected, "{at}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn it_reads_as_line_by_line(
            text in r#"((\[profile [a-z\]"\\ é]{1,20}\]|\[[a-zé\]" ]{0,20}\]?| {0,2}[aé#;=:\[]{0,2}[a =:]{0,20}|[a-z_]{1,12} ?[=:] ?[a-z0-9:/=#; -]{0,30}|[ \t\x1c\x0c]{0,2}|s3 =|  a = b)(\n|\r\n|\r|\n\n)){0,24}[a-z=]{0,9}"#,
            credentials: bool,
        ) {
            let kind = if credentials { FileKind::Credentials } else { FileKind::Config };
            let file = SourceFile::from_text(kind, "f", text);
            prop_assert_eq!(read(&file, scan, |body| split_line(body).1), read(&file, slowly, |body| body));
        }
    }
}
