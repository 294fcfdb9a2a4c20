//! Many processes at once: one prompt, one session and one AssumeRole per role, even if some of them die or give up.

use crate::kit::{
    AGAIN, add_open, answer, arn, assert_said, at_terminal, expect_waiting, holder_and_waiter, log_in, own, quietly,
    until, waiting_for,
};
use crate::world::{Fault, Invocation, Running, World, seed};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A run of `echo PROFILE` with no terminal and a closed standard input.
pub fn closed<'w>(world: &'w World, profile: &str) -> Invocation<'w> {
    world.aws_auth().profile(profile).args(["echo", profile]).through(["sh", "-c", "exec \"$@\" <&-", "sh"])
}

fn gave_up(pid: i32) -> String {
    format!(
        "aws-auth: process {pid}, whose MFA prompt this one waited for, gave up; run the command again to be asked\n"
    )
}

fn profile(at: usize) -> &'static str {
    seed::ROLES[at % 4].0
}

/// Inode, change and modification times of the lock files.
fn locks(world: &World) -> BTreeMap<PathBuf, [i64; 5]> {
    let about = |path: &Path| {
        let about = path.metadata().unwrap();
        let inode = i64::try_from(about.ino()).unwrap();
        [inode, about.mtime(), about.mtime_nsec(), about.ctime(), about.ctime_nsec()]
    };
    own(world, "lock-").into_iter().map(|path| (path.clone(), about(&path))).collect()
}

#[test]
fn fifty_at_once_take_one_prompt_one_session_and_one_call_per_role() {
    let world = World::seeded();
    let first = at_terminal(&world, "sops");
    first.expect(&world.prompt("sops"));
    let others: Vec<_> = (1..50).map(|at| (profile(at), closed(&world, profile(at)).start())).collect();
    for (_, other) in &others {
        expect_waiting(other, first.pid());
    }
    first.send_line(&world.fresh_code());
    let holder = first.pid();
    let output = first.wait();
    output.success().assert_stdout("sops\n").assert_transcript(&format!("{}\r\n", world.prompt("sops")));
    assert_said(&output, &until("sops"));
    for (profile, other) in others {
        let output = other.wait();
        output.success().assert_stdout(&format!("{profile}\n"));
        // Later lock holders are usually too fast to be named, but not on a busy machine.
        assert!(output.stderr.starts_with(&waiting_for(holder)), "{}", output.report());
    }
    let mut actions = world.sts.actions();
    actions.sort();
    assert_eq!(actions, ["AssumeRole", "AssumeRole", "AssumeRole", "AssumeRole", "GetSessionToken"]);

    // With credentials in the cache, no run opens a socket or changes a lock or another file.
    world.sts.clear_log();
    let (before, files) = (locks(&world), world.snapshot());
    let runs: Vec<_> = (0..50).map(|at| closed(&world, profile(at)).start()).collect();
    for run in runs {
        run.wait().success().assert_stderr("");
    }
    assert_eq!(world.sts.connections(), 0);
    assert_eq!((locks(&world), world.snapshot()), (before, files));
}

#[test]
fn a_makefile_with_eight_jobs_asks_once() {
    let world = World::seeded();
    let mut makefile = format!("AUTH = {}\nall:", crate::world::AWS_AUTH);
    for at in 0..16 {
        write!(makefile, " t{at}").unwrap();
    }
    for at in 0..16 {
        let recipe = format!("@AWS_PROFILE={} $(AUTH) sh -c 'echo {at} $$AWS_ACCESS_KEY_ID'", profile(at));
        write!(makefile, "\nt{at}: ; {recipe}").unwrap();
    }
    world.write("Makefile", makefile + "\n");
    let make = world.command("make").arg("-j8").in_terminal();
    make.expect("MFA code for ");
    make.send_line(&world.fresh_code());
    let output = make.wait();
    output.success().assert_terminal_restored();
    assert_eq!(output.stdout_text().lines().count(), 16, "{}", output.report());
    assert_eq!(output.transcript().matches("MFA code for ").count(), 1, "{}", output.report());
    assert_eq!((world.sts.count("GetSessionToken"), world.sts.count("AssumeRole")), (1, 4));
}

#[test]
fn a_holder_killed_at_the_prompt_makes_room_for_the_next() {
    let world = World::seeded();
    let (holder, next) = holder_and_waiter(&world);
    assert_eq!(next.transcript(), "");
    holder.signal(Signal::KILL);
    answer(&world, &next, "sops", &world.fresh_code());
    next.wait().success().assert_stdout("sops\n");
    holder.wait().assert_signal(Signal::KILL);
}

