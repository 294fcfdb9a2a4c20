//! When credentials from a cache are good enough (docs/design.md, "The caches").

use crate::time::Length;

/// How much of their life credentials must have left to be used (docs/design.md, "The caches"): `min_ttl`, but no more than
/// two thirds of their whole length, so that a role of 15 minutes is not fetched anew by every run.
pub fn needed(min_ttl: Length, length: Length) -> Length {
    min_ttl.min(length.two_thirds())
}
