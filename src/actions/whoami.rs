//! `--whoami`: whose credentials the profile gives, as STS says.

use serde_json::{Value, json};

use crate::acquire::identity::identity;
use crate::acquire::obtain::Obtained;
use crate::actions::credentials::{self, Purpose};
use crate::aws::sts::Identity;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::messages::print;
use crate::plan::model::Acquisition;
use crate::text::escape::printable;
use crate::time::{Timestamp, now};

const PURPOSE: Purpose = Purpose { with_credentials: "ask about", with_profile: "ask about" };

/// The identity as JSON (docs/json.md).
///
/// # Errors
/// Returns an error in the same cases as [`whoami`].
pub(crate) fn identity_json(context: &Context<'_>) -> Result<Value> {
    let (identity, credentials, plan) = found(context)?;
    Ok(as_json(&identity, &credentials, &plan))
}

fn as_json(identity: &Identity, credentials: &Credentials, plan: &Acquisition) -> Value {
    json!({
        "arn": identity.arn,
        "account": identity.account,
        "user_id": identity.user_id,
        "access_key_id": credentials.access_key_id,
        "expiration": credentials.expiration.map(Timestamp::iso8601),
        "profile": plan.profile,
        "bounded": plan.policies().map(|policies| &policies.names),
    })
}

/// The identity, the credentials that it was asked for with, and the plan that they came by.
fn found(context: &Context<'_>) -> Result<(Identity, Credentials, Box<Acquisition>)> {
    let plan = credentials::planned(context, &PURPOSE)?;
    let Obtained { credentials, .. } = credentials::get(context, &plan, None)?;
    let identity = identity(&plan, &credentials, context)?;
    Ok((identity, credentials, plan))
}

/// Calls GetCallerIdentity and prints the identity.
///
/// # Errors
/// Returns an error if there are no credentials, STS does not accept them, or it cannot be reached.
pub fn whoami(context: &Context<'_>) -> Result<u8> {
    let (identity, credentials, plan) = found(context)?;
    if context.request.output.json {
        return print(&crate::text::json::json(&as_json(&identity, &credentials, &plan)));
    }
    let now = now();
    let (until, end) = match credentials.expiration {
        Some(end) => ("until", format!("{} ({})", end.local(now), end - now)),
        None if credentials.session_token.is_some() => ("expires", String::from("at a time that is not known")),
        None => ("expires", String::from("never")),
    };
    let bounded = plan.policies().map(|policies| ("bounded", policies.words()));
    let lines = [
        ("arn", identity.arn.as_str()),
        ("account", identity.account.as_str()),
        ("user id", identity.user_id.as_str()),
        ("key", credentials.access_key_id.as_str()),
        (until, end.as_str()),
    ];
    let bounded = bounded.iter().map(|(name, policies)| (*name, policies.as_str()));
    let line = |(name, value): (&str, &str)| format!("{name:<8} {}\n", printable(value));
    print(&lines.into_iter().chain(bounded).map(line).collect::<String>())
}
