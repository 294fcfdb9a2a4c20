//! The syntax of the two files, line by line: that of Python's `configparser`, which the AWS CLI uses, and comments
//! after a value, which the other SDKs accept (docs/profiles.md, "The two files").
//!
//! Everything is a slice of the file's text. A file is walked once to check its lines; the entries of a section are
//! read when that section is needed.

use crate::text::bytes::{find, find2};

/// White space by the rule of Python's `str.strip` and `\s`: Unicode's, and the four ASCII separators.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

pub(crate) fn strip(text: &str) -> &str {
    // A shortcut for nearly every line, because decoding characters takes longer than everything else here.
    if let [first, .., last] = text.as_bytes()
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return text;
    }
    text.trim_matches(is_space)
}

pub(crate) fn is_comment(stripped: &str) -> bool {
    stripped.starts_with(['#', ';'])
}

/// The first line of `text` without its end (LF, CR LF or CR), and what follows it.
pub(crate) fn split_line(text: &str) -> (&str, &str) {
    let Some(end) = find2([b'\n', b'\r'], text.as_bytes()) else {
        return (text, "");
    };
    let (line, rest) = text.split_at(end);
    let rest = rest.strip_prefix("\r\n").or_else(|| rest.get(1..)).unwrap_or_default();
    (line, rest)
}

/// The number of line ends in `text`.
pub(crate) fn line_ends(mut text: &str) -> u32 {
    let mut count = 0;
    while text.contains(['\n', '\r']) {
        text = split_line(text).1;
        count += 1;
    }
    count
}

/// A line, without the white space around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    Blank,
    Comment,
    /// The text between the brackets.
    Header(&'a str),
    /// The key as written, and everything after the delimiter.
    Entry {
        key: &'a str,
        rest: &'a str,
    },
    /// A line that continues the value above it.
    More(&'a str),
    /// `= value`
    NoKey,
    /// `[` without `]`
    OpenHeader,
    Garbage,
}

/// What the lines above a line say about it.
#[derive(Default)]
pub(crate) struct State {
    /// The indentation of the last line that continues nothing, in characters.
    indent: usize,
    /// Whether that line is an entry, so that a line with a deeper indentation continues it.
    in_entry: bool,
}

/// The lines of a text, each with its line number.
pub(crate) struct Lines<'a> {
    rest: &'a str,
    number: u32,
    state: State,
}

impl<'a> Lines<'a> {
    /// `text` is a whole file, or the text between one header and the next. Its first line has the number `first`.
    pub(crate) fn new(text: &'a str, first: u32) -> Self {
        Self { rest: text, number: first, state: State::default() }
    }

    /// The text after the lines that were returned so far.
    pub(crate) fn rest(&self) -> &'a str {
        self.rest
    }
}

impl State {
    /// The state below an entry without indentation.
    pub(crate) const IN_UNINDENTED_ENTRY: Self = Self { indent: 0, in_entry: true };

    /// What a line is. It has no line end.
    pub(crate) fn classify<'a>(&mut self, line: &'a str) -> Line<'a> {
        let stripped = strip(line);
        if stripped.is_empty() {
            return Line::Blank;
        }
        if is_comment(stripped) {
            return Line::Comment;
        }
        // Like configparser, count characters; a tab is one.
        let unindented = line.as_bytes().first().is_some_and(u8::is_ascii_graphic);
        let indent = if unindented { 0 } else { line.chars().take_while(|&c| is_space(c)).count() };
        if self.in_entry && indent > self.indent {
            return Line::More(stripped);
        }
        self.indent = indent;
        self.in_entry = false;
        if let Some(header) = header(stripped) {
            return Line::Header(header);
        }
        let Some(delimiter) = find2([b'=', b':'], stripped.as_bytes()) else {
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
        let number = self.number;
        self.number = number.saturating_add(1);
        let (line, rest) = split_line(self.rest);
        self.rest = rest;
        if let Some(entry) = plain_entry(line) {
            self.state = State::IN_UNINDENTED_ENTRY;
            return Some((number, entry));
        }
        Some((number, self.state.classify(line)))
    }
}

