//! The accounts and roles that a login gives: all pages of ListAccounts and ListAccountRoles, a few calls at once, and
//! patience with a service that throttles.

use std::time::{Duration, Instant};

use aws_sdk_sso::Client;
use aws_sdk_sso::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sso::types::AccountInfo;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tokio::task::JoinSet;

use crate::aws::network_errors::failure;
use crate::aws::sdk::Retries;
use crate::aws::{http, sdk};
use crate::context::Context;
use crate::credentials::Secret;
use crate::error::{Error, Result};
use crate::plan::sso::Sso;
use crate::sso::token::Token;
use crate::sso::{token, words};
use crate::system::random;
use crate::text::escape::some_words;

/// How many calls are made at once.
const AT_ONCE: usize = 8;

/// How many accounts or roles a page holds: the most that the service gives.
const PAGE: i32 = 100;

/// The pauses after a throttled call: this long, then twice as long each time, up to the second one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(8));

/// A role in an account that the user may have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assignment {
    /// The account's name, as the organization gave it; may be empty.
    pub account_name: String,
    /// The number of the account.
    pub account_id: String,
    /// The permission set's role.
    pub role_name: String,
    /// The address of the account's owner; may be empty.
    pub email: String,
}

/// All roles in all accounts, sorted. `progress` is told how many accounts are done, and of how many.
///
/// # Errors
/// Returns an error if any call fails, so that a list is never half of one.
pub fn list(
    sso: &Sso,
    token: &Token,
    context: &Context<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Assignment>> {
    let sso = &*token::in_its_region(sso, context);
    token::warn_in_clear(&sso.portal, context);
    let portal = Portal {
        client: Client::new(&sdk::config(&sso.portal, Retries::Safe)?),
        token: token.secret.clone(),
        patience: context.request.keys.listing_patience.to_duration(),
        sso: sso.clone(),
    };
    let runtime = http::runtime()?;
    let mut found = http::block_on(&runtime, portal.whole_list(progress), &context.locks)?;
    found.sort();
    found.dedup();
    Ok(found)
}

#[derive(Clone)]
struct Portal {
    client: Client,
    token: Secret,
    /// How long a call is repeated that the service throttles.
    patience: Duration,
    sso: Sso,
}

impl Portal {
    async fn whole_list(&self, progress: &mut dyn FnMut(usize, usize)) -> Result<Vec<Assignment>> {
        let accounts = self.accounts().await?;
        let (all, mut done) = (accounts.len(), 0);
        progress(done, all);
        let mut found = Vec::new();
        let mut rest = accounts.into_iter();
        let mut calls = JoinSet::new();
        loop {
            while calls.len() < AT_ONCE
                && let Some(account) = rest.next()
            {
                let portal = self.clone();
                calls.spawn(async move { portal.roles(&account).await });
            }
            // The calls that still run end with the set.
            let Some(roles) = calls.join_next().await else { return Ok(found) };
            found.extend(roles.map_err(|_| self.broken("without an end"))??);
            done += 1;
            progress(done, all);
        }
    }

    async fn accounts(&self) -> Result<Vec<AccountInfo>> {
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let call = || {
                let request = self.client.list_accounts().access_token(self.token.expose()).max_results(PAGE);
                request.set_next_token(next.clone()).send()
            };
            let answer = self.patiently(call, "the accounts").await?;
            found.extend(answer.account_list.unwrap_or_default());
            let Some(following) = self.following(answer.next_token, next.as_ref())? else { return Ok(found) };
            next = Some(following);
        }
    }

    async fn roles(&self, account: &AccountInfo) -> Result<Vec<Assignment>> {
        let account_id = account.account_id().filter(|id| !id.is_empty());
        let account_id = account_id.ok_or_else(|| self.broken("with an account that has no number"))?;
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let call = || {
                let request = self.client.list_account_roles().access_token(self.token.expose()).max_results(PAGE);
                request.account_id(account_id).set_next_token(next.clone()).send()
            };
            let answer = self.patiently(call, &format!("the roles in {account_id}")).await?;
            for role in answer.role_list.unwrap_or_default() {
                let name = role.role_name.filter(|name| !name.is_empty());
                found.push(Assignment {
                    account_name: account.account_name().unwrap_or_default().to_owned(),
                    account_id: account_id.to_owned(),
                    role_name: name.ok_or_else(|| self.broken("with a role that has no name"))?,
                    email: account.email_address().unwrap_or_default().to_owned(),
                });
            }
            let Some(following) = self.following(answer.next_token, next.as_ref())? else { return Ok(found) };
            next = Some(following);
        }
    }

    /// The token of the page after this one. A page that leads to itself would have no end.
    fn following(&self, next: Option<String>, last: Option<&String>) -> Result<Option<String>> {
        match next.filter(|next| !next.is_empty()) {
            Some(next) if Some(&next) == last => Err(self.broken("with the same page again")),
            next => Ok(next),
        }
    }

    fn broken(&self, how: &str) -> Error {
        Error::new(format!("{} answered {how}", self.sso.portal.place())).advise("nothing was changed; try again")
    }

    /// Makes a call, and makes it again while the service says that there are too many. The SDK has tried three times
    /// before, with short pauses.
    async fn patiently<T, E, F>(&self, mut call: impl FnMut() -> F, what: &str) -> Result<T>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let (mut pause, longest) = PAUSES;
        let until = Instant::now() + self.patience;
        loop {
            let error = match call().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let left = until.saturating_duration_since(Instant::now());
            if !is_throttled(&error) || left.is_zero() {
                return Err(self.refused(&error, what));
            }
            // Not all of the calls at the same moment.
            let part = f64::from(random::bytes().map_or(128, |[byte]| byte)) / 255.0;
            tokio::time::sleep(pause.mul_f64(0.5 + part / 2.0).min(left)).await;
            pause = (pause * 2).min(longest);
        }
    }

    fn refused<E>(&self, error: &SdkError<E, HttpResponse>, what: &str) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let place = self.sso.portal.place();
        let network = || failure(self.sso.portal.name, &place, error);
        let SdkError::ServiceError(refusal) = error else { return network() };
        let Some(code) = refusal.err().code() else { return network() };
        let message = some_words(refusal.err().message().unwrap_or_default());
        let whose = words::whose(&self.sso);
        if code == "UnauthorizedException" {
            return Error::new(format!("{place} no longer accepts the token of {whose}"))
                .quote(message)
                .advise("nothing was changed; sign in again with --sync-sso --refresh");
        }
        let advice = match refusal.raw().status().as_u16() {
            429 => "too many calls at once; try again later",
            500.. => "the service is having trouble; try again in a moment",
            _ => "ask the administrator of IAM Identity Center",
        };
        Error::new(format!("{place} does not list {what}: {}", some_words(code)))
            .quote(message)
            .advise(format!("nothing was changed; {advice}"))
    }
}

fn is_throttled<E>(error: &SdkError<E, HttpResponse>) -> bool {
    error.raw_response().is_some_and(|answer| answer.status().as_u16() == 429)
}
