//! DPoP proofs (RFC 9449): they show that the sender of a request has a private key. The ECDSA of the TLS library signs
//! them.

use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_ecdsa_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::sign::SigningKey;
use serde_json::json;
use zeroize::Zeroizing;

use crate::credentials::Secret;
use crate::error::{Error, Result, io_words};
use crate::system::random;
use crate::text::encoding::{base64_url, hex};
use crate::time::Timestamp;

/// The length of a P-256 coordinate and of each half of a signature, in bytes.
const LENGTH: usize = 32;

/// The DER of an EC private key for P-256 before the number (RFC 5915), and between it and the point of the public key.
/// The AWS CLI writes keys so, and the library that it reads them with needs the name of the curve in them.
const BEFORE_NUMBER: [u8; 7] = [0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20];
const BEFORE_POINT: [u8; 18] =
    [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0xa1, 0x44, 0x03, 0x42, 0x00, 0x04];

/// How many characters a line of PEM has (RFC 7468).
const LINE_OF_PEM: usize = 64;

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

    /// Makes a key. Returns it and its text in PEM, as the AWS CLI writes it.
    ///
    /// # Errors
    /// Returns an error if the system provides no random numbers.
    pub fn generate() -> Result<(Self, Secret)> {
        let failed = || Error::new("cannot make a key for the login (the system provides no random numbers)");
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
        let made = made.map_err(|_| failed())?;
        let pem = pem(made.as_ref()).ok_or_else(failed)?;
        let key = Self::from_pem(pem.expose()).ok_or_else(failed)?;
        Ok((key, pem))
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

/// Converts a key that the TLS library made (PKCS #8, without the curve in the inner key) to the PEM of [`BEFORE_NUMBER`].
fn pem(made: &[u8]) -> Option<Secret> {
    let (rest, point) = made.split_last_chunk::<{ 2 * LENGTH }>()?;
    let rest = rest.strip_suffix(&[0xa1, 0x44, 0x03, 0x42, 0x00, 0x04])?;
    let (_, number) = rest.split_last_chunk::<LENGTH>()?;
    let der = Zeroizing::new([&BEFORE_NUMBER[..], number, &BEFORE_POINT, point].concat());
    let text = Zeroizing::new(aws_smithy_types::base64::encode(&*der));
    let mut pem = String::with_capacity(256);
    pem.push_str("-----BEGIN EC PRIVATE KEY-----\n");
    for (at, character) in text.chars().enumerate() {
        if at > 0 && at % LINE_OF_PEM == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str("\n-----END EC PRIVATE KEY-----\n");
    Some(Secret::new(pem))
}

/// A random UUID (version 4), which makes a proof or a sign-in unique.
///
/// # Errors
/// Returns an error if the system provides no random numbers.
pub fn random_id() -> Result<String> {
    let bytes = random::bytes::<16>()
        .map_err(|error| Error::new(format!("the system provides no random numbers ({})", io_words(&error))))?;
    let hex = hex(&bytes);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    Ok(format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32)))
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

    use p256::elliptic_curve::sec1::ToEncodedPoint as _;
    use p256::pkcs8::AssociatedOid as _;
    use sec1::EcParameters;
    use sec1::der::{Decode as _, EncodePem as _};

    use crate::aws_login::dpop::{Key, fixed};

    #[test]
    fn a_new_key_reads_back_in_another_library_and_never_repeats() {
        let (key, pem) = Key::generate().unwrap();
        let read = p256::SecretKey::from_sec1_pem(pem.expose()).unwrap();
        let point = read.public_key().to_encoded_point(false);
        assert_eq!(
            (point.x().unwrap()[..].to_vec(), point.y().unwrap()[..].to_vec()),
            (key.x.to_vec(), key.y.to_vec())
        );
        assert!(pem.expose().lines().all(|line| line.len() <= 64), "{}", pem.expose());
        let (_, der) = sec1::der::pem::decode_vec(pem.expose().as_bytes()).unwrap();
        let parts = sec1::EcPrivateKey::from_der(&der).unwrap();
        assert_eq!(parts.parameters, Some(EcParameters::NamedCurve(p256::NistP256::OID)));
        assert_eq!((parts.private_key, parts.public_key), (&read.to_bytes()[..], Some(point.as_bytes())));
        assert_eq!(parts.to_pem(p256::pkcs8::LineEnding::LF).unwrap(), pem.expose());
        let (_, other) = Key::generate().unwrap();
        assert_ne!(pem.expose(), other.expose());
    }

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
