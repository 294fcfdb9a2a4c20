//! `credential_process`: alone, under one role and under two; what the process gets, and how it can fail.

use crate::kit::Alive;
use crate::world::{AWS_AUTH, Output, Role, SHELL_PROMPT, World, seed};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;

const ONE: &str = "arn:aws:iam::111111111111:role/one";
const TWO: &str = "arn:aws:iam::222222222222:role/two";

/// A world with the profile `p`, whose process is this script, the role `one` over it and `two` over that.
fn world(script: &str) -> World {
    let world = World::new();
    let program = world.script("bin/p", &format!("#!/bin/sh\n{script}\n"));
    world.config(&format!(
        "[profile p]\ncredential_process = {} --of 'a b'\n[profile one]\nrole_arn = {ONE}\nsource_profile = p\n\
         [profile two]\nrole_arn = {TWO}\nsource_profile = one\n",
        program.display()
    ));
    world.sts.add_role(Role::new(ONE).max_session(43200));
    world.sts.add_role(Role::new(TWO));
    world
}

/// A script that counts its runs in `~/runs` and prints `~/answer`.
const ANSWER: &str = "echo run >> \"$HOME/runs\"; cat \"$HOME/answer\"";

fn runs(world: &World) -> usize {
    std::fs::read_to_string(world.path("runs")).unwrap_or_default().lines().count()
}

/// Makes the process answer with temporary credentials that STS knows; returns the access key id.
fn answer_temporary(world: &World, seconds: i64) -> String {
    let issued = world.sts.issuer()("arn:aws:iam::999999999999:role/whoever", "somebody", seconds);
    let answer = json!({
        "Version": 1,
        "AccessKeyId": issued.access_key_id,
        "SecretAccessKey": issued.secret_access_key,
        "SessionToken": issued.session_token,
        "Expiration": crate::world::sts::clock::iso(issued.expires),
    });
    world.write("answer", answer.to_string());
    issued.access_key_id
}

/// The long-term keys of jo.
fn long_term(world: &World) -> Value {
    json!({"Version": 1, "AccessKeyId": world.user.access_key_id, "SecretAccessKey": world.user.secret_access_key})
}

fn line(world: &World, number: u32) -> String {
    format!("{}:{number}", world.path(".aws/config").display())
}

/// The beginning of every message about the process.
fn about(world: &World) -> String {
    format!("aws-auth: {}: profile 'p': credential_process '{}'", line(world, 2), world.path("bin/p").display())
}

#[test]
fn temporary_credentials_reach_the_command_and_are_asked_for_by_each_run() {
    let world = world(ANSWER);
    let key = answer_temporary(&world, 7200);
    for count in 1..=2 {
        let child = world.run(["-p", "p", "env", "-0"]).env_of_child();
        assert_eq!(child["AWS_ACCESS_KEY_ID"], key);
        assert_eq!(child["AWS_SESSION_TOKEN"], child["AWS_SECURITY_TOKEN"]);
        assert!(child.contains_key("AWS_CREDENTIAL_EXPIRATION"));
        assert_eq!(child["AWS_AUTH_PROFILE"], "p");
        assert!(!child.contains_key("AWS_AUTH_RESOLVING"));
        assert_eq!(runs(&world), count);
    }
    assert!(world.cli_cache().is_empty(), "the AWS CLI caches nothing from a process");
    assert_eq!(world.sts.actions(), Vec::<String>::new());
}

#[test]
fn keys_without_a_token_are_long_term_ones() {
    let world = world(ANSWER);
    let mut answer = long_term(&world);
    answer["SessionToken"] = Value::Null;
    answer["AccountId"] = json!("398263320410");
    world.write("answer", answer.to_string());
    let child = world.run(["-p", "p", "env", "-0"]).env_of_child();
    assert_eq!(child["AWS_ACCESS_KEY_ID"], world.user.access_key_id);
    assert_eq!(child["AWS_ACCOUNT_ID"], "398263320410");
    assert!(!child.contains_key("AWS_SESSION_TOKEN") && !child.contains_key("AWS_CREDENTIAL_EXPIRATION"));
}

