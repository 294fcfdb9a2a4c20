//! `--whoami`: whose credentials the profile gives, as STS says.

use serde_json::json;

use crate::acquire::identity::identity;
use crate::acquire::obtain::Obtained;
use crate::actions::credentials::{self, Purpose};
use crate::context::Context;
use crate::error::Result;
use crate::messages::print;
use crate::text::escape::printable;
use crate::time::{Timestamp, now};

const PURPOSE: Purpose = Purpose { with_credentials: "ask about", with_profile: "ask about" };

/// Calls GetCallerIdentity and prints the identity.
///
/// # Errors
/// Returns an error if there are no credentials, STS does not accept them, or it cannot be reached.
pub fn whoami(context: &Context<'_>) -> Result<u8> {
    let plan = credentials::planned(context, &PURPOSE)?;
    let Obtained { credentials, .. } = credentials::get(context, &plan, None)?;
    let identity = identity(&plan, &credentials, context)?;
    if context.request.output.json {
        return print(&crate::text::json::json(&json!({
            "arn": identity.arn,
            "account": identity.account,
            "user_id": identity.user_id,
            "access_key_id": credentials.access_key_id,
            "expiration": credentials.expiration.map(Timestamp::iso8601),
            "profile": plan.profile,
            "bounded": plan.policies().map(|policies| &policies.names),
        })));
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
