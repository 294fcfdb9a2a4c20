//! When credentials from a cache are good enough (docs/design-credentials.md, "The caches").

use crate::time::Length;

/// The lifetime that credentials must have left to be used: `min_ttl`, but no more than two thirds of their whole
/// length. Without that limit, every run would fetch a role of 15 minutes again.
pub fn needed(min_ttl: Length, length: Length) -> Length {
    min_ttl.min(length.two_thirds())
}
