//! Bounds the result of a plan: by the options of this run, and by the keys of the chosen profile (docs/bounded.md).
//!
//! A name, an identity and tags belong to the profile whose role they are for. Policies are those of the chosen profile,
//! for the last role: they bound what the run gets, and the roles before it are only steps.

use crate::bounds::policies::{Owner, SessionPolicies};
use crate::config::profiles::{Profile, ProfileSet};
use crate::error::{Error, Result};
use crate::plan::base::Base;
use crate::plan::bounds::{Bounds, IDENTITY, POLICIES, TAGS, TRANSITIVE, filled, origin};
use crate::plan::model::Role;
use crate::plan::origin::{Origin, Sourced};
use crate::plan::web_identity::WebIdentity;
use crate::request::Request;
use crate::request::bounds::policies_of_key;

/// Adds to the last role what bounds the result of the plan: the policies, and the options of this run. Once a role says
/// something of its session, no later one is kept in the AWS CLI's cache: tags and identities follow into it.
pub(crate) fn bound_last(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    profile: Option<&Profile<'_>>,
    roles: &mut [Role],
) -> Result<()> {
    let policies = roles.last().map_or(Ok(None), |last| policies(set, request, profile, Owner::Role(&last.arn)))?;
    if let Some(last) = roles.last_mut()
        && (policies.is_some() || request.bounds.is_some())
    {
        let mut bounds = last.bounds.take().map_or_else(Bounds::default, |bounds| *bounds);
        if let Some(options) = &request.bounds {
            bounds.add(options);
        }
        bounds.policies = policies;
        // A name that the profile gives as well says nothing new.
        bounds.session_name = bounds.session_name.filter(|name| last.session_name.as_ref() != Some(name));
        last.bounds = Some(bounds.in_order("--tag")?).filter(|bounds| **bounds != Bounds::default());
    }
    let mut follows = false;
    for role in roles {
        follows |= role.bounds.is_some();
        role.shared &= !follows;
    }
    Ok(())
}

/// Adds the same to a web identity that is the plan's result. Such a call takes policies and a name alone.
///
/// # Errors
/// Returns an error if an identity or tags are asked for.
pub(crate) fn bound_web_identity(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    profile: Option<&Profile<'_>>,
    web: &mut WebIdentity,
) -> Result<()> {
    if let Some(what) = asked(set, request, profile, &[IDENTITY, TAGS, TRANSITIVE]) {
        return Err(Error::new(format!(
            "{what}: the role {} is assumed with the token of an identity provider, and such a call takes none",
            web.role.as_str()
        ))
        .advise("let the identity provider put it into the token, or leave it out"));
    }
    let policies = policies(set, request, profile, Owner::Role(&web.role))?;
    let name = request.bounds.as_ref().and_then(|options| options.session_name.clone());
    let session_name = name.filter(|name| web.session_name.as_ref() != Some(name));
    if policies.is_some() || session_name.is_some() {
        web.bounds = Some(Box::new(Bounds { policies, session_name, ..Bounds::default() }));
    }
    Ok(())
}

/// The session policies for a role or a user: those of the options, else those of the profile. They are not added up,
/// since STS would allow what either of them allows.
pub(crate) fn policies(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    profile: Option<&Profile<'_>>,
    owner: Owner<'_>,
) -> Result<Option<Sourced<SessionPolicies>>> {
    if let Some(options) = request.bounds.as_ref().filter(|options| !options.policies.is_empty()) {
        let value = SessionPolicies::of(owner, &options.policies, options.by)?;
        let is_option = options.by.starts_with("--");
        let origin = if is_option { Origin::Option(options.by) } else { Origin::Variable(options.by) };
        return Ok(Some(Sourced { value, origin }));
    }
    let Some(value) = profile.and_then(|profile| filled(profile, POLICIES)) else { return Ok(None) };
    let place = origin(set, &value, POLICIES);
    let policies = policies_of_key(&value.text, set.path(value.at.file), request.caller.variables.snapshot, &place)?;
    let policies = SessionPolicies::of(owner, &policies, &place)?;
    if policies.names.is_empty() {
        return Err(Error::new(format!("{place}: it names no policy")).advise("name one, or remove the line"));
    }
    Ok(Some(Sourced { value: policies, origin: Origin::File(value.at) }))
}

