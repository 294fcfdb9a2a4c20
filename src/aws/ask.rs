//! Plain HTTP requests to what no SDK covers: this machine's metadata services, the console's sign-in, and start pages.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use crate::aws::http;
use crate::aws::http::{LIMITS, Route, runtime};
use crate::aws::network_errors::words;
use crate::error::{Error, Result};
use crate::plan::endpoints::Service;
use crate::system::held_locks::HeldLocks;

/// The longest body that is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// How often [`get_patiently`] asks.
const ATTEMPTS: u32 = 3;

/// How long it waits before it asks again; twice as long before the last time.
const PAUSE: Duration = Duration::from_millis(200);

/// A request that is sent once and never retried.
pub struct Ask<'a> {
    /// `GET`, `HEAD` or `PUT`.
    pub method: &'a str,
    /// The full URL. It may hold secrets.
    pub url: &'a str,
    /// The headers. A value may be a secret.
    pub headers: &'a [(&'static str, &'a str)],
    /// The time limit for the head of the answer, and again for its body.
    pub timeout: Duration,
}

/// An answer with any status, also one that reports an error.
pub struct Answer {
    /// The HTTP status code.
    pub status: u16,
    /// The address of a redirect.
    pub location: Option<String>,
    /// The body, which may hold credentials.
    pub body: Zeroizing<Vec<u8>>,
}

/// Why a request got no answer.
pub enum Unanswered {
    /// No connection was made, or it broke. The text says why.
    Unreachable(String),
    /// The connection was made, but the answer did not come in time.
    Silent,
}

/// Sends a request to a service of this machine, without a proxy, and reads the whole answer.
///
/// # Errors
/// Returns an error if there is no answer in time, or its body is longer than 64 KiB.
pub async fn ask(request: Ask<'_>) -> Result<Answer, Unanswered> {
    let route = Route::direct(request.url).map_err(|error| Unanswered::Unreachable(error.fact().to_owned()))?;
    exchange(&route.connector(None), request).await
}

/// Sends a GET request to a service on the network. No error shows the URL, which may hold secrets.
///
/// # Errors
/// Returns an error if the service cannot be reached or does not answer in time.
pub fn get(service: &Service, url: &str) -> Result<Answer> {
    let settings = HttpConnectorSettings::builder().connect_timeout(LIMITS.connect).build();
    let connector = Route::to_service(service)?.connector(Some(settings));
    let request = Ask { method: "GET", url, headers: &[], timeout: LIMITS.attempt };
    runtime()?.block_on(exchange(&connector, request)).map_err(|unanswered| match unanswered {
        Unanswered::Unreachable(words) => Error::new(format!("cannot reach {} ({words})", service.place()))
            .advise("check the network, a VPN, HTTPS_PROXY and any configured endpoint"),
        Unanswered::Silent => Error::new(format!("{} did not answer in time", service.place()))
            .advise("try again; check the network, a VPN, and HTTPS_PROXY"),
    })
}

/// Sends a GET request with these headers to a service on the network. An answer of trouble (429 or 5xx) and a broken
/// connection are tried again, [`ATTEMPTS`] times in all; a service that does not answer in time is not.
///
/// # Errors
/// Returns an error if the network cannot be used at all.
pub fn get_patiently(
    service: &Service,
    url: &str,
    headers: &[(&'static str, &str)],
    locks: &HeldLocks,
) -> Result<Result<Answer, Unanswered>> {
    let settings = HttpConnectorSettings::builder().connect_timeout(LIMITS.connect).build();
    let connector = Route::to_service(service)?.connector(Some(settings));
    let ask = || exchange(&connector, Ask { method: "GET", url, headers, timeout: LIMITS.attempt });
    let asking = async {
        let mut answer = ask().await;
        for attempt in 1..ATTEMPTS {
            match &answer {
                Ok(Answer { status: 429 | 500.., .. }) | Err(Unanswered::Unreachable(_)) => {
                    sleep(PAUSE * attempt).await;
                    answer = ask().await;
                }
                _ => break,
            }
        }
        answer
    };
    http::call(asking, locks)
}

/// Sends a request without a body to a web page on the network, with this method, by the route to a service. A redirect
/// is not followed.
///
/// # Errors
/// Returns an error if the page cannot be reached or does not answer in time.
pub fn head(service: &Service, url: &str, method: &str, locks: &HeldLocks) -> Result<Answer> {
    let settings = HttpConnectorSettings::builder().connect_timeout(LIMITS.connect).build();
    let connector = Route::to_page(service)?.connector(Some(settings));
    let request = Ask { method, url, headers: &[], timeout: LIMITS.attempt };
    http::call(exchange(&connector, request), locks)?.map_err(|unanswered| {
        let why = match unanswered {
            Unanswered::Unreachable(words) => words,
            Unanswered::Silent => String::from("it does not answer"),
        };
        Error::new(format!("cannot open {url} ({why})")).advise("check the URL, the network, a VPN and HTTPS_PROXY")
    })
}

async fn exchange(connector: &Connector, request: Ask<'_>) -> Result<Answer, Unanswered> {
    let connection = CaptureSmithyConnection::new();
    let http = http_request(&request, &connection).map_err(Unanswered::Unreachable)?;
    let response = match timeout(request.timeout, connector.call(http)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(Unanswered::Unreachable(words(&error))),
        Err(_) if connection.get().is_some() => return Err(Unanswered::Silent),
        Err(elapsed) => return Err(Unanswered::Unreachable(words(&std::io::Error::from(elapsed)))),
    };
    let status = response.status().as_u16();
    let location = response.headers().get("location").map(String::from);
    match timeout(request.timeout, whole(response.into_body())).await {
        Ok(Ok(body)) => Ok(Answer { status, location, body }),
        Ok(Err(words)) => Err(Unanswered::Unreachable(words)),
        Err(_) => Err(Unanswered::Silent),
    }
}

fn http_request(request: &Ask<'_>, connection: &CaptureSmithyConnection) -> Result<HttpRequest, String> {
    let mut http = HttpRequest::new(SdkBody::empty());
    http.set_method(request.method).map_err(|error| error.to_string())?;
    http.set_uri(request.url.to_owned()).map_err(|error| error.to_string())?;
    for (name, value) in request.headers {
        http.headers_mut().try_insert(*name, (*value).to_owned()).map_err(|error| error.to_string())?;
    }
    http.add_extension(connection.clone());
    Ok(http)
}

/// The whole body, or the reason why it cannot be read.
async fn whole(body: SdkBody) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut stream = ByteStream::new(body);
    let mut whole = Zeroizing::new(Vec::with_capacity(4096));
    while let Some(bytes) = stream.try_next().await.map_err(|error| words(&error))? {
        if whole.len() + bytes.len() > LONGEST {
            return Err(String::from("the answer is too long"));
        }
        whole.extend_from_slice(&bytes);
    }
    Ok(whole)
}
