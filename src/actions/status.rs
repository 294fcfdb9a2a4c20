//! `--status`: the time left of the profile's cached credentials, as one line for a shell prompt.

use serde_json::{Value, json};

use crate::acquire::forecast::{Held, result_left};
use crate::context::Context;
use crate::env::nesting;
use crate::error::Result;
use crate::messages::print;
use crate::plan::guard::Guard;
use crate::plan::model::Plan;
use crate::plan::resolve;
use crate::request::bounds::bounded_by;
use crate::text::escape::printable;
use crate::time::{Length, Timestamp};

/// The profile, its cached credentials, and the session policies that bound them.
type Found = (String, Held, Option<Vec<String>>);

/// The exit status if nothing is cached.
const NOTHING: u8 = 1;

/// Prints `NAME 43m`. If nothing is cached, prints nothing and returns status 1.
///
/// # Errors
/// Returns an error if the profile does not resolve.
pub fn status(context: &Context<'_>) -> Result<u8> {
    let Some((name, held, bounded)) = found(context)? else { return Ok(NOTHING) };
    print(&if context.request.output.json {
        crate::text::json::json(&object(&name, held, bounded.as_deref(), context)?)
    } else {
        format!("{} {}\n", printable(&name), held.left)
    })
}

/// The time left as JSON (docs/json.md); `None` if nothing is cached.
///
/// # Errors
/// Returns an error if the profile does not resolve.
pub(crate) fn as_json(context: &Context<'_>) -> Result<Option<Value>> {
    found(context)?.map(|(name, held, bounded)| object(&name, held, bounded.as_deref(), context)).transpose()
}

/// The profile and its cached credentials.
fn found(context: &Context<'_>) -> Result<Option<Found>> {
    Ok(match resolve::resolve(context.set, context.request)? {
        Plan::Acquire(plan) => {
            let name = plan.profile_name().to_owned();
            let bounded = plan.policies().map(|policies| policies.names.clone());
            result_left(&plan, context, context.now).map(|held| (name, held, bounded))
        }
        Plan::PassThrough => of_shell(context)?,
        Plan::Ambient { .. } => None,
    })
}

fn object(name: &str, held: Held, bounded: Option<&[String]>, context: &Context<'_>) -> Result<Value> {
    let mut object = crate::actions::cached::held_json(Some(held));
    if let Some(object) = object.as_object_mut() {
        object.insert("guarded".into(), json!(is_guarded(name, context)?));
        object.insert("profile".into(), json!(name));
        object.insert("bounded".into(), json!(bounded));
        object.remove("usable");
    }
    Ok(object)
}

/// Whether aws-auth asks before it starts a command with this profile.
fn is_guarded(profile: &str, context: &Context<'_>) -> Result<bool> {
    let guard = context.set.profile(profile).map_or(Ok(None), |profile| Guard::of(context.set, &profile))?;
    Ok(guard.is_some())
}

/// The keys in the environment, if an outer aws-auth put them there and they have not expired.
fn of_shell(context: &Context<'_>) -> Result<Option<Found>> {
    let profile = context.snapshot.text("AWS_AUTH_PROFILE")?;
    let end = context.snapshot.text("AWS_CREDENTIAL_EXPIRATION")?.and_then(Timestamp::parse);
    let (Some(profile), Some(expiration)) = (profile, end) else { return Ok(None) };
    let left = expiration - context.now;
    let bounded = || {
        let settings = nesting::settings(context.snapshot);
        bounded_by(&settings).map(|names| vec![names.to_owned()])
    };
    Ok((left > Length::ZERO).then(|| (profile.to_owned(), Held { left, expiration, usable: true }, bounded())))
}
