//! The two calls of STS that aws-auth is for, and what their failures mean (SEMANTICS, "STS").

use aws_sdk_sts::config::SharedCredentialsProvider;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::arn::Serial;
use crate::aws::http::Limits;
use crate::aws::sdk::{GLOBAL_STS, Retries};
use crate::aws::sts_errors::{Failure, Kind, Subject, denied_advice, said};
use crate::aws::{http, sdk};
use crate::cache::entry::Assumed;
use crate::config::profiles::ProfileSet;
use crate::credentials::{Credentials, Secret};
use crate::error::Error;
use crate::plan::endpoints::Sts;
use crate::plan::model::Role;
use crate::plan::web_identity::WebIdentity;
use crate::time::{Seconds, for_people};

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
    let origin = sts.url.as_ref().map(|(_, origin)| format!(" ({})", origin.text(set))).unwrap_or_default();
    format!("{} ({}), {address}{origin}", sts.region.name, sts.region.origin.text(set))
}

/// A client of one STS. It starts no runtime and reads no certificate before its first call.
pub struct Client {
    runtime: tokio::runtime::Runtime,
    sts: Sts,
    limits: Limits,
    http: SharedHttpClient,
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
        let plain = sts.url.as_ref().is_some_and(|(url, _)| url.starts_with("http://"));
        let http = http::client(plain, sts.ca_bundle.as_deref(), sts.proxy.as_ref())?;
        Ok(Self { runtime: http::runtime()?, sts: sts.clone(), limits, http })
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
            .set_duration_seconds(role.duration.and_then(|seconds| i32::try_from(seconds).ok()))
            .set_serial_number(code.map(|code| code.serial.as_str().to_owned()))
            .set_token_code(code.map(|code| code.digits.expose().to_owned()));
        let answer = self.runtime.block_on(request.send()).map_err(|error| self.failure(&error, subject))?;
        let (Some(mut credentials), Some(user)) = (answer.credentials.and_then(credentials), answer.assumed_role_user)
        else {
            return Err(self.incomplete());
        };
        credentials.account_id = Some(role.arn.account().to_owned());
        Ok(Assumed { credentials, arn: user.arn, id: Some(user.assumed_role_id) })
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
            .set_duration_seconds(web.duration.and_then(|seconds| i32::try_from(seconds).ok()))
            .web_identity_token(token.expose());
        let answer = self.runtime.block_on(request.send()).map_err(|error| {
            let SdkError::ServiceError(context) = &error else { return self.network_error(&error).in_front(about) };
            match context.err().code() {
                Some(code) => self.web_refusal(code, context.err().message().unwrap_or_default(), web, about),
                None => self.network_error(&error).in_front(about),
            }
        })?;
        let (Some(mut credentials), Some(user)) = (answer.credentials.and_then(credentials), answer.assumed_role_user)
        else {
            return Err(self.incomplete().error.in_front(about));
        };
        credentials.account_id = Some(web.role.account().to_owned());
        Ok(Assumed { credentials, arn: user.arn, id: Some(user.assumed_role_id) })
    }

    /// GetCallerIdentity.
    pub fn caller_identity(&self, signer: &Credentials, subject: Subject<'_>) -> Result<Identity, Error> {
        let request = self.client(signer, Retries::Safe).get_caller_identity();
        let answer = self.runtime.block_on(request.send()).map_err(|error| self.failure(&error, subject).error)?;
        match (answer.arn, answer.account, answer.user_id) {
            (Some(arn), Some(account), Some(user_id)) => Ok(Identity { arn, account, user_id }),
            _ => {
                Err(Error::new(format!("STS{} did not say whose credentials these are", self.place()))
                    .advise("try again"))
            }
        }
    }

    /// GetSessionToken.
    pub fn session_token(
        &self,
        signer: &Credentials,
        length: Seconds,
        code: Code<'_>,
        subject: Subject<'_>,
    ) -> Result<Credentials, Failure> {
        let request = self
            .client(signer, Retries::Never)
            .get_session_token()
            .set_duration_seconds(i32::try_from(length).ok())
            .serial_number(code.serial.as_str())
            .token_code(code.digits.expose());
        let answer = self.runtime.block_on(request.send()).map_err(|error| self.failure(&error, subject))?;
        answer.credentials.and_then(credentials).ok_or_else(|| self.incomplete())
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
        let config = sdk::sts_config(&self.sts, self.http.clone(), self.limits, retries);
        // A clock that is off breaks the command too: say so instead of hiding it.
        aws_sdk_sts::config::Builder::from(&config).disable_clock_skew_correction(true)
    }

    fn incomplete(&self) -> Failure {
        Failure {
            kind: Kind::Other,
            error: Error::new(format!("STS{} answered without credentials", self.place()))
                .advise("try again; if it stays, something between here and AWS alters the answers"),
        }
    }

    /// ` at https://…`, when the endpoint is not AWS's own.
    fn place(&self) -> String {
        self.sts.foreign().map(|url| format!(" at {url}")).unwrap_or_default()
    }

    fn failure<E>(&self, error: &SdkError<E, HttpResponse>, subject: Subject<'_>) -> Failure
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        if let SdkError::ServiceError(context) = error
            && let Some(code) = context.err().code()
        {
            return self.refusal(code, context.err().message().unwrap_or_default(), context.raw(), subject);
        }
        Failure { kind: Kind::Other, error: self.network_error(error) }
    }

    fn network_error<E>(&self, error: &SdkError<E, HttpResponse>) -> Error
    where
        E: std::error::Error + 'static,
    {
        http::failure("STS", &self.endpoint(), error)
    }

    /// The host that was called, for network errors.
    fn endpoint(&self) -> String {
        match &self.sts.url {
            Some((url, _)) => format!("STS at {url}"),
            None => format!("STS in {}", self.sts.region.name),
        }
    }

    /// What STS says to a token that it does not take.
    fn web_refusal(&self, code: &str, message: &str, web: &WebIdentity, about: &str) -> Error {
        let role = web.role.as_str();
        let said = Error::new(format!("{about}: role {role}: STS{} says {}", self.place(), said(code, message)));
        match code {
            "ExpiredTokenException" | "ExpiredToken" => said
                .advise(format!("the token in {} has expired; whoever writes that file must renew it", web.token_file)),
            "InvalidIdentityToken" => said.advise(format!(
                "the token in {} is not one that the account's identity provider signed, or not for this audience",
                web.token_file
            )),
            "AccessDenied" | "AccessDeniedException" => {
                said.advise("check role_arn, and whether the role's trust policy lets this token's subject in")
            }
            "IDPRejectedClaim" | "IDPCommunicationError" => {
                said.advise("ask those who run the identity provider; then try again")
            }
            "Throttling" | "ThrottlingException" | "RequestLimitExceeded" => {
                said.advise("too many calls at once; try again in a moment")
            }
            "InternalFailure" | "ServiceUnavailable" => {
                said.advise("the service is having trouble; try again in a moment")
            }
            _ => said,
        }
    }

    /// An error that STS answered with.
    fn refusal(&self, code: &str, message: &str, response: &HttpResponse, subject: Subject<'_>) -> Failure {
        let whose = subject
            .profile
            .map_or_else(|| String::from("the keys in the environment"), |profile| format!("profile '{profile}'"));
        let about = match subject.role {
            Some(role) => format!("{whose}: role {}", role.arn.as_str()),
            None => whose,
        };
        let said = Error::new(format!("{about}: STS{} says {}", self.place(), said(code, message)));
        let lower = message.to_ascii_lowercase();
        let (kind, error) = match code {
            "AccessDenied" | "AccessDeniedException" if lower.contains("multifactorauthentication failed") => {
                if lower.contains("one time pass code") && !lower.contains("must provide") {
                    (Kind::WrongCode, said.advise("give the code that the device shows now; each code is good once"))
                } else {
                    (Kind::Other, said.advise("check mfa_serial: it must be a device of the very user whose keys are used"))
                }
            }
            // No newer code helps here, so this is no denial for those who decide on the kind.
            _ if lower.contains("root accounts") => (Kind::Other, said.advise("use the keys of an IAM user instead of the account root's")),
            "AccessDenied" | "AccessDeniedException" => {
                let advice = match subject.role {
                    None => String::from("the user's policies must allow this call"),
                    Some(role) => denied_advice(role),
                };
                (Kind::Denied, said.advise(advice))
            }
            "ExpiredToken" | "ExpiredTokenException" => (
                Kind::DeadCredentials,
                said.advise("the credentials that this profile starts from have expired; renew them, or run with --refresh"),
            ),
            "InvalidClientTokenId" | "UnrecognizedClientException" => (
                Kind::DeadCredentials,
                said.advise("the access key is unknown, deactivated or of another partition; check aws_access_key_id and the region"),
            ),
            "SignatureDoesNotMatch" | "RequestExpired" | "RequestTimeTooSkewed"
                if ["signature expired", "not yet current", "too skewed"].iter().any(|words| lower.contains(words)) || code != "SignatureDoesNotMatch" =>
            {
                let theirs = response.headers().get("date").map(|date| format!(", at STS {date}")).unwrap_or_default();
                let ours = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
                (
                    Kind::Other,
                    Error::new(format!("{about}: the clock of this machine is off: here it is {ours}{theirs}"))
                        .advise("set the clock (timedatectl set-ntp true)"),
                )
            }
            "SignatureDoesNotMatch" | "IncompleteSignature" => {
                (Kind::Other, said.advise("the secret access key does not belong to the access key id; check both"))
            }
            "ValidationError" if lower.contains("durationseconds exceeds") => {
                let asked = subject.role.map(Role::length).map(for_people).unwrap_or_default();
                (Kind::Other, said.advise(format!("{asked} was asked for; ask for less with --duration or duration_seconds, or have the role's maximum session duration raised")))
            }
            "RegionDisabledException" => (Kind::Other, said.advise("activate STS in that region, or choose another with --region")),
            "Throttling" | "ThrottlingException" | "RequestLimitExceeded" => (Kind::Other, said.advise("too many calls at once; try again in a moment")),
            _ if response.status().as_u16() >= 500 => (Kind::Other, said.advise("the service is having trouble; try again in a moment")),
            _ => (Kind::Other, said),
        };
        Failure { kind, error }
    }
}

