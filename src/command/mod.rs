//! What becomes of the credentials.

pub mod environment;
pub mod exec;
pub mod keep_fresh;
