//! The long-term keys that a profile begins with, for the actions that change them or the MFA device of their user.

use crate::arn::Serial;
use crate::config::profiles::{DEFAULT_PROFILE, Profile, ProfileSet};
use crate::config::value::{FileKind, Location};
use crate::error::{Error, Result};
use crate::plan::base::Base;
use crate::plan::chain::ChainBase;
use crate::plan::endpoints::{Service, Sts};
use crate::plan::missing::missing_profile;
use crate::plan::model::{Acquisition, Session};
use crate::plan::origin::{Origin, Sourced};
use crate::plan::{base, chain};
use crate::region::Region;
use crate::request::Request;
use crate::time::Length;

/// The length of an MFA session that a rotation makes. It is kept, so it is as long as that of any other run.
const SESSION_LENGTH: Length = Length::hours(12);

/// The long-term keys of a profile.
pub struct LongTerm {
    /// The plan whose result are the keys themselves: no role, no MFA session.
    pub plan: Acquisition,
    /// Their id.
    pub access_key_id: String,
    /// The service that changes them.
    pub iam: Service,
    /// The profiles that begin with these keys, in the order of the files, those that have no other settings too.
    pub profiles: Vec<Over>,
}

/// A profile that begins with the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Over {
    /// Its name.
    pub name: String,
    /// Its own `mfa_serial` and the line, also one that is still a placeholder.
    pub serial: Option<(String, Location)>,
}

impl LongTerm {
    /// The keys of the profile that was asked for. An MFA serial that is not usable is no error.
    ///
    /// # Errors
    /// Returns an error if there is no such profile, or if it begins with anything but long-term keys of its own.
    pub fn of_request(set: &ProfileSet<'_>, request: &Request<'_>) -> Result<Self> {
        let profile = match &request.profile {
            Some(chosen) => set.profile(&chosen.name).ok_or_else(|| missing_profile(set, chosen))?,
            None if base::of_environment(request).is_some() => return Err(in_environment()),
            None => set.profile(DEFAULT_PROFILE).ok_or_else(|| {
                Error::new("there is no profile with long-term keys").advise("name one with -p or AWS_PROFILE")
            })?,
        };
        let base = base_of(set, request, &profile)?;
        let Some(access_key_id) = base.long_term_key().map(String::from) else { return Err(not_ours(set, &base)) };
        if matches!(base, Base::Environment { .. }) {
            return Err(in_environment());
        }
        let base_profile = base.profile().and_then(|name| set.profile(name));
        let nearest = |key: &str| profile.get(key).or_else(|| base_profile.as_ref()?.get(key));
        let mfa_process = crate::plan::resolve::mfa_process_asked(request).or_else(|| {
            let value = nearest("mfa_process")?;
            Some(Sourced { value: value.text.into_owned(), origin: Origin::File(value.at) })
        });
        let region = match nearest("region").filter(|value| !value.text.is_empty()) {
            Some(value) => Some(Sourced {
                value: Region::parse(&value.text, set.place_if_needed(value.at))?,
                origin: Origin::File(value.at),
            }),
            None => None,
        };
        let profiles = over(set, request, &base);
        let chosen = profiles.iter().find(|over| over.name == profile.name);
        let partition = chosen.into_iter().chain(&profiles).find_map(|over| {
            let (text, _) = over.serial.as_ref()?;
            text.strip_prefix("arn:")?.split(':').next().map(String::from)
        });
        let sts = Sts::new(set, Some(&profile), request, region.clone(), partition.as_deref())?;
        // IAM is one service for all regions of a partition, and is called in the region that stands for it.
        let of_partition = Region::default_of(sts.region.value.partition());
        let iam = Service::new(set, Some(&profile), request, ("IAM", "iam"), of_partition)?;
        let plan = Acquisition {
            profile: Some(profile.name.clone()),
            base,
            session: None,
            roles: Vec::new(),
            if_temporary: None,
            sts,
            mfa_process,
            region,
            command_region: None,
            variables: Vec::new(),
            private_config: None,
            guard: None,
        };
        Ok(Self { plan, access_key_id, iam, profiles })
    }

