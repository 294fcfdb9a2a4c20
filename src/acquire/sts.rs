//! The two calls of STS that aws-auth is for, and what their failures mean (SEMANTICS, "STS").

use std::fmt::Write as _;
use std::time::Duration;

use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_sdk_sts::config::{BehaviorVersion, Region, SharedCredentialsProvider};
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::app_name::AppName;

use crate::credentials::{Credentials, Seconds, Secret, for_people};
use crate::error::Error;
use crate::plan::{Role, Serial, Sts};

use super::cache::Assumed;
use super::trust;

/// How long a call may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connecting.
    pub connect: Duration,
    /// One attempt.
    pub attempt: Duration,
    /// All of it, with what lies between the attempts.
    pub whole: Duration,
}

/// The limits of every run (SEMANTICS, "STS").
pub const LIMITS: Limits =
    Limits { connect: Duration::from_millis(3100), attempt: Duration::from_secs(10), whole: Duration::from_secs(30) };

/// A client of one STS. It starts no runtime and reads no certificate before its first call.
pub struct Client {
    runtime: tokio::runtime::Runtime,
    sts: Sts,
    limits: Limits,
    http: SharedHttpClient,
}

/// What kind of failure a call ended in, for those who decide on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The MFA code was wrong or used.
    WrongCode,
    /// AccessDenied for any other reason.
    Denied,
    /// The credentials that signed have ended, or STS does not know them.
    DeadCredentials,
    /// Everything else.
    Other,
}

/// A failed call.
#[derive(Debug)]
pub struct Failure {
    /// What kind of failure it was.
    pub kind: Kind,
    /// The fact and the advice.
    pub error: Error,
}

