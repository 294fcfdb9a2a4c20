//! Small files of mode 0600 in directories of mode 0700. They are checked when they are read, and written atomically.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::FileType;
use zeroize::Zeroizing;

use crate::system::directories;
use crate::system::directories::Whose;
use crate::system::signals::Undisturbed;
use crate::time::Timestamp;

/// The largest file that is read, in bytes. The longest session tokens of STS have a few kilobytes.
const LARGEST: u64 = 256 * 1024;

/// How the names of unfinished files start and end.
pub const HALF: (&str, &str) = (".aws-auth-", ".tmp");

/// A file that was read.
pub struct Contents {
    /// Its bytes.
    pub bytes: Zeroizing<Vec<u8>>,
    /// When it was last written.
    pub written: Timestamp,
}

/// Reads a small regular file of the effective user; `None` for everything else: missing, unreadable, another user's,
/// too large, a link, a directory, a pipe.
pub fn read(path: &Path) -> Option<Contents> {
    // Without O_NONBLOCK, opening a pipe would block forever.
    let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path).ok()?;
    // `File::metadata` would cost every run from the cache two page faults, to remember whether statx(2) exists.
    let about = rustix::fs::fstat(&file).ok()?;
    let length = u64::try_from(about.st_size).ok()?;
    let is_file = FileType::from_raw_mode(about.st_mode).is_file();
    if !is_file || length > LARGEST || !directories::is_own_user(about.st_uid) {
        return None;
    }
    let mut bytes = Zeroizing::new(vec![0; usize::try_from(length).ok()?]);
    file.read_exact(&mut bytes).ok()?;
    Some(Contents { bytes, written: Timestamp::from_unix(about.st_mtime) })
}

/// Reads a token that another program may have written, also one of another user. Links and pipes are allowed, because
/// such programs use them to replace the token.
pub fn read_token(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    /// More than the 20,000 characters that STS accepts.
    const LONGEST: u64 = 64 * 1024;
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// Writes a file atomically: a temporary file of mode 0600 beside it, synced, then renamed over it. Missing directories
/// get mode 0700, whatever the umask. `whose` says whose the file's directory is.
pub fn write(path: &Path, bytes: &[u8], whose: Whose) -> io::Result<()> {
    write_with_mode(path, bytes, whose, 0o600)
}

/// The mode of files that are not changed any more.
pub const READ_ONLY: u32 = 0o400;

/// Like [`write`], into aws-auth's own directory, with the mode [`READ_ONLY`].
pub fn write_once(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with_mode(path, bytes, Whose::Own, READ_ONLY)
}

fn write_with_mode(path: &Path, bytes: &[u8], whose: Whose, mode: u32) -> io::Result<()> {
    let Some(dir) = path.parent() else { return Err(io::ErrorKind::InvalidInput.into()) };
    // A limit on file sizes is then an error, like a full disk.
    let _undisturbed = Undisturbed::begin();
    directories::make(dir, whose)?;
    let mut file = tempfile::Builder::new().prefix(HALF.0).suffix(HALF.1).tempfile_in(dir)?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The files in a directory, without subdirectories. Empty if the directory does not exist.
pub fn list(dir: &Path) -> io::Result<Vec<PathBuf>> {
    match dir.read_dir() {
        Ok(entries) => {
            let files =
                entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()));
            Ok(files.map(|entry| entry.path()).collect())
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Opens a file in aws-auth's own directory for a lock. Both are created if they are missing.
pub fn open_lock(path: &Path) -> io::Result<File> {
    if let Some(dir) = path.parent() {
        directories::make(dir, Whose::Own)?;
    }
    let file = open_own(path, OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600))?;
    if file.metadata()?.mode() & 0o777 != 0o600 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// Opens a regular file of our own that has no other name, because a link could lead to any other file of ours.
pub fn open_own(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let refused = |what: &str| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        io::Error::other(format!("{name} {what}; remove it"))
    };
    let file = match options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path) {
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => return Err(refused("is a symbolic link")),
        other => other?,
    };
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(refused("is not a regular file"));
    }
    if !directories::is_own_user(about.uid()) {
        return Err(refused("belongs to another user"));
    }
    // The count is zero if the file was removed meanwhile.
    if about.nlink() > 1 { Err(refused("has another name")) } else { Ok(file) }
}
