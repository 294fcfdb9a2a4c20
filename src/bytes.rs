//! Finding bytes. The memchr crate's own functions ask the processor what it can do before their first search, and on a
//! virtual machine each such question (CPUID) leaves the guest: 5 µs apiece, ten of them, more than a whole run from the
//! cache has to spare. SSE2, which every x86-64 has, is asked of nobody.

#[cfg(target_arch = "x86_64")]
mod search {
    use memchr::arch::x86_64::sse2::memchr::{One, Three, Two};

    pub(super) fn find(byte: u8, text: &[u8]) -> Option<usize> {
        One::new(byte).map_or_else(|| memchr::memchr(byte, text), |search| search.find(text))
    }

    pub(super) fn find2([a, b]: [u8; 2], text: &[u8]) -> Option<usize> {
        Two::new(a, b).map_or_else(|| memchr::memchr2(a, b, text), |search| search.find(text))
    }

    pub(super) fn find3([a, b, c]: [u8; 3], text: &[u8]) -> Option<usize> {
        Three::new(a, b, c).map_or_else(|| memchr::memchr3(a, b, c, text), |search| search.find(text))
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod search {
    pub(super) fn find(byte: u8, text: &[u8]) -> Option<usize> {
        memchr::memchr(byte, text)
    }

    pub(super) fn find2([a, b]: [u8; 2], text: &[u8]) -> Option<usize> {
        memchr::memchr2(a, b, text)
    }

    pub(super) fn find3([a, b, c]: [u8; 3], text: &[u8]) -> Option<usize> {
        memchr::memchr3(a, b, c, text)
    }
}

/// Where `byte` first stands in `text`.
pub fn find(byte: u8, text: &[u8]) -> Option<usize> {
    search::find(byte, text)
}

/// Where the first of two bytes stands in `text`.
pub fn find2(bytes: [u8; 2], text: &[u8]) -> Option<usize> {
    search::find2(bytes, text)
}

/// Where the first of three bytes stands in `text`.
pub fn find3(bytes: [u8; 3], text: &[u8]) -> Option<usize> {
    search::find3(bytes, text)
}
