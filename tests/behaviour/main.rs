//! The behaviour of the binary as a user or a script sees it.
// A test fails by panicking. The names in AWS's documentation need no backticks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::doc_markdown)]

mod answers;
mod bases_login;
mod bases_machine;
mod bases_process;
mod bases_sso;
mod bases_web_identity;
mod child;
mod codes;
mod command_line;
mod console;
mod exec;
mod explain;
mod export;
mod faults;
mod helper_programs;
mod keep_fresh;
mod kit;
mod list;
mod lock;
mod login;
mod nesting;
mod own_directory;
mod pages;
mod plan_cases;
mod private_config;
mod prompt;
mod resolution;
mod role_cache;
mod scale;
mod screens;
mod secrets;
mod session;
mod sso_callback;
mod sso_login;
mod sso_start_url;
mod status;
mod stops;
mod story;
mod sts_calls;
mod sts_errors;
mod sudo;
mod whoami;
mod world;
mod world_selftest;
