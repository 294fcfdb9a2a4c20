//! The meaning of STS errors, and what to advise.

use std::fmt::Write as _;

use crate::error::{self, Error};
use crate::plan::model::Role;
use crate::plan::web_identity::{TokenSource, WebIdentity};
use crate::text::escape::some_words;
use crate::time::Timestamp;

/// The kind of a failure, for callers that treat some failures differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The MFA code was wrong or already used.
    WrongCode,
    /// AccessDenied for any other reason.
    Denied,
    /// The credentials that signed the call have expired, or STS does not know them.
    DeadCredentials,
    /// Everything else.
    Other,
}

/// The failure of an STS call.
#[derive(Debug)]
pub struct Failure {
    /// What the caller can decide on.
    pub kind: Kind,
    /// The error to show.
    pub error: Error,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { kind: Kind::Other, error }
    }
}

/// What a call is for, for its messages.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The chosen profile; `None` for keys in the environment.
    pub profile: Option<&'a str>,
    /// The role, if the call assumes one.
    pub role: Option<&'a Role>,
}

impl Subject<'_> {
    fn words(&self) -> String {
        let whose = match self.profile {
            Some(profile) => format!("profile '{profile}'"),
            None => String::from("the keys in the environment"),
        };
        match self.role {
            Some(role) => format!("{whose}: role {}", role.arn.as_str()),
            None => whose,
        }
    }
}

/// An error answer of STS.
pub struct Refusal<'a> {
    /// `STS`, or `STS at https://…` if the endpoint is not one of AWS.
    pub sts: &'a str,
    /// The error's code, such as `AccessDenied`.
    pub code: &'a str,
    /// The error's message; empty if there is none.
    pub message: &'a str,
    /// The HTTP status code of the answer.
    pub status: u16,
    /// The Date header of the answer, which shows the server's clock.
    pub date: Option<&'a str>,
}

/// The kind of a failure, and the advice.
type Meaning = (Kind, Option<String>);

const CLOCK_IS_OFF: [&str; 3] = ["signature expired", "not yet current", "too skewed"];

/// Interprets an error answer. `now` is the time of this machine's clock.
pub fn refusal(refused: &Refusal<'_>, subject: Subject<'_>, now: Timestamp) -> Failure {
    let about = subject.words();
    if refused.is_about_time() {
        return refused.clock(&about, now).into();
    }
    let (kind, advice) = refused
        .mfa()
        .or_else(|| refused.access(subject))
        .or_else(|| refused.keys())
        .or_else(|| refused.limits(subject))
        .or_else(|| refused.trouble())
        .unwrap_or((Kind::Other, None));
    let error = refused.error(&about, advice);
    let error = if refused.keys().is_some() { error.of_kind(error::Kind::KeysRefused) } else { error };
    Failure { kind, error }
}

/// Interprets an error answer to a web identity token. `about` is the profile, or the variable with the token's path.
pub fn web_refusal(refused: &Refusal<'_>, web: &WebIdentity, about: &str) -> Error {
    let token = web.token.words();
    let advice = match refused.code {
        "ExpiredTokenException" | "ExpiredToken" => Some(format!(
            "{token} has expired; {}",
            match &web.token {
                TokenSource::File(_) => "the program that writes that file must renew it",
                TokenSource::Process(_) => "the program must print one that is still good",
                TokenSource::GitHub(_) => "try again; if it happens again, a clock is off",
            }
        )),
        "InvalidIdentityToken" => Some(match &web.token {
            TokenSource::GitHub(github) => format!(
                "account {} needs an IAM identity provider for https://token.actions.githubusercontent.com with the \
                 audience {}",
                web.role.account(),
                github.audience
            ),
            _ => format!("{token} is not one that the account's identity provider signed, or not for this audience"),
        }),
        "AccessDenied" | "AccessDeniedException" => {
            Some(String::from("check role_arn, and whether the role's trust policy lets this token's subject in"))
        }
        "IDPRejectedClaim" | "IDPCommunicationError" => {
            Some(String::from("ask the administrator of the identity provider, then try again"))
        }
        _ => {
            let subject = Subject { profile: None, role: None };
            refused.limits(subject).or_else(|| refused.trouble()).and_then(|(_, advice)| advice)
        }
    };
    refused.error(&format!("{about}: role {}", web.role.as_str()), advice)
}

/// The error for an answer that lacks a part of the credentials.
pub fn incomplete(sts: &str) -> Error {
    Error::new(format!("{sts} answered without credentials"))
        .advise("try again; if it happens again, something between here and AWS changes the answers")
}

/// The error for credentials that had already expired, at `end`, when they arrived.
pub fn ended(sts: &str, end: Timestamp, now: Timestamp) -> Error {
    Error::new(format!("{sts} gave credentials that have expired already, at {}", end.local(now)))
        .advise("the clock of this machine may be off; set it (timedatectl set-ntp true)")
}

/// The error for credentials of another role than `asked`. They must not reach a command.
pub fn other_role(sts: &str, asked: &str, given: &str) -> Error {
    Error::new(format!("{sts} answered with credentials of another role ({})", some_words(given)))
        .advise(format!("{asked} was asked for; check the endpoint and any proxy in between"))
}

fn meaning(kind: Kind, advice: impl Into<String>) -> Meaning {
    (kind, Some(advice.into()))
}

