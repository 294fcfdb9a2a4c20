//! `--each`: a command for every profile that matches, one after another or several at once.

use crate::kit::{Alive, answer, log_in, masked, no_way, role_entries};
use crate::world::screen::seen;
use crate::world::{AWS_AUTH, Invocation, Output, Role, SHELL_PROMPT, World, seed};
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

/// The four profiles of the README, in the order of the file.
const ALL: &str = "sops,*-infrastructure";

/// Profiles whose roles need no code.
const PLAIN: [&str; 3] = ["one", "two", "three"];

/// A world with the profiles of [`PLAIN`] and their cached credentials.
fn plain() -> World {
    let world = World::seeded();
    for (at, name) in PLAIN.iter().enumerate() {
        let role = format!("arn:aws:iam::11112222333{at}:role/{name}");
        world.append_config(&format!("[profile {name}]\nsource_profile = default\nrole_arn = {role}\n"));
        world.sts.add_role(Role::new(&role));
        world.run(["-p", name, "true"]).success();
    }
    world
}

/// `aws-auth --each one,two,three OPTIONS sh -c SCRIPT`
fn each<'w>(world: &'w World, options: &[&str], script: &str) -> Invocation<'w> {
    world.aws_auth().args(["--each", "one,two,three"]).args(options).args(["sh", "-c", script])
}

/// Times of the table and of JSON are replaced by `T`.
fn timeless(text: &str) -> String {
    let mut shown = String::new();
    for line in text.lines() {
        let cut = line.rfind(' ').filter(|_| line.ends_with('s') && line.contains(|c: char| c.is_ascii_digit()));
        match cut.filter(|at| line[at + 1..].starts_with(|c: char| c.is_ascii_digit())) {
            Some(at) => writeln!(shown, "{} T", line[..at].trim_end()).unwrap(),
            None => writeln!(shown, "{line}").unwrap(),
        }
    }
    shown
}

#[track_caller]
fn assert_table(output: &Output, rows: &[(&str, &str)]) {
    let stderr = timeless(&output.stderr);
    let (_, table) = stderr.split_once("PROFILE").unwrap_or_else(|| panic!("no table: {}", output.report()));
    let found: Vec<String> =
        table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let expected: Vec<String> = rows
        .iter()
        .map(|(name, status)| format!("{name} {status} {}", if *status == "not run" { "-" } else { "T" }))
        .collect();
    assert_eq!(found, expected, "{}", output.report());
}

#[test]
fn one_after_another_in_the_order_of_the_files_with_the_streams_untouched() {
    let world = plain();
    let script = "echo out $AWS_AUTH_PROFILE; echo err >&2; cat";
    let output = each(&world, &[], script).stdin("not for the commands").run();
    output.success().assert_stdout("out one\nout two\nout three\n");
    let expected = "aws-auth: one (1 of 3)\nerr\naws-auth: two (2 of 3)\nerr\naws-auth: three (3 of 3)\nerr\n\
                    PROFILE  STATUS  TIME\none      0 T\ntwo      0 T\nthree    0 T\n";
    assert_eq!(timeless(&output.stderr), expected);
    // The order is that of the files, whatever the order of the patterns.
    let output = world.run(["-q", "--each", "t*,one", "sh", "-c", "echo $AWS_AUTH_PROFILE"]);
    output.success().assert_stdout("one\ntwo\nthree\n").assert_stderr("");
}

