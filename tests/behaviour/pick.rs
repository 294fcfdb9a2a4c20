//! `--pick`: the profile is chosen on the terminal, by typing a part of its name.

use crate::kit::{log_in, own};
use crate::world::screen::seen;
use crate::world::{Invocation, Running, SHELL_PROMPT, Terminal, World};
use rustix::process::Signal;
use std::num::NonZero;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The end of what is drawn.
const DRAWN: &str = "\x1b[?25h";

/// The codes that put the screen back.
const LEFT: &str = "\x1b[?2004l\x1b[?1049l\x1b[?25h";

/// A run that picks among the profiles of the README, and prints the chosen one.
fn pick<'w>(world: &'w World, options: &[&str]) -> Invocation<'w> {
    let run = world.aws_auth().env("TERM", "xterm").env("NO_COLOR", "1").arg("--pick").args(options);
    run.args(["sh", "-c", "echo \"${AWS_AUTH_PROFILE:-$AWS_PROFILE}\"; cat"])
}

fn world() -> World {
    let world = World::seeded();
    for profile in ["sops", "development-infrastructure", "production-infrastructure"] {
        log_in(&world, profile);
    }
    world
}

/// Waits until a screen with this text was drawn whole.
#[track_caller]
fn drawn(run: &Running<'_>, text: &str) {
    run.expect(text);
    run.expect(DRAWN);
}

/// The lines of the screen as it is now.
fn screen(run: &Running<'_>, rows: u16, columns: u16) -> Vec<String> {
    let size = |number| NonZero::new(number).unwrap();
    let mut parser = vt100::Parser::new(size(rows), size(columns), 0);
    parser.process(run.transcript().as_bytes());
    parser.screen().contents().lines().map(|line| line.trim_end().to_owned()).collect()
}

/// The names on the screen, in their order; the selected one has a `>`.
fn names(run: &Running<'_>) -> Vec<String> {
    let name = |line: &String| {
        line.split_whitespace().take(if line.starts_with('>') { 2 } else { 1 }).collect::<Vec<_>>().concat()
    };
    screen(run, 24, 80).iter().skip(2).map(name).collect()
}

fn file() -> &'static str {
    if cfg!(target_os = "macos") {
        "Library/Application Support/aws-auth/picked"
    } else {
        ".local/state/aws-auth/picked"
    }
}

#[test]
fn a_part_of_the_name_chooses_and_the_streams_stay_the_commands() {
    let world = world();
    let run = pick(&world, &[]).stdin("input\n").in_terminal();
    drawn(&run, "5 of 5");
    assert_eq!(
        names(&run),
        [">sops", "development-infrastructure", "production-infrastructure", "main-infrastructure", "default"]
    );
    run.send("prod");
    drawn(&run, "1 of 5");
    assert_eq!(screen(&run, 24, 80)[0], "profile: prod");
    assert!(
        screen(&run, 24, 80)[2].starts_with("> production-infrastructure  050019655025  infrastructure  "),
        "{:?}",
        screen(&run, 24, 80)
    );
    run.send("\r");
    let output = run.wait();
    output.success().assert_stdout("production-infrastructure\ninput\n").assert_stderr("").assert_terminal_restored();
    assert!(
        output.transcript().starts_with("\x1b[?1049h") && output.transcript().ends_with(LEFT),
        "{}",
        output.report()
    );
    // Nothing is asked of the terminal: neither its size, nor what it is.
    for question in ["\x1b[6n", "\x1b[c", "\x1b[>c", "\x1b[5n", "\x1b[18t"] {
        assert!(!output.transcript().contains(question));
    }
}

#[test]
fn the_account_and_the_role_are_searched_too_and_words_in_any_order() {
    let world = world();
    for (query, profile) in [
        ("3814", "development-infrastructure"),
        ("credentials", "sops"),
        ("infra prod", "production-infrastructure"),
        ("pdinfra", "production-infrastructure"),
    ] {
        let run = pick(&world, &[]).stdin_null().in_terminal();
        drawn(&run, "5 of 5");
        run.send(query);
        drawn(&run, &format!("profile: {query}\x1b"));
        run.send("\r");
        run.wait().success().assert_stdout(&format!("{profile}\n"));
    }
}