    /// The MFA device of these keys' user that the files name: that of the chosen profile, else of the profile with the
    /// keys, else of any other one over them. Placeholders and security keys are passed over.
    pub fn device(&self) -> Option<Sourced<Serial>> {
        let rank = |over: &&Over| {
            let is = |name: Option<&str>| name == Some(over.name.as_str());
            u8::from(!is(self.plan.profile.as_deref())) + u8::from(!is(self.plan.base.profile()))
        };
        let mut profiles: Vec<&Over> = self.profiles.iter().collect();
        profiles.sort_by_key(rank);
        profiles.into_iter().find_map(|over| {
            let (text, at) = over.serial.as_ref()?;
            let value = Serial::parse(text.trim(), "").ok()?;
            Some(Sourced { value, origin: Origin::File(*at) })
        })
    }

    /// The plan for an MFA session of this device, which is kept unless the request says otherwise.
    #[must_use]
    pub fn with_session(&self, serial: Sourced<Serial>, kept: bool) -> Acquisition {
        let session = Session { serial, others: Vec::new(), length: SESSION_LENGTH, kept };
        Acquisition { session: Some(session), ..self.plan.clone() }
    }
}

/// The base of this profile's chain. Roles and their serials are not looked at.
fn base_of(set: &ProfileSet<'_>, request: &Request<'_>, profile: &Profile<'_>) -> Result<Base> {
    let walk = chain::walk(set, profile);
    match walk.end? {
        ChainBase::Profile(source) => base::of_profile(set, request, &source, profile)?.ok_or_else(|| {
            Error::new(format!("profile '{}' names no long-term keys", source.name))
                .advise("name a profile whose keys are in one of the two files, or in a store of aws-auth")
        }),
        ChainBase::Source { source, profile: named_by, at } => {
            base::of_credential_source(set, request, profile, (&source, &named_by, at))
        }
    }
}

/// The profiles that begin with these keys.
fn over(set: &ProfileSet<'_>, request: &Request<'_>, base: &Base) -> Vec<Over> {
    let is_over = |profile: &Profile<'_>| {
        base_of(set, request, profile).is_ok_and(|other| other.long_term_key() == base.long_term_key())
    };
    let profiles = set.names().into_iter().filter_map(|name| set.profile(&name)).filter(is_over);
    let over = profiles.map(|profile| {
        let serial = profile.get("mfa_serial").map(|value| (value.text.into_owned(), value.at));
        Over { name: profile.name, serial }
    });
    over.collect()
}

fn in_environment() -> Error {
    Error::new("the keys are in the environment, where they cannot be replaced")
        .advise("name the profile that holds them with -p or AWS_PROFILE")
}

/// The error for a base that is no key pair of the two files or of a store.
fn not_ours(set: &ProfileSet<'_>, base: &Base) -> Error {
    let about = match (base, base.named()) {
        (Base::Static { profile, at, .. }, _) => format!("{}: profile '{profile}'", set.place(*at)),
        (_, Some(named)) => match named.at {
            Some(at) => format!("{}: profile '{}'", set.place(at), named.profile),
            None => format!("profile '{}'", named.profile),
        },
        _ => return Error::new("there are no long-term keys").advise("name a profile with -p or AWS_PROFILE"),
    };
    match base {
        Base::Static { .. } => Error::new(format!("{about} holds temporary keys"))
            .advise("their session token makes them temporary; name the profile with the long-term keys"),
        Base::Process { .. } => Error::new(format!("{about} gets its keys from another program"))
            .advise("rotate them with that program, or move them to a store of aws-auth with --store-keys"),
        _ => Error::new(format!("{about} has no long-term keys, but temporary ones of another service"))
            .advise("only an IAM user's keys can be replaced, and only such a user needs a device here"),
    }
}

/// Where an access key id stands in a file: the sections that hold it themselves.
pub fn sections_with(
    set: &ProfileSet<'_>,
    file: FileKind,
    access_key_id: &str,
) -> Vec<crate::config::section_name::SectionName> {
    let holds = |values: &std::collections::BTreeMap<_, std::borrow::Cow<'_, str>>| {
        values.get("aws_access_key_id").is_some_and(|id| id == access_key_id)
    };
    set.own_values(file).into_iter().filter(|(_, values)| holds(values)).map(|(name, _)| name).collect()
}
