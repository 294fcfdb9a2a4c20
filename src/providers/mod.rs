//! The sources of the first credentials of a chain, such as a credential_process.

pub mod fetch;
pub mod github;
pub mod keystore;
pub mod metadata;
pub mod process;
pub mod program;
pub mod web_identity;
