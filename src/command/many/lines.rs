//! The lines of one stream, each with a prefix. A line is passed on when it has ended, so that no line is torn; what is
//! kept of a line that is very long is bounded.

use memchr::memrchr;

/// The longest part of a line that is kept, in bytes. A longer line is passed on in pieces, and its stream has the output
/// for itself until the line ends.
const LONGEST: usize = 32 * 1024;

/// Makes lines of what a stream gives.
pub(crate) struct Lines {
    prefix: Vec<u8>,
    /// The beginning of a line that has not ended.
    kept: Vec<u8>,
    /// Whether the beginning of the line was passed on already.
    is_open: bool,
}

impl Lines {
    /// Puts this before each line.
    pub(crate) fn new(prefix: String) -> Self {
        Self { prefix: prefix.into_bytes(), kept: Vec::new(), is_open: false }
    }

    /// Adds to `out` what can be passed on of these bytes.
    pub(crate) fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let (whole, rest) = bytes.split_at(memrchr(b'\n', bytes).map_or(0, |at| at + 1));
        for line in whole.split_inclusive(|byte| *byte == b'\n') {
            self.begin(out);
            out.extend_from_slice(line);
            self.is_open = false;
        }
        if self.is_open {
            out.extend_from_slice(rest);
        } else {
            self.kept.extend_from_slice(rest);
            if self.kept.len() > LONGEST {
                self.begin(out);
                self.is_open = true;
            }
        }
    }

    /// Adds the end of the stream: a last line without an end gets one.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        if self.is_open || !self.kept.is_empty() {
            self.begin(out);
            out.push(b'\n');
            self.is_open = false;
        }
    }

    /// Whether a line was passed on in part, so that nothing else may be printed before its end.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !self.is_open {
            out.extend_from_slice(&self.prefix);
            out.append(&mut self.kept);
            self.kept = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::command::many::lines::{LONGEST, Lines};

    fn passed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        let (mut lines, mut out) = (Lines::new("p | ".into()), Vec::new());
        for piece in pieces {
            lines.take(piece, &mut out);
        }
        lines.end(&mut out);
        out
    }

    #[test]
    fn each_line_gets_the_prefix_once_however_it_comes() {
        let text: &[&[u8]] = &[b"on", b"e\ntw", b"", b"o\n\n", b"last"];
        assert_eq!(passed(text.iter().copied()), b"p | one\np | two\np | \np | last\n");
        assert_eq!(passed([]), b"");
        assert_eq!(passed([&b"\n"[..]]), b"p | \n");
    }

    #[test]
    fn a_line_without_end_is_passed_on_in_pieces_and_what_is_kept_is_bounded() {
        let (mut lines, mut out) = (Lines::new("p | ".into()), Vec::new());
        let piece = vec![b'x'; 4096];
        for _ in 0..1000 {
            lines.take(&piece, &mut out);
            assert!(lines.kept.capacity() <= 2 * (LONGEST + piece.len()), "{}", lines.kept.capacity());
        }
        assert!(lines.is_open());
        lines.take(b"end\nnext", &mut out);
        assert!(!lines.is_open());
        lines.end(&mut out);
        let expected = [b"p | ".to_vec(), vec![b'x'; 4_096_000], b"end\np | next\n".to_vec()].concat();
        assert!(out == expected);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_added_but_prefixes(
            pieces in proptest::collection::vec(proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..40), 0..20)
        ) {
            let whole = pieces.concat();
            let mut expected = Vec::new();
            for line in whole.split_inclusive(|byte| *byte == b'\n') {
                expected.extend_from_slice(b"p | ");
                expected.extend_from_slice(line);
            }
            if whole.last().is_some_and(|last| *last != b'\n') {
                expected.push(b'\n');
            }
            prop_assert_eq!(passed(pieces.iter().map(Vec::as_slice)), expected);
        }
    }
}
