//! Calls of AWS services.

pub mod http;
pub mod sts;
pub mod tls;
