//! A key and its value, including the lines that continue it, without comments.

use std::borrow::Cow;

use crate::config::ini::{Line, Lines, is_comment, is_space, split_line, strip};
use crate::text::bytes::find2;

/// Where Python's `str.splitlines` ends a line. The AWS CLI splits a map this way, although the lines of a file end
/// only at CR and LF.
fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// `text` up to the first `#` or `;` that follows white space.
pub(crate) fn without_comment(text: &str) -> &str {
    let mut from = 0;
    while let Some(at) = text.as_bytes().get(from..).and_then(|rest| find2([b'#', b';'], rest)) {
        match text.get(..from + at) {
            Some(before) if before.ends_with(is_space) => return before,
            _ => from += at + 1,
        }
    }
    text
}

/// Whether the value of `key`, in lower case, is a command. In a command, ` #` and ` ;` do not start a comment.
pub(crate) fn is_command(key: &str) -> bool {
    matches!(key, "credential_process" | "mfa_process" | "web_identity_token_process")
}

/// A key, and the parts of the file's text that hold its value.
#[derive(Clone)]
pub(crate) struct Entry<'a> {
    /// The key in lower case.
    pub(crate) key: Cow<'a, str>,
    /// The number of the key's line.
    pub(crate) line: u32,
    /// The text after the delimiter on the key's line, without the comment.
    first: &'a str,
    /// The lines below that continue the value, including blank lines and comments between them.
    more: &'a str,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(key: &'a str, rest: &'a str, line: u32) -> Self {
        let mut entry = Self { key: folded(key), line, first: "", more: "" };
        entry.first = if entry.keeps_comments() { strip(rest) } else { strip(without_comment(rest)) };
        entry
    }

    fn keeps_comments(&self) -> bool {
        is_command(&self.key)
    }

    /// Whether the lines that continue this entry, if there are any, are a map of nested keys.
    pub(crate) fn begins_map(&self) -> bool {
        self.first.is_empty()
    }

    /// Whether the value is a map of nested keys.
    pub(crate) fn is_map(&self) -> bool {
        self.begins_map() && !self.more.is_empty()
    }

    /// The value, with its lines joined by LF. The value of a map starts with LF.
    pub(crate) fn text(&self) -> Cow<'a, str> {
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

    /// The lines that continue the value, each with its line number.
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

    /// The nested keys of a map, in order, each with its value and its line number.
    ///
    /// # Errors
    /// Returns the number of a line without `=`.
    pub(crate) fn nested(&self) -> Result<Vec<(&'a str, &'a str, u32)>, u32> {
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

/// A line that continues a value, without the comment at its end. In a map a comment can start only after the `=`.
fn trimmed(line: &str, map: bool) -> &str {
    let value = if map { line.split_once('=').map_or(line, |(_, value)| value) } else { line };
    let cut = value.len() - without_comment(value).len();
    line.get(..line.len() - cut).unwrap_or_default().trim_end_matches(is_space)
}

/// A key in lower case.
pub(crate) fn folded(key: &str) -> Cow<'_, str> {
    if key.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        Cow::Borrowed(key)
    } else {
        Cow::Owned(key.to_lowercase())
    }
}

/// The entries of a section's body, in order, including repeated keys. `first` is the line number of its first line.
pub(crate) fn entries<'a>(body: &'a str, first: u32) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    let mut lines = Lines::new(body, first);
    // The text after the key's line of the last entry.
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
    #![allow(clippy::indexing_slicing)]

    use proptest::prelude::*;

    use crate::config::entry::{entries, without_comment};

    /// Each key with its value.
    fn read(body: &str) -> Vec<(String, String)> {
        entries(body, 1).iter().map(|entry| (entry.key.to_string(), entry.text().into_owned())).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
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
            ("web_identity_token_process = a #b", &[("web_identity_token_process", "a #b")]),
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
