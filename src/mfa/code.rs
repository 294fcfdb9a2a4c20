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

/// What was typed at the prompt.
pub(crate) enum Typed {
    /// A code that may be sent.
    Code(Secret),
    /// A code that was sent before, by this run or another one.
    Used,
    /// An empty line, which goes on to the next of several devices.
    NextDevice,
    /// Anything else.
    NoCode,
}

/// Judges a line that was typed at the prompt. `is_used` says whether a code was sent before.
pub(crate) fn typed(line: &str, several_devices: bool, is_used: impl Fn(&Secret) -> bool) -> Typed {
    match six_digits(line) {
        None if several_devices && line.trim().is_empty() => Typed::NextDevice,
        None => Typed::NoCode,
        Some(digits) if is_used(&digits) => Typed::Used,
        Some(digits) => Typed::Code(digits),
    }
}

/// The number of typed codes that STS may refuse before the run fails.
const MAX_REFUSALS: u32 = 3;

/// How many typed codes STS has refused in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Refusals(u32);

/// Whether another code may be typed after one was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Tries {
    /// Another one may be typed.
    Left,
    /// That was the last try.
    Over,
}

impl Refusals {
    /// None so far.
    pub(crate) const NONE: Self = Self(0);

    /// STS refused one more.
    pub(crate) fn add(&mut self) -> Tries {
        self.0 += 1;
        if self.0 >= MAX_REFUSALS { Tries::Over } else { Tries::Left }
    }
}
