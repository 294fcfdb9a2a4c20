//! Makes a plan from a request and the profiles, without I/O and without secrets (docs/design.md, "Which
//! credentials"; docs/design-credentials.md, "One code a day"; docs/profiles.md, "Resolving a profile").

use crate::cli::action::Action;
use crate::config::profiles::{DEFAULT_PROFILE, Profile, ProfileSet};
use crate::config::value::Location;
use crate::error::{Error, Result};
use crate::plan::base::Base;
use crate::plan::chain::ChainBase;
use crate::plan::endpoints::Sts;
use crate::plan::guard::Guard;
use crate::plan::include::Inclusion;
use crate::plan::missing::missing_profile;
use crate::plan::model::{Acquisition, Plan};
use crate::plan::origin::{Origin, Sourced};
use crate::plan::private_config::Reason;
use crate::plan::{
    base, bounding, chain, endpoints, federation, half, include, mfa, private_config, settings, web_identity,
};
use crate::region::Region;
use crate::request::Request;
use crate::request::caller::EnvironmentKeys;
use crate::request::mfa::MfaProcess;
use crate::request::profile::Chosen;

/// Plans how to get the credentials that are asked for.
///
/// # Errors
/// Returns an error if the profile, one of its sources or a setting is missing or wrong. It names the file and the
/// line, or the option or variable.
pub fn resolve(set: &ProfileSet<'_>, request: &Request<'_>) -> Result<Plan> {
    let Some(chosen) = &request.profile else { return without_profile(set, request) };
    let Some(profile) = set.profile(&chosen.name) else { return Err(missing_profile(set, chosen)) };
    with_profile(set, request, &profile)
}

/// The chosen profile and its sources down to the base, each with the lines of its section headers. A mistake ends the
/// list early.
pub fn visited(set: &ProfileSet<'_>, request: &Request<'_>) -> Vec<(String, Vec<Location>)> {
    set.profile(request.profile_name()).map(|profile| chain::walk(set, &profile).profiles()).unwrap_or_default()
}

/// The profiles that those of [`visited`] include, and what they take from them.
pub fn inclusions(set: &ProfileSet<'_>, request: &Request<'_>) -> Vec<Inclusion> {
    let walk = set.profile(request.profile_name()).map(|profile| chain::walk(set, &profile));
    walk.map(|walk| walk.each().flat_map(include::inclusions).collect()).unwrap_or_default()
}

/// Like [`resolve`], for the profile `name` instead of the one in the request.
///
/// # Errors
/// Returns an error in the same cases as [`resolve`].
pub fn resolve_named(set: &ProfileSet<'_>, request: &Request<'_>, name: &str) -> Result<Plan> {
    let profile =
        set.profile(name).ok_or_else(|| missing_profile(set, &Chosen { name: name.to_owned(), by: "--all" }))?;
    with_profile(set, request, &profile)
}

/// Whether the environment's credentials are left as they are: its keys, or below `--keep-fresh` the variables that
/// lead to fresh ones. This is known before the files are read.
///
/// # Errors
/// Returns an error if no profile is named and the environment holds half of a key pair.
pub fn passes_through(request: &Request<'_>) -> Result<bool> {
    let passes = match (&request.profile, &request.caller.keys) {
        (None, EnvironmentKeys::Present { .. }) => request.role.arn.is_none(),
        (None, EnvironmentKeys::Partial) => return Err(base::partial_environment()),
        (None, EnvironmentKeys::Absent) => {
            request.keep_fresh.is_below && request.action.runs_command() && request.role.arn.is_none()
        }
        _ => false,
    };
    if passes && request.action != Action::Console {
        bounding::refuse_passing_through(request)?;
    }
    Ok(passes)
}

/// A plan for the keys in the environment, for actions that use them and do not just pass them through. `None` if there
/// are no keys.
///
/// # Errors
/// Returns an error if a setting of STS cannot be read.
pub fn of_environment(set: &ProfileSet<'_>, request: &Request<'_>) -> Result<Option<Box<Acquisition>>> {
    match base::of_environment(request) {
        Some(base) => match acquisition(set, request, None, base, &[])? {
            Plan::Acquire(plan) => Ok(Some(plan)),
            Plan::PassThrough | Plan::Ambient { .. } => Ok(None),
        },
        None => Ok(None),
    }
}

