//! The calls of STS.

use std::cell::{Cell, RefCell};

use aws_sdk_sts::config::SharedCredentialsProvider;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::types;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::arn::{RoleArn, Serial};
use crate::aws::http::{Limits, Route, runtime};
use crate::aws::network_errors::failure;
use crate::aws::sdk::{GLOBAL_STS, Retries, sts_config};
use crate::aws::sts_errors::{Failure, Refusal, Subject, ended, incomplete, other_role, refusal, web_refusal};
use crate::cache::entry::Assumed;
use crate::config::profiles::ProfileSet;
use crate::credentials::{Credentials, Secret};
use crate::error::Error;
use crate::plan::endpoints::Sts;
use crate::plan::model::Role;
use crate::plan::web_identity::WebIdentity;
use crate::time::{Length, Timestamp, now};

/// What GetCallerIdentity answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `arn:aws:sts::123456789012:assumed-role/NAME/SESSION`, or a user's.
    pub arn: String,
    /// The account's twelve digits.
    pub account: String,
    /// The unique id of the user or role, with the session's name behind a role's.
    pub user_id: String,
}

/// The region that is called, the endpoint, and where they came from.
pub fn sts_place(sts: &Sts, set: &ProfileSet<'_>) -> String {
    let address = address(sts).unwrap_or_else(|| String::from("no endpoint is known"));
    let origin = sts.endpoint.url.as_ref().map(|url| format!(" ({})", url.origin.text(set))).unwrap_or_default();
    format!("{} ({}), {address}{origin}", sts.region.value, sts.region.origin.text(set))
}

/// A client of one STS, for the calls of one run. It connects with its first call.
pub struct Client {
    runtime: tokio::runtime::Runtime,
    sts: Sts,
    limits: Limits,
    route: Route,
    http: RefCell<SharedHttpClient>,
    /// Whether `http` may hold an open connection.
    used: Cell<bool>,
}

/// A code and the device that gave it.
#[derive(Clone, Copy)]
pub struct Code<'a> {
    /// The device.
    pub serial: &'a Serial,
    /// Its six digits.
    pub digits: &'a Secret,
}

impl Client {
    /// A client of the STS that the plan names.
    ///
    /// # Errors
    /// When the system gives no event loop, or the CA bundle or the proxy cannot be used.
    pub fn new(sts: &Sts, limits: Limits) -> Result<Self, Error> {
        let route = Route::to_sts(sts)?;
        let http = RefCell::new(route.client());
        Ok(Self { runtime: runtime()?, sts: sts.clone(), limits, route, http, used: Cell::new(false) })
    }

    /// AssumeRole.
    pub fn assume_role(
        &self,
        signer: &Credentials,
        role: &Role,
        code: Option<Code<'_>>,
        subject: Subject<'_>,
    ) -> Result<Assumed, Failure> {
        let request = self
            .client(signer, if code.is_some() { Retries::Never } else { Retries::Safe })
            .assume_role()
            .role_arn(role.arn.as_str())
            .role_session_name(role.sent_session_name())
            .set_external_id(role.external_id.clone())
            .set_duration_seconds(role.duration.and_then(Length::as_api_seconds))
            .set_serial_number(code.map(|code| code.serial.as_str().to_owned()))
            .set_token_code(code.map(|code| code.digits.expose().to_owned()));
        let answer = self.runtime.block_on(request.send()).map_err(|error| self.failure(&error, subject))?;
        Ok(self.assumed(answer.credentials, answer.assumed_role_user, &role.arn)?)
    }

    /// AssumeRoleWithWebIdentity, which nothing but the token signs. `about` is the profile, or the variable.
    pub fn assume_role_with_web_identity(
        &self,
        web: &WebIdentity,
        token: &Secret,
        about: &str,
    ) -> Result<Assumed, Error> {
        let client = aws_sdk_sts::Client::from_conf(self.config(Retries::Safe).build());
        let request = client
            .assume_role_with_web_identity()
            .role_arn(web.role.as_str())
            .role_session_name(web.sent_session_name())
            .set_duration_seconds(web.duration.and_then(Length::as_api_seconds))
            .web_identity_token(token.expose());
        let answer = self.runtime.block_on(request.send()).map_err(|error| match refused(&error) {
            Some(refused) => web_refusal(&Refusal { sts: &self.name(), ..refused }, web, about),
            None => self.network_error(&error).in_front(about),
        })?;
        self.assumed(answer.credentials, answer.assumed_role_user, &web.role).map_err(|error| error.in_front(about))
    }

    /// GetCallerIdentity.
    pub fn caller_identity(&self, signer: &Credentials, subject: Subject<'_>) -> Result<Identity, Error> {
        let request = self.client(signer, Retries::Safe).get_caller_identity();
        let answer = self.runtime.block_on(request.send()).map_err(|error| self.failure(&error, subject).error)?;
        match (answer.arn, answer.account, answer.user_id) {
            (Some(arn), Some(account), Some(user_id)) => Ok(Identity { arn, account, user_id }),
            _ => {
                Err(Error::new(format!("{} did not say whose credentials these are", self.name())).advise("try again"))
            }
        }
    }

