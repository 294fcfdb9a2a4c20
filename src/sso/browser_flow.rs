//! Signing in with a browser on this machine. The browser brings an authorization code back (RFC 8252), and PKCE makes
//! it useless to other programs (RFC 7636).

use std::fmt::Write as _;
use std::time::Instant;

use sha2::{Digest as _, Sha256};

use crate::aws::http;
use crate::context::Context;
use crate::credentials::Secret;
use crate::error::Result;
use crate::plan::sso::Sso;
use crate::sso::callback::{Callback, Page};
use crate::sso::oidc::Refusal;
use crate::sso::outcome::{Given, NotSignedIn};
use crate::sso::registration::Registration;
use crate::sso::{oidc, registration};
use crate::system::browser::cannot_wait;
use crate::system::random;
use crate::text::encoding::{base64_url, hex};
use crate::text::percent::encoded;

/// Opens the browser and waits until it brings the code back, at most until `until`.
///
/// # Errors
/// Returns an error if there is no browser, the user denies it or takes too long, or the service refuses the code.
pub fn sign_in(
    sso: &Sso,
    registration: &Registration,
    until: Instant,
    context: &Context<'_>,
) -> Result<Given, NotSignedIn> {
    let mut callback = Callback::listen()?;
    let redirect = callback.url();
    let verifier = Secret::new(base64_url(&random::bytes::<48>().map_err(cannot_wait)?));
    let state = hex(&random::bytes::<16>().map_err(cannot_wait)?);
    let link = link(sso, registration, &redirect, (&state, &verifier))?;
    let page = Page { link: &link, state: &state, until, is_done: None };
    let code = callback.code(&page, NotSignedIn::denied(), context)?;
    redeem(sso, registration, &redirect, (&code, &verifier), context)
}

/// The URL of the sign-in page. It contains only a hash of the verifier, so that a person who sees it cannot use the
/// code.
fn link(sso: &Sso, registration: &Registration, redirect: &str, (state, verifier): (&str, &Secret)) -> Result<String> {
    let challenge = base64_url(&Sha256::digest(verifier.expose().as_bytes()));
    let scopes = registration::scopes(sso).join(" ");
    let mut link = format!("{}/authorize?response_type=code", oidc::address(&sso.oidc)?);
    for (name, value) in [
        ("client_id", registration.client_id.as_str()),
        ("redirect_uri", redirect),
        ("state", state),
        ("code_challenge_method", "S256"),
        // This service's name for the parameter, which RFC 6749 calls `scope`.
        ("scopes", &scopes),
        ("code_challenge", &challenge),
    ] {
        let _ = write!(link, "&{name}={}", encoded(value).as_str());
    }
    Ok(link)
}

/// Calls CreateToken with the code.
fn redeem(
    sso: &Sso,
    registration: &Registration,
    redirect: &str,
    (code, verifier): (&Secret, &Secret),
    context: &Context<'_>,
) -> Result<Given, NotSignedIn> {
    let request = oidc::client(&sso.oidc)?
        .create_token()
        .grant_type("authorization_code")
        .client_id(&registration.client_id)
        .client_secret(registration.client_secret.expose())
        .redirect_uri(redirect)
        .code_verifier(verifier.expose())
        .code(code.expose());
    let answer = http::call(request.send(), &context.locks)?.map_err(|error| match Refusal::of(&sso.oidc, &error) {
        Ok(refusal) => {
            if refusal.of_client() {
                registration::forget(sso, context);
            }
            refusal.error(&sso.oidc, "try again")
        }
        Err(error) => error,
    })?;
    Ok(Given::of(&answer, sso)?)
}
