//! The IAM calls: access keys and virtual MFA devices. IAM's protocol is a form that is sent and XML that comes back.
//! The SDK's own client for it is not used, because it makes a build take much longer
//! (docs/decisions/0012-iam.md).

use std::borrow::Cow;

use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use roxmltree::{Document, Node};
use zeroize::Zeroizing;

use crate::arn::Serial;
use crate::aws::http::{self, LIMITS, Route, runtime};
use crate::aws::iam_errors::{Failure, Refusal, not_an_answer, refusal};
use crate::aws::network_errors::failure;
use crate::aws::sdk::{Retries, timeouts};
use crate::aws::signed_form;
use crate::credentials::{Credentials, Secret};
use crate::error::Error;
use crate::plan::endpoints::Service;
use crate::system::held_locks::HeldLocks;
use crate::time::{Timestamp, now};

/// The version of IAM's interface.
const VERSION: &str = "2010-05-08";

/// A new access key.
pub struct NewKey {
    /// `AKIA…`
    pub id: String,
    /// Only this answer has it.
    pub secret: Secret,
}

/// An access key as IAM lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// `AKIA…`
    pub id: String,
    /// Whether it can be used.
    pub active: bool,
    /// When it was made; `None` if IAM did not say.
    pub created: Option<Timestamp>,
}

/// When and where an access key was used last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUsed {
    /// The time, in steps of a few minutes.
    pub at: Timestamp,
    /// The service: `sts`.
    pub service: String,
}

/// A new virtual MFA device, which belongs to no user yet.
pub struct NewDevice {
    /// Its ARN.
    pub serial: Serial,
    /// The secret that codes are made from, in base32 (RFC 4648) without padding. Only this answer has it.
    pub seed: Secret,
}

/// A client for the calls of one run, all for the user who signs them.
pub struct Client<'a> {
    runtime: tokio::runtime::Runtime,
    iam: Service,
    url: Cow<'static, str>,
    http: SharedHttpClient,
    locks: &'a HeldLocks,
}

/// The body of an answer, which may hold a secret.
struct Body(Zeroizing<String>);

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body(…)")
    }
}

/// An error answer.
#[derive(Debug)]
struct Refused {
    metadata: ErrorMetadata,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.metadata)
    }
}

impl std::error::Error for Refused {}

impl ProvideErrorMetadata for Refused {
    fn meta(&self) -> &ErrorMetadata {
        &self.metadata
    }
}

impl<'a> Client<'a> {
    /// A client for IAM. The locks are released while the process is stopped during a call.
    ///
    /// # Errors
    /// Returns an error if the runtime cannot be started, or the CA bundle or the proxy cannot be used.
    pub fn new(iam: &Service, locks: &'a HeldLocks) -> Result<Self, Error> {
        let url = match iam.endpoint.url() {
            Some(url) => Cow::Owned(url.to_owned()),
            None => Cow::Borrowed(address(iam)),
        };
        let http = Route::to_service(iam)?.client();
        Ok(Self { runtime: runtime()?, iam: iam.clone(), url, http, locks })
    }