#[test]
fn the_account_may_stand_in_the_profile() {
    let world = world(ANSWER);
    world.write("answer", long_term(&world).to_string());
    world.config(&world.read(".aws/config").replace("[profile one]", "aws_account_id = 123456789012\n[profile one]"));
    assert_eq!(world.run(["-p", "p", "env", "-0"]).env_of_child()["AWS_ACCOUNT_ID"], "123456789012");
}

#[test]
fn a_role_over_it_is_kept_and_the_process_rests() {
    let world = world(ANSWER);
    let key = answer_temporary(&world, 7200);
    for _ in 0..2 {
        let child = world.run(["-p", "one", "env", "-0"]).env_of_child();
        assert_eq!(child["AWS_ACCOUNT_ID"], "111111111111");
    }
    assert_eq!(runs(&world), 1);
    assert_eq!(world.sts.actions(), ["AssumeRole"]);
    assert_eq!(world.sts.last("AssumeRole").access_key_id, key);
    assert_eq!(world.cli_cache().len(), 1);
}

#[test]
fn two_roles_over_it() {
    let world = world(ANSWER);
    let key = answer_temporary(&world, 7200);
    for _ in 0..2 {
        assert_eq!(world.run(["-p", "two", "env", "-0"]).env_of_child()["AWS_ACCOUNT_ID"], "222222222222");
    }
    let calls = world.sts.calls();
    assert_eq!(calls.iter().map(|call| call.param("RoleArn")).collect::<Vec<_>>(), [ONE, TWO]);
    assert_eq!(calls[0].access_key_id, key);
    assert!(calls[1].access_key_id.starts_with("ASIA") && calls[1].access_key_id != key);
    assert_eq!(runs(&world), 1);
}

#[test]
fn a_role_of_two_hours_is_assumed_with_long_term_keys() {
    let world = world(ANSWER);
    world.write("answer", long_term(&world).to_string());
    world.run(["-p", "one", "--duration", "2h", "true"]).success().assert_stderr("");
    assert_eq!(world.sts.last("AssumeRole").param("DurationSeconds"), "7200");
}

#[test]
fn a_role_of_two_hours_over_temporary_keys_is_refused_before_a_code_is_asked_for() {
    let world = world(ANSWER);
    answer_temporary(&world, 7200);
    world.config(
        &world
            .read(".aws/config")
            .replace("source_profile = p", &format!("source_profile = p\nmfa_serial = {}", seed::SERIAL)),
    );
    let code = world.fresh_code();
    let run = world.aws_auth().env("AWS_AUTH_MFA_TOKEN", &code).args(["-p", "one", "--duration", "2h", "true"]).run();
    run.assert_status(125).assert_stderr(&format!(
        "aws-auth: {}: role {ONE} cannot last 2h: it is assumed from temporary credentials, which get at most \
         1h; ask for 1h or less (--duration, duration_seconds), or let long-term keys assume it directly\n",
        line(&world, 4)
    ));
    assert!(world.sts.sent_codes().is_empty());
}

/// A world whose process gives the long-term keys of a user with a device, and roles `one`, `two` and `three` over it
/// that have its serial.
fn world_with_device() -> World {
    let world = world(ANSWER);
    world.write("answer", long_term(&world).to_string());
    let three = "arn:aws:iam::333333333333:role/three";
    world.sts.add_role(Role::new(three));
    let with_serial = |name: &str, role: &str| {
        format!("[profile {name}]\nsource_profile = p\nrole_arn = {role}\nmfa_serial = {}\n", seed::SERIAL)
    };
    world.append_config(&(with_serial("mfa-one", ONE) + &with_serial("mfa-three", three)));
    world
}

fn with_code(world: &World, profile: &str) -> Output {
    world.aws_auth().profile(profile).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).args(["env", "-0"]).run()
}

