//! Whether a directory may hold what is kept: other users must not be able to put files of theirs, or links, there.
//!
//! Asked before something is written, locked or made. A run that only reads checks each file instead, when it opens it.

use std::fs::{DirBuilder, Metadata, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

/// Others can add, rename and remove files.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Only the owner of a file can rename or remove it, as in /tmp.
const STICKY: u32 = 0o1000;

/// Which program's directory it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// `aws-auth` itself: no link, and for this user alone.
    Own,
    /// One of the AWS CLI's, which makes them with the umask: others may read its names.
    AwsCli,
}

impl Whose {
    /// The bits of the mode that are taken away.
    fn forbidden(self) -> u32 {
        match self {
            Self::Own => 0o077,
            Self::AwsCli => WRITABLE_BY_OTHERS,
        }
    }
}

/// Why nothing is kept in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distrust {
    /// It is a symbolic link.
    Link,
    /// It belongs to another user.
    Foreign,
    /// This directory above it belongs to another user.
    BelowForeign(PathBuf),
    /// Other users can put another directory in its place, by writing to this one.
    BelowWritable(PathBuf),
}

impl std::error::Error for Distrust {}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link => f.write_str("the directory is a symbolic link; remove the link"),
            Self::Foreign => {
                f.write_str("the directory belongs to another user; set XDG_CACHE_HOME to a directory of your own")
            }
            Self::BelowForeign(above) => {
                write!(f, "{} belongs to another user; set XDG_CACHE_HOME to a directory of your own", above.display())
            }
            Self::BelowWritable(above) => {
                let path = above.display();
                write!(f, "other users can write to {path}; run 'chmod go-w {path}'")
            }
        }
    }
}

/// Whether files may be kept in `dir`, which need not be there yet. Nothing is changed.
///
/// # Errors
/// Returns why not. A directory that cannot be looked at is no such reason: the attempt to write will tell.
pub fn judge(dir: &Path, whose: Whose) -> Result<(), Distrust> {
    let parent = dir.parent().unwrap_or(dir);
    let found = match whose {
        Whose::Own => {
            judge_parent(parent)?;
            dir.symlink_metadata()
        }
        Whose::AwsCli => dir.metadata(),
    };
    match found {
        Ok(about) if about.is_symlink() => Err(Distrust::Link),
        Ok(about) if !is_ours(&about) => Err(Distrust::Foreign),
        Err(error) if error.kind() == io::ErrorKind::NotFound => judge_place(parent),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Makes a directory and what is missing above it, for this user alone, whatever the umask. Of one that is there, the
/// bits of the mode that let others in are taken away.
///
/// # Errors
/// Returns an error when it may not be used (see [`judge`]) or cannot be made.
pub fn make(dir: &Path, whose: Whose) -> io::Result<()> {
    judge(dir, whose).map_err(io::Error::other)?;
    if !dir.is_dir() {
        create(dir)?;
        // In a directory of all users another one may have been quicker.
        judge(dir, whose).map_err(io::Error::other)?;
    }
    let mode = dir.metadata()?.mode();
    if mode & whose.forbidden() != 0 {
        fs::set_permissions(dir, Permissions::from_mode(mode & 0o7777 & !whose.forbidden()))?;
    }
    Ok(())
}

/// The directory that holds ours: who can write to it could put another one in the place of ours.
fn judge_parent(parent: &Path) -> Result<(), Distrust> {
    let Ok(about) = parent.metadata() else { return Ok(()) };
    if !is_ours_or_roots(&about) {
        return Err(Distrust::BelowForeign(parent.to_owned()));
    }
    if about.mode() & WRITABLE_BY_OTHERS != 0 && about.mode() & STICKY == 0 {
        return Err(Distrust::BelowWritable(parent.to_owned()));
    }
    Ok(())
}

/// The nearest directory that is there: in another user's, root leaves nothing.
fn judge_place(dir: &Path) -> Result<(), Distrust> {
    match dir.ancestors().find_map(|dir| Some((dir, dir.metadata().ok()?))) {
        Some((above, about)) if !is_ours_or_roots(&about) => Err(Distrust::BelowForeign(above.to_owned())),
        _ => Ok(()),
    }
}

fn is_ours(about: &Metadata) -> bool {
    about.uid() == rustix::process::geteuid().as_raw()
}

fn is_ours_or_roots(about: &Metadata) -> bool {
    is_ours(about) || about.uid() == 0
}

fn create(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = dir.parent() {
        create(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => fs::set_permissions(dir, Permissions::from_mode(0o700)),
        // Another process was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        // A file, or a link that leads nowhere, in the place of a directory.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(io::Error::from_raw_os_error(libc::ENOTDIR)),
        Err(error) => Err(error),
    }
}