/// A shortcut for `key = value` without indentation, which nearly every line is. It looks only at bytes and leaves
/// every other line to `classify`, which gives the same result for these lines too.
fn plain_entry(line: &str) -> Option<Line<'_>> {
    let bytes = line.as_bytes();
    let first = bytes.first().filter(|first| first.is_ascii_graphic())?;
    if matches!(first, b'#' | b';' | b'[' | b'=' | b':') {
        return None;
    }
    let delimiter = find2([b'=', b':'], bytes)?;
    let (key, rest) = (line.get(..delimiter)?, line.get(delimiter + 1..)?);
    let key = key.strip_suffix(' ').unwrap_or(key);
    // If the last byte is a visible ASCII character, there is nothing to strip, not even Unicode white space.
    let plain = |text: &str| text.as_bytes().last().is_some_and(u8::is_ascii_graphic);
    (plain(key) && (rest.is_empty() || plain(rest))).then_some(Line::Entry { key, rest })
}

/// The text of a section header.
///
/// Python before 3.10 ended it at the first `]` of the line; later versions end it at the last one. The first one
/// counts here if nothing or a comment follows it, so that `[profile a]  # was [profile b]` is profile a; otherwise the
/// last one counts.
fn header(stripped: &str) -> Option<&str> {
    let inner = stripped.strip_prefix('[')?;
    if find(b']', inner.as_bytes()).is_some_and(|at| at > 0 && at + 1 == inner.len()) {
        return inner.strip_suffix(']');
    }
    let (first, after) = inner.split_once(']')?;
    let after = after.trim_start_matches(is_space);
    if !first.is_empty() && (after.is_empty() || is_comment(after)) {
        return Some(first);
    }
    inner.rsplit_once(']').map(|(last, _)| last).filter(|header| !header.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use proptest::prelude::*;

    use crate::config::ini::{Line, Lines, line_ends, split_line};

    fn kinds(text: &str) -> Vec<Line<'_>> {
        Lines::new(text, 1).map(|(_, line)| line).collect()
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
    fn an_indented_header_is_a_header_unless_it_continues_a_value() {
        assert_eq!(kinds(" [a]\n  b = c")[1], Line::Entry { key: "b", rest: " c" });
        assert_eq!(kinds("k = v\n [a]")[1], Line::More("[a]"));
        assert_eq!(kinds(" k = v\n [a]")[1], Line::Header("a"));
        assert_eq!(kinds("k = v\n[a]\n  x")[2], Line::Garbage);
    }

    /// The same as `kinds`, but with `classify` alone.
    fn slowly(text: &str) -> Vec<Line<'_>> {
        let mut lines = Lines::new(text, 1);
        let mut kinds = Vec::new();
        while !lines.rest.is_empty() {
            let (line, rest) = split_line(lines.rest);
            lines.rest = rest;
            kinds.push(lines.state.classify(line));
        }
        kinds
    }

    proptest! {
        #[test]
        fn plain_entries_read_as_by_classify(text in r"([ak\u{a0}é]{0,3}[ \t\u{1c}]{0,2}[=:]?[ ]?[bé#; \u{2003}]{0,4}(\n|\r|\r\n)){0,8}[a= ]{0,3}") {
            prop_assert_eq!(kinds(&text), slowly(&text));
        }

        #[test]
        fn every_line_is_walked(text in r"[ab=: \t\r\n#;\[\]\u{a0}\u{1c}é]{0,60}") {
            let count = Lines::new(&text, 1).count();
            let unended = !text.is_empty() && !text.ends_with(['\n', '\r']);
            prop_assert_eq!(count, line_ends(&text) as usize + usize::from(unended));
        }
    }
}
