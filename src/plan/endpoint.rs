//! How a service is reached: at a configured endpoint, or at the one that the SDK's rules choose for the region
//! (docs/profiles.md, "Endpoints and regions").

use crate::config::profiles::{Profile, ProfileSet};
use crate::error::{Error, Result};
use crate::plan::origin::{Origin, Sourced};
use crate::plan::proxy::{Proxy, proxy};
use crate::plan::settings;
use crate::request::Request;
use crate::text::url::{in_clear, is_url, without_user};

/// How a service is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// The configured endpoint, without a slash at its end; `None` if the SDK's rules choose one. A user and a password
    /// are removed: requests are signed instead, and the AWS CLI does not send them either.
    pub url: Option<Sourced<String>>,
    /// Whether the FIPS endpoint is used.
    pub fips: bool,
    /// Whether the dual-stack endpoint is used.
    pub dual_stack: bool,
    /// A PEM file of certificates to trust instead of the system's.
    pub ca_bundle: Option<String>,
    /// The proxy that the environment names for the endpoint's scheme.
    pub proxy: Option<Proxy>,
}

impl Endpoint {
    /// The endpoint that `profile`, the chosen one, and the environment configure; `id` is the service's name in a
    /// `services` section.
    ///
    /// # Errors
    /// Returns an error if a setting cannot be read, or an endpoint is not a URL.
    pub(crate) fn new(
        set: &ProfileSet<'_>,
        profile: Option<&Profile<'_>>,
        request: &Request<'_>,
        id: &str,
    ) -> Result<Self> {
        let url = configured_url(set, profile, request, id)?;
        let plain = url.as_ref().is_some_and(|url| url.value.starts_with("http://"));
        Ok(Self {
            url,
            fips: switched_on(profile, request, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?,
            dual_stack: switched_on(profile, request, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?,
            ca_bundle: ca_bundle(profile, request)?,
            proxy: proxy(request, plain)?,
        })
    }

    /// The configured endpoint.
    pub fn url(&self) -> Option<&str> {
        self.url.as_ref().map(|url| url.value.as_str())
    }

    /// Whether the service is called over plain http.
    pub fn is_plain(&self) -> bool {
        self.url().is_some_and(|url| url.starts_with("http://"))
    }

    /// The configured endpoint, if secrets would cross a network unencrypted: plain http to any host but this machine
    /// and the link-local addresses of containers and instances.
    pub fn in_clear(&self) -> Option<&str> {
        self.url().and_then(in_clear)
    }
}

/// The certificates to trust: AWS_CA_BUNDLE, else the profile's `ca_bundle`, else REQUESTS_CA_BUNDLE, as in botocore.
fn ca_bundle(profile: Option<&Profile<'_>>, request: &Request<'_>) -> Result<Option<String>> {
    match setting(profile, request, "AWS_CA_BUNDLE", "ca_bundle")? {
        Some(bundle) => Ok(Some(bundle)),
        None => Ok(request.caller.variables.text("REQUESTS_CA_BUNDLE")?.map(String::from)),
    }
}

/// Refuses a value that the AWS CLI refuses, too.
///
/// # Errors
/// Returns an error with the variable, or the file and the line.
pub(crate) fn one_of(
    set: &ProfileSet<'_>,
    profile: Option<&Profile<'_>>,
    request: &Request<'_>,
    (variable, key): (&'static str, &str),
    values: &[&str],
) -> Result<()> {
    let of_profile = || profile.and_then(|profile| profile.get(key));
    let (place, text) = match request.caller.variables.text(variable)? {
        Some(text) => (variable.to_owned(), text.to_owned()),
        None => match of_profile() {
            Some(value) => (format!("{}: {key}", set.place(value.at)), value.text.into_owned()),
            None => return Ok(()),
        },
    };
    if text.is_empty() || values.contains(&text.as_str()) {
        return Ok(());
    }
    let last = values.last().copied().unwrap_or_default();
    let others = values.iter().rev().skip(1).rev().copied().collect::<Vec<_>>().join(", ");
    Err(Error::new(format!("{place} is '{text}'")).advise(format!("write {others} or {last}")))
}

/// A setting that has an environment variable and a key of the chosen profile; the variable wins.
pub(crate) fn setting(
    profile: Option<&Profile<'_>>,
    request: &Request<'_>,
    variable: &str,
    key: &str,
) -> Result<Option<String>> {
    Ok(match request.caller.variables.text(variable)? {
        Some(value) => Some(value.to_owned()),
        None => profile.and_then(|profile| profile.get(key)).map(|value| value.text.into_owned()),
    })
}

/// Whether such a setting is `true`, in upper or lower case.
pub(crate) fn switched_on(
    profile: Option<&Profile<'_>>,
    request: &Request<'_>,
    variable: &str,
    key: &str,
) -> Result<bool> {
    Ok(setting(profile, request, variable, key)?.is_some_and(|value| value.eq_ignore_ascii_case("true")))
}

/// The configured endpoint. The first of these counts: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's
/// `services` section, its `endpoint_url`.
fn configured_url(
    set: &ProfileSet<'_>,
    profile: Option<&Profile<'_>>,
    request: &Request<'_>,
    service: &str,
) -> Result<Option<Sourced<String>>> {
    let ignored = match request.caller.variables.aws_switch("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
        Some(ignored) => ignored,
        None => profile
            .and_then(|profile| profile.get("ignore_configured_endpoint_urls"))
            .is_some_and(|value| value.text.eq_ignore_ascii_case("true")),
    };
    if ignored {
        return Ok(None);
    }
    let mut found = None;
    let own = match service {
        "sso" => "AWS_ENDPOINT_URL_SSO",
        "sso_oidc" => "AWS_ENDPOINT_URL_SSO_OIDC",
        "signin" => "AWS_ENDPOINT_URL_SIGNIN",
        "iam" => "AWS_ENDPOINT_URL_IAM",
        _ => "AWS_ENDPOINT_URL_STS",
    };
    for variable in [own, "AWS_ENDPOINT_URL"] {
        if let Some(url) = request.caller.variables.text(variable)? {
            found = Some(Sourced { value: url.to_owned(), origin: Origin::Variable(variable) });
            break;
        }
    }
    if let (None, Some(profile)) = (&found, profile) {
        found = settings::service_urls(set, profile)?
            .into_iter()
            .find(|(named, _)| named == service)
            .map(|(_, value)| value)
            .or_else(|| profile.get("endpoint_url").filter(|value| !value.text.is_empty()))
            .map(|value| Sourced { value: value.text.into_owned(), origin: Origin::File(value.at) });
    }
    let Some(mut url) = found else { return Ok(None) };
    let sound = is_url(&url.value);
    url.value = without_user(&url.value);
    if !sound {
        return Err(Error::new(format!("the endpoint '{}' ({}) is not a URL", url.value, url.origin.text(set)))
            .advise("write it as https://HOST or https://HOST:PORT (or with http://)"));
    }
    url.value.truncate(url.value.trim_end_matches('/').len());
    Ok(Some(url))
}