#[test]
fn a_holder_killed_while_sts_thinks_makes_room_for_the_next() {
    for after_acting in [false, true] {
        let world = World::seeded();
        if after_acting {
            world.sts.hold_answer("GetSessionToken");
        } else {
            world.sts.hold("GetSessionToken");
        }
        let code = world.fresh_code();
        let holder = at_terminal(&world, "sops");
        answer(&world, &holder, "sops", &code);
        world.sts.wait_for_held(1);
        let next = at_terminal(&world, "main-infrastructure");
        expect_waiting(&next, holder.pid());
        holder.signal(Signal::KILL);
        world.sts.wait_for_held(0);
        world.sts.release();
        // The code was sent, even if STS did not receive it.
        answer(&world, &next, "main-infrastructure", &code);
        next.expect("aws-auth: that code was used already; wait for the next one\r\n");
        answer(&world, &next, "main-infrastructure", &world.fresh_code());
        next.wait().success();
        assert_eq!(world.sts.count("GetSessionToken"), 2);
    }
}

/// Whether strace can be used. Without it the test is skipped, but in CI it fails.
pub fn strace(world: &World, test: &str) -> bool {
    let there = std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(|dir| dir.join("strace").is_file());
    let works = there
        && world.command("strace").args(["-o", "/dev/null", "true"]).run().status == crate::world::Status::Code(0);
    assert!(works || std::env::var_os("CI").is_none(), "{test} needs strace");
    if !works {
        eprintln!("skipped: {test} needs strace");
    }
    works
}

#[test]
fn a_holder_killed_between_writing_and_renaming_leaves_nothing_torn() {
    // The file of used codes, then the session, then the role entry.
    for (at, kept) in [(1, 0), (2, 0), (3, 1)] {
        let world = World::seeded();
        if !strace(&world, "a_holder_killed_between_writing_and_renaming_leaves_nothing_torn") {
            return;
        }
        let calls = "rename,renameat,renameat2";
        let inject = format!("inject={calls}:error=EIO:signal=KILL:when={at}");
        let trace = format!("trace={calls}");
        let words = ["strace", "-f", "-o", "/dev/null", "-e", &trace, "-e", &inject];
        let holder = world.aws_auth().profile("sops").arg("true").through(words).in_terminal();
        holder.expect(&world.prompt("sops"));
        let next = at_terminal(&world, "main-infrastructure");
        next.expect_stderr("waiting for the MFA prompt of process ");
        holder.send_line(&world.fresh_code());
        holder.wait().assert_signal(Signal::KILL);
        if kept == 0 {
            answer(&world, &next, "main-infrastructure", &world.fresh_code());
        }
        next.wait().success();
        let mut half = 0;
        for (name, what) in world.snapshot() {
            if !(name.starts_with(".cache/") || name.starts_with(".aws/cli/")) || what.contains("dir") {
                continue;
            }
            assert!(what.starts_with("0600 file"), "{name}: {what}");
            half += usize::from(name.contains("/.aws-auth-"));
            if Path::new(&name).extension().is_some_and(|extension| extension == "json") {
                crate::kit::json(&world.path(&name));
            }
        }
        assert_eq!(half, 1, "one temporary file is left by the killed process");
        assert_eq!(own(&world, "session-").len(), 1);
        quietly(&world, "sops").success().assert_stderr("");
    }
}

#[test]
fn after_a_wrong_code_the_same_process_asks_again() {
    let world = World::seeded();
    let (holder, next) = holder_and_waiter(&world);
    holder.send_line(&world.wrong_code());
    answer(&world, &holder, "sops", &world.fresh_code());
    holder.wait().success();
    next.wait().success().assert_transcript("");
    assert_eq!(world.sts.count("GetSessionToken"), 2);
}

