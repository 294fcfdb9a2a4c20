//! The environment for reading a profile, without the settings of an outer run for another profile.

use crate::env::snapshot::{Snapshot, name_of};
use crate::error::Result;

/// The environment that a profile is read with. A variable that an outer run of aws-auth set for its own profile counts
/// as unset (docs/design.md, "Nested runs").
pub struct Variables<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) unset: Vec<String>,
    pub(crate) go_on: bool,
}

impl<'a> Variables<'a> {
    /// The value of a variable as text; `None` if it is unset or empty.
    ///
    /// # Errors
    /// Returns an error if it is not UTF-8.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>> {
        if self.is_unset(name) { Ok(None) } else { self.snapshot.text(name) }
    }

    /// Whether the caller has set the variable. An empty value counts too.
    pub fn is_set(&self, name: &str) -> bool {
        !self.is_unset(name) && self.snapshot.var(name).is_some()
    }

    /// Whether the caller has set the variable to more than nothing.
    pub fn has_value(&self, name: &str) -> bool {
        !self.is_unset(name) && self.snapshot.non_empty(name).is_some()
    }

    /// Whether the caller has set a variable whose name passes to more than nothing.
    pub fn any_with_value(&self, passes: impl Fn(&str) -> bool) -> bool {
        self.snapshot.entries.iter().any(|entry| {
            let name = std::str::from_utf8(name_of(entry.to_bytes())).unwrap_or_default();
            passes(name) && self.has_value(name)
        })
    }

    /// Whether a switch of the AWS SDKs is on (`true` in upper or lower case); `None` if it is unset or empty.
    pub fn aws_switch(&self, name: &str) -> Option<bool> {
        let value = if self.is_unset(name) { None } else { self.snapshot.non_empty(name) };
        value.map(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether the settings of the outer run still apply, because this run names no profile of its own.
    pub fn go_on(&self) -> bool {
        self.go_on
    }

    /// The variables that an outer run set and that were not changed since then. They do not reach the command.
    pub fn unset(&self) -> &[String] {
        &self.unset
    }

    fn is_unset(&self, name: &str) -> bool {
        self.unset.iter().any(|unset| unset == name)
    }
}
