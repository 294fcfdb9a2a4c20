//! The plan: which credentials, from where, by which steps. Computed without I/O, and holds no secret.

pub mod base;
pub mod chain;
pub mod endpoint;
pub mod endpoints;
pub mod metadata;
pub mod mfa;
pub mod missing;
pub mod model;
pub mod origin;
pub mod proxy;
pub mod resolve;
pub mod session_name;
pub mod settings;
pub mod sso;
pub mod web_identity;
pub mod words;
