//! The prompt for an MFA code: its words are those of the README, it uses only the terminal, and it restores its
//! settings.

use crate::faults::skipped;
use crate::kit::{AGAIN, answer, assert_said, at_terminal, holder_and_waiter, no_way, until, wrong};
use crate::world::{Running, SHELL_PROMPT, Status, World, seed};
use rustix::process::Signal;

#[test]
fn it_is_on_the_terminal_alone_hidden_and_worded_exactly() {
    let world = World::seeded();
    let run = world.aws_auth().profile("sops").args(["cat"]).stdin("in").in_terminal();
    let prompt = format!("MFA code for sops (arn:aws:iam::398263320410:mfa/jo) at {}: ", world.sts.endpoint());
    run.expect(&prompt);
    let now = run.attributes();
    assert!(!now.echo && now.canonical && now.signals, "{now:?}");
    let code = world.fresh_code();
    run.send_line(&format!(" {} {} ", &code[..3], &code[3..]));
    let output = run.wait();
    output.success().assert_stdout("in").assert_transcript(&format!("{prompt}\r\n")).assert_terminal_restored();
    assert_said(&output, &until("sops"));
    assert_eq!(world.sts.last("GetSessionToken").param("TokenCode"), code);
}

#[test]
fn at_awss_own_endpoint_none_is_named() {
    let world = World::seeded();
    let run = world.aws_auth().profile("sops").arg("true").env_remove("AWS_ENDPOINT_URL_STS").in_terminal();
    run.expect("MFA code for sops (arn:aws:iam::398263320410:mfa/jo): ");
    run.ctrl_c();
    run.wait().assert_signal(Signal::INT).assert_stderr("");
}

#[test]
fn what_is_not_six_digits_is_asked_again_without_a_call() {
    let world = World::seeded();
    let run = at_terminal(&world, "sops");
    let junk = ["", "12345", "1234567", "abcdef", "12345x", "\u{661}23456"];
    for line in junk {
        answer(&world, &run, "sops", line);
    }
    answer(&world, &run, "sops", &world.fresh_code());
    let output = run.wait();
    output.success().assert_terminal_restored();
    let prompt = world.prompt("sops");
    let again = format!("{prompt}\r\naws-auth: an MFA code is six digits\r\n").repeat(junk.len());
    output.assert_transcript(&format!("{again}{prompt}\r\n"));
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole"]);
}

#[test]
fn what_was_typed_before_the_prompt_is_no_answer() {
    let world = World::seeded();
    let (holder, run) = holder_and_waiter(&world);
    let typed = world.wrong_code();
    run.send_line(&typed);
    // The terminal shows it, so the line is there for whoever reads next.
    run.expect(&format!("{typed}\r\n"));
    holder.signal(Signal::KILL);
    answer(&world, &run, "sops", &world.fresh_code());
    run.wait().success();
    assert!(!world.sts.sent_codes().contains(&typed));
    assert_eq!(world.sts.count("GetSessionToken"), 1);
}

#[test]
fn a_refused_code_is_asked_again() {
    let world = World::seeded();
    let run = at_terminal(&world, "sops");
    answer(&world, &run, "sops", &world.wrong_code());
    answer(&world, &run, "sops", &world.wrong_code());
    answer(&world, &run, "sops", &world.fresh_code());
    let output = run.wait();
    let prompt = world.prompt("sops");
    output.success().assert_stdout("sops\n").assert_terminal_restored();
    output.assert_transcript(&format!("{prompt}\r\n{AGAIN}{prompt}\r\n{AGAIN}{prompt}\r\n"));
    assert_said(&output, &until("sops"));
    assert_eq!(world.sts.count("GetSessionToken"), 3);
}

#[test]
fn three_refused_codes_are_the_end() {
    let world = World::seeded();
    let run = at_terminal(&world, "sops");
    for _ in 0..3 {
        answer(&world, &run, "sops", &world.wrong_code());
    }
    let output = run.wait();
    output.assert_status(125).assert_stdout("").assert_terminal_restored();
    assert_said(
        &output,
        &format!(
            "aws-auth: STS refused three MFA codes: {}; check that the device is the one with this serial number, and \
             that its clock is right\n",
            wrong(&world, "sops")
        ),
    );
    assert_eq!(world.sts.count("GetSessionToken"), 3);
}

