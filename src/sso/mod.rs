//! IAM Identity Center: tokens, how people sign in for one, and the role credentials that it gives.

pub mod browser_flow;
pub mod callback;
pub mod device_flow;
pub mod login;
pub mod oidc;
pub mod outcome;
pub mod portal;
pub mod registration;
pub mod token;
pub mod words;