#[test]
fn one_code_serves_every_role_over_it_and_the_process_rests() {
    let world = world_with_device();
    with_code(&world, "mfa-one").success().assert_stderr("");
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole"]);
    assert_eq!(runs(&world), 1);
    // No code, and no run of the process: the session is kept under its words.
    world.run(["-p", "mfa-three", "true"]).success().assert_stderr("");
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
    assert_eq!(runs(&world), 1);
    // Other blanks and quotes are the same words.
    let config = world.read(".aws/config").replace("--of 'a b'", "  --of  \"a b\"");
    world.config(&config);
    world.run(["-p", "mfa-three", "--refresh", "true"]).success();
    assert_eq!((world.sts.count("GetSessionToken"), runs(&world)), (1, 1));
    // Other words may give other keys.
    world.config(&config.replace("--of  \"a b\"", "--of c"));
    let again = world.aws_auth().args(["-p", "mfa-one", "--refresh", "true"]);
    again.env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
    assert_eq!((world.sts.count("GetSessionToken"), runs(&world)), (2, 2));
}

#[test]
fn what_is_kept_shows_none_of_its_words() {
    let world = world_with_device();
    world.config(&world.read(".aws/config").replace("--of 'a b'", "--of canary-of-a-password"));
    with_code(&world, "mfa-one").success();
    for path in crate::kit::own(&world, "") {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("canary") && !path.to_string_lossy().contains("canary"), "{path:?}");
    }
}

#[test]
fn its_own_keys_with_a_device_are_a_session() {
    let world = world_with_device();
    world.config(
        &world.read(".aws/config").replace("[profile p]\n", &format!("[profile p]\nmfa_serial = {}\n", seed::SERIAL)),
    );
    let child = with_code(&world, "p").env_of_child();
    assert!(child["AWS_ACCESS_KEY_ID"].starts_with("ASIA"), "{child:?}");
    assert_eq!(world.sts.actions(), ["GetSessionToken"]);
    world.run(["-p", "p", "true"]).success().assert_stderr("");
    assert_eq!((world.sts.actions().len(), runs(&world)), (1, 1));
    world.run(["-p", "p", "--logout"]).success();
    assert!(crate::kit::own(&world, "session-").is_empty());
}

#[test]
fn temporary_keys_of_it_make_no_session_and_a_role_sends_serial_and_code() {
    let world = world_with_device();
    answer_temporary(&world, 3600);
    let output = with_code(&world, "mfa-one");
    assert_eq!(world.sts.actions(), ["AssumeRole"], "{}", output.report());
    let call = world.sts.last("AssumeRole");
    assert_eq!((call.param("SerialNumber"), call.param("TokenCode").len()), (seed::SERIAL, 6));
    assert_eq!(runs(&world), 1);
    // Alone, they are the result, and no code is needed.
    world.config(
        &world.read(".aws/config").replace("[profile p]\n", &format!("[profile p]\nmfa_serial = {}\n", seed::SERIAL)),
    );
    let child = world.run(["-p", "p", "env", "-0"]).env_of_child();
    assert!(child["AWS_ACCESS_KEY_ID"].starts_with("ASIA"));
    assert_eq!(world.sts.actions(), ["AssumeRole"]);
    // Without the process's serial, a role over them is in the AWS CLI's cache, and a logout knows that.
    world.run(["-p", "one", "true"]).success();
    assert_eq!(world.cli_cache().len(), 1);
    world.run(["-p", "one", "--logout"]).success().assert_stderr(&format!(
        "aws-auth: removed the credentials of role {ONE}\naws-auth: not there: MFA session of {}\n",
        seed::SERIAL
    ));
    assert!(world.cli_cache().is_empty());
}

#[test]
fn eight_at_once_run_it_once_and_ask_once() {
    let world = world_with_device();
    let first = world.aws_auth().profile("mfa-one").arg("true").in_terminal();
    first.expect(&world.prompt("mfa-one"));
    let profiles = ["mfa-one", "mfa-three"];
    let others: Vec<_> = (0..7).map(|at| world.aws_auth().profile(profiles[at % 2]).arg("true").start()).collect();
    for other in &others {
        crate::kit::expect_waiting(other, first.pid());
    }
    first.send_line(&world.fresh_code());
    first.wait().success();
    for other in others {
        other.wait().success();
    }
    assert_eq!((world.sts.count("GetSessionToken"), world.sts.count("AssumeRole"), runs(&world)), (1, 2, 1));
}

