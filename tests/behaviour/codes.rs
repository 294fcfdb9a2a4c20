//! The sources of a code and their order; no code is sent twice.

use crate::kit::{AGAIN, OPEN, answer, assert_said, at_terminal, masked, no_way, own, until, wrong};
use crate::world::sts::Fault;
use crate::world::{Invocation, Output, Role, World, seed};

/// A run of `true` with the profile sops.
fn sops(world: &World) -> Invocation<'_> {
    world.aws_auth().args(["-p", "sops", "true"])
}

/// A program that records its run and prints `prints`.
fn process(world: &World, name: &str, prints: &str) -> String {
    let mark = world.path(format!("{name}.ran"));
    let script = format!("#!/bin/sh\ntouch '{}'\necho '{prints}'\n", mark.display());
    world.script(name, &script).display().to_string()
}

fn ran(world: &World, name: &str) -> bool {
    world.path(format!("{name}.ran")).exists()
}

/// The message of a run without a terminal whose code STS refuses.
fn refused(world: &World) -> String {
    format!("aws-auth: {}; use the code that the device shows now; each code works only once\n", wrong(world, "sops"))
}

#[test]
fn the_option_comes_first_then_the_variable_then_the_process() {
    let world = World::seeded();
    let command = process(&world, "process", &world.wrong_code());
    let all = || world.aws_auth().arg("--no-cache").env("AWS_AUTH_MFA_PROCESS", &command);
    let good = world.fresh_code();
    let run = all().env("AWS_AUTH_MFA_TOKEN", world.wrong_code()).args(["-p", "sops", "-t", &good, "true"]);
    run.run().success().assert_stderr("");
    let run = all().env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).args(["-p", "sops", "true"]);
    run.run().success().assert_stderr("");
    assert!(!ran(&world, "process"));
    let output = all().args(["-p", "sops", "true"]).run();
    output.assert_status(125).assert_stderr(&refused(&world));
    assert!(ran(&world, "process"));
    // The terminal is the last source: it does not ask if there is another.
    let output = sops(&world).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).in_terminal().wait();
    output.success().assert_transcript("").assert_stderr("");
}

#[test]
fn a_process_comes_from_the_option_the_variable_the_profile_then_its_source() {
    let world = World::seeded();
    let [option, variable, profile, source] =
        ["option", "variable", "profile", "source"].map(|name| process(&world, name, "no"));
    world.append_config(&format!(
        "[profile mine]\nsource_profile = default\nmfa_serial = {}\nrole_arn = {}\nmfa_process = {profile}\n[default]\n\
         mfa_process = {source}\n",
        seed::SERIAL,
        seed::ROLES[0].1
    ));
    let run = |name: &str| world.aws_auth().args(["-p", name, "true"]);
    run("sops").run().assert_status(125);
    assert!(ran(&world, "source") && !ran(&world, "profile"));
    run("mine").run().assert_status(125);
    assert!(ran(&world, "profile") && !ran(&world, "variable"));
    run("mine").env("AWS_AUTH_MFA_PROCESS", &variable).run().assert_status(125);
    assert!(ran(&world, "variable") && !ran(&world, "option"));
    let all = world.aws_auth().args(["-p", "mine", "--mfa-process", &option, "true"]);
    all.env("AWS_AUTH_MFA_PROCESS", &variable).run().assert_status(125);
    assert!(ran(&world, "option"));
}

#[test]
fn a_process_gives_the_code_and_gets_no_keys() {
    let world = World::seeded();
    let seen = world.path("seen");
    let code = world.fresh_code();
    let script = format!("#!/bin/sh\nenv >'{}'\n[ -t 0 ] && echo asks >/dev/tty\necho '{code}'\n", seen.display());
    let program = world.script("a code", &script);
    let run =
        world.aws_auth().args(["-p", "sops", "--mfa-process", &format!("'{}' with arguments", program.display())]);
    let run = run
        .arg("true")
        .keys("AKIACALLERS", "callers-secret", "callers-token")
        .env("AWS_SECURITY_TOKEN", "callers-token");
    let output = run.env("OTHER", "stays").in_terminal().wait();
    output.success().assert_stderr("").assert_transcript("asks\r\n").assert_terminal_restored();
    let seen = world.read("seen");
    assert!(seen.contains("OTHER=stays\n") && seen.contains("PATH="), "{seen}");
    assert!(!seen.contains("callers") && !seen.contains("AKIA"), "{seen}");
    assert_eq!(world.sts.last("GetSessionToken").param("TokenCode"), code);
}

