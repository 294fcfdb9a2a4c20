//! The arguments and the environment of the process, and what other runs of aws-auth put there.

pub mod ancestors;
pub mod nesting;
pub mod snapshot;
pub mod variables;
