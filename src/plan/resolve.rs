//! Which credentials a run needs and how they are got, as data: no I/O, no secret (DESIGN, "Which credentials" and
//! "One MFA code for the day"; SEMANTICS, "Choosing and resolving").

use crate::arn::{RoleArn, Serial};
use crate::cli::action::Action;
use crate::config::profiles::{Profile, ProfileSet};
use crate::config::value::Location;
use crate::credentials::Seconds;
use crate::error::{Error, Result};
use crate::plan::base::{Base, Provider};
use crate::plan::endpoints::Sts;
use crate::plan::{base, chain, mfa, settings};
use crate::request::{Chosen, EnvironmentKeys, Request};

/// What a run does for its credentials.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nobody named a profile and the environment holds keys: they pass through untouched.
    PassThrough,
    /// The profile (or no profile at all) names no credentials: the command's own SDK finds the container's or the
    /// instance's.
    Ambient {
        /// The profile, when one was named.
        profile: Option<String>,
    },
    /// Credentials are got.
    Acquire(Box<Acquisition>),
}

/// Credentials got step by step: a base, an MFA session where one is wanted, then the roles in order.
#[derive(Debug, PartialEq, Eq)]
pub struct Acquisition {
    /// The profile; `None` for web identity variables without one.
    pub profile: Option<String>,
    /// Whose keys begin.
    pub base: Base,
    /// The MFA session that is made from the base.
    pub session: Option<Session>,
    /// The roles, the one to assume first in front.
    pub roles: Vec<Role>,
    /// Where STS is called.
    pub sts: Sts,
    /// A command that prints an MFA code, from the command line, the environment, the profile or its source.
    pub mfa_process: Option<String>,
    /// The region of the profile or its source, for the command.
    pub region: Option<Region>,
    /// The profile's other settings, as variables for the command.
    pub variables: Vec<(String, String)>,
}

/// An MFA session: the temporary keys that GetSessionToken gives for a code.
#[derive(Debug, PartialEq, Eq)]
pub struct Session {
    /// The device whose code makes it.
    pub serial: Serial,
    /// How long it is asked for, and how old it may be to be used, in seconds.
    pub length: Seconds,
    /// Whether it is kept for later runs.
    pub kept: bool,
}

/// One AssumeRole.
#[derive(Debug, PartialEq, Eq)]
pub struct Role {
    /// The profile that names the role.
    pub profile: String,
    /// The role.
    pub arn: RoleArn,
    /// ExternalId.
    pub external_id: Option<String>,
    /// RoleSessionName, when the profile sets it.
    pub session_name: Option<String>,
    /// RoleSessionName that is sent when the profile sets none.
    pub default_session_name: String,
    /// DurationSeconds, when it is asked for.
    pub duration: Option<Seconds>,
    /// The profile's own serial; it is in the AWS CLI's cache key, whoever gives the MFA.
    pub serial: Option<Serial>,
    /// How this call shows MFA.
    pub mfa: Mfa,
    /// Whether the entry goes into the AWS CLI's cache: the profile's own parameters alone make the request.
    pub shared: bool,
    /// Where the role is named; `None` for `--role-arn`.
    pub at: Option<Location>,
}

/// How an AssumeRole shows MFA.
#[derive(Debug, PartialEq, Eq)]
pub enum Mfa {
    /// Not at all, or by the keys it is called with.
    None,
    /// By the MFA session that it is called with.
    Session,
    /// By a code sent with it, from this device.
    Code(Serial),
}

/// A region, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Its name, `eu-west-1`.
    pub name: String,
    /// Who says so.
    pub origin: Origin,
}

