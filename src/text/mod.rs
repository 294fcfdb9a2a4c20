//! Text and bytes: searching, escaping, splitting.

pub mod blocks;
pub mod bytes;
pub mod encoding;
pub mod escape;
pub mod json;
pub mod patterns;
pub mod percent;
pub mod shell_words;
pub mod url;
pub mod wrap;
