//! The credentials that a chain begins with (docs/profiles.md, "Resolving a profile").

use crate::config::profiles::{Profile, ProfileSet};
use crate::config::value::{FileKind, Location};
use crate::error::{Error, Result};
use crate::plan::endpoints::Service;
use crate::plan::metadata::{Container, Instance};
use crate::plan::sso::Sso;
use crate::plan::stored;
use crate::plan::web_identity::WebIdentity;
use crate::region::Region;
use crate::request::Request;
use crate::request::caller::EnvironmentKeys;

/// Where the first credentials of a plan come from. The secrets themselves are read when the plan is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// A key pair in one of the two files. Both keys are in the same file.
    ///
    /// ```ini
    /// [team]
    /// aws_access_key_id = AKIA…
    /// aws_secret_access_key = …
    /// ```
    Static {
        /// The profile that holds the keys.
        profile: String,
        /// The file that holds both keys.
        file: FileKind,
        /// `AKIA…` or `ASIA…`; not a secret.
        access_key_id: String,
        /// Whether there is a session token, so that the keys are temporary.
        temporary: bool,
        /// The line of the access key id.
        at: Location,
    },
    /// Keys in the caller's environment.
    ///
    /// ```ini
    /// credential_source = Environment
    /// ```
    Environment {
        /// `AKIA…` or `ASIA…`.
        access_key_id: String,
        /// Whether there is a session token, so that the keys are temporary.
        temporary: bool,
    },
    /// A role that is assumed with the token of an identity provider. Without a profile, AWS_WEB_IDENTITY_TOKEN_FILE,
    /// AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME name it, or AWS_ROLE_ARN in a job of GitHub Actions.
    ///
    /// ```ini
    /// role_arn = arn:aws:iam::123456789012:role/ci
    /// web_identity_token_file = /var/run/token
    /// ```
    WebIdentity {
        /// The call, and where the token comes from.
        web: Box<WebIdentity>,
        /// The profile that names it; `None` if variables do.
        named: Option<Named>,
    },
    /// A role of IAM Identity Center.
    ///
    /// ```ini
    /// sso_session = corp
    /// sso_account_id = 123456789012
    /// sso_role_name = ReadOnly
    /// ```
    Sso {
        /// The account, the role, and the services to ask.
        sso: Box<Sso>,
        /// The profile that names it.
        named: Named,
    },
    /// A program that prints credentials.
    ///
    /// ```ini
    /// credential_process = /usr/bin/keys --for team
    /// ```
    Process {
        /// The command, as written in the file.
        command: String,
        /// Whether its answers are cached (`aws_auth_process_cache`).
        is_cached: bool,
        /// The profile that names it.
        named: Named,
    },
    /// Long-term keys in a store of aws-auth. They are read in this process, when they are needed.
    ///
    /// ```ini
    /// credential_process = aws-auth --stored-keys AKIA…
    /// ```
    Stored {
        /// `AKIA…`; it names the keys in the store.
        access_key_id: String,
        /// The profile that names it.
        named: Named,
    },
    /// A session of `aws login`.
    ///
    /// ```ini
    /// login_session = arn:aws:iam::123456789012:user/jo
    /// ```
    Login {
        /// The session, and the service that renews it.
        login: Box<Login>,
        /// The profile that names it.
        named: Named,
    },
    /// The container's credentials, from the endpoint that the variables of its agent name.
    ///
    /// ```ini
    /// credential_source = EcsContainer
    /// ```
    Container {
        /// The endpoint.
        container: Container,
        /// The profile; `None` if no profile is used.
        named: Option<Named>,
    },
    /// The instance's credentials, from its metadata service.
    ///
    /// ```ini
    /// credential_source = Ec2InstanceMetadata
    /// ```
    Instance {
        /// The metadata service.
        instance: Instance,
        /// The profile; `None` if no profile is used.
        named: Option<Named>,
    },
}

/// The profile that names a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The profile's name.
    pub profile: String,
    /// The line that names the provider; `None` for a profile that names no credentials, so that the container or
    /// instance is asked.
    pub at: Option<Location>,
}

/// A session of `aws login`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The session's name, an ARN.
    pub session: String,
    /// The service that renews its credentials. The region here is a placeholder: it is chosen when the session's file
    /// is read.
    pub signin: Service,
}

