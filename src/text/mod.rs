//! Text and bytes: searching, escaping, splitting.

pub mod bytes;
pub mod shell_words;