#[test]
fn with_sessions_off_each_role_takes_a_code() {
    let world = world_with_device();
    for profile in ["mfa-one", "mfa-three"] {
        let code = world.fresh_code();
        let run = world.aws_auth().profile(profile).args(["--no-mfa-session", "true"]);
        run.env("AWS_AUTH_MFA_TOKEN", code).run().success();
    }
    assert_eq!(world.sts.actions(), ["AssumeRole", "AssumeRole"]);
    assert_eq!(world.sts.sent_codes().len(), 2);
}

/// A world whose process gives temporary credentials that are to be cached.
fn world_with_cache(seconds: i64) -> World {
    let world = world(ANSWER);
    world.config(&world.read(".aws/config").replace("[profile p]\n", "[profile p]\naws_auth_process_cache = yes\n"));
    answer_temporary(&world, seconds);
    world
}

#[test]
fn its_answer_is_kept_where_the_profile_asks_for_that() {
    let world = world_with_cache(3600);
    let key = |args: &[&str]| {
        let output = world.aws_auth().args(["-p", "p"]).args(args).args(["env", "-0"]).run();
        output.success().assert_stderr("");
        output.env_of_child()["AWS_ACCESS_KEY_ID"].clone()
    };
    let first = key(&[]);
    assert_eq!((key(&[]), runs(&world)), (first.clone(), 1));
    let files = crate::kit::own(&world, "process-");
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    // As a step of a role, too.
    world.run(["-p", "one", "true"]).success();
    assert_eq!(runs(&world), 1);
    // `--refresh` runs it, and what it prints then is kept.
    answer_temporary(&world, 3600);
    let second = key(&["--refresh"]);
    assert_ne!(second, first);
    assert_eq!((key(&[]), runs(&world)), (second, 2));
    // Logging out forgets it.
    let line = "aws-auth: removed the credentials of the credential_process\n";
    world.run(["-p", "p", "--logout"]).success().assert_stderr(line);
    key(&[]);
    assert_eq!(runs(&world), 3);
    key(&["--no-cache"]);
    assert_eq!(runs(&world), 4);
}

#[test]
fn an_answer_that_ends_soon_or_never_is_not_kept_for_long() {
    // A quarter of an hour is used for two thirds of its length; a process knows no other length.
    let world = world_with_cache(900);
    for _ in 0..2 {
        world.run(["-p", "p", "true"]).success().assert_stderr("");
    }
    assert_eq!(runs(&world), 1);
    // Long-term keys are not written to the disk.
    let world = world_with_cache(900);
    world.write("answer", long_term(&world).to_string());
    for _ in 0..2 {
        world.run(["-p", "p", "true"]).success();
    }
    assert_eq!(runs(&world), 2);
    assert!(crate::kit::own(&world, "process-").is_empty());
    // An end without a token, as some programs print it, is not kept either.
    let mut keys = long_term(&world);
    keys["Expiration"] = "9999-12-31T23:59:59Z".into();
    world.write("answer", keys.to_string());
    for _ in 0..2 {
        world.run(["-p", "p", "true"]).success();
    }
    assert_eq!(runs(&world), 4);
}

#[test]
fn many_at_once_run_a_cached_process_once() {
    let world = world_with_cache(3600);
    let runs_of: Vec<_> = (0..8).map(|_| world.aws_auth().args(["-p", "p", "true"]).start()).collect();
    for run in runs_of {
        run.wait().success();
    }
    assert_eq!(runs(&world), 1);
}

#[test]
fn a_switch_that_is_none_is_said_with_its_line() {
    let world = world_with_cache(3600);
    world.config(&world.read(".aws/config").replace("_cache = yes", "_cache = maybe"));
    world.run(["-p", "p", "true"]).assert_status(125).assert_stderr(&format!(
        "aws-auth: {}:2: aws_auth_process_cache is 'maybe'; write yes or no\n",
        world.path(".aws/config").display()
    ));
}

