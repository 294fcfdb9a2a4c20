//! The services that are called: STS, and those that give other credentials or tokens (docs/profiles.md, "Endpoints and
//! regions").

use crate::config::profiles::{Profile, ProfileSet};
use crate::error::Result;
use crate::plan::endpoint::{Endpoint, one_of, setting};
use crate::plan::origin::{Origin, Sourced};
use crate::region::Region;
use crate::request::Request;
use crate::text::url::host;

/// The STS that is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sts {
    /// The region of the endpoint and of the signature.
    pub region: Sourced<Region>,
    /// Whether sts.amazonaws.com is called instead of the region's own endpoint.
    pub global: bool,
    /// How the endpoint is reached.
    pub endpoint: Endpoint,
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

/// The domains of AWS's own endpoints, in all partitions.
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
    /// The STS for `profile`; `found` is the region that it or a source sets, `partition` that of the first role, else
    /// of the serial.
    ///
    /// # Errors
    /// Returns an error if a setting cannot be read, or is not a region or URL.
    pub(crate) fn new(
        set: &ProfileSet<'_>,
        profile: Option<&Profile<'_>>,
        request: &Request<'_>,
        found: Option<Sourced<Region>>,
        partition: Option<&str>,
    ) -> Result<Self> {
        let endpoint = Endpoint::new(set, profile, request, "sts")?;
        let regional = ("AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints");
        one_of(set, profile, request, regional, &["regional", "legacy"])?;
        let retries = ("AWS_RETRY_MODE", "retry_mode");
        one_of(set, profile, request, retries, &["legacy", "standard", "adaptive"])?;
        let region = match region_asked(request)?.or(found) {
            Some(region) => region,
            None => Sourced { value: Region::default_of(partition.unwrap_or("aws")), origin: Origin::Partition },
        };
        let legacy = setting(profile, request, "AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints")?
            .is_some_and(|value| value == "legacy");
        let name = region.value.as_str();
        let global = endpoint.url.is_none()
            && !endpoint.fips
            && !endpoint.dual_stack
            && (name == "aws-global" || legacy && LEGACY_GLOBAL.contains(&name));
        Ok(Self { region, global, endpoint })
    }

    /// The name of this STS in cache keys: the configured endpoint, else sts.amazonaws.com if that is called, else the
    /// partition. Credentials from the STS of one region work in all regions of the partition, but those from
    /// sts.amazonaws.com do not work in opt-in regions.
    pub fn identity(&self) -> &str {
        match self.endpoint.url() {
            Some(url) => url,
            None if self.global => "sts.amazonaws.com",
            None => self.region.value.partition(),
        }
    }

    /// The configured endpoint, if it is not AWS's own STS. The prompt names it.
    pub fn foreign(&self) -> Option<&str> {
        let url = self.endpoint.url()?;
        let own = url.starts_with("https://") && is_sts(&host(url).to_ascii_lowercase());
        (!own).then_some(url)
    }
}

/// Whether this is a name of AWS's STS: `sts.REGION` in one of AWS's domains, a VPC endpoint of STS, or
/// sts.amazonaws.com. Other names there may be a customer's: an API, a load balancer, or a bucket named `sts`
/// (sts.s3.amazonaws.com).
fn is_sts(host: &str) -> bool {
    let is_region = |label: &str| Region::parse(label, "").is_ok();
    let is_service = |label: &str| matches!(label, "sts" | "sts-fips");
    host == "sts.amazonaws.com"
        || OWN.iter().any(|own| {
            let Some(labels) = host.strip_suffix(own).and_then(|rest| rest.strip_suffix('.')) else { return false };
            match labels.split('.').collect::<Vec<_>>().as_slice() {
                [service, region] => is_service(service) && is_region(region),
                [id, service, region, "vpce"] => id.starts_with("vpce-") && is_service(service) && is_region(region),
                _ => false,
            }
        })
}

/// A service other than STS that gives credentials or tokens, in one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name in messages.
    pub name: &'static str,
    /// The region of its endpoint.
    pub region: Region,
    /// How the endpoint is reached.
    pub endpoint: Endpoint,
}

impl Service {
    /// The console's sign-in, which makes a link from credentials; `profile` is the chosen one.
    ///
    /// # Errors
    /// Returns an error if one of its settings cannot be read.
    pub fn console(set: &ProfileSet<'_>, profile: Option<&str>, request: &Request<'_>, region: Region) -> Result<Self> {
        let profile = profile.and_then(|name| set.profile(name));
        Self::new(set, profile.as_ref(), request, ("the console's sign-in", "signin"), region)
    }

    /// The service for `profile`, the chosen one; `id` is the service's name in a `services` section.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`Endpoint::new`].
    pub(crate) fn new(
        set: &ProfileSet<'_>,
        profile: Option<&Profile<'_>>,
        request: &Request<'_>,
        (name, id): (&'static str, &str),
        region: Region,
    ) -> Result<Self> {
        Ok(Self { name, region, endpoint: Endpoint::new(set, profile, request, id)? })
    }

    /// The name and where it is called, for messages.
    pub fn place(&self) -> String {
        match self.endpoint.url() {
            Some(url) => format!("{} at {url}", self.name),
            None => format!("{} in {}", self.name, self.region),
        }
    }
}

/// The region that the command line or the environment asks for.
///
/// # Errors
/// Returns an error if a variable holds no region.
pub(crate) fn region_asked(request: &Request<'_>) -> Result<Option<Sourced<Region>>> {
    if let Some(region) = &request.region {
        return Ok(Some(Sourced { value: region.clone(), origin: Origin::Option("--region") }));
    }
    for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        if let Some(region) = request.caller.variables.text(variable)? {
            let value = Region::parse(region, variable)?;
            return Ok(Some(Sourced { value, origin: Origin::Variable(variable) }));
        }
    }
    Ok(None)
}
