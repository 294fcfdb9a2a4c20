//! IAM Identity Center: signing in, tokens, and the role credentials that a token gives.

pub mod accounts;
pub mod browser_flow;
pub mod callback;
pub mod device_flow;
pub mod login;
pub mod oidc;
pub mod outcome;
pub mod portal;
pub mod registration;
pub mod start_url;
pub mod token;
pub mod words;
