//! Long-term keys that do not lie in a plain file, and where they are kept (docs/keys.md).

pub mod asking;
pub mod encrypted_file;
pub mod failure;
pub mod given;

pub mod json;
#[cfg(all(feature = "keyring", target_os = "macos"))]
mod keychain;
pub mod keyring;
#[cfg(all(feature = "keyring", target_os = "linux"))]
mod secret_service;
pub mod stores;
