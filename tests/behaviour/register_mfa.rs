//! `--register-mfa`: making the user's virtual MFA device.

use crate::world::{Fault, Running, User, World, seed};

/// A world whose user has keys and no device, and whose profiles have placeholders.
fn world() -> World {
    let mut world = World::new();
    let endpoint = world.sts.endpoint();
    world.set_env("AWS_ENDPOINT_URL_IAM", endpoint);
    world.set_env("TERM", "xterm-256color");
    world.sts.add_user(User { mfa: Vec::new(), ..world.user.clone() });
    world.credentials(&seed::credentials_file(&world.user));
    world.config(&seed::config_file().replace("mfa/jo", "mfa/<IAM username>"));
    world
}

/// Starts it at a terminal.
fn start<'w>(world: &'w World, args: &[&str]) -> Running<'w> {
    world.aws_auth().args(args).secrets_may_show().in_terminal()
}

/// Waits for the questions and answers them with the codes of two steps.
fn answer(world: &World, run: &Running<'_>, serial: &str, steps: [i64; 2]) {
    run.expect("MFA code of the new device: ");
    let codes = steps.map(|step| world.sts.code_of_step(serial, world.sts.step() + step));
    run.send_line(&codes[0]);
    run.expect("the next MFA code, once the app shows another: ");
    run.send_line(&codes[1]);
}

#[test]
fn a_device_is_made_shown_enabled_and_written_where_placeholders_stand() {
    let world = world();
    let run = start(&world, &["--register-mfa"]);
    run.expect("Scan this");
    answer(&world, &run, seed::SERIAL, [-1, 0]);
    let output = run.wait();
    output.success().assert_terminal_restored();
    assert_eq!(world.sts.devices_of(&world.user), [seed::SERIAL]);
    assert_eq!(world.read(".aws/config"), seed::config_file());
    output.assert_stderr_contains(&format!("aws-auth: user jo has the MFA device {} now\n", seed::SERIAL));
    // It is shown before it is written.
    output.assert_stderr_contains("+mfa_serial = arn:aws:iam::398263320410:mfa/jo\n");
    // The secret is on the terminal, in letters too, and nowhere else.
    let seed = world.sts.seed_of(seed::SERIAL);
    let groups: Vec<&str> = (0..16).map(|at| &seed[at * 4..at * 4 + 4]).collect();
    assert!(output.transcript().contains(&groups.join(" ")), "{}", output.report());
    assert!(!output.stderr.contains(&seed), "{}", output.report());
    assert_eq!(output.stdout_text(), "");
    for (path, _) in world.snapshot().iter().filter(|(_, about)| about.contains(" file ")) {
        let text = String::from_utf8_lossy(&std::fs::read(world.path(path)).unwrap()).into_owned();
        assert!(!text.contains(&seed) && !text.contains(&groups.join(" ")), "{path}");
    }
    // The device works, and none of its two codes is sent again.
    let used = world.sts.code_of_step(seed::SERIAL, world.sts.step());
    let again = world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_TOKEN", &used).run();
    again.assert_status(125).assert_stderr_contains("was used already");
    let code = world.fresh_code();
    world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_TOKEN", code).run().success();
}

#[test]
fn codes_that_are_not_consecutive_are_asked_for_again() {
    let world = world();
    let run = start(&world, &["--register-mfa"]);
    answer(&world, &run, seed::SERIAL, [0, 2]);
    run.expect("IAM refused these codes; type two that the app shows one after the other");
    run.expect("MFA code of the new device: ");
    run.send_line("12345");
    run.expect("an MFA code is six digits");
    run.expect("MFA code of the new device: ");
    let first = world.sts.code_of_step(seed::SERIAL, world.sts.step() - 1);
    run.send_line(&first);
    run.expect("the next MFA code, once the app shows another: ");
    run.send_line(&first);
    run.expect("that is the same code; wait for the next one");
    run.expect("the next MFA code, once the app shows another: ");
    run.ctrl_d();
    let output = run.wait();
    output.assert_status(125).assert_stderr_contains("no MFA code was given; the device was deleted again");
    assert_eq!((world.sts.free_devices(), world.sts.count("EnableMFADevice")), (vec![], 1));
}

#[test]
fn three_refused_pairs_end_it() {
    let world = world();
    let run = start(&world, &["--register-mfa"]);
    for at in 0..3 {
        answer(&world, &run, seed::SERIAL, [20 + 2 * at, 40 + at]);
    }
    let output = run.wait();
    output.assert_status(125).assert_stderr_contains("says InvalidAuthenticationCode to EnableMFADevice");
    output.assert_stderr_contains("the device was deleted again");
    assert_eq!(world.read(".aws/config"), seed::config_file().replace("mfa/jo", "mfa/<IAM username>"));
}

#[test]
fn ctrl_c_deletes_the_device_and_ends_by_the_signal() {
    let world = world();
    let run = start(&world, &["--register-mfa"]);
    run.expect("MFA code of the new device: ");
    run.ctrl_c();
    let output = run.wait();
    output.assert_signal(rustix::process::Signal::INT).assert_terminal_restored();
    output.assert_stderr_contains("aws-auth: no MFA code was given; the device was deleted again\n");
    assert_eq!(world.sts.free_devices(), Vec::<String>::new());
}

