//! Calling AWS services: HTTP, STS, and the meaning of their errors.

pub mod ask;
pub mod bounded;
pub mod dns;
pub mod http;
pub mod iam;
pub mod iam_errors;
pub mod network_errors;
pub mod sdk;
pub mod signed_form;
pub mod sts;
pub mod sts_errors;
pub mod tls;
