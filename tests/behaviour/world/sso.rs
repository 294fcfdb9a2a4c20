//! IAM Identity Center on loopback: the portal that gives role credentials for a token, and the OIDC service that
//! registers clients, signs users in and renews tokens. Both behave like AWS's services: tokens expire, codes and
//! refresh tokens work once, a code belongs to one client, redirect address and verifier, and access needs an
//! assignment.

use super::LocalSts;
use super::sts::{clock, random};
use super::web::{Always, Asked, Reply, Web};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub struct State {
    /// The valid access tokens.
    pub tokens: BTreeSet<String>,
    /// The unused refresh tokens.
    pub refresh_tokens: BTreeSet<String>,
    /// The accounts and roles that are assigned to the user.
    pub assigned: BTreeSet<(String, String)>,
    /// The names of accounts and the addresses of their owners, by number; others have none.
    pub accounts: BTreeMap<String, (String, String)>,
    /// The most accounts or roles of a page. A caller may ask for fewer.
    pub page: usize,
    /// How many of the next calls that list something are refused because there are too many.
    pub throttled: usize,
    /// The account whose roles the user may not list.
    pub closed: Option<String>,
    /// The registered clients by id.
    pub clients: BTreeMap<String, Client>,
    /// The authorization codes that were not redeemed yet.
    codes: BTreeMap<String, Authorization>,
    /// The device codes that were not redeemed yet, with their user codes.
    devices: BTreeMap<String, String>,
    /// The answers to the next polls for a device: names of OAuth errors. After them the user has signed in.
    pub polls: VecDeque<&'static str>,
    /// While this is set, the user has not signed in on the device.
    pub pending: bool,
    /// The seconds between two polls for a device, and until its code expires.
    pub device: (i64, i64),
    /// What happens in the browser instead of the approval.
    pub browser: Browser,
    /// How long tokens last, in seconds.
    pub token_lifetime: i64,
    /// Every token, secret and code that was ever issued.
    pub secrets: Vec<String>,
    /// How long role credentials last, in seconds.
    pub lifetime: i64,
    /// Other replies, for requests whose target starts with the text.
    pub instead: Vec<(&'static str, Always)>,
}

/// A registered client.
pub struct Client {
    pub secret: String,
    /// The body of its registration.
    pub registered: Value,
}

struct Authorization {
    client: String,
    redirect: String,
    challenge: String,
}

/// What happens in the browser.
#[derive(Default, PartialEq, Eq)]
pub enum Browser {
    #[default]
    Allows,
    Denies,
    /// The browser returns with a code that the service did not issue.
    HasAnotherCode,
}

pub struct LocalSso {
    pub web: Web,
    state: Arc<Mutex<State>>,
}

pub const CLIENT: (&str, &str) = ("the-client", "the-clients-secret");

impl LocalSso {
    /// Starts both services. `sts` knows the role credentials that they give.
    pub fn start(sts: &LocalSts) -> Self {
        let client = Client {
            secret: CLIENT.1.to_owned(),
            registered: json!({"grantTypes": ["authorization_code", "refresh_token"]}),
        };
        let state = Arc::new(Mutex::new(State {
            lifetime: 3600,
            page: 100,
            token_lifetime: 28800,
            device: (1, 600),
            clients: BTreeMap::from([(CLIENT.0.to_owned(), client)]),
            ..State::default()
        }));
        let (shared, issuer) = (Arc::clone(&state), sts.issuer());
        let web = Web::start(move |asked| {
            let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, reply)) = state.instead.iter().find(|(start, _)| asked.target.starts_with(start)) {
                return reply();
            }
            if asked.target.starts_with("/federation/credentials?") {
                role_credentials(&state, asked, &*issuer)
            } else if asked.target.starts_with("/assignment/") {
                listed(&mut state, asked)
            } else if asked.target == "/token" {
                create_token(&mut state, asked)
            } else if asked.target == "/client/register" {
                register(&mut state, asked)
            } else if asked.target == "/device_authorization" {
                start_device(&mut state, asked)
            } else if asked.target.starts_with("/authorize?") {
                authorize(&mut state, asked)
            } else {
                Reply::Text(404, "{}".to_owned())
            }
        });
        Self { web, state }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn assign(&self, account: &str, role: &str) {
        self.state().assigned.insert((account.to_owned(), role.to_owned()));
    }

    /// Makes an account with a name, and assigns roles in it.
    pub fn add_account(&self, account: &str, name: &str, roles: &[&str]) {
        self.state().accounts.insert(account.to_owned(), (name.to_owned(), format!("{account}@corp.test")));
        for role in roles {
            self.assign(account, role);
        }
    }

    /// Takes a role away.
    pub fn unassign(&self, account: &str, role: &str) {
        self.state().assigned.remove(&(account.to_owned(), role.to_owned()));
    }

    /// Makes a valid token and its refresh token.
    pub fn log_in(&self) -> (String, String) {
        let (token, refresh) = (random::session_token(), random::session_token());
        let mut state = self.state();
        state.tokens.insert(token.clone());
        state.refresh_tokens.insert(refresh.clone());
        (token, refresh)
    }

    /// Sets another reply for requests whose target starts with `target`.
    pub fn instead(&self, target: &'static str, reply: Always) {
        self.state().instead.push((target, reply));
    }
}

