#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write as _;
use std::net::TcpListener;
use std::time::Duration;

use crate::arn::Serial;
use crate::aws::sts::{Client, Code, Limits};
use crate::aws::sts_errors::{Failure, Kind, Subject};
use crate::credentials::{Credentials, Secret};
use crate::plan::endpoint::Endpoint;
use crate::plan::endpoints::Sts;
use crate::plan::origin::{Origin, Sourced};
use crate::region::Region;
use crate::system::held_locks::HeldLocks;
use crate::time::Length;

/// A client whose STS endpoint accepts connections and never answers.
fn client_of_silent_service<'l>(
    scheme: &str,
    ca_bundle: Option<String>,
    locks: &'l HeldLocks,
) -> (TcpListener, String, Client<'l>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("{scheme}://{}", listener.local_addr().unwrap());
    let sts = Sts {
        region: Sourced { value: Region::default_of("aws"), origin: Origin::Partition },
        global: false,
        endpoint: Endpoint {
            url: Some(Sourced { value: url.clone(), origin: Origin::Partition }),
            ca_bundle,
            ..Endpoint::default()
        },
    };
    let limits = Limits {
        connect: Duration::from_millis(50),
        attempt: Duration::from_millis(200),
        whole: Duration::from_millis(400),
    };
    let client = Client::new(&sts, limits, locks).unwrap();
    (listener, url, client)
}

/// Calls GetSessionToken and returns the failure.
fn call_with_code(client: &Client<'_>) -> Failure {
    let signer = Credentials {
        access_key_id: String::from("AKIA"),
        secret_access_key: Secret::new(String::from("secret")),
        session_token: None,
        expiration: None,
        account_id: None,
    };
    let serial = Serial::parse("arn:aws:iam::123456789012:mfa/jo", "here").unwrap();
    let digits = Secret::new(String::from("123456"));
    let code = Code { serial: &serial, digits: &digits };
    client.session_token(&signer, Length::hours(1), code, Subject { profile: Some("p"), role: None }).unwrap_err()
}

#[test]
fn a_call_to_a_silent_service_times_out_and_sends_a_code_once() {
    let locks = HeldLocks::default();
    let (listener, url, client) = client_of_silent_service("http", None, &locks);
    let failure = call_with_code(&client);
    assert_eq!(failure.kind, Kind::Other);
    assert_eq!(
        failure.error.to_string(),
        format!("STS at {url} did not answer in time; try again; check the network, a VPN, and HTTPS_PROXY")
    );
    listener.set_nonblocking(true).unwrap();
    let connections = std::iter::from_fn(|| listener.accept().ok()).count();
    assert_eq!(connections, 1);
}

#[test]
fn a_connection_timeout_has_its_own_message() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut bundle = tempfile::NamedTempFile::new().unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    bundle.write_all(certificate.pem().as_bytes()).unwrap();
    // The time limit for connecting includes the TLS handshake.
    let path = bundle.path().to_str().unwrap().to_owned();
    let locks = HeldLocks::default();
    let (_listener, url, client) = client_of_silent_service("https", Some(path), &locks);
    assert_eq!(
        call_with_code(&client).error.to_string(),
        format!(
            "cannot reach STS at {url} (timed out): there was no answer; check the network, a VPN, and HTTPS_PROXY"
        )
    );
}