#[test]
fn it_is_run_without_a_shell_in_the_callers_environment_but_for_a_code() {
    let script = "printf '%s|' \"$@\" > \"$HOME/arguments\"; env > \"$HOME/environment\"; cat \"$HOME/answer\"";
    let world = world(script);
    answer_temporary(&world, 7200);
    let run = world.aws_auth().keys("AKIAMINE", "mine", "").env("X", "1").env("AWS_AUTH_MFA_TOKEN", "123456");
    run.args(["-p", "p", "true"]).run().success().assert_stderr("");
    assert_eq!(world.read("arguments"), "--of|a b|");
    let environment = world.read("environment");
    let has = |text: &str| environment.lines().any(|line| line.starts_with(text));
    assert!(has("X=1") && has("AWS_ACCESS_KEY_ID=AKIAMINE") && has("AWS_AUTH_RESOLVING="), "{environment}");
    assert!(!has("AWS_AUTH_MFA_TOKEN"), "{environment}");
}

#[test]
fn the_commands_input_is_not_its() {
    let world = world("cat > \"$HOME/eaten\"; cat \"$HOME/answer\"");
    answer_temporary(&world, 7200);
    world
        .aws_auth()
        .stdin("for the command\n")
        .args(["-p", "p", "cat"])
        .run()
        .success()
        .assert_stdout("for the command\n");
    assert_eq!(world.read("eaten"), "");
}

#[test]
fn what_it_says_when_all_is_well_is_not_shown() {
    let world = world("echo progress >&2; cat \"$HOME/answer\"");
    answer_temporary(&world, 7200);
    world.run(["-p", "p", "true"]).success().assert_stderr("");
}

const SHAPE: &str = "it must print {\"Version\": 1, \"AccessKeyId\": ..., \"SecretAccessKey\": ...} (its output is not \
                     shown here, because it may contain keys)";

#[test]
fn every_failure_is_said_in_its_own_words_and_never_shows_its_output() {
    for (script, words) in [
        ("echo KEEP; exit 1", "failed (exit status 1) and printed no error message; run it by hand to see why"),
        ("echo KEEP; echo ' token expired ' >&2; echo; exit 3", "failed (exit status 3): \"token expired\""),
        (
            "printf 'Traceback\\n  line 1\\n\\033[31mboom\\033[0m\\n' >&2; exit 1",
            "failed (exit status 1): \"Traceback / line 1 / \\u{1b}[31mboom\\u{1b}[0m\"",
        ),
        ("kill -9 $$", "failed (signal 9) and printed no error message; run it by hand to see why"),
        ("true", "printed no JSON object; SHAPE"),
        ("echo KEEP", "printed no JSON object; SHAPE"),
        ("echo '[\"KEEP\"]'", "printed no JSON object; SHAPE"),
        ("echo '{\"AccessKeyId\":\"KEEP\"}'", "printed no Version; SHAPE"),
        ("echo '{\"Version\":2,\"AccessKeyId\":\"KEEP\"}'", "printed Version 2, which is unknown; SHAPE"),
        ("echo '{\"Version\":1.5,\"AccessKeyId\":\"KEEP\"}'", "printed Version 1.5, which is unknown; SHAPE"),
        ("echo '{\"Version\":\"1\",\"AccessKeyId\":\"KEEP\"}'", "printed a Version that is not a number; SHAPE"),
        ("echo '{\"Version\":1,\"SecretAccessKey\":\"KEEP\"}'", "printed no AccessKeyId; SHAPE"),
        ("echo '{\"Version\":1,\"AccessKeyId\":\"KEEP\"}'", "printed no SecretAccessKey; SHAPE"),
        (
            "echo '{\"Version\":1,\"AccessKeyId\":[\"KEEP\"],\"SecretAccessKey\":\"KEEP\"}'",
            "printed an AccessKeyId that is not text; SHAPE",
        ),
        (
            "echo '{\"Version\":1,\"AccessKeyId\":\"KEEP\",\"SecretAccessKey\":\"KEEP\",\"Expiration\":\"KEEP\"}'",
            "printed an Expiration that is not a time; SHAPE",
        ),
        (
            "echo '{\"Version\":1,\"AccessKeyId\":\"KEEP\",\"SecretAccessKey\":\"KEEP\\u000a\"}'",
            "gave credentials with a control character in the secret access key; each part must be one word without a \
             line break",
        ),
        ("exec yes KEEP", "printed too much and was stopped; run it by hand; it must print one JSON object"),
    ] {
        let world = world(script);
        // A role over the process gives the same message.
        for profile in ["p", "one"] {
            let run = world.run(["-p", profile, "true"]);
            run.assert_status(125).assert_stderr(&format!("{} {}\n", about(&world), words.replace("SHAPE", SHAPE)));
        }
        assert!(world.sts.actions().is_empty());
    }
}

