//! Who has the keys of a profile, and the person's MFA device.

use crate::acquire::identity::identity;
use crate::acquire::obtain::Obtained;
use crate::actions::credentials;
use crate::actions::register_mfa::device::User;
use crate::actions::setup::device::device;
use crate::actions::setup::own_keys::own_keys;
use crate::actions::setup::run::Run;
use crate::context::Context;
use crate::error::Result;
use crate::plan::long_term::LongTerm;

/// What is known of the user whose keys a profile has.
#[derive(Debug, Default)]
pub(crate) struct Person {
    /// The profile.
    pub(crate) base: String,
    /// The name of the IAM user, and the account; `None` without keys.
    pub(crate) user: Option<(String, String)>,
    /// The serial number of the MFA device; `None` without one.
    pub(crate) serial: Option<String>,
}

/// Goes through the steps about the keys of this profile: the keys, their user, and the user's device.
///
/// # Errors
/// Returns an error if STS or IAM does not accept the keys, or if STS cannot be reached.
pub(crate) fn person(run: &Run<'_>, base: &str) -> Result<Person> {
    let person = Person { base: base.to_owned(), ..Person::default() };
    if !own_keys(run, base)? {
        return Ok(person);
    }
    run.with_files(&run.step_of(base), |context| of_keys(run, person, context))
}

fn of_keys(run: &Run<'_>, person: Person, context: &Context<'_>) -> Result<Person> {
    let keys = LongTerm::of_request(context.set, context.request)?;
    let Obtained { credentials: signer, .. } = credentials::get(context, &keys.plan, None)?;
    let user = User::of(&identity(&keys.plan, &signer, context)?)?;
    run.say(&format!("user: {} in account {}", user.name, user.account));
    let serial = device(run, context, &keys, &signer, &user)?;
    if let Some(serial) = &serial {
        run.say(&format!("MFA device: {}", serial.as_str()));
    }
    let serial = serial.map(|serial| serial.as_str().to_owned());
    Ok(Person { user: Some((user.name, user.account)), serial, ..person })
}
