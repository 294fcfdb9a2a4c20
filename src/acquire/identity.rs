//! Whose credentials these are, as STS sees it.

use crate::acquire::lookup::{Context, warn_in_clear};
use crate::aws::http::LIMITS;
use crate::aws::sts::{Client, Subject};
use crate::credentials::Credentials;
use crate::error::Result;
use crate::plan::resolve::Acquisition;

/// What GetCallerIdentity answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `arn:aws:sts::123456789012:assumed-role/NAME/SESSION`, or a user's.
    pub arn: String,
    /// The account's twelve digits.
    pub account: String,
    /// The unique id of the user or role, with the session's name behind a role's.
    pub user_id: String,
}

/// Asks STS. No policy can forbid that.
///
/// # Errors
/// When STS cannot be reached, or does not know the credentials.
pub fn identity(plan: &Acquisition, credentials: &Credentials, context: &Context<'_>) -> Result<Identity> {
    warn_in_clear(plan, context);
    let subject = Subject { profile: plan.profile.as_deref(), role: plan.roles.last() };
    Client::new(&plan.sts, LIMITS)?.caller_identity(credentials, subject)
}
