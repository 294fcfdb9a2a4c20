//! Whose long-term keys the profiles begin with.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::config::included::{INCLUDE, is_taken};
use crate::config::profiles::{DEFAULT_PROFILE, ProfileSet};
use crate::config::value::FileKind;
use crate::plan::half::PROVIDERS;
use crate::plan::stored;
use crate::template::placeholders;
use crate::template::sections::LINE;
use crate::template::team::Team;

/// The user's own files, over the team's.
pub struct Look<'a> {
    /// The team's file; `None` without one.
    pub team: Option<&'a Team<'a>>,
    /// The user's own files.
    pub set: &'a ProfileSet<'a>,
    /// See [`Self::held`].
    held: OnceCell<BTreeMap<String, Vec<String>>>,
}

impl<'a> Look<'a> {
    /// Nothing is read yet.
    pub fn new(team: Option<&'a Team<'a>>, set: &'a ProfileSet<'a>) -> Self {
        Self { team, set, held: OnceCell::new() }
    }

    /// A setting of a profile, or else of the nearest one that it includes.
    fn get(&self, profile: &str, key: &str) -> Option<String> {
        let mut chain = vec![profile.to_owned()];
        chain.extend(self.included(profile));
        chain.iter().take(if is_taken(key) { chain.len() } else { 1 }).find_map(|name| self.own(name, key))
    }

    /// A setting that stands in a profile itself, the user's own first. A team's other credentials do not count beside
    /// the user's keys.
    fn own(&self, profile: &str, key: &str) -> Option<String> {
        let text = |set: &ProfileSet<'_>, key: &str| {
            let found = set.profile(profile)?;
            let value = found.get_in(FileKind::Credentials, key).or_else(|| found.get_in(FileKind::Config, key));
            value.map(|value| value.text.into_owned()).filter(|value| !value.is_empty())
        };
        let has_keys = || text(self.set, "aws_access_key_id").is_some();
        let of_team = || self.team.filter(|_| !(PROVIDERS.contains(&key) && has_keys()));
        text(self.set, key).or_else(|| text(&of_team()?.set, key))
    }

    /// The profiles that this one includes, the nearest first.
    fn included(&self, profile: &str) -> Vec<String> {
        let mut names = Vec::new();
        let mut next = self.own(profile, INCLUDE);
        while let Some(name) = next.filter(|name| name != profile && !names.contains(name)) {
            next = self.own(&name, INCLUDE);
            names.push(name);
        }
        names
    }

    /// The profiles that only hold settings for others, with those that include them. They have no role and no keys of
    /// their own, and are nobody's source.
    fn held(&self) -> &BTreeMap<String, Vec<String>> {
        self.held.get_or_init(|| {
            let team = self.team.map(|team| team.set.names()).unwrap_or_default();
            let of_team = team.into_iter().filter(|name| self.set.profile(name).is_none());
            let all: Vec<String> = self.set.names().into_iter().chain(of_team).collect();
            let sources: BTreeSet<String> = all.iter().filter_map(|name| self.own(name, "source_profile")).collect();
            let mut held: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for name in all {
                for included in self.included(&name) {
                    held.entry(included).or_default().push(name.clone());
                }
            }
            held.retain(|name, _| !sources.contains(name) && !self.has_role_or_keys(name));
            held
        })
    }

    fn has_role_or_keys(&self, name: &str) -> bool {
        let is_of_store = || self.own(name, LINE).is_some_and(|line| stored::key_id(&line).is_some());
        ["role_arn", "aws_access_key_id"].iter().any(|key| self.own(name, key).is_some()) || is_of_store()
    }

    /// Whether a profile only holds settings that others include.
    pub fn is_only_included(&self, name: &str) -> bool {
        self.held().contains_key(name)
    }

    /// The profile with the long-term keys that a profile's settings are for: its own base, or that of all profiles
    /// that include it. `None` if they are for several.
    pub fn person_base(&self, name: &str) -> Option<String> {
        let Some(holders) = self.held().get(name) else { return self.base_of(name) };
        let bases = holders.iter().filter(|holder| !self.is_only_included(holder)).map(|holder| self.base_of(holder));
        let mut bases: Vec<Option<String>> = bases.collect();
        bases.dedup();
        if let [Some(base)] = bases.as_slice() { Some(base.clone()) } else { None }
    }

    /// The profile with the long-term keys that this one begins with; `None` if it begins with anything else.
    pub fn base_of(&self, name: &str) -> Option<String> {
        let mut visited: Vec<String> = Vec::new();
        let mut current = name.to_owned();
        loop {
            let has_key = self.get(&current, "aws_access_key_id").is_some();
            let is_of_store =
                self.get(&current, "credential_process").is_some_and(|line| stored::key_id(&line).is_some());
            if has_key && !visited.is_empty() || is_of_store {
                return Some(current);
            }
            if PROVIDERS.iter().any(|key| self.get(&current, key).is_some()) || visited.contains(&current) {
                return None;
            }
            let source = self.get(&current, "role_arn").and_then(|_| self.get(&current, "source_profile"));
            match source.filter(|source| *source != current) {
                Some(source) => visited.push(std::mem::replace(&mut current, source)),
                None => return Some(current),
            }
        }
    }

    /// Whether a profile is meant to give credentials.
    pub fn has_credentials(&self, name: &str) -> bool {
        self.is_in_use(name) || PROVIDERS.iter().any(|key| self.get(name, key).is_some())
    }

    /// Whether a profile names an MFA device.
    pub fn has_device(&self, name: &str) -> bool {
        self.get(name, "mfa_serial").is_some()
    }

    /// Whether a profile asks for more than settings: it has a role, a device or keys.
    fn is_in_use(&self, name: &str) -> bool {
        ["role_arn", "mfa_serial", "aws_access_key_id"].iter().any(|key| self.get(name, key).is_some())
    }
}

