//! `credential_process`: a program that prints credentials (the AWS CLI's ProcessProvider).

use serde_json::Value;

use crate::context::Context;
use crate::credentials::{Credentials, Secret};
use crate::env::ancestors;
use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result, io_words};
use crate::plan::base::{Base, Named};
use crate::plan::model::Acquisition;
use crate::system::subprocess::{End, Finished, Helper, Trouble, Words};
use crate::system::{ancestry, subprocess};
use crate::text::escape::some_words;
use crate::text::json::wipe;
use crate::text::shell_words::split_words;
use crate::time::{Length, Timestamp};

/// How many aws-auth processes may be nested through their helper programs.
const DEEPEST: usize = 8;

/// Refuses to run a helper of a profile (its credential_process or mfa_process) if this run was started below that
/// helper.
///
/// # Errors
/// Returns an error that shows the circle, or one for too many nested helpers.
pub fn refuse_circle(plan: &Acquisition, context: &Context<'_>) -> Result<()> {
    let credentials = match &plan.base {
        Base::Process { named: Named { profile, at: Some(at) }, .. } => Some((profile, context.set.place(*at))),
        _ => None,
    };
    let codes = plan.mfa_process.as_ref().filter(|_| plan.device().is_some());
    if credentials.is_none() && codes.is_none() {
        return Ok(());
    }
    if let Some((profile, place)) = &credentials
        && let Some(circle) = ancestors::circle(context.snapshot, profile)
    {
        return Err(Error::new(format!("{place}: credential_process goes in a circle: {circle}"))
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
            .advise("a credential_process or mfa_process seems to need the profile that it is run for"));
    }
    Ok(())
}

/// The time limit for the command, unless AWS_AUTH_PROCESS_TIMEOUT sets another one.
const DEFAULT_TIME_LIMIT: Length = Length::seconds(60);

/// Runs the command and reads the credentials that it prints. `about` begins an error.
///
/// # Errors
/// Returns an error if the command cannot be run, fails, takes too long, or prints something other than credentials.
pub fn fetch(command: &str, profile: &str, context: &Context<'_>, about: &str) -> Result<Credentials> {
    let about = format!("{about}: credential_process");
    let words = split_words(command).map_err(|_| {
        Error::new(format!("{about} has a quote that is not closed"))
            .advise("close it, or write \\\" for the character itself")
    })?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(Error::new(format!("{about} is empty")).advise("write the command there, or remove the line"));
    };
    let about = format!("{about} '{program}'");
    let limit = limit(context.snapshot)?;
    context.messages.step(|| format!("running {program}"));
    let helper = Helper {
        program,
        arguments,
        // Like the AWS CLI, pass on the caller's environment with its keys. Only the MFA code is not for the process.
        environment: ancestors::environment_for(context.snapshot, profile, |name| name == b"AWS_AUTH_MFA_TOKEN"),
        stderr: Words::Capture,
        limit: limit.to_duration(),
    };
    let finished = subprocess::run(helper, &context.locks).map_err(|trouble| in_words(&about, &trouble, limit))?;
    if finished.end != End::Status(0) {
        return Err(failed(&about, &finished));
    }
    let mut answer: Value = serde_json::from_slice(&finished.stdout).unwrap_or_default();
    let read = credentials(&answer, &about);
    wipe(&mut answer);
    let mut credentials = read?;
    if credentials.account_id.is_none() {
        let own = context.set.profile(profile).and_then(|profile| profile.get("aws_account_id"));
        credentials.account_id = own.map(|account| account.text.into_owned());
    }
    Ok(credentials)
}

fn limit(snapshot: &Snapshot) -> Result<Length> {
    match snapshot.text("AWS_AUTH_PROCESS_TIMEOUT")? {
        None => Ok(DEFAULT_TIME_LIMIT),
        Some(text) => Length::parse(text)
            .filter(|limit| (Length::seconds(1)..=Length::hours(1)).contains(limit))
            .ok_or_else(|| {
                Error::new(format!("AWS_AUTH_PROCESS_TIMEOUT is '{text}'")).advise("write a time from 1s to 1h: 90, 5m")
            }),
    }
}

fn in_words(about: &str, trouble: &Trouble, limit: Length) -> Error {
    match trouble {
        Trouble::NotStarted(error) => Error::new(format!("{about} cannot be run ({})", io_words(error)))
            .advise("it is run without a shell: write a program's full path, or sh -c '...'"),
        Trouble::Lost(error) => Error::new(format!("{about} was lost ({})", io_words(error))).advise("try again"),
        Trouble::TooSlow => Error::new(format!("{about} did not finish within {limit} and was stopped"))
            .advise("run it by hand to see what it waits for; AWS_AUTH_PROCESS_TIMEOUT gives it more time"),
        Trouble::TooMuch => Error::new(format!("{about} printed too much and was stopped"))
            .advise("run it by hand; it must print one JSON object"),
        Trouble::NoTerminal => Error::new(format!("{about} needs the terminal, which another job is using"))
            .advise("run the command in the foreground"),
    }
}

/// The error for a command that failed. It shows the command's stderr, but never its stdout, which may hold keys.
fn failed(about: &str, finished: &Finished) -> Error {
    let how = match finished.end {
        End::Status(status) => format!("exit status {status}"),
        End::Signal(signal) => format!("signal {signal}"),
    };
    let words = some_words(&String::from_utf8_lossy(&finished.stderr));
    if words.is_empty() {
        Error::new(format!("{about} failed ({how}) and printed no error message")).advise("run it by hand to see why")
    } else {
        Error::new(format!("{about} failed ({how})")).quote(words)
    }
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
