//! `credential_process`: a program that prints credentials (the AWS CLI's ProcessProvider).

use serde_json::Value;

use crate::context::Context;
use crate::credentials::{Credentials, Secret};
use crate::env::ancestors;
use crate::error::{Error, Result};
use crate::plan::base::{Base, Named};
use crate::plan::model::Acquisition;
use crate::plan::web_identity::{PROCESS, TokenSource};
use crate::providers::program::Program;
use crate::system::ancestry;
use crate::text::json::wipe;
use crate::time::Timestamp;

/// How many aws-auth processes may be nested through their helper programs.
const DEEPEST: usize = 8;

/// Refuses to run a helper of a profile (its credential_process, web_identity_token_process or mfa_process) if this run was started below that
/// helper.
///
/// # Errors
/// Returns an error that shows the circle, or one for too many nested helpers.
pub fn refuse_circle(plan: &Acquisition, context: &Context<'_>) -> Result<()> {
    let credentials = match &plan.base {
        Base::Process { named: Named { profile, at: Some(at) }, .. } => {
            Some((profile, context.set.place(*at), "credential_process"))
        }
        Base::WebIdentity { web, named: Some(Named { profile, at: Some(at) }) }
            if matches!(web.token, TokenSource::Process(_)) =>
        {
            Some((profile, context.set.place(*at), PROCESS))
        }
        _ => None,
    };
    let codes = plan.mfa_process.as_ref().filter(|_| plan.device().is_some());
    if credentials.is_none() && codes.is_none() {
        return Ok(());
    }
    if let Some((profile, place, key)) = &credentials
        && let Some(circle) = ancestors::circle(context.snapshot, profile)
    {
        return Err(Error::new(format!("{place}: {key} goes in a circle: {circle}"))
            .advise("the command must not need the profile that it gives credentials for; name another one in it"));
    }
    let profile = plan.profile_name();
    if let Some(process) = codes
        && let Some(circle) = ancestors::circle(context.snapshot, profile)
    {
        let place = process.origin.text(context.set);
        return Err(Error::new(format!("{place}: mfa_process goes in a circle: {circle}"))
            .advise("the command must not need an MFA code for the profile that it gives codes for"));
    }
    // A command that clears its environment loses the variable that shows the circle, so limit the depth too.
    let depth = ancestry::of_this_program().len();
    if depth >= DEEPEST {
        return Err(Error::new(format!("profile '{profile}': {depth} aws-auth processes wait for this one"))
            .advise("a credential_process, web_identity_token_process or mfa_process seems to need the profile that it is run for"));
    }
    Ok(())
}

/// Runs the command and reads the credentials that it prints. `about` begins an error.
///
/// # Errors
/// Returns an error if the command cannot be run, fails, takes too long, or prints something other than credentials.
pub fn fetch(command: &str, profile: &str, context: &Context<'_>, about: &str) -> Result<Credentials> {
    let program = Program { key: "credential_process", command, profile, prints: "one JSON object" };
    let printed = program.run(context, about)?;
    let mut answer: Value = serde_json::from_slice(&printed.stdout).unwrap_or_default();
    let read = credentials(&answer, &printed.about);
    wipe(&mut answer);
    let mut credentials = read?;
    if credentials.account_id.is_none() {
        let own = context.set.profile(profile).and_then(|profile| profile.get("aws_account_id"));
        credentials.account_id = own.map(|account| account.text.into_owned());
    }
    Ok(credentials)
}

/// Reads the fields of the command's output. An error says what is wrong but shows no value, which may be a key.
fn credentials(answer: &Value, about: &str) -> Result<Credentials> {
    let wrong = |words: &str| {
        Error::new(format!("{about} {words}")).advise(
            "it must print {\"Version\": 1, \"AccessKeyId\": ..., \"SecretAccessKey\": ...} (its output is not shown \
             here, because it may contain keys)",
        )
    };
    let Value::Object(fields) = answer else { return Err(wrong("printed no JSON object")) };
    match fields.get("Version") {
        Some(Value::Number(version)) if version.as_i64() == Some(1) => {}
        Some(Value::Number(version)) => return Err(wrong(&format!("printed Version {version}, which is unknown"))),
        Some(_) => return Err(wrong("printed a Version that is not a number")),
        None => return Err(wrong("printed no Version")),
    }
    let text = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(&format!("printed {} that is not text", with_article(name)))),
    };
    let (Some(id), Some(secret)) = (text("AccessKeyId")?, text("SecretAccessKey")?.map(Secret::new)) else {
        let missing = if text("AccessKeyId")?.is_none() { "AccessKeyId" } else { "SecretAccessKey" };
        return Err(wrong(&format!("printed no {missing}")));
    };
    let expiration = match text("Expiration")? {
        None => None,
        Some(time) => Some(Timestamp::parse(&time).ok_or_else(|| wrong("printed an Expiration that is not a time"))?),
    };
    let credentials = Credentials {
        access_key_id: id,
        secret_access_key: secret,
        session_token: text("SessionToken")?.map(Secret::new),
        expiration,
        account_id: text("AccountId")?,
    };
    credentials.checked(about)
}

fn with_article(name: &str) -> String {
    format!("{} {name}", if name.starts_with(['A', 'E']) { "an" } else { "a" })
}