/// Where a setting came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// An option of the command line.
    Option(&'static str),
    /// A variable.
    Variable(&'static str),
    /// A line of a file.
    File(Location),
    /// Nobody: it follows from the partition.
    Guess,
}

impl Origin {
    /// The origin in words.
    pub fn text(self, set: &ProfileSet<'_>) -> String {
        match self {
            Self::Option(name) | Self::Variable(name) => name.to_owned(),
            Self::File(at) => set.place(at),
            Self::Guess => String::from("by the partition"),
        }
    }
}

impl Acquisition {
    /// Whether there is no role, so that the MFA session is what the command gets.
    pub fn session_is_result(&self) -> bool {
        self.roles.is_empty() && self.session.is_some()
    }

    /// Whether a web identity's role is the result.
    pub fn is_web_identity_alone(&self) -> bool {
        let by_token = matches!(&self.base, Base::Provider { kind, .. } if matches!(**kind, Provider::WebIdentity(_)));
        by_token && self.roles.is_empty()
    }

    /// How long the result lives, as far as the requests say.
    pub fn length(&self) -> Seconds {
        match (self.roles.last(), &self.session) {
            (Some(role), _) => role.length(),
            (None, Some(session)) => session.length,
            (None, None) => match &self.base {
                Base::Provider { kind, .. } => match &**kind {
                    Provider::WebIdentity(web) => web.length(),
                    _ => Seconds::MAX,
                },
                _ => Seconds::MAX,
            },
        }
    }
}

impl Role {
    /// RoleSessionName as it is sent.
    pub fn sent_session_name(&self) -> &str {
        self.session_name.as_deref().unwrap_or(&self.default_session_name)
    }

    /// How long its credentials live, as far as the request says (STS's default is an hour).
    pub fn length(&self) -> Seconds {
        self.duration.unwrap_or(3600)
    }
}

/// Resolves what was asked for.
///
/// # Errors
/// Whatever is wrong with the profile, its sources or the request, with file and line.
pub fn resolve(set: &ProfileSet<'_>, request: &Request<'_>) -> Result<Plan> {
    let Some(chosen) = &request.profile else { return without_profile(set, request) };
    let Some(profile) = set.profile(&chosen.name) else { return Err(missing_profile(set, chosen)) };
    with_profile(set, request, &profile)
}

/// Resolves a profile by its name, whatever was chosen.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_named(set: &ProfileSet<'_>, request: &Request<'_>, name: &str) -> Result<Plan> {
    let profile =
        set.profile(name).ok_or_else(|| missing_profile(set, &Chosen { name: name.to_owned(), by: "--all" }))?;
    with_profile(set, request, &profile)
}

/// Whether the plan is to leave the environment as it is, its keys, or what leads a command to fresh credentials; it
/// can be said without the files.
pub fn passes_through(request: &Request<'_>) -> Result<bool> {
    match (&request.profile, &request.keys) {
        (None, EnvironmentKeys::Present { .. }) => Ok(request.role_arn.is_none()),
        (None, EnvironmentKeys::Partial) => Err(base::partial_environment()),
        (None, EnvironmentKeys::Absent) => {
            Ok(request.kept_fresh && request.action.runs_command() && request.role_arn.is_none())
        }
        _ => Ok(false),
    }
}

/// The keys in the environment as a plan, for what needs them and not only passes them through.
///
/// # Errors
/// When a setting of STS cannot be read. `None` when there are no keys.
#[cold]
pub fn of_environment(set: &ProfileSet<'_>, request: &Request<'_>) -> Result<Option<Box<Acquisition>>> {
    match base::of_environment(request) {
        Some(base) => match acquisition(set, request, None, base, &[])? {
            Plan::Acquire(plan) => Ok(Some(plan)),
            Plan::PassThrough | Plan::Ambient { .. } => Ok(None),
        },
        None => Ok(None),
    }
}

/// No profile named: keys in the environment; a `[default]` that assumes a role; web identity variables; the rest of
/// `[default]`.
#[cold]
fn without_profile(set: &ProfileSet<'_>, request: &Request<'_>) -> Result<Plan> {
    if passes_through(request)? {
        return Ok(Plan::PassThrough);
    }
    if let Some(base) = base::of_environment(request) {
        return acquisition(set, request, None, base, &[]);
    }
    let default = set.profile("default");
    let assumes = default.as_ref().is_some_and(chain::assumes_role);
    if !assumes && let Some(base) = base::web_identity_of_environment(set, request, default.as_ref())? {
        return acquisition(set, request, None, base, &[]);
    }
    match default {
        Some(profile) => with_profile(set, request, &profile),
        None => ambient(set, request, None),
    }
}

/// Nothing names credentials: COMMAND's SDK looks for the machine's own; what runs no COMMAND fetches them.
fn ambient(set: &ProfileSet<'_>, request: &Request<'_>, profile: Option<&Profile<'_>>) -> Result<Plan> {
    match request.action {
        action
            if request.role_arn.is_none()
                && (action.runs_command() || action.only_looks() || matches!(action, Action::Logout { .. })) =>
        {
            Ok(Plan::Ambient { profile: request.profile.as_ref().map(|chosen| chosen.name.clone()) })
        }
        _ => acquisition(set, request, profile, base::of_machine(request, profile)?, &[]),
    }
}

fn with_profile(set: &ProfileSet<'_>, request: &Request<'_>, profile: &Profile<'_>) -> Result<Plan> {
    let links = chain::walk(set, profile)?;
    let named = if links.roles.is_empty() { std::slice::from_ref(profile) } else { &links.roles };
    named.iter().try_for_each(|profile| refuse_maps(set, profile))?;
    let base = match links.base {
        chain::ChainBase::Profile(source) => match base::of_profile(set, request, &source, profile)? {
            Some(base) => base,
            None if links.roles.is_empty() => return ambient(set, request, Some(profile)),
            None => return Err(chain::source_without_credentials(set, &source, &links.roles)),
        },
        chain::ChainBase::Source { source, profile: named_by, at } => {
            base::of_credential_source(set, request, profile, (&source, &named_by, at))?
        }
    };
    acquisition(set, request, Some(profile), base, &links.roles)
}

