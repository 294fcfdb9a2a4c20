//! What a listing changes in the config file.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::actions::sync_sso::names::distinct;
use crate::actions::sync_sso::rules::Rules;
use crate::config::edit::changes::Change;
use crate::config::profiles::ProfileSet;
use crate::config::section_name::SectionName;
use crate::config::value::FileKind;
use crate::credentials::Secret;
use crate::sso::accounts::Assignment;

/// The key of a section that was made by `--sync-sso`. Its value is the session.
pub(crate) const SYNCED: &str = "aws_auth_synced";

/// What is known before the file is read.
pub(crate) struct Wanted<'a> {
    /// The session.
    pub(crate) session: &'a str,
    /// All roles that it gives, sorted.
    pub(crate) roles: &'a [Assignment],
    /// How profiles are named, and which are made.
    pub(crate) rules: &'a Rules,
    /// The profiles of the credentials file.
    pub(crate) in_credentials: &'a HashSet<String>,
    /// Whether sections are removed whose role is gone.
    pub(crate) prune: bool,
}

/// The changes, and what people are told about them.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) changes: Vec<Change>,
    /// How many profiles are new.
    pub(crate) added: usize,
    /// How many roles have a profile already.
    pub(crate) kept: usize,
    /// The roles without a profile, because a person uses the name.
    pub(crate) passed_over: Vec<(String, Assignment)>,
    /// The profiles whose role is gone. With `prune` the changes remove them.
    pub(crate) gone: Vec<String>,
    /// The profiles that need one which is removed: their names, the key, and its value.
    pub(crate) orphans: Vec<(String, &'static str, String)>,
}

/// The changes for a file with these sections.
pub(crate) fn outcome(wanted: &Wanted<'_>, found: &ProfileSet<'_>) -> Outcome {
    let sections = found.own_values(FileKind::Config);
    let mut outcome = Outcome::default();
    // The profiles of this session by their account and role, and the names that a person uses.
    let mut made: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    let mut persons: HashSet<&str> = wanted.in_credentials.iter().map(String::as_str).collect();
    let mut names: HashSet<&str> = HashSet::new();
    for (section, values) in &sections {
        let SectionName::Profile(name) = section else { continue };
        let value = |key: &str| values.get(key).map_or("", |value| value);
        names.insert(name);
        match value(SYNCED) {
            "" => drop(persons.insert(name)),
            by if by == wanted.session => {
                made.entry((value("sso_account_id"), value("sso_role_name"))).or_default().push(name);
            }
            // Another session's.
            _ => {}
        }
    }
    let given: BTreeSet<(&str, &str)> = wanted.roles.iter().map(|role| (&*role.account_id, &*role.role_name)).collect();
    let mut gone: Vec<&str> =
        made.iter().filter(|(role, _)| !given.contains(*role)).flat_map(|(_, names)| names).copied().collect();
    gone.sort_unstable();
    let mut new: Vec<&Assignment> = Vec::new();
    for role in wanted.roles {
        if made.contains_key(&(&*role.account_id, &*role.role_name)) {
            outcome.kept += 1;
        } else if wanted.rules.takes(&wanted.rules.name(role)) {
            let name = wanted.rules.name(role);
            if persons.contains(&*name) {
                outcome.passed_over.push((name, role.clone()));
            } else {
                new.push(role);
            }
        }
    }
    let removed: HashSet<&str> = if wanted.prune { gone.iter().copied().collect() } else { HashSet::new() };
    if wanted.prune {
        let section = |name: &&str| Change::RemoveSection(SectionName::Profile((*name).to_owned()));
        outcome.changes.extend(gone.iter().map(section));
        outcome.orphans = orphans(&removed, found);
    }
    let used = |name: &str| (names.contains(name) && !removed.contains(name)) || persons.contains(name);
    for (name, role) in distinct(&new, wanted.rules, &used).iter().zip(&new) {
        outcome.changes.extend(section(name, role, wanted));
    }
    outcome.added = new.len();
    outcome.gone = gone.into_iter().map(String::from).collect();
    outcome
}

/// The profiles of both files that name a removed one, and are not removed themselves.
fn orphans(removed: &HashSet<&str>, found: &ProfileSet<'_>) -> Vec<(String, &'static str, String)> {
    let mut orphans = Vec::new();
    for file in [FileKind::Config, FileKind::Credentials] {
        for (section, values) in found.own_values(file) {
            let SectionName::Profile(name) = section else { continue };
            for key in ["source_profile", "include_profile"] {
                if let Some(value) = values.get(key)
                    && removed.contains(&**value)
                    && !removed.contains(&*name)
                {
                    orphans.push((name.clone(), key, value.to_string()));
                }
            }
        }
    }
    orphans
}

/// The section of a new profile.
fn section(name: &str, role: &Assignment, wanted: &Wanted<'_>) -> Vec<Change> {
    let region = wanted.rules.region.as_deref().map(|region| ("region", region));
    let keys =
        [("sso_session", wanted.session), ("sso_account_id", &role.account_id), ("sso_role_name", &role.role_name)];
    let last = (SYNCED, wanted.session);
    let set = |(key, value): (&str, &str)| {
        Change::set(SectionName::Profile(name.to_owned()), key, Secret::new(value.to_owned()))
    };
    keys.into_iter().chain(region).chain([last]).map(set).collect()
}
