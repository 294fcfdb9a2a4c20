//! Becoming the command: its process, streams, descriptors and signals, and the messages when it cannot be run.

use crate::world::{Invocation, Role, Status, World};
use rustix::process::Signal;
use std::collections::BTreeMap;

const PLAIN: &str = "arn:aws:iam::381494870249:role/plain";

/// A world with the profile `plain`, whose role needs no MFA.
fn world() -> World {
    let world = World::seeded();
    world.append_config(&format!("[profile plain]\nsource_profile = default\nrole_arn = {PLAIN}\n"));
    world.sts.add_role(Role::new(PLAIN));
    world
}

/// The three ways to a command: keys that pass through, credentials from STS, credentials from the cache.
fn each_way(world: &World, check: impl Fn(Invocation<'_>)) {
    check(world.aws_auth().keys("AKIAMINE", "mine", ""));
    check(world.aws_auth().profile("plain").arg("--refresh"));
    check(world.aws_auth().profile("plain"));
}

#[test]
fn the_process_becomes_the_command() {
    let world = world();
    each_way(&world, |invocation| {
        let running = invocation.args(["sh", "-c", "echo $$ $PPID"]).start();
        let pid = running.pid();
        running.wait().success().assert_stdout(&format!("{pid} {}\n", std::process::id()));
    });
}

#[test]
fn the_exit_status_is_the_commands() {
    let world = world();
    each_way(&world, |invocation| {
        invocation.args(["sh", "-c", "exit 7"]).run().assert_status(7).assert_stderr("");
    });
    for status in [1, 2, 125, 255] {
        world.aws_auth().profile("plain").args(["sh", "-c", &format!("exit {status}")]).run().assert_status(status);
    }
    each_way(&world, |invocation| {
        invocation.args(["sh", "-c", "kill -9 $$"]).run().assert_signal(Signal::KILL);
    });
}

#[test]
fn streams_are_the_commands_byte_for_byte() {
    let world = world();
    let bytes: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    each_way(&world, |invocation| {
        let output = invocation.stdin(bytes.clone()).arg("cat").run();
        output.success().assert_stderr("");
        assert!(output.stdout == bytes, "{} bytes came back", output.stdout.len());
    });
}

#[test]
fn the_working_directory_and_umask_are_the_callers() {
    let world = world();
    world.write("below/x", "");
    each_way(&world, |invocation| {
        let output = invocation.cwd(world.path("below")).umask(0o027).args(["sh", "-c", "pwd -P; umask"]).run();
        output.success().assert_stdout(&format!("{}\n0027\n", world.path("below").display()));
    });
}

const LOOK: &str = "check the name and PATH; aliases and functions of your shell are not commands";
const DENIED: &str = "(Permission denied): check that it is a program, and that you may execute it (chmod +x)";

/// A command that cannot be run, its exit status and the message about it.
fn cannot_run(world: &World) -> Vec<(String, i32, String)> {
    let home = world.home().display();
    world.write("no-x", "#!/bin/sh\n");
    world.script("broken", "#!/no/such/interpreter -x\n");
    world.write("a-directory/x", "");
    let mut cases = vec![
        ("no-such-command-anywhere".to_owned(), 127, format!("command not found: no-such-command-anywhere; {LOOK}")),
        ("./nothing".to_owned(), 127, "command not found: ./nothing; check the path".to_owned()),
        (String::new(), 127, format!("command not found: ''; {LOOK}")),
        ("a b".to_owned(), 127, "command not found: 'a b'; give the command and its arguments as separate words, without quotes around the whole".to_owned()),
        ("./no-x/below".to_owned(), 127, "command not found: ./no-x/below; check the path".to_owned()),
    ];
    let why = [
        ("no-x", DENIED),
        ("a-directory", DENIED),
        ("broken", "(the interpreter in its first line is missing): install that interpreter, or correct the line"),
    ];
    for (name, why) in why {
        for path in [format!("./{name}"), format!("{home}/{name}")] {
            let line = format!("cannot execute {path} {why}");
            cases.push((path, 126, line));
        }
    }
    cases
}

#[test]
fn a_command_that_cannot_be_run_is_found_out_before_a_code_is_asked_for() {
    let world = world();
    for (command, status, line) in cannot_run(&world) {
        let running = world.aws_auth().profile("sops").arg(&command).in_terminal();
        let output = running.wait();
        output.assert_status(status).assert_stdout("").assert_stderr(&format!("aws-auth: {line}\n"));
        output.assert_transcript("").assert_terminal_restored();
    }
    let output = world.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).arg("./nothing").run();
    output.assert_status(127);
    assert_eq!(world.sts.connections(), 0);
}

