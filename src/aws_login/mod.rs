//! The sessions of `aws login`: the AWS CLI's files with their credentials, renewals, and signing in.

pub mod browser_flow;
pub mod dpop;
pub mod endpoint;
pub mod grant;
pub mod login;
pub mod pasted_code;
pub mod renewal;
pub mod session;
