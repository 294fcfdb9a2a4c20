//! Memory in pages of two MiB, for the text of a file with thousands of profiles. The system gives a process its memory
//! page by page when it is first written to; for four hundred small pages, that takes longer than reading them. This
//! needs unsafe code: the standard library cannot ask for such pages.
#![allow(unsafe_code)]

use std::fs::File;
use std::ops::Deref;
use std::{io, ptr, slice};

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use zeroize::Zeroize as _;

/// The size of a large page, in bytes. Where it is another one, the memory is as good as any other.
const PAGE: usize = 2 << 20;

/// The bytes of a file. They are wiped when this is dropped.
pub struct LargePages {
    /// Where the mapping starts, and its size in bytes.
    mapping: (usize, usize),
    /// The part of it that holds the bytes. It lives as long as the mapping, so no copy of it may leave this type.
    bytes: &'static mut [u8],
}

impl LargePages {
    /// Reads a file that has this many bytes; `None` if it turns out to have more or fewer.
    ///
    /// # Errors
    /// Returns an error if there is not enough memory, or the file cannot be read.
    pub fn read(file: &File, length: usize) -> io::Result<Option<Self>> {
        // Room for one byte more, which shows that the file has grown; and for the mapping to start between two pages.
        let room = (length + 1).next_multiple_of(PAGE);
        let size = room + PAGE;
        // SAFETY: the system chooses the place of a new mapping, so nothing else is there.
        let start =
            unsafe { mmap_anonymous(ptr::null_mut(), size, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE) }?;
        let skipped = start.addr().next_multiple_of(PAGE) - start.addr();
        // SAFETY: `skipped` is less than PAGE, so all of this is in the mapping, which is all zeros and nobody else's.
        let all = unsafe { slice::from_raw_parts_mut(start.cast::<u8>().add(skipped), room) };
        #[cfg(target_os = "linux")]
        // SAFETY: this advice does not change what the memory holds. A system that cannot follow it says so.
        let _ = unsafe { rustix::mm::madvise(all.as_mut_ptr().cast(), room, rustix::mm::Advice::LinuxHugepage) };
        let mut pages = Self { mapping: (start.expose_provenance(), size), bytes: all };
        let mut read = 0;
        loop {
            let rest = pages.bytes.get_mut(read..=length).unwrap_or_default();
            match rustix::io::retry_on_intr(|| rustix::io::read(file, &mut *rest))? {
                0 => break,
                more => read += more,
            }
        }
        pages.bytes = std::mem::take(&mut pages.bytes).get_mut(..read).unwrap_or_default();
        Ok((read == length).then_some(pages))
    }
}

impl Deref for LargePages {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes
    }
}

impl Drop for LargePages {
    fn drop(&mut self) {
        self.bytes.zeroize();
        self.bytes = &mut [];
        let (start, size) = self.mapping;
        // SAFETY: the mapping was made by `read` with this size, and nothing refers to it any more.
        let _ = unsafe { munmap(ptr::with_exposed_provenance_mut(start), size) };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs::File;
    use std::io::{Seek as _, Write as _};

    use crate::system::large_pages::{LargePages, PAGE};

    #[test]
    fn the_bytes_are_those_of_the_file() {
        let mut file = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..PAGE + 5000).map(|at| u8::try_from(at % 251).unwrap()).collect();
        file.write_all(&bytes).unwrap();
        let mut read = |length| {
            file.rewind().unwrap();
            LargePages::read(&file, length).unwrap()
        };
        assert!(*read(bytes.len()).unwrap() == *bytes);
        // It has grown or shrunk since its length was asked for.
        assert!(read(bytes.len() - 1).is_none());
        assert!(read(bytes.len() + 1).is_none());
        assert!(LargePages::read(&File::open("/").unwrap(), PAGE).is_err());
    }

    #[test]
    fn a_length_of_whole_pages_has_room() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![b'x'; PAGE]).unwrap();
        file.rewind().unwrap();
        let pages = LargePages::read(&file, PAGE).unwrap().unwrap();
        assert!(pages.len() == PAGE && pages.iter().all(|byte| *byte == b'x'));
    }
}
