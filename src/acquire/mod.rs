//! A plan carried out: the last step that a cache has fresh, and calls for the rest, each step stored.

pub mod calls;
pub mod forecast;
pub mod identity;
pub mod lookup;
pub mod mfa_session;
pub mod obtain;
pub mod story;
