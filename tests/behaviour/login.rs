//! `--login`, which runs no command, and `--logout`, which removes only files that it recognizes as aws-auth's or the
//! AWS CLI's.

use crate::kit::{answer, arn, assert_said, end_roles, log_in, no_way, own, quietly, until};
use crate::world::{World, seed};

#[test]
fn login_says_until_when_and_runs_nothing() {
    let world = World::seeded();
    let run = world.aws_auth().args(["-p", "sops", "--login"]).in_terminal();
    answer(&world, &run, "sops", &world.fresh_code());
    let output = run.wait();
    output.success().assert_stdout("");
    assert_said(&output, &until("sops"));
    // Now a run works without a terminal, and a second login has nothing to do.
    quietly(&world, "sops").success().assert_stderr("");
    let output = world.aws_auth().profile("sops").arg("--login").run();
    output.success().assert_stdout("");
    assert_said(&output, &until("sops"));
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole"]);
    world.aws_auth().args(["-q", "-p", "sops", "--login"]).run().success().assert_stderr("");
}

#[test]
fn login_without_a_terminal_says_the_ways_out() {
    let world = World::seeded();
    world.aws_auth().args(["-p", "sops", "--login"]).run().assert_status(125).assert_stderr(&no_way("sops"));
}

#[test]
fn login_and_logout_run_no_command() {
    let world = World::seeded();
    for action in ["--login", "--logout"] {
        let output = world.aws_auth().args(["-p", "sops", action, "true"]).run();
        output.assert_status(125).assert_stdout("").assert_stderr(&format!(
            "aws-auth: {action} runs no command, but 'true' was given; write {action} alone, or leave it out\n"
        ));
    }
}

#[test]
fn logout_forgets_the_profiles_role_and_its_session() {
    let world = World::seeded();
    log_in(&world, "sops");
    quietly(&world, "main-infrastructure").success();
    let output = world.aws_auth().args(["-p", "sops", "--logout"]).run();
    output.success().assert_stdout("").assert_stderr(&(removed("sops") + &removed_session()));
    quietly(&world, "sops").assert_status(125).assert_stderr(&no_way("sops"));
    quietly(&world, "main-infrastructure").success();
    assert_eq!((world.cli_cache().len(), own(&world, "session-").len()), (1, 0));
    let output = world.aws_auth().args(["-p", "sops", "--logout"]).run();
    output.success().assert_stderr(&format!(
        "aws-auth: nothing was cached: no credentials of role {}, no MFA session of {}\n",
        arn("sops"),
        seed::SERIAL
    ));
    let output = world.aws_auth().args(["-p", "main-infrastructure", "--logout"]).run();
    let missing = format!("aws-auth: not there: MFA session of {}\n", seed::SERIAL);
    output.success().assert_stderr(&(removed("main-infrastructure") + &missing));
    end_roles(&world);
    world.aws_auth().args(["-p", "nobody", "--logout"]).run().assert_status(125);
}

/// What is said of a role whose credentials went.
fn removed(profile: &str) -> String {
    format!("aws-auth: removed the credentials of role {}\n", arn(profile))
}

fn removed_session() -> String {
    let serial = seed::SERIAL;
    format!("aws-auth: removed the MFA session of {serial}: other profiles with this device will ask for a new code\n")
}

#[test]
fn logout_of_the_role_only_keeps_the_session() {
    let world = World::seeded();
    log_in(&world, "sops");
    quietly(&world, "main-infrastructure").success();
    let kept = format!("aws-auth: kept the MFA session of {} (--role-only)\n", seed::SERIAL);
    let output = world.aws_auth().args(["-p", "sops", "--logout", "--role-only"]).run();
    output.success().assert_stderr(&(removed("sops") + &kept));
    quietly(&world, "sops").success().assert_stderr("");
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole", "AssumeRole"]);
    let output = world.aws_auth().args(["--logout", "--all", "--role-only"]).run();
    output
        .success()
        .assert_stderr("aws-auth: removed 2 sets of credentials\naws-auth: kept 1 MFA session (--role-only)\n");
    assert_eq!((world.cli_cache().len(), own(&world, "session-").len(), own(&world, "codes-").len()), (0, 1, 1));
    let output = world.aws_auth().args(["--logout", "--all", "--role-only"]).run();
    output
        .success()
        .assert_stderr("aws-auth: nothing was cached for roles\naws-auth: kept 1 MFA session (--role-only)\n");
    quietly(&world, "sops").success().assert_stderr("");
    let output = world.aws_auth().args(["--logout", "--all"]).run();
    output.success().assert_stderr(
        "aws-auth: removed 1 set of credentials and 1 MFA session: profiles with MFA will ask for a new code\n",
    );
    for args in [&["-p", "sops", "--role-only", "--login"][..], &["-p", "sops", "--role-only", "true"]] {
        let line = "aws-auth: --role-only goes with --logout; write both, or leave it out\n";
        world.run(args).assert_status(125).assert_stderr(line);
    }
}

