//! Giving the credentials to the command: its environment, its `--keep-fresh` file, and execve(2).

pub mod assignments;
pub mod environment;
pub mod exec;
pub mod keep_fresh;
pub mod many;
pub mod old_configs;
pub mod private_config;
