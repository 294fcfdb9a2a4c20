//! `--rotate-keys`: new long-term keys in the place of the old ones, whatever happens on the way.

use crate::kit::{assert_said, log_in, own};
use crate::lock::strace;
use crate::store_keys::{PASSPHRASE, store_in_file};
use crate::world::sts::AccessKey;
use crate::world::{Fault, Output, Status, World, seed};
use std::os::unix::fs::PermissionsExt as _;

/// A world whose IAM wants MFA, with an MFA session, so that no code is asked for.
fn world() -> World {
    let mut world = World::seeded();
    let endpoint = world.sts.endpoint();
    world.set_env("AWS_ENDPOINT_URL_IAM", endpoint);
    world.sts.iam_wants_mfa();
    log_in(&world, "sops");
    world.sts.clear_log();
    world
}

fn rotate(world: &World) -> Output {
    world.run(["--rotate-keys"])
}

/// The keys in the credentials file, with the section that they are in.
fn in_file(world: &World) -> Vec<(String, String, String)> {
    let mut found: Vec<(String, String, String)> = Vec::new();
    for line in world.read(".aws/credentials").lines() {
        let value = || line.split_once('=').map(|(_, value)| value.trim().to_owned()).unwrap_or_default();
        match line {
            line if line.starts_with('[') => found.push((line.to_owned(), String::new(), String::new())),
            line if line.starts_with("aws_access_key_id") => found.last_mut().unwrap().1 = value(),
            line if line.starts_with("aws_secret_access_key") => found.last_mut().unwrap().2 = value(),
            _ => {}
        }
    }
    found
}

/// Fails unless the file has keys that IAM knows as active, in the section that every profile uses too.
#[track_caller]
fn assert_works(world: &World, about: &str) {
    let keys = world.sts.access_keys();
    let works = |(_, id, secret): &(String, String, String)| {
        keys.iter().any(|key| key.id == *id && key.secret == *secret && key.active)
    };
    let found = in_file(world);
    let default = found.iter().find(|(section, ..)| section == "[default]").unwrap();
    assert!(works(default), "{about}: the keys of [default] do not work\n{}", world.read(".aws/credentials"));
}

/// The intents that are noted.
fn intents(world: &World) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(world.path(".local/state/aws-auth")) else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("rotation-")).collect()
}

/// Fails unless the rotation is over: one key, in the file and in IAM, and nothing left behind.
#[track_caller]
fn assert_rotated(world: &World) -> AccessKey {
    let keys = world.sts.access_keys();
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert_ne!(keys[0].id, world.user.access_key_id);
    let expected = seed::credentials_file(&world.user)
        .replace(&world.user.access_key_id, &keys[0].id)
        .replace(&world.user.secret_access_key, &keys[0].secret);
    assert_eq!(world.read(".aws/credentials"), expected);
    assert_eq!(intents(world), Vec::<String>::new());
    keys[0].clone()
}

#[test]
fn new_keys_take_the_place_of_the_old_ones() {
    let world = world();
    let output = rotate(&world);
    output.success().assert_stdout("");
    let new = assert_rotated(&world);
    let (old, file) = (&world.user.access_key_id, world.path(".aws/credentials"));
    let file = file.display();
    assert_said(
        &output,
        &format!(
            "aws-auth: new keys {id} are in {file}\n\
             --- {file}\n+++ {file}\n@@ -1,8 +1,4 @@\n # ~/.aws/credentials\n [default]\n-aws_access_key_id={old}\n\
             -aws_secret_access_key=****\n-\n-[aws-auth-new-{id}]\n aws_access_key_id={id}\n aws_secret_access_key=****\n\
             aws-auth: the profile has the keys {id} now, and the old keys {old} are deleted; the MFA session of the old \
             ones is forgotten, so the next run asks for a code\n",
            id = new.id,
        ),
    );
    let actions = world.sts.actions();
    let expected = [
        "ListAccessKeys",
        "CreateAccessKey",
        "GetCallerIdentity",
        "GetCallerIdentity",
        "UpdateAccessKey",
        "DeleteAccessKey",
    ];
    assert_eq!(actions, expected);
    assert_eq!(world.sts.last("DeleteAccessKey").region, "us-east-1");
    assert_eq!(own(&world, "session-").len(), 0);
    // The next run asks for a code, and works.
    let code = world.fresh_code();
    world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_TOKEN", code).run().success();
}

