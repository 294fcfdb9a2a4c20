//! What becomes of the credentials.

pub mod environment;
pub mod exec;
pub mod fresh_files;
pub mod keep_fresh;