impl Base {
    /// The name of the profile that the base comes from.
    pub fn profile(&self) -> Option<&str> {
        match self {
            Self::Static { profile, .. } => Some(profile),
            Self::Environment { .. } => None,
            provider => provider.named().map(|named| named.profile.as_str()),
        }
    }

    /// The profile that names a provider, and the line; `None` for key pairs and for variables.
    pub fn named(&self) -> Option<&Named> {
        match self {
            Self::Static { .. } | Self::Environment { .. } => None,
            Self::Sso { named, .. }
            | Self::Process { named, .. }
            | Self::Stored { named, .. }
            | Self::Login { named, .. } => Some(named),
            Self::WebIdentity { named, .. } | Self::Container { named, .. } | Self::Instance { named, .. } => {
                named.as_ref()
            }
        }
    }

    /// Whether the credentials come from a provider, and not from the files or the environment.
    pub fn is_provider(&self) -> bool {
        !matches!(self, Self::Static { .. } | Self::Environment { .. })
    }

    /// The access key id, if it is known without asking a provider.
    pub fn access_key_id(&self) -> Option<&str> {
        match self {
            Self::Static { access_key_id, .. }
            | Self::Environment { access_key_id, .. }
            | Self::Stored { access_key_id, .. } => Some(access_key_id),
            _ => None,
        }
    }

    /// Whether these may be long-term keys, which alone can make an MFA session, and assume a role for more than an hour.
    /// A `credential_process` counts, since only its output tells whether its keys are temporary.
    pub fn may_be_long_term(&self) -> bool {
        matches!(self, Self::Process { .. }) || self.long_term_key().is_some()
    }

    /// The access key id, if these are known to be long-term keys.
    pub fn long_term_key(&self) -> Option<&str> {
        match self {
            Self::Static { access_key_id, temporary: false, .. }
            | Self::Environment { access_key_id, temporary: false }
            | Self::Stored { access_key_id, .. } => Some(access_key_id),
            _ => None,
        }
    }
}

/// The base that a profile names itself, tried in the AWS CLI's order; `None` if it names no credentials. Endpoints are
/// those of `chosen`, the profile that was asked for.
///
/// # Errors
/// Returns an error if a key pair or the settings of a provider are incomplete or unusable.
pub(crate) fn of_profile(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    profile: &Profile<'_>,
    chosen: &Profile<'_>,
) -> Result<Option<Base>> {
    let named = |at| Named { profile: profile.name.clone(), at: Some(at) };
    if let Some((web, at)) = WebIdentity::of_profile(set, request, profile)? {
        return Ok(Some(Base::WebIdentity { web: Box::new(web), named: Some(named(at)) }));
    }
    if let Some((sso, at)) = Sso::of_profile(set, request, profile, chosen)? {
        return Ok(Some(Base::Sso { sso: Box::new(sso), named: named(at) }));
    }
    if let Some(base) = keys(set, profile, FileKind::Credentials)? {
        return Ok(Some(base));
    }
    if let Some(session) = profile.get("login_session") {
        // A placeholder: the session's file names the region, or that of STS is used (see providers::aws_login).
        let region = Region::default_of("aws");
        let signin = Service::new(set, Some(chosen), request, ("AWS Sign-In", "signin"), region)?;
        let login = Box::new(Login { session: session.text.trim().to_owned(), signin });
        return Ok(Some(Base::Login { login, named: named(session.at) }));
    }
    if let Some(command) = profile.get("credential_process") {
        if let Some(access_key_id) = stored::key_id(&command.text) {
            return Ok(Some(Base::Stored { access_key_id, named: named(command.at) }));
        }
        let is_cached = switch(set, profile, "aws_auth_process_cache")?;
        return Ok(Some(Base::Process { command: command.text.into_owned(), is_cached, named: named(command.at) }));
    }
    keys(set, profile, FileKind::Config)
}

/// Whether a key of a profile is switched on; off if it is missing.
fn switch(set: &ProfileSet<'_>, profile: &Profile<'_>, key: &str) -> Result<bool> {
    let Some(value) = profile.get(key) else { return Ok(false) };
    match value.text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" | "1" => Ok(true),
        "no" | "false" | "off" | "0" | "" => Ok(false),
        _ => Err(Error::new(format!("{}: {key} is '{}'", set.place(value.at), value.text)).advise("write yes or no")),
    }
}

