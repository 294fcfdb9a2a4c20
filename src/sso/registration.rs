//! The registration of aws-auth as a client of the OIDC service, which is valid for about three months. It is kept in
//! the same place and format as the AWS CLI's, so that each program can use the other's (botocore's SSOTokenFetcher and
//! SSOTokenFetcherAuth).

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::aws::http;
use crate::cache::keys::hex_sha1;
use crate::context::Context;
use crate::credentials::Secret;
use crate::error::{Error, Result};
use crate::plan::sso::Sso;
use crate::sso::callback;
use crate::sso::oidc::Refusal;
use crate::sso::token::Fields;
use crate::sso::{oidc, token};
use crate::text::json::push_json_text;
use crate::time::{Length, Timestamp, now};

/// A registration with less time left than this is replaced.
const REPLACEMENT_MARGIN: Length = Length::minutes(15);

/// The scope of a token, unless the session sets scopes.
const DEFAULT_SCOPE: &str = "sso:account:access";

/// The way to sign in. A registration is for one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// With a browser on this machine, which brings an authorization code.
    Code,
    /// With a browser on any device and a code.
    Device,
}

/// A registered client.
pub struct Registration {
    /// The client id, which is not secret.
    pub client_id: String,
    /// The client secret.
    pub client_secret: Secret,
    /// When the registration expires.
    pub expires: Timestamp,
}

/// The scopes to request. A profile with a start URL but no session has none, and its token cannot be renewed.
pub fn scopes(sso: &Sso) -> Vec<String> {
    match (&sso.session, sso.scopes.as_slice()) {
        (Some(_), []) => vec![DEFAULT_SCOPE.to_owned()],
        (_, scopes) => scopes.to_vec(),
    }
}

/// The registration from the cache, or a new one.
///
/// # Errors
/// Returns an error if the service refuses a new one or cannot be reached.
pub fn get(sso: &Sso, grant: Grant, context: &Context<'_>) -> Result<Registration> {
    let path = path(sso, context);
    if let Some(kept) = path.as_deref().and_then(Fields::read)
        && let Some(registration) = usable(&kept, grant)
    {
        return Ok(registration);
    }
    context.messages.step(|| format!("registering with {}", sso.oidc.place()));
    token::warn_in_clear(&sso.oidc, context);
    let client = oidc::client(&sso.oidc)?;
    let name = sso.session.as_deref().unwrap_or("legacy");
    let scopes = scopes(sso);
    let mut request = client
        .register_client()
        .client_name(format!("aws-auth-{name}"))
        .client_type("public")
        .set_scopes((!scopes.is_empty()).then(|| scopes.clone()));
    let grants = ["authorization_code", "refresh_token"];
    if grant == Grant::Code {
        request = request
            .set_grant_types(Some(grants.map(String::from).into()))
            // Each login uses another port. The service accepts any port (RFC 8252, section 7.3).
            .redirect_uris(format!("http://127.0.0.1{}", callback::PATH))
            .issuer_url(&sso.issuer_url);
    }
    let answer = http::call(request.send(), &context.locks)?.map_err(|error| match Refusal::of(&sso.oidc, &error) {
        Ok(refusal) => refusal.error(&sso.oidc, "check sso_start_url, sso_region and sso_registration_scopes"),
        Err(error) => error,
    })?;
    let (Some(id), Some(secret)) = (answer.client_id(), answer.client_secret()) else {
        return Err(Error::new(format!("{} answered without a registration", sso.oidc.place())).advise("try again"));
    };
    let expires = Timestamp::from_unix(answer.client_secret_expires_at());
    let mut fields = json!({"clientId": id, "clientSecret": secret, "expiresAt": expires.iso8601()});
    if let Value::Object(fields) = &mut fields {
        if !scopes.is_empty() {
            fields.insert(String::from("scopes"), json!(scopes));
        }
        if grant == Grant::Code {
            fields.insert(String::from("grantTypes"), json!(grants));
        }
    }
    if let Some(path) = path {
        token::keep(&path, &Fields::new(fields), context, "the registration for SSO");
    }
    Ok(Registration { client_id: id.to_owned(), client_secret: Secret::new(secret.to_owned()), expires })
}

/// Removes a registration that the service no longer knows.
pub fn forget(sso: &Sso, context: &Context<'_>) {
    if let Some(path) = path(sso, context) {
        let _ = std::fs::remove_file(path);
    }
}

fn usable(kept: &Fields, grant: Grant) -> Option<Registration> {
    let expires = kept.time("expiresAt")?;
    let grants = kept.value().get("grantTypes").and_then(Value::as_array);
    let for_code = grants.is_some_and(|grants| grants.iter().any(|name| name == "authorization_code"));
    if for_code != (grant == Grant::Code) || expires - now() < REPLACEMENT_MARGIN {
        return None;
    }
    Some(Registration {
        client_id: kept.text("clientId")?.to_owned(),
        client_secret: Secret::new(kept.text("clientSecret")?.to_owned()),
        expires,
    })
}

/// The path in the AWS CLI's cache. The name is the SHA-1 of the settings that the registration depends on, as Python's
/// `json.dumps(…, sort_keys=True)` writes them.
fn path(sso: &Sso, context: &Context<'_>) -> Option<PathBuf> {
    let text = |json: &mut String, text: Option<&str>| match text {
        Some(text) => push_json_text(json, text),
        None => json.push_str("null"),
    };
    let mut json = String::from("{\"region\": ");
    text(&mut json, Some(sso.oidc.region.as_str()));
    json.push_str(", \"scopes\": ");
    if sso.scopes.is_empty() {
        json.push_str("null");
    } else {
        for (at, scope) in sso.scopes.iter().enumerate() {
            json.push_str(if at == 0 { "[" } else { ", " });
            push_json_text(&mut json, scope);
        }
        json.push(']');
    }
    json.push_str(", \"session_name\": ");
    text(&mut json, sso.session.as_deref());
    json.push_str(", \"startUrl\": ");
    text(&mut json, Some(&sso.start_url));
    json.push_str(", \"tool\": \"botocore\"}");
    Some(context.snapshot.sso_cache_dir()?.join(format!("{}.json", hex_sha1(&json))))
}
