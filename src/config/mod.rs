//! The two files of the AWS configuration, read as the AWS CLI reads them, and changed line by line.
//!
//! This module does not decide what a profile means; `plan` does. Here a profile is a set of keys and values, each with
//! the file and line that it came from.

pub mod copy;
pub mod edit;
pub mod entry;
pub mod header_line;
pub mod headers;
pub mod included;
pub mod ini;
pub mod occurrence;
pub mod outline;
pub mod profiles;
pub mod scan;
pub mod secrets;
pub mod section;
pub mod section_name;
pub mod source;
pub mod value;
pub mod walk;
pub mod warnings;

#[cfg(test)]
mod tests;
