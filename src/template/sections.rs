//! The sections that are wanted, beside those that a person has: which are new, which are there, which stay as they are.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::config::copy::ACCESS_KEY;
use crate::config::edit::changes::Change;
use crate::config::profiles::{OwnValues, ProfileSet};
use crate::config::section_name::SectionName;
use crate::config::value::FileKind;
use crate::credentials::Secret;
use crate::plan::half::PROVIDERS;
use crate::plan::stored;
use crate::template::placeholders;

/// Whether this is a part of someone's long-term keys: one of the keys, or the line that names them in a store.
pub fn is_of_keys(key: &str, value: &str) -> bool {
    ACCESS_KEY.contains(&key) || key == LINE && stored::key_id(value).is_some()
}

/// The key of the line that names keys in a store.
pub const LINE: &str = "credential_process";

/// A section with its settings, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: SectionName,
    /// Keys in lower case, and their values.
    pub values: Vec<(String, String)>,
}

impl Section {
    /// A section without access keys, and without the line that names somebody's in a store.
    pub fn new(name: SectionName, values: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { name, values: values.into_iter().filter(|(key, value)| !is_of_keys(key, value)).collect() }
    }

    /// The section without these keys.
    #[must_use]
    pub fn without(&self, keys: &[String]) -> Self {
        let values = self.values.iter().filter(|(key, _)| !keys.contains(key)).cloned().collect();
        Self { name: self.name.clone(), values }
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
    /// It is added, but for these keys: a person has their own in their place.
    New(Vec<String>),
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
        let own = self.own(&section.name, config);
        let (added, left): (Vec<&(String, String)>, Vec<_>) =
            section.values.iter().partition(|(key, _)| can_add(&own, key));
        let is_bare = own.iter().all(|(key, value)| is_of_keys(key, value));
        if is_bare && !added.is_empty() {
            return Fate::New(left.into_iter().map(|(key, _)| key.clone()).collect());
        }
        let is_same = |(key, value): &&(String, String)| {
            let fits = |found: &&str| placeholders::fits(key, value, &(self.fill)(&section.name, key, found));
            own.get(key.as_str()).is_some_and(fits)
        };
        let others: Vec<String> =
            section.values.iter().filter(|entry| !is_same(entry)).map(|(key, _)| key.clone()).collect();
        if others.is_empty() { Fate::There } else { Fate::Kept(others) }
    }

    /// What a person has in a section, in both files.
    fn own<'s>(&'s self, name: &SectionName, config: &'s OwnValues<'_>) -> BTreeMap<&'s str, &'s str> {
        let both = [config.get(name), self.in_credentials.get(name)].into_iter().flatten();
        both.flat_map(|values| values.iter().map(|(key, value)| (&**key, &**value))).collect()
    }

    /// The changes of a file with these sections: placeholders are filled in, and what is new is added to the config
    /// file. No value of a person is replaced.
    pub fn changes(&self, file: FileKind, found: &ProfileSet<'_>) -> Vec<Change> {
        let sections = found.own_values(file);
        let mut changes: Vec<Change> =
            self.filled(&sections).map(|(name, key, value)| set(&name, &key, value)).collect();
        if file == FileKind::Config {
            for section in &self.sections {
                if let Fate::New(left) = self.fate(section, &sections) {
                    let added = section.without(&left).values.into_iter();
                    changes.extend(added.map(|(key, value)| set(&section.name, &key, value)));
                }
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

/// Whether a key can be added to what a person has in a section. Credentials of another kind have no place beside keys.
fn can_add(own: &BTreeMap<&str, &str>, key: &str) -> bool {
    let has_keys = || own.iter().any(|(key, value)| is_of_keys(key, value));
    !(own.contains_key(key) || PROVIDERS.contains(&key) && has_keys())
}

/// The values that hold a placeholder, but for keys: there is a step for these.
pub fn unfilled<'s>(
    sections: &'s OwnValues<'_>,
) -> impl Iterator<Item = (&'s SectionName, &'s Cow<'s, str>, &'s Cow<'s, str>)> {
    sections
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |(key, value)| (name, key, value)))
        .filter(|(_, key, value)| !ACCESS_KEY.contains(&&***key) && !placeholders::all(key, value).is_empty())
}

fn set(section: &SectionName, key: &str, value: String) -> Change {
    Change::set(section.clone(), key, Secret::new(value))
}
