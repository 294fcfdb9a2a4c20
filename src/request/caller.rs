//! What the caller's environment holds: keys, settings and the user's name.

use crate::env::nesting::Setting;
use crate::env::snapshot::Snapshot;
use crate::env::variables::Variables;

/// The keys that the caller's environment holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvironmentKeys {
    /// No access key id.
    Absent,
    /// AWS_ACCESS_KEY_ID without AWS_SECRET_ACCESS_KEY.
    Partial,
    /// Both keys.
    Present {
        /// `AKIA…` or `ASIA…`.
        access_key_id: String,
        /// Whether there is a session token, so that the keys are temporary.
        temporary: bool,
    },
}

/// The caller, as the environment describes it.
pub struct Caller<'a> {
    /// The keys in the environment.
    pub keys: EnvironmentKeys,
    /// The other variables, for the settings that a plan reads.
    pub variables: Variables<'a>,
    /// The local user, for the role session name.
    pub user: Option<String>,
}

impl EnvironmentKeys {
    /// Whether an outer run of aws-auth, which recorded these settings, put the keys there.
    pub(crate) fn are_of(&self, set_before: &[Setting]) -> bool {
        let Self::Present { access_key_id, .. } = self else { return false };
        set_before.iter().any(|(name, value)| name == "AWS_ACCESS_KEY_ID" && value == access_key_id)
    }

    pub(crate) fn new(snapshot: &Snapshot) -> Self {
        let id = snapshot.non_empty("AWS_ACCESS_KEY_ID");
        let secret = snapshot.non_empty("AWS_SECRET_ACCESS_KEY");
        match (id, secret) {
            // The AWS CLI also ignores a secret key without an id.
            (None, _) => Self::Absent,
            (Some(_), None) => Self::Partial,
            (Some(id), Some(_)) => Self::Present {
                access_key_id: id.to_string_lossy().into_owned(),
                temporary: ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"]
                    .into_iter()
                    .any(|name| snapshot.non_empty(name).is_some()),
            },
        }
    }
}
