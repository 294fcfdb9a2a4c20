//! Calls of AWS services.

pub mod http;
pub mod sdk;
pub mod sts;
pub mod sts_errors;
pub mod tls;
