//! The configuration file that a command gets so that it sees the profile's settings and no other's.

use crate::faults::mode;
use crate::kit::own;
use crate::world::{AWS_AUTH, Output, World, seed};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

const ROLE: &str = "arn:aws:iam::381494870249:role/team";

/// Profile `team`, whose keys are in the credentials file, beside a `[default]` with these settings.
fn world(default: &str, team: &str) -> World {
    let world = World::seeded();
    world.sts.add_role(crate::world::Role::new(ROLE));
    world.credentials(&seed::credentials_file(&world.user).replace("[default]", "[keys]"));
    world.config(&format!(
        "# mine\n[default]\n{default}[profile team] # ours\nsource_profile = keys\nrole_arn = {ROLE}\n{team}[profile \
         other]\nregion = eu-west-3\n"
    ));
    world
}

fn child(output: &Output) -> BTreeMap<String, String> {
    output.success();
    output.env_of_child()
}

fn seen(world: &World) -> BTreeMap<String, String> {
    child(&world.aws_auth().profile("team").args(["env", "-0"]).run())
}

/// The text of the file that the command is led to, which must be the only one.
#[track_caller]
fn text(world: &World, child: &BTreeMap<String, String>) -> String {
    let files = own(world, "settings-");
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(PathBuf::from(&child["AWS_CONFIG_FILE"]), files[0]);
    fs::read_to_string(&files[0]).unwrap()
}

#[test]
fn settings_of_default_are_replaced_by_the_profiles() {
    let world = world(
        "endpoint_url = http://127.0.0.1:1\noutput = table\ns3 =\n  addressing_style = path\n",
        "s3 =\n  max_concurrent_requests = 3\nregion = eu-west-1\n",
    );
    let output = world.aws_auth().profile("team").args(["env", "-0"]).run();
    output.assert_stderr("");
    let child = child(&output);
    let text = text(&world, &child);
    let config = world.path(".aws/config");
    assert_eq!(
        text,
        format!(
            "# mine\n[profile team] # ours\nsource_profile = keys\nrole_arn = {ROLE}\ns3 =\n  max_concurrent_requests = \
             3\nregion = eu-west-1\n[profile other]\nregion = eu-west-3\n\n# Written by aws-auth for a command. This is \
             a copy: change {} instead.\n[default]\ns3 =\n    max_concurrent_requests = 3\nregion = eu-west-1\n",
            config.display()
        )
    );
    assert!(child["AWS_ACCESS_KEY_ID"].starts_with("ASIA"), "the command has keys all the same");
    assert!(!child.contains_key("AWS_PROFILE") && !child.contains_key("AWS_ENDPOINT_URL"));
    let path = PathBuf::from(&child["AWS_CONFIG_FILE"]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o400);
}

#[test]
fn a_second_run_finds_the_file_and_writes_nothing() {
    let world = world("output = table\n", "");
    let path = PathBuf::from(&seen(&world)["AWS_CONFIG_FILE"]);
    let written = || fs::metadata(&path).unwrap().modified().unwrap();
    let before = written();
    mode(path.parent().unwrap(), 0o500);
    assert_eq!(seen(&world)["AWS_CONFIG_FILE"], path.to_str().unwrap());
    assert_eq!(written(), before);
    mode(path.parent().unwrap(), 0o700);
    // What somebody changed is replaced.
    fs::remove_file(&path).unwrap();
    fs::write(&path, "[default]\nendpoint_url = http://127.0.0.1:1\n").unwrap();
    seen(&world);
    assert!(!fs::read_to_string(&path).unwrap().contains("127.0.0.1"));
    // Another text is another file.
    world.append_config("# more\n");
    assert_ne!(seen(&world)["AWS_CONFIG_FILE"], path.to_str().unwrap());
    assert!(path.exists(), "a command that still runs may use it");
}

#[test]
fn nothing_is_written_where_default_holds_but_credentials_or_the_same() {
    for (default, team) in [
        ("credential_process = true\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\n", ""),
        ("region = eu-west-1\noutput = json\n", "region = eu-west-1\noutput = text\n"),
        (
            "",
            "output = text\nendpoint_url = http://127.0.0.1:9\nservices = a\n[services a]\ns3 =\n  endpoint_url = x:1\n",
        ),
    ] {
        let mut world = world(default, team);
        world.set_env("AWS_ENDPOINT_URL_STS", world.sts.endpoint());
        let child = seen(&world);
        assert!(!child.contains_key("AWS_CONFIG_FILE"), "{default} {team}");
        assert!(own(&world, "settings-").is_empty());
    }
}

#[test]
fn a_run_below_sees_the_users_own_file_and_one_without_a_profile_goes_on() {
    let mut world = world("output = table\n", "");
    let own_file = world.write("my config", world.read(".aws/config"));
    for config in [None, Some(&own_file)] {
        if let Some(config) = config {
            world.set_env("AWS_CONFIG_FILE", config);
        }
        let alone = child(&world.run(["-p", "other", "--role-arn", ROLE, "-p", "keys", "env", "-0"]));
        let below =
            child(&world.run(["-p", "team", AWS_AUTH, "-p", "other", "--role-arn", ROLE, "-p", "keys", "env", "-0"]));
        assert_eq!(below, alone);
        // Without a profile, everything passes through.
        let above = seen(&world);
        let below = child(&world.aws_auth().profile("team").args([AWS_AUTH, "env", "-0"]).run());
        assert_eq!(below, above);
        // The profile is read from the user's own file: the copy names the same one, but it is left out of messages.
        let explained = world.run(["-p", "team", AWS_AUTH, "-p", "team", "--explain"]).success().stdout_text();
        let place = config.unwrap_or(&world.path(".aws/config")).display().to_string();
        assert!(explained.contains(&place) && !explained.contains("settings-"), "{explained}");
    }
}

