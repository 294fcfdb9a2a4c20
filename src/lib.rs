//! aws-auth: a word put in front of a command, which gives it the credentials of an AWS profile.

pub mod config;
pub mod error;
