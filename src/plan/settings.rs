//! The profile's settings that reach the command as variables. Without AWS_PROFILE, the command would read those of
//! `[default]` (docs/design.md, "The command's environment").

use crate::config::profiles::{DEFAULT_PROFILE, Profile, ProfileSet};
use crate::config::value::{FileKind, Value};
use crate::error::{Error, Result};
use crate::request::Request;

/// The keys that have an environment variable, with the name that botocore gives it.
const CARRIED: [(&str, &str); 22] = [
    ("output", "AWS_DEFAULT_OUTPUT"),
    ("ca_bundle", "AWS_CA_BUNDLE"),
    ("ignore_configured_endpoint_urls", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"),
    ("retry_mode", "AWS_RETRY_MODE"),
    ("max_attempts", "AWS_MAX_ATTEMPTS"),
    ("use_fips_endpoint", "AWS_USE_FIPS_ENDPOINT"),
    ("use_dualstack_endpoint", "AWS_USE_DUALSTACK_ENDPOINT"),
    ("sts_regional_endpoints", "AWS_STS_REGIONAL_ENDPOINTS"),
    ("sigv4a_signing_region_set", "AWS_SIGV4A_SIGNING_REGION_SET"),
    ("auth_scheme_preference", "AWS_AUTH_SCHEME_PREFERENCE"),
    ("account_id_endpoint_mode", ACCOUNT_ID_MODE),
    ("request_checksum_calculation", "AWS_REQUEST_CHECKSUM_CALCULATION"),
    ("response_checksum_validation", "AWS_RESPONSE_CHECKSUM_VALIDATION"),
    ("disable_request_compression", "AWS_DISABLE_REQUEST_COMPRESSION"),
    ("request_min_compression_size_bytes", "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES"),
    ("sdk_ua_app_id", "AWS_SDK_UA_APP_ID"),
    ("s3_disable_express_session_auth", "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH"),
    ("disable_host_prefix_injection", "AWS_DISABLE_HOST_PREFIX_INJECTION"),
    ("endpoint_discovery_enabled", "AWS_ENDPOINT_DISCOVERY_ENABLED"),
    ("defaults_mode", "AWS_DEFAULTS_MODE"),
    ("s3_use_arn_region", "AWS_S3_USE_ARN_REGION"),
    ("cli_pager", "AWS_PAGER"),
];

/// The variable for whether SDKs choose endpoints by the account id.
pub const ACCOUNT_ID_MODE: &str = "AWS_ACCOUNT_ID_ENDPOINT_MODE";

/// The keys that lead to credentials or are for aws-auth itself, besides `sso_*` and `aws_auth_*`. Everything else is a
/// setting.
const NO_SETTINGS: [&str; 23] = [
    "aws_access_key_id",
    "aws_account_id",
    "aws_credential_expiration",
    "aws_secret_access_key",
    "aws_security_token",
    "aws_session_token",
    "credential_process",
    "credential_source",
    "duration_seconds",
    "external_id",
    "include_profile",
    "login_session",
    "mfa_process",
    "mfa_serial",
    "mfa_session_duration",
    "role_arn",
    "role_session_name",
    "session_tags",
    "source_identity",
    "source_profile",
    "transitive_session_tags",
    "web_identity_token_file",
    "web_identity_token_process",
];

/// Whether a key of a profile is a setting: it changes how an SDK makes calls, and does not lead to credentials.
pub fn is_setting_key(key: &str) -> bool {
    !NO_SETTINGS.contains(&key) && !["sso_", "aws_auth_"].iter().any(|prefix| key.starts_with(prefix))
}

/// The variable that carries this key; `None` for keys without one, and for endpoints and the region.
pub(crate) fn variable_of(key: &str) -> Option<&'static str> {
    CARRIED.iter().find(|(known, _)| *known == key).map(|(_, variable)| *variable)
}

/// Names and values of variables.
pub(crate) type Variables = Vec<(String, String)>;

/// The variables that carry the profile's settings, without those that the caller has set. An endpoint that is set to
/// nothing, by the profile or the caller, is none: SDKs go on to the next place.
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
    if !request.caller.variables.has_value("AWS_ENDPOINT_URL") {
        if let Some(value) = profile.get("endpoint_url").filter(|value| !value.text.is_empty()) {
            variables.push((String::from("AWS_ENDPOINT_URL"), value.text.into_owned()));
        }
        for (service, value) in service_urls(set, profile)? {
            let variable = endpoint_variable(&service);
            if is_name(&variable) && !request.caller.variables.has_value(&variable) {
                variables.push((variable, value.text.into_owned()));
            }
        }
    }
    if leads_astray(set, profile, &variables, request) {
        // There is no other endpoint that could be missed, so `false` of the profile or the caller does not count.
        variables.retain(|(name, _)| name != IGNORES_ENDPOINTS);
        variables.push((String::from(IGNORES_ENDPOINTS), String::from("true")));
    }
    Ok(variables)
}

/// The variable for the endpoint of one service.
pub(crate) fn endpoint_variable(service: &str) -> String {
    format!("AWS_ENDPOINT_URL_{}", service.to_ascii_uppercase())
}

/// The variable that makes SDKs ignore endpoints in files and variables.
pub(crate) const IGNORES_ENDPOINTS: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";

/// Whether a command with these variables ignores configured endpoints.
pub(crate) fn ignores_endpoints(variables: &[(String, String)], request: &Request<'_>) -> bool {
    let carried = variables.iter().find(|(name, _)| name == IGNORES_ENDPOINTS);
    match carried {
        Some((_, value)) => value.eq_ignore_ascii_case("true"),
        None => request.caller.variables.aws_switch(IGNORES_ENDPOINTS).unwrap_or_default(),
    }
}

/// Whether the endpoint in `[default]` of the credentials file would be used, although neither the profile nor the
/// caller has any. A private config file does not help: the credentials file counts more.
fn leads_astray(
    set: &ProfileSet<'_>,
    profile: &Profile<'_>,
    variables: &[(String, String)],
    request: &Request<'_>,
) -> bool {
    let default = set.profile(DEFAULT_PROFILE).filter(|_| profile.name != DEFAULT_PROFILE);
    let has_one = default.and_then(|default| default.get_in(FileKind::Credentials, "endpoint_url"));
    let is_endpoint = |name: &str| name.starts_with("AWS_ENDPOINT_URL");
    has_one.is_some_and(|value| !value.text.is_empty())
        && !ignores_endpoints(variables, request)
        && !request.caller.variables.any_with_value(is_endpoint)
        && !variables.iter().any(|(name, _)| is_endpoint(name))
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
    ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCOUNT_ID"].contains(&name)
        || CARRIED.iter().any(|(_, variable)| *variable == name)
        || name.strip_prefix("AWS_ENDPOINT_URL").is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// The `endpoint_url` of each entry of the profile's `services` section, if it is not empty, with the service's name as
/// written there.
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
            if key == "endpoint_url" && !value.text.is_empty() {
                urls.push((service.to_string(), value));
            }
        }
    }
    Ok(urls)
}
