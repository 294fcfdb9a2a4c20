//! The values of `--export`, `--unset` and `--completions`.

use crate::error::{Error, Result};

/// The format in which `--export` prints the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For `eval` in bash, zsh, dash and every POSIX shell.
    Sh,
    /// For `source` in fish.
    Fish,
    /// For `Invoke-Expression` in PowerShell.
    PowerShell,
    /// For `docker run --env-file`: `NAME=value` without quotes.
    Dotenv,
    /// The JSON of a `credential_process`.
    Json,
}

/// Where long-term keys are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStore {
    /// The keyring of the desktop.
    Keyring,
    /// A file that is encrypted with a passphrase.
    File,
    /// The credentials file.
    Credentials,
}

impl KeyStore {
    /// The names of all.
    pub const NAMES: [&str; 3] = ["keyring", "file", "credentials"];

    pub(crate) fn parse(name: &str) -> Result<Self> {
        match name {
            "keyring" => Ok(Self::Keyring),
            "file" => Ok(Self::File),
            "credentials" => Ok(Self::Credentials),
            other => Err(Error::new(format!("unknown store '{other}' for --store-keys"))
                .advise("use keyring, file or credentials")),
        }
    }
}

/// A shell for which there are completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
    /// PowerShell
    PowerShell,
    /// elvish
    Elvish,
}

impl Format {
    pub(crate) fn parse(name: &str) -> Result<Self> {
        match name {
            "sh" | "bash" | "zsh" | "dash" => Ok(Self::Sh),
            "fish" => Ok(Self::Fish),
            "powershell" | "pwsh" => Ok(Self::PowerShell),
            "dotenv" => Ok(Self::Dotenv),
            "json" => Ok(Self::Json),
            other => Err(Error::new(format!("unknown format '{other}' for --export"))
                .advise("use sh, fish, powershell, dotenv or json")),
        }
    }

    /// A format that a shell evaluates.
    pub(crate) fn parse_of_shell(name: &str) -> Result<Self> {
        match Self::parse(name) {
            Ok(format @ (Self::Sh | Self::Fish | Self::PowerShell)) => Ok(format),
            _ => Err(Error::new(format!("unknown format '{name}' for --unset")).advise("use sh, fish or powershell")),
        }
    }
}

impl Shell {
    pub(crate) fn parse(name: &str) -> Result<Self> {
        match name {
            "bash" => Ok(Self::Bash),
            "zsh" => Ok(Self::Zsh),
            "fish" => Ok(Self::Fish),
            "powershell" | "pwsh" => Ok(Self::PowerShell),
            "elvish" => Ok(Self::Elvish),
            other => Err(Error::new(format!("unknown shell '{other}' for --completions"))
                .advise("use bash, zsh, fish, powershell or elvish")),
        }
    }
}
