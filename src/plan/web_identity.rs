//! A role that is assumed with a token of an identity provider, as in Kubernetes and CI (docs/profiles.md,
//! "Resolving a profile").

use crate::arn::RoleArn;
use crate::config::profiles::{Profile, ProfileSet};
use crate::config::value::Location;
use crate::error::{Error, Result};
use crate::plan::session_name::default_session_name;
use crate::request::Request;
use crate::time::Length;

/// An AssumeRoleWithWebIdentity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebIdentity {
    /// The role.
    pub role: RoleArn,
    /// RoleSessionName, when somebody sets it.
    pub session_name: Option<String>,
    /// RoleSessionName that is sent when nobody does.
    pub default_session_name: String,
    /// DurationSeconds, when `--duration` asks for it: the AWS CLI lets duration_seconds have no say here.
    pub duration: Option<Length>,
    /// The file that holds the token; it is read anew for each call, for tokens are rotated.
    pub token_file: String,
}

impl WebIdentity {
    /// RoleSessionName as it is sent.
    pub fn sent_session_name(&self) -> &str {
        self.session_name.as_deref().unwrap_or(&self.default_session_name)
    }

    /// How long its credentials live, as far as the request says (STS's default is an hour).
    pub fn length(&self) -> Length {
        self.duration.unwrap_or(Length::hours(1))
    }

    /// What a profile says; `None` when it names no token.
    #[inline(never)]
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

    /// What the environment says when no profile is named, and `[default]` for what it does not say.
    #[cold]
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
        Self { role, session_name, default_session_name, duration: None, token_file }
    }
}