    /// Makes a new access key. The call is made once: if its answer is lost, the key may exist all the same.
    ///
    /// # Errors
    /// Returns IAM's refusal, or why there is no answer.
    pub fn create_access_key(&self, signer: &Credentials) -> Result<NewKey, Failure> {
        let body = self.call(signer, Retries::Never, "CreateAccessKey", &[])?;
        self.read(&body, |document| {
            let key = find(document.root(), "AccessKey")?;
            let (id, secret) = (text(key, "AccessKeyId")?, text(key, "SecretAccessKey")?);
            let sound = |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_control() || c == ' ');
            (sound(id) && sound(secret)).then(|| NewKey { id: id.into(), secret: Secret::new(secret.into()) })
        })
    }

    /// The access keys of the user, the oldest first.
    ///
    /// # Errors
    /// Returns IAM's refusal, or why there is no answer.
    pub fn access_keys(&self, signer: &Credentials) -> Result<Vec<AccessKey>, Failure> {
        let body = self.call(signer, Retries::Safe, "ListAccessKeys", &[])?;
        let mut keys: Vec<AccessKey> = self.read(&body, |document| {
            let list = find(document.root(), "AccessKeyMetadata")?;
            members(list)
                .map(|member| {
                    Some(AccessKey {
                        id: text(member, "AccessKeyId")?.to_owned(),
                        active: text(member, "Status")? == "Active",
                        created: text(member, "CreateDate").and_then(Timestamp::parse),
                    })
                })
                .collect()
        })?;
        keys.sort_by_key(|key| key.created);
        Ok(keys)
    }

    /// When an access key was used last; `None` if never.
    ///
    /// # Errors
    /// Returns IAM's refusal, or why there is no answer.
    pub fn last_used(&self, signer: &Credentials, id: &str) -> Result<Option<LastUsed>, Failure> {
        let body = self.call(signer, Retries::Safe, "GetAccessKeyLastUsed", &[("AccessKeyId", id)])?;
        self.read(&body, |document| {
            let used = find(document.root(), "AccessKeyLastUsed")?;
            let service = text(used, "ServiceName").unwrap_or_default().to_owned();
            Some(text(used, "LastUsedDate").and_then(Timestamp::parse).map(|at| LastUsed { at, service }))
        })
    }

    /// Deactivates an access key. It can be activated again.
    ///
    /// # Errors
    /// Returns IAM's refusal, or why there is no answer.
    pub fn deactivate_access_key(&self, signer: &Credentials, id: &str) -> Result<(), Failure> {
        let parameters = [("AccessKeyId", id), ("Status", "Inactive")];
        self.call(signer, Retries::Safe, "UpdateAccessKey", &parameters).map(drop)
    }

    /// Deletes an access key.
    ///
    /// # Errors
    /// Returns IAM's refusal, or why there is no answer. After a retry, a key that is gone may be refused as unknown.
    pub fn delete_access_key(&self, signer: &Credentials, id: &str) -> Result<(), Failure> {
        self.call(signer, Retries::Safe, "DeleteAccessKey", &[("AccessKeyId", id)]).map(drop)
    }

    /// Makes a virtual MFA device. The call is made once: if its answer is lost, the device may exist all the same.
    ///
    /// # Errors
    /// Returns IAM's refusal, or why there is no answer.
    pub fn create_device(&self, signer: &Credentials, name: &str) -> Result<NewDevice, Failure> {
        let parameters = [("VirtualMFADeviceName", name)];
        let body = self.call(signer, Retries::Never, "CreateVirtualMFADevice", &parameters)?;
        self.read(&body, |document| {
            let device = find(document.root(), "VirtualMFADevice")?;
            let serial = Serial::parse(text(device, "SerialNumber")?, "IAM").ok()?;
            // It is letters already, but all blobs come in base64.
            let seed = Zeroizing::new(aws_smithy_types::base64::decode(text(device, "Base32StringSeed")?).ok()?);
            let seed = std::str::from_utf8(&seed).ok()?.trim_end_matches('=');
            let is_letter = |b: u8| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b);
            let is_sound = !seed.is_empty() && seed.bytes().all(is_letter);
            is_sound.then(|| NewDevice { serial, seed: Secret::new(seed.to_owned()) })
        })
    }

    /// Gives a virtual MFA device to a user, with two consecutive codes of it. The call is made once.
    ///
    /// # Errors
    /// Returns IAM's refusal, or why there is no answer.
    pub fn enable_device(
        &self,
        signer: &Credentials,
        user: &str,
        serial: &Serial,
        codes: &[Secret; 2],
    ) -> Result<(), Failure> {
        let [first, second] = codes;
        let parameters = [
            ("UserName", user),
            ("SerialNumber", serial.as_str()),
            ("AuthenticationCode1", first.expose()),
            ("AuthenticationCode2", second.expose()),
        ];
        self.call(signer, Retries::Never, "EnableMFADevice", &parameters).map(drop)
    }

    /// Deletes a virtual MFA device that no user has.
    ///
    /// # Errors
    /// Returns IAM's refusal, or why there is no answer.
    pub fn delete_device(&self, signer: &Credentials, serial: &Serial) -> Result<(), Failure> {
        self.call(signer, Retries::Safe, "DeleteVirtualMFADevice", &[("SerialNumber", serial.as_str())]).map(drop)
    }

    /// The serial numbers of the MFA devices of this user, by default of the one who signs; also of those that give no
    /// codes.
    ///
    /// # Errors
    /// Returns IAM's refusal, or why there is no answer.
    pub fn devices(&self, signer: &Credentials, user: Option<&str>) -> Result<Vec<String>, Failure> {
        let parameters: Vec<(&str, &str)> = user.map(|name| ("UserName", name)).into_iter().collect();
        let body = self.call(signer, Retries::Safe, "ListMFADevices", &parameters)?;
        self.read(&body, |document| {
            let list = find(document.root(), "MFADevices")?;
            members(list).map(|member| text(member, "SerialNumber").map(String::from)).collect()
        })
    }

    /// Makes a call and returns the body of its answer.
    fn call(
        &self,
        signer: &Credentials,
        retries: Retries,
        action: &'static str,
        parameters: &[(&str, &str)],
    ) -> Result<Body, Failure> {
        let fields = [("Action", action), ("Version", VERSION)].into_iter().chain(parameters.iter().copied());
        let region = self.iam.region.as_str();
        let request = signed_form::signed_form(&self.url, ("iam", region), signer, fields)?;
        let operation = Operation::builder()
            .service_name("IAM")
            .operation_name(action)
            .http_client(self.http.clone())
            .endpoint_url(&self.url)
            .no_auth()
            .standard_retry(&retries.config())
            .retry_classifier(TransientErrorClassifier::<Refused>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .retry_classifier(AwsErrorCodeClassifier::<Refused>::new())
            .timeout_config(timeouts(LIMITS))
            .serializer(move |()| {
                request.try_clone().ok_or_else(|| Box::<dyn std::error::Error + Send + Sync>::from("a stream"))
            })
            .deserializer(deserialized)
            .build();
        let answer = http::block_on(&self.runtime, operation.invoke(()), self.locks);
        answer.map_err(|error| self.failure(&error, action))
    }

    fn read<T>(&self, body: &Body, read: impl FnOnce(&Document<'_>) -> Option<T>) -> Result<T, Failure> {
        let document = Document::parse(&body.0).ok();
        document.as_ref().and_then(read).ok_or_else(|| not_an_answer(&self.iam.place()))
    }

    fn failure(&self, error: &SdkError<Refused, HttpResponse>, action: &str) -> Failure {
        let SdkError::ServiceError(context) = error else { return failure("IAM", &self.iam.place(), error).into() };
        let (Some(code), raw) = (context.err().code(), context.raw()) else {
            return failure("IAM", &self.iam.place(), error).into();
        };
        let refused = Refusal {
            iam: &self.iam_name(),
            action,
            code,
            message: context.err().message().unwrap_or_default(),
            status: raw.status().as_u16(),
            date: raw.headers().get("date"),
        };
        refusal(&refused, now())
    }

    /// `IAM`, with the URL if one is configured.
    fn iam_name(&self) -> String {
        self.iam.endpoint.url().map_or_else(|| String::from("IAM"), |url| format!("IAM at {url}"))
    }
}

/// The body of an answer with status 200, else the error that it reports.
fn deserialized(response: &HttpResponse) -> Result<Body, OrchestratorError<Refused>> {
    let body = String::from_utf8_lossy(response.body().bytes().unwrap_or_default()).into_owned();
    let body = Zeroizing::new(body);
    let document = Document::parse(&body).ok();
    let root = document.as_ref().map(Document::root_element);
    let is_answer = root.is_some_and(|root| root.tag_name().name().ends_with("Response"));
    if response.status().as_u16() == 200 && is_answer && root.is_some_and(|root| find(root, "Error").is_none()) {
        drop(document);
        return Ok(Body(body));
    }
    let error = root.and_then(|root| find(root, "Error"));
    let mut metadata = ErrorMetadata::builder();
    if let Some(code) = error.and_then(|error| text(error, "Code")) {
        metadata = metadata.code(code).message(error.and_then(|error| text(error, "Message")).unwrap_or_default());
    }
    Err(OrchestratorError::operation(Refused { metadata: metadata.build() }))
}

/// The first element with this name in or below a node.
fn find<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.descendants().find(|node| node.is_element() && node.tag_name().name() == name)
}

