//! Searching for bytes. Before its first search, the memchr crate detects the processor's features with about ten CPUID
//! instructions. On a virtual machine each of them traps to the hypervisor and costs about 5 µs, which is too much for
//! a run that only reads the cache. Every x86-64 processor has SSE2, so these functions use it without detection.

#[cfg(target_arch = "x86_64")]
use memchr::arch::x86_64::sse2::memchr::{One, Three, Two};

/// The index of the first `byte` in `text`.
pub fn find(byte: u8, text: &[u8]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let Some(search) = One::new(byte) {
        return search.find(text);
    }
    memchr::memchr(byte, text)
}

/// The index of the first byte in `text` that is one of these two.
pub fn find2([a, b]: [u8; 2], text: &[u8]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let Some(search) = Two::new(a, b) {
        return search.find(text);
    }
    memchr::memchr2(a, b, text)
}

/// The index of the first byte in `text` that is one of these three.
pub fn find3([a, b, c]: [u8; 3], text: &[u8]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let Some(search) = Three::new(a, b, c) {
        return search.find(text);
    }
    memchr::memchr3(a, b, c, text)
}