/// Ends the prompt of a run in some way.
type End = fn(&World, &Running<'_>);

#[test]
fn those_who_waited_for_a_cancelled_prompt_fail_once_and_do_not_ask() {
    let world = World::seeded();
    let ends: [End; 4] = [
        |_, holder| holder.ctrl_c(),
        |_, holder| holder.signal(Signal::TERM),
        |_, holder| holder.ctrl_d(),
        |world, holder| {
            holder.send_line(&world.wrong_code());
            for _ in 0..2 {
                holder.expect(AGAIN);
                answer(world, holder, "sops", &world.wrong_code());
            }
        },
    ];
    for end in ends {
        let holder = at_terminal(&world, "sops");
        holder.expect(&world.prompt("sops"));
        let waiters: Vec<_> = (0..6)
            .map(|at| if at % 2 == 0 { at_terminal(&world, profile(at)) } else { closed(&world, profile(at)).start() })
            .collect();
        for waiter in &waiters {
            expect_waiting(waiter, holder.pid());
        }
        end(&world, &holder);
        let pid = holder.pid();
        holder.wait();
        for waiter in waiters {
            let output = waiter.wait();
            output.assert_status(125).assert_stdout("").assert_transcript("");
            // On a busy machine, another waiter that is failing may also be named.
            assert!(output.stderr.starts_with(&waiting_for(pid)), "{}", output.report());
            assert!(output.stderr.ends_with(&gave_up(pid)), "{}", output.report());
            assert_eq!(output.stderr.matches("gave up").count(), 1, "{}", output.report());
        }
    }
    assert_eq!(own(&world, "session-").len(), 0);
    // A later run asks again.
    let later = at_terminal(&world, "sops");
    answer(&world, &later, "sops", &world.fresh_code());
    later.wait().success();
}

#[test]
fn those_who_waited_fail_once_when_sts_fails_after_the_code() {
    let world = World::seeded();
    let holder = at_terminal(&world, "sops");
    holder.expect(&world.prompt("sops"));
    let waiters: Vec<_> = (0..4).map(|at| closed(&world, profile(at)).start()).collect();
    for waiter in &waiters {
        expect_waiting(waiter, holder.pid());
    }
    world.sts.fault("GetSessionToken", Fault::Status(503), 9);
    holder.send_line(&world.fresh_code());
    let pid = holder.pid();
    holder.wait().assert_status(125);
    for waiter in waiters {
        let output = waiter.wait();
        output.assert_status(125).assert_stdout("");
        assert!(output.stderr.ends_with(&gave_up(pid)), "{}", output.report());
    }
    assert_eq!(world.sts.count("GetSessionToken"), 1);
}

#[test]
fn a_run_that_needs_no_code_does_not_wait_behind_a_prompt() {
    let world = World::seeded();
    log_in(&world, "sops");
    // A role of more than an hour takes a code of the same device itself.
    let asking = world.aws_auth().args(["-p", "sops", "--duration", "2h", "true"]).in_terminal();
    asking.expect(&world.prompt("sops"));
    let (other, _) = seed::ROLES[1];
    quietly(&world, other).success().assert_stderr("");
    assert_eq!((world.sts.count("GetSessionToken"), world.sts.count("AssumeRole")), (1, 2));
    asking.ctrl_c();
    asking.wait();
}

#[test]
fn a_waiter_without_a_terminal_gives_up_in_time() {
    let mut world = World::seeded();
    world.set_env("AWS_AUTH_WAIT_TIMEOUT", "1s");
    let holder = at_terminal(&world, "sops");
    holder.expect(&world.prompt("sops"));
    let pid = holder.pid();
    closed(&world, "sops").run().assert_status(125).assert_stdout("").assert_stderr_contains(&format!(
        "aws-auth: waited 1s for the MFA prompt of process {pid}, and gave up; answer it, or end that process\n"
    ));
    holder.send_line(&world.fresh_code());
    holder.wait().success();
}

#[test]
fn waiting_is_ended_by_a_signal() {
    let world = World::seeded();
    let holder = at_terminal(&world, "sops");
    holder.expect(&world.prompt("sops"));
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let waiter = closed(&world, "sops").start();
        expect_waiting(&waiter, holder.pid());
        waiter.signal(signal);
        waiter.wait().assert_signal(signal).assert_stderr(&waiting_for(holder.pid()));
    }
    holder.send_line(&world.fresh_code());
    holder.wait().success();
}

#[cfg(target_os = "linux")]
#[test]
#[allow(unsafe_code)] // tgkill(2) has no wrapper
fn a_signal_to_the_thread_that_waits_does_not_end_the_wait() {
    let world = World::seeded();
    let holder = at_terminal(&world, "sops");
    holder.expect(&world.prompt("sops"));
    let pid = holder.pid();
    let waiter = closed(&world, "sops").start();
    expect_waiting(&waiter, pid);
    let tasks = std::fs::read_dir(format!("/proc/{}/task", waiter.pid())).unwrap();
    let threads = tasks.map(|task| task.unwrap().file_name().to_str().unwrap().parse::<i32>().unwrap());
    let [thread] = threads.filter(|thread| *thread != waiter.pid()).collect::<Vec<_>>()[..] else {
        panic!("one waits")
    };
    // SAFETY: the system call has no pointers.
    let sent = unsafe { libc::syscall(libc::SYS_tgkill, waiter.pid(), thread, libc::SIGCONT) };
    assert_eq!(sent, 0);
    holder.send_line(&world.fresh_code());
    holder.wait().success();
    waiter.wait().success().assert_stderr(&waiting_for(pid));
}

