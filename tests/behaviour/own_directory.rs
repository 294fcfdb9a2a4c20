//! The directories that files are kept in: nothing that another user may have put there is followed, overwritten or
//! trusted.

use crate::faults::{UNUSED_USER, give_away, is_root, mode, runs, skipped, sops};
use crate::kit::{log_in, own};
use crate::world::World;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

const AGAIN: &str = "the next run will ask again\n";
const YOURS: &str = "set XDG_CACHE_HOME to a directory of your own";

/// A directory with the mode of /tmp, below the home directory.
fn shared(world: &World) -> PathBuf {
    let dir = world.path("shared");
    fs::create_dir(&dir).unwrap();
    mode(&dir, 0o1777);
    dir
}

/// The names of the locks that a run of sops takes. Another user can work them out.
fn lock_names(world: &World) -> Vec<String> {
    let dir = world.path("elsewhere");
    fs::create_dir(&dir).unwrap();
    sops(world).env("XDG_CACHE_HOME", &dir).args(["--refresh", "true"]).run().success();
    let files = fs::read_dir(dir.join("aws-auth")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> = names.filter(|name| name.starts_with("lock-")).collect();
    fs::remove_dir_all(dir).unwrap();
    fs::remove_dir_all(world.cli_cache_dir()).unwrap();
    assert_eq!(names.len(), 2);
    names
}

#[test]
fn a_lock_that_is_a_link_is_not_followed() {
    for (what, link) in [
        ("is a symbolic link", (|target, path| symlink(target, path).unwrap()) as fn(&Path, &Path)),
        ("has another name", |target, path| fs::hard_link(target, path).unwrap()),
    ] {
        let world = World::seeded();
        let names = lock_names(&world);
        let dir = world.own_cache_dir();
        fs::create_dir_all(&dir).unwrap();
        for name in &names {
            link(&world.path(".aws/credentials"), &dir.join(name));
        }
        let before = world.read(".aws/credentials");
        let output = sops(&world).args(["echo", "ran"]).run();
        output.success().assert_stdout("ran\n");
        assert_eq!(world.read(".aws/credentials"), before, "{what}");
        let start = format!("aws-auth: warning: cannot keep anything in {} (lock-", dir.display());
        assert!(output.stderr.starts_with(&start), "{}", output.stderr);
        assert!(output.stderr.ends_with(&format!("{what}; remove it): {AGAIN}")), "{}", output.stderr);
        assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
    }
}

#[test]
fn a_directory_far_below_one_that_all_may_write_to_is_not_used() {
    let world = World::seeded();
    let open = world.path("open");
    let caches = open.join("caches/of/mine");
    fs::create_dir_all(&caches).unwrap();
    mode(&open, 0o777);
    let run = || sops(&world).env("XDG_CACHE_HOME", &caches);
    let why = format!("other users can write to {0}; run 'chmod go-w {0}'", open.display());
    run().args(["echo", "ran"]).run().success().assert_stdout("ran\n").assert_stderr_contains(&why);
    run().args(["--keep-fresh", "true"]).run().assert_status(125).assert_stderr_contains(&why);
    assert_eq!(fs::read_dir(&caches).unwrap().count(), 0);
    mode(&open, 0o1777);
    run().args(["echo", "ran"]).run().success().assert_stdout("ran\n").assert_stderr("");
}

#[test]
fn a_directory_of_another_user_in_a_shared_one_is_left_alone_as_root() {
    if !is_root() {
        return skipped("a_directory_of_another_user_in_a_shared_one_is_left_alone_as_root", "needs root");
    }
    let world = World::seeded();
    let names = lock_names(&world);
    let shared = shared(&world);
    let dir = shared.join("aws-auth");
    fs::create_dir(&dir).unwrap();
    for name in names {
        symlink(world.path(".aws/credentials"), dir.join(name)).unwrap();
    }
    give_away(UNUSED_USER, &dir);
    mode(&dir, 0o777);
    let files = || world.snapshot().into_iter().filter(|(name, _)| !name.starts_with(".aws/cli")).collect::<Vec<_>>();
    let before = files();
    let warning = format!(
        "aws-auth: warning: cannot keep anything in {} (the directory belongs to another user; {YOURS}): {AGAIN}",
        dir.display()
    );
    runs(sops(&world).env("XDG_CACHE_HOME", &shared), &warning);
    assert_eq!(files(), before);
    // The same holds for --keep-fresh: the command would run what is in its file.
    let output = sops(&world).env("XDG_CACHE_HOME", &shared).args(["--keep-fresh", "echo", "ran"]).run();
    output.assert_status(125).assert_stdout("").assert_stderr(&format!(
        "aws-auth: --keep-fresh would ask for a code again and again: {} cannot be used (the directory belongs to \
         another user; {YOURS}): leave one of them out, or configure an mfa_process\n",
        dir.display()
    ));
    let explained = world.aws_auth().env("XDG_CACHE_HOME", &shared).args(["-p", "sops", "--explain"]).run();
    assert!(explained.stdout_text().contains(" cannot be used (the directory belongs"), "{}", explained.report());
    world.aws_auth().env("XDG_CACHE_HOME", &shared).args(["--logout", "--all"]).run().success();
    assert_eq!(files(), before);
}

#[test]
fn a_directory_of_ones_own_in_a_shared_one_is_used() {
    let world = World::seeded();
    let shared = shared(&world);
    runs(sops(&world).env("XDG_CACHE_HOME", &shared), "");
    assert_eq!(shared.join("aws-auth").metadata().unwrap().mode() & 0o7777, 0o700);
}

#[test]
fn a_link_in_the_place_of_the_directory_is_not_followed() {
    let world = World::seeded();
    let target = world.path("target");
    fs::create_dir(&target).unwrap();
    fs::create_dir(world.own_cache_dir().parent().unwrap()).unwrap();
    symlink(&target, world.own_cache_dir()).unwrap();
    let why = "the directory is a symbolic link; remove the link";
    let warning =
        format!("aws-auth: warning: cannot keep anything in {} ({why}): {AGAIN}", world.own_cache_dir().display());
    runs(sops(&world), &warning);
    assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
}

#[test]
fn a_cache_home_that_is_a_link_of_ones_own_is_followed() {
    let world = World::seeded();
    let target = world.path("target");
    fs::create_dir(&target).unwrap();
    symlink(&target, world.own_cache_dir().parent().unwrap()).unwrap();
    runs(sops(&world), "");
    assert!(target.join("aws-auth").is_dir());
    // It is refused if others could put another directory in its place.
    mode(&target, 0o777);
    fs::remove_dir_all(world.cli_cache_dir()).unwrap();
    let warning = format!(
        "aws-auth: warning: cannot keep anything in {} (other users can write to {caches}; run 'chmod go-w {caches}'): \
         {AGAIN}",
        world.own_cache_dir().display(),
        caches = world.own_cache_dir().parent().unwrap().display()
    );
    runs(sops(&world), &warning);
}

#[test]
fn an_open_directory_of_ones_own_is_closed() {
    let world = World::seeded();
    for dir in [world.own_cache_dir(), world.cli_cache_dir()] {
        fs::create_dir_all(&dir).unwrap();
        mode(&dir, 0o777);
    }
    runs(sops(&world), "");
    assert_eq!(world.own_cache_dir().metadata().unwrap().mode() & 0o7777, 0o700);
    // The AWS CLI creates its directory with read access for all.
    assert_eq!(world.cli_cache_dir().metadata().unwrap().mode() & 0o7777, 0o755);
}

#[test]
fn the_aws_clis_directory_is_left_alone_when_it_is_another_users_as_root() {
    if !is_root() {
        return skipped("the_aws_clis_directory_is_left_alone_when_it_is_another_users_as_root", "needs root");
    }
    let world = World::seeded();
    fs::create_dir_all(world.cli_cache_dir()).unwrap();
    give_away(UNUSED_USER, &world.cli_cache_dir());
    let output = sops(&world).args(["echo", "ran"]).run();
    output.success().assert_stdout("ran\n");
    assert!(output.stderr.contains(".json (the directory belongs to another user; "), "{}", output.stderr);
    assert_eq!(output.stderr.lines().count(), 1);
    assert_eq!(fs::read_dir(world.cli_cache_dir()).unwrap().count(), 0);
}

#[test]
fn an_entry_that_is_a_link_is_a_miss() {
    let world = World::seeded();
    log_in(&world, "sops");
    let session = crate::kit::session(&world);
    let moved = world.path("moved");
    fs::rename(&session, &moved).unwrap();
    symlink(&moved, &session).unwrap();
    crate::kit::end_roles(&world);
    runs(sops(&world), "");
    assert_eq!(world.sts.count("GetSessionToken"), 2);
    assert!(session.symlink_metadata().unwrap().is_file());
}

#[test]
fn the_file_of_keep_fresh_is_nobody_elses() {
    let world = World::seeded();
    log_in(&world, "sops");
    let runtime = world.path("run");
    fs::create_dir(&runtime).unwrap();
    let run = |world: &World| {
        let run = world.aws_auth().env("XDG_RUNTIME_DIR", world.path("run")).args(["-p", "sops", "--keep-fresh"]);
        run.args(["sh", "-c", "echo \"$AWS_CONFIG_FILE\""]).run()
    };
    let first = run(&world);
    let path = PathBuf::from(first.success().stdout_text().trim_end());
    // The file has the right contents, but is a link, or others can change it.
    let other = world.write("other", fs::read(&path).unwrap());
    for link in [true, false] {
        fs::remove_file(&path).unwrap();
        if link {
            symlink(&other, &path).unwrap();
        } else {
            fs::copy(&other, &path).unwrap();
            mode(&path, 0o666);
        }
        run(&world).success();
        let about = path.symlink_metadata().unwrap();
        assert!(about.is_file() && about.mode() & 0o777 == 0o400);
    }
    // The directory is a link.
    fs::rename(runtime.join("aws-auth"), world.path("moved")).unwrap();
    symlink(world.path("moved"), runtime.join("aws-auth")).unwrap();
    run(&world).assert_status(125).assert_stdout("").assert_stderr(&format!(
        "aws-auth: --keep-fresh: there is no place for the command's configuration file: {} cannot be used (the \
         directory is a symbolic link; remove the link): set XDG_RUNTIME_DIR to a directory of your own\n",
        runtime.join("aws-auth").display()
    ));
    assert!(own(&world, "fresh-").is_empty());
}
