//! The credentials that a chain begins with (SEMANTICS, "Choosing and resolving").

use crate::config::{FileKind, Location, Profile, ProfileSet};
use crate::error::{Error, Result};
use crate::request::{EnvironmentKeys, Request};

/// Whose keys begin. The secrets themselves are read when the plan is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// A key pair in one of the two files.
    Static {
        /// The profile that holds it.
        profile: String,
        /// The file; both keys stand in it.
        file: FileKind,
        /// `AKIA…`; no secret.
        access_key_id: String,
        /// Whether a session token stands beside them.
        temporary: bool,
        /// Where the key stands.
        at: Location,
    },
    /// The caller's environment (`credential_source = Environment`).
    Environment {
        /// `AKIA…` or `ASIA…`.
        access_key_id: String,
        /// Whether a session token stands beside them.
        temporary: bool,
    },
    /// A provider that is asked when the plan is carried out.
    Provider {
        /// Which.
        kind: Provider,
        /// The profile that names it; `None` for variables.
        profile: Option<String>,
        /// Where it is named.
        at: Option<Location>,
    },
}

/// A source of temporary credentials outside the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// `web_identity_token_file`, or its variables.
    WebIdentity,
    /// IAM Identity Center.
    Sso,
    /// `credential_process`.
    Process,
    /// `login_session`.
    Login,
    /// `credential_source = EcsContainer`.
    Container,
    /// `credential_source = Ec2InstanceMetadata`.
    Instance,
}

impl Base {
    /// The profile that the base stands in.
    pub fn profile(&self) -> Option<&str> {
        match self {
            Self::Static { profile, .. } => Some(profile),
            Self::Environment { .. } => None,
            Self::Provider { profile, .. } => profile.as_deref(),
        }
    }

    /// The access key id of long-term keys: only these can make an MFA session.
    pub fn long_term_key(&self) -> Option<&str> {
        match self {
            Self::Static { access_key_id, temporary: false, .. }
            | Self::Environment { access_key_id, temporary: false } => Some(access_key_id),
            _ => None,
        }
    }
}

/// The base that a profile is by itself, in the AWS CLI's order; `None` when it names no credentials.
///
/// # Errors
/// Half a key pair.
pub(super) fn of_profile(set: &ProfileSet<'_>, profile: &Profile<'_>) -> Result<Option<Base>> {
    let provider = |kind, key: &str| {
        profile.get(key).map(|value| Base::Provider { kind, profile: Some(profile.name.clone()), at: Some(value.at) })
    };
    if let Some(base) = provider(Provider::WebIdentity, "web_identity_token_file") {
        return Ok(Some(base));
    }
    for key in ["sso_account_id", "sso_role_name", "sso_session", "sso_start_url"] {
        if let Some(base) = provider(Provider::Sso, key) {
            return Ok(Some(base));
        }
    }
    if let Some(base) = keys(set, profile, FileKind::Credentials)? {
        return Ok(Some(base));
    }
    if let Some(base) =
        provider(Provider::Login, "login_session").or_else(|| provider(Provider::Process, "credential_process"))
    {
        return Ok(Some(base));
    }
    keys(set, profile, FileKind::Config)
}

/// The key pair that a profile has in one file.
fn keys(set: &ProfileSet<'_>, profile: &Profile<'_>, file: FileKind) -> Result<Option<Base>> {
    let [id, secret] = ["aws_access_key_id", "aws_secret_access_key"].map(|key| (key, profile.get_in(file, key)));
    let (id, other) = match (id, secret) {
        ((_, None), (_, None)) => return Ok(None),
        ((_, Some(id)), (_, Some(secret))) => (id, secret),
        ((_, Some(only)), (missing, None)) | ((missing, None), (_, Some(only))) => {
            return Err(Error::new(format!(
                "{}: profile '{}' has no {missing} beside this key",
                set.place(only.at),
                profile.name
            ))
            .advise("both keys of a pair stand in the same file; add the other"));
        }
    };
    for value in [&id, &other] {
        if value.text.is_empty() {
            return Err(Error::new(format!("{}: profile '{}' has an empty key", set.place(value.at), profile.name))
                .advise("write the key of an IAM user there, or take both lines out"));
        }
    }
    if id.text.contains(['<', '>']) {
        return Err(Error::new(format!("{}: aws_access_key_id still holds a placeholder", set.place(id.at)))
            .advise("put your own in its place"));
    }
    let temporary = ["aws_session_token", "aws_security_token"]
        .into_iter()
        .any(|key| profile.get_in(file, key).is_some_and(|value| !value.text.is_empty()));
    Ok(Some(Base::Static {
        profile: profile.name.clone(),
        file,
        access_key_id: id.text.into_owned(),
        temporary,
        at: id.at,
    }))
}

/// The base of a `credential_source`.
///
/// # Errors
/// An unknown source, or no keys in the environment.
pub(super) fn of_credential_source(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    source: &str,
    profile: &str,
    at: Location,
) -> Result<Base> {
    let provider = |kind| Ok(Base::Provider { kind, profile: Some(profile.to_owned()), at: Some(at) });
    match source {
        "Environment" => match &request.keys {
            EnvironmentKeys::Present { access_key_id, temporary } => {
                Ok(Base::Environment { access_key_id: access_key_id.clone(), temporary: *temporary })
            }
            EnvironmentKeys::Partial => Err(partial_environment()),
            EnvironmentKeys::Absent => Err(Error::new(format!(
                "{}: profile '{profile}' takes its credentials from the environment, which holds none",
                set.place(at)
            ))
            .advise("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a source_profile instead")),
        },
        "EcsContainer" => provider(Provider::Container),
        "Ec2InstanceMetadata" => provider(Provider::Instance),
        other => Err(Error::new(format!("{}: credential_source of profile '{profile}' is '{other}'", set.place(at)))
            .advise("it is one of Environment, Ec2InstanceMetadata and EcsContainer, in exactly this case")),
    }
}

/// The keys in the environment, as the base of a `--role-arn` when no profile is named.
pub(super) fn of_environment(request: &Request<'_>) -> Option<Base> {
    match &request.keys {
        EnvironmentKeys::Present { access_key_id, temporary } => {
            Some(Base::Environment { access_key_id: access_key_id.clone(), temporary: *temporary })
        }
        _ => None,
    }
}

/// A `--role-arn` with nothing to assume it with; `why` is the fact.
pub(super) fn nothing_for_role(why: String) -> Error {
    Error::new(why).advise("--role-arn needs a profile with keys, a role, SSO or credential_process to start from")
}

/// AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, which count when no profile is named.
pub(super) fn web_identity_of_environment(request: &Request<'_>) -> Result<Option<Base>> {
    let token = request.variables.text("AWS_WEB_IDENTITY_TOKEN_FILE")?;
    Ok(token.map(|_| Base::Provider { kind: Provider::WebIdentity, profile: None, at: None }))
}

/// AWS_ACCESS_KEY_ID without its secret.
pub(super) fn partial_environment() -> Error {
    Error::new("AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not").advise("set both, or name a profile")
}
