//! The plan as data.

use crate::arn::{RoleArn, Serial};
use crate::config::profiles::DEFAULT_PROFILE;
use crate::config::value::Location;
use crate::plan::base::Base;
use crate::plan::endpoints::Sts;
use crate::plan::origin::Sourced;
use crate::region::Region;
use crate::time::Length;

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
    pub mfa_process: Option<Sourced<String>>,
    /// The region of the profile or its source, for the command.
    pub region: Option<Sourced<Region>>,
    /// The profile's other settings, as variables for the command.
    pub variables: Vec<(String, String)>,
}

/// An MFA session: the temporary keys that GetSessionToken gives for a code.
#[derive(Debug, PartialEq, Eq)]
pub struct Session {
    /// The device whose code makes it.
    pub serial: Sourced<Serial>,
    /// How long it is asked for, and how old it may be to be used, in seconds.
    pub length: Length,
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
    pub duration: Option<Length>,
    /// The profile's own serial; it is in the AWS CLI's cache key, whoever gives the MFA.
    pub serial: Option<Sourced<Serial>>,
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

impl Acquisition {
    /// The profile's name for messages and prompts; `default` where no profile is named.
    pub fn profile_name(&self) -> &str {
        self.profile.as_deref().unwrap_or(DEFAULT_PROFILE)
    }

    /// The device whose code this plan may need, and how it is shown: for the session, else with a role's request.
    pub fn device(&self) -> Option<&Serial> {
        let of_session = self.session.as_ref().map(|session| &session.serial.value);
        of_session.or_else(|| {
            self.roles.iter().find_map(|role| match &role.mfa {
                Mfa::Code(serial) => Some(serial),
                Mfa::None | Mfa::Session => None,
            })
        })
    }

    /// Whether there is no role, so that the MFA session is what the command gets.
    pub fn session_is_result(&self) -> bool {
        self.roles.is_empty() && self.session.is_some()
    }

    /// Whether a web identity's role is the result.
    pub fn is_web_identity_alone(&self) -> bool {
        matches!(self.base, Base::WebIdentity { .. }) && self.roles.is_empty()
    }

    /// How long the result lives, as far as the requests say.
    pub fn length(&self) -> Length {
        match (self.roles.last(), &self.session) {
            (Some(role), _) => role.length(),
            (None, Some(session)) => session.length,
            (None, None) => match &self.base {
                Base::WebIdentity { web, .. } => web.length(),
                _ => Length::MAX,
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
    pub fn length(&self) -> Length {
        self.duration.unwrap_or(Length::hours(1))
    }
}
