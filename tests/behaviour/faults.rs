//! Full disks, missing homes, homes of another user, closed streams: once a code is used, the command runs, and one
//! line says that nothing could be cached.

use crate::kit::add_open;
use crate::world::run::Invocation;
use crate::world::{AWS_AUTH, World, output};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// A user id that no account has.
pub const UNUSED_USER: u32 = 54321;

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Prints that a test was skipped. CI has every program, but not every privilege: it also skips tests that need root,
/// or a kernel that lets users mount.
pub fn skipped(test: &str, why: &str) {
    eprintln!("skipped: {test} ({why})");
}

fn works(words: &[&str]) -> bool {
    output(Command::new(words[0]).args(&words[1..])).is_ok_and(|output| output.status.success())
}

/// The words before a command that run it as an unprivileged user who owns the home. Empty if the tests run as such a
/// user already; `None` if the test is skipped.
pub fn unprivileged(world: &World, test: &str) -> Option<Vec<String>> {
    unprivileged_as(UNUSED_USER, world, test)
}

/// The same with the user id `user`, for limits that count all processes of a user.
pub fn unprivileged_as(user: u32, world: &World, test: &str) -> Option<Vec<String>> {
    if !is_root() {
        return Some(Vec::new());
    }
    let words =
        ["setpriv".to_owned(), format!("--reuid={user}"), format!("--regid={user}"), "--clear-groups".to_owned()];
    let mut try_it: Vec<&str> = words.iter().map(String::as_str).collect();
    try_it.extend([AWS_AUTH, "--version"]);
    if !works(&try_it) {
        assert!(std::env::var_os("CI").is_none() || works(&["setpriv", "--version"]), "setpriv is missing");
        skipped(test, "setpriv cannot run the binary as another user");
        return None;
    }
    give_away(user, world.home());
    Some(words.into())
}

pub fn give_away(user: u32, path: &Path) {
    std::os::unix::fs::lchown(path, Some(user), Some(user)).unwrap();
    if path.symlink_metadata().unwrap().is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give_away(user, &entry.unwrap().path());
        }
    }
}

pub fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub fn sops(world: &World) -> Invocation<'_> {
    world.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", world.fresh_code())
}

/// Asserts that the command runs with credentials and prints exactly `stderr`.
#[track_caller]
pub fn runs(run: Invocation<'_>, stderr: &str) {
    let output = run.args(["sh", "-c", "echo ran ${AWS_SESSION_TOKEN:+with credentials}"]).run();
    output.success().assert_stdout("ran with credentials\n").assert_stderr(stderr);
}

#[test]
fn a_read_only_home_as_an_unprivileged_user() {
    let world = World::seeded();
    let Some(words) = unprivileged(&world, "a_read_only_home_as_an_unprivileged_user") else { return };
    mode(world.home(), 0o555);
    mode(&world.path(".aws"), 0o555);
    let before = world.snapshot();
    runs(
        sops(&world).through(&words),
        &format!(
            "aws-auth: warning: cannot keep anything in {} (Permission denied): the next run will ask again\n",
            world.own_cache_dir().display()
        ),
    );
    assert_eq!(world.snapshot(), before);
    mode(world.home(), 0o755);
    mode(&world.path(".aws"), 0o755);
}

#[test]
fn a_read_only_cache_as_an_unprivileged_user() {
    let world = World::seeded();
    fs::create_dir_all(world.cli_cache_dir()).unwrap();
    let Some(words) = unprivileged(&world, "a_read_only_cache_as_an_unprivileged_user") else { return };
    mode(&world.cli_cache_dir(), 0o555);
    let entry = world.cli_cache_dir().join("6b2ba3fdb0b66e8d2e1d5ff84f1d8e4a4a3ea0ee.json");
    let output = sops(&world).through(&words).args(["echo", "ran"]).run();
    output.success().assert_stdout("ran\n");
    let start = format!("aws-auth: warning: cannot keep credentials in {}/", entry.parent().unwrap().display());
    assert!(output.stderr.starts_with(&start), "{}", output.stderr);
    assert!(output.stderr.ends_with(".json (Permission denied): the next run will ask again\n"), "{}", output.stderr);
    assert_eq!(output.stderr.lines().count(), 1);
    // The session was cached, so no code is needed now.
    let output = world.aws_auth().profile("sops").through(&words).args(["echo", "ran"]).run();
    output.success().assert_stdout("ran\n");
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
    mode(&world.cli_cache_dir(), 0o755);
}

#[test]
fn unreadable_entries_are_misses_for_an_unprivileged_user() {
    let world = World::seeded();
    sops(&world).arg("true").run().success();
    let Some(words) = unprivileged(&world, "unreadable_entries_are_misses_for_an_unprivileged_user") else { return };
    for name in world.snapshot().into_keys().filter(|name| crate::world::is_json(name)) {
        mode(&world.path(name), 0o000);
    }
    runs(sops(&world).through(&words), "");
    let before = world.sts.calls().len();
    runs(world.aws_auth().profile("sops").through(&words), "");
    assert_eq!(world.sts.calls().len(), before, "they were replaced");
}

