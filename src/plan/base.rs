//! The credentials that a chain begins with (SEMANTICS, "Choosing and resolving").

use crate::config::profiles::{Profile, ProfileSet};
use crate::config::value::{FileKind, Location};
use crate::error::{Error, Result};
use crate::plan::endpoints::Service;
use crate::plan::metadata::{Container, Instance};
use crate::plan::sso::Sso;
use crate::plan::web_identity::WebIdentity;
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
        /// Which, and what it needs to know.
        kind: Box<Provider>,
        /// The profile that names it; `None` for variables and for the machine's own.
        profile: Option<String>,
        /// Where it is named.
        at: Option<Location>,
    },
}

/// A source of credentials outside the two files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// `web_identity_token_file`, or its variables.
    WebIdentity(WebIdentity),
    /// IAM Identity Center.
    Sso(Box<Sso>),
    /// `credential_process`.
    Process {
        /// The command, as it stands in the file.
        command: String,
    },
    /// `login_session`, from `aws login`.
    Login(Login),
    /// `credential_source = EcsContainer`, or nothing else and the container's variables.
    Container(Container),
    /// `credential_source = Ec2InstanceMetadata`, or nothing else at all.
    Instance(Instance),
}

/// A session of `aws login`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Its name, an ARN.
    pub session: String,
    /// Who renews its credentials, unless the session itself names another region.
    pub signin: Service,
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

    /// Whether a role may last longer than an hour: what a process gives is only known when it has run.
    pub fn may_be_long_term(&self) -> bool {
        match self {
            Self::Provider { kind, .. } => matches!(**kind, Provider::Process { .. }),
            _ => self.long_term_key().is_some(),
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

/// The base that a profile is by itself, in the AWS CLI's order; `None` when it names no credentials. Endpoints are
/// those of `chosen`, the profile that was asked for.
///
/// # Errors
/// Half a key pair; a provider without all that it needs.
pub(crate) fn of_profile(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    profile: &Profile<'_>,
    chosen: &Profile<'_>,
) -> Result<Option<Base>> {
    let provider =
        |kind, at| Ok(Some(Base::Provider { kind: Box::new(kind), profile: Some(profile.name.clone()), at: Some(at) }));
    if let Some((web, at)) = WebIdentity::of_profile(set, request, profile)? {
        return provider(Provider::WebIdentity(web), at);
    }
    if let Some((sso, at)) = Sso::of_profile(set, request, profile, chosen)? {
        return provider(Provider::Sso(Box::new(sso)), at);
    }
    if let Some(base) = keys(set, profile, FileKind::Credentials)? {
        return Ok(Some(base));
    }
    if let Some(session) = profile.get("login_session") {
        // The region is the chosen profile's; where it has none, that of a session's own file counts.
        let signin = Service::new(set, Some(chosen), request, ("AWS Sign-In", "signin"), "")?;
        let login = Login { session: session.text.trim().to_owned(), signin };
        return provider(Provider::Login(login), session.at);
    }
    if let Some(command) = profile.get("credential_process") {
        return provider(Provider::Process { command: command.text.into_owned() }, command.at);
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
    let token = ["aws_session_token", "aws_security_token"].into_iter().filter_map(|key| profile.get_in(file, key));
    // They travel in headers, which cannot hold these; a value that goes on in the next line is the usual reason.
    for value in [&id, &other].into_iter().cloned().chain(token) {
        if value.text.bytes().any(|b| b.is_ascii_control()) {
            return Err(Error::new(format!(
                "{}: profile '{}' has a key with a line end or another control character in it",
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

/// The base of a `credential_source`.
///
/// # Errors
/// An unknown source, or no keys in the environment.
#[cold]
pub(crate) fn of_credential_source(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    chosen: &Profile<'_>,
    (source, profile, at): (&str, &str, Location),
) -> Result<Base> {
    let provider = |kind| Ok(Base::Provider { kind: Box::new(kind), profile: Some(profile.to_owned()), at: Some(at) });
    let nothing = |error: Error| error.in_front(&format!("{}: profile '{profile}'", set.place(at)));
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
        "EcsContainer" => match Container::found(request).map_err(nothing)? {
            Some(container) => provider(Provider::Container(container)),
            None => Err(Error::new(format!(
                "{}: profile '{profile}' takes its credentials from the container, but neither \
                 AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set",
                set.place(at)
            ))
            .advise("run it in a container that has a role, or name a source_profile instead")),
        },
        "Ec2InstanceMetadata" => provider(Provider::Instance(Instance::new(request, Some(chosen)).map_err(nothing)?)),
        other => Err(Error::new(format!("{}: credential_source of profile '{profile}' is '{other}'", set.place(at)))
            .advise("it is one of Environment, Ec2InstanceMetadata and EcsContainer, in exactly this case")),
    }
}

/// The keys in the environment, as the base of a `--role-arn` when no profile is named.
#[cold]
pub(crate) fn of_environment(request: &Request<'_>) -> Option<Base> {
    match &request.keys {
        EnvironmentKeys::Present { access_key_id, temporary } => {
            Some(Base::Environment { access_key_id: access_key_id.clone(), temporary: *temporary })
        }
        _ => None,
    }
}

/// AWS_WEB_IDENTITY_TOKEN_FILE and its companions, which count when no profile is named. Each that is missing is
/// `[default]`'s, as in the AWS CLI.
#[cold]
pub(crate) fn web_identity_of_environment(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    default: Option<&Profile<'_>>,
) -> Result<Option<Base>> {
    let found = WebIdentity::of_environment(set, request, default)?;
    Ok(found.map(|web| Base::Provider { kind: Box::new(Provider::WebIdentity(web)), profile: None, at: None }))
}

/// What the machine itself gives, when nothing else does: the container's credentials where its variables are set,
/// else the instance's.
///
/// # Errors
/// A setting that is none, or that switches them off.
#[cold]
pub(crate) fn of_machine(request: &Request<'_>, chosen: Option<&Profile<'_>>) -> Result<Base> {
    let why = |error: Error| match chosen {
        Some(profile) => error.in_front(&format!("profile '{}' names no credentials", profile.name)),
        None => error.in_front("no profile and no keys"),
    };
    let kind = match Container::found(request).map_err(why)? {
        Some(container) => Provider::Container(container),
        None => Provider::Instance(Instance::new(request, chosen).map_err(why)?),
    };
    Ok(Base::Provider { kind: Box::new(kind), profile: chosen.map(|profile| profile.name.clone()), at: None })
}

/// Why this profile, which names no credentials, may have been meant to: a key that is nearly one of these, or half of
/// a role. `None` where nothing of it looks like credentials.
pub(crate) fn why_none(set: &ProfileSet<'_>, profile: &Profile<'_>) -> Option<String> {
    const KEYS: [&str; 10] = [
        "role_arn",
        "source_profile",
        "credential_source",
        "credential_process",
        "aws_access_key_id",
        "aws_secret_access_key",
        "web_identity_token_file",
        "sso_session",
        "sso_start_url",
        "login_session",
    ];
    let entries = profile.entries();
    let near = |key: &str| {
        let key = key.replace(['-', ' '], "_");
        KEYS.into_iter().find(|known| strsim::osa_distance(known, &key) <= 2 || known.replace('_', "") == key)
    };
    let misspelt = entries.iter().filter(|(key, _)| !KEYS.contains(&&**key)).find_map(|(key, value)| {
        near(key).map(|known| format!("'{key}' in {} is no key that is read; write {known}", set.place(value.at)))
    });
    let half = || {
        let (key, value) = entries.iter().find(|(key, _)| matches!(&**key, "source_profile" | "credential_source"))?;
        Some(format!("{key} in {} is for a role, but there is no role_arn", set.place(value.at)))
    };
    misspelt.or_else(half)
}

/// AWS_ACCESS_KEY_ID without its secret.
pub(crate) fn partial_environment() -> Error {
    Error::new("AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not").advise("set both, or name a profile")
}
