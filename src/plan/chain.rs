//! From a profile along its `source_profile`s to the base (SEMANTICS, "Choosing and resolving").

use crate::config::profiles::{Profile, ProfileSet};
use crate::config::value::Location;
use crate::error::{Error, Result};

/// A chain of profiles.
pub(crate) struct Chain<'a> {
    /// The profiles that assume a role, the one to assume first in front.
    pub roles: Vec<Profile<'a>>,
    /// What stands under them.
    pub base: ChainBase<'a>,
}

/// What a chain ends in.
pub(crate) enum ChainBase<'a> {
    /// A profile that has credentials of its own.
    Profile(Profile<'a>),
    /// A `credential_source`.
    Source {
        /// Its value.
        source: String,
        /// The profile that names it.
        profile: String,
        /// Where.
        at: Location,
    },
}

/// Whether a profile assumes a role (with `web_identity_token_file` its role is its base).
pub(crate) fn assumes_role(profile: &Profile<'_>) -> bool {
    profile.get("role_arn").is_some() && profile.get("web_identity_token_file").is_none()
}

/// Whether a profile has a static key, be it half of a pair: then a chain stops there.
fn has_static_key(profile: &Profile<'_>) -> bool {
    profile.get("aws_access_key_id").is_some() || profile.get("aws_secret_access_key").is_some()
}

/// Walks from `profile` to its base.
///
/// # Errors
/// Neither or both sources, a source that is not there, a circle.
pub(crate) fn walk<'a>(set: &ProfileSet<'a>, profile: &Profile<'a>) -> Result<Chain<'a>> {
    if !assumes_role(profile) {
        return Ok(Chain { roles: Vec::new(), base: ChainBase::Profile(profile.clone()) });
    }
    let mut roles = vec![profile.clone()];
    let base = loop {
        // `roles` is never empty: the loop only pushes.
        let Some(current) = roles.last().cloned() else { break ChainBase::Profile(profile.clone()) };
        let source = current.get("source_profile");
        let credential_source = current.get("credential_source");
        let name = match (source, credential_source) {
            (Some(source), None) => source,
            (None, Some(source)) => {
                break ChainBase::Source {
                    source: source.text.into_owned(),
                    profile: current.name.clone(),
                    at: source.at,
                };
            }
            (Some(_), Some(credential_source)) => {
                return Err(Error::new(format!(
                    "{}: profile '{}' has both source_profile and credential_source",
                    set.place(credential_source.at),
                    current.name
                ))
                .advise("a role is assumed with one of them; take the other out"));
            }
            (None, None) => {
                let at = current.get("role_arn").map_or(current.at(), |role| role.at);
                return Err(Error::new(format!(
                    "{}: profile '{}' has a role_arn but neither source_profile nor credential_source",
                    set.place(at),
                    current.name
                ))
                .advise("add the profile whose keys assume the role, for example source_profile = default"));
            }
        };
        let Some(next) = set.profile(&name.text) else {
            return Err(crate::plan::missing::missing_source(set, &current, &name));
        };
        if roles.iter().any(|visited| visited.name == next.name) {
            // A profile may name itself, and only itself, when its own keys are the base.
            if next.name == current.name && has_static_key(&next) {
                break ChainBase::Profile(next);
            }
            return Err(circle(set, &roles, &next, name.at));
        }
        if has_static_key(&next) || !assumes_role(&next) {
            break ChainBase::Profile(next);
        }
        roles.push(next);
    };
    roles.reverse();
    Ok(Chain { roles, base })
}

#[cold]
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

/// The base of a role has nothing to assume it with.
#[cold]
pub(crate) fn source_without_credentials(set: &ProfileSet<'_>, source: &Profile<'_>, roles: &[Profile<'_>]) -> Error {
    let user = roles.first().map(|profile| profile.name.clone()).unwrap_or_default();
    Error::new(format!(
        "{}: profile '{}', the source of '{user}', has no credentials",
        set.place(source.at()),
        source.name
    ))
    .advise("give it keys, credential_process or an SSO session, or name another source_profile")
}