#[test]
fn a_lock_that_cannot_be_opened_as_an_unprivileged_user() {
    let world = World::seeded();
    sops(&world).args(["--login"]).run().success();
    let Some(words) = unprivileged(&world, "a_lock_that_cannot_be_opened_as_an_unprivileged_user") else { return };
    for name in world.snapshot().into_keys().filter(|name| name.contains("lock-")) {
        mode(&world.path(name), 0o000);
    }
    runs(
        sops(&world).through(&words).arg("--refresh"),
        &format!(
            "aws-auth: warning: cannot keep anything in {} (Permission denied): the next run will ask again\n",
            world.own_cache_dir().display()
        ),
    );
}

#[test]
fn a_home_that_is_missing() {
    let world = World::seeded();
    // A directory cannot be created inside a file.
    let home = world.path(".aws/config/home");
    let run = sops(&world)
        .env("HOME", &home)
        .env("AWS_CONFIG_FILE", world.path(".aws/config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", world.path(".aws/credentials"));
    runs(
        run,
        &format!(
            "aws-auth: warning: cannot keep anything in {} (Not a directory): the next run will ask again\n",
            home.join(".cache/aws-auth").display()
        ),
    );
}

#[test]
fn no_home_at_all_as_an_unprivileged_user() {
    let world = World::seeded();
    let test = "no_home_at_all_as_an_unprivileged_user";
    if !is_root() {
        return skipped(test, "needs root, to be a user of no home");
    }
    let Some(words) = unprivileged(&world, test) else { return };
    let before = world.snapshot();
    let run = sops(&world)
        .through(&words)
        .env_remove("HOME")
        .env("AWS_CONFIG_FILE", world.path(".aws/config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", world.path(".aws/credentials"));
    runs(
        run,
        "aws-auth: warning: there is no home directory (HOME is not set), so nothing is kept; the next run will ask again\n",
    );
    assert_eq!(world.snapshot(), before);
}

#[test]
fn nothing_is_written_into_another_users_home_as_root() {
    let world = World::seeded();
    if !is_root() {
        return skipped("nothing_is_written_into_another_users_home_as_root", "needs root");
    }
    give_away(UNUSED_USER, world.home());
    add_open(&world);
    let before = world.snapshot();
    runs(
        sops(&world),
        &format!(
            "aws-auth: warning: the home directory {} is another user's, so nothing is kept; the next run will ask again\n",
            world.home().display()
        ),
    );
    assert_eq!(world.snapshot(), before);
    for (_, path) in [("home", world.home().to_owned()), ("config", world.path(".aws/config"))] {
        assert_eq!(path.metadata().unwrap().uid(), UNUSED_USER);
    }
    // With --no-cache there is no warning; nor is there one for a role that needs no code.
    runs(sops(&world).arg("--no-cache"), "");
    world.aws_auth().args(["-p", "open", "true"]).run().success().assert_stderr("");
    assert_eq!(world.snapshot(), before);
}

#[test]
fn a_full_disk_in_a_mount_namespace() {
    let world = World::seeded();
    if !works(&["unshare", "-Urm", "sh", "-c", "mount -t tmpfs -o size=4k none /mnt"]) {
        return skipped("a_full_disk_in_a_mount_namespace", "no tmpfs in a user namespace");
    }
    fs::create_dir_all(world.cli_cache_dir()).unwrap();
    fs::create_dir_all(world.own_cache_dir()).unwrap();
    let script = "for d in .aws/cli/cache .cache/aws-auth; do mount -t tmpfs -o size=4k none $HOME/$d || exit 9; \
                  head -c 4096 /dev/zero >$HOME/$d/full; done; exec \"$@\"";
    let run = sops(&world).through(["unshare", "-Urm", "sh", "-c", script, "sh"]);
    let output = run
        .args([
            "sh",
            "-c",
            "echo ran; ls -A $HOME/.aws/cli/cache $HOME/.cache/aws-auth | grep -v -e lock- -e : -e '^$'",
        ])
        .run();
    output.success().assert_stdout("ran\nfull\nfull\n");
    let start = format!("aws-auth: warning: cannot keep credentials in {}/session-", world.own_cache_dir().display());
    assert!(output.stderr.starts_with(&start), "{}", output.stderr);
    assert!(
        output.stderr.ends_with(".json (No space left on device): the next run will ask again\n"),
        "{}",
        output.stderr
    );
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
}

#[test]
fn a_limit_on_the_size_of_files_is_said_before_a_command_is_kept_fresh() {
    let world = World::seeded();
    let output = sops(&world).prepare(no_file_may_grow).args(["--keep-fresh", "true"]).run();
    output.assert_status(125).assert_stderr_contains("(File too large)");
}

#[allow(unsafe_code)] // pre_exec: one async-signal-safe call
fn no_file_may_grow(command: &mut Command) {
    let limit = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    // SAFETY: one async-signal-safe system call between fork and exec.
    unsafe { command.pre_exec(move || Ok(rustix::process::setrlimit(rustix::process::Resource::Fsize, limit)?)) };
}

#[test]
fn a_limit_on_the_size_of_files_ends_nobody() {
    let world = World::seeded();
    let output =
        sops(&world).prepare(no_file_may_grow).args(["sh", "-c", "echo ran; grep SigIgn /proc/$$/status"]).run();
    output.success();
    let start = format!("aws-auth: warning: cannot keep credentials in {}/session-", world.own_cache_dir().display());
    assert!(output.stderr.starts_with(&start), "{}", output.stderr);
    assert!(output.stderr.ends_with(".json (File too large): the next run will ask again\n"), "{}", output.stderr);
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
    let text = output.stdout_text();
    let ignored = text.strip_prefix("ran\nSigIgn:\t").unwrap_or_else(|| panic!("{text}")).trim_end();
    let ignored = u64::from_str_radix(ignored, 16).unwrap();
    for signal in [libc::SIGXFSZ, libc::SIGPIPE] {
        assert_eq!(ignored & (1 << (signal - 1)), 0, "the command inherits an ignored signal {signal}");
    }
    assert!(world.snapshot().keys().all(|name| !name.contains(".aws-auth-")));
}

/// No file of a cache and no lock had the number of a closed stream while a message was written to that.
fn no_file_has_messages(world: &World) {
    let mut files = 0;
    for (name, what) in world.snapshot() {
        if what.contains("file") && (name.starts_with(".cache/") || name.starts_with(".aws/cli/")) {
            let text = world.read(&name);
            let is_lock =
                name.contains("/lock-") && text.bytes().all(|byte| byte.is_ascii_digit() || b" \n".contains(&byte));
            let is_json = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            assert!(is_lock || is_json, "{name}: {text}");
            files += 1;
        }
    }
    assert!(files >= 4, "a lock, the codes, the session and the role: {files}");
}

#[test]
fn closed_streams_stay_closed_and_harm_no_cache() {
    for (closed, descriptor) in [("2>&-", 2), ("<&-", 0)] {
        let world = World::seeded();
        let script = format!("exec \"$@\" {closed}");
        let run = sops(&world).through(["sh", "-c", &script, "sh"]).arg("-v");
        let look = format!("readlink /proc/self/fd/{descriptor} || echo closed");
        let output = run.args(["sh", "-c", &look]).run();
        output.success().assert_stdout("closed\n");
        assert_eq!(world.cli_cache().len(), 1);
        runs(world.aws_auth().profile("sops"), "");
        assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole"]);
    }
    let world = World::seeded();
    let output = sops(&world)
        .through(["sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"])
        .args(["-v", "sh", "-c", "echo x >$HOME/ran"])
        .run();
    output.success();
    assert_eq!(world.read("ran"), "x\n");
    assert_eq!(world.cli_cache().len(), 1);
    // The lock's file is the first one that is opened here, and it is open while messages are written.
    let other = world.aws_auth().profile("main-infrastructure").args(["-v", "true"]);
    other.through(["sh", "-c", "exec \"$@\" 2>&-", "sh"]).run().success();
    no_file_has_messages(&world);
}

#[test]
fn a_standard_error_that_takes_nothing() {
    let world = World::seeded();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = sops(&world)
        .prepare(|command| {
            command.stderr(full);
        })
        .args(["-v", "echo", "ran"])
        .run();
    output.success().assert_stdout("ran\n");
    // A pipe that nothing reads from.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = sops(&world)
        .prepare(|command| {
            command.stderr(writer);
        })
        .args(["-v", "--refresh", "echo", "ran"])
        .run();
    output.success().assert_stdout("ran\n");
    assert_eq!(world.cli_cache().len(), 1);
}

#[test]
fn a_cache_directory_in_the_way() {
    // A file in the place of the directory, and a dangling link.
    for dangling in [false, true] {
        let world = World::seeded();
        fs::create_dir_all(world.path(".cache")).unwrap();
        if dangling {
            std::os::unix::fs::symlink("/nonexistent/x", world.own_cache_dir()).unwrap();
        } else {
            world.write(world.own_cache_dir(), "");
        }
        let output = sops(&world).args(["echo", "ran"]).run();
        output.success().assert_stdout("ran\n");
        let why = if dangling { "the directory is a symbolic link; remove the link" } else { "Not a directory" };
        output.assert_stderr(&format!(
            "aws-auth: warning: cannot keep anything in {} ({why}): the next run will ask again\n",
            world.own_cache_dir().display()
        ));
        assert_eq!(world.cli_cache().len(), 1, "the role was kept");
    }
}

/// Checks that [`unprivileged`] works.
#[test]
fn a_user_of_no_privileges_is_one() {
    let world = World::seeded();
    let Some(words) = unprivileged(&world, "a_user_of_no_privileges_is_one") else { return };
    let words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
    let output = world.command("id").through(words).arg("-u").run();
    assert_ne!(output.stdout_text(), "0\n");
}