/// Refuses nested keys where a value belongs, as the AWS CLI does when it sends them; an external id or a serial that is
/// silently absent would make another request.
fn refuse_maps(set: &ProfileSet<'_>, profile: &Profile<'_>) -> Result<()> {
    const VALUES: [&str; 8] = [
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

/// Puts the steps, the place of STS and the command's settings together.
fn acquisition(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    profile: Option<&Profile<'_>>,
    mut base: Base,
    links: &[Profile<'_>],
) -> Result<Plan> {
    // With no role above it, a web identity's role is the outermost.
    let mut web_partition = None;
    if let Base::Provider { kind, .. } = &mut base
        && let Provider::WebIdentity(web) = &mut **kind
    {
        web.duration = request.duration.filter(|_| links.is_empty() && request.role_arn.is_none());
        web_partition = Some(web.role.partition().to_owned());
    }
    let base_profile = base.profile().and_then(|name| set.profile(name));
    // The chosen profile first, its sources after it: the nearest region and mfa_process count.
    let nearest =
        |key: &str| links.iter().rev().chain(profile).chain(&base_profile).find_map(|profile| profile.get(key));
    let mfa_process = match &request.mfa_process {
        Some(command) => Some(command.clone()),
        None => nearest("mfa_process").map(|value| value.text.into_owned()),
    };
    let region = match nearest("region").filter(|value| !value.text.is_empty()) {
        Some(value) => {
            crate::request::check_region(&value.text, &set.place(value.at))?;
            Some(Region { name: value.text.into_owned(), origin: Origin::File(value.at) })
        }
        None => None,
    };
    let (session, roles) = mfa::steps(set, request, profile, &base, base_profile.as_ref(), links)?;
    let partition = web_partition
        .as_deref()
        .or_else(|| roles.first().map(|role| role.arn.partition()))
        .or_else(|| session.as_ref().and_then(|session| session.serial.partition()));
    let sts = Sts::new(set, profile, request, region.clone(), partition)?;
    let variables = match profile {
        Some(profile) => settings::carried(set, profile, request)?,
        None => Vec::new(),
    };
    let profile = profile.map(|profile| profile.name.clone());
    Ok(Plan::Acquire(Box::new(Acquisition { profile, base, session, roles, sts, mfa_process, region, variables })))
}

/// Why a profile that names no credentials may have been meant to; `None` where nothing of it looks like credentials.
pub fn why_no_credentials(set: &ProfileSet<'_>, name: &str) -> Option<String> {
    base::why_none(set, &set.profile(name)?)
}

#[cold]
fn missing_profile(set: &ProfileSet<'_>, chosen: &Chosen) -> Error {
    let names = set.names();
    let error = Error::new(format!("there is no profile '{}' ({})", chosen.name, chosen.by));
    if let Some(at) = set.bare_header(&chosen.name) {
        let header = if chosen.name.contains(char::is_whitespace) {
            format!("\"{}\"", chosen.name)
        } else {
            chosen.name.clone()
        };
        return error.advise(format!("write [profile {header}] for the header in {}", set.place(at)));
    }
    let mut near: Vec<(f64, &str)> = names
        .iter()
        .map(|name| (strsim::jaro_winkler(&name.to_lowercase(), &chosen.name.to_lowercase()), name.as_str()))
        .filter(|(likeness, _)| *likeness > 0.75)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<&str> = near.into_iter().take(3).map(|(_, name)| name).collect();
    match (near.as_slice(), names.len()) {
        ([], 0) => error.advise("none is in ~/.aws/config or ~/.aws/credentials; write one, or name other files by AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE"),
        ([], _) => error.advise(format!("there are: {}", listed(&names))),
        (near, _) => error.advise(format!("did you mean {}?", near.join(" or "))),
    }
}

/// The first names of many.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    match names.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

#[cold]
pub(crate) fn missing_source(
    set: &ProfileSet<'_>,
    profile: &Profile<'_>,
    named: &crate::config::value::Value<'_>,
) -> Error {
    let missing = missing_profile(set, &Chosen { name: named.text.to_string(), by: "source_profile" });
    let error = Error::new(format!(
        "{}: profile '{}' has the source_profile '{}', which is not there",
        set.place(named.at),
        profile.name,
        named.text
    ));
    match missing.advice() {
        Some(advice) => error.advise(advice),
        None => error,
    }
}