/// What a call is about, for its messages.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The profile that was asked for.
    pub profile: &'a str,
    /// The role, when one is assumed.
    pub role: Option<&'a Role>,
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
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::new(format!("cannot start the network ({})", super::io_words(&error))))?;
        Ok(Self { runtime, sts: sts.clone(), limits, http: http_client(sts)? })
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
            .client(signer, code.is_some())
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

    /// GetSessionToken.
    pub fn session_token(
        &self,
        signer: &Credentials,
        length: Seconds,
        code: Code<'_>,
        subject: Subject<'_>,
    ) -> Result<Credentials, Failure> {
        let request = self
            .client(signer, true)
            .get_session_token()
            .set_duration_seconds(i32::try_from(length).ok())
            .serial_number(code.serial.as_str())
            .token_code(code.digits.expose());
        let answer = self.runtime.block_on(request.send()).map_err(|error| self.failure(&error, subject))?;
        answer.credentials.and_then(credentials).ok_or_else(|| self.incomplete())
    }

    fn client(&self, signer: &Credentials, with_code: bool) -> aws_sdk_sts::Client {
        let keys = aws_credential_types::Credentials::new(
            &signer.access_key_id,
            signer.secret_access_key.expose(),
            signer.session_token.as_ref().map(|token| token.expose().to_owned()),
            None,
            "aws-auth",
        );
        // A code that may have been received is spent: such a call is never repeated.
        let retry = if with_code {
            RetryConfig::disabled()
        } else {
            RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(200))
        };
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(self.limits.connect)
            .operation_attempt_timeout(self.limits.attempt)
            .operation_timeout(self.limits.whole)
            .build();
        let mut config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(self.http.clone())
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .retry_config(retry)
            .timeout_config(timeouts)
            // A clock that is off breaks the command too: say so instead of hiding it.
            .disable_clock_skew_correction(true);
        config.set_app_name(AppName::new(concat!("aws-auth-", env!("CARGO_PKG_VERSION"))).ok());
        let region = if self.sts.global { "us-east-1" } else { &self.sts.region.name };
        config = config.region(Region::new(region.to_owned()));
        if let Some((url, _)) = &self.sts.url {
            config = config.endpoint_url(url);
        } else if self.sts.global {
            config = config.endpoint_url("https://sts.amazonaws.com");
        } else {
            config = config.use_fips(self.sts.fips).use_dual_stack(self.sts.dual_stack);
        }
        aws_sdk_sts::Client::from_conf(config.build())
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
        let other = |error| Failure { kind: Kind::Other, error };
        match error {
            SdkError::ServiceError(context) => {
                let response = context.raw();
                match context.err().code() {
                    Some(code) => self.refusal(code, context.err().message().unwrap_or_default(), response, subject),
                    None => other(self.unreadable(response)),
                }
            }
            // The head of an answer came, but not all of its body.
            SdkError::ResponseError(context) => {
                let (_, all) = causes(Some(error));
                let cut = ["end of file before", "unexpected eof", "connection reset", "message completed"];
                if cut.iter().any(|words| all.contains(words)) {
                    return other(self.cut_off());
                }
                other(self.unreadable(context.raw()))
            }
            SdkError::TimeoutError(_) => other(
                Error::new(format!("STS{} did not answer in time", self.endpoint()))
                    .advise("try again; check the network, a VPN, and HTTPS_PROXY"),
            ),
            SdkError::DispatchFailure(failure) => {
                other(self.unreachable(failure.as_connector_error().map(|error| error as &dyn std::error::Error)))
            }
            _ => other(Error::new(format!("the call of STS failed before it was sent ({})", causes(Some(error)).0))),
        }
    }

    /// The host that was called, for network errors.
    fn endpoint(&self) -> String {
        match &self.sts.url {
            Some((url, _)) => format!(" at {url}"),
            None => format!(" in {}", self.sts.region.name),
        }
    }

    fn unreadable(&self, response: &HttpResponse) -> Error {
        Error::new(format!(
            "STS{} answered with status {} and something that is no answer of STS",
            self.endpoint(),
            response.status().as_u16()
        ))
        .advise("check the endpoint, and whether a proxy or a captive portal stands in between")
    }

    fn cut_off(&self) -> Error {
        Error::new(format!("STS{} closed the connection without an answer", self.endpoint()))
            .advise("try again; if it stays, check any proxy and configured endpoint")
    }

    fn unreachable(&self, error: Option<&dyn std::error::Error>) -> Error {
        let (words, all) = causes(error);
        let is = |any: &[&str]| any.iter().any(|text| all.contains(text));
        let fact = |words: &str| Error::new(format!("cannot reach STS{} ({words})", self.endpoint()));
        if is(&["before message completed", "unexpected eof", "connection reset", "broken pipe", "end of file before"])
        {
            return self.cut_off();
        }
        if is(&["tunnel error: unsuccessful"]) {
            return fact("the proxy refuses to connect").advise("check HTTPS_PROXY, or name the host in NO_PROXY");
        }
        if is(&["tunnel error: proxy authorization required"]) {
            return fact("the proxy wants a user and a password")
                .advise("write them into HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT");
        }
        if is(&["unknownissuer", "endentity"]) {
            return fact(&words).advise(
                "its certificate is not trusted here; if your network inspects TLS, set AWS_CA_BUNDLE to its CA certificate",
            );
        }
        if is(&["not valid for name", "notvalidforname"]) {
            return fact(&words)
                .advise("the certificate is another host's; check the endpoint, and what stands in between");
        }
        if is(&["certificate expired", "certificate not valid yet"]) {
            return fact(&words).advise("check the clock of this machine, then the server's certificate");
        }
        if is(&["invalid peer certificate"]) {
            return fact(&words).advise("check the endpoint, and what stands in between");
        }
        if is(&["tls handshake", "corrupt message"]) {
            return fact(&words)
                .advise("what answers there does not speak TLS as AWS does; check the endpoint and any proxy");
        }
        if is(&["dns error", "lookup address"]) {
            return fact(&words).advise("the name was not found; check the network and the region");
        }
        if is(&["timed out", "timeout"]) {
            return fact(&words).advise("nobody answered; check the network, a VPN, and HTTPS_PROXY");
        }
        fact(&words).advise("check the network, a VPN, HTTPS_PROXY and any configured endpoint")
    }

    /// An error that STS answered with.
    fn refusal(&self, code: &str, message: &str, response: &HttpResponse, subject: Subject<'_>) -> Failure {
        let profile = subject.profile;
        let about = match subject.role {
            Some(role) => format!("profile '{profile}': role {}", role.arn.as_str()),
            None => format!("profile '{profile}'"),
        };
        let words = if message.is_empty() { code.to_owned() } else { format!("{code}: {}", message.trim()) };
        let said = Error::new(format!("{about}: STS{} says {words}", self.place()));
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
                said.advise("the credentials that this profile starts from have ended; renew them, or run with --refresh"),
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
            _ if response.status().as_u16() >= 500 => (Kind::Other, said.advise("the service has trouble of its own; try again in a moment")),
            _ => (Kind::Other, said),
        };
        Failure { kind, error }
    }
}

