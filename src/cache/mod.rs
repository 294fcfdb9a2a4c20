//! The caches: what is kept, where, under which key, in which format.

pub mod entry;
pub mod forget;
pub mod format;
pub mod freshness;
pub mod keys;
pub mod lookup;
pub mod own_files;
pub mod provider;
pub mod store;