#[test]
fn a_device_that_may_not_be_deleted_is_said_and_the_next_try_takes_another_name() {
    let world = world();
    world.sts.iam_wants_mfa();
    let run = start(&world, &["--register-mfa"]);
    run.expect("MFA code of the new device: ");
    run.ctrl_d();
    run.wait().assert_status(125).assert_stderr_contains(
        "the device arn:aws:iam::398263320410:mfa/jo is left unused, for it cannot be deleted (IAM at ",
    );
    let run = start(&world, &["--register-mfa"]);
    let serial = "arn:aws:iam::398263320410:mfa/jo-2";
    run.expect_stderr("there is a device arn:aws:iam::398263320410:mfa/jo already; another name is tried");
    run.expect("MFA code of the new device: ");
    run.send_line(&world.sts.code_of_step(serial, world.sts.step() - 1));
    run.expect("the next MFA code, once the app shows another: ");
    run.send_line(&world.sts.code_of_step(serial, world.sts.step()));
    run.wait().success();
    assert_eq!(world.read(".aws/config"), seed::config_file().replace("mfa/jo", "mfa/jo-2"));
    // A name that was asked for is not changed.
    let run = start(&world, &["--register-mfa=jo"]);
    run.wait().assert_status(125).assert_stderr_contains("says EntityAlreadyExists to CreateVirtualMFADevice");
}

#[test]
fn a_lost_answer_to_the_last_call_is_found_out() {
    let world = world();
    world.sts.fault("EnableMFADevice", Fault::CloseAfterActing, 1);
    let run = start(&world, &["--register-mfa"]);
    answer(&world, &run, seed::SERIAL, [-1, 0]);
    run.wait().success();
    assert_eq!(world.sts.count("EnableMFADevice"), 1);
}

#[test]
fn refused_calls_say_what_is_missing() {
    let world = world();
    world.sts.iam_denies(&["CreateVirtualMFADevice"]);
    let run = start(&world, &["--register-mfa"]);
    run.wait().assert_status(125).assert_stderr_contains("a policy must allow iam:CreateVirtualMFADevice to this user");
    world.sts.iam_denies(&["EnableMFADevice"]);
    let run = start(&world, &["--register-mfa"]);
    answer(&world, &run, seed::SERIAL, [-1, 0]);
    let output = run.wait();
    output.assert_status(125).assert_stderr_contains("a policy must allow iam:EnableMFADevice to this user");
    output.assert_stderr_contains("the device was deleted again");
}

#[test]
fn a_narrow_or_dumb_terminal_gets_the_link_and_the_letters() {
    let world = world();
    for (columns, term) in [(40, "xterm-256color"), (80, "dumb")] {
        let terminal = crate::world::Terminal::open();
        terminal.set_columns(columns);
        let run = world.aws_auth().arg("--register-mfa").env("TERM", term).terminal(terminal).secrets_may_show();
        let run = run.in_terminal();
        run.expect("MFA code of the new device: ");
        run.ctrl_d();
        let output = run.wait();
        assert!(output.transcript().contains("otpauth://totp/AWS:jo@398263320410?secret="), "{}", output.report());
        assert!(!output.transcript().contains('▀') && !output.transcript().contains("Scan"), "{}", output.report());
    }
}

#[test]
fn a_profile_without_a_serial_is_asked_about() {
    for (answer_is_yes, expected) in [(true, "[default]\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\n"), (false, "")]
    {
        let world = world();
        world.config("");
        let run = start(&world, &["--register-mfa"]);
        answer(&world, &run, seed::SERIAL, [-1, 0]);
        run.expect("aws-auth: write mfa_serial = arn:aws:iam::398263320410:mfa/jo into profile 'default'? [y/N] ");
        run.send_line(if answer_is_yes { "y" } else { "" });
        run.wait().success();
        assert_eq!(world.read(".aws/config"), expected);
    }
}

#[test]
fn another_device_is_replaced_only_after_yes() {
    let world = world();
    world.config(&seed::config_file().replace("mfa/jo", "mfa/old"));
    let run = start(&world, &["--register-mfa"]);
    answer(&world, &run, seed::SERIAL, [-1, 0]);
    run.expect("aws-auth: replace the other MFA device of profiles 'sops', ");
    run.expect("[y/N] ");
    run.send_line("yes");
    run.wait().success();
    assert_eq!(world.read(".aws/config"), seed::config_file());
}

#[test]
fn a_dry_run_makes_nothing_and_shows_the_changes() {
    let world = world();
    let before = world.snapshot();
    let output = world.aws_auth().args(["--register-mfa", "--dry-run"]).run();
    output.success();
    let text = output.stdout_text();
    assert!(text.starts_with("make the MFA device arn:aws:iam::398263320410:mfa/jo for user jo\n--- "), "{text}");
    assert_eq!(text.matches("+mfa_serial = arn:aws:iam::398263320410:mfa/jo\n").count(), 4, "{text}");
    assert_eq!((world.sts.actions(), world.snapshot()), (vec!["GetCallerIdentity".to_owned()], before));
}

#[test]
fn without_a_terminal_or_long_term_keys_nothing_is_made() {
    let world = world();
    world.run(["--register-mfa"]).assert_status(125).assert_stderr_contains("there is no terminal to show the QR code");
    let refused = world.aws_auth().arg("--register-mfa").keys("AKIAIOSFODNN7EXAMPLE", "x", "").run();
    refused.assert_status(125).assert_stderr_contains("the keys are in the environment, where they cannot be replaced");
    world.append_config("[profile p]\ncredential_process = /bin/keys\n");
    let refused = world.run(["-p", "p", "--register-mfa"]);
    refused.assert_status(125).assert_stderr_contains("profile 'p' gets its keys from another program");
    let refused = world.run(["--register-mfa=a b", "--dry-run"]);
    refused.assert_status(125).assert_stderr_contains("'a b' cannot be the name of an MFA device");
    assert_eq!(world.sts.count("CreateVirtualMFADevice"), 0);
}
