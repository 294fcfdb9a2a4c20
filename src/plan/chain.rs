//! Follows `source_profile` from a profile to the base of its chain (docs/profiles.md, "Resolving a profile").

use crate::config::profiles::{Profile, ProfileSet};
use crate::config::value::{FileKind, Location, Value};
use crate::error::{Error, Result};
use crate::plan::missing::missing_source;
use crate::plan::web_identity::WebIdentity;

/// The chain from a profile along its sources, up to the base or the first mistake.
pub struct Walk<'a> {
    /// The profiles that assume a role, the chosen one first.
    pub(crate) roles: Vec<Profile<'a>>,
    /// The base below them, or why there is none.
    pub(crate) end: Result<ChainBase<'a>>,
}

/// What a chain ends with.
pub(crate) enum ChainBase<'a> {
    /// A profile that assumes no role from another one. Whether it names credentials is not checked yet.
    Profile(Profile<'a>),
    /// A `credential_source`.
    Source {
        /// The value, for example `Environment`.
        source: String,
        /// The profile that names it.
        profile: String,
        /// The line that names it.
        at: Location,
    },
}

/// Whether a profile assumes a role with the credentials of a source. The role of a web identity is the base itself.
pub(crate) fn assumes_role(profile: &Profile<'_>) -> bool {
    profile.get("role_arn").is_some() && !WebIdentity::is_named_by(profile)
}

/// Whether a profile has a static key, even if the other half of the pair is missing. A chain stops at such a source.
fn has_static_key(profile: &Profile<'_>) -> bool {
    profile.get("aws_access_key_id").is_some() || profile.get("aws_secret_access_key").is_some()
}

/// Follows the sources of `profile` to the base. The end is an error if a profile has neither kind of source or both,
/// if a source does not exist, or if the profiles form a circle.
pub(crate) fn walk<'a>(set: &ProfileSet<'a>, profile: &Profile<'a>) -> Walk<'a> {
    let mut roles: Vec<Profile<'a>> = Vec::new();
    let mut current = profile.clone();
    let end = loop {
        if roles.is_empty() && !assumes_role(&current) {
            break Ok(ChainBase::Profile(current));
        }
        roles.push(current.clone());
        let name = match source(set, &current) {
            Ok(Source::Profile(name)) => name,
            Ok(Source::Credentials(base)) => break Ok(base),
            Err(error) => break Err(error),
        };
        let Some(next) = set.profile(&name.text) else { break Err(missing_source(set, &current, &name)) };
        if roles.iter().any(|visited| visited.name == next.name) {
            // A profile with keys may name itself as its source: the keys are the base. Every other circle is an error.
            if next.name == current.name && has_static_key(&next) {
                break Ok(ChainBase::Profile(next));
            }
            break Err(circle(set, &roles, &next, name.at));
        }
        if has_static_key(&next) || !assumes_role(&next) {
            break Ok(ChainBase::Profile(next));
        }
        current = next;
    };
    Walk { roles, end }
}

impl Walk<'_> {
    /// Every profile of the chain, the base's last: its name, and the lines of its section headers.
    pub fn profiles(&self) -> Vec<(String, Vec<Location>)> {
        let headers = |profile: &Profile<'_>| {
            [FileKind::Config, FileKind::Credentials].into_iter().filter_map(|file| profile.in_file(file)).collect()
        };
        self.each().map(|profile| (profile.name.clone(), headers(profile))).collect()
    }

    /// Every profile of the chain, once each.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Profile<'_>> {
        let base = match &self.end {
            Ok(ChainBase::Profile(base)) if self.roles.last().is_none_or(|last| last.name != base.name) => Some(base),
            _ => None,
        };
        self.roles.iter().chain(base)
    }
}

/// Where a role's profile gets the credentials that assume it.
enum Source<'a> {
    /// Another profile, by name.
    Profile(Value<'a>),
    /// A `credential_source`.
    Credentials(ChainBase<'a>),
}

fn source<'a>(set: &ProfileSet<'_>, profile: &Profile<'a>) -> Result<Source<'a>> {
    match (profile.get("source_profile"), profile.get("credential_source")) {
        (Some(name), None) => Ok(Source::Profile(name)),
        (None, Some(source)) => Ok(Source::Credentials(ChainBase::Source {
            source: source.text.into_owned(),
            profile: profile.name.clone(),
            at: source.at,
        })),
        (Some(_), Some(credential_source)) => Err(Error::new(format!(
            "{}: profile '{}' has both source_profile and credential_source",
            set.place(credential_source.at),
            profile.name
        ))
        .advise("keep one of them and remove the other")),
        (None, None) => {
            let at = profile.get("role_arn").map_or(profile.at(), |role| role.at);
            Err(Error::new(format!(
                "{}: profile '{}' has a role_arn but neither source_profile nor credential_source",
                set.place(at),
                profile.name
            ))
            .advise("add the profile whose keys assume the role, for example source_profile = default"))
        }
    }
}

fn circle(set: &ProfileSet<'_>, visited: &[Profile<'_>], back: &Profile<'_>, at: Location) -> Error {
    let names: Vec<&str> = visited
        .iter()
        .map(|profile| &*profile.name)
        .skip_while(|name| *name != &*back.name)
        .chain([&*back.name])
        .collect();
    let error = Error::new(format!("{}: source_profile goes in a circle: {}", set.place(at), names.join(" -> ")));
    if names.len() == 2 {
        error.advise("a profile may be its own source only with keys of its own; name the profile that has the keys")
    } else {
        error.advise("one of them must name a profile that has keys of its own")
    }
}

/// The error for a source profile that names no credentials.
pub(crate) fn source_without_credentials(set: &ProfileSet<'_>, source: &Profile<'_>, roles: &[Profile<'_>]) -> Error {
    let user = roles.last().map(|profile| profile.name.clone()).unwrap_or_default();
    Error::new(format!(
        "{}: profile '{}', the source of '{user}', has no credentials",
        set.place(source.at()),
        source.name
    ))
    .advise("give it keys, a credential_process or an SSO session, or name another source_profile")
}
