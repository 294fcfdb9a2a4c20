//! The command line: options and their variables, where COMMAND begins, and the messages about mistakes.

use crate::world::{AWS_AUTH, Invocation, Output, Role, Status, World, seed};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

const PLAIN: &str = "arn:aws:iam::381494870249:role/plain";

/// A world with the profile `plain`, whose role needs no MFA and may last 12 hours.
fn world() -> World {
    let world = World::seeded();
    world.append_config(&format!("[profile plain]\nsource_profile = default\nrole_arn = {PLAIN}\n"));
    world.sts.add_role(Role::new(PLAIN).max_session(43200));
    world
}

/// Runs with keys that pass through, so that only the command line matters.
fn with_keys(world: &World, args: &[&OsStr]) -> Output {
    world.aws_auth().keys("AKIAMINE", "mine", "").args(args).run()
}

#[track_caller]
fn assert_usage_error(args: &[&str], line: &str) {
    let world = World::seeded();
    let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
    let output = with_keys(&world, &args);
    output.assert_status(125).assert_stdout("").assert_stderr(&format!("aws-auth: {line}\n"));
}

/// The arguments that the command got, one on each line.
fn arguments(args: &[&OsStr]) -> Vec<u8> {
    let world = World::new();
    let script = world.script("bin/show", "#!/bin/sh\nfor arg; do printf '%s\\n' \"$arg\"; done\n");
    let args: Vec<&OsStr> = args.iter().map(|arg| if *arg == "SHOW" { script.as_os_str() } else { *arg }).collect();
    let output = with_keys(&world, &args);
    output.success().assert_stderr("");
    output.stdout
}

#[test]
fn everything_behind_the_command_is_the_commands() {
    let raw = OsStr::from_bytes(b"\xff\xfe=");
    for (args, expected) in [
        (&["SHOW", "--help", "-p", "x", "--", "--version"][..], &b"--help\n-p\nx\n--\n--version\n"[..]),
        (&["SHOW", "", "a b", "", "*"], b"\na b\n\n*\n"),
        (&["--", "SHOW", "--", "-q"], b"--\n-q\n"),
        (&["-q", "--", "SHOW"], b""),
        (&["-q", "SHOW", "-q", "--login"], b"-q\n--login\n"),
    ] {
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        assert_eq!(arguments(&args), expected, "{args:?}");
    }
    assert_eq!(arguments(&[OsStr::new("SHOW"), raw, OsStr::new("\n")]), b"\xff\xfe=\n\n\n");
}

#[test]
fn a_command_may_be_named_as_an_action_or_begin_with_a_dash() {
    let world = World::new();
    let bin = world.path("bin");
    for name in ["login", "list", "-odd", "-"] {
        world.script(format!("bin/{name}"), "#!/bin/sh\necho ran \"$@\"\n");
        let output = world.aws_auth().keys("AKIAMINE", "mine", "").env("PATH", &bin).args(["--", name, "--help"]).run();
        output.success().assert_stdout("ran --help\n").assert_stderr("");
    }
    let output = world.aws_auth().keys("AKIAMINE", "mine", "").env("PATH", &bin).args(["login"]).run();
    output.success().assert_stdout("ran\n");
    let output = world.aws_auth().keys("AKIAMINE", "mine", "").env("PATH", &bin).args(["-"]).run();
    output.success().assert_stdout("ran\n");
}

