//! A role that is assumed with a token of an identity provider, as in Kubernetes and CI (docs/profiles.md,
//! "Resolving a profile").

use crate::arn::RoleArn;
use crate::config::profiles::{Profile, ProfileSet};
use crate::config::value::Location;
use crate::error::{Error, Result};
use crate::plan::bounds::Bounds;
use crate::plan::session_name::default_session_name;
use crate::request::Request;
use crate::time::Length;

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
    /// The file that holds the token. It is read for each call, because tokens are rotated.
    pub token_file: String,
}

impl WebIdentity {
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

    /// The call that a profile describes; `None` if it names no token file.
    pub(crate) fn of_profile(
        set: &ProfileSet<'_>,
        request: &Request<'_>,
        profile: &Profile<'_>,
    ) -> Result<Option<(Self, Location)>> {
        let Some(file) = profile.get("web_identity_token_file").filter(|file| !file.text.is_empty()) else {
            return Ok(None);
        };
        let Some(role) = profile.get("role_arn").filter(|role| !role.text.is_empty()) else {
            return Err(Error::new(format!(
                "{}: profile '{}' has a web_identity_token_file but no role_arn",
                set.place(file.at),
                profile.name
            ))
            .advise("add the role that the token is good for"));
        };
        let role = RoleArn::parse(&role.text, &set.place(role.at))?;
        let name = profile.get("role_session_name").map(|name| name.text.into_owned());
        Ok(Some((Self::new(request, role, name, file.text.into_owned()), file.at)))
    }

    /// The call that the environment describes if no profile is named; `None` if AWS_WEB_IDENTITY_TOKEN_FILE is not
    /// set. `[default]` supplies a role or session name that has no variable, as in the AWS CLI.
    pub(crate) fn of_environment(
        set: &ProfileSet<'_>,
        request: &Request<'_>,
        default: Option<&Profile<'_>>,
    ) -> Result<Option<Self>> {
        let Some(file) = request.caller.variables.text("AWS_WEB_IDENTITY_TOKEN_FILE")? else { return Ok(None) };
        let in_default = |key: &str| default.and_then(|profile| profile.get(key));
        let role = match request.caller.variables.text("AWS_ROLE_ARN")? {
            Some(arn) => RoleArn::parse(arn, "AWS_ROLE_ARN")?,
            None => match in_default("role_arn") {
                Some(arn) => RoleArn::parse(&arn.text, &set.place(arn.at))?,
                None => {
                    return Err(Error::new("AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not")
                        .advise("set the role that the token is good for, or name a profile"));
                }
            },
        };
        let name = match request.caller.variables.text("AWS_ROLE_SESSION_NAME")? {
            Some(name) => Some(name.to_owned()),
            None => in_default("role_session_name").map(|name| name.text.into_owned()),
        };
        Ok(Some(Self::new(request, role, name, file.to_owned())))
    }

    fn new(request: &Request<'_>, role: RoleArn, session_name: Option<String>, token_file: String) -> Self {
        let default_session_name = default_session_name(None, request.caller.user.as_deref());
        Self { role, session_name, default_session_name, duration: None, bounds: None, token_file }
    }
}