/// The key pair that a profile has in this file; `None` if it has neither key there.
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
            .advise("both keys of a pair must be in the same file; add the other"));
        }
    };
    for value in [&id, &other] {
        if value.text.is_empty() {
            return Err(Error::new(format!("{}: profile '{}' has an empty key", set.place(value.at), profile.name))
                .advise("write the key of an IAM user there, or remove both lines"));
        }
    }
    if id.text.contains(['<', '>']) {
        return Err(Error::new(format!("{}: aws_access_key_id still holds a placeholder", set.place(id.at)))
            .advise("put your own in its place"));
    }
    let token = ["aws_session_token", "aws_security_token"].into_iter().filter_map(|key| profile.get_in(file, key));
    // Keys are sent in HTTP headers, which cannot hold control characters. The usual cause is an indented next line,
    // which continues the value.
    for value in [&id, &other].into_iter().cloned().chain(token) {
        if value.text.bytes().any(|b| b.is_ascii_control()) {
            return Err(Error::new(format!(
                "{}: profile '{}' has a key with a line break or another control character in it",
                set.place(value.at),
                profile.name
            ))
            .advise("write it on one line, and do not indent the line after it"));
        }
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

/// The base that a `credential_source` names.
///
/// # Errors
/// Returns an error if the source is unknown, or holds no credentials.
pub(crate) fn of_credential_source(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    chosen: &Profile<'_>,
    (source, profile, at): (&str, &str, Location),
) -> Result<Base> {
    let named = Named { profile: profile.to_owned(), at: Some(at) };
    let with_place = |error: Error| error.in_front(&format!("{}: profile '{profile}'", set.place(at)));
    match source {
        "Environment" => match &request.caller.keys {
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
        "EcsContainer" => match Container::found(request).map_err(with_place)? {
            Some(container) => Ok(Base::Container { container, named: Some(named) }),
            None => Err(Error::new(format!(
                "{}: profile '{profile}' takes its credentials from the container, but neither \
                 AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set",
                set.place(at)
            ))
            .advise("run it in a container that has a role, or name a source_profile instead")),
        },
        "Ec2InstanceMetadata" => {
            let instance = Instance::new(request, Some(chosen)).map_err(with_place)?;
            Ok(Base::Instance { instance, named: Some(named) })
        }
        other => Err(Error::new(format!("{}: credential_source of profile '{profile}' is '{other}'", set.place(at)))
            .advise(
                "write Environment, Ec2InstanceMetadata, EcsContainer or GitHubActions, with these capital letters",
            )),
    }
}

/// The keys in the environment, as the base if no profile is named.
pub(crate) fn of_environment(request: &Request<'_>) -> Option<Base> {
    match &request.caller.keys {
        EnvironmentKeys::Present { access_key_id, temporary } => {
            Some(Base::Environment { access_key_id: access_key_id.clone(), temporary: *temporary })
        }
        _ => None,
    }
}

/// The web identity of AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME. The last two may be
/// settings of `[default]` instead. In a job of GitHub Actions, AWS_ROLE_ARN is enough.
pub(crate) fn web_identity_of_environment(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    default: Option<&Profile<'_>>,
) -> Result<Option<Base>> {
    let found = WebIdentity::of_environment(set, request, default)?;
    Ok(found.map(|web| Base::WebIdentity { web: Box::new(web), named: None }))
}

/// The base if nothing names credentials: the container's if its variables are set, else the instance's.
///
/// # Errors
/// Returns an error if a setting is unusable, or switches the instance's credentials off.
pub(crate) fn of_machine(request: &Request<'_>, chosen: Option<&Profile<'_>>) -> Result<Base> {
    let why = |error: Error| match chosen {
        Some(profile) => error.in_front(&format!("profile '{}' names no credentials", profile.name)),
        None => error.in_front("no profile and no keys"),
    };
    let named = chosen.map(|profile| Named { profile: profile.name.clone(), at: None });
    Ok(match Container::found(request).map_err(why)? {
        Some(container) => Base::Container { container, named },
        None => Base::Instance { instance: Instance::new(request, chosen).map_err(why)?, named },
    })
}

/// The error for AWS_ACCESS_KEY_ID without AWS_SECRET_ACCESS_KEY.
pub(crate) fn partial_environment() -> Error {
    Error::new("AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not").advise("set both, or name a profile")
}
