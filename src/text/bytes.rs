//! Finding bytes. The memchr crate's own functions ask the processor what it can do before their first search, and on a
//! virtual machine each such question (CPUID) leaves the guest: 5 µs apiece, ten of them, more than a whole run from the
//! cache has to spare. SSE2, which every x86-64 has, is asked of nobody.

#[cfg(target_arch = "x86_64")]
use memchr::arch::x86_64::sse2::memchr::{One, Three, Two};

/// Where `byte` first stands in `text`.
pub fn find(byte: u8, text: &[u8]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let Some(search) = One::new(byte) {
        return search.find(text);
    }
    memchr::memchr(byte, text)
}

/// Where the first of two bytes stands in `text`.
pub fn find2([a, b]: [u8; 2], text: &[u8]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let Some(search) = Two::new(a, b) {
        return search.find(text);
    }
    memchr::memchr2(a, b, text)
}

/// Where the first of three bytes stands in `text`.
pub fn find3([a, b, c]: [u8; 3], text: &[u8]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let Some(search) = Three::new(a, b, c) {
        return search.find(text);
    }
    memchr::memchr3(a, b, c, text)
}
