//! Random bytes of the system.

use std::io;

/// Bytes of the system's random number generator.
///
/// # Errors
/// Returns an error when the system has none to give.
pub fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(io::Error::from)?;
    Ok(bytes)
}
