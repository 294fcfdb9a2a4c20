//! IAM Identity Center on loopback: the portal that gives role credentials for a token, and the OIDC service that
//! renews tokens. Both behave as AWS's do: tokens end, refresh tokens are good once, access is by assignment.

use super::LocalSts;
use super::sts::{clock, random};
use super::web::{Always, Asked, Reply, Web};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub struct State {
    /// The access tokens that are good.
    pub tokens: BTreeSet<String>,
    /// The refresh tokens that were not used yet.
    pub refresh_tokens: BTreeSet<String>,
    /// Account and role, as assigned to who is logged in.
    pub assigned: BTreeSet<(String, String)>,
    /// How long role credentials last, in seconds.
    pub lifetime: i64,
    /// What is answered instead, to requests whose target begins like this.
    pub instead: Vec<(&'static str, Always)>,
}

pub struct LocalSso {
    pub web: Web,
    state: Arc<Mutex<State>>,
}

pub const CLIENT: (&str, &str) = ("the-client", "the-clients-secret");

impl LocalSso {
    /// Starts both; role credentials are such that `sts` knows them.
    pub fn start(sts: &LocalSts) -> Self {
        let state = Arc::new(Mutex::new(State { lifetime: 3600, ..State::default() }));
        let (shared, issuer) = (Arc::clone(&state), sts.issuer());
        let web = Web::start(move |asked| {
            let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, reply)) = state.instead.iter().find(|(start, _)| asked.target.starts_with(start)) {
                return reply();
            }
            if asked.target.starts_with("/federation/credentials?") {
                role_credentials(&state, asked, &*issuer)
            } else if asked.target == "/token" {
                create_token(&mut state, asked)
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

    /// A token that is good, and its refresh token.
    pub fn log_in(&self) -> (String, String) {
        let (token, refresh) = (random::session_token(), random::session_token());
        let mut state = self.state();
        state.tokens.insert(token.clone());
        state.refresh_tokens.insert(refresh.clone());
        (token, refresh)
    }

    /// Answers requests whose target begins like this in another way.
    pub fn instead(&self, target: &'static str, reply: Always) {
        self.state().instead.push((target, reply));
    }
}

fn role_credentials(state: &State, asked: &Asked, issue: &dyn Fn(&str, &str, i64) -> super::sts::Issued) -> Reply {
    let query = |name: &str| {
        let query = asked.target.split_once('?').map_or("", |(_, query)| query);
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
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

fn create_token(state: &mut State, asked: &Asked) -> Reply {
    let body = asked.json();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let refused =
        |name, error: &str, why: &str| Reply::Refusal(400, name, json!({"error": error, "error_description": why}));
    if (text("clientId").as_str(), text("clientSecret").as_str()) != CLIENT {
        return Reply::Refusal(401, "InvalidClientException", json!({"error": "invalid_client"}));
    }
    if text("grantType") != "refresh_token" {
        return refused("UnsupportedGrantTypeException", "unsupported_grant_type", "");
    }
    if !state.refresh_tokens.remove(&text("refreshToken")) {
        return refused("InvalidGrantException", "invalid_grant", "Invalid refresh token provided");
    }
    let (token, refresh) = (random::session_token(), random::session_token());
    state.tokens.insert(token.clone());
    state.refresh_tokens.insert(refresh.clone());
    Reply::Json(json!({"accessToken": token, "expiresIn": 28800, "refreshToken": refresh, "tokenType": "Bearer"}))
}

/// A token's file as the AWS CLI writes it for a session; it ends in so many seconds.
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