#[test]
fn a_processs_words_are_split_as_a_shell_would_and_its_code_may_be_grouped() {
    let world = World::seeded();
    let code = world.fresh_code();
    let (first, second) = code.split_at(3);
    let command = format!("printf '%s %s\\n' {first} \"{second}\"");
    world.aws_auth().args(["-p", "sops", "--mfa-process", &command, "true"]).run().success().assert_stderr("");
}

#[test]
fn a_connection_that_was_closed_during_the_prompt_costs_no_code() {
    let world = World::seeded();
    world.sts.fault("GetSessionToken", Fault::CloseAfterAnswering, 2);
    let run = at_terminal(&world, "sops");
    for _ in 0..2 {
        answer(&world, &run, "sops", &world.wrong_code());
        run.expect(AGAIN);
    }
    answer(&world, &run, "sops", &world.fresh_code());
    let output = run.wait();
    output.success().assert_stdout("sops\n");
    assert_eq!(world.sts.actions(), ["GetSessionToken", "GetSessionToken", "GetSessionToken", "AssumeRole"]);
    // The calls after the last prompt share a connection.
    assert_eq!(world.sts.connections(), 3);
}

#[test]
fn a_connection_that_was_open_before_the_prompt_is_not_used_after_it() {
    let world = World::seeded();
    let run = at_terminal(&world, "sops");
    answer(&world, &run, "sops", &world.wrong_code());
    answer(&world, &run, "sops", &world.fresh_code());
    run.wait().success();
    assert_eq!(world.sts.connections(), 2);
}

/// An `mfa_process` that fails, and the message about it.
const WRONG: [(&str, &str); 8] = [
    ("false", "mfa_process 'false' failed (exit status: 1)"),
    ("sh -c 'kill -KILL $$'", "mfa_process 'sh' failed (signal: 9 (SIGKILL))"),
    ("echo your code is 123456", "mfa_process 'echo' printed something other than six digits"),
    ("true", "mfa_process 'true' printed something other than six digits"),
    ("sh -c 'echo 123456; exit 3'", "mfa_process 'sh' failed (exit status: 3)"),
    ("no-such-program x", "mfa_process 'no-such-program' cannot be run (No such file or directory)"),
    ("echo '123456", "mfa_process has an unbalanced quote"),
    ("  ", "mfa_process is empty"),
];

#[test]
fn a_process_that_gives_no_code_is_an_error_without_a_terminal() {
    let world = World::seeded();
    for (command, words) in WRONG {
        let output = world.aws_auth().args(["-p", "sops", "--mfa-process", command, "true"]).run();
        let advice = "correct it, or run 'aws-auth -p sops --login' in a terminal first";
        output.assert_status(125).assert_stderr(&format!("aws-auth: {}\n", crate::kit::advised(words, advice)));
    }
    assert_eq!(world.sts.connections(), 0);
}

#[test]
fn a_process_that_gives_no_code_is_followed_by_the_terminal() {
    let world = World::seeded();
    for (command, words) in WRONG {
        let run = world.aws_auth().args(["-p", "sops", "--no-cache", "--mfa-process", command, "true"]).in_terminal();
        answer(&world, &run, "sops", &world.fresh_code());
        let output = run.wait();
        output.success().assert_transcript(&format!("aws-auth: {words}\r\n{}\r\n", world.prompt("sops")));
    }
}

#[test]
fn a_given_code_that_is_none_is_an_error_or_followed_by_the_terminal() {
    let world = World::seeded();
    let output = sops(&world).env("AWS_AUTH_MFA_TOKEN", "12345").run();
    output.assert_status(125).assert_stderr("aws-auth: AWS_AUTH_MFA_TOKEN holds no MFA code; a code is six digits\n");
    let output = world.aws_auth().args(["-p", "sops", "--mfa-token", "abcdef", "true"]).run();
    output.assert_status(125).assert_stderr("aws-auth: --mfa-token holds no MFA code; a code is six digits\n");
    assert_eq!(world.sts.connections(), 0);
    let run = sops(&world).env("AWS_AUTH_MFA_TOKEN", "12345").in_terminal();
    answer(&world, &run, "sops", &world.fresh_code());
    let output = run.wait();
    output.success().assert_transcript(&format!(
        "aws-auth: AWS_AUTH_MFA_TOKEN holds no MFA code; a code is six digits\r\n{}\r\n",
        world.prompt("sops")
    ));
}

