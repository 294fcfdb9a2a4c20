//! The network: one kind of client for every service, its limits, and what its failures mean to a person.

use std::time::Duration;

use aws_sdk_sts::error::SdkError;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings, SharedHttpClient};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::plan::endpoints::Service;
use crate::plan::proxy::Proxy;

/// How long a call may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connecting.
    pub connect: Duration,
    /// One attempt.
    pub attempt: Duration,
    /// All of it, with what lies between the attempts.
    pub whole: Duration,
}

/// The limits of every run (SEMANTICS, "STS").
pub const LIMITS: Limits =
    Limits { connect: Duration::from_millis(3100), attempt: Duration::from_secs(10), whole: Duration::from_secs(30) };

/// No answer of a metadata service is longer.
const LONGEST: usize = 64 * 1024;

/// An event loop on this thread.
///
/// # Errors
/// When the system gives none.
pub fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(format!("cannot start the network ({})", crate::error::io_words(&error))))
}

/// The client: TLS only where it is needed (`plain` is for a configured http:// endpoint), and the proxy that the plan
/// found.
///
/// # Errors
/// When the CA bundle or the proxy cannot be used.
pub fn client(plain: bool, ca_bundle: Option<&str>, proxy: Option<&Proxy>) -> Result<SharedHttpClient> {
    let context = if plain { None } else { crate::aws::tls::context(ca_bundle)? };
    let proxy = proxy_config(proxy)?;
    Ok(aws_smithy_http_client::Builder::new().build_with_connector_fn(move |settings, _components| {
        connector(plain, context.as_ref(), settings.cloned(), proxy.clone())
    }))
}

/// The client of a service.
///
/// # Errors
/// As [`client`].
pub fn client_of(service: &Service) -> Result<SharedHttpClient> {
    let plain = service.url.as_ref().is_some_and(|(url, _)| url.starts_with("http://"));
    client(plain, service.ca_bundle.as_deref(), service.proxy.as_ref())
}

fn connector(
    plain: bool,
    context: Option<&tls::TlsContext>,
    settings: Option<HttpConnectorSettings>,
    proxy: ProxyConfig,
) -> Connector {
    let mut builder = Connector::builder().proxy_config(proxy);
    builder.set_connector_settings(settings);
    if plain {
        return builder.build_http();
    }
    let builder = builder.tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring));
    match context {
        Some(context) => builder.tls_context(context.clone()).build(),
        None => builder.build(),
    }
}

fn proxy_config(proxy: Option<&Proxy>) -> Result<ProxyConfig> {
    let Some(proxy) = proxy else { return Ok(ProxyConfig::disabled()) };
    // The address stays unsaid: it may hold a password.
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

/// The failure of a call that got no error of the service as its answer. `name` is the service, `place` the service and
/// where it is.
pub fn failure<E>(name: &str, place: &str, error: &SdkError<E, HttpResponse>) -> Error
where
    E: std::error::Error + 'static,
{
    match error {
        SdkError::ServiceError(context) => unreadable(name, place, context.raw()),
        // The head of an answer came, but not all of its body.
        SdkError::ResponseError(context) => {
            let (_, all) = causes(Some(error));
            let cut = ["end of file before", "unexpected eof", "connection reset", "message completed"];
            if cut.iter().any(|words| all.contains(words)) {
                return cut_off(place);
            }
            unreadable(name, place, context.raw())
        }
        SdkError::TimeoutError(_) => Error::new(format!("{place} did not answer in time"))
            .advise("try again; check the network, a VPN, and HTTPS_PROXY"),
        SdkError::DispatchFailure(failure) => {
            unreachable(place, failure.as_connector_error().map(|error| error as &dyn std::error::Error))
        }
        _ => Error::new(format!("the call of {name} failed before it was sent ({})", causes(Some(error)).0)),
    }
}

fn unreadable(name: &str, place: &str, response: &HttpResponse) -> Error {
    Error::new(format!(
        "{place} answered with status {} and something that is not an answer of {name}",
        response.status().as_u16()
    ))
    .advise("check the endpoint, and whether a proxy or a captive portal stands in between")
}

fn cut_off(place: &str) -> Error {
    Error::new(format!("{place} closed the connection without an answer"))
        .advise("try again; if it stays, check any proxy and configured endpoint")
}

fn unreachable(place: &str, error: Option<&dyn std::error::Error>) -> Error {
    let (words, all) = causes(error);
    let is = |any: &[&str]| any.iter().any(|text| all.contains(text));
    let fact = |words: &str| Error::new(format!("cannot reach {place} ({words})"));
    if is(&["before message completed", "unexpected eof", "connection reset", "broken pipe", "end of file before"]) {
        return cut_off(place);
    }
    if is(&["tunnel error: unsuccessful"]) {
        return fact("the proxy refuses to connect").advise("check HTTPS_PROXY, or name the host in NO_PROXY");
    }
    if is(&["tunnel error: proxy authorization required"]) {
        return fact("the proxy wants a user and a password")
            .advise("write them into HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT");
    }
    if is(&["unknownissuer", "endentity"]) {
        return fact(&words).advise(
            "its certificate is not trusted here; if your network inspects TLS, set AWS_CA_BUNDLE to its CA certificate",
        );
    }
    if is(&["not valid for name", "notvalidforname"]) {
        return fact(&words)
            .advise("the certificate is another host's; check the endpoint, and what stands in between");
    }
    if is(&["certificate expired", "certificate not valid yet"]) {
        return fact(&words).advise("check the clock of this machine, then the server's certificate");
    }
    if is(&["invalid peer certificate"]) {
        return fact(&words).advise("check the endpoint, and what stands in between");
    }
    if is(&["tls handshake", "corrupt message"]) {
        return fact(&words)
            .advise("what answers there does not speak TLS as AWS does; check the endpoint and any proxy");
    }
    if is(&["dns error", "lookup address"]) {
        return fact(&words).advise("the name was not found; check the network and the region");
    }
    if is(&["timed out", "timeout"]) {
        return fact(&words).advise("nobody answered; check the network, a VPN, and HTTPS_PROXY");
    }
    fact(&words).advise("check the network, a VPN, HTTPS_PROXY and any configured endpoint")
}

/// What a chain of errors comes down to: the innermost cause in the words of the system, and all of them in lower case
/// to look for words in. What stands between may quote the request, with a code in it.
pub fn causes(error: Option<&dyn std::error::Error>) -> (String, String) {
    let mut innermost = String::new();
    let mut all = String::new();
    let mut next = error;
    while let Some(error) = next {
        let text = error.to_string();
        all.push_str(&text.to_ascii_lowercase());
        all.push('\n');
        innermost = text;
        next = error.source();
    }
    if let Some(end) = innermost.find(" (os error") {
        innermost.truncate(end);
    }
    (innermost, all)
}

/// A request to this machine or its own metadata service: by no proxy, never repeated.
pub struct Ask<'a> {
    /// `GET` or `PUT`.
    pub method: &'a str,
    /// The whole address.
    pub url: &'a str,
    /// The headers; a value may be a secret.
    pub headers: &'a [(&'static str, &'a str)],
    /// How long connecting may take, and then the answer.
    pub timeout: Duration,
}