#[test]
fn a_long_story_is_told_from_its_end() {
    let world = world("i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1");
    let run = world.run(["-p", "p", "true"]);
    run.assert_status(125);
    assert!(run.stderr.len() < 1000, "{}", run.report());
    assert!(run.stderr.starts_with(&format!("{} failed (exit status 1): \"… ", about(&world))), "{}", run.report());
    assert!(run.stderr.ends_with(" / line 2998 / line 2999\"\n"), "{}", run.report());
}

#[test]
fn ended_credentials_are_refused() {
    let world = world(ANSWER);
    answer_temporary(&world, -3600);
    let run = world.run(["-p", "p", "true"]);
    run.assert_status(125);
    let start = format!(
        "aws-auth: {}: profile 'p': the credentials that were given have expired already, at ",
        line(&world, 2)
    );
    assert!(run.stderr.starts_with(&start), "{}", run.report());
}

#[test]
fn every_way_to_write_an_end_reaches_the_command_as_the_aws_cli_writes_it() {
    let world = world(ANSWER);
    answer_temporary(&world, 3600);
    let answer: Value = serde_json::from_str(&world.read("answer")).unwrap();
    for (end, seen) in [
        (Value::Null, None),
        (json!(""), None),
        (json!("2100-01-01T00:00:00Z"), Some("2100-01-01T00:00:00Z")),
        (json!("2100-01-01T00:00:00.999999Z"), Some("2100-01-01T00:00:00Z")),
        (json!("2100-01-01T00:00:00+00:00"), Some("2100-01-01T00:00:00Z")),
        (json!("2100-01-01T02:00:00.5+02:00"), Some("2100-01-01T00:00:00Z")),
        (json!("9999-12-31T23:59:59Z"), Some("9999-12-30T22:00:00Z")),
    ] {
        let mut answer = answer.clone();
        answer["Expiration"] = end.clone();
        world.write("answer", answer.to_string());
        let child = world.run(["-p", "p", "env", "-0"]).env_of_child();
        assert_eq!(child.get("AWS_CREDENTIAL_EXPIRATION").map(String::as_str), seen, "{end}");
        let export = world.run(["-p", "p", "--export=json"]);
        let export: Value = serde_json::from_str(&export.success().stdout_text()).unwrap();
        assert_eq!(export.get("Expiration").and_then(Value::as_str), seen, "{end}");
    }
}

#[test]
fn what_cannot_be_run_is_said_with_the_line() {
    for (command, words) in [
        (
            "/no/such/program",
            " '/no/such/program' cannot be run (No such file or directory): it is run without a shell: write a program's full path, or sh -c '...'",
        ),
        (
            "/etc/passwd",
            " '/etc/passwd' cannot be run (Permission denied): it is run without a shell: write a program's full path, or sh -c '...'",
        ),
        ("'open", " has a quote that is not closed; close it, or write \\\" for the character itself"),
        ("", " is empty; write the command there, or remove the line"),
    ] {
        let world = World::new();
        world.config(&format!("[profile p]\ncredential_process = {command}\n"));
        let run = world.run(["-p", "p", "true"]);
        run.assert_status(125)
            .assert_stderr(&format!("aws-auth: {}: profile 'p': credential_process{words}\n", line(&world, 2)));
    }
}

/// A script that hangs, with a child that hangs too; both ignore SIGTERM.
const HANGS: &str = "exec 9> \"$HOME/alive\"; trap '' TERM; sleep 1000 & echo up >&9; while :; do sleep 1000; done";

