//! The machine: terminal, signals, other programs, locks, private files, loopback connections.

pub mod ancestry;
pub mod browser;
pub mod directories;
pub mod fork;
pub mod full_screen;
pub mod harden;
pub mod held_locks;
pub mod large_pages;
pub mod local_user;
pub mod lock;
pub mod lock_rules;
pub mod loopback;
pub mod manual_page;
pub mod peer;
pub mod private_files;
pub mod random;
pub mod signals;
pub mod subprocess;
pub mod terminal;
pub mod threads;
pub mod wait;
