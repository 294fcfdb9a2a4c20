//! Whose credentials these are, according to STS.

use crate::acquire::lookup::warn_in_clear;
use crate::aws::http::LIMITS;
use crate::aws::sts::{Client, Identity};
use crate::aws::sts_errors::Subject;
use crate::config::value::Value;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::plan::endpoints::Sts;
use crate::plan::model::Acquisition;
use crate::plan::origin::{Origin, Sourced};
use crate::region::Region;

/// Calls GetCallerIdentity, which no policy can deny.
///
/// # Errors
/// Returns an error if STS cannot be reached, or does not accept the credentials.
pub fn identity(plan: &Acquisition, credentials: &Credentials, context: &Context<'_>) -> Result<Identity> {
    warn_in_clear(plan, context);
    let subject = Subject { profile: plan.profile.as_deref(), role: plan.roles.last() };
    Client::new(&plan.sts, LIMITS, &context.locks)?.caller_identity(credentials, subject)
}

/// Calls GetCallerIdentity with long-term keys of a profile that need not exist yet. Its region and endpoint count.
///
/// # Errors
/// Returns an error if a setting of the profile is wrong, STS cannot be reached, or it does not accept the keys.
pub fn identity_of_keys(profile: &str, keys: &Credentials, context: &Context<'_>) -> Result<Identity> {
    let found = context.set.profile(profile);
    let is_set = |value: &Value<'_>| !value.text.is_empty();
    let region = match found.as_ref().and_then(|profile| profile.get("region")).filter(is_set) {
        Some(value) => {
            let region = Region::parse(&value.text, context.set.place_if_needed(value.at))?;
            Some(Sourced { value: region, origin: Origin::File(value.at) })
        }
        None => None,
    };
    let sts = Sts::new(context.set, found.as_ref(), context.request, region, None)?;
    if let Some(url) = sts.endpoint.in_clear() {
        context.messages.warn(&format!("credentials cross the network unencrypted: the endpoint is {url}"));
    }
    let subject = Subject { profile: Some(profile), role: None };
    Client::new(&sts, LIMITS, &context.locks)?.caller_identity(keys, subject)
}
