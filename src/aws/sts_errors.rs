//! What the failures of STS mean, and what to advise.

use std::fmt::Write as _;

use crate::error::Error;
use crate::plan::model::Role;

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
    /// The profile that was asked for; `None` for keys in the environment.
    pub profile: Option<&'a str>,
    /// The role, when one is assumed.
    pub role: Option<&'a Role>,
}

/// An error's code and message.
pub(crate) fn said(code: &str, message: &str) -> String {
    if message.is_empty() { code.to_owned() } else { format!("{code}: {}", message.trim()) }
}

/// What the owner of a role should look at.
pub(crate) fn denied_advice(role: &Role) -> String {
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
        let _ = write!(advice, "; it may want {all}, which the profile does not set");
    }
    advice
}
