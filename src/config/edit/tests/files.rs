//! Changes of files.

use std::cell::Cell;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::config::edit::changes::Change;
use crate::config::edit::editor::{Done, Editor, Written};
use crate::config::edit::tests::{remove, set};
use crate::config::value::FileKind;
use crate::error::Result;
use crate::system::held_locks::HeldLocks;
use crate::system::lock::{self, Task, Turn, Waiting};
use crate::time::Timestamp;

/// A home directory.
struct Home {
    dir: TempDir,
    locks: HeldLocks,
}

impl Home {
    fn new() -> Self {
        let home = Self { dir: tempfile::tempdir().unwrap(), locks: HeldLocks::default() };
        fs::create_dir(home.path(".aws")).unwrap();
        home
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn write(&self, path: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.path(path);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    fn editor(&self, kind: FileKind, path: &Path) -> Editor<'_> {
        self.editor_at(kind, path, 1_000_000_000)
    }

    fn editor_at(&self, kind: FileKind, path: &Path, seconds: i64) -> Editor<'_> {
        let take_turn = |lock: &Path, words: &str| {
            let waiting = Waiting {
                task: Task::Call(words),
                patience: None,
                ancestors: &Vec::new,
                say: &|_, _| {},
                one_speaks: false,
            };
            lock::take(lock, &waiting, &self.locks)
        };
        let now = Timestamp::from_unix(seconds);
        Editor::new(kind, path.to_owned(), self.path("state/aws-auth"), now, Box::new(take_turn))
    }

    /// Makes changes of the config file at `path`.
    fn change(&self, path: &Path, changes: &[Change]) -> Result<Done> {
        match self.editor(FileKind::Config, path).propose(|_| Ok(changes.to_vec()))?.write()? {
            Written::Done(done) => Ok(done),
            Written::Differs(_) => panic!("the file differs"),
        }
    }

    fn refused(&self, path: &Path) -> String {
        let before = fs::read(path).ok();
        let error = self.change(path, &[set("a", "k", "v")]).unwrap_err().to_string();
        assert_eq!(fs::read(path).ok(), before);
        error.replace(&self.dir.path().display().to_string(), "HOME")
    }

    /// The names in a directory, and nothing unfinished.
    fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(path)).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o7777
}

const TEXT: &str = "[profile a]\nk = 1\n";

#[test]
fn the_file_is_replaced_and_keeps_its_mode() {
    for bits in [0o600, 0o644, 0o664, 0o755] {
        let home = Home::new();
        let path = home.write(".aws/config", TEXT, bits);
        home.change(&path, &[set("a", "k", "2")]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "[profile a]\nk = 2\n");
        assert_eq!(mode(&path), bits);
        assert_eq!(home.names(".aws"), ["config"]);
    }
}

#[test]
fn owner_and_attributes_stay() {
    let home = Home::new();
    let path = home.write(".aws/config", TEXT, 0o640);
    let has_attributes = rustix::fs::setxattr(&path, "user.note", b"x", rustix::fs::XattrFlags::empty()).is_ok();
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        std::os::unix::fs::chown(&path, Some(54321), Some(54322)).unwrap();
    }
    home.change(&path, &[set("a", "k", "2")]).unwrap();
    if is_root {
        let about = path.metadata().unwrap();
        assert_eq!((about.uid(), about.gid(), mode(&path)), (54321, 54322, 0o640));
    }
    if has_attributes {
        let mut value = Vec::with_capacity(9);
        rustix::fs::getxattr(&path, "user.note", rustix::buffer::spare_capacity(&mut value)).unwrap();
        assert_eq!(value, b"x");
    }
    if !is_root || !has_attributes {
        eprintln!("skipped: owner_and_attributes_stay (needs root, and a file system with attributes)");
    }
}

