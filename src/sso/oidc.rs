//! The OIDC service of IAM Identity Center: its client, its address, and its errors.

use aws_sdk_ssooidc::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_sdk_ssooidc::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::aws::network_errors::failure;
use crate::aws::sdk;
use crate::aws::sdk::Retries;
use crate::error::{Error, Result};
use crate::plan::endpoints::Service;
use crate::text::escape::some_words;

/// A client without retries, because its calls send codes and refresh tokens that work only once.
///
/// # Errors
/// Returns an error if the CA bundle or the proxy cannot be used.
pub fn client(oidc: &Service) -> Result<aws_sdk_ssooidc::Client> {
    Ok(aws_sdk_ssooidc::Client::new(&sdk::config(oidc, Retries::Never)?))
}

/// The URL of the service, for the sign-in page, which is not an operation of the SDK.
///
/// # Errors
/// Returns an error if the SDK's rules have no endpoint for the region and the switches.
pub fn address(oidc: &Service) -> Result<String> {
    sdk::address(oidc, "sso_region", async || {
        let params = Params::builder()
            .region(oidc.region.as_str())
            .use_fips(oidc.endpoint.fips)
            .use_dual_stack(oidc.endpoint.dual_stack)
            .build();
        DefaultResolver::new().resolve_endpoint(&params.ok()?).await.ok()
    })
}

/// An error answer of the service.
pub struct Refusal {
    /// The AWS name of the error, such as `InvalidClientException`.
    code: String,
    /// The OAuth name of the error, such as `invalid_client`; empty if the body has none.
    oauth: String,
    /// The description of the error; may be empty.
    words: String,
    status: u16,
}

impl Refusal {
    /// Reads the error answer of a failed call.
    ///
    /// # Errors
    /// Returns an error if there was no answer, or if it is not one of the service.
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

    /// Whether it is this error, by its AWS name or its OAuth name.
    pub fn is(&self, code: &str, oauth: &str) -> bool {
        self.code == code || self.oauth == oauth
    }

    /// Whether the client registration is the problem: it was revoked, or it is for another region.
    pub fn of_client(&self) -> bool {
        self.is("InvalidClientException", "invalid_client")
    }

    /// Whether it is an internal error of the server, which tells nothing about the request.
    pub fn is_trouble(&self) -> bool {
        self.status >= 500
    }

    /// The error to show, with `advice` unless the status tells what to do.
    pub fn error(&self, oidc: &Service, advice: &str) -> Error {
        let said = Error::new(format!("{} says {}", oidc.place(), self.code)).quote(self.words.as_str());
        match self.status {
            429 => said.advise("too many calls at once; try again in a moment"),
            500.. => said.advise("the service is having trouble; try again in a moment"),
            _ => said.advise(advice),
        }
    }
}