#[test]
fn an_export_leads_there_too_and_an_inner_one_undoes_it() {
    let world = world("output = table\n", "");
    let script = "eval \"$(\"$A\" -p team --export)\"; env -0";
    let run = |script: &str| {
        child(&world.aws_auth().env("A", AWS_AUTH).args(["-p", "keys", "sh", "-c", script]).secrets_may_show().run())
    };
    let exported = run(script);
    assert_eq!(exported["AWS_CONFIG_FILE"], own(&world, "settings-")[0].to_str().unwrap());
    let failed = run("eval \"$(\"$A\" -p team --export)\"; eval \"$(\"$A\" -p none --export)\" 2>/dev/null; env -0");
    assert_eq!(failed["AWS_CONFIG_FILE"], exported["AWS_CONFIG_FILE"], "a failed export changes nothing");
    // The other profile needs no such file.
    world.append_config(&format!("[profile same]\noutput = text\nsource_profile = keys\nrole_arn = {ROLE}\n"));
    let undone = run("eval \"$(\"$A\" -p team --export)\"; eval \"$(\"$A\" -p same --export)\"; env -0");
    assert_eq!(undone["AWS_AUTH_PROFILE"], "same");
    assert!(!undone.contains_key("AWS_CONFIG_FILE"));
}

#[test]
fn without_a_place_an_endpoint_of_default_stops_the_run_and_another_setting_does_not() {
    for (default, status) in [("endpoint_url = http://127.0.0.1:1\n", 125), ("output = table\n", 0)] {
        let world = world(default, "");
        world.write(".cache/aws-auth", "a file where the directory should be");
        let output = world.aws_auth().profile("team").args(["echo", "ran"]).run();
        output.assert_status(status);
        assert!(
            output.stderr.contains("cannot write ") && output.stderr.contains("(Not a directory)"),
            "{}",
            output.stderr
        );
        if status == 125 {
            output.assert_stdout("").assert_stderr_contains("[default] has endpoint_url");
            assert!(world.sts.calls().is_empty());
        } else {
            output
                .assert_stdout("ran\n")
                .assert_stderr_contains("; without it the command uses settings of [default]\n");
        }
    }
}

#[test]
fn the_file_holds_no_access_keys() {
    let world = world(
        "aws_access_key_id = AKIACANARY\naws_secret_access_key = canary-of-a-secret\noutput = table\n",
        "[profile more]\naws_secret_access_key = canary-of-another\n",
    );
    let text = text(&world, &seen(&world));
    assert!(!text.to_lowercase().contains("canary"), "{text}");
}

#[test]
fn settings_in_the_credentials_file_are_copied_if_aws_documents_them() {
    let world = world("output = table\n", "");
    let keys = seed::credentials_file(&world.user).replace("[default]", "[keys]");
    let own = "[team]\ntcp_keepalive = true\napi_versions =\n  s3 = 2006-03-01\nodd = a secret of another program\n";
    world.credentials(&format!("{keys}\n{own}"));
    let text = text(&world, &seen(&world));
    let end = "\n[default]\ntcp_keepalive = true\napi_versions =\n    s3 = 2006-03-01\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn explain_says_why() {
    let world = world("endpoint_url = http://127.0.0.1:1\n", "");
    let text = world.run(["-p", "team", "--explain"]).success().stdout_text();
    let why = format!(
        "settings for the command: none; and a configuration file of its own, because [default] has endpoint_url ({}:3)\n",
        world.path(".aws/config").display()
    );
    assert!(text.contains(&why), "{text}");
    assert!(own(&world, "settings-").is_empty(), "--explain writes nothing");
}

#[test]
fn an_endpoint_of_default_that_no_file_can_replace_ends_the_run() {
    let world = world("", "");
    let keys = world.read(".aws/credentials");
    world.credentials(&format!("[default]\nendpoint_url = http://127.0.0.1:1\n{keys}"));
    // The tests set AWS_ENDPOINT_URL_STS, so all other services would be led astray.
    let error = format!(
        "aws-auth: {}:2: [default] has endpoint_url, and the command would call it for each service without an endpoint \
         of its own; move that line to the config file, where it can be kept out, or run with --keep-fresh\n",
        world.path(".aws/credentials").display()
    );
    world.aws_auth().profile("team").arg("true").run().assert_status(125).assert_stderr(&error);
    world.aws_auth().profile("team").arg("--export").run().assert_status(125).assert_stderr(&error);
    assert!(world.sts.calls().is_empty());
    // Where it does not count, nothing is said.
    world.aws_auth().profile("team").args(["--keep-fresh", "true"]).run().success().assert_stderr("");
    world.aws_auth().profile("team").arg("--whoami").run().success();
    let run = world.aws_auth().profile("team").env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").arg("true");
    run.run().success().assert_stderr("");
}
