//! Which sections of the two files hold keys, plain or by a line, and which profiles cannot have theirs in a store.

use crate::config::copy::ACCESS_KEY;
use crate::config::edit::changes::Change;
use crate::config::profiles::{Profile, ProfileSet};
use crate::config::section_name::SectionName;
use crate::config::value::FileKind;
use crate::error::{Error, Result};
use crate::plan::half::OUTRANKING;
use crate::plan::stored;
use crate::text::shell_words::shell_word;

/// The keys of a pair.
pub const PAIR: [&str; 2] = ["aws_access_key_id", "aws_secret_access_key"];

/// The key of the line.
pub const PROCESS: &str = "credential_process";

/// Refuses a profile whose credentials would not be those of its `credential_process`.
///
/// # Errors
/// Returns an error that says why, and where the keys could be stored instead.
pub fn refuse_unfit(set: &ProfileSet<'_>, name: &str) -> Result<()> {
    let Some(profile) = set.profile(name) else { return Ok(()) };
    if let Some(key) = OUTRANKING.iter().find(|key| profile.get(key).is_some()) {
        let place = profile.get(key).map(|value| set.place(value.at)).unwrap_or_default();
        return Err(Error::new(format!("{place}: profile '{name}' has {key}, which counts more than keys in a store"))
            .advise("name another profile for the keys with -p, or take that setting out first"));
    }
    let Some(role) = profile.get("role_arn") else { return Ok(()) };
    let place = set.place(role.at);
    let own = plain_id(&profile).is_some();
    let error =
        Error::new(format!("{place}: profile '{name}' has a role of its own, and keys in a store would not count"));
    Err(match profile.get("source_profile").filter(|source| source.text != name && !own) {
        Some(source) => {
            let source = shell_word(&source.text);
            error.advise(format!("its keys are those of its source: 'aws-auth -p {source} --store-keys'"))
        }
        None => error.advise("put the keys into a profile of their own, and name it as source_profile here"),
    })
}

/// The access key id of the plain keys of a profile, and their file. Those in the credentials file count.
pub fn plain_id(profile: &Profile<'_>) -> Option<(String, FileKind)> {
    [FileKind::Credentials, FileKind::Config]
        .into_iter()
        .find_map(|file| Some((profile.get_in(file, PAIR[0])?.text.into_owned(), file)))
}

/// Whether a pair is a template's, such as `<your key>`, or no pair of keys at all.
fn is_blank(id: &str, secret: Option<&str>) -> bool {
    !stored::is_key_id(id) || secret.is_some_and(|secret| secret.contains('<'))
}

/// Like [`plain_id`], but for keys that are placeholders or no keys at all.
pub fn real_plain_id(profile: &Profile<'_>) -> Option<(String, FileKind)> {
    plain_id(profile).filter(|(id, file)| {
        let secret = profile.get_in(*file, PAIR[1]);
        !is_blank(id, secret.as_ref().map(|secret| &*secret.text))
    })
}

/// The changes that take placeholders of keys out of a profile's section of one file.
pub fn without_blanks(set: &ProfileSet<'_>, file: FileKind, name: &str) -> Vec<Change> {
    let sections = set.own_values(file);
    let Some(values) = sections.get(&SectionName::Profile(name.to_owned())) else { return Vec::new() };
    let found: Vec<&str> = ACCESS_KEY.into_iter().filter(|key| values.contains_key(*key)).collect();
    let id = values.get(PAIR[0]).map_or("", |id| id);
    let is_there = !found.is_empty() && is_blank(id, values.get(PAIR[1]).map(|secret| &**secret));
    found.into_iter().filter(|_| is_there).map(|key| remove(name, key)).collect()
}

/// The id of the keys in a store that a profile names.
pub fn stored_id(profile: &Profile<'_>) -> Option<String> {
    stored::key_id(&profile.get(PROCESS)?.text)
}

/// The profiles whose line names these keys.
pub fn stored_in(set: &ProfileSet<'_>, id: &str) -> Vec<String> {
    let is_line = |name: &String| set.profile(name).and_then(|profile| stored_id(&profile)).as_deref() == Some(id);
    set.names().into_iter().filter(is_line).collect()
}

/// The profiles that have these keys in plain text in one file. `set` may be the sections of that file alone.
///
/// # Errors
/// Returns an error if `[DEFAULT]` has them, whose values count in every section.
pub fn plain_in(set: &ProfileSet<'_>, file: FileKind, id: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for (section, values) in set.own_values(file) {
        if values.get(PAIR[0]).is_none_or(|found| found != id) {
            continue;
        }
        match section {
            SectionName::Profile(name) => names.push(name),
            SectionName::Defaults => {
                return Err(Error::new(format!(
                    "the keys {id} are in the section [DEFAULT] of the {} file, and count in every profile of it",
                    file.word()
                ))
                .advise("move them into the section of one profile first"));
            }
            SectionName::SsoSession(_) | SectionName::Services(_) => {}
        }
    }
    Ok(names)
}

/// The changes that take these keys out of every section of one file.
///
/// # Errors
/// Returns the error of [`plain_in`].
pub fn without_plain(set: &ProfileSet<'_>, file: FileKind, id: &str) -> Result<Vec<Change>> {
    let removed = |name: String| PAIR.map(|key| remove(&name, key));
    Ok(plain_in(set, file, id)?.into_iter().flat_map(removed).collect())
}

/// The change that takes a key out of a profile.
pub fn remove(profile: &str, key: &str) -> Change {
    Change::Remove { section: SectionName::Profile(profile.to_owned()), key: key.to_owned() }
}
