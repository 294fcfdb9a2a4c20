//! `--export` and `--shell`: the credentials for a shell, a file or another program.

use crate::kit::{OPEN, add_open, assert_said};
use crate::world::{Invocation, Output, World, seed};
use std::collections::BTreeMap;

/// A profile's name and values of its settings. A shell must not execute or change any part of it.
const HOSTILE: &str = r#"it's $(touch pwned) `touch pwned` "x" \ \\ \' !x ‘y’ *;&|<> é é ~ %PATH% ${HOME}"#;

/// A world whose profile has long-term keys and hostile settings, and needs no code.
fn hostile_world() -> World {
    let world = World::new();
    let user = &world.user;
    let name = HOSTILE.replace('\\', r"\\").replace('"', r#"\""#);
    world.config(&format!(
        "[profile \"{name}\"]\noutput = {HOSTILE}\nca_bundle = first line\n  second line $(touch pwned)\nregion = eu-west-2\n\
         services = s\nendpoint_url = http://127.0.0.1:1/{HOSTILE}\n\
         aws_access_key_id = {}\naws_secret_access_key = {}\n\
         [services s]\ns3 =\n  endpoint_url = http://127.0.0.1:1/'\napi-gateway =\n  endpoint_url = http://127.0.0.1:2\n\
         $(touch pwned) =\n  endpoint_url = http://127.0.0.1:3\n3d =\n  endpoint_url = http://127.0.0.1:4\n",
        user.access_key_id, user.secret_access_key
    ));
    world
}

/// Sets variables in the caller's environment that must be removed.
fn crowded(run: Invocation<'_>) -> Invocation<'_> {
    run.env("AWS_PROFILE", HOSTILE)
        .env("AWS_DEFAULT_PROFILE", HOSTILE)
        .env("AWS_SESSION_TOKEN", "stale")
        .env("AWS_SECURITY_TOKEN", "stale")
        .env("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")
        .env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/x")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/")
        .env("AWS_SDK_UA_APP_ID", "the caller's")
        .env("AWS_AUTH", crate::world::AWS_AUTH)
}

/// Only the variables that concern AWS.
fn aws(output: &Output) -> BTreeMap<String, String> {
    let mut all = output.env_of_child();
    all.retain(|name, _| name.starts_with("AWS_") && name != "AWS_AUTH");
    all
}

fn with_code(world: &World) -> Invocation<'_> {
    world.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", world.fresh_code())
}

#[test]
fn a_shell_that_evaluates_the_script_has_the_environment_that_a_command_would_get() {
    let world = hostile_world();
    let expected = aws(&crowded(world.aws_auth()).args(["env", "-0"]).run());
    assert_eq!(expected["AWS_AUTH_PROFILE"], HOSTILE);
    assert_eq!(expected["AWS_DEFAULT_OUTPUT"], HOSTILE);
    assert_eq!(expected["AWS_CA_BUNDLE"], "first line\nsecond line $(touch pwned)");
    assert_eq!(expected["AWS_ENDPOINT_URL_S3"], "http://127.0.0.1:1/'");
    for shell in ["bash", "sh"] {
        let script = r#"set -eu; eval "$("$AWS_AUTH" --export)"; exec env -0"#;
        let output = crowded(world.command(shell)).args(["-c", script]).run();
        output.assert_stderr("");
        assert_eq!(aws(&output), expected, "{shell}");
    }
    assert!(!world.path("pwned").exists());
}

#[test]
fn a_script_evaluated_without_quotes_is_right_for_plain_values() {
    let world = World::seeded();
    let script = r#"eval $("$AWS_AUTH" --export); exec env -0"#;
    let shell = world.command("sh").args(["-c", script]).profile("sops");
    let output = shell.env("AWS_AUTH", crate::world::AWS_AUTH).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run();
    let inside = aws(&output);
    assert_eq!(inside["AWS_AUTH_PROFILE"], "sops");
    assert_eq!(inside["AWS_ACCOUNT_ID"], seed::ACCOUNT);
    assert!(!inside.contains_key("AWS_PROFILE"));
}

