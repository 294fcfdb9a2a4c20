#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::TcpListener;
use std::time::Duration;

use crate::arn::Serial;
use crate::aws::sts::{Client, Code, Limits};
use crate::aws::sts_errors::{Kind, Subject};
use crate::credentials::{Credentials, Secret};
use crate::plan::endpoint::Endpoint;
use crate::plan::endpoints::Sts;
use crate::plan::origin::{Origin, Sourced};
use crate::region::Region;

/// A client whose STS accepts connections and never answers.
fn of_a_silent_service() -> (TcpListener, String, Client) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sts = Sts {
        region: Sourced { value: Region::default_of("aws"), origin: Origin::Partition },
        global: false,
        endpoint: Endpoint {
            url: Some(Sourced { value: url.clone(), origin: Origin::Partition }),
            ..Endpoint::default()
        },
    };
    let limits = Limits {
        connect: Duration::from_millis(50),
        attempt: Duration::from_millis(50),
        whole: Duration::from_millis(400),
    };
    let client = Client::new(&sts, limits).unwrap();
    (listener, url, client)
}

use crate::time::Length;

#[test]
fn a_silent_service_is_given_up_and_a_code_is_sent_once() {
    let (listener, url, client) = of_a_silent_service();
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
    let failure =
        client.session_token(&signer, Length::hours(1), code, Subject { profile: Some("p"), role: None }).unwrap_err();
    assert_eq!(failure.kind, Kind::Other);
    assert_eq!(
        failure.error.to_string(),
        format!("STS at {url} did not answer in time; try again; check the network, a VPN, and HTTPS_PROXY")
    );
    listener.set_nonblocking(true).unwrap();
    let connections = std::iter::from_fn(|| listener.accept().ok()).count();
    assert_eq!(connections, 1);
}