#[test]
fn a_code_is_asked_for_if_there_is_no_session() {
    let mut world = World::seeded();
    let endpoint = world.sts.endpoint();
    world.set_env("AWS_ENDPOINT_URL_IAM", endpoint);
    world.sts.iam_wants_mfa();
    let run = world.aws_auth().args(["-p", "main-infrastructure", "--rotate-keys"]).in_terminal();
    run.expect(&world.prompt("main-infrastructure"));
    run.send_line(&world.fresh_code());
    run.wait().success();
    assert_rotated(&world);
}

#[test]
fn the_device_is_listed_if_no_profile_names_it() {
    let world = world();
    world.config("");
    let run = world.aws_auth().arg("--rotate-keys").env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run();
    run.success();
    assert_eq!(world.sts.actions()[..1], ["ListMFADevices"]);
    assert_rotated(&world);
}

#[test]
fn keys_that_aws_does_not_know_yet_are_waited_for() {
    let world = world();
    world.sts.new_keys_are_unknown_for(3);
    let output = rotate(&world);
    output.success();
    let new = assert_rotated(&world);
    output.assert_stderr_contains(&format!(
        "aws-auth: waiting until AWS knows the new keys {}; it takes some seconds\n",
        new.id
    ));
    assert_eq!(world.sts.count("GetCallerIdentity"), 5);
}

#[test]
fn keys_that_stay_unknown_leave_the_old_ones_in_place() {
    let mut world = world();
    world.sts.new_keys_are_unknown_for(1000);
    world.set_env("AWS_AUTH_KEYS_TIMEOUT", "1s");
    let output = rotate(&world);
    output.assert_status(125).assert_stderr_contains("after 1s");
    output.assert_stderr_contains("the profile has its old keys; run it again to go on with AKIA");
    assert_works(&world, "unknown");
    let new = world.sts.access_keys().into_iter().find(|key| key.id != world.user.access_key_id).unwrap();
    world.sts.edit_access_key(&new.id, |key| key.unknown_for = 0);
    rotate(&world).success();
    assert_eq!(assert_rotated(&world).id, new.id);
    assert_eq!(world.sts.count("CreateAccessKey"), 1);
}

#[test]
fn a_lost_answer_is_not_asked_for_again_and_its_key_is_replaced() {
    let world = world();
    world.sts.fault("CreateAccessKey", Fault::CloseAfterActing, 1);
    let output = rotate(&world);
    output
        .assert_status(125)
        .assert_stderr_contains("run it again: if new keys were made all the same, they are replaced");
    assert_eq!((world.sts.count("CreateAccessKey"), world.sts.access_keys().len()), (1, 2));
    assert_works(&world, "lost");
    let lost = world.sts.access_keys().into_iter().find(|key| key.id != world.user.access_key_id).unwrap();
    let output = rotate(&world);
    output.success().assert_stderr_contains(&format!("the keys {} were made and never stored", lost.id));
    assert_ne!(assert_rotated(&world).id, lost.id);
}

#[test]
fn a_second_key_that_was_used_is_not_taken_for_a_lost_one() {
    let world = world();
    world.sts.fault("CreateAccessKey", Fault::CloseUnanswered, 1);
    rotate(&world).assert_status(125);
    // Another program makes a key meanwhile, and uses it.
    let other = world.sts.add_access_key(&world.user, 0);
    let now = world.sts.now();
    world.sts.edit_access_key(&other.id, |key| key.last_used = Some((now - 7200, "s3".to_owned())));
    let output = rotate(&world);
    output.assert_status(125).assert_stderr_contains("the user has two access keys, and there can be no third");
    assert_eq!(world.sts.access_keys().len(), 2);
    assert_eq!(intents(&world), Vec::<String>::new());
}

#[test]
fn two_keys_and_no_intent_are_told_by_age_and_last_use() {
    let world = world();
    let other = world.sts.add_access_key(&world.user, 400 * 86_400);
    let old = &world.user.access_key_id;
    let now = world.sts.now();
    world.sts.edit_access_key(old, |key| key.last_used = Some((now - 10_810, "sts".to_owned())));
    let output = rotate(&world);
    output.assert_status(125).assert_stderr_contains(&format!(
        "the user has two access keys, and there can be no third: {}: 400d old, never used; {old} (in this profile): 60d \
         old, last used 3h ago for sts; delete the one that is not used any more",
        other.id
    ));
    assert_eq!((world.sts.count("CreateAccessKey"), intents(&world)), (0, vec![]));
}