#[test]
fn the_keys_move_and_edit() {
    let world = world();
    let run = pick(&world, &[]).stdin_null().in_terminal();
    drawn(&run, "5 of 5");
    let selected = |keys: &str, name: &str| {
        run.send(keys);
        drawn(&run, &format!("> {name}"));
    };
    selected("\x1b[B", "development-infrastructure");
    selected("\x1bOB", "production-infrastructure");
    selected("\x10", "development-infrastructure");
    selected("\x0e\x0e", "main-infrastructure");
    selected("\x1b[A", "production-infrastructure");
    selected("\x1b[6~", "default");
    selected("\x1b[B\x1b[B", "default");
    selected("\x1b[5~", "sops");
    selected("\x1b[F", "default");
    selected("\x1b[H\x1b[A", "sops");
    let query = |keys: &str, text: &str| {
        run.send(keys);
        drawn(&run, &format!("profile: {text}\x1b[K"));
    };
    query("main infra", "main infra");
    query("\x7f\x08", "main inf");
    query("\x17", "main ");
    query("x\x17\x17", "");
    query("zzz", "zzz");
    assert_eq!(screen(&run, 24, 80), ["profile: zzz", "0 of 5"]);
    // There is nothing to take.
    query("\r", "zzz");
    query("\x04", "zzz");
    query("\x15", "");
    query("é帳", "é帳");
    query("\x7f\x7f", "");
    // A line that was copied with its end takes nothing.
    query("\x1b[200~so\r\nps\x1b[201~", "sops");
    run.send("\n");
    run.wait().success().assert_stdout("sops\n");
}

#[test]
fn esc_and_ctrl_c_choose_none() {
    let world = world();
    for keys in ["\x1b", "\x03", "\x04", "x\x15\x04", "prod\x03"] {
        let run = pick(&world, &[]).in_terminal();
        drawn(&run, "5 of 5");
        run.send(keys);
        let output = run.wait();
        output.assert_status(130).assert_stdout("").assert_stderr("aws-auth: no profile was chosen\n");
        output.assert_terminal_restored();
        assert!(output.transcript().ends_with(LEFT));
    }
    assert!(!world.path(file()).exists());
}

#[test]
fn the_terminal_is_restored_when_a_signal_ends_the_choice() {
    let world = world();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        let run = pick(&world, &[]).in_terminal();
        drawn(&run, "5 of 5");
        run.signal(signal);
        let output = run.wait();
        output.assert_signal(signal).assert_terminal_restored();
        assert!(output.transcript().ends_with(LEFT), "{}", output.report());
    }
    let run = pick(&world, &[]).in_terminal();
    drawn(&run, "5 of 5");
    run.ctrl_backslash();
    run.wait().assert_signal(Signal::QUIT).assert_terminal_restored();
    let mut run = pick(&world, &[]).in_terminal();
    drawn(&run, "5 of 5");
    run.hang_up();
    run.wait().assert_signal(Signal::HUP);
}

#[test]
fn ctrl_z_gives_the_screen_back_and_fg_takes_it_again() {
    let world = world();
    let shell = world.shell_in_terminal();
    shell.send_line("TERM=xterm NO_COLOR=1 aws-auth --pick sh -c 'echo pick''ed $AWS_AUTH_PROFILE'");
    drawn(&shell, "5 of 5");
    shell.send("prod");
    drawn(&shell, "1 of 5");
    shell.ctrl_z();
    shell.expect(LEFT);
    shell.expect("Stopped");
    shell.expect(SHELL_PROMPT);
    shell.send_line("echo vis''ible; fg");
    shell.expect("visible\r\n");
    drawn(&shell, "profile: prod");
    shell.send("\r");
    shell.expect("picked production-infrastructure\r\n");
    shell.expect(SHELL_PROMPT);
    shell.send_line("exit");
    shell.wait().success();
}

#[test]
fn the_screen_follows_the_size_of_the_terminal_down_to_twenty_columns() {
    let world = world();
    let terminal = Terminal::open();
    terminal.set_size(24, 80);
    let run = pick(&world, &[]).stdin_null().terminal(terminal).in_terminal();
    drawn(&run, "5 of 5");
    for (columns, row) in [
        (60, "> production-infrastructure  050019655025  1h"),
        (42, "> production-infrastructure  050019655025"),
        (30, "> production-infrastructure"),
        (20, "> production-infras…"),
    ] {
        run.terminal().set_size(10, columns);
        drawn(&run, "\x1b[H");
        run.send("\x15prod");
        drawn(&run, "prod\x1b[K");
        let lines = screen(&run, 10, columns.max(10));
        // A minute may have passed since the role was cached.
        assert_eq!(lines[2].replace("59m", "1h"), row, "{columns}: {lines:?}");
        assert!(lines.iter().all(|line| line.chars().count() <= usize::from(columns)), "{lines:?}");
    }
    // Three lines show one choice, and moving scrolls; three columns are not too few.
    run.terminal().set_size(10, 3);
    drawn(&run, "\r\n> …");
    run.terminal().set_size(3, 80);
    drawn(&run, "\x1b[H");
    run.send("\x15\x1b[B");
    drawn(&run, "> development-infrastructure");
    assert_eq!(names(&run), [">development-infrastructure"]);
    run.terminal().set_size(1, 80);
    drawn(&run, "\x1b[H");
    run.send("\r");
    run.wait().success().assert_stdout("development-infrastructure\n");
}