fn role_credentials(state: &State, asked: &Asked, issue: &dyn Fn(&str, &str, i64) -> super::sts::Issued) -> Reply {
    let query = |name: &str| query(asked, name);
    let (account, role) = (query("account_id"), query("role_name"));
    if !state.tokens.contains(asked.header("x-amz-sso_bearer_token")) {
        return Reply::Refusal(401, "UnauthorizedException", json!({"message": "Session token not found or invalid"}));
    }
    if !state.assigned.contains(&(account.clone(), role.clone())) {
        return Reply::Refusal(403, "ForbiddenException", json!({"message": "No access"}));
    }
    let arn =
        format!("arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_{role}_0123456789abcdef");
    let issued = issue(&arn, "jo", state.lifetime);
    Reply::Json(json!({"roleCredentials": {
        "accessKeyId": issued.access_key_id,
        "secretAccessKey": issued.secret_access_key,
        "sessionToken": issued.session_token,
        "expiration": issued.expires * 1000,
    }}))
}

/// ListAccounts and ListAccountRoles, in pages. The token of a page is the place of its first entry.
fn listed(state: &mut State, asked: &Asked) -> Reply {
    if !state.tokens.contains(asked.header("x-amz-sso_bearer_token")) {
        return Reply::Refusal(401, "UnauthorizedException", json!({"message": "Session token not found or invalid"}));
    }
    if let Some(left) = state.throttled.checked_sub(1) {
        state.throttled = left;
        return Reply::Refusal(429, "TooManyRequestsException", json!({"message": "HTTP 429 Unknown Code"}));
    }
    let account = query(asked, "account_id");
    let number = |name: &str, default: usize| query(asked, name).parse().unwrap_or(default);
    let (first, most) = (number("next_token", 0), number("max_result", 20).min(state.page));
    let (list, all, page): (_, usize, Vec<Value>) = if asked.target.starts_with("/assignment/accounts?") {
        let numbers: BTreeSet<&String> = state.assigned.iter().map(|(account, _)| account).collect();
        let one = |number: &String| {
            let (name, email) = state.accounts.get(number).cloned().unwrap_or_default();
            json!({"accountId": number, "accountName": name, "emailAddress": email})
        };
        ("accountList", numbers.len(), numbers.into_iter().skip(first).take(most).map(one).collect())
    } else {
        if state.closed.as_ref() == Some(&account) {
            return Reply::Refusal(403, "ForbiddenException", json!({"message": "No access"}));
        }
        let from = (account.clone(), String::new());
        let roles: Vec<_> = state.assigned.range(from..).take_while(|(number, _)| *number == account).collect();
        let one = |(number, role): &(String, String)| json!({"roleName": role, "accountId": number});
        ("roleList", roles.len(), roles.into_iter().skip(first).take(most).map(one).collect())
    };
    let mut answer = json!({list: page});
    if first + most < all {
        answer["nextToken"] = (first + most).to_string().into();
    }
    Reply::Json(answer)
}

