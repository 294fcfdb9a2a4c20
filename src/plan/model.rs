//! The types of a plan.

use crate::arn::{RoleArn, Serial};
use crate::bounds::policies::SessionPolicies;
use crate::config::profiles::DEFAULT_PROFILE;
use crate::config::value::Location;
use crate::plan::base::Base;
use crate::plan::bounds::Bounds;
use crate::plan::endpoints::Sts;
use crate::plan::guard::Guard;
use crate::plan::origin::Sourced;
use crate::plan::private_config::Reason;
use crate::plan::web_identity::TokenSource;
use crate::region::Region;
use crate::time::Length;

/// How a run gets its credentials.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    /// No profile is named, and the command keeps the environment's credentials unchanged: its keys, or below
    /// `--keep-fresh` the variables that lead to fresh ones.
    PassThrough,
    /// The profile names no credentials, or there is no profile. The command will use the credentials of the container
    /// or instance, if there are any.
    Ambient {
        /// The profile, if one was named.
        profile: Option<String>,
    },
    /// aws-auth obtains the credentials.
    Acquire(Box<Acquisition>),
}

/// The steps to the credentials: a base, an MFA session if one is wanted, then the roles in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acquisition {
    /// The profile; `None` if none is used, for example for keys in the environment.
    pub profile: Option<String>,
    /// Where the first credentials come from.
    pub base: Base,
    /// The MFA session that is made with the base's keys.
    pub session: Option<Session>,
    /// The roles, in the order in which they are assumed.
    pub roles: Vec<Role>,
    /// The plan if the base turns out to give temporary keys, which make no MFA session. Only a `credential_process` can
    /// surprise so.
    pub if_temporary: Option<Box<Self>>,
    /// The STS that is called.
    pub sts: Sts,
    /// A command that prints an MFA code, from the command line, the environment, the profile or one of its sources.
    pub mfa_process: Option<Sourced<String>>,
    /// The region of the profile or one of its sources.
    pub region: Option<Sourced<Region>>,
    /// The region for the command: `--region`, else the caller's, else the profile's.
    pub command_region: Option<Sourced<Region>>,
    /// The profile's other settings, as variables for the command.
    pub variables: Vec<(String, String)>,
    /// Why the command needs a configuration file of its own; `None` if it needs none.
    pub private_config: Option<Reason>,
    /// When the profile wants to be asked before a command is started.
    pub guard: Option<Guard>,
}

/// An MFA session: the temporary keys that GetSessionToken returns for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The MFA device whose code is sent.
    pub serial: Sourced<Serial>,
    /// Further devices of the user (`aws_auth_mfa_serials`): a code of any of them does, and a session of any of them.
    pub others: Vec<Serial>,
    /// The duration that is requested, and the age up to which a kept session is used.
    pub length: Length,
    /// Whether it is kept for later runs.
    pub kept: bool,
}

/// One AssumeRole call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The profile that names the role. For `--role-arn` it is the chosen one, or empty.
    pub profile: String,
    /// The role's ARN.
    pub arn: RoleArn,
    /// ExternalId, if the profile sets it.
    pub external_id: Option<String>,
    /// RoleSessionName, if the profile sets it.
    pub session_name: Option<String>,
    /// The RoleSessionName that is sent if the profile sets none; `None` if the environment names no user.
    pub default_session_name: Option<String>,
    /// DurationSeconds, if it is set; otherwise STS's default of an hour applies.
    pub duration: Option<Length>,
    /// The profile's own serial. It is part of the AWS CLI's cache key even if no code is sent with this call.
    pub serial: Option<Sourced<Serial>>,
    /// Further devices whose codes this call may carry.
    pub others: Vec<Serial>,
    /// What else the call says of the session; `None` in most plans.
    pub bounds: Option<Box<Bounds>>,
    /// How this call carries MFA.
    pub mfa: Mfa,
    /// Whether the credentials are kept in the AWS CLI's cache. They are if the profile's own settings alone make the
    /// request.
    pub shared: bool,
    /// The line that names the role; `None` for `--role-arn`.
    pub at: Option<Location>,
}

