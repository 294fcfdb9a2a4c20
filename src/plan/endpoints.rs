//! Where STS is called (SEMANTICS, "STS").

use crate::config::profiles::{Profile, ProfileSet};
use crate::error::{Error, Result};
use crate::plan::origin::{Origin, Region};
use crate::plan::proxy::{Proxy, is_url, proxy};
use crate::region::{default_region, partition_of};
use crate::request::Request;

/// The STS that is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sts {
    /// The region of the endpoint and of the signature.
    pub region: Region,
    /// An endpoint that somebody configured, and where; else the SDK's rules decide.
    pub url: Option<(String, Origin)>,
    /// sts.amazonaws.com instead of the region's endpoint, for regions that have the choice.
    pub global: bool,
    /// The FIPS endpoint.
    pub fips: bool,
    /// The dual-stack endpoint.
    pub dual_stack: bool,
    /// A PEM file of certificates to trust instead of the system's.
    pub ca_bundle: Option<String>,
    /// The proxy that the environment names for the endpoint's scheme.
    pub proxy: Option<Proxy>,
}

/// The regions that `sts_regional_endpoints = legacy` sends to sts.amazonaws.com.
const LEGACY_GLOBAL: [&str; 16] = [
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "aws-global",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The domains of AWS's own endpoints, partition by partition.
const OWN: [&str; 13] = [
    "amazonaws.com",
    "api.aws",
    "amazonaws.com.cn",
    "api.amazonwebservices.com.cn",
    "amazonaws.eu",
    "api.amazonwebservices.eu",
    "c2s.ic.gov",
    "api.aws.ic.gov",
    "sc2s.sgov.gov",
    "api.aws.scloud",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
    "api.aws.hci.ic.gov",
];

impl Sts {
    /// Decides for `profile`; `found` is the region that it or a source names, `partition` the one of the first role or
    /// serial.
    pub(crate) fn new(
        set: &ProfileSet<'_>,
        profile: Option<&Profile<'_>>,
        request: &Request<'_>,
        found: Option<Region>,
        partition: Option<&str>,
    ) -> Result<Self> {
        let mut url = configured_url(set, profile, request, "sts")?;
        let region = match region_asked(request)?.or(found) {
            Some(region) => region,
            None => Region { name: default_region(partition.unwrap_or("aws")).to_owned(), origin: Origin::Guess },
        };
        let setting = |variable, key| setting(profile, request, variable, key);
        let on = |variable, key| switched_on(profile, request, variable, key);
        let fips = on("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?;
        let dual_stack = on("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?;
        let legacy = setting("AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints")?
            .is_some_and(|value| value.eq_ignore_ascii_case("legacy"));
        let global = url.is_none()
            && !fips
            && !dual_stack
            && (region.name == "aws-global" || legacy && LEGACY_GLOBAL.contains(&region.name.as_str()));
        if let Some((text, _)) = &mut url {
            text.truncate(text.trim_end_matches('/').len());
        }
        let ca_bundle = setting("AWS_CA_BUNDLE", "ca_bundle")?;
        let plain = url.as_ref().is_some_and(|(url, _)| url.starts_with("http://"));
        let proxy = proxy(request, plain)?;
        Ok(Self { region, url, global, fips, dual_stack, ca_bundle, proxy })
    }

    /// What tells this STS from another one whose sessions and roles are not the same: the configured endpoint, else
    /// the partition, for a session of one region's STS is good in all of it (but tokens of the global endpoint are
    /// not good in opt-in regions).
    pub fn identity(&self) -> &str {
        match &self.url {
            Some((url, _)) => url,
            None if self.global => "sts.amazonaws.com",
            None => partition_of(&self.region.name),
        }
    }

    /// The endpoint, when it is not AWS's own: then the prompt names it.
    pub fn foreign(&self) -> Option<&str> {
        let (url, _) = self.url.as_ref()?;
        let host = host(url);
        let own = url.starts_with("https://")
            && OWN.iter().any(|own| host.strip_suffix(own).is_some_and(|rest| rest.ends_with('.')));
        (!own).then_some(url)
    }

    /// Whether secrets would cross a network in clear: plain http to anything but this machine and the link-local
    /// addresses of containers and instances.
    pub fn in_clear(&self) -> Option<&str> {
        self.url.as_ref().and_then(|(url, _)| in_clear(url))
    }
}

/// Another service than STS that credentials or their tokens come from, in a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name in messages.
    pub name: &'static str,
    /// The region of its endpoint.
    pub region: String,
    /// An endpoint that somebody configured, and where; else the SDK's rules decide.
    pub url: Option<(String, Origin)>,
    /// The FIPS endpoint.
    pub fips: bool,
    /// The dual-stack endpoint.
    pub dual_stack: bool,
    /// A PEM file of certificates to trust instead of the system's.
    pub ca_bundle: Option<String>,
    /// The proxy that the environment names for the endpoint's scheme.
    pub proxy: Option<Proxy>,
}

impl Service {
    /// The console's sign-in, which gives a link for credentials; `profile` is the one that was chosen.
    ///
    /// # Errors
    /// When a setting of it cannot be read.
    pub fn console(set: &ProfileSet<'_>, profile: Option<&str>, request: &Request<'_>, region: &str) -> Result<Self> {
        let profile = profile.and_then(|name| set.profile(name));
        Self::new(set, profile.as_ref(), request, ("the console's sign-in", "signin"), region)
    }

    /// Decides for `profile`, the one that was chosen; `id` is the service's name in a `services` section.
    pub(crate) fn new(
        set: &ProfileSet<'_>,
        profile: Option<&Profile<'_>>,
        request: &Request<'_>,
        (name, id): (&'static str, &str),
        region: &str,
    ) -> Result<Self> {
        let url = configured_url(set, profile, request, id)?;
        let plain = url.as_ref().is_some_and(|(url, _)| url.starts_with("http://"));
        Ok(Self {
            name,
            region: region.to_owned(),
            url: url.map(|(url, origin)| (url.trim_end_matches('/').to_owned(), origin)),
            fips: switched_on(profile, request, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?,
            dual_stack: switched_on(profile, request, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?,
            ca_bundle: setting(profile, request, "AWS_CA_BUNDLE", "ca_bundle")?,
            proxy: proxy(request, plain)?,
        })
    }

    /// Whether secrets would cross a network in clear.
    pub fn in_clear(&self) -> Option<&str> {
        self.url.as_ref().and_then(|(url, _)| in_clear(url))
    }

    /// The name and where it is called, for messages.
    pub fn place(&self) -> String {
        match &self.url {
            Some((url, _)) => format!("{} at {url}", self.name),
            None => format!("{} in {}", self.name, self.region),
        }
    }
}

/// A setting that an environment variable and a key of the chosen profile give; the variable wins.
pub(crate) fn setting(
    profile: Option<&Profile<'_>>,
    request: &Request<'_>,
    variable: &str,
    key: &str,
) -> Result<Option<String>> {
    Ok(match request.variables.text(variable)? {
        Some(value) => Some(value.to_owned()),
        None => profile.and_then(|profile| profile.get(key)).map(|value| value.text.into_owned()),
    })
}

/// Whether such a setting is `true`.
pub(crate) fn switched_on(
    profile: Option<&Profile<'_>>,
    request: &Request<'_>,
    variable: &str,
    key: &str,
) -> Result<bool> {
    Ok(setting(profile, request, variable, key)?.is_some_and(|value| value.eq_ignore_ascii_case("true")))
}

/// The URL, when it is plain http to anything but this machine and its own link-local addresses.
fn in_clear(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    (!is_local(authority)).then_some(url)
}

/// The host of a URL, an IPv6 address without its brackets.
pub(crate) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    host_of(rest.split(['/', '?', '#']).next().unwrap_or_default())
}

fn host_of(authority: &str) -> &str {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Whether the host of an authority is loopback, or a link-local address that serves credentials.
pub fn is_local(authority: &str) -> bool {
    let host = host_of(authority);
    let link_local = ["169.254.170.2", "169.254.170.23", "169.254.169.254", "fd00:ec2::23", "fd00:ec2::254"];
    host.eq_ignore_ascii_case("localhost")
        || link_local.contains(&host)
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The region that the command line or the environment asks for.
fn region_asked(request: &Request<'_>) -> Result<Option<Region>> {
    if let Some(region) = &request.region {
        return Ok(Some(Region { name: region.clone(), origin: Origin::Option("--region") }));
    }
    for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        if let Some(region) = request.variables.text(variable)? {
            crate::region::check_region(region, variable)?;
            return Ok(Some(Region { name: region.to_owned(), origin: Origin::Variable(variable) }));
        }
    }
    Ok(None)
}

/// AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's `services` section, its `endpoint_url`.
fn configured_url(
    set: &ProfileSet<'_>,
    profile: Option<&Profile<'_>>,
    request: &Request<'_>,
    service: &str,
) -> Result<Option<(String, Origin)>> {
    let ignored = match request.variables.aws_switch("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
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
        _ => "AWS_ENDPOINT_URL_STS",
    };
    for variable in [own, "AWS_ENDPOINT_URL"] {
        if let Some(url) = request.variables.text(variable)? {
            found = Some((url.to_owned(), Origin::Variable(variable)));
            break;
        }
    }
    if let (None, Some(profile)) = (&found, profile) {
        found = crate::plan::settings::service_urls(set, profile)?
            .into_iter()
            .find(|(named, _)| named == service)
            .map(|(_, value)| value)
            .or_else(|| profile.get("endpoint_url"))
            .map(|value| (value.text.into_owned(), Origin::File(value.at)));
    }
    match found {
        Some((url, origin)) if !is_url(&url) => {
            Err(Error::new(format!("the endpoint '{url}' ({}) is not a URL", origin.text(set)))
                .advise("write it as https://HOST or https://HOST:PORT (or with http://)"))
        }
        other => Ok(other),
    }
}
