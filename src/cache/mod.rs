//! The caches: what is kept, where, under which key, in which format.

pub mod provider;
pub mod store;
