//! What the fuzz targets do with an input, as plain functions. The normal tests run them too, over the seeds
//! (tests/behaviour/fuzz_seeds.rs): an input passes if nothing panics.

pub mod answers;
pub mod cache;
pub mod config;
pub mod exports;
pub mod loopback;
pub mod plan;
pub mod shell_words;

mod server;
mod setting;
