//! AWS Sign-In on loopback, for `aws login`: the page that a browser signs in at, the page that shows a code, and the
//! endpoint that gives credentials for codes and refresh tokens. As at AWS, a code works once and belongs to one client,
//! redirect address and verifier; and every call for tokens carries a proof of the key that they are bound to (RFC 9449).

use super::LocalSts;
use super::sts::{Issuer, clock, random};
use super::web::{Always, Asked, Reply, Web};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::{AssociatedOid as _, LineEnding};
use sec1::der::EncodePem as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The session of the user who signs in, unless a test says otherwise.
pub const SESSION: &str = "arn:aws:sts::111111111111:assumed-role/console/jo";

const SAME_DEVICE: &str = "arn:aws:signin:::devtools/same-device";
const CROSS_DEVICE: &str = "arn:aws:signin:::devtools/cross-device";

/// What happens in the browser.
#[derive(Default, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browser {
    #[default]
    Allows,
    Denies,
    /// The browser returns with a code that the service did not issue.
    HasAnotherCode,
}

pub struct State {
    /// The session that signs in.
    pub session: String,
    pub browser: Browser,
    /// The error of every call for tokens, as the service names it.
    pub denies: Option<&'static str>,
    /// The authorization codes that were not redeemed yet.
    codes: BTreeMap<String, Authorization>,
    /// The unused refresh tokens, with the public keys that they are bound to, and their clients.
    pub refresh_tokens: BTreeMap<String, (Vec<u8>, String)>,
    /// The ids of the proofs so far; none may come again.
    proofs: BTreeSet<String>,
    /// Every token, key and code that was ever issued.
    pub secrets: Vec<String>,
    /// How long credentials last, in seconds.
    pub lifetime: i64,
    /// Other replies, for requests whose target starts with the text.
    pub instead: Vec<(&'static str, Always)>,
}

struct Authorization {
    client: String,
    redirect: String,
    challenge: String,
}

/// The service without a server.
#[derive(Clone)]
pub struct SignIn {
    state: Arc<Mutex<State>>,
    issue: Arc<Issuer>,
}

impl SignIn {
    /// `sts` knows the credentials that it gives.
    pub fn new(sts: &LocalSts) -> Self {
        let state = State {
            session: SESSION.to_owned(),
            browser: Browser::Allows,
            denies: None,
            codes: BTreeMap::new(),
            refresh_tokens: BTreeMap::new(),
            proofs: BTreeSet::new(),
            secrets: Vec::new(),
            lifetime: 900,
            instead: Vec::new(),
        };
        Self { state: Arc::new(Mutex::new(state)), issue: Arc::new(sts.issuer()) }
    }

