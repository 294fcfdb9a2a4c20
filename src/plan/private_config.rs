//! Whether a command needs a configuration file of its own (docs/design.md, "The command's environment").
//!
//! Without AWS_PROFILE the command's SDK reads `[default]`. Its settings were written for another account: an endpoint in
//! it would get the signed requests of a role. And settings of the profile that no variable carries would be lost.

use std::borrow::Cow;

use crate::config::profiles::{DEFAULT_PROFILE, Profile, ProfileSet};
use crate::config::value::{FileKind, Location, Value};
use crate::error::Result;
use crate::plan::settings::{endpoint_variable, ignores_endpoints, is_setting_key, service_urls, variable_of};
use crate::request::Request;

/// Why a command needs a configuration file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The setting that makes the difference.
    pub key: String,
    /// Its line.
    pub at: Location,
    /// Whether it is a setting of `[default]` that the profile does not have; otherwise it is one of the profile.
    pub of_default: bool,
    /// Whether no configuration file helps, because the setting is in the credentials file.
    pub is_out_of_reach: bool,
}

impl Reason {
    /// Whether the setting decides which servers are called.
    pub fn is_of_endpoint(&self) -> bool {
        self.of_default && ["endpoint_url", "services", IGNORES_KEY].contains(&self.key.as_str())
    }
}

/// The key that makes SDKs ignore configured endpoints, those of the profile too.
const IGNORES_KEY: &str = "ignore_configured_endpoint_urls";

/// The first setting because of which a command needs a configuration file of its own; `None` if it needs none.
/// `variables` are those that carry the profile's settings, and `has_region` says whether the command gets a region in a
/// variable.
///
/// # Errors
/// Returns an error if a `services` section cannot be read.
pub(crate) fn reason(
    set: &ProfileSet<'_>,
    profile: &Profile<'_>,
    request: &Request<'_>,
    variables: &[(String, String)],
    has_region: bool,
) -> Result<Option<Reason>> {
    // The command reads the section itself, but not what it includes.
    if profile.name == DEFAULT_PROFILE && profile.included().is_none() {
        return Ok(None);
    }
    let Some(default) = set.profile(DEFAULT_PROFILE) else {
        return Ok(own_setting(&profile.entries(), &[]));
    };
    let of_default = default.entries_in(FileKind::Config);
    let own = profile.entries();
    let seen = Seen { set, request, variables, has_region };
    // It counts more than any config file.
    if let Some(value) = default.get_in(FileKind::Credentials, "endpoint_url").filter(|value| !value.text.is_empty())
        && !seen.is_outranked(&default, "endpoint_url")?
    {
        let key = String::from("endpoint_url");
        return Ok(Some(Reason { key, at: value.at, of_default: true, is_out_of_reach: true }));
    }
    for (key, value) in of_default.iter().filter(|(key, _)| is_setting_key(key)) {
        if text(&own, key) != Some(&*value.text) && !seen.is_outranked(&default, key)? {
            return Ok(Some(Reason { key: key.to_string(), at: value.at, of_default: true, is_out_of_reach: false }));
        }
    }
    Ok(own_setting(&own, &of_default))
}

type Entries<'a> = [(Cow<'a, str>, Value<'a>)];

fn text<'e>(entries: &'e Entries<'_>, key: &str) -> Option<&'e str> {
    entries.iter().find(|(known, _)| known == key).map(|(_, value)| &*value.text)
}

/// The first setting of the profile that no variable carries and that `[default]` does not have as well.
fn own_setting(own: &Entries<'_>, of_default: &Entries<'_>) -> Option<Reason> {
    let (key, value) = own.iter().find(|(key, value)| {
        is_setting_key(key)
            && !["region", "endpoint_url", "services"].contains(&&**key)
            // Nested keys fit into no variable.
            && (variable_of(key).is_none() || value.text.starts_with('\n'))
            && text(of_default, key) != Some(&*value.text)
    })?;
    Some(Reason { key: key.to_string(), at: value.at, of_default: false, is_out_of_reach: false })
}

/// The variables that the command sees.
struct Seen<'a> {
    set: &'a ProfileSet<'a>,
    request: &'a Request<'a>,
    variables: &'a [(String, String)],
    has_region: bool,
}

impl Seen<'_> {
    fn has(&self, name: &str) -> bool {
        self.request.caller.variables.is_set(name) || self.variables.iter().any(|(known, _)| known == name)
    }

    /// Whether a variable holds an endpoint. One that is set to nothing holds none.
    fn has_endpoint(&self, name: &str) -> bool {
        self.request.caller.variables.has_value(name) || self.variables.iter().any(|(known, _)| known == name)
    }

    /// Whether a variable counts more than this setting of `[default]`.
    fn is_outranked(&self, default: &Profile<'_>, key: &str) -> Result<bool> {
        let has_endpoint = || ignores_endpoints(self.variables, self.request) || self.has_endpoint("AWS_ENDPOINT_URL");
        Ok(match key {
            "region" => self.has_region,
            "endpoint_url" => has_endpoint(),
            "services" if has_endpoint() => true,
            "services" => {
                // botocore refuses a section that is missing or empty.
                let section = default.get(key).and_then(|name| self.set.services(&name.text));
                section.is_some_and(|section| !section.entries().is_empty())
                    && service_urls(self.set, default)?
                        .iter()
                        .all(|(service, _)| self.has_endpoint(&endpoint_variable(service)))
            }
            key => variable_of(key).is_some_and(|variable| self.has(variable)),
        })
    }
}