#[test]
fn logout_says_if_there_is_nothing_that_could_be_cached() {
    let world = World::seeded();
    log_in(&world, "sops");
    let refused = "aws-auth: --logout removes cached credentials, but --no-cache (or AWS_AUTH_NO_CACHE) is on; leave one \
                   of them out\n";
    for args in [&["-p", "sops", "--logout", "--no-cache"][..], &["--logout", "--all", "--no-cache"]] {
        world.run(args).assert_status(125).assert_stderr(refused);
    }
    assert_eq!((world.cli_cache().len(), own(&world, "session-").len()), (1, 1));
    world.run(["-p", "default", "--logout"]).success().assert_stderr("aws-auth: nothing was cached\n");
    let keys = world.aws_auth().keys("AKIAMINE", "mine", "").arg("--logout").run();
    let line = "aws-auth: no profile is named, and for keys in the environment nothing is cached\n";
    keys.success().assert_stderr(line);
    world.config("[profile empty]\nregion = eu-west-1\n");
    let line = "aws-auth: nothing was cached: the profile names no credentials\n";
    world.run(["-p", "empty", "--logout"]).success().assert_stderr(line);
}

#[test]
fn logout_of_all_forgets_every_entry_and_leaves_what_is_foreign() {
    let world = World::seeded();
    world.append_config(&format!(
        "[profile plain]\nsource_profile = mfa\nrole_arn = {}\n[profile mfa]\nmfa_serial = {}\n[profile broken]\nrole_arn = nonsense\n",
        seed::ROLES[0].1,
        seed::SERIAL
    ));
    let keys = seed::credentials_file(&world.user);
    world.credentials(&(keys.clone() + &keys.replace("[default]", "[mfa]")));
    log_in(&world, "plain");
    for (profile, _) in seed::ROLES {
        quietly(&world, profile).success();
    }
    assert_eq!((world.cli_cache().len(), own(&world, "role-").len()), (4, 1));
    let key = "0123456789abcdef0123456789abcdef01234567";
    let foreign = [
        format!(".aws/cli/cache/{key}.json"),
        format!(".aws/cli/cache/session-{key}.json"),
        String::from(".aws/cli/cache/botocore-client-id-eu-west-1.json"),
        String::from(".aws/cli/cache/.aws-auth-notes"),
        String::from(".cache/aws-auth/notes.txt"),
        String::from(".cache/aws-auth/session-notes.json"),
        String::from(".cache/aws-auth/role-of-mine.json"),
        format!(".cache/aws-auth/role-{key}.json.bak"),
        format!(".cache/aws-auth/session-{}.json/inside", "f".repeat(40)),
        String::from(".cache/other/file"),
    ];
    for name in &foreign {
        world.write(name, "{\"Credentials\": {}}");
    }
    let ours = [
        format!(".cache/aws-auth/session-{key}.json"),
        format!(".cache/aws-auth/role-{key}.json"),
        String::from(".cache/aws-auth/.aws-auth-AbC123.tmp"),
        String::from(".aws/cli/cache/.aws-auth-AbC123.tmp"),
    ];
    for name in &ours {
        world.write(name, "another key's, another endpoint's, or torn");
    }
    let output = world.aws_auth().args(["--logout", "--all"]).run();
    output.success().assert_stdout("").assert_stderr(
        "aws-auth: removed 6 sets of credentials and 2 MFA sessions: profiles with MFA will ask for a new code\n",
    );
    for name in &foreign {
        assert_eq!(world.read(name), "{\"Credentials\": {}}", "{name}");
    }
    for name in &ours {
        assert!(!world.path(name).exists(), "{name}");
    }
    assert_eq!(own(&world, "codes-").len(), 0);
    quietly(&world, "sops").assert_status(125).assert_stderr(&no_way("sops"));
    world.aws_auth().args(["--logout", "--all"]).run().success().assert_stderr("aws-auth: nothing was cached\n");
}

#[test]
fn logout_leaves_a_directory_of_an_entrys_name() {
    let world = World::seeded();
    log_in(&world, "sops");
    let entry = crate::kit::role_entries(&world).remove(0);
    std::fs::remove_file(&entry).unwrap();
    std::fs::create_dir(&entry).unwrap();
    let output = world.aws_auth().args(["-p", "sops", "--logout"]).run();
    let missing = format!("aws-auth: not there: credentials of role {}\n", arn("sops"));
    output.success().assert_stderr(&(removed_session() + &missing));
    assert!(entry.is_dir());
}
