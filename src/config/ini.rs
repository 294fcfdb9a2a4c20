//! The dialect of the two files, line by line: what Python's `configparser` makes of each, for the AWS CLI reads the
//! files with it, and the other SDKs' comments after a value (SEMANTICS, "Files").
//!
//! Everything is a slice of the file's text. A file is walked once to judge its lines; the entries of a section are
//! read when someone asks for that section.

use std::borrow::Cow;

/// White space as Python's `str.strip` and `\s` see it: Unicode's, and the four separators of ASCII.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// Where Python's `str.splitlines` ends a line, which is how the CLI splits a map; a file's lines end only at CR and LF.
fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

fn is_comment(stripped: &str) -> bool {
    stripped.starts_with(['#', ';'])
}

/// The first line of `text` without its end (LF, CR LF or CR), and what follows it.
fn split_line(text: &str) -> (&str, &str) {
    let Some(end) = memchr::memchr2(b'\n', b'\r', text.as_bytes()) else {
        return (text, "");
    };
    let (line, rest) = text.split_at(end);
    let rest = rest.strip_prefix("\r\n").or_else(|| rest.get(1..)).unwrap_or_default();
    (line, rest)
}

/// How many lines end in `text`.
pub(super) fn line_ends(mut text: &str) -> u32 {
    let mut count = 0;
    while text.contains(['\n', '\r']) {
        text = split_line(text).1;
        count += 1;
    }
    count
}

/// What a line is, white space around it taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Blank,
    Comment,
    /// The text between the brackets.
    Header(&'a str),
    /// The key as written, and all that follows the delimiter.
    Entry {
        key: &'a str,
        rest: &'a str,
    },
    /// A line of the value above it.
    More(&'a str),
    /// `= value`
    NoKey,
    /// `[` and no `]`
    OpenHeader,
    Garbage,
}

/// The lines of a text, each with its number.
pub(super) struct Lines<'a> {
    rest: &'a str,
    number: u32,
    indent: usize,
    in_entry: bool,
}

impl<'a> Lines<'a> {
    /// `text` is a whole file, or what follows a header up to the next one; its first line has number `first`.
    pub(super) fn new(text: &'a str, first: u32) -> Self {
        Self { rest: text, number: first, indent: 0, in_entry: false }
    }

    /// What has not been walked yet.
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    fn classify(&mut self, line: &'a str) -> Line<'a> {
        let unindented = line.trim_start_matches(is_space);
        let stripped = unindented.trim_end_matches(is_space);
        if stripped.is_empty() {
            return Line::Blank;
        }
        if is_comment(stripped) {
            return Line::Comment;
        }
        let white = line.get(..line.len() - unindented.len()).unwrap_or_default();
        // In characters, and a tab is one of them.
        let indent = white.chars().count();
        if self.in_entry && indent > self.indent {
            return Line::More(stripped);
        }
        self.indent = indent;
        self.in_entry = false;
        if let Some(header) = header(stripped) {
            return Line::Header(header);
        }
        let Some(delimiter) = memchr::memchr2(b'=', b':', stripped.as_bytes()) else {
            return if stripped.starts_with('[') { Line::OpenHeader } else { Line::Garbage };
        };
        let (key, rest) = stripped.split_at(delimiter);
        let key = key.trim_end_matches(is_space);
        if key.is_empty() {
            return Line::NoKey;
        }
        self.in_entry = true;
        Line::Entry { key, rest: rest.get(1..).unwrap_or_default() }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (u32, Line<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = split_line(self.rest);
        let number = self.number;
        self.rest = rest;
        self.number = number.saturating_add(1);
        Some((number, self.classify(line)))
    }
}

/// The text of a section header.
///
/// Python before 3.10 ended it at the first `]`, since then at the last one of the line. The first is taken where a
/// comment or nothing follows it, so that `[profile a]  # was [profile b]` is a, else the last.
fn header(stripped: &str) -> Option<&str> {
    let inner = stripped.strip_prefix('[')?;
    let (first, after) = inner.split_once(']')?;
    let after = after.trim_start_matches(is_space);
    if !first.is_empty() && (after.is_empty() || is_comment(after)) {
        return Some(first);
    }
    inner.rsplit_once(']').map(|(last, _)| last).filter(|header| !header.is_empty())
}

/// `text` up to a `#` or `;` that has white space before it.
fn without_comment(text: &str) -> &str {
    memchr::memchr2_iter(b'#', b';', text.as_bytes())
        .filter_map(|at| text.get(..at))
        .find(|before| before.ends_with(is_space))
        .unwrap_or(text)
}

/// A key and where its value stands.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    /// Folded to lower case.
    pub(super) key: Cow<'a, str>,
    /// The number of the key's line.
    pub(super) line: u32,
    /// What follows the delimiter on the key's line, comment taken off.
    first: &'a str,
    /// The lines below that continue the value, blank lines and comments between them included.
    more: &'a str,
}

impl<'a> Entry<'a> {
    pub(super) fn new(key: &'a str, rest: &'a str, line: u32) -> Self {
        let mut entry = Self { key: folded(key), line, first: "", more: "" };
        entry.first = if entry.keeps_comments() { strip(rest) } else { strip(without_comment(rest)) };
        entry
    }