/// The plan if no profile is named. The first of these counts: keys in the environment, a `[default]` that assumes a
/// role, web identity variables, the rest of `[default]`.
fn without_profile(set: &ProfileSet<'_>, request: &Request<'_>) -> Result<Plan> {
    if passes_through(request)? {
        return Ok(Plan::PassThrough);
    }
    if let Some(base) = base::of_environment(request) {
        return acquisition(set, request, None, base, &[]);
    }
    let default = set.profile(DEFAULT_PROFILE);
    let assumes = default.as_ref().is_some_and(chain::assumes_role);
    if !assumes && let Some(base) = base::web_identity_of_environment(set, request, default.as_ref())? {
        return acquisition(set, request, None, base, &[]);
    }
    if !assumes {
        web_identity::refuse_without_permission(request)?;
    }
    match default {
        Some(profile) => with_profile(set, request, &profile),
        None => ambient(set, request, None),
    }
}

/// The plan if nothing names credentials. COMMAND's own SDK finds those of the container or instance; actions that need
/// credentials themselves, and `--role-arn`, fetch them.
fn ambient(set: &ProfileSet<'_>, request: &Request<'_>, profile: Option<&Profile<'_>>) -> Result<Plan> {
    if let Some(profile) = profile {
        half::refuse(set, profile)?;
    }
    match request.action {
        action
            if request.role.arn.is_none()
                && (action.runs_command() || action.only_looks() || matches!(action, Action::Logout { .. })) =>
        {
            bounding::refuse_without_role(set, request, profile, None)?;
            Ok(Plan::Ambient { profile: request.profile.as_ref().map(|chosen| chosen.name.clone()) })
        }
        _ => acquisition(set, request, profile, base::of_machine(request, profile)?, &[]),
    }
}

fn with_profile(set: &ProfileSet<'_>, request: &Request<'_>, profile: &Profile<'_>) -> Result<Plan> {
    include::check(set, profile)?;
    let mut walk = chain::walk(set, profile);
    walk.roles.iter().try_for_each(|profile| include::check(set, profile))?;
    let end = walk.end?;
    if let ChainBase::Profile(base) = &end {
        include::check(set, base)?;
    }
    let named = if walk.roles.is_empty() { std::slice::from_ref(profile) } else { &walk.roles };
    named.iter().try_for_each(|profile| refuse_maps(set, profile))?;
    let base = match end {
        ChainBase::Profile(source) => match base::of_profile(set, request, &source, profile)? {
            Some(base) => base,
            None if walk.roles.is_empty() => return ambient(set, request, Some(profile)),
            None => return Err(chain::source_without_credentials(set, &source, &walk.roles)),
        },
        ChainBase::Source { source, profile: named_by, at } => {
            base::of_credential_source(set, request, profile, (&source, &named_by, at))?
        }
    };
    // The chain begins with the chosen profile; roles are assumed from the base up.
    walk.roles.reverse();
    acquisition(set, request, Some(profile), base, &walk.roles)
}

/// Refuses nested keys under a key that takes a value; the AWS CLI fails on them when it sends them. If they were
/// ignored, the request would silently lack its external id or serial.
fn refuse_maps(set: &ProfileSet<'_>, profile: &Profile<'_>) -> Result<()> {
    const VALUES: [&str; 9] = [
        "aws_auth_confirm",
        "role_arn",
        "source_profile",
        "credential_source",
        "external_id",
        "mfa_serial",
        "role_session_name",
        "duration_seconds",
        "region",
    ];
    for (key, value) in profile.entries() {
        if value.text.starts_with('\n') && VALUES.contains(&&*key) {
            return Err(Error::new(format!("{}: {key} holds nested keys where a value belongs", set.place(value.at)))
                .advise("write the value on the key's own line, and do not indent the line after it"));
        }
    }
    Ok(())
}