#[test]
fn stdout_is_the_script_alone_and_everything_else_is_on_stderr() {
    let world = World::seeded();
    let output = with_code(&world).args(["-v", "--export"]).run();
    output.success();
    let text = output.stdout_text();
    assert!(text.lines().all(|line| line.starts_with("unset AWS_") || line.starts_with("export AWS_")), "{text}");
    assert!(text.starts_with("unset AWS_PROFILE;\nunset AWS_DEFAULT_PROFILE;\n"), "{text}");
    output.assert_stderr_contains("aws-auth: GetSessionToken for 12h, signed by ");
    let again = world.run(["-p", "sops", "--export"]);
    again.assert_stderr("");
    let keys = |output: &Output| {
        output.stdout_text().lines().filter(|line| line.starts_with("export ")).map(String::from).collect::<Vec<_>>()
    };
    assert_eq!(keys(&again), keys(&output));
}

#[test]
fn what_temporary_credentials_set_long_term_keys_unset() {
    let world = hostile_world();
    let text = world.aws_auth().profile(HOSTILE).arg("--export").run().success().stdout_text();
    for name in
        ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION"]
    {
        assert!(text.contains(&format!("unset {name};\n")), "{name} in\n{text}");
    }
}

#[test]
fn services_whose_variable_no_program_can_have_are_left_out() {
    let world = hostile_world();
    let inside = world.aws_auth().profile(HOSTILE).args(["env", "-0"]).run().env_of_child();
    let endpoints: Vec<_> = inside.keys().filter(|name| name.starts_with("AWS_ENDPOINT_URL_")).collect();
    assert_eq!(endpoints, ["AWS_ENDPOINT_URL_3D", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_STS"]);
}

#[test]
fn the_callers_own_settings_are_in_the_script_too() {
    let world = hostile_world();
    let output = world.aws_auth().profile(HOSTILE).env("AWS_REGION", "eu-north-1").arg("--export").run();
    let text = output.success().stdout_text();
    assert!(text.contains("export AWS_REGION='eu-north-1';\n"), "{text}");
    assert!(text.contains("export AWS_DEFAULT_REGION='eu-north-1';\n"), "{text}");
    assert!(text.contains(&format!("export AWS_ENDPOINT_URL_STS='{}';\n", world.sts.endpoint())), "{text}");
}

#[test]
fn dotenv_is_names_and_values_without_quotes() {
    let world = World::seeded();
    let output = with_code(&world).args(["--export=dotenv"]).run();
    output.assert_stderr("");
    let text = output.success().stdout_text();
    let names: Vec<&str> = text.lines().map(|line| line.split_once('=').expect("an assignment").0).collect();
    assert_eq!(
        names,
        [
            "AWS_ENDPOINT_URL_STS",
            "AWS_ACCOUNT_ID",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_SECURITY_TOKEN",
            "AWS_CREDENTIAL_EXPIRATION",
            "AWS_AUTH_PROFILE",
            "AWS_AUTH_SET"
        ]
    );
    assert!(!text.contains(['\'', '"']), "{text}");
}

#[test]
fn dotenv_refuses_what_it_cannot_hold() {
    let world = hostile_world();
    let output = world.aws_auth().profile(HOSTILE).arg("--export=dotenv").run();
    output.assert_status(125).assert_stdout("").assert_stderr(
        "aws-auth: the value of AWS_CA_BUNDLE has more than one line, which dotenv cannot hold; use another format, or correct the profile's setting\n",
    );
}

#[test]
fn json_is_what_a_credential_process_prints() {
    let world = World::seeded();
    let output = with_code(&world).arg("--export=json").run();
    output.success().assert_stderr("");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let entry = world.cli_cache().into_values().next().expect("a cache entry");
    assert_eq!(json["Version"], 1);
    for name in ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"] {
        assert_eq!(json[name], entry["Credentials"][name], "{name}");
    }
    assert_eq!(json["AccountId"], seed::ACCOUNT);
    assert_eq!(json.as_object().expect("an object").len(), 6);
}

#[test]
fn json_prompts_on_the_terminal_alone() {
    let world = World::seeded();
    let running = world.aws_auth().args(["-p", "sops", "--export=json"]).stdin_null().in_terminal();
    running.expect(&world.prompt("sops"));
    running.send_line(&world.fresh_code());
    let output = running.wait();
    output.success().assert_terminal_restored();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON")["Version"], 1);
}

#[test]
fn keys_in_the_environment_are_exported_as_they_are() {
    let world = World::seeded();
    let run = || {
        world
            .aws_auth()
            .keys("AKIAEXAMPLE", "it's", "tok'en")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_CONFIG_FILE", world.path(".aws/config"))
            .env("AWS_AUTH_MFA_TOKEN", "123456")
    };
    let endpoint = world.sts.endpoint();
    run().arg("--export").run().success().assert_stderr("").assert_stdout(&format!(
        "unset AWS_PROFILE;\nunset AWS_DEFAULT_PROFILE;\nexport AWS_ACCESS_KEY_ID='AKIAEXAMPLE';\nexport AWS_ENDPOINT_URL_STS='{endpoint}';\n\
         export AWS_REGION='eu-west-1';\nexport AWS_SECRET_ACCESS_KEY='it'\\''s';\nexport AWS_SESSION_TOKEN='tok'\\''en';\n",
    ));
    run().args(["--export=dotenv", "--region", "eu-west-3"]).run().success().assert_stdout(&format!(
        "AWS_ACCESS_KEY_ID=AKIAEXAMPLE\nAWS_ENDPOINT_URL_STS={endpoint}\nAWS_SECRET_ACCESS_KEY=it's\nAWS_SESSION_TOKEN=tok'en\n\
         AWS_REGION=eu-west-3\nAWS_DEFAULT_REGION=eu-west-3\nAWS_AUTH_SET=AWS_REGION=eu-west-3 AWS_DEFAULT_REGION=eu-west-3\n",
    ));
    let json = run().arg("--export=json").run();
    json.success().assert_stdout(
        "{\"AccessKeyId\":\"AKIAEXAMPLE\",\"SecretAccessKey\":\"it's\",\"SessionToken\":\"tok'en\",\"Version\":1}\n",
    );
}

#[test]
fn an_export_inside_an_aws_auth_shell_is_that_of_its_keys() {
    let world = World::seeded();
    let script = r#""$AWS_AUTH" --export=dotenv"#;
    let outer = with_code(&world).env("AWS_AUTH", crate::world::AWS_AUTH).args(["sh", "-c", script]).run();
    let text = outer.success().stdout_text();
    assert!(text.contains("AWS_AUTH_PROFILE=sops\n") && text.contains("AWS_CREDENTIAL_EXPIRATION="), "{text}");
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole"]);
}

/// Runs a script as the command of a profile for which a configuration file is made.
fn inside_with_a_file(world: &World, script: &str) -> String {
    world.append_config(&format!(
        "[profile file]\nsource_profile = default\nrole_arn = {OPEN}\ns3 =\n  max_concurrent_requests = 20\n"
    ));
    add_open(world);
    let run = world.aws_auth().env("AWS_AUTH", crate::world::AWS_AUTH).args(["-p", "file", "sh", "-c", script]);
    run.run().success().stdout_text()
}

#[test]
fn an_export_inside_has_the_file_that_was_made_for_its_keys() {
    let world = World::seeded();
    let text = inside_with_a_file(&world, r#"echo "$AWS_CONFIG_FILE"; "$AWS_AUTH" --export=dotenv"#);
    let (path, exported) = text.split_once('\n').unwrap();
    assert_ne!(path, "");
    assert!(exported.contains(&format!("AWS_CONFIG_FILE={path}\n")), "{exported}");
    assert!(exported.lines().all(|line| line.starts_with("AWS_")), "{exported}");
}

#[test]
fn a_script_unsets_nothing_twice_and_nothing_that_it_sets() {
    let world = World::seeded();
    let script = inside_with_a_file(&world, r#""$AWS_AUTH" -p open --export"#);
    let names = script.lines().filter_map(|line| line.split([' ', '=', ';']).nth(1));
    let mut names: Vec<_> = names.collect();
    assert!(names.contains(&"AWS_PROFILE") && names.contains(&"AWS_SESSION_TOKEN"), "{script}");
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "{script}");
}

/// Evaluates `--export`, runs the lines of `between`, and evaluates `--unset`; returns the AWS variables that are left.
fn undone(run: Invocation<'_>, between: &str) -> BTreeMap<String, String> {
    let script =
        format!("set -eu; eval \"$($AWS_AUTH --export)\"; {between}\neval \"$($AWS_AUTH --unset)\"; exec env -0");
    let output = run.env("AWS_AUTH", crate::world::AWS_AUTH).args(["-c", &script]).run();
    output.success().assert_stderr("");
    aws(&output)
}

#[test]
fn unset_undoes_an_export() {
    let world = hostile_world();
    for shell in ["bash", "sh"] {
        // Not the profile's name: the script of --export has unset it, and all other credentials.
        let mut before = aws(&crowded(world.command("env").arg("-0")).run());
        before.retain(|name, _| ["AWS_SDK_UA_APP_ID", "AWS_ENDPOINT_URL_STS"].contains(&name.as_str()));
        assert_eq!(before.len(), 2);
        assert_eq!(undone(crowded(world.command(shell)), ""), before, "{shell}");
    }
    assert!(!world.path("pwned").exists());
    // Temporary credentials, in a shell that had no variables before.
    let world = World::seeded();
    crate::kit::log_in(&world, "sops");
    let export = || world.command("sh").env("AWS_AUTH_PROFILE", "").env("AWS_PROFILE", "sops");
    let sts = ("AWS_ENDPOINT_URL_STS".to_owned(), world.sts.endpoint());
    assert_eq!(undone(export(), "[ -n \"$AWS_SESSION_TOKEN\" ]"), BTreeMap::from([sts.clone()]));
    // An export of the exported keys adds nothing that stays.
    let again = "eval \"$($AWS_AUTH --region eu-west-3 --export)\"; [ \"$AWS_REGION\" = eu-west-3 ]";
    assert_eq!(undone(export(), again), BTreeMap::from([sts]));
}

#[test]
fn unset_leaves_what_was_changed_since_and_gives_back_the_callers_file() {
    let world = World::seeded();
    world.append_config("[default]\noutput = json\n[profile with-region]\nregion = eu-west-1\n");
    let keys = seed::credentials_file(&world.user);
    world.credentials(&(keys.clone() + &keys.replace("[default]", "[with-region]")));
    let file = world.path(".aws/config");
    let export = || world.command("sh").profile("with-region").env("AWS_CONFIG_FILE", "~/.aws/config");
    let config = |left: &BTreeMap<String, String>| left.get("AWS_CONFIG_FILE").cloned();
    let left = undone(export(), "case $AWS_CONFIG_FILE in */settings-*.config) ;; *) exit 9;; esac");
    assert_eq!(config(&left), Some(file.display().to_string()));
    assert!(!left.contains_key("AWS_REGION") && !left.contains_key("AWS_ACCESS_KEY_ID"), "{left:?}");
    let left = undone(
        export(),
        "AWS_CONFIG_FILE=/mine AWS_REGION=eu-west-2 AWS_ACCESS_KEY_ID=AKIAMINE AWS_SECRET_ACCESS_KEY=mine",
    );
    assert_eq!(config(&left).as_deref(), Some("/mine"));
    assert_eq!((&*left["AWS_REGION"], &*left["AWS_SECRET_ACCESS_KEY"]), ("eu-west-2", "mine"));
    assert!(!left.contains_key("AWS_DEFAULT_REGION") && !left.contains_key("AWS_AUTH_SET"), "{left:?}");
    // Keys without their id are of no use.
    assert!(!undone(export(), "unset AWS_ACCESS_KEY_ID").contains_key("AWS_SECRET_ACCESS_KEY"));
}

#[test]
fn unset_needs_no_profile_and_no_file() {
    let world = World::new();
    world.config("neither a section nor a setting");
    let record = "AWS_ACCESS_KEY_ID=AKIA AWS_REGION=eu-west-1 'AWS_ENDPOINT_URL_A;B=x' PATH=/bin AWS_AUTH_PROFILE=sops";
    let run = || {
        let run = world.aws_auth().keys("AKIA", "secret", "").env("AWS_REGION", "eu-west-1").env("AWS_PROFILE", "");
        run.env("AWS_AUTH_PROFILE", "sops").env("AWS_AUTH_SET", record).env("AWS_AUTH_DURATION", "nonsense")
    };
    let names = ["AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_AUTH_PROFILE", "AWS_AUTH_SET"];
    for (option, begin) in [
        ("--unset", "unset "),
        ("--unset=bash", "unset "),
        ("--unset=fish", "set -e "),
        ("--unset=powershell", "Remove-Item -ErrorAction SilentlyContinue Env:"),
    ] {
        let lines = names.map(|name| format!("{begin}{name};\n")).concat();
        run().arg(option).env("PATH", "/bin:/usr/bin").run().success().assert_stderr("").assert_stdout(&lines);
    }
    // Keys of the caller's own are not taken.
    let output = world.aws_auth().keys("AKIAMINE", "mine", "").arg("--unset").run();
    output.success().assert_stdout("");
    output.assert_stderr("aws-auth: nothing to unset: no variables of --export are set here\n");
    world.run(["-q", "--unset"]).success().assert_stdout("").assert_stderr("");
    for (args, line) in [
        (&["--unset=json"][..], "unknown format 'json' for --unset; use sh, fish or powershell"),
        (&["--unset", "fish"], "--unset runs no command, but 'fish' was given; write --unset=fish"),
        (&["--unset", "--export"], "--export and --unset exclude each other; write one of them"),
    ] {
        world.run(args).assert_status(125).assert_stdout("").assert_stderr(&format!("aws-auth: {line}\n"));
    }
}

#[test]
fn what_cannot_be_exported_is_said() {
    let world = World::new();
    world
        .run(["--export=yaml"])
        .assert_status(125)
        .assert_stderr("aws-auth: unknown format 'yaml' for --export; use sh, fish, powershell, dotenv or json\n");
    world
        .run(["--export", "sh"])
        .assert_status(125)
        .assert_stderr("aws-auth: --export runs no command, but 'sh' was given; write --export=sh\n");
}

#[test]
fn a_full_disk_is_no_success() {
    let world = hostile_world();
    let script = r#""$AWS_AUTH" --export > /dev/full"#;
    if !std::path::Path::new("/dev/full").exists() {
        eprintln!("skipped: there is no /dev/full here");
        return;
    }
    crowded(world.command("sh"))
        .args(["-c", script])
        .run()
        .assert_status(125)
        .assert_stderr("aws-auth: cannot write to stdout (No space left on device)\n");
}

#[test]
fn a_shell_runs_with_the_credentials() {
    let world = World::seeded();
    let shell = world.script("my shell", "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$AWS_AUTH_PROFILE\"\nexit 7\n");
    let output = with_code(&world).env("SHELL", &shell).arg("--shell").run();
    output.assert_status(7).assert_stdout("0\nsops\n");
    assert_said(&output, &shell_with("sops", ""));
    let again = || world.aws_auth().env("SHELL", &shell).args(["-p", "sops", "-s"]);
    let output = again().run();
    output.assert_status(7).assert_stdout("0\nsops\n");
    assert_said(&output, &shell_with("sops", ""));
    again().arg("-q").run().assert_status(7).assert_stderr("");
    // After a prompt, too, the line stands there once.
    let running = again().arg("--refresh").arg("--no-mfa-session").in_terminal();
    crate::kit::answer(&world, &running, "sops", &world.fresh_code());
    assert_said(running.wait().assert_status(7), &shell_with("sops", ""));
    let line = format!("aws-auth: a shell with sops: role {}, renewed while it runs\n", crate::kit::arn("sops"));
    again().arg("--keep-fresh").run().assert_status(7).assert_stderr(&line);
}

/// The line of `--shell`, with its time masked.
fn shell_with(profile: &str, nested: &str) -> String {
    format!("aws-auth: a shell with {profile}: role {} until HH:MM{nested}\n", crate::kit::arn(profile))
}

#[test]
fn a_shell_with_keys_says_which_and_that_they_do_not_expire() {
    let world = World::seeded();
    let shell = world.script("shell", "#!/bin/sh\n");
    let run = |args: &[&str], token: &str| {
        let run = world.aws_auth().keys("AKIAMINE", "mine", token).env("SHELL", &shell);
        run.args(args).arg("-s").run().success().stderr.clone()
    };
    assert_eq!(run(&[], ""), "aws-auth: a shell with the keys AKIAMINE of the environment, which do not expire\n");
    assert_eq!(
        run(&[], "token"),
        "aws-auth: a shell with the keys AKIAMINE of the environment, whose end is not known\n"
    );
    let id = &world.user.access_key_id;
    assert_eq!(
        run(&["-p", "default"], ""),
        format!("aws-auth: a shell with default: keys {id}, which do not expire\n")
    );
}

#[test]
fn without_a_shell_of_their_own_people_get_sh() {
    let world = World::seeded();
    let output = with_code(&world).env("SHELL", "").arg("-s").stdin("echo $AWS_AUTH_PROFILE\n").run();
    output.success().assert_stdout("sops\n");
}

#[test]
fn a_missing_shell_is_found_out_before_a_code_is_asked_for() {
    let world = World::seeded();
    let output = world.aws_auth().profile("sops").env("SHELL", "/no/shell").arg("--shell").run();
    output.assert_status(127).assert_stderr("aws-auth: command not found: /no/shell; check the path\n");
    assert_eq!(world.sts.connections(), 0);
}

#[test]
fn shells_nest() {
    let world = World::seeded();
    let inner = world.script("inner", "#!/bin/sh\necho inner $AWS_AUTH_PROFILE $AWS_ACCOUNT_ID\n");
    let outer = world.script(
        "outer",
        "#!/bin/sh\necho outer $AWS_AUTH_PROFILE\nSHELL=$INNER $AWS_AUTH -s\nSHELL=$INNER $AWS_AUTH -p development-infrastructure -s\necho outer $AWS_AUTH_PROFILE\n",
    );
    let output = with_code(&world)
        .env("SHELL", &outer)
        .env("INNER", &inner)
        .env("AWS_AUTH", crate::world::AWS_AUTH)
        .arg("--shell")
        .run();
    output.success().assert_stdout(
        "outer sops\ninner sops 398263320410\ninner development-infrastructure 381494870249\nouter sops\n",
    );
    let nested = "; nested: exit leads back to sops";
    let said = crate::kit::masked(&output.stderr);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], shell_with("sops", "").trim_end());
    assert!(lines[1].starts_with("aws-auth: a shell with the keys ASIA"), "{said}");
    assert!(lines[1].ends_with(&format!(" of the environment until HH:MM{nested}")), "{said}");
    assert_eq!(lines[2], shell_with("development-infrastructure", nested).trim_end());
    assert_eq!(lines.len(), 3);
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
}

#[test]
fn a_shell_takes_no_command() {
    World::seeded()
        .run(["--shell", "ls"])
        .assert_status(125)
        .assert_stderr("aws-auth: --shell runs no command, but 'ls' was given; write --shell alone, or leave it out\n");
}