#[test]
fn a_policy_that_refuses_a_step_is_told_and_what_can_be_is_undone() {
    let old_works = |world: &World| assert_works(world, "refused");
    for (action, said, new_is_in_place) in [
        ("ListAccessKeys", "a policy must allow iam:ListAccessKeys to this user", false),
        ("CreateAccessKey", "a policy must allow iam:CreateAccessKey to this user", false),
        ("DeleteAccessKey", "are deactivated, but not deleted: IAM at ", true),
    ] {
        let world = world();
        world.sts.iam_denies(&[action]);
        let output = rotate(&world);
        output.assert_status(125).assert_stderr_contains(said);
        old_works(&world);
        let id = &in_file(&world)[0].1;
        assert_eq!(*id != world.user.access_key_id, new_is_in_place, "{}", output.report());
        assert_eq!(intents(&world).len(), usize::from(new_is_in_place));
        world.sts.iam_denies(&[]);
        let creations = world.sts.count("CreateAccessKey");
        rotate(&world).success();
        assert_rotated(&world);
        assert_eq!(world.sts.count("CreateAccessKey") - creations, usize::from(!new_is_in_place));
    }
    // If the old keys cannot be deactivated, they are deleted.
    let world = world();
    world.sts.iam_denies(&["UpdateAccessKey"]);
    rotate(&world).success();
    assert_rotated(&world);
    let world = self::world();
    world.sts.iam_denies(&["UpdateAccessKey", "DeleteAccessKey"]);
    let output = rotate(&world);
    output.assert_status(125).assert_stderr_contains("are still active: IAM at ");
    output.assert_stderr_contains("the profile has the new keys AKIA");
}

#[test]
fn old_keys_are_only_deactivated_if_that_is_asked() {
    let world = world();
    let output = world.run(["--rotate-keys", "--keep-old"]);
    output.success().assert_stderr_contains(&format!("the old keys {} are deactivated", world.user.access_key_id));
    let keys = world.sts.access_keys();
    assert_eq!(keys.iter().map(|key| key.active).collect::<Vec<_>>(), [false, true]);
    assert_works(&world, "kept");
    assert_eq!(intents(&world), Vec::<String>::new());
}

#[test]
fn a_session_that_ends_with_its_keys_is_no_obstacle_where_new_keys_may() {
    let mut world = World::seeded();
    let endpoint = world.sts.endpoint();
    world.set_env("AWS_ENDPOINT_URL_IAM", endpoint);
    world.sts.sessions_end_with_their_key();
    log_in(&world, "sops");
    rotate(&world).success();
    assert_rotated(&world);
}

#[test]
fn of_two_at_once_one_works_and_the_other_says_so() {
    let world = world();
    world.sts.hold("CreateAccessKey");
    let first = world.aws_auth().arg("--rotate-keys").start();
    world.sts.wait_for_held(1);
    let second = rotate(&world);
    second.assert_status(125).assert_stderr(&format!(
        "aws-auth: process {} is replacing keys now; wait until it has ended; then this is done, or run it again\n",
        first.pid()
    ));
    world.sts.release();
    first.wait().success();
    assert_rotated(&world);
}

#[test]
fn a_dry_run_changes_nothing_and_calls_nobody() {
    let world = world();
    let before = world.snapshot();
    let output = world.run(["--rotate-keys", "--dry-run"]);
    output.success().assert_stdout(&format!(
        "replace the keys {} in {}, over an MFA session of {}\nmake new keys, store them there, and wait until AWS knows \
         them\ndeactivate and delete the old ones\nprofiles with these keys: sops, development-infrastructure, \
         production-infrastructure, main-infrastructure, default\n",
        world.user.access_key_id,
        world.path(".aws/credentials").display(),
        seed::SERIAL
    ));
    assert_eq!((world.sts.connections(), world.snapshot()), (0, before));
}