#[test]
fn one_that_hangs_is_ended_with_its_group() {
    let world = world(HANGS);
    let mut alive = Alive::new(&world);
    let run = world.aws_auth().env("AWS_AUTH_PROCESS_TIMEOUT", "2s").args(["-p", "one", "true"]).run();
    run.assert_status(125).assert_stderr(&format!(
        "{} did not finish within 2s and was stopped; run it by hand to see what it waits for; AWS_AUTH_PROCESS_TIMEOUT gives \
         it more time\n",
        about(&world)
    ));
    alive.wait_for_start();
    alive.wait_for_end();
}

#[test]
fn who_leaves_something_behind_is_not_waited_for() {
    let world = world("sleep 1000 & cat \"$HOME/answer\"; kill $! ");
    answer_temporary(&world, 7200);
    world.run(["-p", "p", "true"]).success();
    // The process that stays keeps the output open.
    let world = self::world("(trap '' TERM; exec sleep 20) & cat \"$HOME/answer\"");
    answer_temporary(&world, 7200);
    let before = std::time::Instant::now();
    world.run(["-p", "p", "true"]).success();
    assert!(before.elapsed().as_secs() < 15);
}

#[test]
fn a_time_that_is_none_is_said() {
    let world = world(ANSWER);
    for text in ["0", "2h", "soon"] {
        let run = world.aws_auth().env("AWS_AUTH_PROCESS_TIMEOUT", text).args(["-p", "p", "true"]).run();
        run.assert_status(125).assert_stderr(&format!(
            "aws-auth: AWS_AUTH_PROCESS_TIMEOUT is '{text}'; write a time from 1s to 1h: 90, 5m\n"
        ));
    }
}

#[test]
fn our_own_end_takes_it_along() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        // A shell may protect its children from SIGINT, so for SIGINT the shell starts no child.
        let child = if signal == Signal::INT { "" } else { "sleep 1000 &" };
        let world = world(&format!("exec 9> \"$HOME/alive\"; {child} echo up >&9; exec sleep 1000"));
        let mut alive = Alive::new(&world);
        let running = world.aws_auth().args(["-p", "p", "true"]).start();
        alive.wait_for_start();
        running.signal(signal);
        running.wait().assert_signal(signal);
        alive.wait_for_end();
    }
}

// Circles.

fn assert_circle(output: &Output, place: &str, circle: &str) {
    output.assert_status(125);
    let words = format!(
        "{place}: credential_process goes in a circle: {circle}; the command must not need the profile that it gives \
         credentials for; name another one in it"
    );
    assert!(output.stderr.contains(&words), "{words}\n{}", output.report());
}

#[test]
fn a_process_that_needs_itself_ends_in_an_error() {
    let world = World::new();
    world.config(&format!("[profile p]\ncredential_process = {AWS_AUTH} -p p true\n"));
    assert_circle(&world.run(["-p", "p", "true"]), &line(&world, 2), "p -> p");
}

#[test]
fn two_processes_that_need_each_other_end_in_an_error() {
    let world = World::new();
    world.config(&format!(
        "[profile a b]\n[profile \"a b\"]\ncredential_process = {AWS_AUTH} -p c true\n[profile c]\ncredential_process = {AWS_AUTH} -p 'a b' true\n"
    ));
    assert_circle(&world.run(["-p", "a b", "true"]), &line(&world, 3), "a b -> c -> a b");
}

#[test]
fn a_circle_through_a_command_ends_in_an_error() {
    let world = World::new();
    world.credentials("[keys]\naws_access_key_id = AKIAMINE\naws_secret_access_key = mine\n");
    world.config(&format!("[profile p]\ncredential_process = {AWS_AUTH} -p keys {AWS_AUTH} -p p true\n"));
    assert_circle(&world.run(["-p", "p", "true"]), &line(&world, 2), "p -> p");
}

#[test]
fn a_process_that_needs_the_role_above_it_ends_in_an_error() {
    let world = World::new();
    // `other` assumes the same role with the same parameters, so it waits for the same cache entry.
    world.config(&format!(
        "[profile p]\ncredential_process = {AWS_AUTH} -p other true\n[profile one]\nrole_arn = {ONE}\nsource_profile = p\n\
         [profile other]\nrole_arn = {ONE}\nsource_profile = keys\n"
    ));
    world.credentials("[keys]\naws_access_key_id = AKIAMINE\naws_secret_access_key = mine\n");
    let run = world.run(["-p", "one", "true"]);
    run.assert_status(125);
    let words = "waits for this one, which needs what that one is getting; a credential_process or mfa_process must not need what \
                 it is run for";
    assert!(run.stderr.contains(words), "{}", run.report());
}

