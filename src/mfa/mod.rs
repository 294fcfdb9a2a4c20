//! MFA codes: getting them, and making sure that none is sent twice.

pub mod code;
pub mod codes;
pub mod pair;
pub mod process;
pub mod used;
