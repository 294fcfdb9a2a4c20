//! Role credentials of IAM Identity Center, for an SSO token (the AWS CLI's SSOCredentialFetcher).

use aws_sdk_sso::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_sso::operation::get_role_credentials::{GetRoleCredentialsError, GetRoleCredentialsOutput};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::aws::network_errors::failure;
use crate::aws::sdk::Retries;
use crate::aws::{http, sdk};
use crate::context::Context;
use crate::credentials::{Credentials, Secret};
use crate::error::{Error, Result};
use crate::plan::model::Acquisition;
use crate::plan::sso::Sso;
use crate::sso::token::{Token, TokenState};
use crate::sso::{token, words};
use crate::text::escape::some_words;
use crate::time::Timestamp;

/// Calls GetRoleCredentials with `token`, or with the one in the cache if it is `None`. `about` begins an error.
///
/// # Errors
/// Returns an error if the user is not logged in, or the service refuses or cannot be reached.
pub fn fetch(
    sso: &Sso,
    token: Option<&Token>,
    plan: &Acquisition,
    context: &Context<'_>,
    about: &str,
) -> Result<Credentials> {
    let found;
    let token = if let Some(token) = token {
        token
    } else {
        found = logged_in(sso, plan, context, about)?;
        &found
    };
    let sso = &*token::in_its_region(sso, context);
    context
        .messages
        .step(|| format!("GetRoleCredentials {} in {}, {}", sso.role_name, sso.account_id, sso.portal.place()));
    token::warn_in_clear(&sso.portal, context);
    let request = aws_sdk_sso::Client::new(&sdk::config(&sso.portal, Retries::Safe)?)
        .get_role_credentials()
        .role_name(&sso.role_name)
        .account_id(&sso.account_id)
        .access_token(token.secret.expose());
    let answer = http::call(request.send(), &context.locks)?
        .map_err(|error| refused(&error, sso, &words::advice(plan)).in_front(about))?;
    credentials(&answer, sso).map_err(|error| error.in_front(about))
}

/// The token in the cache, renewed first if it expires soon.
fn logged_in(sso: &Sso, plan: &Acquisition, context: &Context<'_>, about: &str) -> Result<Token> {
    let state = token::state(sso, context).map_err(|error| words::unrenewed(sso, about, error))?;
    if let Some(fact) = words::missing(&state, sso) {
        return Err(Error::new(format!("{about}: {fact}")).advise(words::advice(plan)));
    }
    match state {
        TokenState::Valid(token) => Ok(token),
        TokenState::Expired | TokenState::Missing => {
            Err(Error::new(format!("{about}: the SSO session ended a moment ago")).advise(words::advice(plan)))
        }
    }
}

/// The error of a failed call. `log_in` is the advice to log in.
fn refused(error: &SdkError<GetRoleCredentialsError, HttpResponse>, sso: &Sso, log_in: &str) -> Error {
    let place = sso.portal.place();
    let network = || failure(sso.portal.name, &place, error);
    let SdkError::ServiceError(refusal) = error else { return network() };
    let Some(code) = refusal.err().code() else { return network() };
    let message = some_words(refusal.err().message().unwrap_or_default());
    if code == "UnauthorizedException" {
        let whose = words::whose(sso);
        return Error::new(format!("{place} no longer accepts the token of {whose}"))
            .quote(message)
            .advise(format!("{log_in} --refresh"));
    }
    let said = Error::new(format!("{place} says {}", some_words(code))).quote(message);
    match (code, refusal.raw().status().as_u16()) {
        ("TooManyRequestsException", _) => said.advise("too many calls at once; try again in a moment"),
        (_, 500..) => said.advise("the service is having trouble; try again in a moment"),
        _ => said.advise(format!(
            "check sso_account_id ({}) and sso_role_name ({}), which the administrator of IAM Identity Center \
             assigns to you",
            sso.account_id, sso.role_name
        )),
    }
}

/// The credentials of an answer, which must be complete.
fn credentials(answer: &GetRoleCredentialsOutput, sso: &Sso) -> Result<Credentials> {
    let place = sso.portal.place();
    let given = answer.role_credentials();
    let parts = given.and_then(|given| {
        Some((given.access_key_id()?, given.secret_access_key()?, given.session_token()?, given.expiration()))
    });
    let Some((id, secret, token, expiration)) = parts else {
        return Err(Error::new(format!("{place} answered without credentials")).advise("try again"));
    };
    let credentials = Credentials {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::new(secret.to_owned()),
        session_token: Some(Secret::new(token.to_owned())),
        // It is in milliseconds, and the SDK sets a missing one to 0.
        expiration: Some(expiration / 1000).filter(|end| *end > 0).map(Timestamp::from_unix),
        account_id: Some(sso.account_id.clone()),
    };
    credentials.checked(&place)
}
