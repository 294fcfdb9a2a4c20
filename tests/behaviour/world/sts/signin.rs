//! The console's sign-in: it gives a token for the credentials of a role, and signs in whoever comes with that token. A
//! role session does not know how it was assumed here, so every role may ask for a SessionDuration.

use super::model::{Principal, session_arn};
use super::random;
use super::signature::form;
use super::state::State;
use serde_json::Value;
use std::collections::BTreeMap;

/// How long a token can be used, in seconds.
const LIFETIME: i64 = 15 * 60;

/// A token, and whom it signs in until when.
#[derive(Debug, Clone)]
pub struct Token {
    arn: String,
    expires: i64,
}

/// A status, a content type and a text.
pub type Page = (u16, &'static str, String);

/// Answers `GET /federation?…`.
pub fn federation(state: &mut State, query: &str) -> Page {
    let params: BTreeMap<String, String> = form(query).into_iter().collect();
    match params.get("Action").map(String::as_str) {
        Some("getSigninToken") => match token(state, &params) {
            Ok(token) => (200, "application/json", serde_json::json!({ "SigninToken": token }).to_string()),
            Err(why) => page(400, "Bad request", &why),
        },
        Some("login") => login(state, &params),
        _ => page(400, "Bad request", "Action is neither getSigninToken nor login."),
    }
}

fn token(state: &mut State, params: &BTreeMap<String, String>) -> Result<String, String> {
    if let Some(seconds) = params.get("SessionDuration") {
        let fits = seconds.parse().is_ok_and(|seconds: i64| (900..=43200).contains(&seconds));
        fits.then_some(()).ok_or("SessionDuration is not between 900 and 43200.")?;
    }
    let session = params.get("Session").ok_or("There is no Session.")?;
    let session: Value = serde_json::from_str(session).map_err(|_| "Session is not JSON.")?;
    let field = |name: &str| session[name].as_str().unwrap_or_default();
    let issued = state.issued.get(field("sessionId")).filter(|issued| {
        issued.secret_access_key == field("sessionKey") && issued.session_token == field("sessionToken")
    });
    let issued = issued.ok_or("No such credentials were issued.")?;
    if issued.expires <= state.now() || state.revoked.contains(&issued.access_key_id) {
        return Err("The credentials have expired.".to_owned());
    }
    let arn = match &issued.principal {
        Principal::Role { role_arn, session_name, .. } => session_arn(role_arn, session_name),
        Principal::Federated { .. } if params.contains_key("SessionDuration") => {
            return Err("SessionDuration is only for roles.".to_owned());
        }
        Principal::Federated { arn, .. } => arn.clone(),
        Principal::User(_) => return Err("The credentials are not those of a role.".to_owned()),
    };
    let made = Token { arn, expires: state.now() + LIFETIME };
    let token = random::session_token();
    state.secrets.insert(token.clone());
    state.signin_tokens.insert(token.clone(), made);
    Ok(token)
}

/// Answers `GET /oauth?…`: ends the session of the browser, and gives the address to go on to. AWS takes only its own.
pub fn logout(query: &str) -> Option<String> {
    let params: BTreeMap<String, String> = form(query).into_iter().collect();
    let address = params.get("redirect_uri")?;
    let (_, rest) = address.split_once("://")?;
    let is_own = rest.split_once('/').is_some_and(|(_, path)| path.starts_with("federation?"));
    (params.get("Action").is_some_and(|action| action == "logout") && is_own).then(|| address.clone())
}

/// Where AWS would lead the browser to the console, this page says whom it signs in, and which page it would show.
fn login(state: &State, params: &BTreeMap<String, String>) -> Page {
    let token = params.get("SigninToken").and_then(|token| state.signin_tokens.get(token));
    let Some(token) = token.filter(|token| token.expires > state.now()) else {
        return page(400, "The link has expired", "This sign-in token is unknown, or older than 15 minutes.");
    };
    match params.get("Destination").filter(|address| address.starts_with("https://")) {
        Some(address) => {
            page(200, "Signed in", &format!("You are signed in as {}. AWS would now show {address}", token.arn))
        }
        None => page(400, "Bad request", "Destination is not an https address."),
    }
}

fn page(status: u16, title: &str, text: &str) -> Page {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let page = format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><p>{text}</p></body></html>\n");
    (status, "text/html; charset=utf-8", page)
}
