//! What the caller's environment says: its keys, its settings, its user.

use crate::env::snapshot::Snapshot;
use crate::env::variables::Variables;

/// The keys that the caller's environment holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvironmentKeys {
    /// None.
    Absent,
    /// AWS_ACCESS_KEY_ID alone.
    Partial,
    /// Both.
    Present {
        /// `AKIA…` or `ASIA…`.
        access_key_id: String,
        /// Whether a session token stands beside them.
        temporary: bool,
    },
}

/// The caller, as the environment describes them.
pub struct Caller<'a> {
    /// The keys in the environment.
    pub keys: EnvironmentKeys,
    /// The environment, for everything else that the plan asks of it.
    pub variables: Variables<'a>,
    /// The local user, for a session name.
    pub user: Option<String>,
}

impl EnvironmentKeys {
    pub(crate) fn new(snapshot: &Snapshot) -> Self {
        let id = snapshot.non_empty("AWS_ACCESS_KEY_ID");
        let secret = snapshot.non_empty("AWS_SECRET_ACCESS_KEY");
        match (id, secret) {
            // A secret without an id is no pair to the AWS CLI either.
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