#[test]
fn a_command_that_cannot_be_run_is_said_alike_with_credentials_at_hand() {
    let world = world();
    world.aws_auth().profile("plain").arg("--login").run().success();
    for (command, status, line) in cannot_run(&world) {
        for invocation in [world.aws_auth().profile("plain"), world.aws_auth().keys("AKIAMINE", "mine", "")] {
            let output = invocation.arg(&command).run();
            output.assert_status(status).assert_stdout("").assert_stderr(&format!("aws-auth: {line}\n"));
        }
    }
    assert_eq!(world.sts.count("AssumeRole"), 1);
}

#[test]
fn path_is_searched_as_the_system_does() {
    let world = world();
    let (here, there) = (world.path("here"), world.path("there"));
    world.script("there/tool", "#!/bin/sh\necho there\n");
    world.script("tool", "#!/bin/sh\necho cwd\n");
    world.write("here/tool", "");
    std::fs::create_dir(world.path("dir")).unwrap();
    std::fs::create_dir(world.path("dir/tool")).unwrap();
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    for (path, expected) in [
        (text(&there), "there\n"),
        // A file that cannot be executed and a directory of that name are skipped.
        (format!("{}:{}:/nowhere:{}", text(&here), text(&world.path("dir")), text(&there)), "there\n"),
        // An empty element is the working directory.
        (format!(":{}", text(&there)), "cwd\n"),
        (format!("{}:", text(&here)), "cwd\n"),
        (format!("/nowhere::{}", text(&there)), "cwd\n"),
        (String::new(), "cwd\n"),
    ] {
        each_way(&world, |invocation| {
            invocation.env("PATH", &path).arg("tool").run().success().assert_stdout(expected);
        });
    }
    for (path, status, line) in [
        (
            text(&here),
            126,
            "cannot execute tool (Permission denied): check that it is a program, and that you may execute it (chmod +x)",
        ),
        (
            format!("{}:/nowhere", text(&here)),
            126,
            "cannot execute tool (Permission denied): check that it is a program, and that you may execute it (chmod +x)",
        ),
        (
            "/nowhere".to_owned(),
            127,
            "command not found: tool; check the name and PATH; aliases and functions of your shell are not commands",
        ),
    ] {
        each_way(&world, |invocation| {
            let output = invocation.env("PATH", &path).arg("tool").run();
            output.assert_status(status).assert_stderr(&format!("aws-auth: {line}\n"));
        });
    }
    // Without PATH, the system's directories are searched.
    each_way(&world, |invocation| {
        invocation.env_remove("PATH").args(["sh", "-c", "echo found"]).run().success().assert_stdout("found\n");
    });
}

#[test]
fn a_script_without_a_first_line_is_the_shells() {
    let world = world();
    world.script("bare", "echo \"$0\" \"$@\"\n");
    each_way(&world, |invocation| {
        invocation.args(["./bare", "a b", ""]).run().success().assert_stdout("./bare a b \n").assert_stderr("");
    });
}

#[test]
fn open_descriptors_are_inherited() {
    let world = world();
    world.write("five", "from five\n");
    each_way(&world, |invocation| {
        let output = invocation.through(["sh", "-c", "exec \"$0\" \"$@\" 5<five 7>seven"]);
        let output = output.args(["sh", "-c", "cat <&5; echo to seven >&7"]).run();
        output.success().assert_stdout("from five\n").assert_stderr("");
        assert_eq!(world.read("seven"), "to seven\n");
    });
}