    /// GetSessionToken.
    pub fn session_token(
        &self,
        signer: &Credentials,
        length: Length,
        code: Code<'_>,
        subject: Subject<'_>,
    ) -> Result<Credentials, Failure> {
        let request = self
            .client(signer, Retries::Never)
            .get_session_token()
            .set_duration_seconds(length.as_api_seconds())
            .serial_number(code.serial.as_str())
            .token_code(code.digits.expose());
        let answer = self.runtime.block_on(request.send()).map_err(|error| self.failure(&error, subject))?;
        Ok(self.credentials(answer.credentials)?)
    }

    fn client(&self, signer: &Credentials, retries: Retries) -> aws_sdk_sts::Client {
        let keys = aws_credential_types::Credentials::new(
            &signer.access_key_id,
            signer.secret_access_key.expose(),
            signer.session_token.as_ref().map(|token| token.expose().to_owned()),
            None,
            "aws-auth",
        );
        let config = self.config(retries).credentials_provider(SharedCredentialsProvider::new(keys));
        aws_sdk_sts::Client::from_conf(config.build())
    }

    fn config(&self, retries: Retries) -> aws_sdk_sts::config::Builder {
        let config = sts_config(&self.sts, self.http(retries), self.limits, retries);
        // A clock that is off breaks the command too: say so instead of hiding it.
        aws_sdk_sts::config::Builder::from(&config).disable_clock_skew_correction(true)
    }

    /// The connections for the next call. While a code was waited for, STS or a proxy may have closed one that was open
    /// before, and that may show only when the code is sent: it would count as spent and never have arrived. So a call
    /// with a code begins with a new connection, which the calls after it share.
    fn http(&self, retries: Retries) -> SharedHttpClient {
        if self.used.replace(true) && retries == Retries::Never {
            self.http.replace(self.route.client());
        }
        self.http.borrow().clone()
    }

    /// The credentials of an answer, which must be those of the role that was asked for.
    fn assumed(
        &self,
        given: Option<types::Credentials>,
        user: Option<types::AssumedRoleUser>,
        role: &RoleArn,
    ) -> Result<Assumed, Error> {
        let mut credentials = self.credentials(given)?;
        let user = user.filter(|user| !user.arn.is_empty()).ok_or_else(|| incomplete(&self.name()))?;
        if !role.is_role_of(&user.arn) {
            return Err(other_role(&self.name(), role.as_str(), &user.arn));
        }
        credentials.account_id = Some(role.account().to_owned());
        Ok(Assumed { credentials, arn: user.arn, id: Some(user.assumed_role_id) })
    }

    /// The credentials of an answer, which must be good for a while. The SDK fills a part that is missing with nothing
    /// instead of saying so.
    fn credentials(&self, given: Option<types::Credentials>) -> Result<Credentials, Error> {
        let whole = given.filter(|given| {
            !given.access_key_id.is_empty()
                && !given.secret_access_key.is_empty()
                && !given.session_token.is_empty()
                && given.expiration.secs() > 0
        });
        let given = whole.ok_or_else(|| incomplete(&self.name()))?;
        let (expiration, now) = (Timestamp::from_unix(given.expiration.secs()), now());
        if expiration <= now {
            return Err(ended(&self.name(), expiration, now));
        }
        let credentials = Credentials {
            access_key_id: given.access_key_id,
            secret_access_key: Secret::new(given.secret_access_key),
            session_token: Some(Secret::new(given.session_token)),
            expiration: Some(expiration),
            account_id: None,
        };
        credentials.checked(&self.name())
    }

    /// STS, and where it is when the endpoint is not AWS's own.
    fn name(&self) -> String {
        self.sts.foreign().map_or_else(|| String::from("STS"), |url| format!("STS at {url}"))
    }

    fn failure<E>(&self, error: &SdkError<E, HttpResponse>, subject: Subject<'_>) -> Failure
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        match refused(error) {
            Some(refused) => refusal(&Refusal { sts: &self.name(), ..refused }, subject, now()),
            None => self.network_error(error).into(),
        }
    }

    fn network_error<E>(&self, error: &SdkError<E, HttpResponse>) -> Error
    where
        E: std::error::Error + 'static,
    {
        let place = match self.sts.endpoint.url() {
            Some(url) => format!("STS at {url}"),
            None => format!("STS in {}", self.sts.region.value),
        };
        failure("STS", &place, error)
    }
}

/// What STS answered with, if that is an error of STS.
fn refused<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<Refusal<'_>> {
    let SdkError::ServiceError(context) = error else { return None };
    Some(Refusal {
        sts: "STS",
        code: context.err().code()?,
        message: context.err().message().unwrap_or_default(),
        status: context.raw().status().as_u16(),
        date: context.raw().headers().get("date"),
    })
}

/// The address that is called: the configured one, else what the SDK's rules make of the region and its switches.
pub fn address(sts: &Sts) -> Option<String> {
    use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
    use std::future::Future as _;
    use std::task::{Context, Poll, Waker};
    if let Some(url) = sts.endpoint.url() {
        return Some(url.to_owned());
    }
    if sts.global {
        return Some(GLOBAL_STS.to_owned());
    }
    let region = sts.region.value.as_str();
    let params = Params::builder()
        .region(region)
        .use_fips(sts.endpoint.fips)
        .use_dual_stack(sts.endpoint.dual_stack)
        .build()
        .ok()?;
    let resolver = DefaultResolver::new();
    let mut future = std::pin::pin!(resolver.resolve_endpoint(&params));
    // The rules are computed, not fetched: the answer is there at once.
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(endpoint)) => Some(endpoint.url().to_owned()),
        Poll::Ready(Err(_)) | Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests;
