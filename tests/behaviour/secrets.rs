//! No secret is shown, and text from files or servers reaches the terminal only escaped. Every run in every test looks
//! for secrets on stderr and the terminal. These tests look in the other places too, and use -v.

use crate::console::federation;
use crate::kit::OPEN;
use crate::world::sts::{Fault, Role, User, seed};
use crate::world::{Output, World};
use std::fs;

/// Asserts that no file under the home holds a secret or a code, except the files that are meant to hold secrets.
#[track_caller]
fn assert_files_clean(world: &World) {
    for name in world.snapshot().into_keys() {
        let path = world.path(&name);
        let purpose =
            name == ".aws/credentials" || name.starts_with(".aws/cli/cache/") || name.contains("aws-auth/session-");
        if purpose || !path.is_file() {
            continue;
        }
        world.assert_no_secret(&name, &String::from_utf8_lossy(&fs::read(path).unwrap()));
    }
    // Even the caches hold neither the long-term secret key nor a code.
    for directory in [world.cli_cache_dir(), world.own_cache_dir()] {
        for entry in fs::read_dir(directory).into_iter().flatten() {
            let text = String::from_utf8_lossy(&fs::read(entry.unwrap().path()).unwrap()).into_owned();
            assert!(!text.contains(&world.user.secret_access_key));
            for code in world.sts.sent_codes() {
                assert!(!text.contains(&format!("\"{code}\"")), "{text}");
            }
        }
    }
}

fn clean(world: &World, output: &Output, ran: bool) {
    assert_eq!(output.stdout_text(), if ran { "ran\n" } else { "" }, "{}", output.report());
    world.assert_no_secret("standard output", &output.stdout_text());
    assert_files_clean(world);
}

#[test]
fn verbose_runs_that_fail_show_no_secret() {
    let faults = [
        Fault::Refuse(403, "AccessDenied", "no"),
        Fault::Refuse(403, "SignatureDoesNotMatch", "The request signature we calculated does not match"),
        Fault::Throttle,
        Fault::Status(500),
        Fault::Status(503),
        Fault::CloseOnConnect,
        Fault::CloseUnanswered,
        Fault::CloseAfterActing,
        Fault::CloseMidAnswer,
        Fault::MalformedXml,
        Fault::HtmlPage,
        Fault::Raw(302, ""),
        Fault::Rewrite(|xml| xml.replace("Expiration", "Elsewhere")),
        Fault::Rewrite(|xml| xml.replace("SessionToken>", "Token>")),
        Fault::Rewrite(|xml| xml.replace("<Credentials>", "<Credentials><")),
        Fault::Rewrite(|xml| xml.replace("</SecretAccessKey>", "</SecretAccess>")),
    ];
    for fault in faults {
        for action in ["GetSessionToken", "AssumeRole"] {
            let world = World::seeded();
            world.sts.fault(action, fault.clone(), 9);
            let run = world.aws_auth().profile("sops").args(["-v", "echo", "ran"]).in_terminal();
            run.expect(&world.prompt("sops"));
            run.send_line(&world.fresh_code());
            let output = run.wait();
            output.assert_status(125);
            clean(&world, &output, false);
        }
    }
}

#[test]
fn verbose_runs_that_succeed_show_no_secret() {
    let world = World::seeded();
    let run = || world.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).arg("-v");
    for args in [
        &["echo", "ran"][..],
        &["echo", "ran"],
        &["--refresh", "echo", "ran"],
        &["--no-mfa-session", "--refresh", "echo", "ran"],
        &["--no-cache", "echo", "ran"],
    ] {
        let output = run().args(args).run();
        output.success();
        clean(&world, &output, true);
    }
    for args in [&["--login"][..], &["--login", "--refresh"], &["--logout"], &["--logout", "--all"]] {
        let output = run().args(args).run();
        output.success();
        clean(&world, &output, false);
    }
}

