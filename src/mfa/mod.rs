//! MFA codes: where they come from, and that none is sent twice.

pub mod codes;