#[test]
fn a_process_may_be_aws_auth_itself() {
    let world = world(ANSWER);
    let key = answer_temporary(&world, 7200);
    world.append_config(&format!(
        "[profile outer]\ncredential_process = {AWS_AUTH} -p p sh -c 'cat \"$HOME/answer\"'\n"
    ));
    assert_eq!(world.run(["-p", "outer", "env", "-0"]).env_of_child()["AWS_ACCESS_KEY_ID"], key);
}

// At a terminal.

const ASKS: &str =
    "printf 'PIN: ' > /dev/tty; read -r pin < /dev/tty; echo \"$pin\" > \"$HOME/pin\"; cat \"$HOME/answer\"";

#[test]
fn it_may_ask_on_the_terminal() {
    let world = world(ASKS);
    answer_temporary(&world, 7200);
    let running = world.aws_auth().args(["-p", "p", "true"]).in_terminal();
    running.expect("PIN: ");
    running.send_line("0815");
    running.wait().success().assert_stderr("").assert_terminal_restored();
    assert_eq!(world.read("pin"), "0815\n");
}

#[test]
fn it_may_ask_on_its_standard_input() {
    let world = world(
        "stty -echo; printf 'PIN: ' > /dev/tty; read -r pin; stty echo; echo \"$pin\" > \"$HOME/pin\"; cat \"$HOME/answer\"",
    );
    answer_temporary(&world, 7200);
    let running = world.aws_auth().args(["-p", "p", "true"]).in_terminal();
    running.expect("PIN: ");
    running.send_line("0815");
    running.wait().success().assert_terminal_restored();
    assert_eq!(world.read("pin"), "0815\n");
}

#[test]
fn ctrl_c_at_its_question_ends_both_and_leaves_the_terminal_as_it_was() {
    let world = world(&format!("stty -echo < /dev/tty; {ASKS}"));
    let running = world.aws_auth().args(["-p", "p", "true"]).in_terminal();
    running.expect("PIN: ");
    running.ctrl_c();
    running.wait().assert_signal(Signal::INT).assert_terminal_restored();
}

#[test]
fn ctrl_z_at_its_question_stops_the_job_and_fg_goes_on() {
    // Once the first answer is given, the process owns the terminal.
    let world = world(&format!("printf 'User: ' > /dev/tty; read -r user < /dev/tty; {ASKS}"));
    answer_temporary(&world, 7200);
    let shell = world.shell_in_terminal();
    shell.send_line("aws-auth -p p sh -c 'echo the command runs' | cat");
    shell.expect("User: ");
    shell.send_line("jo");
    shell.expect("PIN: ");
    shell.ctrl_z();
    shell.expect("Stopped");
    shell.expect(SHELL_PROMPT);
    shell.send_line("fg");
    shell.expect("aws-auth -p p");
    shell.send_line("0815");
    shell.expect("the command runs");
    shell.expect(SHELL_PROMPT);
    shell.send_line("exit");
    shell.wait();
    assert_eq!(world.read("pin"), "0815\n");
}

#[test]
fn a_reader_of_the_terminal_in_the_same_pipeline_is_not_disturbed() {
    let world = world("echo up > \"$HOME/up\"; while [ ! -e \"$HOME/go\" ]; do sleep 0.05; done; cat \"$HOME/answer\"");
    answer_temporary(&world, 7200);
    let shell = world.shell_in_terminal();
    shell.send_line("aws-auth -p p echo done | { until [ -e up ]; do sleep 0.05; done; printf 'key: ' > /dev/tty; read -r k < /dev/tty; touch go; echo \"key $k\"; cat; }");
    shell.expect("key: ");
    shell.send_line("q");
    shell.expect("key q");
    shell.expect("done");
    shell.expect(SHELL_PROMPT);
    shell.send_line("exit");
    shell.wait();
}