    /// A command may hold ` #` and ` ;`.
    fn keeps_comments(&self) -> bool {
        matches!(&*self.key, "credential_process" | "mfa_process")
    }

    /// Whether lines that continue this entry are a map of nested keys.
    pub(super) fn begins_map(&self) -> bool {
        self.first.is_empty()
    }

    /// Whether the value is a map of nested keys.
    pub(super) fn is_map(&self) -> bool {
        self.begins_map() && !self.more.is_empty()
    }

    /// The value; its lines joined by LF, so that a map begins with one.
    pub(super) fn text(&self) -> Cow<'a, str> {
        if self.more.is_empty() {
            return Cow::Borrowed(self.first);
        }
        let mut text = String::with_capacity(self.first.len() + self.more.len() + 1);
        text.push_str(self.first);
        for (_, line) in self.continuation() {
            text.push('\n');
            text.push_str(line);
        }
        Cow::Owned(text)
    }

    /// The lines that continue the value, each with its number.
    fn continuation(&self) -> impl Iterator<Item = (u32, &'a str)> + use<'a> {
        let (map, keep) = (self.is_map(), self.keeps_comments());
        let mut rest = self.more;
        let mut number = self.line;
        std::iter::from_fn(move || {
            while !rest.is_empty() {
                let (line, after) = split_line(rest);
                rest = after;
                number = number.saturating_add(1);
                let line = strip(line);
                if !is_comment(line) {
                    return Some((number, if keep { line } else { trimmed(line, map) }));
                }
            }
            None
        })
    }

    /// The nested keys of a map, in order, each with its value and the number of its line; a line without `=` is an
    /// error that holds its number.
    pub(super) fn nested(&self) -> Result<Vec<(&'a str, &'a str, u32)>, u32> {
        let mut pairs = Vec::new();
        for (number, line) in self.continuation() {
            for piece in line.split(is_line_end).map(strip).filter(|piece| !piece.is_empty()) {
                let (key, value) = piece.split_once('=').ok_or(number)?;
                pairs.push((strip(key), strip(value), number));
            }
        }
        Ok(pairs)
    }
}

/// A line that continues a value, without the comment at its end: in a map, only what follows the `=` is a value.
fn trimmed(line: &str, map: bool) -> &str {
    let value = if map { line.split_once('=').map_or(line, |(_, value)| value) } else { line };
    let cut = value.len() - without_comment(value).len();
    line.get(..line.len() - cut).unwrap_or_default().trim_end_matches(is_space)
}

fn folded(key: &str) -> Cow<'_, str> {
    if key.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        Cow::Borrowed(key)
    } else {
        Cow::Owned(key.to_lowercase())
    }
}