/// Builds the plan from a base and the profiles in `links`, whose roles are assumed in this order.
fn acquisition(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    profile: Option<&Profile<'_>>,
    mut base: Base,
    links: &[Profile<'_>],
) -> Result<Plan> {
    let web_partition = complete_web_identity(set, request, profile, &mut base, links.is_empty())?;
    let base_profile = base.profile().and_then(|name| set.profile(name));
    // The chosen profile first, then its sources: the nearest region and mfa_process count.
    let nearest =
        |key: &str| links.iter().rev().chain(profile).chain(&base_profile).find_map(|profile| profile.get(key));
    let mfa_process = mfa_process_asked(request).or_else(|| {
        let value = nearest("mfa_process")?;
        Some(Sourced { value: value.text.into_owned(), origin: Origin::File(value.at) })
    });
    let region = match nearest("region").filter(|value| !value.text.is_empty()) {
        Some(value) => Some(Sourced {
            value: Region::parse(&value.text, set.place_if_needed(value.at))?,
            origin: Origin::File(value.at),
        }),
        None => None,
    };
    let steps =
        |are_long_term: bool| mfa::steps(set, request, profile, (&base, are_long_term), base_profile.as_ref(), links);
    let (session, roles) = steps(base.may_be_long_term())?;
    if roles.is_empty() && web_partition.is_none() && !federation::takes_policies(request, &base) {
        bounding::refuse_without_role(set, request, profile, Some(&base))?;
    }
    let may_surprise = session.is_some() && base.long_term_key().is_none();
    let roles_of_temporary = if may_surprise { Some(steps(false)?.1) } else { None };
    let partition = web_partition
        .as_deref()
        .or_else(|| roles.first().map(|role| role.arn.partition()))
        .or_else(|| session.as_ref().and_then(|session| session.serial.value.partition()));
    let sts = Sts::new(set, profile, request, region.clone(), partition)?;
    let command_region = endpoints::region_asked(request)?.or_else(|| region.clone());
    let (variables, private_config) = match profile {
        Some(profile) => of_command(set, request, profile, command_region.is_some())?,
        None => (Vec::new(), None),
    };
    let guard = profile.map_or(Ok(None), |profile| Guard::of(set, profile))?;
    let plan = Acquisition {
        profile: profile.map(|profile| profile.name.clone()),
        base,
        session,
        roles,
        if_temporary: None,
        sts,
        mfa_process,
        region,
        command_region,
        variables,
        private_config,
        guard,
    };
    let if_temporary = roles_of_temporary.map(|roles| Box::new(Acquisition { session: None, roles, ..plan.clone() }));
    Ok(Plan::Acquire(Box::new(Acquisition { if_temporary, ..plan })))
}

/// Completes a base that is a web identity, and returns the partition of its role; `None` for other bases. `--duration`
/// and bounds are for the last role. That is the web identity's own if no other role follows.
fn complete_web_identity(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    profile: Option<&Profile<'_>>,
    base: &mut Base,
    is_last: bool,
) -> Result<Option<String>> {
    let Base::WebIdentity { web, .. } = base else { return Ok(None) };
    if is_last && request.role.arn.is_none() {
        web.duration = request.role.duration;
        bounding::bound_web_identity(set, request, profile, web)?;
    }
    Ok(Some(web.role.partition().to_owned()))
}

/// The variables that carry the profile's settings to the command, and why it needs a configuration file.
fn of_command(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    profile: &Profile<'_>,
    has_region: bool,
) -> Result<(settings::Variables, Option<Reason>)> {
    let variables = settings::carried(set, profile, request)?;
    let reason = private_config::reason(set, profile, request, &variables, has_region)?;
    Ok((variables, reason))
}

/// The `mfa_process` that the command line or the environment names.
pub(crate) fn mfa_process_asked(request: &Request<'_>) -> Option<Sourced<String>> {
    request.mfa.process.as_ref().map(|process| match process {
        MfaProcess::Option(command) => Sourced { value: command.clone(), origin: Origin::Option("--mfa-process") },
        MfaProcess::Variable(command) => {
            Sourced { value: command.clone(), origin: Origin::Variable("AWS_AUTH_MFA_PROCESS") }
        }
    })
}
