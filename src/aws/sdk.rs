//! The configuration that every client of an AWS SDK is made from.

use std::time::Duration;

use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::SdkConfig;
use aws_types::app_name::AppName;
use aws_types::region::Region;
use aws_types::sdk_config::{RetryConfig, SharedHttpClient, TimeoutConfig};

use crate::aws::http::{LIMITS, Limits, Route};
use crate::error::Result;
use crate::plan::endpoints::{Service, Sts};

/// Whether a call that failed is made again.
///
/// A server that closes the connection, or answers with trouble, may have carried out the call all the same. For most
/// calls that does no harm: assuming a role twice gives two sets of credentials. An MFA code, an authorization code or
/// a refresh token is spent by the first call that arrives, and the second one is refused, which would hide the error
/// of the first and may end the session that the token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retries {
    /// Three attempts, for calls that may be received twice.
    Safe,
    /// One attempt, for calls that carry something that is good once.
    Never,
}

impl Retries {
    fn config(self) -> RetryConfig {
        match self {
            Self::Safe => RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(200)),
            Self::Never => RetryConfig::disabled(),
        }
    }
}

/// The configuration for a service, with an HTTP client of its own.
///
/// # Errors
/// When the CA bundle or the proxy cannot be used.
pub fn config(service: &Service, retries: Retries) -> Result<SdkConfig> {
    let endpoint = Endpoint {
        region: service.region.as_str(),
        url: service.endpoint.url(),
        fips: service.endpoint.fips,
        dual_stack: service.endpoint.dual_stack,
    };
    Ok(endpoint.config(Route::to_service(service)?.client(), LIMITS, retries))
}

/// The configuration for STS, whose calls of one run share the HTTP client `http`.
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

/// The global endpoint of STS, for the regions that `sts_regional_endpoints = legacy` sends there.
pub const GLOBAL_STS: &str = "https://sts.amazonaws.com";

/// Where a service is called: at `url`, else where the SDK's rules find it.
struct Endpoint<'a> {
    region: &'a str,
    url: Option<&'a str>,
    fips: bool,
    dual_stack: bool,
}

impl Endpoint<'_> {
    fn config(&self, http: SharedHttpClient, limits: Limits, retries: Retries) -> SdkConfig {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(limits.connect)
            .operation_attempt_timeout(limits.attempt)
            .operation_timeout(limits.whole)
            .build();
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .retry_config(retries.config())
            .timeout_config(timeouts)
            .region(Region::new(self.region.to_owned()));
        config.set_app_name(AppName::new(concat!("aws-auth-", env!("CARGO_PKG_VERSION"))).ok());
        match self.url {
            // The rules refuse an endpoint together with a switch that would choose another one.
            Some(url) => config.endpoint_url(url).build(),
            None => config.use_fips(self.fips).use_dual_stack(self.dual_stack).build(),
        }
    }
}