#[test]
fn usage_errors_are_one_line_and_status_125() {
    for (args, line) in [
        (&[][..], "no command given; write aws-auth COMMAND [ARG]..., or see aws-auth --help"),
        (&["--"], "no command given; write aws-auth COMMAND [ARG]..., or see aws-auth --help"),
        (
            &["-p", "sops"],
            "no command given; write aws-auth -p sops COMMAND, or --shell for a shell, or --explain for what a run would do",
        ),
        (
            &["-q", "-p", "two words"],
            "no command given; write aws-auth -p 'two words' COMMAND, or --shell for a shell, or --explain for what a \
             run would do",
        ),
        (&["--profil", "x", "true"], "unexpected argument '--profil' found; did you mean --profile?"),
        (&["--frobnicate", "true"], "unexpected argument '--frobnicate' found; see aws-auth --help"),
        (&["-x", "true"], "unexpected argument '-x' found; see aws-auth --help"),
        (&["-p"], "a value is required for '--profile <NAME>' but none was supplied; see aws-auth --help"),
        (&["--region"], "a value is required for '--region <REGION>' but none was supplied; see aws-auth --help"),
        (&["-t"], "a value is required for '--mfa-token <CODE>' but none was supplied; see aws-auth --help"),
        (&["-p", "", "true"], "--profile is empty; name a profile, or leave the option out"),
        (&["--profile=", "true"], "--profile is empty; name a profile, or leave the option out"),
        (&["--login", "true"], "--login runs no command, but 'true' was given; write --login alone, or leave it out"),
        (
            &["--logout", "--", "x"],
            "--logout runs no command, but 'x' was given; write --logout alone, or leave it out",
        ),
        (&["--help", "true"], "--help runs no command, but 'true' was given; write --help alone, or leave it out"),
        (&["-V", "true"], "--version runs no command, but 'true' was given; write --version alone, or leave it out"),
        (&["--login", "--logout"], "--login and --logout exclude each other; write one of them"),
        (&["--login", "--help"], "--login and --help exclude each other; write one of them"),
        (&["--all", "--login"], "--all goes with --logout; write both, or leave it out"),
        (&["--all", "true"], "--all goes with --logout; write both, or leave it out"),
        (&["-q", "-v", "true"], "the argument '--quiet' cannot be used with '--verbose'; see aws-auth --help"),
        (&["--login=yes"], "unknown sign-in 'yes' for --login; use aws, or leave it out"),
        (
            &["--duration", "soon", "true"],
            "--duration is 'soon', which is not a length of time; write seconds, minutes or hours: 900, 90m, 12h",
        ),
        (
            &["--duration", "", "true"],
            "--duration is '', which is not a length of time; write seconds, minutes or hours: 900, 90m, 12h",
        ),
        (
            &["--duration", "1d", "true"],
            "--duration is '1d', which is not a length of time; write seconds, minutes or hours: 900, 90m, 12h",
        ),
        (&["--duration", "13h", "true"], "--duration asks for a role session of 13h; STS gives from 15m to 12h"),
        (&["--duration", "899", "true"], "--duration asks for a role session of 899s; STS gives from 15m to 12h"),
        (
            &["--duration", "90", "true"],
            "--duration asks for a role session of 90s; STS gives from 15m to 12h; for 1h 30m, write 90m",
        ),
        (&["--duration", "90s", "true"], "--duration asks for a role session of 90s; STS gives from 15m to 12h"),
        (
            &["--duration", "99999999999999999h", "true"],
            "--duration is '99999999999999999h', which is not a length of time; write seconds, minutes or hours: 900, 90m, 12h",
        ),
        (&["--min-ttl", "-5", "true"], "unexpected argument '-5' found; see aws-auth --help"),
        (
            &["--min-ttl=-5", "true"],
            "--min-ttl is '-5', which is not a length of time; write seconds, minutes or hours: 900, 90m, 12h",
        ),
        (
            &["--region", "eu-west-1a", "true"],
            "'eu-west-1a' (--region) is not a region; it is an availability zone of eu-west-1",
        ),
        (&["--region", "EU", "true"], "'EU' (--region) is not a region; regions look like eu-west-1"),
        (&["--region", "", "true"], "'' (--region) is not a region; regions look like eu-west-1"),
        (
            &["-p", "a\u{1b}[2Jb", "--login"],
            "there is no profile 'a\\u{1b}[2Jb' (--profile): the profiles are: sops, development-infrastructure, \
             production-infrastructure, main-infrastructure, default",
        ),
    ] {
        assert_usage_error(args, line);
    }
}

#[test]
fn an_option_that_is_no_text_is_a_usage_error() {
    let world = World::new();
    for args in [[b"-p" as &[u8], b"\xff", b"true"], [b"-q", b"--\xff", b"true"]] {
        let args = args.map(OsStr::from_bytes);
        let output = with_keys(&world, &args);
        output.assert_status(125).assert_stdout("").assert_stderr(&format!(
            "aws-auth: the option or value '{}' is not UTF-8 text; only COMMAND and its arguments may hold other \
                 bytes\n",
            args[1].to_string_lossy()
        ));
    }
}

