//! What becomes of the credentials.

pub mod child;
pub mod console;
mod exec;
pub mod export;
pub mod fresh;

pub use exec::{exec, find};
