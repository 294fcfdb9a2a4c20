//! What becomes of the credentials.

pub mod child;
mod exec;

pub use exec::{exec, find};
