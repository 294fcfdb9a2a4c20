//! Prints the request that a program with the AWS SDK for Rust would send: region, checksum mode, and the URL and
//! headers of one call of STS. Nothing is sent.
//!
//!     aws-auth -p sops target/debug/examples/seen-settings
//!
//! tests/outside compares what it prints below aws-auth and without it. Like who-am-i.rs it uses the SDK's default
//! chain.
// This program prints its result on standard output.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use aws_config::BehaviorVersion;
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    // As in who-am-i.rs; the calls that get credentials are sent.
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let sending = aws_smithy_http_client::Builder::new().tls_provider(ring).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(sending).load().await;
    let seen = Noting::default();
    let noting = SharedHttpConnector::new(seen.clone());
    let sts = aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::config::Builder::from(&config).http_client(http_client_fn(move |_, _| noting.clone())).build(),
    );
    let error = sts.get_caller_identity().send().await.err();
    let call = seen.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    let call = call.or_else(|| error.map(|error| json!({ "error": format!("{error:?}") })));
    let shown = json!({
        "region": config.region().map(ToString::to_string),
        "checksums": config.request_checksum_calculation().map(|mode| format!("{mode:?}")),
        "sts": call.context("neither a call nor an error")?,
    });
    println!("{shown}");
    Ok(())
}

/// Notes the request instead of sending it.
#[derive(Clone, Debug, Default)]
struct Noting(Arc<Mutex<Option<Value>>>);

impl HttpConnector for Noting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let headers: BTreeMap<_, _> = request.headers().iter().collect();
        let noted = json!({ "url": request.uri(), "headers": headers });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(noted);
        let status = http::StatusCode::OK.into();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::empty())))
    }
}
