//! The HTTP client for every service, and its time limits.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::TlsContext;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpClient};
use tokio::runtime::Runtime;

use crate::aws::bounded::Bounded;
use crate::aws::dns::SystemResolver;
use crate::aws::tls::trust;
use crate::error::{Error, Result};
use crate::plan::endpoint::Endpoint;
use crate::plan::endpoints::{Service, Sts};
use crate::plan::proxy::Proxy;
use crate::system::held_locks::HeldLocks;
use crate::system::wait::Wait;

/// Time limits for one call.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For making a connection.
    pub connect: Duration,
    /// For one attempt.
    pub attempt: Duration,
    /// For all attempts and the pauses between them.
    pub whole: Duration,
}

/// The limits that every run uses. The one for connecting is the default of the AWS SDKs.
pub const LIMITS: Limits =
    Limits { connect: Duration::from_millis(3100), attempt: Duration::from_secs(10), whole: Duration::from_secs(30) };

/// Makes a tokio runtime that runs on this thread.
///
/// # Errors
/// Returns an error if the system refuses what it needs, such as file descriptors.
pub fn runtime() -> Result<Runtime> {
    enough_files()
        .and_then(|()| tokio::runtime::Builder::new_current_thread().enable_all().build())
        .map_err(|error| Error::new(format!("cannot start the network ({})", crate::error::io_words(&error))))
}

/// Makes one call. While the process is stopped during the call, the locks are released.
///
/// # Errors
/// Returns the errors of [`runtime`].
pub fn call<T>(call: impl Future<Output = T>, locks: &HeldLocks) -> Result<T> {
    Ok(block_on(&runtime()?, call, locks))
}

/// Like [`call`], with a runtime that the caller keeps for more than one call.
pub fn block_on<T>(runtime: &Runtime, call: impl Future<Output = T>, locks: &HeldLocks) -> T {
    match Wait::begin(locks) {
        Ok(mut wait) => runtime.block_on(wait.during(call)),
        // Without a descriptor for it, a stopped process keeps its locks.
        Err(_) => runtime.block_on(call),
    }
}

/// Checks that the file descriptors of an event loop are available. If one of them is not, tokio panics, which ends the
/// process.
fn enough_files() -> std::io::Result<()> {
    let pair = std::os::unix::net::UnixStream::pair;
    let _six = [pair()?, pair()?, pair()?];
    Ok(())
}

/// How a server is reached: which certificates are trusted, and which proxy is used. Both are checked when the value is
/// made, so that mistakes show before a code is asked for.
#[derive(Clone)]
pub struct Route {
    trust: Arc<TlsContext>,
    proxy: ProxyConfig,
}

impl Route {
    /// The route to STS.
    ///
    /// # Errors
    /// Returns an error if the CA bundle or the proxy cannot be used.
    pub fn to_sts(sts: &Sts) -> Result<Self> {
        Self::to(&sts.endpoint)
    }

    /// The route to another service.
    ///
    /// # Errors
    /// Returns an error if the CA bundle or the proxy cannot be used.
    pub fn to_service(service: &Service) -> Result<Self> {
        Self::to(&service.endpoint)
    }

    fn to(endpoint: &Endpoint) -> Result<Self> {
        let url = endpoint.url();
        let proxy = endpoint.proxy.as_ref().filter(|proxy| !url.is_some_and(|url| proxy.excepts_port_of(url)));
        Self::new(url, endpoint.ca_bundle.as_deref(), proxy)
    }

    /// The route to a web page, with the certificates and the proxy of a service.
    ///
    /// # Errors
    /// Returns an error if the CA bundle or the proxy cannot be used.
    pub fn to_page(service: &Service) -> Result<Self> {
        Self::new(None, service.endpoint.ca_bundle.as_deref(), service.endpoint.proxy.as_ref())
    }

    /// The route to this URL without a proxy, for the services of this machine.
    ///
    /// # Errors
    /// Returns an error if the URL is https and the system has no CA certificates.
    pub fn direct(url: &str) -> Result<Self> {
        Self::new(Some(url), None, None)
    }

    fn new(url: Option<&str>, ca_bundle: Option<&str>, proxy: Option<&Proxy>) -> Result<Self> {
        let plain = url.is_some_and(|url| url.starts_with("http://"));
        Ok(Self { trust: Arc::new(trust(plain, ca_bundle)?), proxy: proxy_config(proxy)? })
    }

    /// An HTTP client for an SDK, with its own connections and a size limit for answers.
    pub fn client(&self) -> SharedHttpClient {
        let route = self.clone();
        let client = aws_smithy_http_client::Builder::new()
            .build_with_connector_fn(move |settings, _components| route.connector(settings.cloned()));
        SharedHttpClient::new(Bounded(client))
    }

    /// The connector for this route. `settings` holds its time limits.
    pub fn connector(&self, settings: Option<HttpConnectorSettings>) -> Connector {
        let mut builder = Connector::builder().proxy_config(self.proxy.clone());
        builder.set_connector_settings(settings);
        builder
            .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
            .tls_context(TlsContext::clone(&self.trust))
            .build_with_resolver(SystemResolver)
    }
}

fn proxy_config(proxy: Option<&Proxy>) -> Result<ProxyConfig> {
    let Some(proxy) = proxy else { return Ok(ProxyConfig::disabled()) };
    // The error does not show the address because it may contain a password.
    let unusable = || {
        Error::new(format!("{} names no proxy that can be used", proxy.variable)).advise("write it as http://HOST:PORT")
    };
    if !proxy.is_sound() {
        return Err(unusable());
    }
    let config = ProxyConfig::all(proxy.url.as_str()).map_err(|_| unusable())?;
    Ok(match &proxy.except {
        Some(except) => config.no_proxy(except),
        None => config,
    })
}