/// The address that is called: the configured one, else what the SDK's rules make of the region and its switches.
pub fn address(sts: &Sts) -> Option<String> {
    use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
    use std::future::Future as _;
    use std::task::{Context, Poll, Waker};
    if let Some((url, _)) = &sts.url {
        return Some(url.clone());
    }
    if sts.global {
        return Some(GLOBAL_STS.to_owned());
    }
    let region = sts.region.name.as_str();
    let params = Params::builder().region(region).use_fips(sts.fips).use_dual_stack(sts.dual_stack).build().ok()?;
    let resolver = DefaultResolver::new();
    let mut future = std::pin::pin!(resolver.resolve_endpoint(&params));
    // The rules are computed, not fetched: the answer is there at once.
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(endpoint)) => Some(endpoint.url().to_owned()),
        Poll::Ready(Err(_)) | Poll::Pending => None,
    }
}

/// The credentials of an answer; `None` when a part is missing, which the SDK fills with nothing instead of saying so.
pub(crate) fn credentials(given: aws_sdk_sts::types::Credentials) -> Option<Credentials> {
    let whole = !given.access_key_id.is_empty()
        && !given.secret_access_key.is_empty()
        && !given.session_token.is_empty()
        && given.expiration.secs() > 0;
    whole.then(|| Credentials {
        access_key_id: given.access_key_id,
        secret_access_key: Secret::new(given.secret_access_key),
        session_token: Some(Secret::new(given.session_token)),
        expiration: Some(given.expiration.secs()),
        account_id: None,
    })
}

#[cfg(test)]
mod tests;
