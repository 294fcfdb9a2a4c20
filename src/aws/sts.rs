//! The STS calls.

use std::cell::{Cell, RefCell};

use aws_sdk_sts::config::SharedCredentialsProvider;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::types;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::arn::{RoleArn, Serial};
use crate::aws::http;
use crate::aws::http::{Limits, Route, runtime};
use crate::aws::network_errors::failure;
use crate::aws::sdk::{GLOBAL_STS, Retries, sts_config};
use crate::aws::sts_errors::{Failure, Refusal, Subject, ended, incomplete, other_role, refusal, web_refusal};
use crate::bounds::policies::SessionPolicies;
use crate::bounds::tags::Tag;
use crate::cache::entry::Assumed;
use crate::config::profiles::ProfileSet;
use crate::credentials::{Credentials, Secret};
use crate::error::Error;
use crate::plan::bounds::Bounds;
use crate::plan::endpoints::Sts;
use crate::plan::federation::Federation;
use crate::plan::model::Role;
use crate::plan::session_name::last_resort;
use crate::plan::web_identity::WebIdentity;
use crate::system::held_locks::HeldLocks;
use crate::system::local_user::local_user;
use crate::time::{Length, Timestamp, now};

/// The answer of GetCallerIdentity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `arn:aws:sts::123456789012:assumed-role/NAME/SESSION`, or the ARN of a user.
    pub arn: String,
    /// The account's twelve digits.
    pub account: String,
    /// The unique id of the user, or that of the role followed by `:` and the session's name.
    pub user_id: String,
}

/// The region and the endpoint of the STS calls, and which settings they come from, for messages.
pub fn sts_place(sts: &Sts, set: &ProfileSet<'_>) -> String {
    let address = address(sts).unwrap_or_else(|| String::from("no endpoint is known"));
    let origin = sts.endpoint.url.as_ref().map(|url| format!(" ({})", url.origin.text(set))).unwrap_or_default();
    format!("{} ({}), {address}{origin}", sts.region.value, sts.region.origin.text(set))
}

/// A client for the STS calls of one run. It connects when the first call is made.
pub struct Client<'a> {
    runtime: tokio::runtime::Runtime,
    sts: Sts,
    limits: Limits,
    route: Route,
    locks: &'a HeldLocks,
    http: RefCell<SharedHttpClient>,
    /// Whether `http` may hold an open connection.
    used: Cell<bool>,
}

/// An MFA code and the device that it comes from.
#[derive(Clone, Copy)]
pub struct Code<'a> {
    /// The serial number of the device.
    pub serial: &'a Serial,
    /// The six digits of the code.
    pub digits: &'a Secret,
}

impl<'a> Client<'a> {
    /// A client for the STS endpoint of the plan. The locks are released while the process is stopped during a call.
    ///
    /// # Errors
    /// Returns an error if the runtime cannot be started, or the CA bundle or the proxy cannot be used.
    pub fn new(sts: &Sts, limits: Limits, locks: &'a HeldLocks) -> Result<Self, Error> {
        let route = Route::to_sts(sts)?;
        let http = RefCell::new(route.client());
        Ok(Self { runtime: runtime()?, sts: sts.clone(), limits, route, locks, http, used: Cell::new(false) })
    }

    /// Calls AssumeRole, once if there is a `code`, else with retries.
    ///
    /// # Errors
    /// Returns a failure if STS refuses, cannot be reached, or answers with credentials that cannot be used.
    pub fn assume_role(
        &self,
        signer: &Credentials,
        role: &Role,
        code: Option<Code<'_>>,
        subject: Subject<'_>,
    ) -> Result<Assumed, Failure> {
        let bounds = role.bounds.as_deref();
        let request = self
            .client(signer, if code.is_some() { Retries::Never } else { Retries::Safe })
            .assume_role()
            .role_arn(role.arn.as_str())
            .role_session_name(session_name(role.sent_session_name()))
            .set_external_id(role.external_id.clone())
            .set_duration_seconds(role.duration.and_then(Length::as_api_seconds))
            .set_policy_arns(bounds.and_then(policy_arns))
            .set_policy(bounds.and_then(policy))
            .set_source_identity(bounds.and_then(|bounds| Some(bounds.source_identity.as_ref()?.value.clone())))
            .set_tags(bounds.and_then(tags))
            .set_transitive_tag_keys(bounds.map(|bounds| bounds.transitive.clone()).filter(|keys| !keys.is_empty()))
            .set_serial_number(code.map(|code| code.serial.as_str().to_owned()))
            .set_token_code(code.map(|code| code.digits.expose().to_owned()));
        let answer = self.call(request.send()).map_err(|error| self.failure(&error, subject))?;
        Ok(self.assumed(answer.credentials, answer.assumed_role_user, &role.arn)?)
    }

