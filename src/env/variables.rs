//! The environment as a profile sees it, without what an outer aws-auth set for its own profile.

use crate::env::snapshot::Snapshot;
use crate::error::Result;

/// The environment as the profile sees it: what an outer aws-auth put there for its own profile counts as unset
/// (docs/design.md, "Nested runs").
pub struct Variables<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) unset: Vec<String>,
    pub(crate) go_on: bool,
}

impl<'a> Variables<'a> {
    /// The value of a variable that is set and not empty, as text.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>> {
        if self.is_unset(name) { Ok(None) } else { self.snapshot.text(name) }
    }

    /// Whether the caller has set the variable, be it to nothing.
    pub fn is_set(&self, name: &str) -> bool {
        !self.is_unset(name) && self.snapshot.var(name).is_some()
    }

    /// Whether it is on, for a switch that the AWS SDKs read: `true` in any case.
    pub fn aws_switch(&self, name: &str) -> Option<bool> {
        let value = if self.is_unset(name) { None } else { self.snapshot.non_empty(name) };
        value.map(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether an outer run's settings stay, for this run names no profile of its own.
    pub fn go_on(&self) -> bool {
        self.go_on
    }

    /// The names that an outer run set and nobody changed since; they do not reach the command.
    pub fn unset(&self) -> &[String] {
        &self.unset
    }

    fn is_unset(&self, name: &str) -> bool {
        self.unset.iter().any(|unset| unset == name)
    }
}
