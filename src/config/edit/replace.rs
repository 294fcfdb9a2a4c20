//! Replacing a file as a whole: a new one is written beside it and renamed over it. Mode, owner and attributes stay, and
//! so does a symbolic link that leads to it.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, Permissions};
use std::io;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use rustix::buffer::spare_capacity;
use rustix::fs::{Access, XattrFlags, access, fgetxattr, flistxattr, fsetxattr};
use tempfile::Builder;
use zeroize::Zeroizing;

use crate::config::source::SourceFile;
use crate::config::value::FileKind;
use crate::error::{Error, Result, io_words};
use crate::system::directories::{self, Distrust, Whose};
use crate::system::private_files;
use crate::text::shell_words::shell_word;

/// How the name of an unfinished file ends.
const HALF: &str = ".tmp";

/// The mode of a new file.
const PRIVATE: u32 = 0o600;

/// The mode bit that lets the owner write.
const OWNER_WRITES: u32 = 0o200;

/// A file that can be replaced.
pub(crate) struct Target {
    /// The file itself, behind all links.
    pub(crate) path: PathBuf,
    /// What the system knows of it; `None` if it does not exist.
    about: Option<Metadata>,
    /// Whether a link leads to it.
    is_linked: bool,
}

impl Target {
    /// The file that `path` leads to.
    ///
    /// # Errors
    /// Returns an error if it is not a regular file, or cannot be examined.
    pub(crate) fn of(kind: FileKind, path: &Path) -> Result<Self> {
        let advice = || format!("name a file that can be changed in {}", kind.variable());
        let unusable = |error: io::Error| {
            Error::new(format!("cannot change {} ({})", path.display(), io_words(&error))).advise(advice())
        };
        let real = real_path(path).map_err(unusable)?;
        let about = match real.symlink_metadata() {
            Ok(about) if about.is_file() => Some(about),
            Ok(_) => {
                return Err(Error::new(format!("{} is not a regular file", path.display())).advise(advice()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(unusable(error)),
        };
        let is_linked = path.is_symlink();
        Ok(Self { path: real, about, is_linked })
    }

    pub(crate) fn exists(&self) -> bool {
        self.about.is_some()
    }

    fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Checks what can be known before the file is replaced.
    ///
    /// # Errors
    /// Returns an error if the file is read-only, another user's, has another name, or if its directory cannot be
    /// written to.
    pub(crate) fn check(&self) -> Result<()> {
        let path = self.path.display();
        let euid = rustix::process::geteuid();
        if let Some(about) = &self.about {
            if about.mode() & OWNER_WRITES == 0 {
                let command = format!("chmod u+w {}", shell_word(&self.path.to_string_lossy()));
                return Err(Error::new(format!("{path} is read-only (mode {:04o})", about.mode() & 0o7777))
                    .advise(format!("run '{command}' if it may be changed")));
            }
            if !euid.is_root() && !directories::is_own_user(about.uid()) {
                return Err(Error::new(format!("{path} belongs to another user")).advise("change it as that user"));
            }
            if about.nlink() > 1 {
                return Err(Error::new(format!(
                    "{path} has another name (a hard link), which would keep the old text"
                ))
                .advise("remove the other name, or make it a symbolic link"));
            }
        }
        let directory = self.directory();
        if directory.is_dir() {
            access(directory, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| self.failed(&error.into()))
        } else if self.is_linked {
            Err(Error::new(format!("a link leads to {path}, whose directory does not exist"))
                .advise("create that directory, or remove the link"))
        } else {
            Ok(())
        }
    }

    /// Writes the file. Returns false, and changes nothing, if it is not as it was when this target was made and `before`
    /// was read. `has_turn` says that no other aws-auth writes it now: then what a killed one left behind is removed.
    ///
    /// # Errors
    /// Returns an error if it cannot be written. Then it is as it was.
    pub(crate) fn replace(&self, before: &SourceFile, text: &str, has_turn: bool) -> Result<bool> {
        self.try_to_replace(before, text, has_turn).map_err(|error| self.failed(&error))
    }

    fn try_to_replace(&self, before: &SourceFile, text: &str, has_turn: bool) -> io::Result<bool> {
        // A limit on file sizes is then an error, like a full disk.
        let _undisturbed = crate::system::signals::Undisturbed::begin();
        let directory = self.directory();
        if !directory.is_dir() {
            // Its advice is about the directories of the caches.
            let is_distrust =
                |error: &io::Error| error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Distrust>);
            directories::make(directory, Whose::AwsCli)
                .map_err(|error| if is_distrust(&error) { io::ErrorKind::PermissionDenied.into() } else { error })?;
        }
        let name = self.path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut prefix = OsString::from(".");
        prefix.extend([name, OsStr::new(".aws-auth-")]);
        if has_turn {
            remove_abandoned(directory, &prefix);
        }
        let mut file = Builder::new().prefix(&prefix).suffix(HALF).tempfile_in(directory)?;
        match &self.about {
            None => file.as_file().set_permissions(Permissions::from_mode(PRIVATE))?,
            Some(about) => {
                let made = file.as_file().metadata()?;
                if (made.uid(), made.gid()) != (about.uid(), about.gid()) {
                    fchown(file.as_file(), Some(about.uid()), Some(about.gid()))?;
                }
                file.as_file().set_permissions(Permissions::from_mode(about.mode() & 0o7777))?;
                copy_attributes(&self.path, file.as_file())?;
            }
        }
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        if !self.is_unchanged(before) {
            return Ok(false);
        }
        let renamed = match self.about {
            Some(_) => file.persist(&self.path),
            None => file.persist_noclobber(&self.path),
        };
        match renamed {
            Ok(_) => {}
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return Err(error.error),
        }
        // The file is in its place, so a directory that cannot be synced is no failure.
        let _ = File::open(directory).and_then(|directory| directory.sync_all());
        Ok(true)
    }

    /// The text is compared too, because a file system's clock may stand still between two changes.
    fn is_unchanged(&self, text: &SourceFile) -> bool {
        let stamp = |about: &Metadata| {
            let times = [about.mtime(), about.mtime_nsec(), about.ctime(), about.ctime_nsec()];
            (about.dev(), about.ino(), about.size(), times)
        };
        let has_text = || {
            let bytes = std::fs::read(&self.path).map(Zeroizing::new);
            bytes.is_ok_and(|bytes| *bytes == *text.whole())
        };
        match (&self.about, self.path.symlink_metadata()) {
            (Some(before), Ok(now)) => stamp(before) == stamp(&now) && has_text(),
            (before, now) => before.is_none() && now.is_err(),
        }
    }

    fn failed(&self, error: &io::Error) -> Error {
        use io::ErrorKind::{
            FileTooLarge, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, ResourceBusy, StorageFull,
        };
        let directory = self.directory().display();
        let advice = match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => String::from("make room there; the file is as it was"),
            PermissionDenied | ReadOnlyFilesystem => {
                format!("make {directory} a directory that you can write to; the file is as it was")
            }
            ResourceBusy => format!("mount {directory} instead of the file; the file is as it was"),
            _ => String::from("the file is as it was"),
        };
        Error::new(format!("cannot write {} ({})", self.path.display(), io_words(error))).advise(advice)
    }
}

/// The path of the file behind all links, also of one that does not exist yet.
fn real_path(path: &Path) -> io::Result<PathBuf> {
    /// As many links as Linux follows.
    const MOST: u32 = 40;
    let mut path = std::path::absolute(path)?;
    for _ in 0..MOST {
        match path.canonicalize() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
        let directory = path.parent().map(Path::to_owned).unwrap_or_default();
        // A directory that does not exist is created where the path says.
        let directory = directory.canonicalize().unwrap_or(directory);
        match path.read_link() {
            Ok(link) => path = directory.join(link),
            Err(_) => return Ok(directory.join(path.file_name().unwrap_or_default())),
        }
    }
    Err(rustix::io::Errno::LOOP.into())
}

/// Removes the unfinished files of writers that were killed. They may hold keys.
fn remove_abandoned(directory: &Path, prefix: &OsStr) {
    let is_half = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().as_bytes();
        name.starts_with(prefix.as_bytes()) && name.ends_with(HALF.as_bytes())
    };
    for path in private_files::list(directory).unwrap_or_default().iter().filter(is_half) {
        let _ = std::fs::remove_file(path);
    }
}

/// Copies extended attributes. An access control list must be copied: without it, the mode gives the group what the
/// list gives to single users.
fn copy_attributes(from: &Path, to: &File) -> io::Result<()> {
    const LIST: &str = "system.posix_acl_access";
    const MOST: usize = 64 << 10;
    // A file that this user can write but not read has been refused before.
    let from = File::open(from)?;
    let mut names = Vec::with_capacity(MOST);
    if flistxattr(from.as_fd(), spare_capacity(&mut names)).is_err() {
        return Ok(());
    }
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let name = OsString::from_vec(name.to_owned());
        let mut value = Vec::with_capacity(MOST);
        let copied = fgetxattr(from.as_fd(), &name, spare_capacity(&mut value))
            .and_then(|_| fsetxattr(to.as_fd(), &name, &value, XattrFlags::empty()));
        if name == LIST {
            copied?;
        }
    }
    Ok(())
}