#[test]
fn every_section_with_the_keys_gets_the_new_ones_and_all_else_stays() {
    let world = world();
    let user = world.user.clone();
    let text = format!(
        "; CRLF\r\n[default]\r\naws_access_key_id={id}\r\naws_secret_access_key = {secret} ; mine\r\n\r\n[copy]\r\n\
         aws_secret_access_key={secret}\r\naws_access_key_id : {id}",
        id = user.access_key_id,
        secret = user.secret_access_key,
    );
    let target = world.write("dotfiles/credentials", &text);
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::fs::remove_file(world.path(".aws/credentials")).unwrap();
    std::os::unix::fs::symlink(&target, world.path(".aws/credentials")).unwrap();
    rotate(&world).success();
    let keys = world.sts.access_keys();
    assert_eq!(keys.len(), 1);
    let expected = text.replace(&user.access_key_id, &keys[0].id).replace(&user.secret_access_key, &keys[0].secret);
    assert_eq!(world.read("dotfiles/credentials"), expected);
    assert!(world.path(".aws/credentials").is_symlink());
    assert_eq!(target.metadata().unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_file_that_cannot_be_written_costs_no_keys() {
    let world = world();
    let path = world.path(".aws/credentials");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    rotate(&world).assert_status(125).assert_stderr_contains("is read-only (mode 0444)");
    assert_eq!((world.sts.count("CreateAccessKey"), intents(&world)), (0, vec![]));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn keys_that_cannot_be_stored_are_deleted_again() {
    for denied in [false, true] {
        let world = world();
        world.sts.iam_denies(if denied { &["DeleteAccessKey"] } else { &[] });
        world.sts.hold_answer("CreateAccessKey");
        let run = world.aws_auth().arg("--rotate-keys").start();
        world.sts.wait_for_held(1);
        // Now the file cannot be replaced.
        let other = world.path("other-name");
        std::fs::hard_link(world.path(".aws/credentials"), &other).unwrap();
        world.sts.release();
        let output = run.wait();
        output.assert_status(125).assert_stderr_contains("has another name");
        assert_works(&world, "unstored");
        std::fs::remove_file(other).unwrap();
        if denied {
            output.assert_stderr_contains("could not be deleted again (IAM at ");
            output.assert_stderr_contains("run it again, and they are replaced");
            assert_eq!(world.sts.access_keys().len(), 2);
            world.sts.iam_denies(&[]);
        } else {
            output.assert_stderr_contains("were deleted again, and the old ones are as they were");
            assert_eq!((world.sts.access_keys().len(), intents(&world)), (1, vec![]));
        }
        rotate(&world).success();
        assert_rotated(&world);
    }
}

#[test]
fn keys_in_an_encrypted_file_are_replaced_there_and_the_line_names_the_new_ones() {
    let world = world();
    let old = world.user.access_key_id.clone();
    store_in_file(&world).success();
    let line = |id: &str| format!("credential_process = {} --stored-keys {id}\n", crate::world::AWS_AUTH);
    assert!(world.read(".aws/config").contains(&line(&old)), "{}", world.read(".aws/config"));
    // The session of before stands, so that the old keys are not needed.
    let run = world.aws_auth().args(["-p", "sops", "--rotate-keys"]).in_terminal();
    for prompt in ["New passphrase for the keys ", "The same passphrase again: "] {
        run.expect(prompt);
        run.send_line(PASSPHRASE);
    }
    let output = run.wait();
    output.success().assert_stderr_contains("are in an encrypted file\n");
    let keys = world.sts.access_keys();
    assert_eq!(keys.len(), 1);
    assert!(world.read(".aws/config").contains(&line(&keys[0].id)), "{}", world.read(".aws/config"));
    let data = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
    let file = |id: &str| world.path(data).join(format!("aws-auth/keys/{id}.age")).exists();
    assert_eq!((file(&old), file(&keys[0].id)), (false, true));
    // The secret is in no file below the home.
    let found = world.command("grep").args(["-rlF", "--", &keys[0].secret, "."]).run();
    found.assert_stdout("");
}

/// How often a run is killed at each kind of call, at most.
const KILLS: usize = 40;

#[test]
fn killed_at_any_call_it_loses_no_key_and_ends_well_when_run_again() {
    let kinds = [
        "renameat2,rename,renameat",
        "fsync",
        "sendto,sendmsg,writev",
        "write",
        "unlink,unlinkat",
        "connect",
        "flock",
        "fchmod",
    ];
    let mut kills = 0;
    for kind in kinds {
        for at in 1..=KILLS {
            let world = world();
            if !strace(&world, "killed_at_any_call_it_loses_no_key_and_ends_well_when_run_again") {
                return;
            }
            let inject = format!("inject={kind}:signal=KILL:when={at}");
            let killed = world
                .aws_auth()
                .arg("--rotate-keys")
                .through(["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject])
                .run();
            let about = format!("{kind} {at}");
            assert_works(&world, &about);
            if killed.status == Status::Code(0) {
                assert_rotated(&world);
                break;
            }
            kills += 1;
            // The session may be forgotten already; then a code is needed, as for any later run.
            let again = world.aws_auth().arg("--rotate-keys").env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run();
            let ids: Vec<String> = world.sts.access_keys().into_iter().map(|key| key.id).collect();
            assert_eq!(again.status, Status::Code(0), "{about}: {}{ids:?}", again.report());
            assert_works(&world, &about);
            assert_eq!((ids.len(), intents(&world)), (1, vec![]), "{about}");
            assert_eq!(in_file(&world).len(), 1, "{about}: {}", world.read(".aws/credentials"));
        }
    }
    assert!(kills >= 50, "{kills}");
}