#[test]
fn those_who_ask_for_other_devices_do_not_wait() {
    let world = World::seeded();
    let kim = crate::world::User::new(seed::ACCOUNT, "kim").with_mfa("kim");
    world.sts.add_user(kim.clone());
    let keys = seed::credentials_file(&kim).replace("[default]", "[kim]");
    world.credentials(&(seed::credentials_file(&world.user) + &keys));
    world.append_config(&format!(
        "[profile kims]\nsource_profile = kim\nmfa_serial = {}\nrole_arn = {}\n",
        kim.mfa[0].serial,
        arn("sops")
    ));
    let holder = at_terminal(&world, "sops");
    holder.expect(&world.prompt("sops"));
    let code = world.sts.fresh_code(&kim.mfa[0].serial);
    world.aws_auth().profile("kims").arg("true").env("AWS_AUTH_MFA_TOKEN", code).run().success().assert_stderr("");
    holder.ctrl_c();
    holder.wait();
}

#[test]
fn roles_without_a_device_are_assumed_once_too() {
    let world = World::seeded();
    add_open(&world);
    world.sts.hold("AssumeRole");
    let first = closed(&world, "open").start();
    world.sts.wait_for_held(1);
    let others: Vec<_> = (0..4).map(|_| closed(&world, "open").start()).collect();
    for other in &others {
        other.expect_stderr(&format!("aws-auth: waiting for the credentials of process {}\n", first.pid()));
    }
    world.sts.release();
    first.wait().success().assert_stderr("");
    for other in others {
        other.wait().success();
    }
    assert_eq!(world.sts.actions(), ["AssumeRole"]);
}

#[test]
fn without_a_place_for_locks_and_caches_it_works_with_one_warning() {
    let world = World::seeded();
    let state = world.write(".cache/aws-auth", "a file where the directory should be");
    let run = at_terminal(&world, "sops");
    answer(&world, &run, "sops", &world.fresh_code());
    let output = run.wait();
    output.success().assert_stdout("sops\n");
    let warning = format!(
        "aws-auth: warning: cannot keep anything in {} (Not a directory): the next run will ask again\n",
        state.display()
    );
    assert_said(&output, &(warning + &until("sops")));
}

#[test]
fn a_lock_that_was_removed_while_it_was_waited_for_is_taken_anew() {
    let world = World::seeded();
    let holder = at_terminal(&world, "sops");
    holder.expect(&world.prompt("sops"));
    let waiter = closed(&world, "sops").start();
    expect_waiting(&waiter, holder.pid());
    std::fs::remove_file(own(&world, "lock-").remove(0)).unwrap();
    holder.send_line(&world.fresh_code());
    holder.wait().success();
    waiter.wait().success();
    assert_eq!(world.sts.calls().len(), 2);
}

#[test]
fn what_was_cancelled_is_counted_anew_in_a_new_lock_file() {
    let world = World::seeded();
    let cancelled = at_terminal(&world, "sops");
    cancelled.expect(&world.prompt("sops"));
    cancelled.ctrl_c();
    cancelled.wait();
    let holder = at_terminal(&world, "sops");
    holder.expect(&world.prompt("sops"));
    let waiter = closed(&world, "sops").start();
    expect_waiting(&waiter, holder.pid());
    std::fs::remove_file(own(&world, "lock-").remove(0)).unwrap();
    let next = at_terminal(&world, "sops");
    next.expect(&world.prompt("sops"));
    holder.signal(Signal::KILL);
    holder.wait();
    let pid = next.pid();
    expect_waiting(&waiter, pid);
    next.ctrl_c();
    next.wait();
    let output = waiter.wait();
    assert!(output.stderr.ends_with(&gave_up(pid)), "{}", output.report());
}