/// The profiles whose keys are needed, in the order of the files: for the team's profiles; else for the chosen one; else
/// for those that hold placeholders; else `default`, or those of the profiles that there are.
pub fn bases(look: &Look<'_>, chosen: Option<&str>) -> Vec<String> {
    let all = look.set.names();
    let names: Vec<String> = match (look.team, chosen) {
        (Some(team), _) => team.set.names().into_iter().filter(|name| look.is_in_use(name)).collect(),
        (None, Some(name)) => vec![name.to_owned()],
        (None, None) => {
            let unfilled: Vec<String> = all.iter().filter(|name| has_placeholder(look.set, name)).cloned().collect();
            let has_default = all.is_empty() || all.iter().any(|name| name == DEFAULT_PROFILE);
            match (unfilled.is_empty(), has_default) {
                (false, _) => unfilled,
                (true, true) => vec![DEFAULT_PROFILE.to_owned()],
                (true, false) => all.into_iter().filter(|name| look.is_in_use(name)).collect(),
            }
        }
    };
    let mut bases: Vec<String> = Vec::new();
    let with_keys = names.into_iter().flat_map(|name| look.held().get(&name).cloned().unwrap_or_else(|| vec![name]));
    for base in with_keys.filter(|name| !look.is_only_included(name)).filter_map(|name| look.base_of(&name)) {
        if !bases.contains(&base) {
            bases.push(base);
        }
    }
    bases
}

