//! What a role's call says of its session (docs/bounded.md): the type, and the keys of a profile for its own role.

use crate::bounds::names;
use crate::bounds::policies::SessionPolicies;
use crate::bounds::tags::{self, Tag};
use crate::config::profiles::{Profile, ProfileSet};
use crate::config::value::Value;
use crate::error::Result;
use crate::plan::origin::{Origin, Sourced};
use crate::request::bounds::BoundOptions;

/// What a call says of its session beyond what the AWS CLI's cache key knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The session policies.
    pub policies: Option<Sourced<SessionPolicies>>,
    /// `--session-name`, in the place of the profile's.
    pub session_name: Option<String>,
    /// SourceIdentity.
    pub source_identity: Option<Sourced<String>>,
    /// The session tags, ordered by their keys.
    pub tags: Vec<Sourced<Tag>>,
    /// The keys of the transitive tags, in order.
    pub transitive: Vec<String>,
}

pub(crate) const POLICIES: &str = "aws_auth_policies";
pub(crate) const IDENTITY: &str = "source_identity";
pub(crate) const TAGS: &str = "session_tags";
pub(crate) const TRANSITIVE: &str = "transitive_session_tags";

impl Bounds {
    /// What the keys of a profile say of the session of its own role.
    pub(crate) fn of_profile(set: &ProfileSet<'_>, profile: &Profile<'_>) -> Result<Option<Box<Self>>> {
        let [identity, tags, transitive] = [IDENTITY, TAGS, TRANSITIVE].map(|key| filled(profile, key));
        if identity.is_none() && tags.is_none() && transitive.is_none() {
            return Ok(None);
        }
        let mut bounds = Self::default();
        if let Some(value) = identity {
            let name = names::checked(&value.text, &origin(set, &value, IDENTITY))?;
            bounds.source_identity = Some(Sourced { value: name, origin: Origin::File(value.at) });
        }
        if let Some(value) = &tags {
            for word in words(value) {
                let tag = Tag::parse(word, &origin(set, value, TAGS))?;
                bounds.tags.push(Sourced { value: tag, origin: Origin::File(value.at) });
            }
        }
        if let Some(value) = &transitive {
            for word in words(value) {
                bounds.transitive.push(tags::checked_key(word, &origin(set, value, TRANSITIVE))?);
            }
        }
        let place = tags.as_ref().or(transitive.as_ref()).map(|value| origin(set, value, TAGS));
        bounds.in_order(&place.unwrap_or_default()).map(Some)
    }

    /// Adds the options of this run.
    pub(crate) fn add(&mut self, options: &BoundOptions) {
        self.session_name.clone_from(&options.session_name);
        let sourced =
            |option| if options.by.starts_with("--") { Origin::Option(option) } else { Origin::Variable(options.by) };
        if let Some(name) = &options.source_identity {
            self.source_identity = Some(Sourced { value: name.clone(), origin: sourced("--source-identity") });
        }
        self.tags.retain(|tag| !options.tags.iter().any(|other| other.key.eq_ignore_ascii_case(&tag.value.key)));
        let tags = options.tags.iter().map(|tag| Sourced { value: tag.clone(), origin: sourced("--tag") });
        self.tags.extend(tags);
        self.transitive.extend(options.transitive.iter().cloned());
    }

    /// The same in the one order in which it is sent and kept, checked.
    pub(crate) fn in_order(mut self, origin: &str) -> Result<Box<Self>> {
        self.tags.sort_by(|one, other| one.value.cmp(&other.value));
        self.transitive.sort();
        self.transitive.dedup();
        tags::check_all(self.tags.iter().map(|tag| &tag.value), &self.transitive, origin)?;
        Ok(Box::new(self))
    }
}

/// The value of a key that is not empty.
pub(crate) fn filled<'a>(profile: &Profile<'a>, key: &str) -> Option<Value<'a>> {
    profile.get(key).filter(|value| !value.text.is_empty())
}

/// The place of a value and its key, with which an error begins.
pub(crate) fn origin(set: &ProfileSet<'_>, value: &Value<'_>, key: &str) -> String {
    format!("{}: {key}", set.place(value.at))
}

fn words<'v>(value: &'v Value<'_>) -> impl Iterator<Item = &'v str> {
    value.text.split([',', '\n']).map(str::trim).filter(|word| !word.is_empty())
}
