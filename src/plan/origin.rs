//! Where the values of a plan came from.

use crate::config::profiles::ProfileSet;
use crate::config::value::Location;

/// A region, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Its name, `eu-west-1`.
    pub name: String,
    /// Who says so.
    pub origin: Origin,
}

/// Where a setting came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// An option of the command line.
    Option(&'static str),
    /// A variable.
    Variable(&'static str),
    /// A line of a file.
    File(Location),
    /// Nobody: it follows from the partition.
    Guess,
}

impl Origin {
    /// The origin in words.
    pub fn text(self, set: &ProfileSet<'_>) -> String {
        match self {
            Self::Option(name) | Self::Variable(name) => name.to_owned(),
            Self::File(at) => set.place(at),
            Self::Guess => String::from("by the partition"),
        }
    }
}