#[test]
fn variables_that_cannot_be_read_are_errors_that_name_them() {
    let world = World::seeded();
    for (name, value, line) in [
        (
            "AWS_AUTH_DURATION",
            "1d",
            "AWS_AUTH_DURATION is '1d', which is not a length of time; write seconds, minutes or hours: 900, 90m, 12h",
        ),
        ("AWS_AUTH_DURATION", "13h", "AWS_AUTH_DURATION asks for a role session of 13h; STS gives from 15m to 12h"),
        (
            "AWS_AUTH_MIN_TTL",
            "soon",
            "AWS_AUTH_MIN_TTL is 'soon', which is not a length of time; write seconds, minutes or hours: 900, 90m, 12h",
        ),
        (
            "AWS_AUTH_MFA_SESSION",
            "5m",
            "AWS_AUTH_MFA_SESSION is '5m'; an MFA session lasts from 15m to 36h; write such a length, or off",
        ),
        ("AWS_AUTH_NO_CACHE", "maybe", "AWS_AUTH_NO_CACHE is 'maybe'; set it to 1, or unset it"),
        (
            "AWS_REGION",
            "eu-west-1a",
            "'eu-west-1a' (AWS_REGION) is not a region; it is an availability zone of eu-west-1",
        ),
        (
            "AWS_PROFILE",
            "",
            "AWS_PROFILE is set but empty; name a profile, or unset it; in a Makefile, this is a variable that was not filled in",
        ),
    ] {
        let output = world.aws_auth().profile("sops").env(name, value).arg("true").run();
        output.assert_status(125).assert_stdout("").assert_stderr(&format!("aws-auth: {line}\n"));
    }
    let raw = OsStr::from_bytes(b"\xff");
    for name in ["AWS_PROFILE", "AWS_REGION", "AWS_AUTH_DURATION", "AWS_AUTH_MFA_TOKEN"] {
        let output = world.aws_auth().profile("sops").env(name, raw).arg("true").run();
        output.assert_status(125).assert_stderr(&format!("aws-auth: {name} is not UTF-8 text\n"));
    }
    assert_eq!(world.sts.connections(), 0);
}

#[test]
fn help_and_version_are_on_stdout() {
    let world = World::new();
    for (option, name) in [("-h", "help-short.txt"), ("--help", "help.txt")] {
        let golden = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
        let output = world.run([option]);
        output.success().assert_stderr("");
        if std::env::var_os("AWS_AUTH_WRITE_GOLDEN").is_some() {
            std::fs::write(&golden, &output.stdout).unwrap();
        }
        output.assert_stdout(&std::fs::read_to_string(&golden).unwrap());
        assert!(output.stdout_text().lines().all(|line| line.chars().count() <= 80));
    }
    for option in ["-V", "--version"] {
        let output = world.run([option]);
        output.success().assert_stderr("").assert_stdout(concat!("aws-auth ", env!("CARGO_PKG_VERSION"), "\n"));
    }
    // They check nothing else.
    let output = world.aws_auth().profile("").env("AWS_AUTH_DURATION", "x").arg("-V").run();
    output.success();
}

#[test]
fn help_that_cannot_be_written_is_a_failure() {
    let world = World::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(full) = full else {
        eprintln!("skipped: there is no /dev/full here");
        return;
    };
    let output = world
        .aws_auth()
        .arg("--help")
        .prepare(|command| {
            command.stdout(full);
        })
        .run();
    output.assert_status(125).assert_stderr("aws-auth: cannot write to stdout (No space left on device)\n");
}

/// Every action that prints, with a standard output that is closed, and with one that is full.
#[test]
fn what_cannot_be_printed_is_a_failure_of_every_action() {
    let world = World::seeded();
    let signin = crate::console::federation();
    crate::kit::log_in(&world, "sops");
    for (to, words) in [(">&-", "it is closed"), (">/dev/full", "No space left on device")] {
        if to == ">/dev/full" && !std::path::Path::new("/dev/full").exists() {
            eprintln!("skipped: there is no /dev/full here");
            continue;
        }
        for action in [
            "--export",
            "--export=json",
            "--list",
            "--list --json",
            "--explain",
            "--explain --json",
            "--help",
            "-h",
            "--version",
            "--man",
            "--completions=bash",
            "--status",
            "--whoami",
            "--switch-role-url",
            "--console --no-browser",
        ] {
            let script = format!("exec \"$0\" {action} {to}");
            let run = world.command("sh").args(["-c", &script, AWS_AUTH]).profile("sops");
            let run = run.env("AWS_ENDPOINT_URL_SIGNIN", signin.endpoint()).run();
            run.assert_status(125).assert_stderr(&format!("aws-auth: cannot write to stdout ({words})\n"));
        }
    }
    // A command may run without standard output.
    let script = "exec \"$0\" sh -c 'echo x 2>&-' >&-";
    let run = world.command("sh").args(["-c", script, AWS_AUTH]).profile("sops").run();
    assert_ne!(run.status, Status::Code(125), "{}", run.report());
}