#[test]
fn a_new_file_and_its_directory_are_private() {
    let home = Home::new();
    fs::remove_dir(home.path(".aws")).unwrap();
    let path = home.path(".aws/credentials");
    let editor = home.editor(FileKind::Credentials, &path);
    let proposal = editor.propose(|_| Ok(vec![set("default", "aws_access_key_id", "AKIA")])).unwrap();
    assert!(!path.exists());
    proposal.check().unwrap();
    let Written::Done(done) = proposal.write().unwrap() else { panic!("it differs") };
    assert!(done.copy.is_none());
    assert_eq!(fs::read_to_string(&path).unwrap(), "[default]\naws_access_key_id = AKIA\n");
    assert_eq!((mode(&path), mode(&home.path(".aws"))), (0o600, 0o700));
    assert_eq!(mode(&home.path("state/aws-auth")), 0o700);
}

#[test]
fn a_link_stays_and_leads_to_the_new_text() {
    let home = Home::new();
    fs::create_dir_all(home.path("dotfiles/aws")).unwrap();
    let real = home.write("dotfiles/aws/config", TEXT, 0o644);
    let (path, between) = (home.path(".aws/config"), home.path("dotfiles/link"));
    symlink("aws/config", &between).unwrap();
    symlink("../dotfiles/link", &path).unwrap();
    home.change(&path, &[set("a", "k", "2")]).unwrap();
    assert_eq!(fs::read_to_string(&real).unwrap(), "[profile a]\nk = 2\n");
    assert!(path.is_symlink() && between.is_symlink() && !real.is_symlink());
    // The file that a link leads to is made there.
    fs::remove_file(&real).unwrap();
    home.change(&path, &[set("b", "k", "3")]).unwrap();
    assert_eq!(fs::read_to_string(&real).unwrap(), "[profile b]\nk = 3\n");
    assert!(path.is_symlink() && mode(&real) == 0o600);
    fs::remove_dir_all(home.path("dotfiles/aws")).unwrap();
    assert_eq!(
        home.refused(&path),
        "a link leads to HOME/dotfiles/aws/config, whose directory does not exist; create that directory, or remove \
         the link"
    );
    assert_eq!(home.names("dotfiles"), ["link"]);
    fs::remove_file(&between).unwrap();
    symlink("link", &between).unwrap();
    assert!(home.refused(&path).starts_with("cannot change HOME/.aws/config (Too many levels of symbolic links): "));
}

#[test]
fn what_must_not_be_replaced_is_refused() {
    let home = Home::new();
    let path = home.write(".aws/my config", TEXT, 0o444);
    assert_eq!(
        home.refused(&path),
        "HOME/.aws/my config is read-only (mode 0444): run 'chmod u+w 'HOME/.aws/my config'' if it may be changed"
    );
    let path = home.write(".aws/config", TEXT, 0o644);
    fs::hard_link(&path, home.path("other")).unwrap();
    assert_eq!(
        home.refused(&path),
        "HOME/.aws/config has another name (a hard link), which would keep the old text; remove the other name, or \
         make it a symbolic link"
    );
    let no_file = "is not a regular file; name a file that can be changed in AWS_CONFIG_FILE";
    assert_eq!(home.refused(&home.path(".aws")), format!("HOME/.aws {no_file}"));
    assert_eq!(home.refused(Path::new("/dev/null")), format!("/dev/null {no_file}"));
    let path = home.write("no text", "[a]\n", 0o644);
    fs::write(&path, b"[a]\nk = \xff\n").unwrap();
    assert_eq!(home.refused(&path), "HOME/no text:2: a byte that is not UTF-8; save the file as UTF-8 text");
    let path = home.write("garbage", "[a]\nb\n", 0o644);
    assert!(home.refused(&path).starts_with("HOME/garbage:2: neither a [section], a key = value, nor a comment; "));
    assert_eq!(home.names(".aws"), ["config", "my config"]);
    assert_eq!(home.names("state/aws-auth/backups"), [""; 0]);
}

