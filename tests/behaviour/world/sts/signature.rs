//! Checks Signature Version 4 of a request with an Authorization header, as the service does.
//!
//! It follows AWS's "Create a signed AWS API request" and does not use AWS's signing crate, so that the tests compare
//! two independent implementations.

use super::clock;
use super::xml::Refusal;
use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::header::HeaderMap;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The largest allowed difference between a request's date and the service's clock, in seconds.
pub const SKEW: i64 = 15 * 60;

/// The parts of a request that the signature covers.
pub struct Received<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

impl Received<'_> {
    /// A header's trimmed value. The values of a repeated header are joined with commas.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<_> = self
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        if values.is_empty() { None } else { Some(values.join(",")) }
    }

    /// The service that the signature must be for. It is STS but for the two actions of SNS.
    fn service(&self) -> &'static str {
        let body = String::from_utf8_lossy(self.body);
        let mut actions = body.split('&').filter_map(|pair| pair.strip_prefix("Action="));
        if actions.any(super::policy::is_of_sns) { "sns" } else { "sts" }
    }
}

/// The parts of the Authorization header.
pub struct Authorization {
    pub access_key_id: String,
    pub date: String,
    pub region: String,
    pub service: String,
    pub terminator: String,
    pub signed_headers: Vec<String>,
    pub signature: String,
}

fn incomplete(message: impl Into<String>) -> Refusal {
    Refusal::new(403, "IncompleteSignature", message)
}

fn mismatch(message: impl Into<String>) -> Refusal {
    Refusal::new(403, "SignatureDoesNotMatch", message)
}

impl Authorization {
    pub fn of(request: &Received<'_>) -> Result<Self, Refusal> {
        let header = request.header("authorization").ok_or_else(|| {
            Refusal::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        })?;
        let Some(parameters) = header.strip_prefix("AWS4-HMAC-SHA256") else {
            return Err(incomplete("Unsupported AWS 'algorithm'."));
        };
        let parameter = |name: &str| {
            parameters
                .split(',')
                .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
                .ok_or_else(|| incomplete(format!("Authorization header requires '{name}' parameter.")))
        };
        let credential = parameter("Credential")?;
        let scope: Vec<&str> = credential.rsplitn(5, '/').collect();
        let &[terminator, service, region, date, access_key_id] = scope.as_slice() else {
            return Err(incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
            )));
        };
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            terminator: terminator.to_owned(),
            signed_headers: parameter("SignedHeaders")?.split(';').map(str::to_owned).collect(),
            signature: parameter("Signature")?.to_owned(),
        })
    }

    /// Checks everything but who the caller is. `clocks` are the times that count as now; an error names the last one.
    pub fn verify(&self, request: &Received<'_>, secret: &str, clocks: &[i64]) -> Result<(), Refusal> {
        let stamp = request.header("x-amz-date").ok_or_else(|| {
            incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        })?;
        let at = clock::parse_basic(&stamp).ok_or_else(|| {
            incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{stamp}'. See http://en.wikipedia.org/wiki/ISO_8601"
            ))
        })?;
        in_time(at, clocks)?;
        if stamp.get(..8) != Some(self.date.as_str()) {
            return Err(mismatch(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{stamp}'.",
                self.date,
                &stamp[..8],
            )));
        }
        if !is_region(&self.region) {
            return Err(mismatch("Credential should be scoped to a valid region. "));
        }
        let service = request.service();
        if self.service != service {
            return Err(mismatch(format!("Credential should be scoped to correct service: '{service}'. ")));
        }
        if self.terminator != "aws4_request" {
            return Err(mismatch(format!(
                "Credential should be scoped with a valid terminator: 'aws4_request', not '{}'.",
                self.terminator
            )));
        }
        for name in ["host", "x-amz-date", "x-amz-security-token"] {
            if request.headers.contains_key(name) && !self.signed_headers.iter().any(|signed| signed == name) {
                return Err(mismatch(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")));
            }
        }
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let hash = hex(&Sha256::digest(self.canonical(request)?.as_bytes()));
        let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hash}");
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in [&self.date, &self.region, &self.service, "aws4_request"] {
            key = hmac(&key, part);
        }
        if hex(&hmac(&key, &to_sign)) == self.signature {
            Ok(())
        } else {
            Err(mismatch(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details.",
            ))
        }
    }

    fn canonical(&self, request: &Received<'_>) -> Result<String, Refusal> {
        let mut query: Vec<(String, String)> =
            form(request.query).into_iter().map(|(name, value)| (encode(&name), encode(&value))).collect();
        query.sort();
        let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers = String::new();
        for name in &self.signed_headers {
            let value = request
                .header(name)
                .ok_or_else(|| mismatch(format!("The request has no header '{name}', which it says is signed.")))?;
            writeln!(headers, "{name}:{value}").expect("writing to a string");
        }
        Ok(format!(
            "{}\n{}\n{}\n{headers}\n{}\n{}",
            request.method,
            request.path,
            query.join("&"),
            self.signed_headers.join(";"),
            hex(&Sha256::digest(request.body)),
        ))
    }
}

fn in_time(at: i64, clocks: &[i64]) -> Result<(), Refusal> {
    let Some(&now) = clocks.last() else { return Ok(()) };
    if clocks.iter().any(|clock| (clock - at).abs() <= SKEW) {
        return Ok(());
    }
    let (stamp, present) = (clock::basic(at), clock::basic(now));
    Err(mismatch(if at < now {
        format!("Signature expired: {stamp} is now earlier than {} ({present} - 15 min.)", clock::basic(now - SKEW))
    } else {
        format!(
            "Signature not yet current: {stamp} is still later than {} ({present} + 15 min.)",
            clock::basic(now + SKEW)
        )
    }))
}

/// Whether the text looks like a region, such as `us-east-1` or `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let words: Vec<&str> = text.split('-').collect();
    words.len() >= 3
        && words.iter().enumerate().all(|(index, word)| {
            let number = index + 1 == words.len();
            !word.is_empty() && word.bytes().all(|c| if number { c.is_ascii_digit() } else { c.is_ascii_lowercase() })
        })
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string");
        text
    })
}

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a string");
        }
        encoded
    })
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, escaped) {
            (b'%', Some(value)) => {
                decoded.push(value);
                at += 2;
            }
            (b'+', _) => decoded.push(b' '),
            _ => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The decoded pairs of a text such as `a=1&b=2`.
pub fn form(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}