#[test]
fn keys_of_the_environment_show_nowhere() {
    let world = World::new();
    let user = User::new(seed::ACCOUNT, "env");
    world.sts.add_user(user.clone());
    world.sts.add_role(Role::new(OPEN));
    world.config(&format!("[profile p]\ncredential_source = Environment\nrole_arn = {OPEN}\n"));
    let keys = (user.access_key_id.as_str(), user.secret_access_key.as_str());
    let output = world.aws_auth().profile("p").keys(keys.0, keys.1, "").args(["-v", "echo", "ran"]).run();
    output.success();
    clean(&world, &output, true);
    // A token that STS refuses is not shown either.
    let token = "canary-of-a-session-token";
    let output =
        world.aws_auth().profile("p").keys(keys.0, keys.1, token).args(["-v", "--refresh", "echo", "ran"]).run();
    output.assert_status(125).assert_stdout("");
    assert!(!output.stderr.contains(token), "{}", output.stderr);
    let wrong = "canary-of-a-secret-key";
    let output = world.aws_auth().profile("p").keys(keys.0, wrong, "").args(["-v", "--refresh", "echo", "ran"]).run();
    output.assert_status(125).assert_stdout("");
    assert!(!output.stderr.contains(wrong), "{}", output.stderr);
}

#[test]
fn files_that_cannot_be_read_are_not_quoted() {
    let canary = "canary/of+a+secret";
    for text in [
        format!("[default]\naws_access_key_id=AKIA\naws_secret_access_key={canary}\naws_secret_access_key {canary}\n"),
        format!("[default]\naws_secret_access_key={canary}\n"),
        format!("[default]\naws_access_key_id=AKIA\naws_secret_access_key={canary}\0\n"),
        format!("{canary}\n[default]\n"),
        format!("[default\naws_secret_access_key={canary}\n"),
    ] {
        let world = World::seeded();
        world.credentials(&text);
        let output = world.aws_auth().profile("sops").args(["-v", "echo", "ran"]).run();
        output.assert_status(125).assert_stdout("");
        assert!(!output.stderr.contains(canary), "{}", output.stderr);
    }
}

#[test]
fn torn_cache_entries_are_not_quoted() {
    let world = World::seeded();
    let login = || {
        world.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).args(["-v", "echo", "ran"]).run()
    };
    login().success();
    for name in world.snapshot().into_keys().filter(|name| crate::world::is_json(name)) {
        let text = world.read(&name);
        world.write(&name, &text[..text.len() - 3]);
    }
    let output = login();
    output.success();
    clean(&world, &output, true);
}

