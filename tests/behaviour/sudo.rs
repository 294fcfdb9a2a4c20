//! Runs as root with the variables of another user, as some systems leave them under sudo: nothing is written to that
//! user's directories, and nothing there changes.

use crate::faults::{UNUSED_USER, give_away, is_root, skipped};
use crate::kit::{OPEN, log_in, own};
use crate::world::{Role, World};
use std::fs;

/// Runs as root, with these variables, everything that could write files. At most one warning may appear.
#[track_caller]
fn everything(world: &World, variables: &[(&str, &str)]) {
    let aws_auth = || variables.iter().fold(world.aws_auth(), |run, (name, path)| run.env(name, world.path(path)));
    let sops = |args: &[&str]| {
        let run = aws_auth().env("AWS_AUTH_MFA_TOKEN", world.fresh_code());
        run.args(["-p", "sops"]).args(args).secrets_may_show().run()
    };
    for args in [
        &["true"][..],
        &["-v", "--refresh", "true"],
        &["--duration", "30m", "true"],
        &["--role-arn", OPEN, "true"],
        &["--export=json"],
        &["--login"],
        &["--login", "--refresh"],
        &["--explain", "--keep-fresh"],
        &["--logout"],
    ] {
        let output = sops(args);
        output.success();
        assert!(output.stderr.lines().filter(|line| line.contains("warning")).count() <= 1, "{}", output.report());
    }
    sops(&["--status"]);
    // Without a code, --keep-fresh is not refused for want of a cache.
    aws_auth().args(["-p", "default", "--no-mfa-session", "--keep-fresh", "true"]).run();
    sops(&["--keep-fresh", "true"]);
    aws_auth().args(["--logout", "--all"]).run().success();
}

/// A world with files that its user has kept, to be given to another user; `None` if the test does not run as root.
fn of_another_user(test: &str) -> Option<World> {
    if !is_root() {
        skipped(test, "needs root");
        return None;
    }
    let world = World::seeded();
    world.sts.add_role(Role::new(OPEN));
    log_in(&world, "sops");
    fs::create_dir(world.path("run")).unwrap();
    Some(world)
}

#[test]
fn nothing_changes_in_another_users_home_as_root() {
    let Some(world) = of_another_user("nothing_changes_in_another_users_home_as_root") else { return };
    give_away(UNUSED_USER, world.home());
    let before = world.snapshot();
    everything(&world, &[]);
    let others = [("XDG_CACHE_HOME", "new"), ("XDG_RUNTIME_DIR", "run"), ("AWS_LOGIN_CACHE_DIRECTORY", "login")];
    everything(&world, &others);
    assert_eq!(world.snapshot(), before);
}

#[test]
fn nothing_changes_in_another_users_cache_and_runtime_directories_as_root() {
    let test = "nothing_changes_in_another_users_cache_and_runtime_directories_as_root";
    let Some(world) = of_another_user(test) else { return };
    let others = |world: &World| {
        let files = world.snapshot().into_iter();
        files.filter(|(name, _)| name.starts_with(".cache") || name.starts_with("run")).collect::<Vec<_>>()
    };
    for dir in [".cache", "run"] {
        give_away(UNUSED_USER, &world.path(dir));
    }
    let before = others(&world);
    for caches in [".cache", ".cache/new/below"] {
        everything(&world, &[("XDG_CACHE_HOME", caches), ("XDG_RUNTIME_DIR", "run")]);
        assert_eq!(others(&world), before, "{caches}");
    }
    // If only XDG_RUNTIME_DIR is another user's, the file is in the cache directory.
    fs::remove_dir_all(world.path(".cache")).unwrap();
    log_in(&world, "sops");
    let run = world.aws_auth().env("XDG_RUNTIME_DIR", world.path("run")).args(["-p", "sops", "--keep-fresh", "true"]);
    run.run().success();
    assert_eq!(own(&world, "fresh-").len(), 1);
    assert_eq!(fs::read_dir(world.path("run")).unwrap().count(), 0);
}