    /// Calls AssumeRoleWithWebIdentity, which needs only the token. `about` is the profile or the variable, for errors.
    ///
    /// # Errors
    /// Returns an error if STS refuses, cannot be reached, or answers with credentials that cannot be used.
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
            .role_session_name(session_name(web.sent_session_name()))
            .set_duration_seconds(web.duration.and_then(Length::as_api_seconds))
            .set_policy_arns(web.bounds.as_deref().and_then(policy_arns))
            .set_policy(web.bounds.as_deref().and_then(policy))
            .web_identity_token(token.expose());
        let answer = self.call(request.send()).map_err(|error| match refused(&error) {
            Some(refused) => web_refusal(&Refusal { sts: &self.name(), ..refused }, web, about),
            None => self.network_error(&error).in_front(about),
        })?;
        self.assumed(answer.credentials, answer.assumed_role_user, &web.role).map_err(|error| error.in_front(about))
    }

    /// Calls GetCallerIdentity.
    ///
    /// # Errors
    /// Returns an error if STS refuses, cannot be reached, or leaves a part out.
    pub fn caller_identity(&self, signer: &Credentials, subject: Subject<'_>) -> Result<Identity, Error> {
        self.try_caller_identity(signer, subject).map_err(|failure| failure.error)
    }

    /// Like [`Self::caller_identity`], with the kind of the failure.
    ///
    /// # Errors
    /// Returns a failure in the same cases.
    pub fn try_caller_identity(&self, signer: &Credentials, subject: Subject<'_>) -> Result<Identity, Failure> {
        let request = self.client(signer, Retries::Safe).get_caller_identity();
        let answer = self.call(request.send()).map_err(|error| self.failure(&error, subject))?;
        match (answer.arn, answer.account, answer.user_id) {
            (Some(arn), Some(account), Some(user_id)) => Ok(Identity { arn, account, user_id }),
            _ => Err(Error::new(format!("{} did not say whose credentials these are", self.name()))
                .advise("try again")
                .into()),
        }
    }

    /// Calls GetSessionToken, once, with a code.
    ///
    /// # Errors
    /// Returns a failure if STS refuses, cannot be reached, or answers with credentials that cannot be used.
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
        let answer = self.call(request.send()).map_err(|error| self.failure(&error, subject))?;
        Ok(self.credentials(answer.credentials)?)
    }

    /// Calls GetFederationToken for the user whose long-term keys sign it. Returns also the ARN of the federated user.
    ///
    /// # Errors
    /// Returns an error if STS refuses, cannot be reached, or answers with credentials that cannot be used.
    pub fn federation_token(
        &self,
        signer: &Credentials,
        federation: &Federation,
        subject: Subject<'_>,
    ) -> Result<(Credentials, String), Error> {
        let policies = &federation.policies;
        let request = self
            .client(signer, Retries::Safe)
            .get_federation_token()
            .name(federation.name(|| session_name(None)))
            .set_duration_seconds(federation.duration.and_then(Length::as_api_seconds))
            .set_policy_arns(descriptors(policies))
            .set_policy(document(policies));
        let answer = self.call(request.send()).map_err(|error| self.failure(&error, subject).error)?;
        let arn = answer.federated_user.map(|user| user.arn).filter(|arn| !arn.is_empty());
        let arn = arn.ok_or_else(|| incomplete(&self.name()))?;
        Ok((self.credentials(answer.credentials)?, arn))
    }

    /// Waits for a call.
    fn call<T>(&self, call: impl Future<Output = T>) -> T {
        http::block_on(&self.runtime, call, self.locks)
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
        // A wrong clock breaks the command's own calls too, so report it instead of working around it.
        aws_sdk_sts::config::Builder::from(&config).disable_clock_skew_correction(true)
    }

    /// The HTTP client for the next call. While the user typed a code, STS or a proxy may have closed an older
    /// connection. If that showed only when the code is sent, the code would count as spent without having arrived. So
    /// a call with a code opens a new connection, which later calls share.
    fn http(&self, retries: Retries) -> SharedHttpClient {
        if self.used.replace(true) && retries == Retries::Never {
            self.http.replace(self.route.client());
        }
        self.http.borrow().clone()
    }

    /// The credentials of an answer, which must be for the role that was requested.
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

    /// The credentials of an answer, which must be complete and not expired. The SDK does not report a missing part; it
    /// leaves it empty.
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

    /// `STS`, with the URL if the endpoint is not one of AWS.
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

/// The managed session policies of a call; `None` if there are none.
fn policy_arns(bounds: &Bounds) -> Option<Vec<types::PolicyDescriptorType>> {
    descriptors(&bounds.policies.as_ref()?.value)
}

fn descriptors(policies: &SessionPolicies) -> Option<Vec<types::PolicyDescriptorType>> {
    let arns = policies.arns.iter();
    let arns: Vec<_> = arns.map(|arn| types::PolicyDescriptorType::builder().arn(arn.as_str()).build()).collect();
    Some(arns).filter(|arns| !arns.is_empty())
}

/// The session policy in JSON of a call.
fn policy(bounds: &Bounds) -> Option<String> {
    document(&bounds.policies.as_ref()?.value)
}

fn document(policies: &SessionPolicies) -> Option<String> {
    Some(policies.document.as_ref()?.as_str().to_owned())
}

/// The session tags of a call; `None` if there are none.
fn tags(bounds: &Bounds) -> Option<Vec<types::Tag>> {
    let tag = |tag: &Tag| types::Tag::builder().key(&tag.key).value(&tag.value).build().ok();
    Some(bounds.tags.iter().filter_map(|sourced| tag(&sourced.value)).collect::<Vec<_>>())
        .filter(|tags| !tags.is_empty())
}

/// The role session name of the plan, else one from the user database.
pub fn session_name(planned: Option<&str>) -> String {
    planned.map_or_else(|| last_resort(local_user().as_deref()), String::from)
}

/// The error that STS answered with, if the failure is such an answer.
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

/// The URL that is called: the configured one, or else the one that the SDK's rules give for the region and the
/// switches.
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
    // The rules need no I/O, so the future is ready at the first poll.
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(endpoint)) => Some(endpoint.url().to_owned()),
        Poll::Ready(Err(_)) | Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests;