#[test]
fn the_profile_is_the_options_then_the_variables_then_default() {
    let world = world();
    let other = "arn:aws:iam::381494870249:role/other";
    world.append_config(&format!("[profile other]\nsource_profile = default\nrole_arn = {other}\n"));
    world.sts.add_role(Role::new(other));
    for (option, first, second, expected) in [
        (&["-p", "plain"][..], Some("other"), Some("other"), "plain"),
        (&["--profile", "plain"], None, None, "plain"),
        (&["-pplain"], None, None, "plain"),
        (&["--profile=plain"], None, None, "plain"),
        (&["-p", "other", "-p", "plain"], None, None, "plain"),
        (&[], Some("plain"), None, "plain"),
        (&[], None, Some("plain"), "plain"),
        (&[], None, None, "default"),
    ] {
        let mut invocation = world.aws_auth().args(option).args(["env", "-0"]);
        for (name, value) in [("AWS_PROFILE", first), ("AWS_DEFAULT_PROFILE", second)] {
            if let Some(value) = value {
                invocation = invocation.env(name, value);
            }
        }
        let output = invocation.run();
        output.assert_stderr("");
        assert_eq!(output.env_of_child()["AWS_AUTH_PROFILE"], expected, "{}", output.report());
    }
    let output = world.aws_auth().profile("plain").env("AWS_DEFAULT_PROFILE", "other").args(["env", "-0"]).run();
    output.assert_stderr(
        "aws-auth: warning: AWS_PROFILE is 'plain' and AWS_DEFAULT_PROFILE is 'other'; using AWS_PROFILE \
         (AWS CLI 1 uses the other)\n",
    );
    assert_eq!(output.env_of_child()["AWS_AUTH_PROFILE"], "plain");
}

#[test]
fn the_region_of_the_call_is_the_options_then_the_variables_then_the_profiles() {
    let world = world();
    world.append_config("region = eu-west-1\n");
    for (args, variables, expected) in [
        (&["--region", "eu-north-1"][..], &[("AWS_REGION", "us-west-2")][..], "eu-north-1"),
        (&[], &[("AWS_REGION", "us-west-2"), ("AWS_DEFAULT_REGION", "ap-south-1")], "us-west-2"),
        (&[], &[("AWS_DEFAULT_REGION", "ap-south-1")], "ap-south-1"),
        (&[], &[], "eu-west-1"),
    ] {
        let mut invocation = world.aws_auth().profile("plain").args(["--refresh"]).args(args).arg("true");
        for (name, value) in variables {
            invocation = invocation.env(name, value);
        }
        invocation.run().success().assert_stderr("");
        assert_eq!(world.sts.last("AssumeRole").region, expected);
    }
}

#[test]
fn the_duration_is_the_options_then_the_variables_then_the_profiles() {
    let world = world();
    world.append_config("duration_seconds = 3000\n");
    for (args, variable, expected) in [
        (&["--duration", "90m"][..], Some("12h"), "5400"),
        (&["--duration=900s"], None, "900"),
        (&[], Some("12h"), "43200"),
        (&[], Some("1000"), "1000"),
        (&[], None, "3000"),
        (&[], Some(""), "3000"),
    ] {
        let mut invocation = world.aws_auth().profile("plain").arg("--refresh").args(args).arg("true");
        if let Some(variable) = variable {
            invocation = invocation.env("AWS_AUTH_DURATION", variable);
        }
        invocation.run().success().assert_stderr("");
        assert_eq!(world.sts.last("AssumeRole").param("DurationSeconds"), expected);
    }
    let silent = World::seeded();
    silent.append_config(&format!("[profile plain]\nsource_profile = default\nrole_arn = {PLAIN}\n"));
    silent.sts.add_role(Role::new(PLAIN));
    silent.aws_auth().profile("plain").arg("true").run().success();
    assert!(!silent.sts.last("AssumeRole").params.contains_key("DurationSeconds"));
}

