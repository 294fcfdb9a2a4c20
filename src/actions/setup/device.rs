//! The user's MFA device: the one that IAM knows, or a new one.

use crate::actions::ask::{answered_by_hand, line};
use crate::actions::register_mfa;
use crate::actions::register_mfa::device::User;
use crate::actions::setup::run::Run;
use crate::arn::Serial;
use crate::aws::iam::Client;
use crate::aws::iam_errors::Kind;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::messages::Messages;
use crate::plan::long_term::LongTerm;

/// The device whose codes the user will type; `None` if there is none.
///
/// # Errors
/// Returns an error if IAM does not accept the keys, or if a new device cannot be made.
pub(crate) fn device(
    run: &Run<'_>,
    context: &Context<'_>,
    keys: &LongTerm,
    signer: &Credentials,
    user: &User,
) -> Result<Option<Serial>> {
    // What the files name counts, as long as IAM does not contradict.
    let named = keys.device().map(|device| device.value);
    let all = match Client::new(&keys.iam, &context.locks)?.devices(signer, Some(&user.name)) {
        Ok(all) => all,
        Err(failure) if matches!(failure.kind, Kind::Denied | Kind::NoAnswer) => {
            run.say(&format!("MFA device: IAM does not say which ones {} has", user.name));
            if failure.kind == Kind::NoAnswer {
                context.messages.warn(&failure.error.to_string());
            } else {
                context.messages.step(|| failure.error.to_string());
            }
            return named.map_or_else(|| typed(run, context, user), |serial| Ok(Some(serial)));
        }
        Err(failure) => return Err(failure.error),
    };
    let with_codes: Vec<Serial> = all.iter().filter_map(|serial| Serial::parse(serial, "IAM").ok()).collect();
    match with_codes.as_slice() {
        [] => made(run, context, keys, signer, (user, !all.is_empty())),
        [one] => Ok(Some(one.clone())),
        several => match named.filter(|serial| several.contains(serial)) {
            Some(serial) => Ok(Some(serial)),
            None => chosen(run, context, user, several),
        },
    }
}

/// Makes a device, if the person wants one.
fn made(
    run: &Run<'_>,
    context: &Context<'_>,
    keys: &LongTerm,
    signer: &Credentials,
    (user, has_others): (&User, bool),
) -> Result<Option<Serial>> {
    let what = format!("an MFA device of user {}", user.name);
    let only = if has_others { " that gives codes, only security keys (FIDO)" } else { "" };
    run.say(&format!("MFA device: user {} has none{only}", user.name));
    if run.is_dry() {
        run.say("MFA device: one would be offered");
        return Ok(None);
    }
    if !run.can_ask_for(&what) {
        return Ok(None);
    }
    if answered_by_hand("aws-auth: make a virtual one now, in an authenticator app?", context)? != Some(true) {
        run.skip(&what);
        return Ok(None);
    }
    let serial = register_mfa::made(context, keys, signer, user)?;
    run.note_change();
    Ok(Some(serial))
}

/// Asks which of several devices it is.
fn chosen(run: &Run<'_>, context: &Context<'_>, user: &User, devices: &[Serial]) -> Result<Option<Serial>> {
    run.say(&format!("MFA device: user {} has {}:", user.name, devices.len()));
    for (at, device) in devices.iter().enumerate() {
        run.say(&format!("  {}  {}", at + 1, device.as_str()));
    }
    let what = "which MFA device is used";
    if run.is_dry() || !run.can_ask_for(what) {
        return Ok(None);
    }
    loop {
        let answer = line(&format!("Which one gives your codes? [1-{}] ", devices.len()), context)?;
        if answer.is_empty() {
            run.skip(what);
            return Ok(None);
        }
        let number = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let by_name = || devices.iter().find(|device| device.as_str() == answer || device.user() == Some(&answer));
        if let Some(device) = number.and_then(|at| devices.get(at)).or_else(by_name) {
            return Ok(Some(device.clone()));
        }
        context.messages.insist(&format!("type a number from 1 to {}; Enter leaves this step out", devices.len()));
    }
}

/// Asks for the serial number. The usual one has the user's name.
fn typed(run: &Run<'_>, context: &Context<'_>, user: &User) -> Result<Option<Serial>> {
    let usual = user.serial(&user.name)?;
    if run.is_dry() || !run.can_ask_for(&format!("the serial number of the MFA device of user {}", user.name)) {
        return Ok(None);
    }
    loop {
        let answer = line(&format!("Its serial number, or none [{}]: ", usual.as_str()), context)?;
        match answer.as_str() {
            "" => return Ok(Some(usual)),
            "none" => {
                run.skip("the MFA device");
                return Ok(None);
            }
            text => match Serial::parse(text, "what was typed") {
                Ok(serial) => return Ok(Some(serial)),
                Err(error) => Messages::error(&error, context.snapshot),
            },
        }
    }
}
