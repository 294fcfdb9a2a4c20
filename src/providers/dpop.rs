//! DPoP proofs (RFC 9449): they show that the sender of a request has a private key. The ECDSA of the TLS library signs
//! them.

use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_ecdsa_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::sign::SigningKey;
use serde_json::json;

use crate::text::encoding::base64_url;
use crate::time::Timestamp;

/// The length of a P-256 coordinate and of each half of a signature, in bytes.
const LENGTH: usize = 32;

/// A P-256 private key, and the coordinates of its public key.
#[derive(Clone)]
pub struct Key {
    private: Arc<dyn SigningKey>,
    x: [u8; LENGTH],
    y: [u8; LENGTH],
}

impl Key {
    /// Reads a key in PEM: SEC 1 (RFC 5915), which the AWS CLI writes, or PKCS #8. `None` for anything else.
    pub fn from_pem(pem: &str) -> Option<Self> {
        let key = any_ecdsa_type(&PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok()?).ok()?;
        key.choose_scheme(&[SignatureScheme::ECDSA_NISTP256_SHA256])?;
        // The public key ends with the uncompressed point: 4, x, y (RFC 5480).
        let (x, y) = {
            let public = key.public_key()?;
            let (rest, y) = public.split_last_chunk::<LENGTH>()?;
            let (rest, x) = rest.split_last_chunk::<LENGTH>()?;
            rest.ends_with(&[4]).then_some((*x, *y))?
        };
        Some(Self { private: key, x, y })
    }

    /// The value of the DPoP header: a signed token with the request's URL and the public key.
    pub fn proof(&self, url: &str, jti: &str, now: Timestamp) -> Option<String> {
        let header = json!({
            "typ": "dpop+jwt",
            "alg": "ES256",
            "jwk": {"kty": "EC", "x": base64_url(&self.x), "y": base64_url(&self.y), "crv": "P-256"},
        });
        let payload = json!({"jti": jti, "htm": "POST", "htu": url, "iat": now.unix()});
        let message =
            format!("{}.{}", base64_url(header.to_string().as_bytes()), base64_url(payload.to_string().as_bytes()));
        let signer = self.private.choose_scheme(&[SignatureScheme::ECDSA_NISTP256_SHA256])?;
        let signature = fixed(&signer.sign(message.as_bytes()).ok()?)?;
        Some(format!("{message}.{}", base64_url(&signature)))
    }
}

/// Converts an ASN.1 signature, `SEQUENCE { INTEGER r, INTEGER s }`, to the form that JWS uses: both numbers with a
/// fixed length, one after the other (RFC 7518, section 3.4). For a 256-bit curve, every ASN.1 length fits in one byte.
fn fixed(der: &[u8]) -> Option<[u8; 2 * LENGTH]> {
    let [0x30, _, rest @ ..] = der else { return None };
    let mut signature = [0; 2 * LENGTH];
    let mut rest = rest;
    for half in signature.chunks_exact_mut(LENGTH) {
        let [2, length, number @ ..] = rest else { return None };
        let (number, after) = number.split_at_checked(usize::from(*length))?;
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let number = number.get(zeros..)?;
        half.get_mut(LENGTH.checked_sub(number.len())?..)?.copy_from_slice(number);
        rest = after;
    }
    rest.is_empty().then_some(signature)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::providers::dpop::{Key, fixed};

    #[test]
    fn short_numbers_are_padded_and_long_ones_lose_their_sign_byte() {
        let mut der = vec![0x30, 0x27, 2, 0x21, 0];
        der.extend([0xff; 32]);
        der.extend([2, 2, 1, 2]);
        let signature = fixed(&der).unwrap();
        assert_eq!(signature[..32], [0xff; 32]);
        assert_eq!((&signature[32..62], &signature[62..]), (&[0; 30][..], &[1, 2][..]));
        for end in 0..der.len() {
            assert_eq!(fixed(&der[..end]), None, "{end}");
        }
        der.push(0);
        assert_eq!(fixed(&der), None);
        assert_eq!(fixed(&[0x30, 0x25, 2, 0x21]), None);
    }

    #[test]
    fn text_that_is_not_a_key_gives_none() {
        for pem in ["", "no key", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"] {
            assert!(Key::from_pem(pem).is_none(), "{pem}");
        }
    }
}
