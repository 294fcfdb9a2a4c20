//! Where the values of a plan came from.

use crate::config::profiles::ProfileSet;
use crate::config::value::Location;

/// A value of a plan, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it was set.
    pub origin: Origin,
}

/// Where a value was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A command-line option.
    Option(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// A line of a file.
    File(Location),
    /// Nowhere: it follows from the partition of a role or a serial.
    Partition,
}

impl Origin {
    /// The origin in words: an option's or a variable's name, or `PATH:LINE`.
    pub fn text(self, set: &ProfileSet<'_>) -> String {
        match self {
            Self::Option(name) | Self::Variable(name) => name.to_owned(),
            Self::File(at) => set.place(at),
            Self::Partition => String::from("by the partition"),
        }
    }
}
