//! A sign-in that was begun: what the link to the sign-in page holds, and the tokens for the code that comes back.
//! PKCE makes the code useless to other programs (RFC 7636), and the tokens are bound to a key that is made for them
//! (RFC 9449).

use std::fmt::Write as _;

use aws_sdk_signin::types::CreateOAuth2TokenRequestBody;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::aws_login::dpop::{self, Key};
use crate::aws_login::endpoint::{self, POLICY, Refusal, tokens};
use crate::aws_login::session::Session;
use crate::context::Context;
use crate::credentials::Secret;
use crate::error::{Error, Result, io_words};
use crate::plan::endpoints::Service;
use crate::sso::outcome::NotSignedIn;
use crate::system::random;
use crate::text::encoding::{base64_url, from_base64};
use crate::text::percent::encoded;

/// The clients that AWS Sign-In knows programs by.
const SAME_DEVICE: &str = "arn:aws:signin:::devtools/same-device";
const CROSS_DEVICE: &str = "arn:aws:signin:::devtools/cross-device";

/// The longest name of a session. ARNs have at most 2048 characters.
const LONGEST_NAME: usize = 2048;

/// A sign-in that waits for a code.
pub struct Begun<'a> {
    signin: &'a Service,
    address: String,
    client: &'static str,
    redirect: String,
    state: String,
    verifier: Secret,
    key: Key,
    pem: Secret,
}

/// A session that was just begun.
pub struct NewSession {
    /// Its name: the ARN of the user or the role.
    pub name: String,
    /// The contents of its file.
    pub file: Session,
}

impl<'a> Begun<'a> {
    /// A sign-in with a browser on this machine, which comes back to `redirect`.
    ///
    /// # Errors
    /// Returns an error if the service has no address, or there are no random numbers.
    pub fn on_this_device(signin: &'a Service, redirect: String) -> Result<Self> {
        let address = endpoint::address(signin)?;
        Self::new(signin, address, SAME_DEVICE, redirect)
    }

    /// A sign-in with any browser. The page at its end shows the code.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`Self::on_this_device`].
    pub fn on_another_device(signin: &'a Service) -> Result<Self> {
        let address = endpoint::address(signin)?;
        let redirect = format!("{address}/v1/sessions/confirmation");
        Self::new(signin, address, CROSS_DEVICE, redirect)
    }

    fn new(signin: &'a Service, address: String, client: &'static str, redirect: String) -> Result<Self> {
        let verifier = random::bytes::<48>()
            .map_err(|error| Error::new(format!("the system provides no random numbers ({})", io_words(&error))))?;
        let (key, pem) = Key::generate()?;
        let state = dpop::random_id()?;
        Ok(Self { signin, address, client, redirect, state, verifier: Secret::new(base64_url(&verifier)), key, pem })
    }

    /// The secret that the answer must bring back, so that it is known to be for this sign-in.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// The URL of the sign-in page. It contains only a hash of the verifier, so that a person who sees it cannot use
    /// the code.
    pub fn link(&self) -> String {
        let challenge = base64_url(&Sha256::digest(self.verifier.expose().as_bytes()));
        let mut link = format!("{}/v1/authorize?response_type=code", self.address);
        for (name, value) in [
            ("client_id", self.client),
            ("state", &self.state),
            // This service's name for what RFC 7636 calls S256.
            ("code_challenge_method", "SHA-256"),
            ("scope", "openid"),
            ("redirect_uri", &self.redirect),
            ("code_challenge", &challenge),
        ] {
            let _ = write!(link, "&{name}={}", encoded(value).as_str());
        }
        link
    }

    /// Calls CreateOAuth2Token with the code.
    ///
    /// # Errors
    /// Returns an error if the service refuses the code or cannot be reached.
    pub fn redeem(self, code: &Secret, context: &Context<'_>) -> Result<NewSession, NotSignedIn> {
        let body = CreateOAuth2TokenRequestBody::builder()
            .client_id(self.client)
            .grant_type("authorization_code")
            .code(code.expose())
            .code_verifier(self.verifier.expose())
            .redirect_uri(&self.redirect)
            .build()
            .map_err(|error| Error::new(error.to_string()))?;
        context.messages.step(|| String::from("getting the credentials for the code"));
        let given = tokens(self.signin, body, self.key, context).map_err(|refusal| match refusal {
            Refusal::Expired => Error::new("the code has expired").advise("run the command again"),
            Refusal::PasswordChanged => {
                Error::new("the password has changed since the sign-in").advise("run the command again")
            }
            Refusal::NotAllowed => not_allowed(),
            Refusal::Refused(said) => said.advise("run the command again"),
            Refusal::Failed(error) => error,
        })?;
        let name = given.identity.as_ref().and_then(subject);
        let Some((name, account)) = name.as_deref().and_then(|name| Some((name, account(name)?))) else {
            let said = format!("{} answered without the name of the session", self.signin.place());
            return Err(Error::new(said).advise("try again").into());
        };
        let file = Session::new(&given, self.client, account, &self.pem);
        Ok(NewSession { name: name.to_owned(), file })
    }
}

/// The error for a user who lacks the permission.
pub fn not_allowed() -> Error {
    Error::new("you are not allowed to sign in with programs").advise(format!("ask for AWS's managed policy {POLICY}"))
}

/// Whom an ID token names. Its signature need not be checked, because it comes from the service itself over TLS
/// (OpenID Connect Core, section 3.1.3.7).
fn subject(token: &Secret) -> Option<String> {
    let mut parts = token.expose().split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let claims: Value = serde_json::from_slice(&from_base64(claims)?).ok()?;
    let name = claims.get("sub")?.as_str()?;
    let is_one_word = !name.chars().any(|c| c.is_whitespace() || c.is_control());
    (is_one_word && name.len() <= LONGEST_NAME).then(|| name.to_owned())
}

/// The account in the ARN of a user or a role.
fn account(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, _, _, account, name] = parts.as_slice() else { return None };
    let is_number = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (arn.starts_with("arn:") && is_number && !name.is_empty()).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::{account, subject};
    use crate::credentials::Secret;
    use crate::text::encoding::base64_url;

    #[test]
    fn a_token_names_an_arn_or_nothing() {
        let named = |claims: &str| subject(&Secret::new(format!("h.{}.s", base64_url(claims.as_bytes()))));
        assert_eq!(named("{\"sub\": \"arn:x\"}").as_deref(), Some("arn:x"));
        for claims in ["{\"sub\": \"a b\"}", "{\"sub\": \"a\\n\"}", "{\"sub\": 7}", "{}", "no json"] {
            assert_eq!(named(claims), None, "{claims}");
        }
        for token in ["", "a.b", "a.e30.c.d", "a.!.c"] {
            assert_eq!(subject(&Secret::new(token.to_owned())), None, "{token}");
        }
    }

    #[test]
    fn the_account_of_users_roles_and_roots() {
        for arn in [
            "arn:aws:iam::123456789012:user/a:b",
            "arn:aws-cn:sts::123456789012:assumed-role/r/s",
            "arn:aws:iam::123456789012:root",
        ] {
            assert_eq!(account(arn), Some("123456789012"));
        }
        for arn in ["arn:aws:iam::12345678901:root", "arn:aws:iam::123456789012:", "arn:aws:iam:123456789012", "x"] {
            assert_eq!(account(arn), None, "{arn}");
        }
    }
}
