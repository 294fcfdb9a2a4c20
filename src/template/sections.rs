//! The sections that are wanted, beside those that a person has: which are new, which are there, which stay as they are.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::config::edit::changes::Change;
use crate::config::profiles::{OwnValues, ProfileSet};
use crate::config::section_name::SectionName;
use crate::config::value::FileKind;
use crate::credentials::Secret;
use crate::plan::stored;
use crate::template::placeholders;

/// Keys of a pair, and of a session. Each person has their own.
pub const OWN: [&str; 4] = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"];

/// A section with its settings, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: SectionName,
    /// Keys in lower case, and their values.
    pub values: Vec<(String, String)>,
}

impl Section {
    /// A section without access keys.
    pub fn new(name: SectionName, values: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { name, values: values.into_iter().filter(|(key, _)| !OWN.contains(&key.as_str())).collect() }
    }

    /// The section as it is called in messages.
    pub fn words(&self) -> String {
        match &self.name {
            SectionName::Profile(name) => format!("profile '{name}'"),
            SectionName::SsoSession(name) => format!("[sso-session {name}]"),
            SectionName::Services(name) => format!("[services {name}]"),
            SectionName::Defaults => String::from("[DEFAULT]"),
        }
    }
}

/// What becomes of a section that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is added.
    New,
    /// A person has it already.
    There,
    /// A person has it with other settings, which stay: these keys differ.
    Kept(Vec<String>),
}

/// What is wanted of the two files.
pub struct Wanted<'a> {
    /// The sections, with everything filled in that is known.
    pub sections: Vec<Section>,
    /// The sections of the credentials file, whose settings count more.
    pub in_credentials: OwnValues<'a>,
    /// Fills in the placeholders in a value of a section: the section, the key and the value.
    pub fill: &'a dyn Fn(&SectionName, &str, &str) -> String,
}

impl Wanted<'_> {
    /// What becomes of a section, where the config file has these.
    pub fn fate(&self, section: &Section, config: &OwnValues<'_>) -> Fate {
        let mut own: BTreeMap<&str, &str> = BTreeMap::new();
        for values in [config.get(&section.name), self.in_credentials.get(&section.name)].into_iter().flatten() {
            own.extend(values.iter().map(|(key, value)| (&**key, &**value)));
        }
        own.retain(|key, value| !OWN.contains(key) && stored::key_id(value).is_none());
        if own.is_empty() {
            return Fate::New;
        }
        let is_same = |(key, value): &&(String, String)| {
            own.get(key.as_str()).is_some_and(|found| (self.fill)(&section.name, key, found) == *value)
        };
        let others: Vec<String> =
            section.values.iter().filter(|entry| !is_same(entry)).map(|(key, _)| key.clone()).collect();
        if others.is_empty() { Fate::There } else { Fate::Kept(others) }
    }

    /// The changes of a file with these sections: placeholders are filled in, and what is new is added to the config
    /// file.
    pub fn changes(&self, file: FileKind, found: &ProfileSet<'_>) -> Vec<Change> {
        let sections = found.own_values(file);
        let mut changes: Vec<Change> =
            self.filled(&sections).map(|(name, key, value)| set(&name, &key, value)).collect();
        if file == FileKind::Config {
            for section in self.sections.iter().filter(|section| self.fate(section, &sections) == Fate::New) {
                changes.extend(section.values.iter().map(|(key, value)| set(&section.name, key, value.clone())));
            }
        }
        changes
    }

    /// The values of these sections in which a placeholder can be filled in, as they are then.
    pub fn filled<'s>(
        &'s self,
        sections: &'s OwnValues<'_>,
    ) -> impl Iterator<Item = (SectionName, String, String)> + 's {
        unfilled(sections).filter_map(|(name, key, value)| {
            let filled = (self.fill)(name, key, value);
            (filled != *value).then(|| (name.clone(), key.to_string(), filled))
        })
    }
}

/// The values that hold a placeholder.
pub fn unfilled<'s>(
    sections: &'s OwnValues<'_>,
) -> impl Iterator<Item = (&'s SectionName, &'s Cow<'s, str>, &'s Cow<'s, str>)> {
    sections
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |(key, value)| (name, key, value)))
        .filter(|(_, key, value)| !placeholders::all(key, value).is_empty())
}

fn set(section: &SectionName, key: &str, value: String) -> Change {
    Change::set(section.clone(), key, Secret::new(value))
}
