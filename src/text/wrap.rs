//! Lines that are broken at words.

use unicode_width::UnicodeWidthStr as _;

/// The words in lines of at most `width` columns. The first line begins in the column `first`, and the others are
/// indented by `indent`. A longer word has a line of its own and is not broken.
pub fn wrap<'a>(words: impl IntoIterator<Item = &'a str>, width: usize, first: usize, indent: usize) -> String {
    let mut lines = String::new();
    let mut at = first;
    let mut begun = false;
    for word in words {
        let length = word.width();
        if begun && at + 1 + length > width {
            lines.push('\n');
            lines.extend(std::iter::repeat_n(' ', indent));
            at = indent;
        } else if begun {
            lines.push(' ');
            at += 1;
        }
        lines.push_str(word);
        at += length;
        begun = true;
    }
    lines
}
