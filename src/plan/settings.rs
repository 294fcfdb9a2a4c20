//! The profile's settings that reach the command as variables. Without AWS_PROFILE, the command would read those of
//! `[default]` (docs/design.md, "The command's environment").

use crate::config::profiles::{Profile, ProfileSet};
use crate::config::value::Value;
use crate::error::{Error, Result};
use crate::request::Request;

/// The keys that have an environment variable.
const CARRIED: [(&str, &str); 8] = [
    ("output", "AWS_DEFAULT_OUTPUT"),
    ("ca_bundle", "AWS_CA_BUNDLE"),
    ("retry_mode", "AWS_RETRY_MODE"),
    ("max_attempts", "AWS_MAX_ATTEMPTS"),
    ("use_fips_endpoint", "AWS_USE_FIPS_ENDPOINT"),
    ("use_dualstack_endpoint", "AWS_USE_DUALSTACK_ENDPOINT"),
    ("sts_regional_endpoints", "AWS_STS_REGIONAL_ENDPOINTS"),
    ("ignore_configured_endpoint_urls", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"),
];

/// The variables that carry the profile's settings, without those that the caller has set.
pub(crate) fn carried(
    set: &ProfileSet<'_>,
    profile: &Profile<'_>,
    request: &Request<'_>,
) -> Result<Vec<(String, String)>> {
    let mut variables = Vec::new();
    for (key, variable) in CARRIED {
        if let Some(value) = profile.get(key)
            && !request.caller.variables.is_set(variable)
        {
            variables.push((variable.to_owned(), value.text.into_owned()));
        }
    }
    // The caller's AWS_ENDPOINT_URL wins over the profile's `services` section, but would lose to a variable for one
    // service. So the section is not carried over.
    if !request.caller.variables.is_set("AWS_ENDPOINT_URL") {
        if let Some(value) = profile.get("endpoint_url") {
            variables.push((String::from("AWS_ENDPOINT_URL"), value.text.into_owned()));
        }
        for (service, value) in service_urls(set, profile)? {
            let variable = format!("AWS_ENDPOINT_URL_{}", service.to_ascii_uppercase());
            if is_name(&variable) && !request.caller.variables.is_set(&variable) {
                variables.push((variable, value.text.into_owned()));
            }
        }
    }
    Ok(variables)
}

/// Whether this is a valid name of a variable. The one for a service named `api-gateway` is not: a shell would read it
/// as something else.
pub fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether a variable holds a setting that profiles have too, such as the region or an endpoint. Credentials are not
/// settings.
pub fn is_setting(name: &str) -> bool {
    ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCOUNT_ID", "AWS_ACCOUNT_ID_ENDPOINT_MODE"].contains(&name)
        || CARRIED.iter().any(|(_, variable)| *variable == name)
        || name.strip_prefix("AWS_ENDPOINT_URL").is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// The `endpoint_url` of each entry of the profile's `services` section, with the service's name as written there.
///
/// # Errors
/// Returns an error if the profile names a section that does not exist. The AWS CLI refuses that too.
pub(crate) fn service_urls<'a>(set: &ProfileSet<'a>, profile: &Profile<'a>) -> Result<Vec<(String, Value<'a>)>> {
    let Some(name) = profile.get("services") else { return Ok(Vec::new()) };
    let Some(section) = set.services(&name.text) else {
        return Err(Error::new(format!("{}: there is no section [services {}]", set.place(name.at), name.text))
            .advise("add that section, or remove the services key from the profile"));
    };
    let mut urls = Vec::new();
    for (service, _) in section.entries() {
        for (key, value) in section.nested(&service)?.unwrap_or_default() {
            if key == "endpoint_url" {
                urls.push((service.to_string(), value));
            }
        }
    }
    Ok(urls)
}
