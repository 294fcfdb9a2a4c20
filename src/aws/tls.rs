//! Which CA certificates are trusted: the system's, or those of a CA bundle.
//!
//! The connector panics on certificates that it cannot read. They are checked here first, so that a mistake is an error
//! and shows before a code is asked for.

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::error::{Error, Result};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";

const END: &str = "-----END CERTIFICATE-----";

/// Loads the trusted certificates. Without TLS (`plain`) none are read and none are trusted.
///
/// # Errors
/// Returns an error if the bundle cannot be read or used, or if the system has no certificates.
pub fn trust(plain: bool, ca_bundle: Option<&str>) -> Result<TlsContext> {
    if plain {
        return context(TrustStore::empty(), "TLS");
    }
    let Some(path) = ca_bundle else { return system().map(|()| TlsContext::default()) };
    let pem = std::fs::read(path).map_err(|error| {
        Error::new(format!("cannot read the CA bundle {path} ({})", crate::error::io_words(&error)))
            .advise("AWS_CA_BUNDLE and ca_bundle name a PEM file of certificates to trust")
    })?;
    let usable = usable_blocks(&String::from_utf8_lossy(&pem));
    if usable.is_empty() {
        return Err(Error::new(format!("the CA bundle {path} holds no certificate that can be used"))
            .advise("AWS_CA_BUNDLE and ca_bundle name a PEM file of certificates to trust"));
    }
    context(TrustStore::empty().with_pem_certificate(usable), &format!("the CA bundle {path}"))
}

fn context(trusted: TrustStore, what: &str) -> Result<TlsContext> {
    let context = TlsContext::builder().with_trust_store(trusted).build();
    context.map_err(|error| Error::new(format!("{what} cannot be used ({error})")))
}

/// The certificates of a PEM text that rustls accepts. Bundles often hold a few old ones that it does not.
fn usable_blocks(text: &str) -> String {
    let mut usable = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(BEGIN) {
        let Some(length) = rest.get(start..).and_then(|from| from.find(END)) else { break };
        let (block, after) = rest.split_at(start + length + END.len());
        let block = block.get(start..).unwrap_or_default();
        let certificate = CertificateDer::from_pem_slice(block.as_bytes());
        if certificate.is_ok_and(|certificate| RootCertStore::empty().add(certificate).is_ok()) {
            usable.push_str(block);
            usable.push('\n');
        }
        rest = after;
    }
    usable
}

fn system() -> Result<()> {
    let (usable, _) = RootCertStore::empty().add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if usable > 0 {
        return Ok(());
    }
    Err(Error::new("this system has no CA certificates to verify AWS with")
        .advise("install its ca-certificates package, or set AWS_CA_BUNDLE (or SSL_CERT_FILE) to a PEM file of them"))
}

#[cfg(test)]
mod tests {
    use crate::aws::tls::usable_blocks;

    #[test]
    fn blocks_that_are_not_certificates_are_left_out() {
        assert_eq!(usable_blocks(""), "");
        assert_eq!(usable_blocks("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"), "");
        assert_eq!(usable_blocks("-----BEGIN CERTIFICATE-----\nMIIB\n"), "");
        assert_eq!(usable_blocks("-----BEGIN CERTIFICATE-----\n\u{fffd}\n-----END CERTIFICATE-----"), "");
    }
}