#[test]
fn the_process_shows_nothing_while_it_waits_for_sts() {
    let world = World::seeded();
    for action in ["GetSessionToken", "AssumeRole"] {
        world.sts.hold(action);
        let run = world.aws_auth().profile("sops").args(["--no-cache", "true"]).in_terminal();
        run.expect(&world.prompt("sops"));
        run.send_line(&world.fresh_code());
        world.sts.wait_for_held(1);
        for file in ["cmdline", "environ", "comm", "status"] {
            let path = format!("/proc/{}/{file}", run.pid());
            if let Ok(bytes) = fs::read(&path) {
                world.assert_no_secret(&path, &String::from_utf8_lossy(&bytes).replace('\0', "\n"));
            } else {
                assert!(!cfg!(target_os = "linux") || file == "environ", "{path}");
            }
        }
        world.sts.release();
        run.wait().success();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_is_not_dumpable_but_the_command_is_as_an_unprivileged_user() {
    use std::os::unix::fs::MetadataExt as _;
    let world = World::seeded();
    let test = "the_process_is_not_dumpable_but_the_command_is_as_an_unprivileged_user";
    let Some(words) = crate::faults::unprivileged(&world, test) else { return };
    // The files in /proc of a process that is not dumpable belong to root.
    let owner = |pid: i32| fs::metadata(format!("/proc/{pid}/environ")).unwrap().uid();
    world.sts.hold("GetSessionToken");
    let run = world.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).through(words);
    let mut run = run.stdin_open().args(["sh", "-c", "echo ran; cat"]).start();
    world.sts.wait_for_held(1);
    assert_eq!(owner(run.pid()), 0);
    world.sts.release();
    run.expect_stdout("ran\n");
    assert_ne!(owner(run.pid()), 0);
    run.close_stdin();
    run.wait().success();
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_from_the_cache_is_not_dumpable_before_it_reads_a_secret() {
    let world = World::seeded();
    if !crate::lock::strace(&world, "a_run_from_the_cache_is_not_dumpable_before_it_reads_a_secret") {
        return;
    }
    crate::kit::log_in(&world, "sops");
    let log = world.path("calls");
    let words = ["strace", "-o", log.to_str().unwrap(), "-e", "trace=prctl,?open,openat"];
    world.aws_auth().profile("sops").arg("true").through(words).run().success();
    let log = world.read("calls");
    let line = |text: &str| log.lines().position(|line| line.contains(text)).unwrap();
    let harmless = line("prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE)");
    assert!(harmless < line(".aws/config") && harmless < line(".aws/cli/cache"), "{log}");
}

#[test]
fn an_mfa_process_gets_no_keys() {
    let world = World::seeded();
    let script = format!(
        "#!/bin/sh\nenv >$HOME/env\ntr '\\0' ' ' </proc/$$/cmdline >$HOME/cmdline\necho {}\n",
        world.fresh_code()
    );
    let script = world.script("bin/code", &script);
    let expected = [
        "AWS_AUTH_MFA_PROCESS",
        "AWS_AUTH_RESOLVING",
        "AWS_ENDPOINT_URL_STS",
        "AWS_PROFILE",
        "DBUS_SESSION_BUS_ADDRESS",
        "HOME",
        "PATH",
    ];
    let mut run = world.aws_auth().profile("sops").env("AWS_AUTH_MFA_PROCESS", script);
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_BEARER_TOKEN_BEDROCK",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AMAZON_SECRET_ACCESS_KEY",
        "EC2_SECRET_KEY",
    ] {
        run = run.env(name, "canary");
    }
    run.arg("true").run().success().assert_stderr("");
    let env = world.read("env");
    let names: Vec<&str> = env
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .filter(|name| !["PWD", "_", "SHLVL"].contains(name))
        .collect();
    for name in &names {
        assert!(expected.contains(name), "{env}");
    }
    assert!(!env.contains("canary"));
    world.assert_no_secret("the environment of mfa_process", &env);
    world.assert_no_secret("the command line of mfa_process", &world.read("cmdline"));
}

/// Asserts that the text has no control characters but line ends, and no invisible ones.
#[track_caller]
fn assert_escaped(place: &str, text: &str) {
    let raw = |c: char| {
        c.is_control() && c != '\n' && c != '\r'
            || "\u{61c}\u{200b}\u{200e}\u{200f}\u{202e}\u{2066}\u{2028}\u{feff}".contains(c)
    };
    assert!(!text.contains(raw), "{place}: {text:?}");
}

const WILD: &str = "\u{1b}[31m\u{7}\u{202e}\u{2066}\u{61c}\u{200b}\u{9b}x";

#[test]
fn text_from_files_reaches_no_terminal_raw() {
    let world = World::seeded();
    let name = format!("w{WILD}");
    world.append_config(&format!(
        "[profile \"{name}\"]\nsource_profile = default\nrole_arn = {OPEN}\nmfa_serial = {}\n",
        seed::SERIAL
    ));
    world.sts.add_role(Role::new(OPEN));
    let run = world.aws_auth().profile(&name).args(["-v", "true"]).in_terminal();
    run.expect("MFA code for w");
    run.expect(": ");
    run.send_line(&world.fresh_code());
    let output = run.wait();
    output.success();
    assert_escaped("stderr", &output.stderr);
    assert_escaped("terminal", output.transcript());
    for line in [
        format!("role_arn = {WILD}"),
        format!("role_arn = {OPEN}\nmfa_serial = {WILD}arn:aws:iam::1:mfa/x"),
        format!("role_arn = {OPEN}\nduration_seconds = {WILD}"),
        format!("role_arn = {OPEN}\nregion = {WILD}"),
        format!("role_arn = {OPEN}\nendpoint_url = {WILD}"),
        format!("role_arn = {OPEN}\nservices = {WILD}"),
        format!("role_arn = {OPEN}\nexternal_id = {WILD}"),
        format!("role_arn = {OPEN}\nca_bundle = {WILD}\nendpoint_url = https://127.0.0.1:1"),
        format!("role_arn = {OPEN}\nsource_profile = {WILD}"),
    ] {
        world.config(&format!("[profile p]\nsource_profile = default\n{line}\n"));
        let run =
            world.aws_auth().profile("p").env_remove("AWS_ENDPOINT_URL_STS").env("HTTPS_PROXY", "http://127.0.0.1:1");
        let output = run.args(["-v", "true"]).run();
        output.assert_status(125).assert_stdout("");
        assert_escaped(&line, &output.stderr);
    }
}

#[test]
fn text_from_servers_reaches_no_terminal_raw() {
    for fault in [
        Fault::Refuse(400, "Odd", "one\ntwo\r\u{202e}three\u{2066}\u{61c}\u{85}"),
        Fault::Refuse(400, "O\u{202e}dd", "x"),
        Fault::Raw(
            400,
            "<ErrorResponse><Error><Code>A&#27;[31m</Code><Message>&#27;]0;x&#7; &#155;1m</Message></Error></ErrorResponse>",
        ),
        Fault::Raw(
            400,
            "<ErrorResponse><Error><Code>A\u{1b}[31m</Code><Message>\u{1b}]0;x\u{7}</Message></Error></ErrorResponse>",
        ),
        Fault::Raw(500, "\u{1b}[2J"),
    ] {
        let world = World::seeded();
        world.sts.fault("GetSessionToken", fault.clone(), 1);
        let output =
            world.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).args(["-v", "true"]).run();
        output.assert_status(125).assert_stdout("");
        assert_escaped(&format!("{fault:?}"), &output.stderr);
        let last = output.stderr.lines().last().unwrap();
        assert!(last.starts_with("aws-auth: "), "the last line is not a message of aws-auth: {}", output.stderr);
    }
}

