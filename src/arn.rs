//! The ARNs that a profile holds: roles and MFA devices.

use std::fmt;

use crate::error::{Error, Result};

/// The ARN of an IAM role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleArn {
    text: String,
}

impl RoleArn {
    /// Checks that the text is the ARN of a role. `origin` is the place of the text, for the error.
    ///
    /// # Errors
    /// Returns an error if it is not. STS would refuse it too, but only after a code was spent.
    pub fn parse(text: &str, origin: impl fmt::Display) -> Result<Self> {
        if let Some(placeholder) = placeholder(text) {
            return Err(placeholder_error("role_arn", placeholder, &origin));
        }
        let mut parts = text.splitn(6, ':');
        let sound = parts.next() == Some("arn")
            && parts.next().is_some_and(|partition| !partition.is_empty())
            && parts.next() == Some("iam")
            && parts.next() == Some("")
            && parts.next().is_some_and(|account| account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()))
            && parts
                .next()
                .and_then(|resource| resource.strip_prefix("role/"))
                .is_some_and(|name| !name.is_empty() && !name.ends_with('/'));
        if sound {
            Ok(Self { text: text.to_owned() })
        } else {
            Err(Error::new(format!("{origin}: '{text}' is not the ARN of a role"))
                .advise("write arn:aws:iam::<12 digits of the account>:role/<name>"))
        }
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub fn partition(&self) -> &str {
        field(&self.text, 1)
    }

    /// The account's twelve digits.
    pub fn account(&self) -> &str {
        field(&self.text, 4)
    }

    /// The role's name without its path.
    pub fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }

    /// The role's name with its path, which the console's switch-role link needs.
    pub fn path_and_name(&self) -> &str {
        self.text.split_once(":role/").map_or("", |(_, name)| name)
    }

    /// Whether `assumed`, the ARN of an assumed role from STS, is a session of this role. It does not contain the
    /// role's path.
    pub fn is_role_of(&self, assumed: &str) -> bool {
        let resource = assumed.splitn(6, ':').nth(5).unwrap_or_default();
        let mut parts = resource.splitn(3, '/');
        field(assumed, 1) == self.partition()
            && field(assumed, 2) == "sts"
            && field(assumed, 4) == self.account()
            && parts.next() == Some("assumed-role")
            && parts.next() == Some(self.name())
    }
}

/// The serial number of an MFA device: an ARN for a virtual device, a plain number for a hardware token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serial {
    text: String,
}

impl Serial {
    /// Checks that the text can be the serial number of a device that gives codes. `origin` is the place of the text,
    /// for the error.
    ///
    /// # Errors
    /// Returns an error for a placeholder, for a FIDO key, which gives no codes, and for text that STS would refuse.
    pub fn parse(text: &str, origin: impl fmt::Display) -> Result<Self> {
        if let Some(placeholder) = placeholder(text) {
            return Err(placeholder_error("mfa_serial", placeholder, &origin));
        }
        if text.contains(":u2f/") {
            return Err(Error::new(format!(
                "{origin}: the MFA device {text} is a FIDO security key, which gives no codes"
            ))
            .advise(
                "register a virtual MFA device (an authenticator app) as well, and use its serial number; or sign in \
                 with the key in a browser: 'aws login', or IAM Identity Center (--login)",
            ));
        }
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"+=/:,.@-_".contains(&b);
        if (9..=256).contains(&text.len()) && text.bytes().all(legal) {
            Ok(Self { text: text.to_owned() })
        } else {
            Err(Error::new(format!("{origin}: '{text}' is not the serial number of an MFA device")).advise(
                "it looks like arn:aws:iam::123456789012:mfa/name; the IAM console shows it under your user's \
                         security credentials",
            ))
        }
    }

    /// The whole serial number.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The partition, if the serial is an ARN.
    pub fn partition(&self) -> Option<&str> {
        self.text.starts_with("arn:").then(|| field(&self.text, 1))
    }

    /// The account, if the serial is an ARN.
    pub fn account(&self) -> Option<&str> {
        self.text.starts_with("arn:").then(|| field(&self.text, 4))
    }

    /// The name at the end of the ARN. By convention it is the user's name.
    pub fn user(&self) -> Option<&str> {
        self.text.strip_prefix("arn:")?.rsplit_once(":mfa/").map(|(_, path)| path.rsplit('/').next().unwrap_or(path))
    }
}

fn field(arn: &str, at: usize) -> &str {
    arn.split(':').nth(at).unwrap_or_default()
}

/// The first `<…>` in the text: a placeholder from a template.
fn placeholder(text: &str) -> Option<&str> {
    let start = text.find('<')?;
    let end = text.get(start..)?.find('>')?;
    text.get(start..=start + end)
}

/// Refuses a value that still holds a placeholder such as `<account>`.
///
/// # Errors
/// Returns an error that names the placeholder.
pub fn refuse_placeholder(key: &str, text: &str, origin: &str) -> Result<()> {
    match placeholder(text) {
        Some(placeholder) => Err(placeholder_error(key, placeholder, &origin)),
        None => Ok(()),
    }
}

fn placeholder_error(key: &str, placeholder: &str, origin: &dyn fmt::Display) -> Error {
    Error::new(format!("{origin}: {key} still holds the placeholder {placeholder}")).advise("put your own in its place")
}
