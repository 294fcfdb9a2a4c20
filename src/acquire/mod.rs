//! Carries out a plan: takes the last step that is fresh in a cache, makes the calls for the rest, and caches each
//! step.

pub mod calls;
pub(crate) mod coded;
pub mod forecast;
pub mod identity;
pub mod lookup;
pub mod mfa_session;
pub mod obtain;
pub mod story;