#[test]
fn each_command_has_the_environment_that_it_would_have_alone() {
    let world = plain();
    world.append_config("[profile set]\nsource_profile = one\nrole_arn = arn:aws:iam::111122223331:role/two\nregion = eu-west-1\ns3 =\n  addressing_style = path\n[profile machine]\noutput = json\n");
    world.sts.edit_role("arn:aws:iam::111122223331:role/two", |role| {
        role.trust.unconditionally.push("arn:aws:iam::111122223330:role/one".to_owned());
    });
    let names = ["one", "two", "default", "set", "machine"];
    let alone = |name: &str| {
        let script = "env -0 | sort -z";
        let run = world.aws_auth().env("AWS_AUTH_X", "x").args(["-q", "-p", name, "sh", "-c", script]).run();
        run.env_of_child()
    };
    let expected: Vec<BTreeMap<String, String>> = names.iter().map(|name| alone(name)).collect();
    for options in [&[][..], &["-j", "3"]] {
        let script = "env -0 | sort -z > $HOME/env.${AWS_AUTH_PROFILE:-$AWS_PROFILE}";
        let run = world.aws_auth().env("AWS_AUTH_X", "x").profile("sops").args([
            "-q",
            "--each",
            "one,two,default,set,machine",
        ]);
        run.args(options).args(["sh", "-c", script]).run().success();
        for (name, expected) in names.iter().zip(&expected) {
            let found = world.read(format!("env.{name}"));
            let found: BTreeMap<String, String> = found
                .split('\0')
                .filter_map(|entry| entry.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            assert_eq!(&found, expected, "{name}");
        }
    }
}

#[test]
fn with_keep_fresh_each_command_renews_its_own() {
    let world = plain();
    let output = each(&world, &["-q", "--keep-fresh", "-j2"], "echo $AWS_PROFILE ${AWS_ACCESS_KEY_ID:-none}").run();
    let mut lines: Vec<String> = output.success().stdout_text().lines().map(String::from).collect();
    lines.sort();
    assert_eq!(lines, ["one | one none", "three | three none", "two | two none"]);
}

#[test]
fn one_prompt_before_the_first_command_and_none_from_the_cache() {
    for options in [&[][..], &["-j", "4"]] {
        let world = World::seeded();
        let command = ["sh", "-c", "echo $AWS_AUTH_PROFILE"];
        let run = world.aws_auth().args(["--each", ALL]).args(options).args(command).in_terminal();
        answer(&world, &run, "sops", &world.fresh_code());
        let output = run.wait();
        output.success().assert_transcript(&format!("{}\r\n", world.prompt("sops")));
        assert_eq!(output.stdout_text().lines().count(), 4);
        let first = masked(&output.stderr);
        assert!(first.starts_with("aws-auth: sops: role "), "{}", output.report());
        let mut actions = world.sts.actions();
        actions.sort();
        assert_eq!(actions, ["AssumeRole", "AssumeRole", "AssumeRole", "AssumeRole", "GetSessionToken"]);
        world.sts.clear_log();
        world.aws_auth().args(["--each", ALL]).args(options).args(command).run().success();
        assert_eq!(world.sts.connections(), 0);
    }
}

#[test]
fn each_device_is_asked_for_once_before_the_first_command() {
    let world = World::seeded();
    let backups = seed::populate_others(&world.sts, "arn:aws:iam::381494870249:role/instance");
    world.append_config(&seed::other_profiles());
    world.credentials(&(seed::credentials_file(&world.user) + &seed::other_credentials(&backups)));
    let run = world.aws_auth().args(["--each", "backups,sops,main-*", "sh", "-c", "echo $AWS_AUTH_PROFILE"]);
    let run = run.in_terminal();
    answer(&world, &run, "sops", &world.fresh_code());
    let prompt = format!("MFA code for backups ({}) at {}: ", seed::BACKUPS_SERIAL, world.sts.endpoint());
    run.expect(&prompt);
    run.send_line(&world.sts.fresh_code(seed::BACKUPS_SERIAL));
    let output = run.wait();
    output.success().assert_stdout("sops\nmain-infrastructure\nbackups\n");
    assert_eq!(world.sts.count("GetSessionToken"), 2);
    let heading = output.stderr.find("(1 of 3)").unwrap();
    assert!(output.stderr.find("aws-auth: backups: ").unwrap() < heading, "{}", output.report());
}

#[test]
fn whom_nobody_answers_fails_once_and_the_others_run() {
    let world = plain();
    let output = world.aws_auth().args(["--each", "sops,main-*,one", "echo", "ran"]).run();
    output.assert_status(125).assert_stdout("ran\n");
    assert_eq!(output.stderr.matches(&no_way("sops")).count(), 1, "{}", output.report());
    assert_table(&output, &[("sops", "125"), ("main-infrastructure", "125"), ("one", "0")]);
    let run = world.aws_auth().args(["--each", "sops,main-*,one", "echo", "ran"]).in_terminal();
    run.expect(&world.prompt("sops"));
    run.ctrl_d();
    let output = run.wait();
    output.assert_status(125).assert_stdout("ran\n").assert_transcript(&format!("{}\r\n", world.prompt("sops")));
    output.assert_stderr_contains("aws-auth: no MFA code was given\n");
}

#[test]
fn the_exit_status_says_whose_failure_it_is() {
    let world = plain();
    world.append_config("[profile broken]\nrole_arn = arn:aws:iam::111122223333:role/x\n");
    let output = each(&world, &[], "test $AWS_AUTH_PROFILE != two || exit 7").run();
    output.assert_status(123);
    assert_table(&output, &[("one", "0"), ("two", "7"), ("three", "0")]);
    let output = each(&world, &[], "test $AWS_AUTH_PROFILE != two || kill -KILL $$").run();
    output.assert_status(123);
    assert_table(&output, &[("one", "0"), ("two", "SIGKILL"), ("three", "0")]);
    // A command's own 125 is a failure of the command.
    each(&world, &[], "exit 125").run().assert_status(123);
    for options in [&[][..], &["-j", "2"]] {
        let run = world.aws_auth().args(["--each", "one,broken"]).args(options).args(["sh", "-c", "exit 7"]).run();
        run.assert_status(125).assert_stderr_contains("source_profile");
        assert_table(&run, &[("one", "7"), ("broken", "125")]);
    }
    let output = world.run(["--each", "one,broken", "terraforn"]);
    output.assert_status(127).assert_stdout("");
    for (words, advice) in [
        (&["two", "--whoami"][..], "to use the profile of that name too, write --each one,two"),
        (&["two", "three", "terraform", "plan"], "to use the profiles of those names too, write --each one,two,three"),
        (&["whoami"], "did you mean --whoami?"),
    ] {
        // Whatever the machine has, none of these is there.
        let output = world.aws_auth().args(["--each", "one"]).args(words).env("PATH", world.path("bin")).run();
        let line = format!("aws-auth: command not found: {}; {advice}\n", words[0]);
        output.assert_status(127).assert_stderr(&line);
    }
    let gone = "mv $HOME/program $HOME/gone";
    world.script("program", &format!("#!/bin/sh\n{gone}\n"));
    let output = world.run(["--each", "one,two", world.path("program").to_str().unwrap()]);
    output.assert_status(125);
    assert_table(&output, &[("one", "0"), ("two", "127")]);
}

#[test]
fn fail_fast_starts_no_more() {
    let world = plain();
    let output = each(&world, &["--fail-fast"], "echo $AWS_AUTH_PROFILE; test $AWS_AUTH_PROFILE != two").run();
    output.assert_status(123).assert_stdout("one\ntwo\n");
    assert_table(&output, &[("one", "0"), ("two", "1"), ("three", "not run")]);
}

#[test]
fn json_is_one_line_for_each_profile() {
    let world = plain();
    let output = each(&world, &["--json", "--fail-fast", "-q"], "test $AWS_AUTH_PROFILE != two || exit 7").run();
    output.assert_status(123);
    let lines: Vec<Value> = output.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{}", output.report());
    let row = |at: usize, key: &str| lines[at][key].clone();
    assert_eq!((row(0, "profile"), row(0, "status"), row(0, "ran")), ("one".into(), 0.into(), true.into()));
    assert_eq!((row(1, "status"), row(1, "signal")), (7.into(), Value::Null));
    assert_eq!((row(2, "status"), row(2, "seconds"), row(2, "ran")), (Value::Null, Value::Null, false.into()));
    assert!(lines[0]["seconds"].as_f64().unwrap() < 60.0);
}

#[test]
fn several_at_once_have_their_profile_before_each_line() {
    let world = plain();
    let script = "printf 'a\\nb'; printf 'c\\nd' >&2";
    for jobs in [&["-j", "3"][..], &["-j1"], &["--jobs=2"]] {
        let output = each(&world, jobs, script).run();
        output.success();
        let mut lines: Vec<String> = output.stdout_text().lines().map(String::from).collect();
        lines.sort();
        assert_eq!(lines, ["one | a", "one | b", "three | a", "three | b", "two | a", "two | b"]);
        let mut lines: Vec<&str> = output.stderr.lines().filter(|line| line.contains(" | ")).collect();
        lines.sort_unstable();
        assert_eq!(lines, ["one | c", "one | d", "three | c", "three | d", "two | c", "two | d"]);
    }
    let run = |options: &[&str]| {
        // Three at once: each waits for the others.
        let script = "echo x > $HOME/at.$AWS_AUTH_PROFILE; until test -e $HOME/at.one -a -e $HOME/at.two -a -e \
                      $HOME/at.three; do sleep 0.01; done";
        each(&world, options, script).run()
    };
    run(&["-j3"]).success();
}

#[test]
fn no_line_is_torn_and_none_is_lost() {
    let world = plain();
    // Lines of all lengths, some of them in pieces and some longer than a pipe.
    let script = r#"awk -v p="$AWS_AUTH_PROFILE" 'BEGIN {
        for (i = 0; i < 20000; i++) { printf "%s", p; if (i % 7 == 0) fflush(); for (j = 0; j < i % 50; j++) printf "."; printf " %d\n", i }
        for (i = 0; i < 3; i++) { for (j = 0; j < 200000; j++) printf "x"; printf "%s\n", p }
        printf "end" }'"#;
    for stderr in [false, true] {
        let script = if stderr { format!("{{ {script}; }} >&2") } else { script.to_owned() };
        let output = each(&world, &["-q", "-j3"], &script).run();
        output.success();
        let text = if stderr { output.stderr.clone() } else { output.stdout_text() };
        let mut next = BTreeMap::from(PLAIN.map(|name| (name, 0)));
        for line in text.lines() {
            let (name, rest) = line.split_once(" | ").unwrap();
            let at = next.get_mut(name).unwrap();
            let expected = match *at {
                number @ 0..20000 => format!("{name}{} {number}", ".".repeat(number % 50)),
                20000..20003 => "x".repeat(200_000) + name,
                _ => String::from("end"),
            };
            assert!(rest == expected, "line {at} of {name} is {} long", rest.len());
            *at += 1;
        }
        assert!(next.values().all(|count| *count == 20004), "{next:?}");
    }
}

