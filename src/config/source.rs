//! Reading one of the two files. Its text may hold keys and is wiped when it is dropped.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use rustix::fs::FileType;
use zeroize::Zeroizing;

use crate::config::ini::line_ends;
use crate::config::value::FileKind;
use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::system::large_pages::LargePages;

/// No real configuration is larger than this, in bytes, and a wrong path must not fill the memory.
const LARGEST: u64 = 256 << 20;

/// The limit for a pipe or a device, in bytes. It may never end.
const LARGEST_STREAM: u64 = 16 << 20;

/// From how many bytes on large pages are worth their zeroing.
const MANY: u64 = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// One of the two files: its path and its bytes. Whether they are text is found out where that is needed: a run that
/// only reads the cache looks at each byte once.
pub struct SourceFile {
    /// Which of the two.
    pub kind: FileKind,
    /// The path, for messages.
    pub path: PathBuf,
    bytes: Bytes,
}

/// Both kinds are wiped when they are dropped.
enum Bytes {
    Few(Zeroizing<Vec<u8>>),
    Many(LargePages),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Few(bytes) => bytes,
            Self::Many(bytes) => bytes,
        }
    }
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceFile").field("kind", &self.kind).field("path", &self.path).finish_non_exhaustive()
    }
}

impl SourceFile {
    /// Reads the config file and the credentials file; `None` stands for one that does not exist.
    ///
    /// # Errors
    /// Returns the errors of [`Self::read`].
    pub fn read_both(snapshot: &Snapshot) -> Result<[Option<Self>; 2]> {
        let read = |kind, path: Option<PathBuf>| path.map_or(Ok(None), |path| Self::read(kind, &path));
        let config = read(FileKind::Config, snapshot.config_file())?;
        Ok([config, read(FileKind::Credentials, snapshot.credentials_file())?])
    }

    /// Reads the file at `path`; `None` if it does not exist.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, or is larger than 256 MiB (16 MiB for a pipe or a device).
    pub fn read(kind: FileKind, path: &Path) -> Result<Option<Self>> {
        match read_bytes(path) {
            Ok(bytes) => Ok(Some(Self { kind, path: path.to_owned(), bytes })),
            // The AWS CLI only asks whether the path is a file. A path below a file is not one, so this is no error.
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(e) => Err(Error::new(format!("cannot read {}: {e}", path.display()))
                .advise(format!("make it a file that you can read, or name another in {}", kind.variable()))),
        }
    }

    /// A file whose text the caller already has. `path` is for messages. The text may start with a byte order mark.
    pub fn from_text(kind: FileKind, path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self { kind, path: path.into(), bytes: Bytes::Few(Zeroizing::new(text.into().into_bytes())) }
    }

    /// The same file with another path for messages.
    pub(crate) fn named(mut self, path: PathBuf) -> Self {
        self.path = path;
        self
    }

    /// The text without its byte order mark.
    ///
    /// # Errors
    /// Returns an error, with file and line, for a byte that is not UTF-8.
    pub(crate) fn text(&self) -> Result<&str> {
        let bytes = self.bytes();
        std::str::from_utf8(bytes).map_err(|e| {
            let good = bytes.get(..e.valid_up_to()).and_then(|good| std::str::from_utf8(good).ok());
            let line = line_ends(good.unwrap_or_default()).saturating_add(1);
            not_text(&self.path, line, "a byte that is not UTF-8")
        })
    }

    /// The bytes without the byte order mark.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.bytes)
    }

    /// The bytes with the byte order mark.
    pub(crate) fn whole(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn has_byte_order_mark(&self) -> bool {
        self.bytes.starts_with(BYTE_ORDER_MARK)
    }
}

/// The error for a file that is not text, with the line that shows it.
pub(crate) fn not_text(path: &Path, line: u32, what: &str) -> Error {
    Error::new(format!("{}:{line}: {what}", path.display())).advise("save the file as UTF-8 text")
}

fn read_bytes(path: &Path) -> io::Result<Bytes> {
    let mut file = File::open(path)?;
    // `File::metadata` would also detect statx(2), which costs two page faults in every run that only reads the cache.
    let about = rustix::fs::fstat(&file)?;
    let (kind, length) = (FileType::from_raw_mode(about.st_mode), u64::try_from(about.st_size).unwrap_or_default());
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let largest = if kind.is_file() { LARGEST } else { LARGEST_STREAM };
    if length > largest {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    if kind.is_file() && length >= MANY {
        if let Some(bytes) = LargePages::read(&file, usize::try_from(length).unwrap_or_default())? {
            return Ok(Bytes::Many(bytes));
        }
        file.rewind()?;
    }
    // One byte more than the file holds, so that the end is found without growing: a vector that grows leaves unwiped
    // copies behind.
    let room = usize::try_from(length).unwrap_or_default() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    if kind.is_file() {
        let one = || rustix::io::read(&file, rustix::buffer::spare_capacity(&mut *bytes));
        // The read left one byte of room, so it reached the end of the file.
        if rustix::io::retry_on_intr(one)? + 1 == room {
            return Ok(Bytes::Few(bytes));
        }
    }
    let more = (largest + 1).saturating_sub(bytes.len() as u64);
    file.take(more).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(Bytes::Few(bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use crate::config::profiles::ProfileSet;
    use crate::config::source::SourceFile;
    use crate::config::value::FileKind;

    fn read(path: &Path) -> Result<Option<SourceFile>, String> {
        SourceFile::read(FileKind::Config, path).map_err(|e| e.to_string())
    }

    #[test]
    fn missing_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        for path in [dir.path().join("no"), file.join("below"), dir.path().join("no/no"), "".into()] {
            assert!(read(&path).unwrap().is_none(), "{}", path.display());
        }
        assert!(read(&file).unwrap().is_some());
    }

    #[test]
    fn unreadable_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let error = read(dir.path()).unwrap_err();
        let start = format!("cannot read {}: is a directory; make it a file", dir.path().display());
        assert!(error.starts_with(&start) && error.ends_with(" in AWS_CONFIG_FILE"), "{error}");
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
        // Root reads everything.
        if std::fs::File::open(&file).is_err() {
            assert!(read(&file).unwrap_err().starts_with("cannot read "));
        }
        assert!(read(Path::new("/dev/zero")).unwrap_err().starts_with("cannot read /dev/zero: "));
    }

    #[test]
    fn too_large_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::File::create(&file).unwrap().set_len((256 << 20) + 1).unwrap();
        assert!(read(&file).unwrap_err().starts_with("cannot read "));
    }

    #[test]
    fn a_file_that_is_not_text_is_an_error_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        for (bytes, expected) in [
            (&b"[a]\r\nb = c\rd = \xff"[..], "3: a byte that is not UTF-8; save the file as UTF-8 text"),
            (b"\xff\xfe[\0", "1: a byte that is not UTF-8; save the file as UTF-8 text"),
        ] {
            std::fs::write(&file, bytes).unwrap();
            let source = read(&file).unwrap().unwrap();
            let expected = format!("{}:{expected}", file.display());
            assert_eq!(source.text().unwrap_err().to_string(), expected);
            assert_eq!(ProfileSet::parse(Some(&source), None).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_text() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "\u{feff}[default]\r\nregion = r\r\n").unwrap();
        let source = read(&file).unwrap().unwrap();
        let set = ProfileSet::parse(Some(&source), None).unwrap();
        assert_eq!(set.profile("default").unwrap().get("region").unwrap().text, "r");
        assert_eq!(set.path(FileKind::Config), Some(&*file));
        assert_eq!(set.path(FileKind::Credentials), None);
    }
}