#[test]
fn min_ttl_is_the_options_then_the_variables_then_fifteen_minutes() {
    let world = world();
    // The role's credentials last 30 minutes.
    world.sts.set_role_lifetime(Some(1800));
    world.aws_auth().profile("plain").args(["--min-ttl", "1m", "true"]).run().success();
    let file = world.cli_cache().into_keys().next().unwrap();
    // With this modification time, 30 minutes of an hour are left.
    let half_an_hour_ago = std::time::SystemTime::now() - std::time::Duration::from_mins(30);
    let entry = std::fs::File::open(world.cli_cache_dir().join(file)).unwrap();
    entry.set_modified(half_an_hour_ago).unwrap();
    let mut calls = 1;
    for (args, variable, again) in [
        (&[][..], None, false),
        (&["--min-ttl", "29m"], Some("35m"), false),
        (&["--min-ttl", "29m"], None, false),
        (&[], Some("29m"), false),
        (&[], Some("35m"), true),
    ] {
        let mut invocation = world.aws_auth().profile("plain").args(args).arg("true");
        if let Some(variable) = variable {
            invocation = invocation.env("AWS_AUTH_MIN_TTL", variable);
        }
        invocation.run().success();
        calls += usize::from(again);
        assert_eq!(world.sts.count("AssumeRole"), calls, "{args:?} {variable:?}");
    }
}

#[test]
fn a_code_comes_from_the_option_then_the_variable() {
    let world = World::seeded();
    let good = world.fresh_code();
    let output = world.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", "000").args(["-t", &good, "true"]).run();
    output.success().assert_stderr("");
    let another = World::seeded();
    let output = another.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", another.fresh_code()).arg("true").run();
    output.success().assert_stderr("");
}

#[test]
fn a_command_that_prints_codes_comes_from_the_option_then_the_variable_then_the_profile() {
    for (args, variable, in_profile) in [(true, true, true), (false, true, true), (false, false, true)] {
        let world = World::seeded();
        let good = world.script("good", &format!("#!/bin/sh\necho {}\n", world.fresh_code()));
        let good = good.to_str().unwrap();
        let mut invocation = world.aws_auth().profile("main-infrastructure");
        if args {
            invocation = invocation.args(["--mfa-process", good]).env("AWS_AUTH_MFA_PROCESS", "false");
        } else if variable {
            invocation = invocation.env("AWS_AUTH_MFA_PROCESS", good);
        }
        if in_profile {
            let of_profile = if args || variable { "false" } else { good };
            world.append_config(&format!("mfa_process = {of_profile}\n"));
        }
        invocation.arg("true").run().success().assert_stderr("");
    }
}

#[test]
fn no_mfa_session_sends_the_code_with_the_role() {
    for (option, variable) in
        [(Some("--no-mfa-session"), None), (None, Some("off")), (Some("--no-mfa-session"), Some("12h"))]
    {
        let world = World::seeded();
        let mut invocation = world.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", world.fresh_code());
        if let Some(option) = option {
            invocation = invocation.arg(option);
        }
        if let Some(variable) = variable {
            invocation = invocation.env("AWS_AUTH_MFA_SESSION", variable);
        }
        invocation.arg("true").run().success().assert_stderr("");
        assert_eq!(world.sts.actions(), ["AssumeRole"]);
        assert_eq!(world.sts.last("AssumeRole").param("SerialNumber"), seed::SERIAL);
    }
    let world = World::seeded();
    let invocation = world.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", world.fresh_code());
    invocation.env("AWS_AUTH_MFA_SESSION", "4h").arg("true").run().success();
    assert_eq!(world.sts.last("GetSessionToken").param("DurationSeconds"), "14400");
}

#[test]
fn no_cache_reads_and_writes_nothing() {
    let world = world();
    let before = world.snapshot();
    world.aws_auth().profile("plain").args(["--no-cache", "true"]).run().success().assert_stderr("");
    world.aws_auth().profile("plain").env("AWS_AUTH_NO_CACHE", "1").arg("true").run().success().assert_stderr("");
    assert_eq!(world.snapshot(), before);
    assert_eq!(world.sts.count("AssumeRole"), 2);
    world.aws_auth().profile("plain").env("AWS_AUTH_NO_CACHE", "0").arg("true").run().success();
    world.aws_auth().profile("plain").arg("true").run().success();
    assert_eq!(world.sts.count("AssumeRole"), 3);
    world.aws_auth().profile("plain").args(["--no-cache", "true"]).run().success();
    assert_eq!(world.sts.count("AssumeRole"), 4);
}