/// A way to give a code.
type Give = fn(Invocation<'_>, String) -> Invocation<'_>;

#[test]
fn a_refused_code_of_any_source_is_followed_by_the_terminal_if_there_is_one() {
    let world = World::seeded();
    let ways: [(&str, Give); 3] = [
        ("--mfa-token", |run, code| run.args(["--mfa-token", &code])),
        ("AWS_AUTH_MFA_TOKEN", |run, code| run.env("AWS_AUTH_MFA_TOKEN", code)),
        ("mfa_process", |run, code| run.arg("--mfa-process").arg(format!("echo {code}"))),
    ];
    for (name, give) in ways {
        let output: Output = give(world.aws_auth(), world.wrong_code()).args(["-p", "sops", "true"]).run();
        output.assert_status(125).assert_stderr(&refused(&world));

        // Only the terminal follows, not another source: the user chose this one.
        let other = process(&world, "other", &world.wrong_code());
        let run = give(world.aws_auth().arg("--no-cache"), world.wrong_code()).args(["-p", "sops", "true"]);
        let run = if name == "mfa_process" { run } else { run.env("AWS_AUTH_MFA_PROCESS", other) };
        let run = run.in_terminal();
        answer(&world, &run, "sops", &world.fresh_code());
        let output = run.wait();
        output.success().assert_transcript(&format!(
            "aws-auth: STS refused the code from {name}; type the one that the device shows now\r\n{}\r\n",
            world.prompt("sops")
        ));
        assert!(!ran(&world, "other"));
    }
}

#[test]
fn a_code_that_was_sent_is_not_sent_again_by_the_next_run() {
    let world = World::seeded();
    let code = world.fresh_code();
    sops(&world).env("AWS_AUTH_MFA_TOKEN", &code).run().success();
    world.sts.clear_log();
    let again = || world.aws_auth().args(["-p", "sops", "--login", "--refresh"]);
    let used = |name: &str| format!("aws-auth: the code from {name} was used already; wait for the next one\n");
    let output = again().env("AWS_AUTH_MFA_TOKEN", &code).run();
    output.assert_status(125).assert_stderr(&used("AWS_AUTH_MFA_TOKEN"));
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    again().args(["-t", &spaced]).run().assert_status(125).assert_stderr(&used("--mfa-token"));
    again()
        .args(["--mfa-process", &format!("echo {code}")])
        .run()
        .assert_status(125)
        .assert_stderr(&used("mfa_process"));
    assert_eq!(world.sts.connections(), 0);

    let run = again().env("AWS_AUTH_MFA_TOKEN", &code).in_terminal();
    answer(&world, &run, "sops", &code);
    answer(&world, &run, "sops", &world.fresh_code());
    let output = run.wait();
    let prompt = world.prompt("sops");
    output.success().assert_transcript(&format!(
        "aws-auth: the code from AWS_AUTH_MFA_TOKEN was used already; wait for the next one\r\n{prompt}\r\naws-auth: \
         that code \
         was used already; wait for the next one\r\n{prompt}\r\n"
    ));
    assert_said(&output, &until("sops"));
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole"]);
}

#[test]
fn a_refused_code_is_not_sent_again_by_the_same_run() {
    let world = World::seeded();
    let code = world.wrong_code();
    for cache in [&[][..], &["--no-cache"]] {
        let run = world.aws_auth().args(cache).args(["-p", "sops", "true"]).in_terminal();
        answer(&world, &run, "sops", &code);
        run.expect("STS refused that code");
        answer(&world, &run, "sops", &code);
        run.expect("aws-auth: that code was used already; wait for the next one\r\n");
        run.expect(&world.prompt("sops"));
        run.ctrl_c();
        run.wait();
    }
    assert_eq!(world.sts.count("GetSessionToken"), 2, "once by each run: --no-cache does not know of the other run");
}

#[test]
fn a_sent_code_is_remembered_for_a_minute_and_not_in_clear() {
    let world = World::seeded();
    let code = world.wrong_code();
    sops(&world).env("AWS_AUTH_MFA_TOKEN", &code).run().assert_stderr(&refused(&world));
    let files = own(&world, "codes-");
    let [file] = files.as_slice() else { panic!("{files:?}") };
    for (name, what) in world.snapshot() {
        assert!(!name.contains("codes-") || what.starts_with("0600"), "{name}: {what}");
    }
    let remembered = crate::kit::json(file);
    let entry = &remembered[0];
    for (name, value) in entry.as_object().unwrap() {
        assert!(!value.to_string().contains(&code), "{name}");
    }
    assert_ne!(entry["hash"], aws_auth::cache::keys::hex_sha1(&code), "salted");
    assert!(entry["salt"].as_str().is_some_and(|salt| salt.len() > 8));
    crate::kit::edit(file, |sent| sent[0]["at"] = (sent[0]["at"].as_i64().unwrap() - 61).into());
    sops(&world).env("AWS_AUTH_MFA_TOKEN", &code).run().assert_stderr(&refused(&world));
    assert_eq!(world.sts.count("GetSessionToken"), 2);
    // A file that cannot be parsed counts as missing.
    std::fs::write(file, "[{\"at\": \"now\"}]").unwrap();
    sops(&world).env("AWS_AUTH_MFA_TOKEN", &code).run().assert_stderr(&refused(&world));
}

#[test]
fn a_code_that_went_out_without_an_answer_is_spent() {
    let world = World::seeded();
    let code = world.fresh_code();
    world.sts.fault("GetSessionToken", crate::world::Fault::CloseAfterActing, 1);
    let output = sops(&world).env("AWS_AUTH_MFA_TOKEN", &code).run();
    output.assert_status(125).assert_stderr_contains("aws-auth: ");
    assert_eq!(world.sts.count("GetSessionToken"), 1, "a call that carried a code is not repeated");
    let output = sops(&world).env("AWS_AUTH_MFA_TOKEN", &code).run();
    output.assert_stderr("aws-auth: the code from AWS_AUTH_MFA_TOKEN was used already; wait for the next one\n");
}

#[test]
fn what_fails_without_a_code_fails_before_one_is_asked_for() {
    let world = World::seeded();
    let run = sops(&world).env("AWS_CA_BUNDLE", "/no/such/bundle").env("AWS_ENDPOINT_URL_STS", "https://127.0.0.1:1");
    let output = run.in_terminal().wait();
    output.assert_status(125).assert_transcript("").assert_stderr_contains("cannot read the CA bundle /no/such/bundle");
}

#[test]
fn a_code_of_the_step_before_and_after_is_good() {
    for steps in [-1, 1] {
        let world = World::seeded();
        let code = world.sts.code_of_step(seed::SERIAL, world.sts.step() + 2 * steps);
        world.sts.advance_totp_steps(steps);
        let run = at_terminal(&world, "sops");
        answer(&world, &run, "sops", &code);
        assert_eq!(masked(&run.wait().success().stderr), until("sops"));
    }
}

#[test]
fn verbose_shows_each_step_and_no_code() {
    let world = World::seeded();
    let output =
        world.aws_auth().args(["-v", "-p", "sops", "true"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run();
    output
        .success()
        .assert_stderr_contains("with a code of arn:aws:iam::398263320410:mfa/jo from AWS_AUTH_MFA_TOKEN, ");
    let output = world.aws_auth().args(["-q", "-p", "sops", "--no-cache", "true"]).in_terminal();
    answer(&world, &output, "sops", &world.fresh_code());
    output.wait().success().assert_stderr("");
    world
        .aws_auth()
        .args(["-q", "-p", "main-infrastructure", "--no-cache", "true"])
        .run()
        .assert_stderr(&no_way("main-infrastructure"));
}

#[test]
fn for_the_code_of_a_later_role_the_process_is_run_again() {
    const LATER: &str = "arn:aws:iam::111122223333:role/later";
    const ANOTHER: &str = "arn:aws:iam::398263320410:mfa/another";
    let world = World::seeded();
    let give = world.script("give", "#!/bin/sh\necho ran >> \"$HOME/runs\"; cat \"$HOME/code\"");
    world.append_config(&format!(
        "[profile long]\nsource_profile = default\nrole_arn = {}\nmfa_serial = {}\nduration_seconds = 7200\n\
         [profile later]\nsource_profile = long\nrole_arn = {LATER}\nmfa_serial = {ANOTHER}\nmfa_process = {}\n",
        OPEN,
        seed::SERIAL,
        give.display()
    ));
    world.sts.add_role(Role::new(OPEN).max_session(7200));
    world.write("code", world.fresh_code());
    // STS refuses the second one, as the session of a role has no MFA device.
    world.run(["-p", "later", "true"]).assert_status(125);
    assert_eq!(world.read("runs"), "ran\nran\n");
    assert_eq!(world.sts.last("AssumeRole").param("SerialNumber"), ANOTHER);
}
