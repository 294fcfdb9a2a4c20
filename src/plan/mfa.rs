//! Which step carries MFA, and how (docs/design-credentials.md, "One code a day").

use crate::arn::{RoleArn, Serial};
use crate::config::profiles::{Profile, ProfileSet};
use crate::error::{Error, Result};
use crate::plan::base::Base;
use crate::plan::bounding;
use crate::plan::bounds::Bounds;
use crate::plan::model::{Mfa, Role, Session};
use crate::plan::origin::{Origin, Sourced};
use crate::plan::session_name::default_session_name;
use crate::request::Request;
use crate::request::mfa::{SessionLength, session_length};
use crate::time::Length;

/// The length of an MFA session if nothing sets another.
const DEFAULT_SESSION_LENGTH: Length = Length::hours(12);

/// The longest role session that STS gives to temporary credentials.
pub const MAX_CHAINED_LENGTH: Length = Length::hours(1);

/// The MFA session and the roles of a chain, if the keys of the base are long-term keys or not. `links` are the profiles
/// of the roles, in the order in which they are assumed.
pub(crate) fn steps(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    profile: Option<&Profile<'_>>,
    (base, are_long_term): (&Base, bool),
    base_profile: Option<&Profile<'_>>,
    links: &[Profile<'_>],
) -> Result<(Option<Session>, Vec<Role>)> {
    let mut roles = Vec::with_capacity(links.len());
    for (at, link) in links.iter().enumerate() {
        let outermost = at + 1 == links.len() && request.role.arn.is_none();
        roles.push(role(set, link, if outermost { request.role.duration } else { None })?);
    }
    if let Some(arn) = &request.role.arn {
        roles.push(role_of_option(set, request, profile, links.is_empty(), arn)?);
    }
    bounding::bound_last(set, request, profile, &mut roles)?;
    let length = wanted_length(set, request, profile)?;
    // Case 5: temporary keys make no session. A role sends its own serial and a code, as with the AWS
    // CLI.
    let session = if are_long_term { session(set, base_profile, &mut roles, length)? } else { None };
    for role in &mut roles {
        let made_by_session = session
            .as_ref()
            .is_some_and(|session| role.serial.as_ref().is_none_or(|own| own.value == session.serial.value));
        if role.mfa == Mfa::None
            && !made_by_session
            && let Some(own) = &role.serial
        {
            role.mfa = Mfa::Code(own.value.clone());
        }
    }
    for role in &mut roles {
        let device = match &role.mfa {
            Mfa::Code(serial) => Some(serial),
            _ => role.serial.as_ref().or(session.as_ref().map(|session| &session.serial)).map(|serial| &serial.value),
        };
        role.default_session_name = default_session_name(device, request.caller.user.as_deref());
    }
    refuse_long_chains(set, base, &roles)?;
    // No session is made if no role is assumed from it (the only role is assumed directly).
    let session = session.filter(|_| roles.is_empty() || roles.iter().any(|role| role.mfa == Mfa::Session));
    Ok((session, roles))
}

/// Chooses the MFA session over long-term keys, and how the first role carries MFA.
fn session(
    set: &ProfileSet<'_>,
    base_profile: Option<&Profile<'_>>,
    roles: &mut [Role],
    length: SessionLength,
) -> Result<Option<Session>> {
    // Case 4: with a code for each role, a source's serial does not count. It is not read, so a bad one is no error.
    if length == SessionLength::Off && !roles.is_empty() {
        return Ok(None);
    }
    let own = |role: &Role| Some((role.serial.clone()?, role.others.clone()));
    let first_own = roles.first().and_then(own);
    let of_base = match base_profile.filter(|profile| has_serial(profile)) {
        Some(profile) if first_own.is_none() => own_serial(set, profile)?
            .map(|serial| Ok::<_, Error>((serial, other_serials(set, profile)?)))
            .transpose()?,
        _ => None,
    };
    let outer = roles.iter().find_map(own);
    let Some((serial, others)) = first_own.or(of_base).or(outer) else { return Ok(None) };
    match (length, roles.first_mut()) {
        // Case 4: with no role, the session is the result, but it is not kept.
        (SessionLength::Off, _) => Ok(Some(Session { serial, others, length: DEFAULT_SESSION_LENGTH, kept: false })),
        (SessionLength::For(length), None) => Ok(Some(Session { serial, others, length, kept: true })),
        (SessionLength::For(length), Some(first)) => {
            first.shared &= first.serial.is_some();
            // Case 2: STS gives at most an hour to a role that is assumed from temporary credentials.
            first.others.clone_from(&others);
            first.mfa =
                if first.length() > MAX_CHAINED_LENGTH { Mfa::Code(serial.value.clone()) } else { Mfa::Session };
            Ok(Some(Session { serial, others, length, kept: true }))
        }
    }
}

/// The AssumeRole call of one profile. How it carries MFA is decided later.
fn role(set: &ProfileSet<'_>, profile: &Profile<'_>, asked: Option<Length>) -> Result<Role> {
    let Some(arn) = profile.get("role_arn") else {
        return Err(Error::new(format!("{}: profile '{}' has no role_arn", set.place(profile.at()), profile.name)));
    };
    let text = |key: &str| profile.get(key).map(|value| value.text.into_owned());
    let duration = match (asked, profile.get("duration_seconds")) {
        (Some(seconds), _) => Some(seconds),
        (None, None) => None,
        (None, Some(value)) => match value.text.parse::<i64>() {
            Ok(seconds @ 900..=43_200) => Some(Length::seconds(seconds)),
            _ => {
                return Err(Error::new(format!("{}: duration_seconds is '{}'", set.place(value.at), value.text))
                    .advise("write whole seconds from 900 to 43200"));
            }
        },
    };
    Ok(Role {
        profile: profile.name.clone(),
        arn: RoleArn::parse(&arn.text, set.place_if_needed(arn.at))?,
        external_id: text("external_id"),
        // To the AWS CLI an empty name is the same as none, also in its cache key.
        session_name: text("role_session_name").filter(|name| !name.is_empty()),
        default_session_name: None,
        duration,
        serial: own_serial(set, profile)?,
        others: other_serials(set, profile)?,
        bounds: Bounds::of_profile(set, profile)?,
        mfa: Mfa::None,
        // The AWS CLI does not know the settings that a profile includes.
        shared: profile.included().is_none(),
        at: Some(arn.at),
    })
}

/// The AssumeRole call of `--role-arn`. Of the profile's role settings only mfa_serial applies, and only if the role is
/// assumed with the profile's keys.
fn role_of_option(
    set: &ProfileSet<'_>,
    request: &Request<'_>,
    profile: Option<&Profile<'_>>,
    with_keys: bool,
    arn: &RoleArn,
) -> Result<Role> {
    let (serial, others) = match profile {
        Some(profile) if with_keys => (own_serial(set, profile)?, other_serials(set, profile)?),
        _ => (None, Vec::new()),
    };
    Ok(Role {
        profile: profile.map(|profile| profile.name.clone()).unwrap_or_default(),
        arn: arn.clone(),
        external_id: None,
        session_name: None,
        default_session_name: None,
        duration: request.role.duration,
        serial,
        others,
        bounds: None,
        mfa: Mfa::None,
        shared: false,
        at: None,
    })
}

/// Whether a base profile has a serial. An empty one counts as none, since the AWS CLI does not read a base's serial.
fn has_serial(profile: &Profile<'_>) -> bool {
    profile.get("mfa_serial").is_some_and(|value| !value.text.is_empty())
}

fn own_serial(set: &ProfileSet<'_>, profile: &Profile<'_>) -> Result<Option<Sourced<Serial>>> {
    let Some(value) = profile.get("mfa_serial") else { return Ok(None) };
    let serial = Serial::parse(&value.text, set.place_if_needed(value.at))?;
    Ok(Some(Sourced { value: serial, origin: Origin::File(value.at) }))
}

/// The devices of `aws_auth_mfa_serials`, without that of `mfa_serial`.
fn other_serials(set: &ProfileSet<'_>, profile: &Profile<'_>) -> Result<Vec<Serial>> {
    let Some(value) = profile.get("aws_auth_mfa_serials") else { return Ok(Vec::new()) };
    let origin = format!("{}: aws_auth_mfa_serials", set.place(value.at));
    let Some(first) = profile.get("mfa_serial") else {
        return Err(Error::new(format!("{origin}: profile '{}' has no mfa_serial beside it", profile.name))
            .advise("write mfa_serial with the device that is asked for first"));
    };
    let mut serials = Vec::new();
    for word in value.text.split([',', '\n']).map(str::trim).filter(|word| !word.is_empty()) {
        let serial = Serial::parse(word, &origin)?;
        if word != first.text && !serials.contains(&serial) {
            serials.push(serial);
        }
    }
    Ok(serials)
}

/// The session length: from the option, the variable or the profile, else 12 hours.
fn wanted_length(set: &ProfileSet<'_>, request: &Request<'_>, profile: Option<&Profile<'_>>) -> Result<SessionLength> {
    if let Some(length) = request.mfa.session {
        return Ok(length);
    }
    match profile.and_then(|profile| profile.get("mfa_session_duration")) {
        Some(value) => session_length(&value.text, &format!("{}: mfa_session_duration", set.place(value.at))),
        None => Ok(SessionLength::For(DEFAULT_SESSION_LENGTH)),
    }
}

/// Refuses roles of more than an hour from temporary credentials, before a code is asked for.
fn refuse_long_chains(set: &ProfileSet<'_>, base: &Base, roles: &[Role]) -> Result<()> {
    for (at, role) in roles.iter().enumerate() {
        let chained = at > 0 || !base.may_be_long_term();
        if chained && role.length() > MAX_CHAINED_LENGTH {
            return Err(role.too_long(set));
        }
    }
    Ok(())
}

impl Role {
    /// The error for a role of more than an hour that is assumed from temporary credentials.
    pub fn too_long(&self, set: &ProfileSet<'_>) -> Error {
        Error::new(format!(
            "{}: role {} cannot last {}: it is assumed from temporary credentials, which get at most 1h",
            self.at.map_or_else(|| String::from("--role-arn"), |at| set.place(at)),
            self.arn.as_str(),
            self.length().in_full()
        ))
        .advise("ask for 1h or less (--duration, duration_seconds), or let long-term keys assume it directly")
    }
}
