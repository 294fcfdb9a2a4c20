//! MFA codes: where they come from, and that none is sent twice.

pub mod code;
pub mod codes;
pub mod process;
pub mod used;
