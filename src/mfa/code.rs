//! An MFA code.

use zeroize::Zeroizing;

use crate::credentials::Secret;

/// An MFA code, and where it came from.
pub struct Given {
    /// The six digits.
    pub digits: Secret,
    /// The number of the device that it is of.
    pub device: usize,
    /// The option, variable or setting that gave it; `None` if it was typed at the prompt.
    pub source: Option<&'static str>,
}

/// Reads a code; `None` if it is not six digits. White space is allowed, because some apps show the digits in groups.
pub(crate) fn six_digits(text: &str) -> Option<Secret> {
    let digits = Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect::<String>());
    (digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| Secret::new(digits.to_string()))
}
