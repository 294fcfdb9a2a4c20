//! Why a call got no usable answer, and what to advise. The types of the errors decide, not their texts.

use std::error::Error as StdError;
use std::io;

use aws_smithy_runtime_api::client::dns::ResolveDnsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use http::Uri;
use http_body_util::LengthLimitError;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use rustls::CertificateError;
use tower_service::Service;

use crate::error::Error;

/// The advice if something other than the service answered.
const NOT_AWS: &str = "check the endpoint, and whether a proxy or a captive portal stands in between";

/// Why there is no usable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The connection was closed before the end of the answer.
    CutOff,
    /// The proxy refuses to connect to the host.
    ProxyRefuses,
    /// The proxy requires a user name and a password.
    ProxyWantsPassword,
    /// The certificate is not signed by an authority that is trusted here.
    Untrusted,
    /// The certificate is for another host.
    WrongHost,
    /// The certificate has expired, or is not valid yet.
    WrongTime,
    /// Something else is wrong with the certificate.
    BadCertificate,
    /// The two sides have no TLS version or cipher in common, or the server does not speak TLS.
    NoTls,
    /// The host's name has no address.
    NoAddress,
    /// No connection was made in time.
    TimedOut,
    /// The answer is longer than any real answer of the service.
    TooLong,
    /// Anything else.
    Other,
}

/// The error for a call that failed without an error answer from the service. `name` is the service's name, and `place`
/// is its name with its region or URL.
pub fn failure<E>(name: &str, place: &str, error: &SdkError<E, HttpResponse>) -> Error
where
    E: StdError + 'static,
{
    match error {
        SdkError::ServiceError(context) => unreadable(name, place, context.raw()),
        // The head of the answer came, but not its whole body.
        SdkError::ResponseError(context) => match trouble(error) {
            Trouble::CutOff => cut_off(place),
            Trouble::TooLong => Error::new(format!("{place} answered with more than 1 MiB")).advise(NOT_AWS),
            _ => unreadable(name, place, context.raw()),
        },
        SdkError::TimeoutError(_) => Error::new(format!("{place} did not answer in time"))
            .advise("try again; check the network, a VPN, and HTTPS_PROXY"),
        SdkError::DispatchFailure(_) => unreachable(place, error),
        _ => Error::new(format!("the call of {name} failed before it was sent ({})", words(error))),
    }
}

fn unreadable(name: &str, place: &str, response: &HttpResponse) -> Error {
    Error::new(format!(
        "{place} answered with status {} and something that is not an answer from {name}",
        response.status().as_u16()
    ))
    .advise(NOT_AWS)
}

fn cut_off(place: &str) -> Error {
    Error::new(format!("{place} closed the connection without an answer"))
        .advise("try again; if it happens again, check any proxy and configured endpoint")
}

fn unreachable(place: &str, error: &(dyn StdError + 'static)) -> Error {
    let trouble = trouble(error);
    let why = match trouble {
        Trouble::CutOff => return cut_off(place),
        Trouble::ProxyRefuses => String::from("the proxy refuses to connect"),
        Trouble::ProxyWantsPassword => String::from("the proxy requires a user name and a password"),
        _ => words(error),
    };
    Error::new(format!("cannot reach {place} ({why})")).advise(trouble.advice())
}

impl Trouble {
    fn advice(self) -> &'static str {
        match self {
            Self::ProxyRefuses => "check HTTPS_PROXY, or name the host in NO_PROXY",
            Self::ProxyWantsPassword => "set them in HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT",
            Self::Untrusted => {
                "its certificate is not trusted here; if your network inspects TLS, set AWS_CA_BUNDLE to its CA \
                 certificate"
            }
            Self::WrongHost => "the certificate is for another host; check the endpoint and any proxy in between",
            Self::WrongTime => "check the clock of this machine, then the server's certificate",
            Self::BadCertificate => "check the endpoint and any proxy in between",
            Self::NoTls => "the server there does not speak TLS as AWS does; check the endpoint and any proxy",
            Self::NoAddress => "the name was not found; check the network and the region",
            Self::TimedOut => "there was no answer; check the network, a VPN, and HTTPS_PROXY",
            Self::CutOff | Self::TooLong | Self::Other => {
                "check the network, a VPN, HTTPS_PROXY and any configured endpoint"
            }
        }
    }

    fn of_tls(error: &rustls::Error) -> Self {
        let rustls::Error::InvalidCertificate(certificate) = error else { return Self::NoTls };
        match certificate {
            // `Other` holds what only webpki has a name for, such as a CA's certificate instead of a server's.
            CertificateError::UnknownIssuer | CertificateError::Other(_) => Self::Untrusted,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::WrongHost,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::WrongTime,
            _ => Self::BadCertificate,
        }
    }

    /// hyper-util's error for CONNECT is in a private module, but it can be named through the type of the connector.
    fn of_tunnel(error: &(dyn StdError + 'static)) -> Option<Self> {
        type TunnelError = <Tunnel<HttpConnector> as Service<Uri>>::Error;
        match error.downcast_ref::<TunnelError>()? {
            TunnelError::ProxyAuthRequired => Some(Self::ProxyWantsPassword),
            TunnelError::TunnelUnsuccessful => Some(Self::ProxyRefuses),
            TunnelError::TunnelUnexpectedEof => Some(Self::CutOff),
            _ => None,
        }
    }
}

fn trouble(error: &(dyn StdError + 'static)) -> Trouble {
    // A hyper error comes from an established connection. If there is none, the connection was still being made.
    let connected = chain(error).any(<dyn StdError>::is::<hyper::Error>);
    chain(error).find_map(|error| trouble_of_one(error, connected)).unwrap_or(Trouble::Other)
}

fn trouble_of_one(error: &(dyn StdError + 'static), connected: bool) -> Option<Trouble> {
    if let Some(error) = error.downcast_ref::<ConnectorError>() {
        return error.is_timeout().then_some(Trouble::TimedOut);
    }
    if error.is::<LengthLimitError>() {
        return Some(Trouble::TooLong);
    }
    if error.is::<ResolveDnsError>() {
        return Some(Trouble::NoAddress);
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(Trouble::of_tls(error));
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        let ended = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
        return ended.then_some(Trouble::CutOff);
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Some(Trouble::CutOff),
            io::ErrorKind::UnexpectedEof if connected => Some(Trouble::CutOff),
            // While connecting, only the TLS handshake reads.
            io::ErrorKind::UnexpectedEof => Some(Trouble::NoTls),
            io::ErrorKind::TimedOut => Some(Trouble::TimedOut),
            _ => None,
        };
    }
    Trouble::of_tunnel(error)
}

/// The text of the innermost cause of an error. The texts of the outer errors are left out because they may quote the
/// request, which can contain an MFA code.
pub fn words(error: &(dyn StdError + 'static)) -> String {
    let Some(innermost) = chain(error).last() else { return String::new() };
    innermost.downcast_ref::<io::Error>().map_or_else(|| innermost.to_string(), crate::error::io_words)
}

/// The error and its causes. For an I/O error the cause is its payload; `source` would skip that error.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|payload| payload as &(dyn StdError + 'static)),
        None => error.source(),
    })
}

#[cfg(test)]
mod tests;