/// An answer, whatever its status.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Zeroizing<Vec<u8>>,
}

/// Why there is no answer.
pub enum Unanswered {
    /// Nobody is there.
    Unreachable(String),
    /// Somebody is there and says nothing.
    Silent,
}

/// Asks, and reads the answer whole.
pub async fn ask(request: Ask<'_>) -> Result<Answer, Unanswered> {
    let settings =
        HttpConnectorSettings::builder().connect_timeout(request.timeout).read_timeout(request.timeout).build();
    let plain = request.url.starts_with("http://");
    exchange(&connector(plain, None, Some(settings), ProxyConfig::disabled()), request).await
}

/// A GET of a service that is no API of AWS. The URL may hold secrets; no error names it.
///
/// # Errors
/// When the service is not reached, or says nothing in time.
pub fn get(service: &Service, url: &str) -> Result<Answer> {
    let plain = url.starts_with("http://");
    let context = if plain { None } else { crate::aws::tls::context(service.ca_bundle.as_deref())? };
    let settings =
        HttpConnectorSettings::builder().connect_timeout(LIMITS.connect).read_timeout(LIMITS.attempt).build();
    let connector = connector(plain, context.as_ref(), Some(settings), proxy_config(service.proxy.as_ref())?);
    let request = Ask { method: "GET", url, headers: &[], timeout: LIMITS.attempt };
    runtime()?.block_on(exchange(&connector, request)).map_err(|unanswered| match unanswered {
        Unanswered::Unreachable(words) => Error::new(format!("cannot reach {} ({words})", service.place()))
            .advise("check the network, a VPN, HTTPS_PROXY and any configured endpoint"),
        Unanswered::Silent => Error::new(format!("{} did not answer in time", service.place()))
            .advise("try again; check the network, a VPN, and HTTPS_PROXY"),
    })
}

async fn exchange(connector: &Connector, request: Ask<'_>) -> Result<Answer, Unanswered> {
    let broken = |words: String| Unanswered::Unreachable(words);
    let mut http = HttpRequest::new(SdkBody::empty());
    http.set_method(request.method).map_err(|error| broken(error.to_string()))?;
    http.set_uri(request.url.to_owned()).map_err(|error| broken(error.to_string()))?;
    for (name, value) in request.headers {
        http.headers_mut().try_insert(*name, (*value).to_owned()).map_err(|error| broken(error.to_string()))?;
    }
    let exchange = async {
        let response = connector.call(http).await.map_err(|error| {
            let (words, all) = causes(Some(&error));
            // A connection that is never made times out too, in other words.
            if error.is_timeout() && !all.contains("connect") { Unanswered::Silent } else { broken(words) }
        })?;
        let status = response.status().as_u16();
        let mut stream = ByteStream::new(response.into_body());
        let mut body = Zeroizing::new(Vec::with_capacity(4096));
        while let Some(bytes) = stream.try_next().await.map_err(|error| broken(causes(Some(&error)).0))? {
            if body.len() + bytes.len() > LONGEST {
                return Err(broken(String::from("an answer without an end")));
            }
            body.extend_from_slice(&bytes);
        }
        Ok(Answer { status, body })
    };
    tokio::time::timeout(request.timeout * 2, exchange).await.unwrap_or(Err(Unanswered::Silent))
}