#[test]
fn refresh_passes_over_the_cached_role() {
    let world = world();
    let key = |args: &[&str]| {
        let output = world.aws_auth().profile("plain").args(args).args(["env", "-0"]).run();
        output.env_of_child().remove("AWS_ACCESS_KEY_ID").unwrap()
    };
    let first = key(&[]);
    assert_eq!(key(&[]), first);
    let second = key(&["--refresh"]);
    assert_ne!(second, first);
    assert_eq!(key(&[]), second);
}

#[test]
fn quiet_says_errors_alone_and_verbose_says_each_step() {
    let world = world();
    let warned = |option: &[&str]| {
        world.aws_auth().profile("plain").env("AWS_DEFAULT_PROFILE", "sops").args(option).arg("true").run()
    };
    warned(&[]).success().assert_stderr_contains("aws-auth: warning: AWS_PROFILE is 'plain'");
    warned(&["-q"]).success().assert_stderr("");
    warned(&["--quiet"]).success().assert_stderr("");
    world.aws_auth().profile("nobody").args(["-q", "true"]).run().assert_status(125).assert_stderr(
        "aws-auth: there is no profile 'nobody' (AWS_PROFILE): the profiles are: sops, development-infrastructure, \
         production-infrastructure, main-infrastructure, plain, default\n",
    );
    let key = &world.user.access_key_id;
    for option in ["-v", "--verbose"] {
        let output = world.aws_auth().profile("plain").args([option, "--refresh", "true"]).run();
        output.success().assert_stderr_contains(&format!("aws-auth: AssumeRole {PLAIN} ("));
        output.assert_stderr_contains(&format!("signed by {key}, in us-east-1 "));
    }
    let output = world.aws_auth().keys("AKIAMINE", "mine", "").args(["-v", "true"]).run();
    output.success().assert_stderr(
        "aws-auth: no profile is named; the keys AKIAMINE in the environment pass through, and no call is made\n\
         aws-auth: starts /usr/bin/true\n",
    );
}

#[test]
fn login_and_logout_run_nothing() {
    let world = world();
    let output = world.aws_auth().profile("plain").arg("--login").run();
    output.success().assert_stdout("");
    assert!(output.stderr.starts_with(&format!("aws-auth: plain: role {PLAIN} until ")), "{}", output.report());
    assert_eq!(world.sts.actions(), ["AssumeRole"]);
    let output = world.aws_auth().profile("plain").arg("--logout").run();
    let line = format!("aws-auth: removed the credentials of role {PLAIN}\n");
    output.success().assert_stdout("").assert_stderr(&line);
    let output = world.aws_auth().profile("plain").args(["--logout", "--all"]).run();
    output.success().assert_stdout("").assert_stderr("aws-auth: nothing was cached\n");
    assert_eq!(world.sts.actions(), ["AssumeRole"]);
}

#[test]
fn a_login_that_would_keep_nothing_is_refused_before_a_code_is_asked_for() {
    let world = World::seeded();
    let running = world.aws_auth().profile("sops").args(["--login", "--no-cache"]).in_terminal();
    running.wait().assert_status(125).assert_transcript("").assert_stderr(
        "aws-auth: --login caches credentials, but --no-cache (or AWS_AUTH_NO_CACHE) is on; leave one of them out\n",
    );
    assert_eq!(world.sts.connections(), 0);
}

