//! The command line, and what shells and `man` know of it.

pub mod action;
pub mod completions;
pub mod console_services;
pub mod formats;
pub mod manual;
pub mod options;
