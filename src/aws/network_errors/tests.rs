#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use aws_smithy_runtime_api::client::dns::ResolveDnsError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use crate::aws::network_errors::{Trouble, trouble, words};

/// Stands for private errors of other crates, which may quote the request.
#[derive(Debug)]
struct Outer(Box<dyn StdError + Send + Sync>);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dns error: timed out: TokenCode=123456")
    }
}

impl StdError for Outer {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}

/// A TLS error as hyper-rustls nests it: an I/O error inside another one.
fn of_tls(error: impl Into<rustls::Error>) -> io::Error {
    io::Error::other(io::Error::new(io::ErrorKind::InvalidData, error.into()))
}

fn cases() -> Vec<(Box<dyn StdError + Send + Sync>, Trouble)> {
    let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let expected = ServerName::try_from("sts.example").expect("a name");
    vec![
        (of_tls(CertificateError::UnknownIssuer).into(), Trouble::Untrusted),
        (of_tls(CertificateError::NotValidForName).into(), Trouble::WrongHost),
        (
            of_tls(CertificateError::NotValidForNameContext { expected, presented: Vec::new() }).into(),
            Trouble::WrongHost,
        ),
        (of_tls(CertificateError::Expired).into(), Trouble::WrongTime),
        (of_tls(CertificateError::ExpiredContext { time: at(2), not_after: at(1) }).into(), Trouble::WrongTime),
        (of_tls(CertificateError::NotValidYet).into(), Trouble::WrongTime),
        (of_tls(CertificateError::NotValidYetContext { time: at(1), not_before: at(2) }).into(), Trouble::WrongTime),
        (of_tls(CertificateError::BadSignature).into(), Trouble::BadCertificate),
        (of_tls(InvalidMessage::InvalidContentType).into(), Trouble::NoTls),
        (of_tls(rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)).into(), Trouble::NoTls),
        (io::Error::new(io::ErrorKind::UnexpectedEof, "tls handshake eof").into(), Trouble::NoTls),
        (io::Error::from(io::ErrorKind::ConnectionReset).into(), Trouble::CutOff),
        (io::Error::from(io::ErrorKind::BrokenPipe).into(), Trouble::CutOff),
        (io::Error::from(io::ErrorKind::TimedOut).into(), Trouble::TimedOut),
        (io::Error::from(io::ErrorKind::ConnectionRefused).into(), Trouble::Other),
        (io::Error::from(io::ErrorKind::HostUnreachable).into(), Trouble::Other),
        (ResolveDnsError::new(io::Error::other("no such name")).into(), Trouble::NoAddress),
        (ConnectorError::timeout("no connection".into()).into(), Trouble::TimedOut),
        ("certificate expired, connection reset".into(), Trouble::Other),
    ]
}

#[test]
fn the_types_decide_and_not_the_words() {
    for (error, expected) in cases() {
        let text = format!("{error:?}");
        let whole = ConnectorError::io(Outer(error).into());
        assert_eq!(trouble(&whole), expected, "{text}");
    }
}

#[test]
fn the_words_are_those_of_the_innermost_cause() {
    let refused = io::Error::from_raw_os_error(libc::ECONNREFUSED);
    assert_eq!(words(&ConnectorError::io(Outer(refused.into()).into())), "Connection refused");
    let unknown = of_tls(CertificateError::UnknownIssuer);
    assert_eq!(words(&Outer(unknown.into())), "invalid peer certificate: UnknownIssuer");
}
