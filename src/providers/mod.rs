//! The credentials that a chain begins with, when they have to be asked for.

pub mod aws_login;
pub mod dpop;
pub mod fetch;
pub mod metadata;
pub mod process;
pub mod web_identity;
