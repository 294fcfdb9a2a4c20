//! The rules for every helper program (credential_process, mfa_process): how it ends, what it inherits, and that
//! helpers which need each other do not run forever.

use crate::faults::{is_root, skipped, unprivileged_as};
use crate::kit::Alive;
use crate::world::{AWS_AUTH, Invocation, Running, SHELL_PROMPT, World, seed};
use rustix::process::Signal;
use serde_json::json;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Instant;

/// The kind of a helper program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Credentials,
    Code,
}

const KINDS: [Kind; 2] = [Kind::Credentials, Kind::Code];

/// A world whose profile `p` has this script as its helper. `~/answer` holds an answer for the script to print.
fn world(kind: Kind, script: &str) -> World {
    let world = World::seeded();
    let shell = if script.starts_with("#!") { "" } else { "#!/bin/sh\n" };
    let program = world.script("bin/helper", &format!("{shell}{script}\n"));
    configure(&world, kind, &program.display().to_string());
    match kind {
        Kind::Credentials => {
            let (id, secret) = (&world.user.access_key_id, &world.user.secret_access_key);
            let answer = json!({"Version": 1, "AccessKeyId": id, "SecretAccessKey": secret});
            world.write("answer", format!("{answer}\n"));
        }
        Kind::Code => {
            world.write("answer", format!("{}\n", world.fresh_code()));
        }
    }
    world
}

fn configure(world: &World, kind: Kind, command: &str) {
    world.append_config(&match kind {
        Kind::Credentials => format!("[profile p]\ncredential_process = {command}\n"),
        Kind::Code => format!(
            "[profile p]\nsource_profile = default\nmfa_serial = {}\nrole_arn = {}\nmfa_process = {command}\n",
            seed::SERIAL,
            seed::ROLES[0].1
        ),
    });
}

fn run<'w>(world: &'w World, command: &[&str]) -> Invocation<'w> {
    world.aws_auth().args(["-p", "p"]).args(command)
}

#[test]
fn what_a_helper_leaves_behind_is_not_waited_for() {
    for kind in KINDS {
        // The process that stays keeps the output open.
        let world = world(kind, "(exec sleep 20 2> /dev/null) & cat \"$HOME/answer\"");
        let before = Instant::now();
        run(&world, &["true"]).run().success();
        assert!(before.elapsed().as_secs() < 15, "{kind:?}");
    }
}

#[test]
fn our_own_end_takes_a_helper_and_its_children_along() {
    for kind in KINDS {
        for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
            // A shell protects its background children from SIGINT.
            let world = world(kind, "exec 9> \"$HOME/alive\"; sleep 1000 & echo up >&9; exec sleep 1000");
            let mut alive = Alive::new(&world);
            let running = run(&world, &["true"]).start();
            alive.wait_for_start();
            running.signal(signal);
            running.wait().assert_signal(signal);
            alive.wait_for_end();
        }
    }
}

#[test]
fn ctrl_c_ends_a_helper_that_holds_on() {
    for kind in KINDS {
        let world = world(kind, "exec 9> \"$HOME/alive\"; trap '' INT TERM; echo up >&9; while :; do sleep 1000; done");
        let mut alive = Alive::new(&world);
        let running = run(&world, &["true"]).in_terminal();
        alive.wait_for_start();
        running.ctrl_c();
        running.wait().assert_signal(Signal::INT).assert_terminal_restored();
        alive.wait_for_end();
    }
}

/// The ignored signals in this text of /proc/PID/status, without the real-time signals that the C library uses.
fn ignored(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).expect("a line SigIgn");
    u64::from_str_radix(line.trim(), 16).unwrap() & 0x7fff_ffff
}

