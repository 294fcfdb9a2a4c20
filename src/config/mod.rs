//! The two files of the AWS configuration, read as the AWS CLI reads them.
//!
//! Nothing here decides what a profile means: that is `plan`'s work. Here a profile is its keys and values, each with
//! the file and line it came from.

pub mod entry;
pub mod headers;
pub mod ini;
pub mod occurrence;
pub mod profiles;
pub mod section;
pub mod source;
pub mod value;
pub mod warnings;
pub mod without_keys;

#[cfg(test)]
mod tests;