/// Whether a profile of the user's own files holds a placeholder.
pub fn has_placeholder(set: &ProfileSet<'_>, name: &str) -> bool {
    let Some(profile) = set.profile(name) else { return false };
    let entries = [FileKind::Config, FileKind::Credentials].map(|file| profile.entries_in(file));
    entries.concat().iter().any(|(key, value)| !placeholders::all(key, &value.text).is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::config::profiles::ProfileSet;
    use crate::config::source::SourceFile;
    use crate::config::value::FileKind;
    use crate::template::needs::{Look, bases};
    use crate::template::team::Team;

    /// The profiles whose keys are needed with these files; they are separated by spaces.
    fn needed(own: &str, team: Option<&str>, chosen: Option<&str>) -> String {
        let file = |text: &str| SourceFile::from_text(FileKind::Config, "file", text);
        let (own, team) = (file(own), team.map(file));
        let set = ProfileSet::parse(Some(&own), None).unwrap();
        let team = team.as_ref().map(|team| Team::new(team).unwrap());
        bases(&Look::new(team.as_ref(), &set), chosen).join(" ")
    }

    const ROLE: &str = "role_arn = arn:aws:iam::111122223333:role/x\n";

    #[test]
    fn the_keys_are_those_at_the_end_of_the_sources() {
        let over = |name: &str, source: &str| format!("[profile {name}]\n{ROLE}source_profile = {source}\n");
        let team = over("a", "default") + &over("b", "a") + &over("c", "main") + "[profile r]\nregion = eu-west-1\n";
        assert_eq!(needed("", Some(&team), None), "default main");
        // The user's own source counts.
        assert_eq!(needed(&over("a", "work"), Some(&team), None), "work main");
        // Keys of an account that is reached without a role.
        let alone = "[profile backups]\nsource_profile = backups\nmfa_serial = <IAM username>\n";
        assert_eq!(needed("", Some(alone), None), "backups");
        let circle = over("a", "b") + &over("b", "a");
        assert_eq!(needed("", Some(&circle), None), "");
    }

    #[test]
    fn other_kinds_of_credentials_need_no_keys() {
        let sso = "[profile s]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n";
        let over =
            format!("[profile a]\n{ROLE}source_profile = s\n[profile i]\n{ROLE}credential_source = Environment\n");
        assert_eq!(needed("", Some(&(sso.to_owned() + &over)), None), "");
        let stored = "[default]\ncredential_process = aws-auth --stored-keys AKIAIOSFODNN7EXAMPLE\n";
        assert_eq!(needed(stored, None, None), "default");
    }

    #[test]
    fn a_profile_that_others_include_needs_no_keys_of_its_own() {
        let mfa = "mfa_serial = <IAM username>\n";
        let over = |name: &str, include: &str| {
            format!("[profile {name}]\ninclude_profile = {include}\n{ROLE}source_profile = default\n")
        };
        let team = format!("[profile team]\n{mfa}") + &over("a", "team");
        assert_eq!(needed("", Some(&team), None), "default");
        assert_eq!(needed(&team, None, None), "default");
        // Along two of them.
        let inner = "[profile inner]\ninclude_profile = team\n";
        let team = format!("[profile team]\n{mfa}{inner}") + &over("a", "inner");
        assert_eq!(needed("", Some(&team), None), "default");
        // The source is included as well, and a source comes from there.
        let team = format!("[profile team]\n{mfa}source_profile = main\n[profile a]\ninclude_profile = team\n{ROLE}");
        assert_eq!(needed("", Some(&team), None), "main");
        let team = format!("[default]\n{mfa}") + &over("a", "default");
        assert_eq!(needed("", Some(&team), None), "default");
        let circle = format!("[profile a]\n{mfa}include_profile = b\n[profile b]\ninclude_profile = a\n");
        assert_eq!(needed("", Some(&circle), None), "");
    }

    #[test]
    fn without_a_team_those_with_placeholders_come_first() {
        let filled = format!("[default]\n[profile a]\n{ROLE}source_profile = one\n");
        let unfilled = format!("[profile b]\n{ROLE}source_profile = two\nmfa_serial = <IAM username>\n");
        assert_eq!(needed(&(filled.clone() + &unfilled), None, None), "two");
        assert_eq!(needed(&filled, None, None), "default");
        assert_eq!(needed(&filled.replace("[default]\n", ""), None, None), "one");
        assert_eq!(needed(&filled, None, Some("a")), "one");
        assert_eq!(needed("", None, None), "default");
        assert_eq!(needed("", None, Some("work")), "work");
    }
}