/// The text of the child with this name.
fn text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let child = node.children().find(|node| node.is_element() && node.tag_name().name() == name)?;
    Some(child.text().unwrap_or_default().trim())
}

/// The members of a list.
fn members<'a, 'i>(list: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    list.children().filter(|node| node.is_element() && node.tag_name().name() == "member")
}

/// The endpoint of IAM in a partition, as the rules of the SDKs give it (endpoint-rule-set-1.json of IAM).
fn address(iam: &Service) -> &'static str {
    let (fips, dual) = (iam.endpoint.fips, iam.endpoint.dual_stack);
    match (iam.region.partition(), fips, dual) {
        ("aws-cn", false, false) => "https://iam.cn-north-1.amazonaws.com.cn",
        ("aws-cn", false, true) => "https://iam.global.api.amazonwebservices.com.cn",
        ("aws-cn", true, false) => "https://iam-fips.amazonaws.com.cn",
        ("aws-cn", true, true) => "https://iam-fips.api.amazonwebservices.com.cn",
        ("aws-us-gov", _, false) => "https://iam.us-gov.amazonaws.com",
        ("aws-us-gov", _, true) => "https://iam.us-gov.api.aws",
        ("aws-iso", false, _) => "https://iam.us-iso-east-1.c2s.ic.gov",
        ("aws-iso", true, _) => "https://iam-fips.us-iso-east-1.c2s.ic.gov",
        ("aws-iso-b", false, _) => "https://iam.us-isob-east-1.sc2s.sgov.gov",
        ("aws-iso-b", true, _) => "https://iam-fips.us-isob-east-1.sc2s.sgov.gov",
        ("aws-iso-e", false, _) => "https://iam.eu-isoe-west-1.cloud.adc-e.uk",
        ("aws-iso-e", true, _) => "https://iam-fips.cloud.adc-e.uk",
        ("aws-iso-f", false, _) => "https://iam.us-isof-south-1.csp.hci.ic.gov",
        ("aws-iso-f", true, _) => "https://iam-fips.csp.hci.ic.gov",
        ("aws-eusc", false, _) => "https://iam.eusc-de-east-1.amazonaws.eu",
        ("aws-eusc", true, _) => "https://iam-fips.amazonaws.eu",
        (_, false, false) => "https://iam.amazonaws.com",
        (_, false, true) => "https://iam.global.api.aws",
        (_, true, false) => "https://iam-fips.amazonaws.com",
        (_, true, true) => "https://iam-fips.global.api.aws",
    }
}

#[cfg(test)]
mod tests;
