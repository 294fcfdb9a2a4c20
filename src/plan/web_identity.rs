//! A role that is assumed with a token of an identity provider, as in Kubernetes and CI (docs/profiles.md,
//! "Resolving a profile").

use crate::arn::RoleArn;
use crate::config::profiles::{Profile, ProfileSet};
use crate::config::value::{Location, Value};
use crate::error::{Error, Result};
use crate::plan::bounds::Bounds;
use crate::plan::github::{self, GitHub};
use crate::plan::session_name::default_session_name;
use crate::request::Request;
use crate::text::shell_words::split_words;
use crate::time::Length;

/// The key of a profile that names a file with the token.
const FILE: &str = "web_identity_token_file";

/// The key of a profile that names a program which prints the token. The AWS CLI does not know it.
pub const PROCESS: &str = "web_identity_token_process";

/// An AssumeRoleWithWebIdentity call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebIdentity {
    /// The role's ARN.
    pub role: RoleArn,
    /// RoleSessionName, if the profile or AWS_ROLE_SESSION_NAME sets it.
    pub session_name: Option<String>,
    /// The RoleSessionName that is sent if neither does.
    pub default_session_name: Option<String>,
    /// DurationSeconds, if `--duration` sets it. The profile's duration_seconds does not count, as in the AWS CLI.
    pub duration: Option<Length>,
    /// Session policies and `--session-name`; `None` in most plans.
    pub bounds: Option<Box<Bounds>>,
    /// Where the token comes from. It is fetched for each call, because tokens are rotated.
    pub token: TokenSource,
}

/// Where the token of an identity provider comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// A file.
    File(String),
    /// The output of a program: the command, as written in the profile.
    Process(String),
    /// GitHub, in a job of GitHub Actions.
    GitHub(Box<GitHub>),
}

impl TokenSource {
    /// The token in words, for messages. The arguments of a program may be secrets, so they are not shown.
    pub fn words(&self) -> String {
        match self {
            Self::File(path) => format!("the token in {path}"),
            Self::Process(command) => {
                let words = split_words(command).unwrap_or_default();
                format!("the token that {} prints", words.first().map_or("", String::as_str))
            }
            Self::GitHub(_) => String::from("the token of this GitHub Actions job"),
        }
    }
}

impl WebIdentity {
    /// Whether a profile names a web identity, so that its role is the base itself and needs no source.
    pub(crate) fn is_named_by(profile: &Profile<'_>) -> bool {
        profile.get(FILE).is_some() || profile.get(PROCESS).is_some() || github_source(profile).is_some()
    }

    /// Whether the AWS CLI makes the same request of the same profile, so that its cache holds the credentials.
    pub fn is_shared(&self) -> bool {
        self.bounds.is_none() && matches!(self.token, TokenSource::File(_))
    }

    /// Whether its credentials may be kept. A program may print the token of somebody else the next time (`printenv` in
    /// the jobs of one runner), and nothing but a run of it tells whose it is; so what one token gave is not for the next.
    pub fn is_kept(&self) -> bool {
        !matches!(self.token, TokenSource::Process(_))
    }

