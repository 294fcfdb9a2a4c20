//! Users with their keys and MFA devices, roles with their trust policies, and issued credentials.

use super::{policy, random};

/// A virtual MFA device of a user.
#[derive(Debug, Clone)]
pub struct Device {
    pub serial: String,
    pub totp_secret: Vec<u8>,
}

/// An IAM user with one access key, or an account's root user.
#[derive(Debug, Clone)]
pub struct User {
    pub name: String,
    pub partition: String,
    pub account: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    pub root: bool,
    pub mfa: Vec<Device>,
    /// `AIDA…`
    pub id: String,
}

impl User {
    /// A user with new keys and no MFA device.
    pub fn new(account: &str, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            partition: "aws".to_owned(),
            account: account.to_owned(),
            access_key_id: random::identifier("AKIA"),
            secret_access_key: random::secret_access_key(),
            root: false,
            mfa: Vec::new(),
            id: random::identifier("AIDA"),
        }
    }

    /// The account's root user: its sessions last an hour, and it may assume no role.
    pub fn root(account: &str) -> Self {
        Self { root: true, id: account.to_owned(), ..Self::new(account, "root") }
    }

    /// Adds a device with the serial that IAM gives a virtual device named `device`.
    #[must_use]
    pub fn with_mfa(self, device: &str) -> Self {
        let serial = format!("arn:{}:iam::{}:mfa/{device}", self.partition, self.account);
        self.with_device(&serial)
    }

    /// Adds a device with any serial, such as a hardware token's (`GAHT12345678`).
    #[must_use]
    pub fn with_device(mut self, serial: &str) -> Self {
        self.mfa.push(Device { serial: serial.to_owned(), totp_secret: random::bytes(20) });
        self
    }

    #[must_use]
    pub fn in_partition(mut self, partition: &str) -> Self {
        partition.clone_into(&mut self.partition);
        self
    }

    pub fn arn(&self) -> String {
        if self.root {
            format!("arn:{}:iam::{}:root", self.partition, self.account)
        } else {
            format!("arn:{}:iam::{}:user/{}", self.partition, self.account, self.name)
        }
    }
}

/// Who may assume a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principals {
    /// Anyone with keys.
    Any,
    /// An account (`arn:aws:iam::ACCOUNT:root`), a user, a role, or one role session, each by its ARN.
    Arns(Vec<String>),
}

/// A role's trust policy. As with AWS, all denials have the same message.
#[derive(Debug, Clone)]
pub struct Trust {
    pub principals: Principals,
    /// `aws:MultiFactorAuthPresent`
    pub require_mfa: bool,
    /// `aws:MultiFactorAuthAge`, in seconds; -1 refuses every age.
    pub max_mfa_age_seconds: Option<i64>,
    /// `sts:ExternalId`
    pub external_id: Option<String>,
    /// `sts:RoleSessionName`
    pub require_session_name: Option<String>,
    /// `"Null": {"aws:TokenIssueTime": "true"}`: refuses temporary credentials, and so MFA sessions too. A code in the
    /// request is accepted.
    pub long_term_keys_only: bool,
    /// `sts:SourceIdentity`
    pub source_identity: Option<String>,
    /// `aws:RequestTag`: keys and values.
    pub tags: Vec<(String, String)>,
    /// Roles that another statement of the policy trusts, without MFA and other conditions.
    pub unconditionally: Vec<String>,
}

/// An IAM role.
#[derive(Debug, Clone)]
pub struct Role {
    pub arn: String,
    /// `AROA…`
    pub id: String,
    /// `MaxSessionDuration`
    pub max_session_seconds: i64,
    pub trust: Trust,
}

impl Role {
    /// A role that anyone may assume for an hour.
    pub fn new(arn: &str) -> Self {
        Self {
            arn: arn.to_owned(),
            id: random::identifier("AROA"),
            max_session_seconds: 3600,
            trust: Trust {
                principals: Principals::Any,
                require_mfa: false,
                max_mfa_age_seconds: None,
                external_id: None,
                require_session_name: None,
                long_term_keys_only: false,
                source_identity: None,
                tags: Vec::new(),
                unconditionally: Vec::new(),
            },
        }
    }

    #[must_use]
    pub fn max_session(mut self, seconds: i64) -> Self {
        self.max_session_seconds = seconds;
        self
    }

    #[must_use]
    pub fn trusting(mut self, principals: &[&str]) -> Self {
        self.trust.principals = Principals::Arns(principals.iter().map(|&arn| arn.to_owned()).collect());
        self
    }

    #[must_use]
    pub fn require_mfa(mut self) -> Self {
        self.trust.require_mfa = true;
        self
    }

    #[must_use]
    pub fn max_mfa_age(mut self, seconds: i64) -> Self {
        self.trust.max_mfa_age_seconds = Some(seconds);
        self
    }

    #[must_use]
    pub fn external_id(mut self, id: &str) -> Self {
        self.trust.external_id = Some(id.to_owned());
        self
    }

    #[must_use]
    pub fn require_session_name(mut self, name: &str) -> Self {
        self.trust.require_session_name = Some(name.to_owned());
        self
    }

    #[must_use]
    pub fn require_source_identity(mut self, name: &str) -> Self {
        self.trust.source_identity = Some(name.to_owned());
        self
    }

    #[must_use]
    pub fn require_tag(mut self, key: &str, value: &str) -> Self {
        self.trust.tags.push((key.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn long_term_keys_only(mut self) -> Self {
        self.trust.long_term_keys_only = true;
        self
    }
}

/// The holder of temporary credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A user's session from GetSessionToken, with the user's long-term access key id.
    User(String),
    /// A role session.
    Role { role_arn: String, role_id: String, session_name: String },
    /// A federated user from GetFederationToken: the ARN, and the user's long-term access key id.
    Federated { arn: String, user: String },
}

/// Issued temporary credentials.
#[derive(Debug, Clone)]
pub struct Issued {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: String,
    pub principal: Principal,
    /// When an MFA code authenticated them, by the service's clock; always `None` for role sessions.
    pub mfa_at: Option<i64>,
    pub expires: i64,
    /// What a role session may do at most.
    pub policies: policy::Policies,
}

/// The parts of `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`; `None` if this is not the ARN of a role.
pub fn role_parts(arn: &str) -> Option<(&str, &str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (scheme, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let name = resource.strip_prefix("role/")?.rsplit('/').next()?;
    (scheme == "arn" && service == "iam" && region.is_empty() && !name.is_empty()).then_some((partition, account, name))
}

/// The ARN of a role session, which does not contain the role's path.
pub fn session_arn(role_arn: &str, session_name: &str) -> String {
    let (partition, account, name) = role_parts(role_arn).unwrap_or(("aws", "", role_arn));
    format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session_name}")
}