#[test]
fn lines_of_both_streams_in_one_file_are_whole() {
    let world = plain();
    let script = "i=0; while test $i -lt 300; do echo out $i; echo err $i >&2; i=$((i + 1)); done; \
                  head -c 100000 /dev/zero | tr '\\0' x; echo; head -c 100000 /dev/zero | tr '\\0' y >&2; echo >&2";
    let through = ["sh", "-c", "exec \"$@\" 2>&1", "sh"];
    let output = each(&world, &["-q", "-j3"], script).through(through).run();
    let text = output.success().stdout_text();
    assert_eq!(text.lines().count(), 3 * 602);
    for line in text.lines() {
        let (name, rest) = line.split_once(" | ").unwrap();
        let is_long = |c: char| rest.len() == 100_000 && rest.chars().all(|other| other == c);
        assert!(PLAIN.contains(&name), "{name}");
        assert!(rest.len() < 10 || is_long('x') || is_long('y'), "{} bytes: {:.100}", rest.len(), rest);
    }
}

#[test]
fn bytes_that_are_no_text_stay_as_they_are() {
    let world = plain();
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    world.write("bytes", &bytes);
    let output = world.run(["-q", "--each", "one", "-j2", "cat", world.path("bytes").to_str().unwrap()]);
    output.success();
    let mut expected = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        expected.extend_from_slice(b"one | ");
        expected.extend_from_slice(line);
    }
    expected.push(b'\n');
    assert!(output.stdout == expected);
}