/// A decoded value of the query.
fn query(asked: &Asked, name: &str) -> String {
    let query = asked.target.split_once('?').map_or("", |(_, query)| query);
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.find(|(key, _)| *key == name).map_or("", |(_, value)| value);
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || rest.next().map_or(0, |digit| char::from(digit).to_digit(16).expect("a digit"));
        bytes.push(if byte == b'%' { u8::try_from(digit() * 16 + digit()).expect("a byte") } else { byte });
    }
    String::from_utf8(bytes).expect("text")
}

fn refused(name: &'static str, error: &str, why: &str) -> Reply {
    Reply::Refusal(400, name, json!({"error": error, "error_description": why}))
}

fn register(state: &mut State, asked: &Asked) -> Reply {
    let body = asked.json();
    if body["clientType"] != "public" || body["clientName"].as_str().is_none_or(str::is_empty) {
        return refused("InvalidClientMetadataException", "invalid_client_metadata", "no public client");
    }
    let grants = body["grantTypes"].as_array().cloned().unwrap_or_default();
    let complete = body["issuerUrl"].is_string() && body["redirectUris"] == json!(["http://127.0.0.1/oauth/callback"]);
    if grants.contains(&json!("authorization_code")) && !complete {
        return refused("InvalidRedirectUriException", "invalid_redirect_uri", "");
    }
    let (id, secret) = (random::request_id(), random::session_token());
    state.secrets.push(secret.clone());
    state.clients.insert(id.clone(), Client { secret: secret.clone(), registered: body });
    Reply::Json(json!({
        "clientId": id,
        "clientSecret": secret,
        "clientIdIssuedAt": clock::machine(),
        "clientSecretExpiresAt": clock::machine() + 90 * 86400,
    }))
}

/// The client that sent a request, if its secret is right.
fn client<'s>(state: &'s State, body: &Value) -> Option<&'s Client> {
    let client = state.clients.get(body["clientId"].as_str()?)?;
    (body["clientSecret"] == client.secret.as_str()).then_some(client)
}

fn no_client() -> Reply {
    Reply::Refusal(
        401,
        "InvalidClientException",
        json!({"error": "invalid_client", "error_description": "Who are you?"}),
    )
}

/// The authorization page: redirects the browser back to aws-auth.
fn authorize(state: &mut State, asked: &Asked) -> Reply {
    let query = |name: &str| query(asked, name);
    let (client, redirect, own) = (query("client_id"), query("redirect_uri"), query("state"));
    let port = redirect.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.strip_suffix("/oauth/callback"));
    let known = state.clients.get(&client).is_some_and(|client| {
        let grants = client.registered["grantTypes"].as_array();
        grants.is_some_and(|grants| grants.contains(&json!("authorization_code")))
    });
    let fine = known
        && port.is_some_and(|port| port.parse::<u16>().is_ok())
        && query("response_type") == "code"
        && query("code_challenge_method") == "S256"
        && query("code_challenge").len() == 43
        && !query("scopes").is_empty()
        && !own.is_empty();
    if !fine {
        return Reply::Text(400, "{}".to_owned());
    }
    if state.browser == Browser::Denies {
        return Reply::Redirect(format!("{redirect}?error=access_denied&error_description=No%1b&state={own}"));
    }
    let code = random::session_token();
    state.secrets.push(code.clone());
    let challenge = query("code_challenge");
    if state.browser != Browser::HasAnotherCode {
        let authorization = Authorization { client, redirect: redirect.clone(), challenge };
        state.codes.insert(code.clone(), authorization);
    }
    Reply::Redirect(format!("{redirect}?code={}&state={own}", code.replace('+', "%2B").replace('/', "%2F")))
}

