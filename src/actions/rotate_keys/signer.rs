//! The credentials that sign the IAM calls of a rotation: the MFA session of the user's device, else the keys themselves.

use crate::acquire::lookup::usable_session;
use crate::acquire::obtain::Obtained;
use crate::actions::credentials;
use crate::arn::Serial;
use crate::aws::iam::Client;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::plan::base::Base;
use crate::plan::long_term::LongTerm;
use crate::plan::origin::{Origin, Sourced};
use crate::request::mfa::SessionLength;
use crate::time::{Length, now};

/// How much a session must have left.
const ENOUGH: Length = Length::minutes(3);

/// The credentials that sign. `old` are keys that the profile had before, whose MFA session may stand.
///
/// # Errors
/// Returns an error if no code can be had, or STS refuses.
pub fn signer(keys: &LongTerm, iam: &Client<'_>, old: &str, context: &Context<'_>) -> Result<Credentials> {
    let plain = || credentials::get(context, &keys.plan, None).map(|Obtained { credentials, .. }| credentials);
    let serial = match keys.device() {
        Some(serial) => serial,
        None => match listed(iam, &plain()?, context) {
            Some(serial) => serial,
            None => return plain(),
        },
    };
    let kept = context.request.mfa.session != Some(SessionLength::Off) && !context.request.cache.off;
    let with_session = keys.with_session(serial, kept);
    let mut before = with_session.clone();
    if let Base::Static { access_key_id, .. } | Base::Stored { access_key_id, .. } = &mut before.base {
        old.clone_into(access_key_id);
    }
    if let Some(session) = &before.session
        && let Some(stored) = usable_session(&before, session, context, now())
        && stored.entry.left(now()) >= ENOUGH
    {
        return Ok(stored.entry.credentials);
    }
    credentials::get(context, &with_session, None).map(|Obtained { credentials, .. }| credentials)
}

/// The only device that IAM lists for the user, if it gives codes. A policy may not allow to list them, and may want no
/// MFA either.
fn listed(iam: &Client<'_>, signer: &Credentials, context: &Context<'_>) -> Option<Sourced<Serial>> {
    context.messages.step(|| String::from("ListMFADevices, because no profile names an MFA device"));
    let devices = iam.devices(signer, None).ok()?;
    let mut serials = devices.iter().filter_map(|device| Serial::parse(device, "IAM").ok());
    serials.next().map(|value| Sourced { value, origin: Origin::Partition })
}
