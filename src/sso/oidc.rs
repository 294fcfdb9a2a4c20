//! The OIDC service of IAM Identity Center: how it is called, and what its refusals say.

use aws_sdk_ssooidc::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_sdk_ssooidc::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::aws::network_errors::failure;
use crate::aws::sdk::Retries;
use crate::aws::{http, sdk};
use crate::error::{Error, Result};
use crate::plan::endpoints::Service;
use crate::text::escape::some_words;

/// The client. Its calls carry codes and refresh tokens.
///
/// # Errors
/// When the CA bundle or the proxy cannot be used.
pub fn client(oidc: &Service) -> Result<aws_sdk_ssooidc::Client> {
    Ok(aws_sdk_ssooidc::Client::new(&sdk::config(oidc, Retries::Never)?))
}

/// The address of the service, for the page that no operation of the SDK stands for.
///
/// # Errors
/// When the SDK's rules know none.
pub fn address(oidc: &Service) -> Result<String> {
    if let Some(url) = oidc.endpoint.url() {
        return Ok(url.to_owned());
    }
    let params = Params::builder()
        .region(oidc.region.as_str())
        .use_fips(oidc.endpoint.fips)
        .use_dual_stack(oidc.endpoint.dual_stack)
        .build()
        .ok();
    let endpoint = params.as_ref().and_then(|params| {
        let rules = DefaultResolver::new();
        http::runtime().ok()?.block_on(rules.resolve_endpoint(params)).ok()
    });
    let unknown = || {
        Error::new(format!("there is no {} in {}", oidc.name, oidc.region))
            .advise("check sso_region, use_fips_endpoint and use_dualstack_endpoint")
    };
    Ok(endpoint.ok_or_else(unknown)?.url().trim_end_matches('/').to_owned())
}

/// An answer that is an error of the service.
pub struct Refusal {
    /// Its name, as AWS's services have it.
    code: String,
    /// Its name in OAuth, which the answer's body has too.
    oauth: String,
    /// What it says.
    words: String,
    status: u16,
}

impl Refusal {
    /// `Err` when nobody answered, or not as the service does.
    pub fn of<E>(oidc: &Service, error: &SdkError<E, HttpResponse>) -> Result<Self>
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let SdkError::ServiceError(refusal) = error else {
            return Err(failure(oidc.name, &oidc.place(), error));
        };
        let body: serde_json::Value =
            refusal.raw().body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(|value| value.as_str()).map(some_words);
        let oauth = text("error").unwrap_or_default();
        let Some(code) = refusal.err().code().map(some_words).or_else(|| text("error")) else {
            return Err(failure(oidc.name, &oidc.place(), error));
        };
        let words = text("error_description").or_else(|| refusal.err().message().map(some_words)).unwrap_or_default();
        Ok(Self { code, oauth, words, status: refusal.raw().status().as_u16() })
    }

    /// Whether it is this one, by either of its names.
    pub fn is(&self, code: &str, oauth: &str) -> bool {
        self.code == code || self.oauth == oauth
    }

    /// Whether the registration is the trouble: it was taken back, or is another region's.
    pub fn of_client(&self) -> bool {
        self.is("InvalidClientException", "invalid_client")
    }

    /// A server in trouble says nothing about the request.
    pub fn is_trouble(&self) -> bool {
        self.status >= 500
    }

    /// Its words, and what to do.
    pub fn error(&self, oidc: &Service, advice: &str) -> Error {
        let colon = if self.words.is_empty() { "" } else { ": " };
        let said = Error::new(format!("{} says {}{colon}{}", oidc.place(), self.code, self.words));
        match self.status {
            429 => said.advise("too many calls at once; try again in a moment"),
            500.. => said.advise("the service is having trouble; try again in a moment"),
            _ => said.advise(advice),
        }
    }
}
