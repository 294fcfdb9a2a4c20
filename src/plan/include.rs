//! Profiles that include others: what is wrong with that, and which keys came from where (docs/profiles.md, "Included
//! profiles").

use crate::config::included::Problem;
use crate::config::profiles::{Profile, ProfileSet};
use crate::config::value::Location;
use crate::error::{Error, Result};
use crate::plan::missing::missing_profile;
use crate::request::profile::Chosen;

/// A profile that another one includes.
pub struct Inclusion {
    /// Its name.
    pub name: String,
    /// The profile that takes its settings.
    pub by: String,
    /// Its header.
    pub at: Location,
    /// The keys that are taken from it.
    pub keys: Vec<String>,
}

/// The profiles that this one includes, the nearest first.
pub(crate) fn inclusions(profile: &Profile<'_>) -> Vec<Inclusion> {
    let included = profile.included().map(|included| included.profiles.as_slice()).unwrap_or_default();
    let inclusion = |other: &Profile<'_>| {
        let taken = |at: Location, key: &str| profile.get_or_map(key) == Some(at);
        let keys = other.entries().into_iter().filter(|(key, value)| taken(value.at, key));
        Inclusion {
            name: other.name.clone(),
            by: profile.name.clone(),
            at: other.at(),
            keys: keys.map(|(key, _)| key.into_owned()).collect(),
        }
    };
    included.iter().map(inclusion).collect()
}

/// Refuses a profile that includes one that is not there, or itself.
///
/// # Errors
/// Returns an error with the line that names it.
pub(crate) fn check(set: &ProfileSet<'_>, profile: &Profile<'_>) -> Result<()> {
    match profile.included().and_then(|included| included.problem.as_ref()) {
        None => Ok(()),
        Some(Problem::Circle { names, at }) => {
            Err(Error::new(format!("{}: include_profile goes in a circle: {}", set.place(*at), names.join(" -> ")))
                .advise("remove one of these lines"))
        }
        Some(Problem::Missing { by, name, at }) => {
            let missing = missing_profile(set, &Chosen { name: name.clone(), by: "include_profile" });
            let error = Error::new(format!(
                "{}: profile '{by}' has the include_profile '{name}', which does not exist",
                set.place(*at)
            ));
            Err(match missing.advice() {
                Some(advice) => error.advise(advice),
                None => error,
            })
        }
    }
}
