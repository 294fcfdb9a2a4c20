//! What the process was started with.

pub mod ancestors;
pub mod nesting;
pub mod snapshot;
pub mod variables;
