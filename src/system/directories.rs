//! Whether files may be kept in a directory: other users must not be able to put their own files or links there.
//!
//! This is checked before a file is written or locked, or a directory is created. A run that only reads checks each
//! file instead, when it opens it.

use std::fs::{DirBuilder, Metadata, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

/// The mode bits that let others add, rename and remove files.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// The mode bit that lets all users add, rename and remove files.
const WRITABLE_BY_ALL: u32 = 0o002;

/// The mode bit that lets only the owner of a file rename or remove it, as in /tmp.
const STICKY: u32 = 0o1000;

/// The program that a directory belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// aws-auth itself. The directory must not be a link, and only this user may use it.
    Own,
    /// The AWS CLI, which creates its directories with the umask. Others may list them.
    AwsCli,
}

impl Whose {
    /// The mode bits that are removed.
    fn forbidden(self) -> u32 {
        match self {
            Self::Own => 0o077,
            Self::AwsCli => WRITABLE_BY_OTHERS,
        }
    }
}

/// Why files may not be kept in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distrust {
    /// The directory is a symbolic link.
    Link,
    /// The directory belongs to another user.
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

/// Checks whether files may be kept in `dir`, which need not exist yet. Nothing is changed.
///
/// # Errors
/// Returns the reason if they may not. A directory that cannot be examined passes: the attempt to write will fail.
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

/// Creates a directory and its missing parents with mode 0700, whatever the umask. If the directory exists, the mode
/// bits that give others access are removed.
///
/// # Errors
/// Returns an error if the directory may not be used (see [`judge`]) or cannot be created.
pub fn make(dir: &Path, whose: Whose) -> io::Result<()> {
    judge(dir, whose).map_err(io::Error::other)?;
    if !dir.is_dir() {
        create(dir)?;
        // In a directory that all users share, another user may have created it first.
        judge(dir, whose).map_err(io::Error::other)?;
    }
    let mode = dir.metadata()?.mode();
    if mode & whose.forbidden() != 0 {
        fs::set_permissions(dir, Permissions::from_mode(mode & 0o7777 & !whose.forbidden()))?;
    }
    Ok(())
}

/// Checks the parent directory: a user who can write to it could replace ours.
fn judge_parent(parent: &Path) -> Result<(), Distrust> {
    let Ok(about) = parent.metadata() else { return Ok(()) };
    if !is_ours_or_roots(&about) {
        return Err(Distrust::BelowForeign(parent.to_owned()));
    }
    if about.mode() & WRITABLE_BY_OTHERS != 0 && about.mode() & STICKY == 0 {
        return Err(Distrust::BelowWritable(parent.to_owned()));
    }
    // Whoever may write to a directory further up could replace the whole branch.
    for above in parent.ancestors().skip(1) {
        let is_open = |about: &Metadata| about.mode() & WRITABLE_BY_ALL != 0 && about.mode() & STICKY == 0;
        if above.metadata().as_ref().is_ok_and(is_open) {
            return Err(Distrust::BelowWritable(above.to_owned()));
        }
    }
    Ok(())
}

/// Checks the nearest directory that exists: root creates nothing in another user's.
fn judge_place(dir: &Path) -> Result<(), Distrust> {
    match dir.ancestors().find_map(|dir| Some((dir, dir.metadata().ok()?))) {
        Some((above, about)) if !is_ours_or_roots(&about) => Err(Distrust::BelowForeign(above.to_owned())),
        _ => Ok(()),
    }
}

/// Whether files of this user id belong to the effective user of this process.
pub fn is_own_user(uid: u32) -> bool {
    uid == rustix::process::geteuid().as_raw()
}

fn is_ours(about: &Metadata) -> bool {
    is_own_user(about.uid())
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
        // Another process created it first.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        // A file or a dangling link has the directory's name.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(io::Error::from_raw_os_error(libc::ENOTDIR)),
        Err(error) => Err(error),
    }
}
