//! A code of an MFA device.

use zeroize::Zeroizing;

use crate::credentials::Secret;

/// A code, and where it came from.
pub struct Given {
    /// Six digits.
    pub digits: Secret,
    /// Who gave it; `None` when a person typed it.
    pub source: Option<&'static str>,
}

/// The digits of a code; people group them as their device does.
pub(crate) fn six_digits(text: &str) -> Option<Secret> {
    let digits = Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect::<String>());
    (digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| Secret::new(digits.to_string()))
}
