//! The SDK configuration, from which every client is made.

use std::time::Duration;

use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::SdkConfig;
use aws_types::app_name::AppName;
use aws_types::region::Region;
use aws_types::sdk_config::{RetryConfig, SharedHttpClient, TimeoutConfig};

use crate::aws::http::{self, LIMITS, Limits, Route};
use crate::error::{Error, Result};
use crate::plan::endpoints::{Service, Sts};

/// Whether a failed call is retried.
///
/// A server that closes the connection or answers with an error may still have carried out the call. For most calls a
/// retry does no harm: assuming a role twice gives two sets of credentials. But an MFA code, an authorization code or a
/// refresh token is spent by the first call that arrives. A second call is refused, which hides the error of the first
/// one and may end the session that the token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retries {
    /// Up to three attempts, for calls that the service may receive twice.
    Safe,
    /// One attempt, for calls that send something that works only once.
    Never,
}

impl Retries {
    /// The SDK's configuration of retries.
    pub(crate) fn config(self) -> RetryConfig {
        match self {
            // A fuzz target tries a thousand answers a second; the second attempt would get the same one.
            Self::Safe if cfg!(fuzzing) => RetryConfig::disabled(),
            Self::Safe => RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(200)),
            Self::Never => RetryConfig::disabled(),
        }
    }
}

/// The configuration for a service, with its own HTTP client.
///
/// # Errors
/// Returns an error if the CA bundle or the proxy cannot be used.
pub fn config(service: &Service, retries: Retries) -> Result<SdkConfig> {
    let endpoint = Endpoint {
        region: service.region.as_str(),
        url: service.endpoint.url(),
        fips: service.endpoint.fips,
        dual_stack: service.endpoint.dual_stack,
    };
    Ok(endpoint.config(Route::to_service(service)?.client(), LIMITS, retries))
}

/// The URL of a service, for a sign-in page, which is not an operation of the SDK. `rules` gives that of the SDK's rules,
/// and `key` is the setting that says the region.
///
/// # Errors
/// Returns an error if the rules have no endpoint for the region and the switches.
pub fn address(
    service: &Service,
    key: &str,
    rules: impl AsyncFnOnce() -> Option<aws_smithy_types::endpoint::Endpoint>,
) -> Result<String> {
    if let Some(url) = service.endpoint.url() {
        return Ok(url.to_owned());
    }
    let unknown = || {
        Error::new(format!("there is no {} in {}", service.name, service.region))
            .advise(format!("check {key}, use_fips_endpoint and use_dualstack_endpoint"))
    };
    let endpoint = http::runtime().ok().and_then(|runtime| runtime.block_on(rules())).ok_or_else(unknown)?;
    Ok(endpoint.url().trim_end_matches('/').to_owned())
}

/// The configuration for STS. All STS calls of a run share the HTTP client `http`.
pub fn sts_config(sts: &Sts, http: SharedHttpClient, limits: Limits, retries: Retries) -> SdkConfig {
    let configured = sts.endpoint.url();
    let endpoint = Endpoint {
        region: if sts.global { "us-east-1" } else { sts.region.value.as_str() },
        url: configured.or(sts.global.then_some(GLOBAL_STS)),
        fips: sts.endpoint.fips,
        dual_stack: sts.endpoint.dual_stack,
    };
    endpoint.config(http, limits, retries)
}

/// The global STS endpoint, which some regions use with `sts_regional_endpoints = legacy`.
pub const GLOBAL_STS: &str = "https://sts.amazonaws.com";

/// The SDK's configuration of time limits.
pub(crate) fn timeouts(limits: Limits) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(limits.connect)
        .operation_attempt_timeout(limits.attempt)
        .operation_timeout(limits.whole)
        .build()
}

/// Where a service is called: at `url`, or else at the endpoint that the SDK's rules choose.
struct Endpoint<'a> {
    region: &'a str,
    url: Option<&'a str>,
    fips: bool,
    dual_stack: bool,
}

impl Endpoint<'_> {
    fn config(&self, http: SharedHttpClient, limits: Limits, retries: Retries) -> SdkConfig {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .retry_config(retries.config())
            .timeout_config(timeouts(limits))
            .region(Region::new(self.region.to_owned()));
        config.set_app_name(AppName::new(concat!("aws-auth-", env!("CARGO_PKG_VERSION"))).ok());
        match self.url {
            // The SDK's rules refuse a URL together with the FIPS or dual-stack switch.
            Some(url) => config.endpoint_url(url).build(),
            None => config.use_fips(self.fips).use_dual_stack(self.dual_stack).build(),
        }
    }
}
