//! `--register-mfa`: the user's virtual MFA device. It is made, drawn on the terminal, enabled with two of its codes, and
//! written into the profiles.

pub mod device;
pub mod serials;

use std::cell::RefCell;

use crate::acquire::identity::identity;
use crate::acquire::obtain::Obtained;
use crate::actions::credentials;
use crate::actions::register_mfa::device::{Maker, User};
use crate::actions::register_mfa::serials::Serials;
use crate::arn::Serial;
use crate::aws::iam::Client;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::messages::{print, wants_colours};
use crate::plan::long_term::LongTerm;
use crate::system::terminal::Terminal;

/// Makes the device of the user whose keys the profile begins with.
///
/// # Errors
/// Returns an error if the profile has no long-term keys, there is no terminal, IAM refuses, or the person gives no codes.
/// It says what is left of the device.
pub fn register_mfa(context: &Context<'_>) -> Result<u8> {
    let keys = LongTerm::of_request(context.set, context.request)?;
    if Terminal::is_missing() && !context.request.keys.dry_run {
        return Err(Error::new("there is no terminal to show the QR code of the device on")
            .advise("run it in a terminal; the secret of the device is shown nowhere else"));
    }
    let Obtained { credentials: signer, .. } = credentials::get(context, &keys.plan, None)?;
    let user = User::of(&identity(&keys.plan, &signer, context)?)?;
    let name = context.request.keys.device_name.as_deref().unwrap_or(&user.name);
    let planned = user.serial(name)?;
    let serials = Serials::of(&keys, context);
    if context.request.keys.dry_run {
        let what = format!("make the MFA device {} for user {}", planned.as_str(), user.name);
        return print(&format!("{what}\n{}", serials.diff(&planned)?));
    }
    serials.check(&planned)?;
    let serial = made(context, &keys, &signer, &user)?;
    serials.write(&serial)?;
    Ok(0)
}

/// Makes and enables a device for the user, and writes it nowhere.
///
/// # Errors
/// Returns an error if there is no terminal, IAM refuses, or the person gives no codes. It says what is left of the
/// device.
pub(crate) fn made(context: &Context<'_>, keys: &LongTerm, signer: &Credentials, user: &User) -> Result<Serial> {
    if let Some(url) = keys.iam.endpoint.in_clear() {
        context.messages.warn(&format!("credentials cross the network unencrypted: the endpoint is {url}"));
    }
    let Some(terminal) = Terminal::open().ok().flatten() else { return Err(Error::new("there is no terminal")) };
    let terminal = terminal.bold(wants_colours(context.snapshot)).deferring_signals();
    let maker =
        Maker { context, iam: Client::new(&keys.iam, &context.locks)?, signer, user, terminal: RefCell::new(terminal) };
    let serial = maker.make(context.request.keys.device_name.as_deref().unwrap_or(&user.name))?;
    context.messages.say(&format!("user {} has the MFA device {} now", user.name, serial.as_str()));
    Ok(serial)
}
