//! Changing the two files: only the lines in question, and every other byte stays (docs/design-files.md).

pub mod changes;
pub mod check;
pub mod diff;
pub mod document;

#[cfg(test)]
mod tests;