#[test]
fn each_end_leaves_the_terminal_as_it_was_and_looks_like_what_it_is() {
    type End = fn(&Running<'_>);
    let ends: [(End, Signal); 10] = [
        (|run| run.ctrl_c(), Signal::INT),
        (|run| run.ctrl_backslash(), Signal::QUIT),
        (|run| run.signal(Signal::TERM), Signal::TERM),
        (|run| run.signal(Signal::HUP), Signal::HUP),
        (|run| run.signal(Signal::ALARM), Signal::ALARM),
        (|run| run.signal(Signal::USR1), Signal::USR1),
        (|run| run.signal(Signal::USR2), Signal::USR2),
        (|run| run.signal(Signal::VTALARM), Signal::VTALARM),
        (|run| run.signal(Signal::PROF), Signal::PROF),
        (|run| run.signal(Signal::XCPU), Signal::XCPU),
    ];
    for (end, signal) in ends {
        let world = World::seeded();
        let run = at_terminal(&world, "sops");
        run.expect(&world.prompt("sops"));
        run.send("12");
        end(&run);
        let output = run.wait();
        output.assert_signal(signal).assert_stdout("").assert_stderr("").assert_terminal_restored();
        output.assert_transcript(&format!("{}\r\n", world.prompt("sops")));
        assert_eq!(world.sts.connections(), 0);
    }
}

#[test]
fn a_signal_between_the_answer_and_the_end_of_the_prompt_is_not_lost() {
    const TEST: &str = "a_signal_between_the_answer_and_the_end_of_the_prompt_is_not_lost";
    for signal in [Signal::TERM, Signal::INT, Signal::USR1] {
        let world = World::seeded();
        if !crate::lock::strace(&world, TEST) {
            return;
        }
        // The line end that follows the answer is written late; strace is no parent, so the signal is the program's.
        let late = ["strace", "-D", "-o", "/dev/null", "-P", "/dev/tty", "-e", "inject=write:delay_exit=500000"];
        let run = world.aws_auth().profile("sops").arg("true").through(late).in_terminal();
        run.expect(&world.prompt("sops"));
        run.send_line(&world.fresh_code());
        run.expect("\r\n");
        run.signal(signal);
        let output = run.wait();
        output.assert_signal(signal).assert_stdout("").assert_stderr("").assert_terminal_restored();
        assert_eq!(world.sts.connections(), 0);
    }
}

#[test]
fn a_limit_on_files_does_not_end_the_prompt() {
    let world = World::seeded();
    let run = at_terminal(&world, "sops");
    run.expect(&world.prompt("sops"));
    run.signal(Signal::XFSZ);
    run.send_line(&world.fresh_code());
    run.wait().success().assert_terminal_restored();
}

#[test]
fn a_closed_window_ends_it_by_its_signal() {
    let world = World::seeded();
    let mut run = at_terminal(&world, "sops");
    run.expect(&world.prompt("sops"));
    run.hang_up();
    let output = run.wait();
    assert_eq!(output.status, Status::Signal(Signal::HUP.as_raw()), "{}", output.report());
    output.assert_stderr("");
}

#[test]
fn the_end_of_input_is_no_code() {
    let world = World::seeded();
    for typed in ["", "123"] {
        let run = at_terminal(&world, "sops");
        run.expect(&world.prompt("sops"));
        run.send(typed);
        // After some text, the first Ctrl-D only passes the text to the program.
        for _ in 0..=typed.len().min(1) {
            run.ctrl_d();
        }
        let output = run.wait();
        output.assert_status(125).assert_stdout("").assert_stderr("aws-auth: no MFA code was given\n");
        output.assert_terminal_restored();
    }
    assert_eq!(world.sts.connections(), 0);
}

#[test]
fn stopped_it_gives_the_terminal_back_and_asks_again_in_the_foreground() {
    let world = World::seeded();
    // Unlike bash, sh does not change the settings that a stopped program leaves.
    let shell = shell(&world, "sh");
    let before = shell.attributes();
    shell.send_line("AWS_PROFILE=sops aws-auth echo r''an");
    shell.expect(&world.prompt("sops"));
    assert!(!shell.attributes().echo);
    shell.ctrl_z();
    shell.expect(SHELL_PROMPT);
    assert_eq!(shell.attributes(), before);
    shell.send_line("fg");
    shell.expect(&world.prompt("sops"));
    assert!(!shell.attributes().echo);
    shell.send_line(&world.fresh_code());
    shell.expect("ran\r\n");
    shell.expect(SHELL_PROMPT);
    assert_eq!(shell.attributes(), before);
    shell.send_line("exit");
    shell.wait().success();
}

#[test]
fn started_in_the_background_it_stops_and_asks_in_the_foreground() {
    let world = World::seeded();
    let shell = world.shell_in_terminal();
    shell.send_line("AWS_PROFILE=sops aws-auth echo r''an &");
    await_stop(&shell);
    assert!(!shell.transcript().contains("MFA code for"), "{}", shell.transcript());
    shell.send_line("fg");
    shell.expect(&world.prompt("sops"));
    shell.ctrl_z();
    shell.expect("Stopped");
    shell.expect(SHELL_PROMPT);
    shell.send_line("bg");
    await_stop(&shell);
    shell.send_line("fg");
    shell.expect(&world.prompt("sops"));
    shell.send_line(&world.fresh_code());
    shell.expect("ran\r\n");
    shell.expect(SHELL_PROMPT);
    shell.send_line("exit");
    shell.wait().success();
}

#[test]
fn a_stopped_prompt_can_be_killed() {
    let world = World::seeded();
    let shell = world.shell_in_terminal();
    shell.send_line("AWS_PROFILE=sops aws-auth true");
    shell.expect(&world.prompt("sops"));
    shell.ctrl_z();
    shell.expect("Stopped");
    shell.expect(SHELL_PROMPT);
    shell.send_line("kill %1; while [ -n \"$(jobs -s)\" ]; do :; done; wait %1; echo sta''tus $?");
    shell.expect("status 143\r\n");
    shell.send_line("exit");
    shell.wait();
}

#[test]
fn stopped_by_force_it_asks_again() {
    let world = World::seeded();
    let run = at_terminal(&world, "sops");
    run.expect(&world.prompt("sops"));
    run.signal(Signal::STOP);
    run.signal(Signal::CONT);
    answer(&world, &run, "sops", &world.fresh_code());
    run.wait().success().assert_terminal_restored();
}

#[test]
fn ctrl_z_where_nobody_could_wake_it_only_asks_again() {
    let world = World::seeded();
    let run = at_terminal(&world, "sops");
    run.expect(&world.prompt("sops"));
    run.ctrl_z();
    answer(&world, &run, "sops", &world.fresh_code());
    run.wait().success().assert_terminal_restored();
}

#[test]
fn signals_that_were_ignored_stay_ignored_and_the_others_do_not() {
    let world = World::seeded();
    let deaf = ["sh", "-c", "trap '' HUP INT TSTP; exec \"$@\"", "sh"];
    let command = ["sh", "-c", "kill -HUP $$; kill -INT $$; kill -TSTP $$; echo deaf; kill -TERM $$"];
    let run = world.aws_auth().profile("sops").args(command).through(deaf).in_terminal();
    run.expect(&world.prompt("sops"));
    run.signal(Signal::HUP);
    run.ctrl_c();
    run.ctrl_z();
    // Such a key discards the text before it, so the code is typed afterwards.
    run.send_line(&world.fresh_code());
    let output = run.wait();
    output.assert_signal(Signal::TERM).assert_stdout("deaf\n").assert_terminal_restored();
}

#[test]
fn the_command_finds_sigpipe_as_its_caller_left_it() {
    let world = World::seeded();
    for (through, expected) in [("exec \"$@\"", Status::Signal(13)), ("trap '' PIPE; exec \"$@\"", Status::Code(0))] {
        let world = &world;
        let run = world
            .aws_auth()
            .args(["-p", "sops", "--no-cache", "sh", "-c", "kill -PIPE $$"])
            .through(["sh", "-c", through, "sh"])
            .in_terminal();
        answer(world, &run, "sops", &world.fresh_code());
        assert_eq!(run.wait().status, expected);
    }
}

#[test]
fn without_a_terminal_it_is_an_error_at_once_with_three_ways_out() {
    let world = World::seeded();
    let output = world.aws_auth().profile("sops").arg("true").stdin("123456\n").run();
    output.assert_status(125).assert_stdout("").assert_stderr(&no_way("sops"));
    assert_eq!(world.sts.connections(), 0);
}

#[test]
fn the_advice_can_be_pasted_whatever_the_profiles_name() {
    let world = World::seeded();
    world.append_config(&format!(
        "[profile \"jo's own\"]\nsource_profile = default\nmfa_serial = {}\nrole_arn = arn:aws:iam::398263320410:role/infrastructure\n",
        seed::SERIAL
    ));
    let output = world.aws_auth().profile("jo's own").arg("true").run();
    output
        .assert_status(125)
        .assert_stderr_contains("; run 'aws-auth -p 'jo'\\''s own' --login' in a terminal first, or");
}

#[test]
fn streams_go_through_untouched_while_it_asks() {
    let world = World::seeded();
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let run = world.aws_auth().profile("sops").arg("cat").stdin(bytes.clone()).in_terminal();
    answer(&world, &run, "sops", &world.fresh_code());
    let output = run.wait();
    output.success();
    assert!(output.stdout == bytes, "{} bytes came out", output.stdout.len());
}

/// An interactive shell other than the world's bash.
fn shell<'w>(world: &'w World, program: &str) -> Running<'w> {
    let path = std::path::Path::new(crate::world::AWS_AUTH).parent().unwrap().to_owned();
    let path = format!("{}:{}", path.display(), std::env::var("PATH").unwrap());
    let shell = world
        .command(program)
        .arg("-i")
        .env("PATH", path)
        .env("PS1", SHELL_PROMPT)
        .env("HISTFILE", "/dev/null")
        .stdout_on_terminal()
        .stderr_on_terminal()
        .in_terminal();
    shell.expect(SHELL_PROMPT);
    shell
}

