//! Text from files, servers and programs, made safe for a terminal.

use std::borrow::Cow;

/// Escapes every character that a terminal might act on: control characters, including ESC and line breaks, and
/// invisible characters, including those that reorder text.
pub fn printable(text: &str) -> Cow<'_, str> {
    let acts = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
    };
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// The words of a server or a program, for an error: its lines joined to one, and only the end of a long text.
pub(crate) fn some_words(text: &str) -> String {
    const MOST: usize = 500;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let joined = lines.join(" / ");
    match joined.char_indices().rev().nth(MOST) {
        // The end matters most: a stack trace comes before its error.
        Some((at, _)) => format!("… {}", joined.get(at..).unwrap_or_default()),
        None => joined,
    }
}