/// How an AssumeRole call carries MFA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mfa {
    /// The call itself adds none. The keys that sign it may carry it.
    None,
    /// The plan's MFA session signs the call.
    Session,
    /// A code of this device is sent with the call.
    Code(Serial),
}

impl Acquisition {
    /// The profile's name for messages and prompts; `default` if there is none.
    pub fn profile_name(&self) -> &str {
        self.profile.as_deref().unwrap_or(DEFAULT_PROFILE)
    }

    /// The device whose code this plan may need: that of the session, else that of the first role that is assumed with
    /// a code.
    pub fn device(&self) -> Option<&Serial> {
        let of_session = self.session.as_ref().map(|session| &session.serial.value);
        of_session.or_else(|| {
            self.roles.iter().find_map(|role| match &role.mfa {
                Mfa::Code(serial) => Some(serial),
                Mfa::None | Mfa::Session => None,
            })
        })
    }

    /// The account that the result belongs to, as far as the plan knows it: that of the last role, or else that of the
    /// base or of the MFA device.
    pub fn account(&self) -> Option<&str> {
        match (self.roles.last(), &self.base) {
            (Some(role), _) => Some(role.arn.account()),
            (None, Base::WebIdentity { web, .. }) => Some(web.role.account()),
            (None, Base::Sso { sso, .. }) => Some(&sso.account_id),
            (None, _) => self.session.as_ref().and_then(|session| session.serial.value.account()),
        }
    }

    /// The name of the role that the result belongs to, without its path; `None` if it is no role's.
    pub fn role_name(&self) -> Option<&str> {
        match (self.roles.last(), &self.base) {
            (Some(role), _) => Some(role.arn.name()),
            (None, Base::WebIdentity { web, .. }) => Some(web.role.name()),
            (None, Base::Sso { sso, .. }) => Some(&sso.role_name),
            (None, _) => None,
        }
    }

    /// Whether the MFA session itself is the result, because no role follows.
    pub fn session_is_result(&self) -> bool {
        self.roles.is_empty() && self.session.is_some()
    }

    /// Whether the plan's credentials may be kept, which is not so if only the base itself can tell whose they are.
    pub fn is_kept(&self) -> bool {
        !matches!(&self.base, Base::WebIdentity { web, .. } if !web.is_kept())
    }

    /// Whether the command's own SDK can renew the result, because variables that it knows name a web identity, and no
    /// role follows.
    pub fn is_renewed_by_sdks(&self) -> bool {
        self.profile.is_none()
            && self.roles.is_empty()
            && matches!(&self.base, Base::WebIdentity { web, .. } if matches!(web.token, TokenSource::File(_)))
    }

    /// The session policies that bound the result; `None` if it can do all that the role can.
    pub fn policies(&self) -> Option<&SessionPolicies> {
        let bounds = match (self.roles.last(), &self.base) {
            (Some(role), _) => role.bounds.as_ref(),
            (None, Base::WebIdentity { web, .. }) => web.bounds.as_ref(),
            (None, _) => None,
        };
        bounds?.policies.as_ref().map(|policies| &policies.value)
    }

    /// The lifetime that is requested for the result; [`Length::MAX`] if the requests set none.
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

impl Session {
    /// The devices, the preferred one first.
    pub fn devices(&self) -> impl Iterator<Item = &Serial> {
        std::iter::once(&self.serial.value).chain(&self.others)
    }
}

impl Role {
    /// The RoleSessionName that is sent; `None` if it is that of the user database.
    pub fn sent_session_name(&self) -> Option<&str> {
        self.set_session_name().or(self.default_session_name.as_deref())
    }

    /// The RoleSessionName that an option or the profile sets.
    pub fn set_session_name(&self) -> Option<&str> {
        let asked = self.bounds.as_ref().and_then(|bounds| bounds.session_name.as_deref());
        asked.or(self.session_name.as_deref())
    }

    /// The lifetime that is requested for the credentials; an hour, STS's default, if none is set.
    pub fn length(&self) -> Length {
        self.duration.unwrap_or(Length::hours(1))
    }
}
