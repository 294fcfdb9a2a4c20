//! Changing the two files: only the lines in question, and every other byte stays (docs/design-files.md).
//!
//! ```text
//! text -> Document -> changes -> text and Diff        changes, check: pure
//! file -> Editor -> Proposal -> file                  editor, replace, backup: the file itself
//! ```

pub mod backup;
pub mod changes;
pub mod check;
pub mod diff;
pub mod document;
pub mod editor;
pub mod replace;

#[cfg(test)]
mod tests;