    /// Serves it alone.
    pub fn serve(&self) -> Web {
        let service = self.clone();
        Web::start(move |asked| service.answer(asked))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replies so to requests whose target starts with the text.
    pub fn instead(&self, target: &'static str, reply: Always) {
        self.state().instead.push((target, reply));
    }

    /// Knows a refresh token that is bound to this key, in SEC 1.
    pub fn accept(&self, refresh: &str, key: &p256::SecretKey) {
        let point = key.public_key().to_sec1_bytes().to_vec();
        self.state().refresh_tokens.insert(refresh.to_owned(), (point, SAME_DEVICE.to_owned()));
    }

    pub fn answer(&self, asked: &Asked) -> Reply {
        let mut state = self.state();
        if let Some((_, reply)) = state.instead.iter().find(|(start, _)| asked.target.starts_with(start)) {
            return reply();
        }
        let (path, _) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        match (asked.method.as_str(), path) {
            ("GET", "/v1/authorize") => authorize(&mut state, asked),
            ("GET", "/v1/sessions/confirmation") => confirmation(asked),
            ("POST", "/v1/token") => token(&mut state, asked, &self.issue),
            _ => Reply::Text(404, "{}".to_owned()),
        }
    }
}

fn query(asked: &Asked, name: &str) -> String {
    let (_, query) = asked.target.split_once('?').unwrap_or_default();
    let value = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
    let (_, value) = value.unwrap_or_default();
    percent_encoding::percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Signs the user in, and sends the browser back with a code.
fn authorize(state: &mut State, asked: &Asked) -> Reply {
    let query = |name: &str| query(asked, name);
    let (client, redirect, own) = (query("client_id"), query("redirect_uri"), query("state"));
    let port = redirect.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.strip_suffix("/oauth/callback"));
    let comes_back = match client.as_str() {
        SAME_DEVICE => port.is_some_and(|port| port.parse::<u16>().is_ok()),
        CROSS_DEVICE => redirect == format!("http://{}/v1/sessions/confirmation", asked.header("host")),
        _ => false,
    };
    let fine = comes_back
        && query("response_type") == "code"
        && query("scope") == "openid"
        && query("code_challenge_method") == "SHA-256"
        && query("code_challenge").len() == 43
        && own.len() == 36;
    if !fine {
        return Reply::Text(400, "this is not a sign-in of aws login".to_owned());
    }
    if state.browser == Browser::Denies {
        return Reply::Redirect(format!("{redirect}?error=access_denied&error_description=No%1b&state={own}"));
    }
    let code = random::session_token();
    state.secrets.push(code.clone());
    if state.browser != Browser::HasAnotherCode {
        let challenge = query("code_challenge");
        state.codes.insert(code.clone(), Authorization { client, redirect: redirect.clone(), challenge });
    }
    Reply::Redirect(format!("{redirect}?code={}&state={own}", encoded(&code)))
}

/// The page for a browser on another device: it shows the code to paste.
fn confirmation(asked: &Asked) -> Reply {
    let pasted = format!("state={}&code={}", query(asked, "state"), encoded(&query(asked, "code")));
    Reply::Text(200, aws_smithy_types::base64::encode(pasted))
}

/// CreateOAuth2Token.
fn token(state: &mut State, asked: &Asked, issue: &Issuer) -> Reply {
    let Some(key) = proven_key(asked, &mut state.proofs) else {
        return invalid("The proof is missing or wrong.");
    };
    if let Some(error) = state.denies {
        let status = if error.ends_with("_EXPIRED") { 401 } else { 403 };
        return Reply::Refusal(status, "AccessDeniedException", json!({"error": error, "message": "no"}));
    }
    let body = asked.json();
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let client = match text("grantType") {
        "authorization_code" => {
            let Some(known) = state.codes.remove(text("code")) else { return invalid("The code is not known.") };
            let challenge = base64_url(&Sha256::digest(text("codeVerifier")));
            let given = (text("clientId"), text("redirectUri"), challenge.as_str());
            if given != (known.client.as_str(), known.redirect.as_str(), known.challenge.as_str()) {
                return invalid("The code belongs to another sign-in.");
            }
            known.client
        }
        "refresh_token" => match state.refresh_tokens.remove(text("refreshToken")) {
            Some((bound, client)) if bound == key && client == text("clientId") => client,
            _ => {
                let error = json!({"error": "TOKEN_EXPIRED", "message": "no"});
                return Reply::Refusal(401, "AccessDeniedException", error);
            }
        },
        _ => return invalid("There is no such grant."),
    };
    let refresh = random::session_token();
    state.refresh_tokens.insert(refresh.clone(), (key, client));
    let issued = issue("arn:aws:iam::111111111111:role/console", "jo", state.lifetime);
    let identity = identity(&state.session);
    let secrets = [&issued.secret_access_key, &issued.session_token, &refresh, &identity];
    state.secrets.extend(secrets.into_iter().cloned());
    let mut output = json!({
        "accessToken": {
            "accessKeyId": issued.access_key_id,
            "secretAccessKey": issued.secret_access_key,
            "sessionToken": issued.session_token,
        },
        "tokenType": "urn:aws:params:oauth:token-type:access_token_sigv4",
        "expiresIn": state.lifetime,
        "refreshToken": refresh,
    });
    if text("grantType") == "authorization_code" {
        output["idToken"] = Value::String(identity);
    }
    Reply::Json(output)
}

fn invalid(why: &str) -> Reply {
    Reply::Refusal(400, "ValidationException", json!({"error": "INVALID_REQUEST", "message": why}))
}

/// An ID token. Nobody here checks its signature.
fn identity(session: &str) -> String {
    let part = |value: Value| base64_url(value.to_string().as_bytes());
    let claims = json!({"iss": "https://signin.aws.amazon.com/signin", "sub": session, "iat": clock::machine()});
    format!("{}.{}.{}", part(json!({"alg": "ES384", "typ": "JWT"})), part(claims), base64_url(&random::bytes(32)))
}

fn base64_url(bytes: &[u8]) -> String {
    aws_smithy_types::base64::encode(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.replace('-', "+").replace('_', "/");
    let padding = "=".repeat((4 - text.len() % 4) % 4);
    aws_smithy_types::base64::decode(text + &padding).ok()
}

/// A key as the AWS CLI keeps it: SEC 1 with the curve's name, which `SecretKey::to_sec1_pem` leaves out.
pub fn pem(key: &p256::SecretKey) -> sec1::der::Result<String> {
    let (private, public) = (key.to_bytes(), key.public_key().to_sec1_bytes());
    let parameters = Some(sec1::EcParameters::NamedCurve(p256::NistP256::OID));
    let whole = sec1::EcPrivateKey { private_key: &private, parameters, public_key: Some(&public) };
    whole.to_pem(LineEnding::LF)
}

/// The public key, in SEC 1, whose owner sent this request: the DPoP header is a proof for it that has not come before,
/// signed by the key in it.
fn proven_key(asked: &Asked, used: &mut BTreeSet<String>) -> Option<Vec<u8>> {
    let parts: Vec<&str> = asked.header("dpop").split('.').collect();
    let [header, payload, signature] = parts.as_slice() else { return None };
    let json = |part: &str| serde_json::from_slice::<Value>(&decode(part)?).ok();
    let (fields, claims) = (json(header)?, json(payload)?);
    let jwk = &fields["jwk"];
    let coordinate = |name: &str| decode(jwk[name].as_str()?).filter(|bytes| bytes.len() == 32);
    let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
    let url = format!("http://{}{}", asked.header("host"), asked.target);
    let fine = fields["typ"] == "dpop+jwt"
        && fields["alg"] == "ES256"
        && (&jwk["kty"], &jwk["crv"]) == (&json!("EC"), &json!("P-256"))
        && claims["htm"] == "POST"
        && claims["htu"] == url.as_str()
        && (clock::machine() - claims["iat"].as_i64()?).abs() < 60
        && used.insert(claims["jti"].as_str()?.to_owned());
    let signature = Signature::from_slice(&decode(signature)?).ok()?;
    let key = VerifyingKey::from_sec1_bytes(&point).ok()?;
    let message = format!("{header}.{payload}");
    let uncompressed = p256::PublicKey::from(key).to_sec1_bytes().to_vec();
    (fine && key.verify(message.as_bytes(), &signature).is_ok()).then_some(uncompressed)
}