#[test]
fn a_change_by_another_program_is_not_lost() {
    let home = Home::new();
    let path = home.write(".aws/config", TEXT, 0o644);
    let editor = home.editor(FileKind::Config, &path);
    let proposal = editor.propose(|_| Ok(vec![set("a", "k", "2")])).unwrap();
    fs::write(&path, "# new\n[profile a]\nk = 1\nl = 5\n").unwrap();
    assert!(matches!(proposal.write().unwrap(), Written::Done(_)));
    assert_eq!(fs::read_to_string(&path).unwrap(), "# new\n[profile a]\nk = 2\nl = 5\n");
    // It did the same.
    let proposal = editor.propose(|_| Ok(vec![set("a", "k", "3")])).unwrap();
    fs::write(&path, "[profile a]\nk = 3\n").unwrap();
    assert!(matches!(proposal.write().unwrap(), Written::Done(Done { copy: None, .. })));
    // It removed the file.
    let proposal = editor.propose(|_| Ok(vec![set("b", "k", "4")])).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(matches!(proposal.write().unwrap(), Written::Done(_)));
    assert_eq!(fs::read_to_string(&path).unwrap(), "[profile b]\nk = 4\n");
}

#[test]
fn what_was_not_shown_is_not_done() {
    let home = Home::new();
    let path = home.write(".aws/config", "[profile a]\nk = old\n", 0o644);
    let editor = home.editor(FileKind::Config, &path);
    // Removes the key if it is still the one that was moved.
    let proposal = editor
        .propose(|set| {
            let key = set.profile("a").and_then(|profile| profile.get("k"));
            let is_old = key.is_some_and(|key| key.text.starts_with("old"));
            Ok(if is_old { vec![remove("a", "k")] } else { Vec::new() })
        })
        .unwrap();
    fs::write(&path, "[profile a]\nk = older\n").unwrap();
    let Written::Differs(proposal) = proposal.write().unwrap() else { panic!("it was written") };
    assert_eq!(fs::read_to_string(&path).unwrap(), "[profile a]\nk = older\n");
    assert!(proposal.diff().text(false).ends_with("\n-k = older\n"), "{}", proposal.diff().text(false));
    fs::write(&path, "[profile a]\nk = new\n").unwrap();
    assert!(matches!(proposal.write().unwrap(), Written::Done(_)));
    assert_eq!(fs::read_to_string(&path).unwrap(), "[profile a]\nk = new\n");
}

#[test]
fn a_program_that_writes_at_the_last_moment_is_noticed() {
    let home = Home::new();
    let path = home.write(".aws/config", TEXT, 0o644);
    let editor = home.editor(FileKind::Config, &path);
    // The file changes after it was read, each of the first four times.
    let times = Cell::new(0);
    let proposal = editor
        .propose(|_| {
            times.set(times.get() + 1);
            if times.get() <= 4 {
                fs::write(&path, format!("{TEXT}l = {}\n", times.get())).unwrap();
            }
            Ok(vec![set("a", "k", "2")])
        })
        .unwrap();
    assert!(matches!(proposal.write().unwrap(), Written::Done(_)));
    assert_eq!(fs::read_to_string(&path).unwrap(), "[profile a]\nk = 2\nl = 4\n");
    fs::write(&path, TEXT).unwrap();
    let always = Cell::new(0);
    let proposal = editor.propose(|_| {
        always.set(always.get() + 1);
        fs::write(&path, format!("{TEXT}l = {}\n", always.get())).unwrap();
        Ok(vec![set("a", "k", "3")])
    });
    let error = proposal.unwrap().write().err().unwrap().to_string();
    assert!(error.starts_with("another program changes ") && error.ends_with("; end that program first"), "{error}");
    assert_eq!(home.names(".aws"), ["config"]);
}