#[test]
fn a_profile_that_was_meant_to_have_credentials_is_an_error() {
    let world = World::new();
    world.config(
        "[profile dash]\nsource_profile = s\nrole-arn = arn:aws:iam::1:role/x\n[profile joined]\nrolearn = x\n\
         [profile half]\nregion = eu-west-1\nsource_profile = half\n[profile typo]\naws_acces_key_id = x\n\
         [profile device]\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\n\
         [profile sso]\nsso_session = corp\n[profile region]\nsso_region = eu-west-1\n[sso-session corp]\n",
    );
    let config = world.path(".aws/config");
    let without =
        |key: &str| format!("{key} without its other half: there is no role_arn; add the role, or remove the line");
    let sso = |key: &str| {
        format!(
            "{key} without its other half: there is no sso_account_id and no sso_role_name; add them: 'aws configure \
                 sso' asks for all of them"
        )
    };
    for (profile, line, words) in [
        ("dash", 3, "'role-arn', which is not a known key; write role_arn".to_owned()),
        ("joined", 5, "'rolearn', which is not a known key; write role_arn".to_owned()),
        ("half", 8, without("source_profile")),
        ("typo", 10, "'aws_acces_key_id', which is not a known key; write aws_access_key_id".to_owned()),
        (
            "device",
            12,
            "mfa_serial without its other half: there are no keys and no role; add source_profile and role_arn, or the \
             keys of the device's user"
                .to_owned(),
        ),
        ("sso", 14, sso("sso_session")),
        ("region", 16, sso("sso_region")),
    ] {
        let error = format!(
            "aws-auth: {}:{line}: profile '{profile}' names no credentials, but has {words}\n",
            config.display()
        );
        for args in [&["true"][..], &["--export"], &["--explain"], &["--whoami"]] {
            world.aws_auth().profile(profile).args(args).run().assert_status(125).assert_stderr(&error);
        }
    }
}

#[test]
fn nobody_named_where_there_are_profiles_says_how_to_name_one() {
    let world = World::new();
    world.config("[profile a]\nregion = eu-west-1\n");
    let sdk = "the command will use the credentials of the container or instance, if there are any";
    let line = format!("aws-auth: no profile is named (-p, AWS_PROFILE), and there are no keys; {sdk}\n");
    world.aws_auth().arg("true").run().success().assert_stderr(&line);
    world.config("");
    world.aws_auth().arg("true").run().success().assert_stderr(&format!("aws-auth: no profile and no keys; {sdk}\n"));
}

#[test]
fn a_header_without_the_word_profile_is_pointed_at() {
    let world = World::new();
    world.config("[default]\n[sops]\nrole_arn = x\n[two words]\n");
    let config = world.path(".aws/config").display().to_string();
    for (name, header, line) in [("sops", "sops", 2), ("two words", "\"two words\"", 4)] {
        world.aws_auth().profile(name).arg("true").run().assert_status(125).assert_stderr(&format!(
            "aws-auth: there is no profile '{name}' (AWS_PROFILE): change the header in {config}:{line} to \
             [profile {header}]\n"
        ));
    }
}

