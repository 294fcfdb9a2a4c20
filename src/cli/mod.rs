//! The command line: its options and actions, shell completions, and the manual page.

pub mod action;
pub mod completions;
pub mod console_page;
pub mod console_services;
pub mod formats;
pub mod help;
pub mod hints;
pub mod manual;
pub mod manual_text;
pub mod options;
pub mod regions;
