//! The meaning of IAM errors, and what to advise.

use crate::error::Error;
use crate::text::escape::some_words;
use crate::time::Timestamp;

/// The kind of a failure, for callers that treat some failures differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A policy does not allow the call, or not without MFA.
    Denied,
    /// IAM does not know the keys that signed the call, or their session has expired.
    DeadCredentials,
    /// There are as many keys or devices as there may be.
    LimitExceeded,
    /// There is a device of this name already.
    AlreadyExists,
    /// There is no such key or device.
    NoSuchEntity,
    /// The device is in use.
    InUse,
    /// The two codes are wrong, or not consecutive.
    WrongCodes,
    /// There was no answer, or none that can be read: the call may have been carried out.
    NoAnswer,
    /// Everything else that IAM said.
    Other,
}

/// The failure of an IAM call.
#[derive(Debug)]
pub struct Failure {
    /// What the caller can decide on.
    pub kind: Kind,
    /// The error to show.
    pub error: Error,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { kind: Kind::NoAnswer, error }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// An error answer of IAM.
pub(crate) struct Refusal<'a> {
    /// `IAM`, or `IAM at https://…` if an endpoint is configured.
    pub iam: &'a str,
    /// The action that was called.
    pub action: &'a str,
    /// The error's code, such as `AccessDenied`.
    pub code: &'a str,
    /// The error's message; empty if there is none.
    pub message: &'a str,
    /// The HTTP status code of the answer.
    pub status: u16,
    /// The Date header of the answer, which shows the server's clock.
    pub date: Option<&'a str>,
}

/// Interprets an error answer. `now` is the time of this machine's clock.
pub(crate) fn refusal(refused: &Refusal<'_>, now: Timestamp) -> Failure {
    let (kind, advice) = refused.meaning(now);
    let said = Error::new(format!("{} says {} to {}", refused.iam, some_words(refused.code), refused.action))
        .quote(some_words(refused.message));
    let error = match advice {
        Some(advice) => said.advise(advice),
        None => said,
    };
    Failure { kind, error }
}

/// The failure for an answer that cannot be read.
pub(crate) fn not_an_answer(place: &str) -> Failure {
    let error = Error::new(format!("{place} answered with something that is not an answer from IAM"))
        .advise("check the endpoint, and whether a proxy or a captive portal stands in between");
    Failure { kind: Kind::NoAnswer, error }
}

impl Refusal<'_> {
    fn meaning(&self, now: Timestamp) -> (Kind, Option<String>) {
        let action = self.action;
        let advise = |kind, advice: &str| (kind, Some(advice.to_owned()));
        let is_about_time = ["signature expired", "not yet current", "too skewed"]
            .iter()
            .any(|words| self.message.to_ascii_lowercase().contains(words));
        match self.code {
            "RequestExpired" | "RequestTimeTooSkewed" => (Kind::Other, Some(self.clock(now))),
            "SignatureDoesNotMatch" if is_about_time => (Kind::Other, Some(self.clock(now))),
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
                (Kind::Denied, Some(format!("a policy must allow iam:{action} to this user")))
            }
            "InvalidClientTokenId" | "UnrecognizedClientException" => advise(
                Kind::DeadCredentials,
                "the access key is unknown, deactivated or from another partition, or its session carries no MFA",
            ),
            "ExpiredToken" | "ExpiredTokenException" => {
                advise(Kind::DeadCredentials, "the session has expired; run it again")
            }
            "SignatureDoesNotMatch" | "IncompleteSignature" => {
                advise(Kind::Other, "the secret access key does not belong to the access key id; check both")
            }
            "LimitExceeded" | "LimitExceededException" => {
                advise(Kind::LimitExceeded, "delete one that is not used any more, in the IAM console")
            }
            "EntityAlreadyExists" | "EntityAlreadyExistsException" => {
                advise(Kind::AlreadyExists, "take another name: --register-mfa=NAME")
            }
            "NoSuchEntity" | "NoSuchEntityException" => (Kind::NoSuchEntity, None),
            "DeleteConflict" | "DeleteConflictException" => (Kind::InUse, None),
            "InvalidAuthenticationCode" | "InvalidAuthenticationCodeException" => {
                advise(Kind::WrongCodes, "type two codes that the device shows one after the other")
            }
            "Throttling" | "ThrottlingException" | "RequestLimitExceeded" => {
                advise(Kind::Other, "too many calls at once; try again in a moment")
            }
            // It may have been carried out.
            _ if self.status >= 500 => advise(Kind::NoAnswer, "the service is having trouble; try again in a moment"),
            _ => (Kind::Other, None),
        }
    }

    fn clock(&self, now: Timestamp) -> String {
        let theirs = self.date.map(|date| format!(", at IAM {}", some_words(date))).unwrap_or_default();
        format!("the clock of this machine is off: here it is {}{theirs}; set it", now.iso8601())
    }
}
