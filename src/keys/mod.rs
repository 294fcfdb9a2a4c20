//! Long-term keys that do not lie in a plain file, where they are kept, and what an MFA device is drawn as
//! (docs/keys.md).

pub mod asking;
pub mod encrypted_file;
pub mod failure;
pub mod given;

pub mod json;
#[cfg(all(feature = "keyring", target_os = "macos"))]
mod keychain;
pub mod keyring;
pub mod qr;
#[cfg(all(feature = "keyring", target_os = "linux"))]
mod secret_service;
pub mod stores;
