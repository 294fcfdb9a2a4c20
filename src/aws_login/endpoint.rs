//! AWS Sign-In: its addresses, and CreateOAuth2Token, which gives credentials for a code or a refresh token. Each call
//! carries a proof of the private key that the tokens are bound to (RFC 9449).

use aws_sdk_signin::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_sdk_signin::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_signin::operation::create_o_auth2_token::{CreateOAuth2TokenError, CreateOAuth2TokenOutput};
use aws_sdk_signin::types::{CreateOAuth2TokenRequestBody, OAuth2ErrorCode};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::aws::network_errors::failure;
use crate::aws::sdk::Retries;
use crate::aws::{http, sdk};
use crate::aws_login::dpop::{self, Key};
use crate::context::Context;
use crate::credentials::{Credentials, Secret};
use crate::error::{Error, Result};
use crate::plan::endpoints::Service;
use crate::sso::token::warn_in_clear;
use crate::text::escape::some_words;
use crate::time::{Length, now};

/// AWS's managed policy with the permissions of a sign-in: signin:AuthorizeOAuth2Access and signin:CreateOAuth2Token.
pub const POLICY: &str = "SignInLocalDevelopmentAccess";

/// The URL of the service, for the sign-in page, which is not an operation of the SDK.
///
/// # Errors
/// Returns an error if the SDK's rules have no endpoint for the region and the switches.
pub fn address(signin: &Service) -> Result<String> {
    sdk::address(signin, "the region", async || {
        let params = Params::builder()
            .region(signin.region.as_str())
            .use_fips(signin.endpoint.fips)
            .use_dual_stack(signin.endpoint.dual_stack)
            .is_control_plane(false)
            .build();
        DefaultResolver::new().resolve_endpoint(&params.ok()?).await.ok()
    })
}

/// The tokens of a sign-in or a renewal.
pub struct Tokens {
    pub(crate) credentials: Credentials,
    pub(crate) refresh: Secret,
    /// The type of the credentials, as the service calls it.
    pub(crate) kind: String,
    /// Whose they are: a signed token (OpenID Connect). A renewal gives none.
    pub(crate) identity: Option<Secret>,
}

/// Why there are no tokens.
pub enum Refusal {
    /// The session or the code has expired.
    Expired,
    /// The user has another password now.
    PasswordChanged,
    /// The user may not do it.
    NotAllowed,
    /// The service does not accept what was sent.
    Refused(Error),
    /// The service could not be asked.
    Failed(Error),
}

/// Calls CreateOAuth2Token, once: codes and refresh tokens may work only once.
///
/// # Errors
/// Returns the service's refusal, or why it was not reached.
pub fn tokens(
    signin: &Service,
    body: CreateOAuth2TokenRequestBody,
    key: Key,
    context: &Context<'_>,
) -> Result<Tokens, Refusal> {
    warn_in_clear(signin, context);
    let jti = dpop::random_id().map_err(Refusal::Failed)?;
    let config = sdk::config(signin, Retries::Never).map_err(Refusal::Failed)?;
    let request =
        aws_sdk_signin::Client::new(&config).create_o_auth2_token().token_input(body).customize().mutate_request(
            move |request| {
                // If there is no proof, the request is sent without it, and the service's refusal explains the problem.
                if let Some(proof) = key.proof(request.uri(), &jti, now()) {
                    request.headers_mut().insert("DPoP", proof);
                }
            },
        );
    let answer = http::call(request.send(), &context.locks)
        .map_err(Refusal::Failed)?
        .map_err(|error| refusal(&error, signin))?;
    Tokens::of(&answer, signin).map_err(Refusal::Failed)
}

fn refusal(error: &SdkError<CreateOAuth2TokenError, HttpResponse>, signin: &Service) -> Refusal {
    let SdkError::ServiceError(refusal) = error else {
        return Refusal::Failed(failure(signin.name, &signin.place(), error));
    };
    let code = match refusal.err() {
        CreateOAuth2TokenError::AccessDeniedException(denied) => match &denied.error {
            OAuth2ErrorCode::TokenExpired | OAuth2ErrorCode::AuthcodeExpired => return Refusal::Expired,
            OAuth2ErrorCode::UserCredentialsChanged => return Refusal::PasswordChanged,
            OAuth2ErrorCode::InsufficientPermissions => return Refusal::NotAllowed,
            other => Some(some_words(other.as_str())),
        },
        other => other.code().map(some_words),
    };
    let Some(code) = code else { return Refusal::Failed(failure(signin.name, &signin.place(), error)) };
    let message = some_words(refusal.err().message().unwrap_or_default());
    let said = Error::new(format!("{} says {code}", signin.place())).quote(message);
    match refusal.raw().status().as_u16() {
        429 => Refusal::Failed(said.advise("too many calls at once; try again in a moment")),
        500.. => Refusal::Failed(said.advise("the service is having trouble; try again in a moment")),
        _ => Refusal::Refused(said),
    }
}

impl Tokens {
    /// Reads the service's answer. The SDK sets required fields that are missing to empty values instead of failing.
    fn of(answer: &CreateOAuth2TokenOutput, signin: &Service) -> Result<Self> {
        let given = answer.token_output().and_then(|output| Some((output, output.access_token()?)));
        let whole = given.filter(|(output, token)| {
            let texts =
                [token.access_key_id(), token.secret_access_key(), token.session_token(), output.refresh_token()];
            texts.iter().all(|text| !text.is_empty()) && output.expires_in() > 0
        });
        let Some((output, token)) = whole else {
            return Err(Error::new(format!("{} answered without credentials", signin.place())).advise("try again"));
        };
        let credentials = Credentials {
            access_key_id: token.access_key_id().to_owned(),
            secret_access_key: Secret::new(token.secret_access_key().to_owned()),
            session_token: Some(Secret::new(token.session_token().to_owned())),
            expiration: Some(now() + Length::seconds(output.expires_in().into())),
            account_id: None,
        };
        Ok(Self {
            credentials: credentials.checked(&signin.place())?,
            refresh: Secret::new(output.refresh_token().to_owned()),
            kind: output.token_type().to_owned(),
            identity: output.id_token().map(|token| Secret::new(token.to_owned())),
        })
    }
}