/// Waits until the shell's job is stopped.
fn await_stop(shell: &Running<'_>) {
    shell.send_line("until [ -n \"$(jobs -s)\" ]; do :; done; echo it st''ands");
    shell.expect("it stands\r\n");
    shell.expect(SHELL_PROMPT);
}

#[test]
fn a_terminal_that_cannot_be_opened_for_too_many_files_is_not_called_missing() {
    let world = World::seeded();
    // The lock and the network open files before the terminal is opened. With the lowest limit that is enough for them,
    // none is left for the terminal.
    for limit in 4..20 {
        let script = format!("ulimit -n {limit}; exec \"$@\"");
        let output = world.aws_auth().through(["sh", "-c", &script, "sh"]).args(["-p", "sops", "true"]);
        let output = output.in_terminal().wait();
        output.assert_status(125);
        let stderr = output.stderr.replace("No file descriptors available", "Too many open files"); // musl's words
        if stderr != "aws-auth: cannot start the network (Too many open files)\n" {
            let words = "aws-auth: cannot ask for an MFA code on the terminal (Too many open files): raise the limit of \
                         open files (ulimit -n), or set AWS_AUTH_MFA_TOKEN\n";
            assert!(stderr.ends_with(words), "{}", output.report());
            return;
        }
    }
    panic!("20 files are not enough for the network");
}

#[test]
fn a_session_that_began_outside_the_process_id_namespace_does_not_matter() {
    let world = World::seeded();
    let unshare = |more: &'static [&'static str]| [&["unshare", "--pid", "--fork"], more].concat();
    let can_run =
        |words: &Vec<&str>| world.command(words[0]).args(&words[1..]).arg("true").run().status == Status::Code(0);
    let Some(through) = [unshare(&[]), unshare(&["--user", "--map-root-user"])].into_iter().find(can_run) else {
        return skipped("a_session_that_began_outside_the_process_id_namespace_does_not_matter", "no namespaces");
    };
    let inside = world.aws_auth().profile("sops").args(["echo", "ran"]).through(through).in_terminal();
    answer(&world, &inside, "sops", &world.fresh_code());
    inside.wait().success().assert_stdout("ran\n");
}