    /// The variable that names it if no profile does.
    pub fn variable(&self) -> &'static str {
        match self.token {
            TokenSource::GitHub(_) => "AWS_ROLE_ARN",
            _ => "AWS_WEB_IDENTITY_TOKEN_FILE",
        }
    }

    /// The RoleSessionName that is sent.
    pub fn sent_session_name(&self) -> Option<&str> {
        self.set_session_name().or(self.default_session_name.as_deref())
    }

    /// The RoleSessionName that an option, the profile or a variable sets.
    pub fn set_session_name(&self) -> Option<&str> {
        let asked = self.bounds.as_ref().and_then(|bounds| bounds.session_name.as_deref());
        asked.or(self.session_name.as_deref())
    }

    /// The lifetime that is requested for the credentials; an hour, STS's default, if none is set.
    pub fn length(&self) -> Length {
        self.duration.unwrap_or(Length::hours(1))
    }

    /// The call that a profile describes; `None` if it names no token.
    pub(crate) fn of_profile(
        set: &ProfileSet<'_>,
        request: &Request<'_>,
        profile: &Profile<'_>,
    ) -> Result<Option<(Self, Location)>> {
        let Some((key, value)) = token_key(profile) else { return Ok(None) };
        let about = format!("{}: profile '{}'", set.place(value.at), profile.name);
        let Some(role) = profile.get("role_arn").filter(|role| !role.text.is_empty()) else {
            let has = if key == SOURCE_KEY { "credential_source = GitHubActions" } else { &format!("a {key}") };
            return Err(Error::new(format!("{about} has {has} but no role_arn"))
                .advise("add the role that the token is good for"));
        };
        let role = RoleArn::parse(&role.text, set.place_if_needed(role.at))?;
        if key != FILE {
            refuse_other_source(&about, profile, key)?;
        }
        let token = match key {
            FILE => TokenSource::File(value.text.into_owned()),
            PROCESS if value.text.trim().is_empty() => {
                return Err(Error::new(format!("{about} has an empty {PROCESS}"))
                    .advise("write the command there, or remove the line"));
            }
            PROCESS => TokenSource::Process(value.text.into_owned()),
            _ => match GitHub::found(request, &role).map_err(|error| error.in_front(&about))? {
                Some(github) => TokenSource::GitHub(Box::new(github)),
                None => return Err(github::no_permission(&format!("{about} takes its token from GitHub Actions"))),
            },
        };
        let name = profile.get("role_session_name").map(|name| name.text.into_owned());
        Ok(Some((Self::new(request, role, name, token), value.at)))
    }

    /// The call that the environment describes if no profile is named; `None` if neither AWS_WEB_IDENTITY_TOKEN_FILE
    /// nor GitHub's variables are set. `[default]` supplies a role or session name that has no variable, as in the AWS
    /// CLI; for GitHub's token the role is in AWS_ROLE_ARN.
    pub(crate) fn of_environment(
        set: &ProfileSet<'_>,
        request: &Request<'_>,
        default: Option<&Profile<'_>>,
    ) -> Result<Option<Self>> {
        let in_default = |key: &str| default.and_then(|profile| profile.get(key));
        let of_variable = match request.caller.variables.text("AWS_ROLE_ARN")? {
            Some(arn) => Some(RoleArn::parse(arn, "AWS_ROLE_ARN")?),
            None => None,
        };
        let (role, token) = match (request.caller.variables.text("AWS_WEB_IDENTITY_TOKEN_FILE")?, of_variable) {
            (Some(file), Some(role)) => (role, TokenSource::File(file.to_owned())),
            (Some(file), None) => match in_default("role_arn") {
                Some(arn) => {
                    (RoleArn::parse(&arn.text, set.place_if_needed(arn.at))?, TokenSource::File(file.to_owned()))
                }
                None => {
                    return Err(Error::new("AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not")
                        .advise("set the role that the token is good for, or name a profile"));
                }
            },
            (None, Some(role)) => match GitHub::found(request, &role)? {
                Some(github) => (role, TokenSource::GitHub(Box::new(github))),
                None => return Ok(None),
            },
            (None, None) => return Ok(None),
        };
        let name = match request.caller.variables.text("AWS_ROLE_SESSION_NAME")? {
            Some(name) => Some(name.to_owned()),
            None => in_default("role_session_name").map(|name| name.text.into_owned()),
        };
        Ok(Some(Self::new(request, role, name, token)))
    }

    fn new(request: &Request<'_>, role: RoleArn, session_name: Option<String>, token: TokenSource) -> Self {
        let default_session_name = default_session_name(None, request.caller.user.as_deref());
        Self { role, session_name, default_session_name, duration: None, bounds: None, token }
    }
}

const SOURCE_KEY: &str = "credential_source";

/// The `credential_source` of a profile, if it is GitHub Actions.
fn github_source<'a>(profile: &Profile<'a>) -> Option<Value<'a>> {
    profile.get(SOURCE_KEY).filter(|value| value.text == github::SOURCE)
}

/// The key of a profile that names the token. A file counts first: it is what the AWS CLI reads.
fn token_key<'a>(profile: &Profile<'a>) -> Option<(&'static str, Value<'a>)> {
    let file = profile.get(FILE);
    if file.as_ref().is_some_and(|file| !file.text.is_empty()) {
        return file.map(|file| (FILE, file));
    }
    let process = profile.get(PROCESS).map(|process| (PROCESS, process));
    process.or_else(|| github_source(profile).map(|source| (SOURCE_KEY, source)))
}

/// Refuses a second source beside the token. The AWS CLI does not know such tokens, and would use the other one.
fn refuse_other_source(about: &str, profile: &Profile<'_>, key: &str) -> Result<()> {
    let other =
        ["source_profile", SOURCE_KEY, PROCESS].into_iter().find(|other| *other != key && profile.get(other).is_some());
    match other {
        Some(other) => {
            Err(Error::new(format!("{about} has both {other} and {key}"))
                .advise("keep one of them and remove the other"))
        }
        None => Ok(()),
    }
}

/// Refuses to go on without the web identity that a job of GitHub Actions is set up for. Its command would run with the
/// credentials of the machine instead, or of whoever has keys in `[default]` there.
///
/// # Errors
/// Returns an error if AWS_ROLE_ARN is set in such a job, which then has no permission to get a token.
pub(crate) fn refuse_without_permission(request: &Request<'_>) -> Result<()> {
    let variables = &request.caller.variables;
    if variables.has_value("AWS_ROLE_ARN") && variables.aws_switch("GITHUB_ACTIONS") == Some(true) {
        return Err(github::no_permission("AWS_ROLE_ARN is set in this GitHub Actions job"));
    }
    Ok(())
}
