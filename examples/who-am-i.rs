//! Prints who a program's credentials belong to: the ARN that STS returns, and the access key id that signed the call.
//!
//!     aws-auth -p sops target/debug/examples/who-am-i
//!
//! It represents any program that uses the AWS SDK for Rust: it uses the SDK's default chain (the crate aws-config) and
//! contains nothing about aws-auth. For each line on its standard input it calls STS again with the same client. So it
//! can also show what happens in a program that outlives its credentials:
//!
//!     aws-auth -p sops --keep-fresh sh -c 'while sleep 600; do echo; done | target/debug/examples/who-am-i'
// This program prints its result on standard output.
#![allow(clippy::print_stdout)]

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::Client;
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).load().await;
    let last = LastKey::default();
    let chain = config.credentials_provider().context("the default chain is empty")?;
    let noting = Noting { chain, last: Arc::clone(&last) };
    let sts = Client::from_conf(
        aws_sdk_sts::config::Builder::from(&config)
            .region(config.region().cloned().unwrap_or(Region::from_static("us-east-1")))
            .credentials_provider(noting)
            .build(),
    );

    say_who_i_am(&sts, &last).await?;
    for line in io::stdin().lines() {
        line.context("cannot read standard input")?;
        say_who_i_am(&sts, &last).await?;
    }
    Ok(())
}

async fn say_who_i_am(sts: &Client, last: &LastKey) -> Result<()> {
    let identity = sts.get_caller_identity().send().await.context("STS did not say who this is")?;
    let key = last.lock().unwrap_or_else(PoisonError::into_inner);
    println!("{} {key}", identity.arn().context("an answer of STS without an ARN")?);
    Ok(())
}

/// An HTTP client with TLS by ring. The SDK's default is aws-lc, which this repository does not build.
fn http_client() -> SharedHttpClient {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    aws_smithy_http_client::Builder::new().tls_provider(ring).build_https()
}

/// The access key id of the credentials that the chain gave last.
type LastKey = Arc<Mutex<String>>;

/// The default chain, which also records the key that it gave: the client caches credentials and does not reveal them.
#[derive(Debug)]
struct Noting {
    chain: SharedCredentialsProvider,
    last: LastKey,
}

impl Noting {
    async fn credentials(&self) -> provider::Result {
        let credentials = self.chain.provide_credentials().await?;
        credentials.access_key_id().clone_into(&mut self.last.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(credentials)
    }
}

impl ProvideCredentials for Noting {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}