/// Refuses to bound a plan without a role: credentials that can do more than was asked for must not reach the command.
/// `base` is where the credentials come from; `None` if the profile names none.
///
/// # Errors
/// Returns an error if this run or the profile asks for it.
pub(crate) fn refuse_without_role(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    profile: Option<&Profile<'_>>,
    base: Option<&Base>,
) -> Result<()> {
    match asked(set, request, profile, &[POLICIES, IDENTITY, TAGS, TRANSITIVE]) {
        Some(what) => Err(without_role(&what, profile.map(|profile| profile.name.as_str()), base)),
        None => Ok(()),
    }
}

/// The error if there is no role to bound, and how there could be one.
fn without_role(what: &str, profile: Option<&str>, base: Option<&Base>) -> Error {
    let name = profile.unwrap_or("NAME");
    let over = format!("add --role-arn ARN, or write a profile with a role_arn and source_profile = {name}");
    match (base, profile) {
        (Some(Base::Sso { sso, .. }), _) => Error::new(format!(
            "{what} needs a role that aws-auth assumes, and IAM Identity Center gives the SSO role {} as it is",
            sso.role_name
        ))
        .advise(format!("assume a role with it: {over}")),
        (Some(Base::Environment { .. }), None) => {
            Error::new(format!("{what} needs a role that aws-auth assumes, and the environment holds keys"))
                .advise("name a profile with a role (-p), or add --role-arn ARN")
        }
        (_, None) => Error::new(format!("{what} needs a role that aws-auth assumes, and no profile is named"))
            .advise("name a profile with a role (-p), or add --role-arn ARN"),
        (None, Some(_)) => {
            Error::new(format!("{what} needs a role, and profile '{name}' names no credentials")).advise(over)
        }
        (Some(_), Some(_)) => {
            Error::new(format!("{what} needs a role that aws-auth assumes, and profile '{name}' has none")).advise(over)
        }
    }
}

/// The error for options that bound nothing, because keys in the environment pass through.
pub(crate) fn refuse_passing_through(request: &Request<'_>) -> Result<()> {
    match asked_by_option(request, true) {
        Some(option) => Err(Error::new(format!(
            "{option} needs a role that aws-auth assumes, and no profile is named: the environment's credentials pass \
             through"
        ))
        .advise("name a profile with a role (-p), or add --role-arn ARN")),
        None => Ok(()),
    }
}

/// What asks for one of these keys: an option, or the place and the key in the profile.
pub(crate) fn asked(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    profile: Option<&Profile<'_>>,
    keys: &[&str],
) -> Option<String> {
    if let Some(option) = asked_by_option(request, keys.contains(&POLICIES)) {
        return Some(option.to_owned());
    }
    let profile = profile?;
    keys.iter().find_map(|key| Some(origin(set, &filled(profile, key)?, key)))
}

/// The first option about the session. Without `all`, only those that a web identity cannot have.
fn asked_by_option(request: &Request<'_>, all: bool) -> Option<&'static str> {
    let options = request.bounds.as_ref()?;
    let candidates = [
        (all && !options.policies.is_empty(), options.by),
        (all && options.session_name.is_some(), "--session-name"),
        (options.source_identity.is_some(), "--source-identity"),
        (!options.tags.is_empty(), "--tag"),
        (!options.transitive.is_empty(), "--transitive-tag"),
    ];
    candidates.into_iter().find(|(is_asked, _)| *is_asked).map(|(_, option)| option)
}
