//! Checks every line of a file and finds its headers. A file may have ten thousand profiles, of which a run needs two:
//! so of most lines it is only found out that they have a key and a delimiter, and that of sixty-four bytes at once.

use crate::config::header_line::Header;
use crate::config::source::SourceFile;
use crate::config::walk::Walk;
use crate::error::Result;
use crate::text::blocks;
use crate::text::blocks::Block;

/// Checks every line of a file, and returns its headers, and the places of those that are not plain.
///
/// # Errors
/// Returns an error, with file and line, for a NUL byte, for a byte that is not UTF-8 and for a line that is not a
/// header, an entry, a part of a value or a comment.
#[inline(never)] // in its caller, the loop has too few registers
pub(crate) fn scan(file: &SourceFile) -> Result<(Vec<Header>, Vec<usize>)> {
    let mut walk = Walk::new(file);
    let bytes = file.bytes();
    let (blocks, rest) = bytes.as_chunks();
    // The bytes after the last block, and spaces, which end no line.
    let mut last = [b' '; blocks::SIZE];
    for (place, byte) in last.iter_mut().zip(rest) {
        *place = *byte;
    }
    let mut before = Before::THE_FIRST;
    for blocks in [blocks, std::slice::from_ref(&last)] {
        for bytes in blocks {
            let block = Block::new(bytes);
            let feeds = block.equal(b'\n');
            if block.any_below_or_not_ascii(0x0e, b'\n') || before.after_return != 0 {
                // A copy: what a function has the address of is kept in memory, not in registers.
                before = take_unusual(&mut walk, bytes, Before { offset: before.offset, ..before })?;
            } else {
                before = take_block(&mut walk, &block, Ends { all: feeds, counted: feeds }, before)?;
            }
        }
    }
    if before.line_start() < bytes.len() {
        walk.take(before.line_start(), bytes.len(), before.line)?;
    }
    Ok(walk.into_headers())
}

/// What is known before a block. The flags are of its first byte, and either 0 or 1.
#[derive(Clone, Copy)]
struct Before {
    /// Where the block starts, in bytes.
    offset: usize,
    /// The last block in which a line ended: where it starts, and the ends.
    last_ends: (usize, u64),
    /// The number of the line that the block starts in or with.
    line: u32,
    /// Whether a line begins there.
    begins: u64,
    /// Whether it is in a line that is to be looked at.
    in_other: u64,
    /// Whether it is in a line that begins like an entry, and has no delimiter yet.
    in_key: u64,
    /// Whether it follows a CR.
    after_return: u64,
    /// All bits are set if a line may be an entry: after the first header.
    entries: u64,
}

impl Before {
    const THE_FIRST: Self =
        Self { offset: 0, last_ends: (0, 0), line: 1, begins: 1, in_other: 0, in_key: 0, after_return: 0, entries: 0 };

    /// Where the line starts that the block starts in or with, in bytes.
    #[inline]
    fn line_start(&self) -> usize {
        let (offset, ends) = self.last_ends;
        offset + after_last(ends)
    }
}

/// The place after the last bit that is set; 0 if there is none.
#[inline]
fn after_last(bits: u64) -> usize {
    (u64::BITS - bits.leading_zeros()) as usize
}

/// The places in a block that end a line.
#[derive(Clone, Copy)]
struct Ends {
    all: u64,
    /// Those that are counted: between CR and LF there is no line.
    counted: u64,
}