#[test]
fn helper_and_command_find_the_signals_as_the_caller_left_them() {
    if !std::path::Path::new("/proc/self/status").exists() {
        return skipped("helper_and_command_find_the_signals_as_the_caller_left_them", "no /proc");
    }
    // Not a shell script: a shell would catch SIGCHLD, and its children would not inherit that it is ignored.
    let status = "#!/usr/bin/awk -f
        BEGIN {
            while ((getline line < \"/proc/self/status\") > 0) print line > (ENVIRON[\"HOME\"] \"/status\")
            getline answer < (ENVIRON[\"HOME\"] \"/answer\")
            print answer
        }";
    for kind in KINDS {
        for (words, signals) in [
            (&["env"][..], &[][..]),
            (&["env", "--ignore-signal=CHLD"], &[libc::SIGCHLD]),
            (&["env", "--ignore-signal=PIPE", "--ignore-signal=XFSZ"], &[libc::SIGPIPE, libc::SIGXFSZ]),
            (&["env", "--block-signal=CHLD"], &[]),
        ] {
            let world = world(kind, status);
            let before = Instant::now();
            let output = run(&world, &["grep", "SigIgn", "/proc/self/status"]).through(words).run();
            output.success();
            assert!(before.elapsed().as_secs() < 15, "{kind:?} {words:?}");
            let expected = signals.iter().fold(0, |bits, signal| bits | 1 << (signal - 1));
            assert_eq!(ignored(&world.read("status")), expected, "the helper, {kind:?} {words:?}");
            assert_eq!(ignored(&output.stdout_text()), expected, "the command, {kind:?} {words:?}");
        }
    }
}

#[test]
fn a_helper_that_fails_where_children_are_not_waited_for_is_told_by_its_status() {
    let deaf = ["env", "--ignore-signal=CHLD"];
    let world = world(Kind::Code, "exit 3");
    let output = run(&world, &["true"]).through(deaf).run();
    output.assert_status(125).assert_stderr_contains("helper' failed (exit status: 3): ");
    let world = self::world(Kind::Credentials, "exit 3");
    let output = run(&world, &["true"]).through(deaf).run();
    output.assert_status(125).assert_stderr_contains("helper' failed (exit status 3) and printed no error message");
}

#[allow(unsafe_code)] // pre_exec: one async-signal-safe call
fn two_processes_alone(command: &mut Command) {
    let limit = rustix::process::Rlimit { current: Some(2), maximum: Some(2) };
    // SAFETY: one async-signal-safe system call between fork and exec.
    unsafe { command.pre_exec(move || Ok(rustix::process::setrlimit(rustix::process::Resource::Nproc, limit)?)) };
}

#[test]
fn a_helper_runs_where_no_thread_can_be_started() {
    const TEST: &str = "a_helper_runs_where_no_thread_can_be_started";
    if !is_root() {
        return skipped(TEST, "needs root, to be a user without other processes");
    }
    for (kind, user) in KINDS.into_iter().zip([54401, 54402]) {
        let world = world(kind, "read -r answer < \"$HOME/answer\"; echo \"$answer\"");
        let Some(words) = unprivileged_as(user, &world, TEST) else { return };
        run(&world, &["echo", "ran"])
            .through(&words)
            .prepare(two_processes_alone)
            .run()
            .success()
            .assert_stdout("ran\n");
    }
}

#[test]
fn what_an_mfa_process_says_is_read_at_once_and_its_flood_is_ended() {
    let world = world(Kind::Code, "echo touch your key >&2; read -r go < \"$HOME/go\"; cat \"$HOME/answer\"");
    world.fifo("go");
    let running = run(&world, &["true"]).start();
    running.expect_stderr("touch your key\n");
    world.write("go", "now\n");
    running.wait().success();
    let world = self::world(Kind::Code, "exec yes 123456");
    let output = run(&world, &["true"]).run();
    output.assert_status(125).assert_stderr_contains("helper' printed something other than six digits; ");
}

#[test]
fn an_mfa_process_that_needs_its_own_code_is_a_circle() {
    for (ours, theirs, circle) in [("p", "p", "p -> p"), ("p", "q", "p -> q -> p")] {
        let world = World::seeded();
        configure(&world, Kind::Code, &format!("{AWS_AUTH} -p {theirs} true"));
        let other = crate::world::User::new(seed::ACCOUNT, "kim").with_mfa("kim");
        world.append_config(&format!(
            "[profile q]\nsource_profile = default\nmfa_serial = {}\nrole_arn = {}\nmfa_process = {AWS_AUTH} -p {ours} true\n",
            other.mfa[0].serial,
            seed::ROLES[1].1
        ));
        let before = Instant::now();
        let output = run(&world, &["true"]).run();
        output.assert_status(125);
        let words = format!(
            "mfa_process goes in a circle: {circle}; the command must not need an MFA code for the \
             profile that it gives codes for\n"
        );
        assert!(output.stderr.contains(&words), "{words}{}", output.report());
        assert!(before.elapsed().as_secs() < 15);
        assert_eq!(world.sts.connections(), 0);
    }
}

#[test]
fn an_mfa_process_that_waits_for_the_code_of_its_own_device_is_told() {
    let world = World::seeded();
    let emptied = format!("env -i HOME={} PATH=/usr/bin:/bin {AWS_AUTH} -p sops true", world.home().display());
    for command in [format!("{AWS_AUTH} -p sops true"), emptied] {
        if command.starts_with("env") && !cfg!(target_os = "linux") {
            continue;
        }
        let before = Instant::now();
        let output = world.aws_auth().args(["-p", "main-infrastructure", "--mfa-process", &command, "true"]).run();
        output.assert_status(125).assert_stderr_contains(
            "waits for this one, which needs what that one is getting; a credential_process or mfa_process must not need \
             what it is run for\n",
        );
        assert!(before.elapsed().as_secs() < 15);
    }
}

#[test]
fn a_circle_that_hides_in_an_empty_environment_ends() {
    if !cfg!(target_os = "linux") {
        return skipped("a_circle_that_hides_in_an_empty_environment_ends", "no /proc");
    }
    for kind in KINDS {
        let command = |world: &World| {
            format!(
                "sh -c 'echo run >> {home}/runs; exec env -i HOME={home} PATH=/usr/bin:/bin {AWS_AUTH} --no-cache -p p true'",
                home = world.home().display()
            )
        };
        let world = World::seeded();
        configure(&world, kind, &command(&world));
        let output = world.aws_auth().args(["--no-cache", "-p", "p", "true"]).run();
        output.assert_status(125);
        let words = "profile 'p': 8 aws-auth processes wait for this one";
        // The stderr of a credential_process is shortened at each level.
        assert!(kind == Kind::Credentials || output.stderr.contains(words), "{}", output.report());
        assert_eq!(world.read("runs").lines().count(), 8, "{kind:?}");
    }
}

/// A world whose mfa_process says that it is up, and gives its code when it is told to go on.
fn world_with_waiting_process() -> World {
    let world = world(Kind::Code, "echo up > \"$HOME/up\"; read -r go < \"$HOME/go\"; cat \"$HOME/answer\"");
    world.fifo("go");
    world.fifo("up");
    world
}

/// A shell in which aws-auth waits for that process.
fn shell_at_waiting_process(world: &World) -> Running<'_> {
    let shell = world.shell_in_terminal();
    shell.send_line("aws-auth -p p echo r''an");
    world.read("up");
    shell
}

/// Continues the stopped job, which must run its command, and leaves the shell.
fn continue_and_exit(world: &World, shell: Running<'_>) {
    shell.send_line("fg");
    world.write("go", "now\n");
    shell.expect("ran\r\n");
    shell.expect(SHELL_PROMPT);
    shell.send_line("exit");
    shell.wait().success();
}

#[test]
fn a_stopped_mfa_process_lets_go_of_the_lock_and_uses_what_others_got() {
    let world = world_with_waiting_process();
    let shell = shell_at_waiting_process(&world);
    let other = crate::kit::at_terminal(&world, "sops");
    other.expect_stderr("waiting for the MFA prompt of process ");
    shell.ctrl_z();
    shell.expect("Stopped");
    shell.expect(SHELL_PROMPT);
    crate::kit::answer(&world, &other, "sops", &world.fresh_code());
    other.wait().success();
    continue_and_exit(&world, shell);
    assert_eq!(world.sts.count("GetSessionToken"), 1);
}

#[test]
fn a_stopped_mfa_process_goes_on_where_no_other_process_took_its_turn() {
    let world = world_with_waiting_process();
    let shell = shell_at_waiting_process(&world);
    shell.ctrl_z();
    shell.expect("Stopped");
    shell.expect(SHELL_PROMPT);
    continue_and_exit(&world, shell);
    assert_eq!(world.sts.sent_codes().len(), 1, "the code of the process was used");
}