#[test]
fn who_waited_for_a_prompt_that_was_cancelled_but_needs_no_code_goes_on() {
    let world = World::seeded();
    let holder = at_terminal(&world, "sops");
    holder.expect(&world.prompt("sops"));
    let waiter = closed(&world, "sops").start();
    expect_waiting(&waiter, holder.pid());
    // Another process makes the session meanwhile, without this lock.
    let lock = own(&world, "lock-").remove(0);
    let away = lock.with_extension("away");
    std::fs::rename(&lock, &away).unwrap();
    log_in(&world, "main-infrastructure");
    std::fs::rename(&away, &lock).unwrap();
    holder.ctrl_c();
    holder.wait().assert_signal(Signal::INT);
    waiter.wait().success().assert_stdout("sops\n");
    assert_eq!(world.sts.count("GetSessionToken"), 1);
}

/// What happens to the process that shows a prompt.
#[derive(Debug, Clone, Copy)]
enum Event {
    Right,
    Wrong,
    Junk,
    Cancel,
    EndOfInput,
    Kill,
    StopAndGoOn,
    Newcomer,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => Just(Event::Right),
        3 => Just(Event::Wrong),
        1 => Just(Event::Junk),
        1 => Just(Event::Cancel),
        1 => Just(Event::EndOfInput),
        2 => Just(Event::Kill),
        2 => Just(Event::StopAndGoOn),
        2 => Just(Event::Newcomer),
    ]
}

/// Waits for a run whose prompt is not answered yet, and returns it; `None` when all have ended.
fn asking<'a, 'w>(world: &World, runs: &'a mut [(Running<'w>, usize)]) -> Option<&'a mut (Running<'w>, usize)> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(40);
    loop {
        let standing: Vec<usize> = (0..runs.len())
            .filter(|at| {
                let (run, answered) = &runs[*at];
                run.is_running() && run.transcript().matches("MFA code for ").count() > *answered
            })
            .collect();
        assert!(standing.len() <= 1, "{} prompts at a time", standing.len());
        if let Some(at) = standing.first() {
            let (run, _) = &runs[*at];
            assert!(run.transcript().contains(&format!("({}) at {}: ", seed::SERIAL, world.sts.endpoint())));
            return runs.get_mut(*at);
        }
        if runs.iter().all(|(run, _)| !run.is_running()) {
            return None;
        }
        assert!(std::time::Instant::now() < deadline, "the runs neither ask nor end");
        std::thread::yield_now();
    }
}

fn play(events: &[Event]) {
    let world = World::seeded();
    let mut runs: Vec<(Running<'_>, usize)> = (0..3).map(|at| (at_terminal(&world, profile(at)), 0)).collect();
    for event in events {
        let newcomers = runs.len();
        let Some((run, answered)) = asking(&world, &mut runs) else { break };
        match event {
            Event::Newcomer => {
                let newcomer = (at_terminal(&world, profile(newcomers)), 0);
                runs.push(newcomer);
                continue;
            }
            Event::Right => run.send_line(&world.fresh_code()),
            Event::Wrong => run.send_line(&world.wrong_code()),
            Event::Junk => run.send_line("junk"),
            Event::Cancel => run.ctrl_c(),
            Event::EndOfInput => run.ctrl_d(),
            Event::Kill => run.signal(Signal::KILL),
            Event::StopAndGoOn => {
                run.signal(Signal::STOP);
                run.signal(Signal::CONT);
            }
        }
        *answered += 1;
    }
    // All remaining prompts are answered, so that all runs end.
    while let Some((run, answered)) = asking(&world, &mut runs) {
        run.send_line(&world.fresh_code());
        *answered += 1;
    }
    for (run, _) in runs {
        let output = run.wait();
        assert!(
            output
                .screen
                .as_ref()
                .is_some_and(|screen| output.status == killed() || screen.after.as_ref() == Some(&screen.before))
        );
    }
    let calls = world.sts.calls();
    let mut codes: Vec<_> = calls.iter().filter(|call| call.with_code).map(|call| call.param("TokenCode")).collect();
    let sent = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), sent, "a code was sent twice: {codes:?}");
    assert!(calls.iter().filter(|call| call.action == "GetSessionToken" && call.outcome.is_ok()).count() <= 1);
}

fn killed() -> crate::world::Status {
    crate::world::Status::Signal(Signal::KILL.as_raw())
}

#[test]
fn whatever_happens_one_prompt_stands_at_a_time_no_code_is_sent_twice_and_all_end() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(12);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 30, ..Config::default() };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, random);
    runner
        .run(&proptest::collection::vec(event(), 1..10), |events| {
            play(&events);
            Ok(())
        })
        .unwrap();
}
