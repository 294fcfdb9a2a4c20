//! Role credentials of IAM Identity Center, for the token of who is logged in (the AWS CLI's SSOCredentialFetcher).

use aws_sdk_sso::error::{ProvideErrorMetadata as _, SdkError};

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

/// GetRoleCredentials, for the token of who is logged in; `None` looks for it.
pub fn fetch(
    sso: &Sso,
    token: Option<&Token>,
    plan: &Acquisition,
    context: &Context<'_>,
    about: &str,
) -> Result<Credentials> {
    let whose = words::whose(sso);
    let found;
    let token = if let Some(token) = token {
        &token.secret
    } else {
        let state = token::state(sso, context).map_err(|error| words::unrenewed(sso, about, error))?;
        if let Some(fact) = words::missing(&state, sso) {
            return Err(Error::new(format!("{about}: {fact}")).advise(words::advice(plan)));
        }
        let TokenState::Fresh(token) = state else { return Err(crate::providers::fetch::gone()) };
        found = token;
        &found.secret
    };
    context
        .messages
        .step(|| format!("GetRoleCredentials {} in {}, {}", sso.role_name, sso.account_id, sso.portal.place()));
    token::warn_in_clear(&sso.portal, context);
    let request = aws_sdk_sso::Client::new(&sdk::config(&sso.portal, Retries::Safe)?)
        .get_role_credentials()
        .role_name(&sso.role_name)
        .account_id(&sso.account_id)
        .access_token(token.expose());
    let answer = http::runtime()?.block_on(request.send()).map_err(|error| {
        let SdkError::ServiceError(refusal) = &error else { return network(sso, about, &error) };
        let Some(code) = refusal.err().code() else { return network(sso, about, &error) };
        let message = some_words(refusal.err().message().unwrap_or_default());
        if code == "UnauthorizedException" {
            let fact = format!("{about}: {} no longer takes the token of {whose} ({message})", sso.portal.place());
            return Error::new(fact).advise(format!("{} --refresh", words::advice(plan)));
        }
        let said = Error::new(format!("{about}: {} says {}: {message}", sso.portal.place(), some_words(code)));
        match (code, refusal.raw().status().as_u16()) {
            ("TooManyRequestsException", _) => said.advise("too many calls at once; try again in a moment"),
            (_, 500..) => said.advise("the service is having trouble; try again in a moment"),
            _ => said.advise(format!(
                "check sso_account_id ({}) and sso_role_name ({}); who runs IAM Identity Center assigns them to you",
                sso.account_id, sso.role_name
            )),
        }
    })?;
    let given = answer.role_credentials();
    let (Some(id), Some(secret), Some(token)) = (
        given.and_then(|given| given.access_key_id()),
        given.and_then(|given| given.secret_access_key()),
        given.and_then(|given| given.session_token()),
    ) else {
        return Err(
            Error::new(format!("{about}: {} answered without credentials", sso.portal.place())).advise("try again")
        );
    };
    let credentials = Credentials {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::new(secret.to_owned()),
        session_token: Some(Secret::new(token.to_owned())),
        // Milliseconds; 0 is what the SDK makes of a missing one.
        expiration: given.map(|given| given.expiration() / 1000).filter(|end| *end > 0),
        account_id: Some(sso.account_id.clone()),
    };
    credentials.checked(&format!("{about}: {}", sso.portal.place()))
}

fn network<E: std::error::Error + 'static>(
    sso: &Sso,
    about: &str,
    error: &SdkError<E, aws_smithy_runtime_api::client::orchestrator::HttpResponse>,
) -> Error {
    failure(sso.portal.name, &sso.portal.place(), error).in_front(about)
}