#[test]
fn the_command_gets_no_descriptor_of_ours() {
    let world = world();
    if !std::path::Path::new("/proc/self/fd").exists() {
        eprintln!("skipped: there is no /proc here");
        return;
    }
    // The program that runs the tests may have left descriptors open.
    let alone = world.command("ls").arg("/proc/self/fd").run().stdout_text();
    each_way(&world, |invocation| {
        invocation.args(["ls", "/proc/self/fd"]).run().success().assert_stdout(&alone);
    });
}

#[test]
fn closed_standard_streams_stay_closed() {
    let world = world();
    let show = "r=; (: 9<&0) 2>/dev/null && r=0; (: 9>&2) && r=${r}2; echo open: $r";
    for (redirection, expected) in [("<&-", "open: 2\n"), ("2>&-", "open: 0\n"), ("<&- 2>&-", "open:\n")] {
        each_way(&world, |invocation| {
            let through = format!("exec \"$0\" \"$@\" {redirection}");
            let output = invocation.through(["sh", "-c", &through]).args(["sh", "-c", show]).run();
            output.assert_stdout(expected).assert_stderr("");
        });
    }
}

#[test]
fn a_closed_stderr_stops_nothing() {
    let world = world();
    let invocation = world.aws_auth().profile("plain").env("AWS_DEFAULT_PROFILE", "sops").args(["-v", "echo", "ran"]);
    let output = invocation.through(["sh", "-c", "exec \"$0\" \"$@\" 2>&-"]).run();
    output.success().assert_stdout("ran\n");
}

/// The masks SigBlk and SigIgn in the text of /proc/PID/status.
#[cfg(target_os = "linux")]
fn signals(text: &str) -> (u64, u64) {
    let mask = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    };
    (mask("SigBlk:"), mask("SigIgn:"))
}

#[cfg(target_os = "linux")]
#[test]
fn signals_are_passed_on_as_they_came() {
    let bit = |signal: i32| 1u64 << (signal - 1);
    for (ignored, blocked) in [
        (&[][..], &[][..]),
        (&[libc::SIGPIPE], &[]),
        (&[libc::SIGHUP, libc::SIGINT, libc::SIGQUIT], &[libc::SIGUSR1]),
        (&[], &[libc::SIGTERM, libc::SIGPIPE]),
    ] {
        let world = world();
        // The program that runs the tests may ignore other signals.
        let alone = world
            .command("grep")
            .prepare(move |command| arrange(command, ignored, blocked))
            .args(["-E", "^Sig(Blk|Ign):", "/proc/self/status"])
            .run();
        let alone = signals(&alone.stdout_text());
        each_way(&world, |invocation| {
            let output = invocation
                .prepare(move |command| arrange(command, ignored, blocked))
                .args(["grep", "-E", "^Sig(Blk|Ign):", "/proc/self/status"])
                .run();
            output.success().assert_stderr("");
            let got = signals(&output.stdout_text());
            assert_eq!(got, alone, "{}", output.report());
            for (signal, name) in [(libc::SIGPIPE, "SIGPIPE"), (libc::SIGHUP, "SIGHUP"), (libc::SIGINT, "SIGINT")] {
                assert_eq!(got.1 & bit(signal) != 0, ignored.contains(&signal), "{name}");
            }
        });
    }
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code)] // pre_exec: only async-signal-safe calls are made between fork and exec
fn arrange(command: &mut std::process::Command, ignored: &'static [i32], blocked: &'static [i32]) {
    use std::os::unix::process::CommandExt as _;
    let change = move || {
        // SAFETY: only system calls on local values.
        unsafe {
            for signal in ignored {
                libc::signal(*signal, libc::SIG_IGN);
            }
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            for signal in blocked {
                libc::sigaddset(&raw mut set, *signal);
            }
            libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut());
        }
        Ok(())
    };
    // SAFETY: see above.
    unsafe { command.pre_exec(change) };
}

