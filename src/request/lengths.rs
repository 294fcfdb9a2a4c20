//! Lengths of time from options and variables.

use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::time::Length;

/// A length of time from an option, else from a variable.
pub(crate) fn length(option: Option<&str>, snapshot: &Snapshot, name: &str, variable: &str) -> Result<Option<Length>> {
    let (text, name) = match option {
        Some(text) => (text, name),
        None => match snapshot.text(variable)? {
            Some(text) => (text, variable),
            None => return Ok(None),
        },
    };
    Length::parse(text).map(Some).ok_or_else(|| not_a_time(name, text))
}

pub(crate) fn not_a_time(name: &str, text: &str) -> Error {
    Error::new(format!("{name} is '{text}', which is not a length of time"))
        .advise("write seconds, minutes or hours: 900, 90m, 12h")
}

/// A limit of time from a variable, from 1s to 1h.
pub(crate) fn length_within(snapshot: &Snapshot, variable: &str) -> Result<Option<Length>> {
    let limit = length(None, snapshot, variable, variable)?;
    match limit {
        Some(limit) if !(Length::seconds(1)..=Length::hours(1)).contains(&limit) => {
            Err(Error::new(format!("{variable} is out of bounds")).advise("write a time from 1s to 1h: 50, 2m"))
        }
        limit => Ok(limit),
    }
}
