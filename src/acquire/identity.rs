//! Whose credentials these are, according to STS.

use crate::acquire::lookup::warn_in_clear;
use crate::aws::http::LIMITS;
use crate::aws::sts::{Client, Identity};
use crate::aws::sts_errors::Subject;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::plan::model::Acquisition;

/// Calls GetCallerIdentity, which no policy can deny.
///
/// # Errors
/// Returns an error if STS cannot be reached, or does not accept the credentials.
pub fn identity(plan: &Acquisition, credentials: &Credentials, context: &Context<'_>) -> Result<Identity> {
    warn_in_clear(plan, context);
    let subject = Subject { profile: plan.profile.as_deref(), role: plan.roles.last() };
    Client::new(&plan.sts, LIMITS, &context.locks)?.caller_identity(credentials, subject)
}