#[test]
fn what_a_command_leaves_behind_is_not_waited_for() {
    let world = plain();
    let mut alive = Alive::new(&world);
    let script = "echo before; { echo x; exec sleep 1000; } > $HOME/alive & echo $! >> $HOME/pids; printf open";
    // The left one holds the pipes of its command open.
    let script = format!("{{ {script}; }} 2>&1 3>&1");
    let output = each(&world, &["-q", "-j3"], &script).run();
    output.success();
    let mut lines: Vec<String> = output.stdout_text().lines().map(String::from).collect();
    lines.sort();
    let expected: Vec<String> = ["one", "three", "two"]
        .iter()
        .flat_map(|name| [format!("{name} | before"), format!("{name} | open")])
        .collect();
    assert_eq!(lines, expected);
    alive.wait_for_start();
    for pid in world.read("pids").lines() {
        let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, Signal::KILL).unwrap();
    }
    alive.wait_for_end();
}

#[test]
fn outputs_go_into_files_that_only_this_user_reads() {
    let world = plain();
    world.append_config("[profile a/b]\nsource_profile = default\nrole_arn = arn:aws:iam::111122223330:role/one\n");
    world.write("dir/one.out", "old and longer than the new one, which replaces it\n");
    for jobs in [&[][..], &["-j3"]] {
        let directory = world.path("dir/new");
        let run = world.aws_auth().args(["-q", "--each", "one,a/b", "--outputs", directory.to_str().unwrap()]);
        let script = "echo out $AWS_AUTH_PROFILE; echo err >&2";
        run.args(jobs).args(["sh", "-c", script]).umask(0).run().success().assert_stdout("").assert_stderr("");
        for (file, text) in
            [("one.out", "out one\n"), ("one.err", "err\n"), ("a_b.out", "out a/b\n"), ("a_b.err", "err\n")]
        {
            assert_eq!(world.read(format!("dir/new/{file}")), text);
            let mode = fs::metadata(directory.join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
    }
    let directory = world.path("dir");
    let run = world.aws_auth().args(["-q", "--each", "one", "--outputs", directory.to_str().unwrap(), "echo", "new"]);
    run.run().success();
    assert_eq!(world.read("dir/one.out"), "new\n");
    let file = world.path(".aws/config/x");
    let output = world.run(["--each", "one", "--outputs", file.to_str().unwrap(), "true"]);
    output.assert_status(125).assert_stderr_contains("aws-auth: cannot make the directory ");
    // A link is not followed.
    std::os::unix::fs::symlink(world.path("elsewhere"), world.path("dir/two.out")).unwrap();
    let output = world.run(["--each", "one,two", "--outputs", directory.to_str().unwrap(), "true"]);
    output.assert_status(125);
    assert!(!world.path("elsewhere").exists());
    assert_table(&output, &[("one", "0"), ("two", "125")]);
}

#[test]
fn ctrl_c_ends_all_of_them_and_says_what_had_run() {
    for options in [&[][..], &["-j", "2"]] {
        let world = plain();
        let mut alive = Alive::new(&world);
        let script = "test $AWS_AUTH_PROFILE != one || exit 0; exec 3> $HOME/alive; echo x >&3; exec sleep 1000";
        let run = each(&world, options, script).in_terminal();
        alive.wait_for_start();
        run.ctrl_c();
        let output = run.wait();
        output.assert_signal(Signal::INT).assert_stderr_contains("aws-auth: interrupted; ");
        let rows = [("one", "0"), ("two", "SIGINT"), ("three", if options.is_empty() { "not run" } else { "SIGINT" })];
        if options.is_empty() {
            assert_table(&output, &rows);
        }
        alive.wait_for_end();
    }
}

#[test]
fn a_command_that_takes_its_time_after_ctrl_c_is_waited_for() {
    let world = plain();
    let mut alive = Alive::new(&world);
    let script = "trap 'echo stopping; exit 3' INT; echo x > $HOME/alive; while :; do sleep 0.02; done";
    let run = world.aws_auth().args(["--each", "one", "-j2", "sh", "-c", script]).in_terminal();
    alive.wait_for_start();
    run.ctrl_c();
    let output = run.wait();
    output.assert_signal(Signal::INT).assert_stdout("one | stopping\n");
    assert_table(&output, &[("one", "3")]);
}

#[test]
fn sigterm_and_sighup_reach_the_commands() {
    for signal in [Signal::TERM, Signal::HUP] {
        for options in [&[][..], &["-j", "3"]] {
            let world = plain();
            let mut alive = Alive::new(&world);
            let script = "exec 3> $HOME/alive; echo x >&3; exec sleep 1000";
            let run = each(&world, options, script).start();
            alive.wait_for_start();
            run.signal(signal);
            run.wait().assert_signal(signal).assert_stderr_contains("aws-auth: interrupted; ");
            alive.wait_for_end();
        }
    }
    // Without a terminal, SIGINT cannot come from a key that the commands got too.
    let world = plain();
    let mut alive = Alive::new(&world);
    let run = each(&world, &["-j2"], "exec 3> $HOME/alive; echo x >&3; exec sleep 1000").start();
    alive.wait_for_start();
    run.signal(Signal::INT);
    run.wait().assert_signal(Signal::INT);
    alive.wait_for_end();
}

#[test]
fn ctrl_z_stops_all_and_all_go_on() {
    for options in ["", "-j3"] {
        let world = plain();
        // A shell that has just started a program would show another state.
        world.script("work", "#!/bin/sh\necho begun\nread x < $HOME/go\necho r''an\n");
        let mut gate = fs::File::options().read(true).write(true).open(world.fifo("go")).unwrap();
        let shell = world.shell_in_terminal();
        shell.send_line(&format!("aws-auth --each one,two,three {options} $HOME/work"));
        shell.expect("begun\r\n");
        shell.ctrl_z();
        shell.expect("Stopped");
        shell.expect(SHELL_PROMPT);
        gate.write_all(b"x\nx\nx\n").unwrap();
        // Nothing runs while the job is stopped.
        shell.send_line("ps -o stat= --ppid $(jobs -p) | cut -c1 | sort -u; echo stat''es");
        shell.expect("T\r\nstates\r\n");
        shell.expect(SHELL_PROMPT);
        shell.send_line("fg");
        shell.expect("ran\r\n");
        shell.expect("PROFILE  STATUS  TIME");
        shell.expect(SHELL_PROMPT);
        shell.send_line("exit");
        shell.wait().success();
    }
}

#[test]
fn kill_9_leaves_the_commands_as_those_of_a_shell() {
    let world = plain();
    let mut alive = Alive::new(&world);
    let script = "exec 3> $HOME/alive; echo x >&3; until test -e $HOME/go; do sleep 0.02; done; echo y > $HOME/done";
    let run = world.aws_auth().args(["-q", "--each", "one", "sh", "-c", script]).prepare(|command| {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    });
    let run = run.start();
    alive.wait_for_start();
    run.signal(Signal::KILL);
    run.wait().assert_signal(Signal::KILL);
    world.write("go", "");
    alive.wait_for_end();
    assert_eq!(world.read("done"), "y\n");
}

#[test]
fn a_reader_that_is_gone_ends_the_commands_that_write() {
    let world = plain();
    for options in [&["-q", "-j3"][..], &["-q"]] {
        let script = "set -o pipefail; \"$@\" | head -n1 | wc -l; echo ${PIPESTATUS[0]}";
        let run = each(&world, options, "yes").through(["bash", "-c", script, "bash"]).run();
        run.success().assert_stdout("1\n123\n").assert_stderr("");
    }
}

#[test]
fn a_command_may_ask_on_the_terminal() {
    let world = plain();
    let script = "printf 'name? ' > /dev/tty; read name < /dev/tty; echo \"$name\"";
    let run = each(&world, &["-q"], script).in_terminal();
    for name in ["a", "b", "c"] {
        run.expect("name? ");
        run.send_line(name);
    }
    run.wait().success().assert_stdout("a\nb\nc\n").assert_terminal_restored();
}

#[test]
fn a_line_says_how_far_it_is_and_never_mixes_with_output() {
    let world = plain();
    for gate in ["go.one", "go.two", "go.three"] {
        world.fifo(gate);
    }
    let script = "echo begun; read x < $HOME/go.$AWS_AUTH_PROFILE; echo done";
    let run = each(&world, &["-j2"], script).env("TERM", "xterm").env("NO_COLOR", "1");
    let run = run.stdout_on_terminal().stderr_on_terminal().in_terminal();
    let go_on = |name: &str| fs::write(world.path(format!("go.{name}")), "x\n").unwrap();
    run.expect("0 of 3 done, 2 running: one, two");
    go_on("two");
    run.expect("1 of 3 done, 2 running: one, three");
    go_on("one");
    run.expect("2 of 3 done, 1 running: three");
    go_on("three");
    let output = run.wait();
    let shown = timeless(&seen(output.success().transcript(), 80));
    let mut lines: Vec<&str> = shown.lines().collect();
    lines[..6].sort_unstable();
    let expected = "one | begun\none | done\nthree | begun\nthree | done\ntwo | begun\ntwo | done\n\
                    PROFILE  STATUS  TIME\none      0 T\ntwo      0 T\nthree    0 T";
    assert_eq!(lines.join("\n"), expected);
    for (terminal, options) in [("dumb", &["-j2"][..]), ("xterm", &["-qj2"])] {
        let run = each(&world, options, "sleep 0.5").env("TERM", terminal).stderr_on_terminal().in_terminal();
        let output = run.wait();
        assert!(!output.success().transcript().contains("running"), "{}", output.report());
    }
}

#[test]
fn the_guard_asks_once_for_the_list() {
    let world = plain();
    let config = world.read(".aws/config");
    world.config(
        &config
            .replace("[profile one]", "[profile one]\naws_auth_confirm = yes")
            .replace("[profile three]", "[profile three]\naws_auth_confirm = apply"),
    );
    let ask = |words: &[&str]| world.aws_auth().args(["-q", "--each", "one,two,three"]).args(words).in_terminal();
    let run = ask(&["echo", "apply"]);
    run.expect("one (111122223330), three (111122223332); 2 of 3 profiles: run echo apply? [y/N] ");
    run.send_line("y");
    run.wait().success().assert_stdout("apply\napply\napply\n");
    let run = ask(&["echo", "plan"]);
    run.expect("one (111122223330); 1 of 3 profiles: run echo plan? [y/N] ");
    run.send_line("");
    run.wait()
        .assert_status(125)
        .assert_stdout("")
        .assert_stderr("aws-auth: the answer was not yes, so nothing was run\n");
    let output = each(&world, &["-q"], "true").run();
    output.assert_status(125).assert_stderr_contains("there is no terminal to ask on; ");
    each(&world, &["-q", "-y"], "true").run().success();
    // Below it, the profile that was confirmed is not asked about.
    let script = "\"$A\" -p $AWS_AUTH_PROFILE echo plan";
    each(&world, &["-q", "-y"], script).env("A", AWS_AUTH).run().success().assert_stdout("plan\nplan\nplan\n");
}

#[test]
fn without_a_cache_each_asks_in_its_turn() {
    let world = World::seeded();
    let run = world.aws_auth().args(["-q", "--no-cache", "--each", "sops,main-*", "echo", "ran"]).in_terminal();
    answer(&world, &run, "sops", &world.fresh_code());
    run.expect(&world.prompt("main-infrastructure"));
    run.send_line(&world.fresh_code());
    run.wait().success().assert_stdout("ran\nran\n");
    assert!(role_entries(&world).is_empty());
    let output = world.aws_auth().args(["--no-cache", "--each", "sops,main-*", "-j2", "echo", "ran"]).run();
    output.assert_status(125).assert_stdout("").assert_stderr(
        "aws-auth: nothing is kept, so 2 profiles would ask for a code each, all at once; leave --jobs out, or let \
         sessions be kept\n",
    );
}

#[test]
fn a_code_for_each_role_is_asked_for_before_the_first_command() {
    let world = World::seeded();
    let run = world.aws_auth().args(["-q", "--no-mfa-session", "--each", "sops,main-*", "-j2", "echo", "ran"]);
    let run = run.in_terminal();
    answer(&world, &run, "sops", &world.fresh_code());
    run.expect(&world.prompt("main-infrastructure"));
    run.send_line(&world.fresh_code());
    let output = run.wait();
    output.success();
    assert_eq!(world.sts.actions(), ["AssumeRole", "AssumeRole"]);
}

#[test]
fn whoami_is_a_table_on_stdout() {
    let world = plain();
    world.append_config("[profile broken]\nrole_arn = arn:aws:iam::111122223333:role/x\n");
    let arn = |output: &Output, at: usize| {
        let line = output.stdout_text().lines().nth(at).unwrap().to_owned();
        line.split_whitespace().map(String::from).collect::<Vec<_>>()
    };
    for jobs in [&[][..], &["-j2"]] {
        let output = world.aws_auth().args(["--each", "one,two", "--whoami"]).args(jobs).run();
        output.success().assert_stderr("");
        assert_eq!(arn(&output, 0), ["PROFILE", "ACCOUNT", "ARN", "LEFT"]);
        let row = arn(&output, 2);
        assert_eq!(row[..2], ["two", "111122223331"]);
        assert!(row[2].starts_with("arn:aws:sts::111122223331:assumed-role/two/"), "{}", output.report());
    }
    let output = world.run(["--each", "one,broken", "--whoami"]);
    output.assert_status(125).assert_stderr("");
    assert!(output.stdout_text().lines().nth(2).unwrap().starts_with("broken   broken: "), "{}", output.report());
    let output = world.run(["--each", "one,broken", "--whoami", "--json"]);
    let rows: Value = serde_json::from_slice(&output.assert_status(125).stdout).unwrap();
    assert_eq!((&rows[0]["profile"], &rows[0]["account"]), (&"one".into(), &"111122223330".into()));
    assert!(rows[1]["error"]["fact"].as_str().unwrap().contains("role_arn"));
}

#[test]
fn status_is_a_table_and_asks_nobody() {
    let world = plain();
    let calls = world.sts.connections();
    let output = world.run(["--each", "one,two", "--status"]);
    output.success().assert_stderr("");
    assert!(output.stdout_text().starts_with("PROFILE  LEFT\none      "), "{}", output.report());
    let output = world.run(["--each", "one,sops", "--status"]);
    output.assert_status(1);
    assert!(output.stdout_text().contains("\nsops     -\n"), "{}", output.report());
    let output = world.run(["--each", "one,sops", "--status", "--json"]);
    let rows: Value = serde_json::from_slice(&output.assert_status(1).stdout).unwrap();
    assert!(rows[1]["seconds_left"].as_i64().unwrap() > 3000 || rows[0]["seconds_left"] == Value::Null);
    assert_eq!(world.sts.connections(), calls);
}

#[test]
fn login_gets_the_credentials_of_all_with_one_code() {
    let world = World::seeded();
    let run = world.aws_auth().args(["--each", ALL, "--login", "-j2"]).in_terminal();
    answer(&world, &run, "sops", &world.fresh_code());
    let output = run.wait();
    output.success().assert_stdout("").assert_transcript(&format!("{}\r\n", world.prompt("sops")));
    for (profile, _) in seed::ROLES {
        assert!(output.stderr.contains(&format!("aws-auth: {profile}: role ")), "{}", output.report());
    }
    assert_table(&output, &seed::ROLES.map(|(profile, _)| (profile, "0")));
    assert_eq!(role_entries(&world).len(), 4);
    world.aws_auth().args(["--each", ALL, "-q", "true"]).run().success();
}

#[test]
fn what_does_not_go_together_or_matches_nothing_is_an_error() {
    let world = plain();
    log_in(&world, "sops");
    let cases: &[(&[&str], &str)] = &[
        (&["--each", "x*", "true"], "no profile matches 'x*'; aws-auth --list shows all profiles\n"),
        (&["--each", "one,thre", "true"], "there is no profile 'thre' (--each): did you mean three?\n"),
        (&["--each", "one", "-p", "two", "true"], "--each and --profile exclude each other; write one of them\n"),
        (&["--each", "one"], "no command given; write aws-auth COMMAND [ARG]..., or see aws-auth --help\n"),
        (
            &["--each", "one", "--export"],
            "--each goes with a COMMAND, --login, --status, --whoami or --check; write both, or leave it out\n",
        ),
        (
            &["--each", "one", "--shell"],
            "--each goes with a COMMAND, --login, --status, --whoami or --check; write both, or leave it out\n",
        ),
        (&["-j2", "true"], "--jobs goes with --each; write both, or leave it out\n"),
        (&["--fail-fast", "true"], "--fail-fast goes with --each; write both, or leave it out\n"),
        (&["--outputs", "x", "true"], "--outputs goes with --each; write both, or leave it out\n"),
        (&["--each", "one", "-j", "0", "true"], "--jobs is '0'; write how many runs at once, from 1 to 1000\n"),
        (&["--each", "", "true"], "--each is empty; write names with * and ?: 'dev-*,!dev-old'\n"),
        (
            &["--each", "a[", "true"],
            "--each: 'a[' is no pattern (invalid range pattern): write names with * and ?: 'dev-*,!dev-old'\n",
        ),
    ];
    for (words, message) in cases {
        world.run(*words).assert_status(125).assert_stdout("").assert_stderr(&format!("aws-auth: {message}"));
    }
    // Keys in the environment and AWS_PROFILE do not count.
    let run = world.aws_auth().keys("AKIAX", "x", "").profile("").args([
        "-q",
        "--each",
        "one",
        "sh",
        "-c",
        "echo $AWS_AUTH_PROFILE",
    ]);
    run.run().success().assert_stdout("one\n");
}

#[test]
#[cfg(target_os = "linux")]
fn a_hundred_at_once_need_little_memory() {
    let world = plain();
    for at in 0..100 {
        world.append_config(&format!(
            "[profile n{at}]\nsource_profile = default\nrole_arn = arn:aws:iam::111122223330:role/one\n"
        ));
    }
    let mut alive = Alive::new(&world);
    // Half a line longer than what is kept, on both streams of all of them at once.
    let script = "exec 3> $HOME/alive; head -c 30000 /dev/zero | tr '\\0' x; head -c 30000 /dev/zero | tr '\\0' y >&2; \
                  echo x >> $HOME/written; echo x >&3; until test -e $HOME/go; do sleep 0.1; done; echo; echo >&2";
    let run = world.aws_auth().args(["-q", "--each", "n*", "-j100", "sh", "-c", script]).start();
    for _ in 0..100 {
        if world.path("written").exists() && world.read("written").lines().count() == 100 {
            break;
        }
        alive.wait_for_start();
    }
    let status = fs::read_to_string(format!("/proc/{}/status", run.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 64 * 1024, "{peak} kB");
    world.write("go", "");
    let output = run.wait();
    output.success();
    assert_eq!(output.stdout_text().lines().count(), 100);
}
