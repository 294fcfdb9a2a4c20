//! The plan: which credentials a run needs, and the steps that get them. Planning does no I/O, and a plan holds no
//! secret.

pub mod base;
pub mod bounding;
pub mod bounds;
pub mod chain;
pub mod endpoint;
pub mod endpoints;
pub mod federation;
pub mod github;
pub mod guard;
pub mod half;
pub mod include;
pub mod long_term;
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
pub mod stored;
pub mod web_identity;
pub mod words;
