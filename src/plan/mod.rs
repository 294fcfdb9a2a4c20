//! The plan: which credentials, from where, by which steps. Computed without I/O, and holds no secret.

pub mod base;
pub mod chain;
pub mod endpoints;
pub mod metadata;
pub mod mfa;
pub mod resolve;
pub mod settings;
pub mod sso;
pub mod web_identity;