/// Takes a block whose lines end at these places. Returns what is known before the next one.
#[allow(clippy::inline_always)] // a call for each block takes longer than the rest
#[inline(always)]
fn take_block(walk: &mut Walk<'_>, block: &Block, ends: Ends, before: Before) -> Result<Before> {
    let mut next = before;
    let begin = ends.all << 1 | before.begins;
    let letters = block.ascii_above(b'^') & before.entries;
    // Adding a bit to a run of ones sets the bit after the run, and clears the run.
    let keys = begin & letters | before.in_key;
    let (at_delimiter_or_end, key_goes_on) = keys.overflowing_add(!(ends.all | block.equal(b'=')));
    let others = begin & !letters & !ends.all | before.in_other;
    let (at_end, other_goes_on) = others.overflowing_add(!ends.all);
    // The ends of lines that are to be looked at.
    let mut look = (at_delimiter_or_end | at_end) & ends.all;
    while look != 0 {
        let at = look.trailing_zeros() as usize;
        let below = !look & look.wrapping_sub(1);
        look &= look.wrapping_sub(1);
        let earlier = ends.all & below;
        let start = if earlier == 0 { before.line_start() } else { before.offset + after_last(earlier) };
        walk.take(start, before.offset + at, before.line + (ends.counted & below).count_ones())?;
        next.entries = if walk.has_headers() { u64::MAX } else { 0 };
    }
    if ends.all != 0 {
        next.last_ends = (before.offset, ends.all);
    }
    next.line += ends.counted.count_ones();
    next.offset += blocks::SIZE;
    next.begins = ends.all >> 63;
    (next.in_key, next.in_other) = (u64::from(key_goes_on), u64::from(other_goes_on));
    Ok(next)
}

/// Takes a block that has NUL, CR or another rare control character, or bytes that are not ASCII, or that follows a CR.
///
/// # Errors
/// Returns an error for a NUL byte and for a byte that is not UTF-8, too.
#[cold]
#[inline(never)]
fn take_unusual(walk: &mut Walk<'_>, bytes: &[u8; blocks::SIZE], mut before: Before) -> Result<Before> {
    if !bytes.is_ascii() {
        walk.expect_text()?;
    }
    let block = Block::new(bytes);
    let (feeds, returns, nul) = (block.equal(b'\n'), block.equal(b'\r'), block.equal(0));
    // The lines above the first NUL byte, or all of them.
    let above = !nul & nul.wrapping_sub(1);
    let all = (feeds | returns) & above;
    let counted = all & !(feeds & (returns << 1 | before.after_return));
    before.after_return = returns >> 63;
    let next = take_block(walk, &block, Ends { all, counted }, before)?;
    if nul == 0 { Ok(next) } else { Err(walk.nul(next.line)) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use crate::config::entry::Entry;
    use crate::config::headers::title;
    use crate::config::ini::{Line, Lines, split_line};
    use crate::config::occurrence::Occurrence;
    use crate::config::outline::Outline;
    use crate::config::section::not_nested;
    use crate::config::source::SourceFile;
    use crate::config::value::FileKind;
    use crate::error::{Error, Result};

    /// What `scan` finds.
    fn quickly(file: &SourceFile) -> Result<Vec<Occurrence<'_>>> {
        Ok(Outline::of(file)?.occurrences().collect())
    }

    /// The same, line by line.
    fn slowly(file: &SourceFile) -> Result<Vec<Occurrence<'_>>> {
        let mut occurrences = Vec::new();
        let mut lines = Lines::new(file.text()?, 1);
        let mut open: Option<Occurrence<'_>> = None;
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
                    close(open.take(), before, &mut occurrences);
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
        close(open, "", &mut occurrences);
        Ok(occurrences)
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
        way: impl Fn(&SourceFile) -> Result<Vec<Occurrence<'_>>>,
        body: impl Fn(&str) -> &str,
    ) -> Read {
        let found = way(file).map_err(|error| error.to_string())?;
        let told =
            |o: &Occurrence<'_>| (format!("{:?} {}", o.kind, o.name), o.header.into(), body(o.body).into(), o.line);
        Ok(found.iter().map(told).collect())
    }

    #[test]
    fn a_nul_byte_is_an_error_with_its_line_wherever_it_is() {
        let text = "[profile a-name-of-nineteen]\nregion = eu-west-1 # of the team\n\n".repeat(4);
        for at in 0..=text.len() {
            let (before, after) = text.split_at(at);
            let file = SourceFile::from_text(FileKind::Config, "f", format!("{before}\0{after}"));
            let line = before.matches('\n').count() + 1;
            let expected = format!("f:{line}: a NUL byte; save the file as UTF-8 text");
            assert_eq!(Outline::of(&file).err().unwrap().to_string(), expected, "{at}");
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
            prop_assert_eq!(read(&file, quickly, |body| split_line(body).1), read(&file, slowly, |body| body));
        }
    }
}
