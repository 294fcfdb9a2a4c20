//! `--status`: how long the credentials are still valid, for a shell prompt.

use crate::world::{AWS_AUTH, World};
use serde_json::Value;

#[test]
fn nothing_cached_is_nothing_said_and_status_1() {
    let world = World::seeded();
    for args in [&["-p", "sops", "--status"][..], &["-p", "sops", "--status", "--json"], &["--status"]] {
        world.run(args).assert_status(1).assert_stdout("").assert_stderr("");
    }
    assert_eq!(world.sts.connections(), 0);
}

#[test]
fn what_is_cached_is_told_in_one_line() {
    let world = World::seeded();
    world.sts.set_role_lifetime(Some(43 * 60 + 30));
    world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
    let calls = world.sts.connections();
    world.run(["-p", "sops", "--status"]).success().assert_stdout("sops 43m\n").assert_stderr("");
    let json: Value =
        serde_json::from_slice(&world.run(["-p", "sops", "--status", "--json"]).success().stdout).unwrap();
    assert_eq!(json["profile"], "sops");
    assert!(json["seconds_left"].as_i64().unwrap() > 2500);
    assert!(json["expiration"].as_str().unwrap().ends_with('Z'));
    assert_eq!(json["guarded"], false);
    assert_eq!(json.as_object().unwrap().len(), 5);
    world.run(["-p", "main-infrastructure", "--status"]).assert_status(1).assert_stdout("");
    assert_eq!(world.sts.connections(), calls);
}

#[test]
fn what_is_left_is_told_however_little_it_is() {
    let world = World::seeded();
    world.sts.set_role_lifetime(Some(4 * 60 + 30));
    world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
    world.run(["-p", "sops", "--status"]).success().assert_stdout("sops 4m\n");
}

#[test]
fn a_session_without_a_role_has_a_time_left_too() {
    let world = World::seeded();
    world.sts.set_session_lifetime(Some(7 * 3600 + 12 * 60 + 30));
    world.append_config("[profile alone]\nsource_profile = default\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\n");
    world.append_config(&format!(
        "aws_access_key_id = {}\naws_secret_access_key = {}\n",
        world.user.access_key_id, world.user.secret_access_key
    ));
    world.aws_auth().args(["-p", "alone", "true"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
    world.run(["-p", "alone", "--status"]).success().assert_stdout("alone 7h 12m\n");
}

#[test]
fn in_a_shell_that_aws_auth_gave_keys_it_tells_about_these() {
    let world = World::seeded();
    world.sts.set_role_lifetime(Some(4 * 60 + 30));
    let script = r#""$AWS_AUTH" --status; echo $?; AWS_CREDENTIAL_EXPIRATION=2020-01-01T00:00:00Z "$AWS_AUTH" --status; echo $?"#;
    let run = world.aws_auth().args(["-q", "-p", "sops", "sh", "-c", script]).env("AWS_AUTH", AWS_AUTH);
    let output = run.env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run();
    // With less than --min-ttl left, a command would resolve the profile again, but --status is about the present keys.
    output.success().assert_stdout("sops 4m\n0\n1\n");
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole"]);
    world.aws_auth().keys("AKIAX", "x", "y").arg("--status").run().assert_status(1).assert_stdout("").assert_stderr("");
}

#[test]
fn a_prompt_is_no_place_for_warnings_but_for_errors() {
    let world = World::seeded();
    let run = world.aws_auth().profile("sops").env("AWS_DEFAULT_PROFILE", "default").arg("--status").run();
    run.assert_status(1).assert_stderr("");
    world
        .run(["-p", "spos", "--status"])
        .assert_status(125)
        .assert_stdout("")
        .assert_stderr("aws-auth: there is no profile 'spos' (--profile): did you mean sops?\n");
}

#[test]
fn a_hostile_name_does_nothing_to_the_prompt() {
    let world = World::seeded();
    let name = "\x1b]0;x\x07";
    let run = world.aws_auth().keys("AKIAX", "x", "y").env("AWS_AUTH_PROFILE", name);
    let output = run.env("AWS_CREDENTIAL_EXPIRATION", "2099-01-01T00:00:00Z").arg("--status").run();
    assert!(output.success().stdout_text().starts_with("\\u{1b}]0;x\\u{7} "), "{}", output.report());
}
