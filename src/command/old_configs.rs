//! The configuration files that were written for commands: which of them are in use, and when they are removed.

use std::fs;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::cache::store::{self, Store};
use crate::config::value::FileKind;
use crate::env::snapshot::Snapshot;
use crate::system::directories::is_own_user;
use crate::system::private_files;

/// The beginning of the names of files by which a command renews its credentials (`--keep-fresh`).
pub(crate) const RENEWING: &str = "fresh-";

/// The beginning of the names of files with the settings of a profile.
pub(crate) const SETTINGS: &str = "settings-";

/// The end of the names of these files.
const END: &str = ".config";

/// A file that was not used for this long is removed, unless a running command uses it.
const MAX_IDLE_TIME: Duration = Duration::from_hours(7 * 24);

/// The file's modification time is renewed only if it is older than this, to save writes.
const USE_NOTE_INTERVAL: Duration = Duration::from_hours(24);

/// The name of the file with this hash.
pub(crate) fn name(prefix: &str, hash: &str) -> String {
    format!("{prefix}{hash}{END}")
}

/// Notes that the file for which this run is a renewal is still in use.
pub fn note_renewal(snapshot: &Snapshot) {
    if let Some(above) = &snapshot.above
        && let Some(path) = above.found.var(FileKind::Config.variable())
        && let Ok(file) = private_files::open_own(Path::new(path), File::options().read(true))
    {
        note_use(&file);
    }
}

/// Renews the file's modification time, so that no other run removes it as unused.
pub(crate) fn note_use(file: &File) {
    let written = file.metadata().and_then(|about| about.modified());
    if written.ok().and_then(age).is_some_and(|age| age > USE_NOTE_INTERVAL) {
        let _ = file.set_modified(SystemTime::now());
    }
}

/// Removes the files beside `kept` that were not used for [`MAX_IDLE_TIME`] and that no running command uses.
pub(crate) fn remove_old(kept: &Path) {
    let found = kept.parent().map(files).unwrap_or_default();
    let old: Vec<PathBuf> = found.into_iter().filter(|path| path != kept && is_old(path)).collect();
    remove_unused(old);
}

/// Removes the files, in both directories, that no running command uses. On Linux the environments of this user's
/// processes show which are used. Elsewhere, or if they cannot be read, only the files' age decides.
pub fn forget(snapshot: &Snapshot, store: &Store) {
    let places = [snapshot.runtime_dir().map(|dir| dir.join("aws-auth")), snapshot.state_dir()];
    let ours = |dir: &PathBuf| store::unusable(dir).is_none() && store.anothers_home_of(dir).is_none();
    let found: Vec<PathBuf> = places.into_iter().flatten().filter(ours).flat_map(|dir| files(&dir)).collect();
    remove_unused(found);
}

fn remove_unused(found: Vec<PathBuf>) {
    if found.is_empty() {
        return;
    }
    let environments = environments();
    let is_used = |path: &Path| match (&environments, path.file_name()) {
        (Some(all), Some(name)) => all.iter().any(|one| holds(one, name.as_encoded_bytes())),
        _ => !is_old(path),
    };
    for path in found.into_iter().filter(|path| !is_used(path)) {
        let _ = fs::remove_file(path);
    }
}

/// The environments that this user's processes were started with, including this one's; `None` if none can be read.
fn environments() -> Option<Vec<Vec<u8>>> {
    let processes = Path::new("/proc").read_dir().ok()?.filter_map(Result::ok);
    let all: Vec<_> = processes.filter_map(|entry| fs::read(entry.path().join("environ")).ok()).collect();
    all.iter().any(|one| !one.is_empty()).then_some(all)
}

fn holds(environment: &[u8], name: &[u8]) -> bool {
    environment.windows(name.len().max(1)).any(|window| window == name)
}

/// The files of this kind in a directory that belong to this user.
fn files(dir: &Path) -> Vec<PathBuf> {
    let ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_own = || path.symlink_metadata().is_ok_and(|about| is_own_user(about.uid()));
        [RENEWING, SETTINGS].iter().any(|prefix| name.starts_with(prefix)) && name.ends_with(END) && is_own()
    };
    private_files::list(dir).unwrap_or_default().into_iter().filter(ours).collect()
}

fn is_old(path: &Path) -> bool {
    let age = || age(path.symlink_metadata().ok()?.modified().ok()?);
    age().is_some_and(|age| age > MAX_IDLE_TIME)
}

fn age(since: SystemTime) -> Option<Duration> {
    SystemTime::now().duration_since(since).ok()
}