/// What the owner of a role should look at.
fn denied_advice(role: &Role) -> String {
    let mut advice = String::from("check role_arn, and ask the role's owner whether its trust policy lets you in");
    let mut wants = vec![];
    if role.serial.is_none() {
        wants.push("mfa_serial");
    }
    if role.external_id.is_none() {
        wants.push("external_id");
    }
    if role.session_name.is_none() {
        wants.push("role_session_name");
    }
    if let Some((last, others)) = wants.split_last() {
        let all = if others.is_empty() { (*last).to_owned() } else { format!("{} or {last}", others.join(", ")) };
        let _ = write!(advice, "; it may want {all}");
    }
    advice
}

/// The credentials of an answer; `None` when a part is missing, which the SDK fills with nothing instead of saying so.
fn credentials(given: aws_sdk_sts::types::Credentials) -> Option<Credentials> {
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

/// The connector: TLS only where it is needed, and the proxy that the plan found.
fn http_client(sts: &Sts) -> Result<SharedHttpClient, Error> {
    let plain = sts.url.as_ref().is_some_and(|(url, _)| url.starts_with("http://"));
    let context = if plain { None } else { trust::context(sts.ca_bundle.as_deref())? };
    let proxy = proxy(sts)?;
    Ok(aws_smithy_http_client::Builder::new().build_with_connector_fn(move |settings, _components| {
        let mut builder = Connector::builder().proxy_config(proxy.clone());
        builder.set_connector_settings(settings.cloned());
        if plain {
            return builder.build_http();
        }
        let builder = builder.tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring));
        match &context {
            Some(context) => builder.tls_context(context.clone()).build(),
            None => builder.build(),
        }
    }))
}

fn proxy(sts: &Sts) -> Result<ProxyConfig, Error> {
    let Some(proxy) = &sts.proxy else { return Ok(ProxyConfig::disabled()) };
    // The address stays unsaid: it may hold a password.
    let unusable = || {
        Error::new(format!("{} names no proxy that can be used", proxy.variable)).advise("write it as http://HOST:PORT")
    };
    if !proxy.is_sound() {
        return Err(unusable());
    }
    let config = ProxyConfig::all(proxy.url.as_str()).map_err(|_| unusable())?;
    Ok(match &proxy.except {
        Some(except) => config.no_proxy(except),
        None => config,
    })
}

/// What a chain of errors comes down to: the innermost cause in the words of the system, and all of them in lower case
/// to look for words in. What stands between may quote the request, with a code in it.
fn causes(error: Option<&dyn std::error::Error>) -> (String, String) {
    let mut innermost = String::new();
    let mut all = String::new();
    let mut next = error;
    while let Some(error) = next {
        let text = error.to_string();
        all.push_str(&text.to_ascii_lowercase());
        all.push('\n');
        innermost = text;
        next = error.source();
    }
    if let Some(end) = innermost.find(" (os error") {
        innermost.truncate(end);
    }
    (innermost, all)
}

#[cfg(test)]
mod tests;