impl Refusal<'_> {
    /// The error with the words of STS and the advice.
    fn error(&self, about: &str, advice: Option<String>) -> Error {
        let (code, message) = (some_words(self.code), some_words(self.message));
        let said = Error::new(format!("{about}: {} says {code}", self.sts)).quote(message);
        match advice {
            Some(advice) => said.advise(advice),
            None => said,
        }
    }

    fn says(&self, words: &str) -> bool {
        self.message.to_ascii_lowercase().contains(words)
    }

    fn is_denial(&self) -> bool {
        matches!(self.code, "AccessDenied" | "AccessDeniedException")
    }

    fn is_about_time(&self) -> bool {
        match self.code {
            "RequestExpired" | "RequestTimeTooSkewed" => true,
            "SignatureDoesNotMatch" => CLOCK_IS_OFF.iter().any(|words| self.says(words)),
            _ => false,
        }
    }

    fn clock(&self, about: &str, now: Timestamp) -> Error {
        let theirs = self.date.map(|date| format!(", at STS {}", some_words(date))).unwrap_or_default();
        let ours = jiff::Timestamp::from_second(now.unix())
            .map(|now| now.to_zoned_datetime(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
            .unwrap_or_default();
        Error::new(format!("{about}: the clock of this machine is off: here it is {ours}{theirs}"))
            .advise("set the clock (timedatectl set-ntp true)")
    }

    fn mfa(&self) -> Option<Meaning> {
        if !self.is_denial() || !self.says("multifactorauthentication failed") {
            return None;
        }
        if self.says("one time pass code") && !self.says("must provide") {
            Some(meaning(Kind::WrongCode, "use the code that the device shows now; each code works only once"))
        } else {
            Some(meaning(Kind::Other, "check mfa_serial: it must be a device of the user whose keys are used"))
        }
    }

    fn access(&self, subject: Subject<'_>) -> Option<Meaning> {
        // `Other` and not `Denied`, because a new code or new session does not help here.
        if self.says("root accounts") {
            return Some(meaning(Kind::Other, "use the keys of an IAM user instead of the account root's"));
        }
        if !self.is_denial() {
            return None;
        }
        // Also `Other`: these permissions are in the trust policy, and a newer session has no others.
        let permission = ["sts:TagSession", "sts:SetSourceIdentity"]
            .into_iter()
            .find(|action| self.says(&format!("perform: {}", action.to_ascii_lowercase())));
        if let Some(action) = permission {
            return Some(meaning(
                Kind::Other,
                format!("the role's trust policy and your own must allow {action}; ask the role's owner"),
            ));
        }
        match subject.role {
            None => Some(meaning(Kind::Denied, "the user's policies must allow this call")),
            Some(role) => Some(meaning(Kind::Denied, denied_advice(role))),
        }
    }

    fn keys(&self) -> Option<Meaning> {
        match self.code {
            "ExpiredToken" | "ExpiredTokenException" => Some(meaning(
                Kind::DeadCredentials,
                "the credentials that this profile starts from have expired; renew them, or run with --refresh",
            )),
            "InvalidClientTokenId" | "UnrecognizedClientException" => Some(meaning(
                Kind::DeadCredentials,
                "the access key is unknown, deactivated or from another partition; check aws_access_key_id and the \
                 region",
            )),
            "SignatureDoesNotMatch" | "IncompleteSignature" => {
                Some(meaning(Kind::Other, "the secret access key does not belong to the access key id; check both"))
            }
            _ => None,
        }
    }

    fn limits(&self, subject: Subject<'_>) -> Option<Meaning> {
        match self.code {
            "ValidationError" if self.says("durationseconds exceeds") => {
                let asked = subject.role.map(|role| role.length().to_string()).unwrap_or_default();
                Some(meaning(
                    Kind::Other,
                    format!(
                        "{asked} was asked for; ask for less with --duration or duration_seconds, or have the role's \
                         maximum session duration raised"
                    ),
                ))
            }
            "ValidationError" if self.says("policy") => Some(meaning(
                Kind::Other,
                "check the session policies (--policy, aws_auth_policies): a managed one must exist, in this account or \
                 as one of AWS",
            )),
            "PackedPolicyTooLarge" | "PackedPolicyTooLargeException" => Some(meaning(Kind::Other, self.packed())),
            "MalformedPolicyDocument" | "MalformedPolicyDocumentException" => {
                Some(meaning(Kind::Other, "correct the session policy (--policy, aws_auth_policies)"))
            }
            "RegionDisabledException" => {
                Some(meaning(Kind::Other, "activate STS in that region, or choose another with --region"))
            }
            _ => None,
        }
    }

    /// Advice for session policies and tags that are too large together once STS has packed them.
    fn packed(&self) -> String {
        let digits = |word: &str| word.strip_suffix('%').filter(|text| text.parse::<u32>().is_ok()).map(String::from);
        let share = self.message.split_whitespace().find_map(digits);
        let taken = match share {
            Some(share) => format!("session policies and tags take {share}% of the space that STS has for them"),
            None => String::from("session policies and tags take more space than STS has for them"),
        };
        format!("{taken}; shorten the policy or the tags, or make the policy a managed one of the role's account")
    }

    fn trouble(&self) -> Option<Meaning> {
        match (self.code, self.status) {
            ("Throttling" | "ThrottlingException" | "RequestLimitExceeded", _) => {
                Some(meaning(Kind::Other, "too many calls at once; try again in a moment"))
            }
            (_, 500..) => Some(meaning(Kind::Other, "the service is having trouble; try again in a moment")),
            _ => None,
        }
    }
}

/// Advice for AccessDenied: what may be missing in the profile or in the role's trust policy.
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
        let _ = write!(advice, "; it may require {all}, which the profile does not set");
    }
    advice
}