fn start_device(state: &mut State, asked: &Asked) -> Reply {
    let body = asked.json();
    if client(state, &body).is_none() {
        return no_client();
    }
    if body["startUrl"].as_str().is_none_or(str::is_empty) {
        return refused("InvalidRequestException", "invalid_request", "no start URL");
    }
    let (device, user) = (random::session_token(), String::from("ABCD-EFGH"));
    state.secrets.push(device.clone());
    state.devices.insert(device.clone(), user.clone());
    Reply::Json(json!({
        "deviceCode": device,
        "userCode": user,
        "verificationUri": "https://corp.awsapps.com/start/#/device",
        "verificationUriComplete": format!("https://corp.awsapps.com/start/#/device?user_code={user}"),
        "interval": state.device.0,
        "expiresIn": state.device.1,
    }))
}

fn create_token(state: &mut State, asked: &Asked) -> Reply {
    let body = asked.json();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let Some(known) = client(state, &body) else { return no_client() };
    let legacy = known.registered["scopes"].is_null() && text("clientId") != CLIENT.0;
    match text("grantType").as_str() {
        "refresh_token" => {
            if !state.refresh_tokens.remove(&text("refreshToken")) {
                return refused("InvalidGrantException", "invalid_grant", "Invalid refresh token provided");
            }
        }
        "authorization_code" => {
            let proof = Sha256::digest(text("codeVerifier"));
            let fits = state.codes.remove(&text("code")).is_some_and(|asked| {
                asked.client == text("clientId")
                    && asked.redirect == text("redirectUri")
                    && asked.challenge == base64_url(&proof)
            });
            if !fits {
                return refused("InvalidGrantException", "invalid_grant", "Invalid authorization code provided");
            }
        }
        "urn:ietf:params:oauth:grant-type:device_code" => {
            if !state.devices.contains_key(&text("deviceCode")) {
                return refused("InvalidGrantException", "invalid_grant", "Invalid device code provided");
            }
            let poll = state.polls.pop_front().or_else(|| state.pending.then_some("authorization_pending"));
            match poll {
                None => drop(state.devices.remove(&text("deviceCode"))),
                Some("authorization_pending") => {
                    return refused("AuthorizationPendingException", "authorization_pending", "");
                }
                Some("slow_down") => return refused("SlowDownException", "slow_down", ""),
                Some("expired_token") => return refused("ExpiredTokenException", "expired_token", ""),
                Some("access_denied") => return refused("AccessDeniedException", "access_denied", ""),
                Some("server_error") => {
                    return Reply::Refusal(500, "InternalServerException", json!({"error": "server_error"}));
                }
                Some(other) => panic!("no such error in answer to a poll: {other}"),
            }
        }
        _ => return refused("UnsupportedGrantTypeException", "unsupported_grant_type", ""),
    }
    let (token, refresh) = (random::session_token(), random::session_token());
    state.tokens.insert(token.clone());
    state
        .secrets
        .extend([token.clone(), refresh.clone(), text("codeVerifier")].into_iter().filter(|text| !text.is_empty()));
    let mut answer = json!({"accessToken": token, "expiresIn": state.token_lifetime, "tokenType": "Bearer"});
    if !legacy {
        state.refresh_tokens.insert(refresh.clone());
        answer["refreshToken"] = refresh.into();
    }
    Reply::Json(answer)
}

/// Base64url without padding, for 32 bytes.
fn base64_url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = bytes.iter().fold(String::new(), |bits, byte| bits + &format!("{byte:08b}"));
    let six = |chunk: &[u8]| {
        let text = format!("{:0<6}", std::str::from_utf8(chunk).expect("digits"));
        usize::from_str_radix(&text, 2).expect("six bits")
    };
    bits.as_bytes().chunks(6).map(|chunk| char::from(DIGITS[six(chunk)])).collect()
}

/// A token file as the AWS CLI writes it for a session. The token expires after `seconds`.
pub fn token_file(token: &str, refresh: &str, seconds: i64) -> serde_json::Value {
    json!({
        "startUrl": "https://corp.awsapps.com/start",
        "region": "eu-west-1",
        "accessToken": token,
        "expiresAt": clock::iso(clock::machine() + seconds),
        "clientId": CLIENT.0,
        "clientSecret": CLIENT.1,
        "registrationExpiresAt": clock::iso(clock::machine() + 86400),
        "refreshToken": refresh,
        "somebodyElses": {"field": 1},
    })
}