#[cfg(target_os = "linux")]
#[test]
fn signals_are_passed_on_after_a_prompt_too() {
    let world = world();
    let running = world
        .aws_auth()
        .profile("sops")
        .prepare(|command| arrange(command, &[libc::SIGHUP, libc::SIGPIPE], &[libc::SIGUSR1]))
        .args(["grep", "-E", "^Sig(Blk|Ign):", "/proc/self/status"])
        .in_terminal();
    running.expect(&world.prompt("sops"));
    running.send_line(&world.fresh_code());
    let output = running.wait();
    output.success();
    let alone = world
        .command("grep")
        .prepare(|command| arrange(command, &[libc::SIGHUP, libc::SIGPIPE], &[libc::SIGUSR1]))
        .args(["-E", "^Sig(Blk|Ign):", "/proc/self/status"])
        .run();
    let got = signals(&output.stdout_text());
    assert_eq!(got, signals(&alone.stdout_text()));
    let bit = |signal: i32| 1u64 << (signal - 1);
    assert_eq!(got.0, bit(libc::SIGUSR1));
    assert_eq!(got.1 & (bit(libc::SIGHUP) | bit(libc::SIGINT)), bit(libc::SIGHUP));
}

#[test]
fn ctrl_c_reaches_the_command_once() {
    let world = world();
    each_way(&world, |invocation| {
        let script =
            "trap 'echo got' INT; echo ready; while :; do read x && [ \"$x\" = end ] && break; done; echo done";
        let running = invocation.args(["sh", "-c", script]).in_terminal();
        running.expect_stdout("ready\n");
        running.ctrl_c();
        running.expect_stdout("got\n");
        running.send_line("end");
        running.wait().success().assert_stdout("ready\ngot\ndone\n");
    });
    let running = world.aws_auth().profile("plain").args(["sh", "-c", "echo ready; exec cat"]).in_terminal();
    running.expect_stdout("ready\n");
    running.ctrl_c();
    running.wait().assert_signal(Signal::INT);
}

/// How often each file under the home was opened, and the names of the other calls, between our execve and the
/// command's.
fn traced(trace: &str, home: &str) -> (BTreeMap<String, u32>, Vec<String>) {
    let (mut opened, mut calls) = (BTreeMap::new(), Vec::new());
    let mut execs = 0;
    for line in trace.lines() {
        let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        let name = call.split('(').next().unwrap_or_default();
        if name == "execve" {
            execs += 1;
            if execs == 2 {
                return (opened, calls);
            }
            continue;
        }
        let path = call.split('"').nth(1).unwrap_or_default();
        if let Some(path) = path.strip_prefix(home).filter(|_| name.starts_with("open")) {
            *opened.entry(path.to_owned()).or_default() += 1;
        }
        calls.push(name.to_owned());
    }
    panic!("the command was not reached:\n{trace}");
}

#[test]
fn a_cached_run_opens_no_socket_reads_each_file_once_and_lists_no_directory() {
    let world = world();
    let strace = world.command("strace").args(["-f", "-o", "probe", "true"]);
    let there = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join("strace").exists()));
    if !there || strace.run().status != Status::Code(0) {
        assert!(std::env::var_os("CI").is_none(), "CI must have a strace that is allowed to trace");
        eprintln!("skipped: there is no strace here that is allowed to trace");
        return;
    }
    world.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).arg("true").run().success();
    let trace = world.path("trace");
    let true_ = if std::path::Path::new("/bin/true").exists() { "/bin/true" } else { "/usr/bin/true" };
    let invocation = world.aws_auth().profile("sops").arg(true_);
    invocation.through(["strace", "-f", "-o", trace.to_str().unwrap()]).run().success().assert_stderr("");
    let (opened, calls) = traced(&world.read("trace"), &format!("{}/", world.home().display()));
    let entry = world.cli_cache().into_keys().next().unwrap();
    let expected = [".aws/config", ".aws/credentials", &format!(".aws/cli/cache/{entry}")];
    assert_eq!(opened, expected.map(|path| (path.to_owned(), 1)).into_iter().collect::<BTreeMap<_, _>>());
    for forbidden in ["socket", "connect", "getdents64", "getdents", "clone", "clone3", "fork", "vfork", "flock"] {
        assert!(!calls.iter().any(|call| call == forbidden), "{forbidden} in a cached run: {calls:?}");
    }
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole"]);
}