#[test]
fn five_copies_without_secrets_are_kept() {
    let home = Home::new();
    let text = "\u{feff}# aws_secret_access_key = Kaet\r\n[default]\r\naws_access_key_id = AKIA\r\naws_secret_access_key = Kaet\r\n  Kaet\r\nnote = Kaet";
    let path = home.write(".aws/credentials", text, 0o644);
    let mut copies = Vec::new();
    for at in [5, 5, 5, 6, 7, 8, 1] {
        let editor = home.editor_at(FileKind::Credentials, &path, at);
        let now = copies.len().to_string();
        let proposal = editor.propose(|_| Ok(vec![set("default", "region", &now)])).unwrap();
        let Written::Done(done) = proposal.write().unwrap() else { panic!("it differs") };
        copies.push(done.copy.unwrap());
    }
    let name =
        |path: &PathBuf| path.file_name().unwrap().to_str().unwrap()["credentials-000000000000-".len()..].to_owned();
    let times = [(5, 0), (5, 1), (5, 2), (6, 0), (7, 0), (8, 0), (1, 0)];
    let expected: Vec<_> = times.iter().map(|(at, n)| format!("19700101T00000{at}Z-0{n}")).collect();
    assert_eq!(copies.iter().map(name).collect::<Vec<_>>(), expected);
    let kept: Vec<_> = copies.iter().map(|copy| copy.exists()).collect();
    assert_eq!(kept, [false, false, true, true, true, true, true]);
    let last = fs::read_to_string(&copies[6]).unwrap();
    let masked = text.replace("Kaet", "****");
    assert_eq!(last, format!("{masked}\r\nregion = 5"));
    assert_eq!((mode(&copies[6]), mode(&home.path("state/aws-auth/backups"))), (0o600, 0o700));
    // The other file has copies of its own.
    let config = home.write(".aws/config", TEXT, 0o644);
    home.change(&config, &[set("a", "k", "2")]).unwrap();
    assert_eq!(home.names("state/aws-auth/backups").len(), 6);
}

#[test]
fn without_a_copy_nothing_is_written_but_what_would_be_lost() {
    let home = Home::new();
    let path = home.write(".aws/config", TEXT, 0o644);
    fs::create_dir_all(home.path("state")).unwrap();
    fs::write(home.path("state/aws-auth"), "").unwrap();
    let error = home.refused(&path);
    assert!(
        error.starts_with("cannot lock HOME/.aws/config in HOME/state/aws-auth (Not a directory): make room"),
        "{error}"
    );
    fs::remove_file(home.path("state/aws-auth")).unwrap();
    symlink("elsewhere", home.path("state/aws-auth")).unwrap();
    assert_eq!(
        home.refused(&path),
        "no copy of the file can be kept: HOME/state/aws-auth is a symbolic link; remove the link"
    );
    let editor = home.editor(FileKind::Config, &path);
    let done = editor.propose(|_| Ok(vec![set("a", "k", "2")])).unwrap().write_at_any_cost().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "[profile a]\nk = 2\n");
    assert!(done.copy.is_none() && done.warning.unwrap().starts_with("no copy of the file can be kept: "));
    assert!(!home.path("state/elsewhere").exists());
}

#[test]
fn what_a_killed_writer_left_is_removed() {
    let home = Home::new();
    let path = home.write(".aws/config", TEXT, 0o644);
    home.write(".aws/.config.aws-auth-x1.tmp", "aws_secret_access_key = Kaet\n", 0o600);
    home.write(".aws/.credentials.aws-auth-x1.tmp", "of another writer, which may live\n", 0o600);
    home.change(&path, &[set("a", "k", "2")]).unwrap();
    assert_eq!(home.names(".aws"), [".credentials.aws-auth-x1.tmp", "config"]);
}

#[test]
fn the_lock_is_held_until_the_file_is_written() {
    let home = Home::new();
    let path = home.write(".aws/config", TEXT, 0o644);
    let taken = Cell::new(0);
    let take_turn = |lock: &Path, _: &str| {
        taken.set(taken.get() + 1);
        let waiting =
            Waiting { task: Task::Call(""), patience: None, ancestors: &Vec::new, say: &|_, _| {}, one_speaks: false };
        let turn = lock::take(lock, &waiting, &home.locks);
        assert!(matches!(turn, Turn::Held(_)) && lock.exists());
        turn
    };
    let state = home.path("state/aws-auth");
    let editor = Editor::new(FileKind::Config, path, state, Timestamp::from_unix(0), Box::new(take_turn));
    let lock = Cell::new(None);
    let proposal = editor.propose(|_| {
        let name = home.names("state/aws-auth").into_iter().find(|name| name.starts_with("lock-config-"));
        if let Some(name) = name {
            let file = fs::File::open(home.path("state/aws-auth").join(name)).unwrap();
            lock.set(Some(file.try_lock().is_err()));
        }
        Ok(vec![set("a", "k", "2")])
    });
    assert_eq!(lock.get(), None);
    assert!(matches!(proposal.unwrap().write().unwrap(), Written::Done(_)));
    assert_eq!((lock.get(), taken.get()), (Some(true), 1));
}
