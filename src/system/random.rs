//! Random bytes from the system.

use std::io;

/// Returns bytes from the system's random number generator.
///
/// # Errors
/// Returns an error if the system cannot provide them.
pub fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(io::Error::from)?;
    Ok(bytes)
}
