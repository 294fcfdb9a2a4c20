//! Whose long-term keys the profiles begin with.

use crate::config::profiles::{DEFAULT_PROFILE, ProfileSet};
use crate::config::value::FileKind;
use crate::plan::stored;
use crate::template::placeholders;
use crate::template::sections::PROVIDERS;
use crate::template::team::Team;

/// The user's own files, over the team's.
pub struct Look<'a> {
    /// The team's file; `None` without one.
    pub team: Option<&'a Team<'a>>,
    /// The user's own files.
    pub set: &'a ProfileSet<'a>,
}

impl Look<'_> {
    /// A setting of a profile, the user's own first.
    fn get(&self, profile: &str, key: &str) -> Option<String> {
        let text = |set: &ProfileSet<'_>| Some(set.profile(profile)?.get(key)?.text.into_owned());
        text(self.set).or_else(|| text(&self.team?.set)).filter(|value| !value.is_empty())
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
    for base in names.iter().filter_map(|name| look.base_of(name)) {
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
        let file = |text: &str| SourceFile::from_text(FileKind::Config, "file", text).unwrap();
        let (own, team) = (file(own), team.map(file));
        let set = ProfileSet::parse(Some(&own), None).unwrap();
        let team = team.as_ref().map(|team| Team::new(team).unwrap());
        bases(&Look { team: team.as_ref(), set: &set }, chosen).join(" ")
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