/// The entries of a section's body, in order, repeated keys included; `first` is the number of its first line.
pub(super) fn entries<'a>(body: &'a str, first: u32) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    let mut lines = Lines::new(body, first);
    // What follows the key's line of the last entry.
    let mut below = body;
    while let Some((number, line)) = lines.next() {
        match line {
            Line::Entry { key, rest } => {
                entries.push(Entry::new(key, rest, number));
                below = lines.rest();
            }
            Line::More(_) => {
                if let Some(entry) = entries.last_mut() {
                    entry.more = below.get(..below.len() - lines.rest().len()).unwrap_or_default();
                }
            }
            _ => {}
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use crate::config::ini::{Line, Lines, entries, line_ends, without_comment};

    fn kinds(text: &str) -> Vec<Line<'_>> {
        Lines::new(text, 1).map(|(_, line)| line).collect()
    }

    /// Each key with its value, as written.
    fn read(body: &str) -> Vec<(String, String)> {
        entries(body, 1).iter().map(|entry| (entry.key.to_string(), entry.text().into_owned())).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn headers() {
        for (line, expected) in [
            ("[a]", Some("a")),
            ("  [ a ]\t", Some(" a ")),
            ("[a] text", Some("a")),
            ("[a] = b", Some("a")),
            ("[a]# c", Some("a")),
            ("[a] ; was [b]", Some("a")),
            ("[a]b]", Some("a]b")),
            ("[[a]]", Some("[a]")),
            ("[]]", Some("]")),
            ("[] # ]", Some("] # ")),
            ("[]", None),
            ("[a", None),
        ] {
            let header = match kinds(line)[..] {
                [Line::Header(header)] => Some(header),
                _ => None,
            };
            assert_eq!(header, expected, "{line}");
        }
        assert_eq!(kinds("[a"), [Line::OpenHeader]);
        assert_eq!(kinds("[a = b"), [Line::Entry { key: "[a", rest: " b" }]);
        assert_eq!(kinds("[] = b"), [Line::Entry { key: "[]", rest: " b" }]);
    }

    #[test]
    fn entries_and_garbage() {
        for (line, expected) in [
            ("a = b", Line::Entry { key: "a", rest: " b" }),
            ("a: b = c", Line::Entry { key: "a", rest: " b = c" }),
            ("\u{1f}a\u{a0}=b : c", Line::Entry { key: "a", rest: "b : c" }),
            ("a # b = c", Line::Entry { key: "a # b", rest: " c" }),
            ("= b", Line::NoKey),
            (" : b", Line::NoKey),
            ("garbage", Line::Garbage),
            ("#a = b", Line::Comment),
            ("\t ;", Line::Comment),
            ("\u{2003}\u{b}", Line::Blank),
        ] {
            assert_eq!(kinds(line), [expected], "{line:?}");
        }
    }

    #[test]
    fn lines_end_at_cr_lf_and_both() {
        let numbered: Vec<_> = Lines::new("a=1\r\nb=2\rc=3\n\rd=4\u{85}\u{2028}", 1).collect();
        let keys: Vec<_> = numbered
            .iter()
            .filter_map(|(number, line)| match line {
                Line::Entry { key, .. } => Some((*number, *key)),
                _ => None,
            })
            .collect();
        assert_eq!(keys, [(1, "a"), (2, "b"), (3, "c"), (5, "d")]);
        assert_eq!(line_ends("a\r\nb\rc\n\rd"), 4);
    }

    #[test]
    fn values() {
        for (body, expected) in [
            ("k = v", &[("k", "v")][..]),
            ("K\u{c4} = \"V\"", &[("k\u{e4}", "\"V\"")]),
            ("k =", &[("k", "")]),
            ("k = #x", &[("k", "")]),
            ("k =#x", &[("k", "#x")]),
            ("k:;x", &[("k", ";x")]),
            ("k = v#x ;y", &[("k", "v#x")]),
            ("k = v\t# x", &[("k", "v")]),
            ("credential_process = a #b ;c", &[("credential_process", "a #b ;c")]),
            ("MFA_Process = a ;b", &[("mfa_process", "a ;b")]),
            ("k = v\n w # x\n\ty", &[("k", "v\nw\ny")]),
            ("k = v\n\n # c\n# d\n w\n\n", &[("k", "v\n\nw")]),
            ("k =\n  a = b # c\n\n  d=e\n", &[("k", "\na = b\n\nd=e")]),
            ("k = # c\n  a # b = c # d", &[("k", "\na # b = c")]),
            ("k =\n\n \n", &[("k", "")]),
            ("  a = 1\n  b = 2\n   c = 3\n d = 4", &[("a", "1"), ("b", "2\nc = 3"), ("d", "4")]),
            ("\u{2003}\ta = 1\n  b = 2\n   c = 3", &[("a", "1"), ("b", "2\nc = 3")]),
        ] {
            assert_eq!(read(body), pairs(expected), "{body:?}");
        }
    }

    #[test]
    fn an_indented_header_is_a_header_unless_it_continues_a_value() {
        assert_eq!(kinds(" [a]\n  b = c")[1], Line::Entry { key: "b", rest: " c" });
        assert_eq!(kinds("k = v\n [a]")[1], Line::More("[a]"));
        assert_eq!(kinds(" k = v\n [a]")[1], Line::Header("a"));
        assert_eq!(kinds("k = v\n[a]\n  x")[2], Line::Garbage);
    }

    #[test]
    fn maps() {
        let body = "s3 =\n  A = b = c # d\n\n  # e\n  f=\n  = g\u{b}\u{85}h = i";
        let map = entries(body, 7);
        assert!(map[0].is_map());
        assert_eq!(map[0].nested(), Ok(vec![("A", "b = c", 8), ("f", "", 11), ("", "g", 12), ("h", "i", 12)]));
        assert_eq!(entries("s3 =\n a = b\n c", 1)[0].nested(), Err(3));
        assert_eq!(entries("s3 =\n a = b\u{c}c", 1)[0].nested(), Err(2));
        assert!(!entries("s3 = x\n a = b", 1)[0].is_map());
        assert!(!entries("s3 =\n", 1)[0].is_map());
    }

    proptest! {
        #[test]
        fn every_line_is_walked(text in r"[ab=: \t\r\n#;\[\]\u{a0}\u{1c}é]{0,60}") {
            let count = Lines::new(&text, 1).count();
            let unended = !text.is_empty() && !text.ends_with(['\n', '\r']);
            prop_assert_eq!(count, line_ends(&text) as usize + usize::from(unended));
        }

        #[test]
        fn values_are_slices_of_the_text(text in r"[ab=: \t\r\n#;\u{a0}\u{1c}é]{0,60}") {
            for entry in entries(&text, 1) {
                for piece in entry.text().split('\n') {
                    prop_assert!(text.contains(piece));
                }
                prop_assert_eq!(entry.text().starts_with('\n'), entry.is_map());
                prop_assert!(!entry.text().ends_with(char::is_whitespace));
            }
        }

        #[test]
        fn a_comment_needs_white_space_before_it(text in r"[a#; \t]{0,20}") {
            let kept = without_comment(&text);
            let odd = |w: &[char]| matches!(w, [' ' | '\t', '#' | ';']);
            let chars: Vec<char> = kept.chars().collect();
            prop_assert!(!chars.windows(2).any(odd));
            prop_assert!(text.starts_with(kept));
        }
    }
}
