//! The plan: which credentials a run needs, and the steps that get them. Planning does no I/O, and a plan holds no
//! secret.

pub mod base;
pub mod chain;
pub mod endpoint;
pub mod endpoints;
pub mod guard;
pub mod half;
pub mod metadata;
pub mod mfa;
pub mod missing;
pub mod model;
pub mod origin;
pub mod private_config;
pub mod proxy;
pub mod resolve;
pub mod session_name;
pub mod settings;
pub mod sso;
pub mod web_identity;
pub mod words;