#[test]
fn what_was_meant_by_a_command_that_is_not_there() {
    const LONG: &str = "a word of a command that is longer than what is repeated of it";
    let world = world();
    for (words, advice) in [
        (&["plain"][..], "to use the profile of that name, write aws-auth -p plain COMMAND"),
        (&["plain", "terraform", "plan"], "to use the profile of that name, write aws-auth -p plain terraform plan"),
        (&["list"], "did you mean --list?"),
        (&["no-cache", "plain"], "did you mean --no-cache?"),
        (&["export", "fish"], "did you mean --export=fish?"),
        (&["export", "yaml"], "did you mean --export?"),
        (&["console", "billing"], "did you mean --console=billing?"),
        (&["console", "plain"], "did you mean aws-auth -p plain --console?"),
        (&["console", "-p", "sops"], "did you mean aws-auth -p sops --console?"),
        (&["console", "-t", "123456"], "did you mean --console?"),
        (&["sso", "login"], "did you mean --login?"),
        (&["clear"], "did you mean --logout?"),
        (&["exec"], "write aws-auth -p PROFILE COMMAND"),
        (&["exec", "team"], "for a shell, write aws-auth -p team --shell"),
        (&["exec", "team", "--", "sh", "-c", "a b"], "write aws-auth -p team sh -c 'a b'"),
        (&["exec", "team", "-d", "1h", "--", "aws", "s3", "ls"], "write aws-auth -p team aws s3 ls"),
        (&["exec", "plain", "aws", "s3", "ls"], "write aws-auth -p plain aws s3 ls"),
        (&["exec", "terraform", "plan"], "write aws-auth -p PROFILE COMMAND"),
        (&["exec", "--no-session", "team", "--", "env"], "write aws-auth -p PROFILE env"),
        (&["exec", "team", "--"], "write aws-auth -p team COMMAND"),
        (&["exec", "team", "--", "tool", LONG], "write aws-auth -p team tool …"),
        (
            &["assume", "two words"],
            "for a shell, write aws-auth -p 'two words' --shell; for this one, eval \"$(aws-auth -p 'two words' --export)\"",
        ),
        (
            &["assume"],
            "for a shell, write aws-auth -p PROFILE --shell; for this one, eval \"$(aws-auth -p PROFILE --export)\"",
        ),
        (&["assume", "team", "--exec", "--", "aws", "s3", "ls"], "write aws-auth -p team aws s3 ls"),
        (&["assume", "-c", "team"], "write aws-auth -p team --console"),
        (&["assume", "-un"], "write eval \"$(aws-auth --unset)\""),
        (&["AWS_PROFILE=x"], "write variables before aws-auth"),
    ] {
        for invocation in [world.aws_auth().profile("plain"), world.aws_auth().profile("sops")] {
            // Whatever the machine has, none of these is there.
            let output = invocation.env("PATH", world.path("bin")).args(words).run();
            let line = format!("aws-auth: command not found: {}; {advice}\n", words[0]);
            output.assert_status(127).assert_stderr(&line);
        }
    }
    let output = world.aws_auth().keys("AKIAMINE", "mine", "").arg("logout").run();
    output.assert_status(127).assert_stderr("aws-auth: command not found: logout; did you mean --logout?\n");
    let output = world.aws_auth().keys("AKIAMINE", "mine", "").args(["exec", "team", "--", "./run", "-v"]).run();
    output.assert_status(127).assert_stderr("aws-auth: command not found: exec; write aws-auth -p team ./run -v\n");
    // Without credentials, the message is about the command alone.
    let nothing = World::new();
    for args in [&["exec", "team"][..], &["-p", "empty", "exec", "team"]] {
        nothing.config("[profile empty]\nregion = eu-west-1\n");
        let line = "aws-auth: command not found: exec; for a shell, write aws-auth -p team --shell\n";
        nothing.run(args).assert_status(127).assert_stderr(line);
    }
    // A command that is there runs, whatever it is called.
    for name in ["exec", "assume", "whoami"] {
        world.script(format!("bin/{name}"), "#!/bin/sh\necho \"$0\" \"$@\"; exit 3\n");
        let output = world.aws_auth().profile("plain").env("PATH", world.path("bin")).args([name, "team"]).run();
        let ran = format!("{} team\n", world.path("bin").join(name).display());
        output.assert_status(3).assert_stdout(&ran).assert_stderr("");
    }
    for (words, advice) in [
        (["--export", "fish"], "--export runs no command, but 'fish' was given; write --export=fish"),
        (["--console", "s3"], "--console runs no command, but 's3' was given; write --console=s3"),
    ] {
        let output = world.aws_auth().profile("plain").args(words).run();
        output.assert_status(125).assert_stderr(&format!("aws-auth: {advice}\n"));
    }
}

#[test]
fn there_must_be_something_to_log_in_to() {
    let world = World::new();
    world.config("[profile empty]\noutput = json\n");
    let off = |invocation: Invocation<'_>| invocation.env("AWS_EC2_METADATA_DISABLED", "true").arg("--login").run();
    let why = "the instance's credentials are needed, but AWS_EC2_METADATA_DISABLED is true; unset it on an instance; \
               elsewhere name a profile that has credentials\n";
    off(world.aws_auth().profile("empty"))
        .assert_status(125)
        .assert_stderr(&format!("aws-auth: profile 'empty' names no credentials: {why}"));
    off(world.aws_auth()).assert_status(125).assert_stderr(&format!("aws-auth: no profile and no keys: {why}"));
    let line = "aws-auth: there is no profile to log in to; name one with -p or AWS_PROFILE\n";
    with_keys(&world, &[OsStr::new("--login")]).assert_status(125).assert_stderr(line);
}

#[test]
fn words_of_every_byte_reach_the_command() {
    let mut word: Vec<u8> = (1..=255).collect();
    word.retain(|byte| *byte != b'\n');
    let long = OsString::from("x".repeat(100_000));
    let args = [OsStr::new("SHOW"), OsStr::from_bytes(&word), &long];
    let expected = [&word[..], b"\n", long.as_bytes(), b"\n"].concat();
    assert_eq!(arguments(&args), expected);
    assert_eq!(with_keys(&World::new(), &[OsStr::new("false")]).status, Status::Code(1));
}