/// Prompts, steps, plans, links, warnings and errors show an endpoint's URL without the password in it.
#[test]
fn a_password_in_an_endpoint_shows_nowhere() {
    let mut world = World::seeded();
    let signin = federation();
    let with_password = |url: &str| url.replace("://", "://jo:hunter2@");
    world.set_env("AWS_ENDPOINT_URL_STS", with_password(&world.sts.endpoint()));
    world.set_env("AWS_ENDPOINT_URL_SIGNIN", with_password(&signin.endpoint()));
    let hides = |output: &Output| {
        for text in [&output.stdout_text(), &output.stderr, output.transcript()] {
            assert!(!text.contains("ter2"), "{}", output.report());
        }
    };
    let run = world.aws_auth().args(["-v", "-p", "sops", "true"]).in_terminal();
    run.expect(&world.prompt("sops"));
    run.send_line(&world.fresh_code());
    hides(run.wait().success());
    let quiet: [&[&str]; 5] = [
        &["--explain"],
        &["--explain", "--json"],
        &["-v", "--console", "--no-browser"],
        &["-v", "--refresh", "true"],
        &["--whoami"],
    ];
    for args in quiet {
        hides(world.aws_auth().args(["-p", "sops"]).args(args).run().success());
    }
    let link = world.run(["-p", "sops", "--console", "--no-browser"]);
    assert!(link.stdout_text().starts_with(&format!("{}/federation?", signin.endpoint())), "{}", link.report());
    world.sts.fault("AssumeRole", Fault::Status(500), 9);
    hides(&world.run(["-p", "sops", "--refresh", "true"]));
    // An endpoint where nothing listens, plain http to another machine, and texts that are not URLs.
    for url in
        ["http://jo:hunter2@127.0.0.1:1", "http://jo:hunter2@sts.invalid", "http://jo:hun/ter2@x", "jo:hunter2@x"]
    {
        for args in [&["true"][..], &["--explain"], &["--explain", "--json"], &["--keep-fresh", "--explain"]] {
            let run = world.aws_auth().args(["-v", "-p", "sops", "--refresh"]).args(args);
            hides(&run.env("AWS_ENDPOINT_URL_STS", url).env("AWS_MAX_ATTEMPTS", "1").run());
        }
    }
    for (name, url) in [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://jo:hunter2@127.0.0.1:1/x"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "ftp://jo:hunter2@127.0.0.1:1/x"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://jo:hunter2@127.0.0.1:1"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ftp://jo:hunter2@127.0.0.1:1"),
    ] {
        world.config("");
        world.credentials("");
        hides(world.aws_auth().args(["-v", "--whoami"]).env(name, url).run().assert_status(125));
    }
}