#[test]
fn a_terminal_without_a_size_counts_as_24_by_80() {
    let world = world();
    let terminal = Terminal::open();
    terminal.set_size(0, 0);
    let run = pick(&world, &[]).stdin_null().terminal(terminal).in_terminal();
    drawn(&run, "5 of 5");
    assert_eq!(names(&run).len(), 5);
    run.send("\r");
    run.wait().success().assert_stdout("sops\n");
}

#[test]
fn colours_are_those_of_the_golden_files_and_none_with_no_color() {
    let world = world();
    world.append_config("[profile 帳號-é]\nsource_profile = default\nrole_arn = arn:aws:iam::398263320410:role/path/to/a-role-with-a-long-name\n");
    for columns in [20, 40, 80, 160] {
        let terminal = Terminal::open();
        terminal.set_size(24, columns);
        let run = world.aws_auth().args(["--pick", "true"]).env("TERM", "xterm").terminal(terminal).in_terminal();
        drawn(&run, "6 of 6");
        run.send("\x1b[B");
        drawn(&run, "> development");
        let shown = seen(&run.transcript().replace("\x1b[7m", "\x1b[4m"), columns).replace("59m", "1h");
        let golden = format!("{}/tests/golden/screens/pick-{columns}.txt", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("AWS_AUTH_WRITE_GOLDEN").is_some() {
            std::fs::write(&golden, &shown).unwrap();
        }
        assert_eq!(shown, std::fs::read_to_string(&golden).unwrap_or_default(), "{golden}");
        run.send("\x03");
        run.wait().assert_status(130);
    }
    let run = pick(&world, &[]).in_terminal();
    drawn(&run, "6 of 6");
    run.send("\x03");
    let output = run.wait();
    let codes = output.transcript().split('\x1b').skip(1);
    assert!(codes.clone().count() > 10);
    assert!(codes.into_iter().all(|code| {
        !code.starts_with('[')
            || !code
                .split(|c: char| c.is_ascii_alphabetic())
                .next()
                .is_some_and(|numbers| code[numbers.len()..].starts_with('m'))
    }));
}

#[test]
fn a_dumb_terminal_gets_a_list_with_numbers() {
    let world = world();
    for terminal in ["dumb", ""] {
        let start = || pick(&world, &["-q"]).env("TERM", terminal).stdin_null().in_terminal();
        let run = start();
        run.expect("  1  sops  398263320410  sops-credentials-access  ");
        run.expect("  5  default\r\nnumber (1-5), or a part of the name: ");
        run.send_line("infra");
        run.expect("  1  development-infrastructure");
        run.expect("number (1-3), or a part of the name: ");
        run.send_line("zzz");
        run.expect("aws-auth: no profile matches 'zzz'\r\nnumber (1-3), ");
        run.send_line("2");
        let output = run.wait();
        output.success().assert_stdout("production-infrastructure\n").assert_terminal_restored();
        assert!(!output.transcript().contains('\x1b'), "{}", output.report());
        let run = start();
        run.expect("a part of the name: ");
        run.send_line("sops");
        run.wait().success().assert_stdout("sops\n");
        let run = start();
        run.expect("a part of the name: ");
        run.ctrl_d();
        run.wait().assert_status(130);
        std::fs::remove_file(world.path(file())).unwrap();
    }
}

#[test]
fn what_was_picked_lately_comes_first_and_the_file_holds_names_and_times() {
    let world = world();
    let choose = |options: &[&str], query: &str| {
        let run = pick(&world, options).stdin_null().in_terminal();
        drawn(&run, "5 of 5");
        let before = names(&run);
        run.send(query);
        drawn(&run, &format!("profile: {query}\x1b[K"));
        run.send("\r");
        run.wait().success();
        before
    };
    choose(&[], "prod");
    let path = world.path(file());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = world.read(file());
    let (time, name) = text.trim_end().split_once(' ').unwrap();
    assert_eq!((name, time.parse::<i64>().is_ok()), ("production-infrastructure", true));
    assert_eq!(choose(&[], "dev")[..2], [">production-infrastructure", "sops"]);
    let old = world.read(file()).replace(time, "1000");
    world.write(file(), old);
    let order = choose(&[], "sops");
    assert_eq!(order[..3], [">development-infrastructure", "production-infrastructure", "sops"]);
    assert_eq!(world.read(file()).lines().count(), 3);
    // With --no-cache the file is neither read nor written; the command asks for a code, so it is left.
    let before = world.read(file());
    let run = pick(&world, &["--no-cache"]).stdin_null().in_terminal();
    drawn(&run, "5 of 5");
    assert_eq!(names(&run)[0], ">sops");
    run.send("default\r");
    run.wait().success();
    assert_eq!(world.read(file()), before);
    // What is no history is none.
    world.write(file(), b"\xff\xfe\nx y\n99999999999999999999999 sops\n");
    assert_eq!(choose(&[], "dev")[0], ">sops");
    assert_eq!(own(&world, "picked"), [""; 0].map(PathBuf::from));
}

#[test]
fn a_profile_that_does_not_resolve_is_no_choice_and_names_stay_whole() {
    let world = world();
    world.append_config("[profile broken]\nrole_arn = arn:aws:iam::111122223333:role/x\n[profile machine]\noutput = json\n[profile \"a b\"]\nsource_profile = default\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\nrole_arn = arn:aws:iam::381494870249:role/infrastructure\n");
    let run = pick(&world, &[]).stdin_null().in_terminal();
    drawn(&run, "7 of 7");
    assert!(!run.transcript().contains("broken"));
    run.send("a b");
    drawn(&run, "> a b");
    run.send("\r");
    run.wait().success().assert_stdout("a b\n");
}

#[test]
fn it_comes_before_actions_and_the_guard() {
    let world = world();
    world.append_config("[profile guarded]\nsource_profile = default\nrole_arn = arn:aws:iam::050019655025:role/infrastructure\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\naws_auth_confirm = yes\n");
    for (action, out) in [
        (&["--status"][..], "sops "),
        (&["--whoami"], "arn      arn:aws:sts::398263320410:"),
        (&["--explain"], "profile sops (--pick)\n"),
    ] {
        let run = world.aws_auth().env("TERM", "xterm").arg("--pick").args(action).in_terminal();
        drawn(&run, "6 of 6");
        run.send("sops\r");
        let output = run.wait();
        assert!(output.success().stdout_text().starts_with(out), "{}", output.report());
    }
    let run = pick(&world, &[]).in_terminal();
    drawn(&run, "6 of 6");
    run.send("guarded\r");
    run.expect("guarded (050019655025): run sh -c ");
    run.send_line("n");
    run.wait().assert_status(125);
    let terminal = world.aws_auth().args(["--pick", "true"]).run();
    terminal
        .assert_status(125)
        .assert_stderr("aws-auth: there is no terminal to choose a profile on; name one with -p or AWS_PROFILE\n");
    for (words, message) in [
        (&["--pick", "-p", "sops", "true"][..], "--profile and --pick exclude each other; write one of them\n"),
        (&["--pick", "--each", "*", "true"], "--each and --pick exclude each other; write one of them\n"),
        (
            &["--pick", "--list"],
            "--pick goes with a COMMAND, or an action for one profile; write both, or leave it out\n",
        ),
    ] {
        world.run(words).assert_status(125).assert_stderr(&format!("aws-auth: {message}"));
    }
    let empty = World::new();
    let run = empty.aws_auth().args(["--pick", "true"]).in_terminal();
    run.wait().assert_status(125).assert_stderr("aws-auth: there is no profile to choose; aws-auth --list says why\n");
    // Keys in the environment and AWS_PROFILE do not keep it from asking.
    let run = pick(&world, &[]).profile("").keys("AKIAX", "x", "").stdin_null().in_terminal();
    drawn(&run, "6 of 6");
    run.send("sops\r");
    run.wait().success().assert_stdout("sops\n");
}

#[test]
fn a_run_at_a_terminal_that_names_no_profile_is_told_of_it() {
    let world = World::new();
    world.config(
        "[profile sops]\nsource_profile = keys\nrole_arn = arn:aws:iam::398263320410:role/sops-credentials-access\n",
    );
    world.credentials("[keys]\naws_access_key_id = AKIAX\naws_secret_access_key = x\n");
    let run = world.aws_auth().arg("true").stderr_on_terminal().in_terminal().wait();
    assert!(run.success().transcript().contains("; --pick chooses a profile\r\n"), "{}", run.report());
    assert!(!world.run(["true"]).success().stderr.contains("--pick"));
    let run = world.aws_auth().keys("AKIAX", "x", "").arg("--login").in_terminal().wait();
    run.assert_status(125).assert_stderr_contains("name one with -p or AWS_PROFILE, or choose one with --pick\n");
}

#[test]
fn ten_thousand_profiles_are_found_by_typing() {
    use std::fmt::Write as _;
    let world = world();
    let mut config = String::new();
    for at in 0..10_000 {
        write!(config, "[profile team-{at:05}]\nsource_profile = default\nrole_arn = arn:aws:iam::{at:012}:role/r\n")
            .unwrap();
    }
    world.append_config(&config);
    let run = pick(&world, &[]).stdin_null().in_terminal();
    drawn(&run, "10005 of 10005");
    run.send("team-00777");
    drawn(&run, "profile: team-00777\x1b[K");
    assert_eq!(names(&run)[0], ">team-00777");
    run.send("\x15main\r");
    run.wait();
    assert!(Path::new(&world.path(file())).exists());
}
