//! What a person sees: `tests/golden/screens/NAME-WIDTH.txt`, one file for each screen at 40, 80 and 160 columns.
//! AWS_AUTH_WRITE_GOLDEN=1 writes them. Look at each of them before it is committed.

use crate::kit::{add_open, masked, with_a_session};
use crate::store_keys::{PASSPHRASE, store_in_file};
use crate::world::aws_login::SignIn;
use crate::world::screen::{line_of_cursor, seen};
use crate::world::{AWS_AUTH, Running, Terminal, World, output};
use std::path::Path;
use std::process::Command;

const WIDTHS: [u16; 3] = [40, 80, 160];

/// A world whose files have short paths in messages, the same on every machine.
fn world() -> World {
    let mut world = World::seeded();
    world.set_env("AWS_CONFIG_FILE", "aws/config");
    world.set_env("AWS_SHARED_CREDENTIALS_FILE", "aws/credentials");
    std::os::unix::fs::symlink(".aws", world.path("aws")).unwrap();
    world
}

/// Starts these lines of a shell at a terminal of this width. Each is shown before it runs.
#[track_caller]
fn start<'w>(world: &'w World, columns: u16, lines: &[&str]) -> Running<'w> {
    let terminal = Terminal::open();
    terminal.set_columns(columns);
    let script = lines.iter().map(|line| format!("echo '$ {line}'\n{line}\n")).collect::<Vec<_>>().concat();
    let script = format!("aws_auth() {{ '{AWS_AUTH}' \"$@\"; }}\n{}", script.replace("\naws-auth", "\naws_auth"));
    let run = world.command("sh").args(["-c", &script]).env("TERM", "xterm").cwd(world.home());
    run.stdout_on_terminal().stderr_on_terminal().terminal(terminal).in_terminal()
}

/// The screen. What differs between two worlds is masked before lines are broken, by something as long.
fn settled(world: &World, columns: u16, transcript: &str) -> String {
    let port = world.sts.endpoint().rsplit(':').next().unwrap().to_owned();
    let text = transcript.replace(&port, "PORT_").replace(world.home().to_str().unwrap(), "/home/jo");
    seen(&ids_masked(&masked(&text)), columns)
}

/// The text with the random part of each id, such as that of an access key, replaced.
fn ids_masked(text: &str) -> String {
    let mut parts = vec![];
    let mut rest = text;
    while let Some(at) = ["AKIA", "ASIA", "AROA", "AIDA"].iter().filter_map(|kind| rest.find(kind)).min() {
        let (before, id) = rest.split_at(at);
        let end = id.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(id.len());
        parts.extend([before, &id[..4], &"EXAMPLE1234567890"[..end - 4]]);
        rest = &id[end..];
    }
    parts.concat() + rest
}

#[track_caller]
fn screen(world: &World, columns: u16, lines: &[&str]) -> String {
    settled(world, columns, start(world, columns, lines).wait().transcript())
}

#[track_caller]
fn assert_golden(name: &str, columns: u16, shown: &str) {
    let golden = format!("{}/tests/golden/screens/{name}-{columns}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("AWS_AUTH_WRITE_GOLDEN").is_some() {
        std::fs::create_dir_all(Path::new(&golden).parent().unwrap()).unwrap();
        std::fs::write(&golden, shown).unwrap();
    }
    assert_eq!(shown, std::fs::read_to_string(&golden).unwrap_or_default(), "{golden}");
}

#[test]
fn help_is_that_of_the_golden_files() {
    let world = world();
    for columns in WIDTHS {
        for (option, name) in [("--help", "help"), ("-h", "help-short")] {
            assert_golden(name, columns, &screen(&world, columns, &[&format!("aws-auth {option}")]));
        }
    }
}

#[test]
fn help_fills_the_terminal_and_is_never_wider() {
    let world = world();
    for columns in [30, 64, 81, 100, 120, 200] {
        for option in ["--help", "-h"] {
            let shown = screen(&world, columns, &[&format!("aws-auth {option}")]);
            let lengths = shown.lines().map(|line| line.replace("{bold}", "").replace("{}", "").chars().count());
            let (longest, widest) = (lengths.max().unwrap(), usize::from(columns.min(120)));
            assert!(longest <= widest, "{option} at {columns}: {longest}\n{shown}");
            assert!(option == "-h" || longest + 12 > widest, "{option} at {columns}: {longest}\n{shown}");
        }
    }
}

#[test]
fn explain_is_that_of_the_golden_files() {
    let world = world();
    // Half a minute more than 43m, so that a slow test still sees 43m.
    world.sts.set_role_lifetime(Some(43 * 60 + 30));
    with_a_session(&world, "sops");
    world.append_config(
        "[profile audit]\nregion = eu-west-2\noutput = json\nrole_arn = arn:aws:iam::050019655025:role/audit\n\
         source_profile = default\nduration_seconds = 14400\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\n\
         [profile broken]\nrole_arn = arn:aws:iam::050019655025:role/audit\nsource_profile = nobody\n",
    );
    let lines = ["sops", "development-infrastructure", "audit", "broken"];
    let lines = lines.map(|profile| format!("aws-auth -p {profile} --explain"));
    for columns in WIDTHS {
        assert_golden("explain", columns, &screen(&world, columns, &lines.each_ref().map(String::as_str)));
    }
}

#[test]
fn whoami_is_that_of_the_golden_files() {
    let world = world();
    // Half a minute more than 43m, so that a slow test still sees 43m.
    world.sts.set_role_lifetime(Some(43 * 60 + 30));
    with_a_session(&world, "sops");
    for columns in WIDTHS {
        let lines = ["aws-auth -p sops --whoami", "aws-auth --whoami", "aws-auth -v -p sops true"];
        assert_golden("whoami", columns, &screen(&world, columns, &lines));
    }
}

#[test]
fn refusals_are_those_of_the_golden_files() {
    let world = world();
    // Half a minute more than 43m, so that a slow test still sees 43m.
    world.sts.set_role_lifetime(Some(43 * 60 + 30));
    with_a_session(&world, "sops");
    world.append_config(
        "[profile secret]\nrole_arn = arn:aws:iam::050019655025:role/secret\nsource_profile = default\n\
         [profile typo]\nrole_arm = arn:aws:iam::050019655025:role/secret\nsource_profile = default\n",
    );
    let lines = [
        "aws-auth -p secret true",
        "aws-auth -p production-infrastrcture true",
        "aws-auth -p typo true",
        "aws-auth -p sops --duration 3 true",
        "aws-auth --rgion eu-west-1 true",
        "aws-auth -p sops terrafrom plan",
    ];
    for columns in WIDTHS {
        assert_golden("refusals", columns, &screen(&world, columns, &lines));
    }
}

/// The text with what is random in a link replaced by as many zeros.
fn link_masked(text: &str) -> String {
    let mut masked = text.to_owned();
    for (name, length) in [("&state=", 36), ("&code_challenge=", 43)] {
        let at = masked.find(name).unwrap() + name.len();
        masked.replace_range(at..at + length, &"0".repeat(length));
    }
    masked
}

#[test]
fn a_sign_in_with_a_pasted_code_is_that_of_the_golden_files() {
    for columns in WIDTHS {
        let mut world = world();
        let signin = SignIn::new(&world.sts);
        world.sts.serve_v1(move |asked| signin.answer(asked));
        let endpoint = world.sts.endpoint();
        world.set_env("AWS_ENDPOINT_URL_SIGNIN", &endpoint);
        world.config("[default]\nregion = eu-west-1\n");
        let shell = start(&world, columns, &["aws-auth -p jo --login=aws", "aws-auth -p jo --login"]);
        let prompt = "Code from the browser (hidden): ";
        shell.expect(prompt);
        let transcript = shell.transcript();
        let link = transcript.lines().find(|line| line.starts_with("http")).unwrap().trim();
        let code = output(Command::new("curl").args(["-sL", link])).unwrap().stdout;
        shell.send_line("123456");
        shell.expect(prompt);
        shell.send_line(std::str::from_utf8(&code).unwrap());
        let shown = link_masked(shell.wait().success().transcript());
        assert_golden("aws-login", columns, &settled(&world, columns, &shown));
    }
}

/// Starts these runs of the same profile at one terminal, all at once.
#[track_caller]
fn all_at_once<'w>(world: &'w World, profile: &str, columns: u16, runs: usize) -> Running<'w> {
    let run = format!("aws-auth -p {profile} sh -c 'echo done' &");
    let mut lines = vec![run.as_str(); runs];
    lines.push("wait");
    let script = lines.join("\n").replace("aws-auth", AWS_AUTH);
    let terminal = Terminal::open();
    terminal.set_columns(columns);
    let shell = world.command("sh").args(["-c", &script]).env("TERM", "xterm");
    shell.stdout_on_terminal().stderr_on_terminal().terminal(terminal).in_terminal()
}

/// The text with the process id that a run waits for replaced by one of five digits.
fn pid_masked(text: &str) -> String {
    let (before, after) = text.split_once("of process ").unwrap();
    format!("{before}of process 12345{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[test]
fn the_prompt_stays_the_last_line_with_seven_waiters() {
    for columns in WIDTHS {
        let world = world();
        let shell = all_at_once(&world, "sops", columns, 8);
        shell.expect("waiting for the MFA prompt of process ");
        shell.expect(&world.prompt("sops"));
        let before = pid_masked(&shell.transcript());
        let asked = line_of_cursor(&before, columns);
        assert!(!asked.is_empty() && world.prompt("sops").ends_with(&asked), "{asked:?}: {before}");
        assert_golden("prompt", columns, &settled(&world, columns, &before));
        shell.send_line(&world.fresh_code());
        let output = shell.wait();
        output.success();
        assert_eq!(output.transcript().matches("done").count(), 8, "{}", output.report());
        assert_eq!(output.transcript().matches(": role ").count(), 1, "{}", output.report());
    }
}

#[test]
fn only_a_terminal_that_shows_colours_gets_them() {
    let world = world();
    let lines = ["--help", "-p sops --explain", "--list", "-p nobody true", "-v -p sops --export"];
    let shown = |name: &str, value: &str| {
        let runs = lines.map(|line| {
            let run = world.aws_auth().args(line.split(' ')).env("TERM", "xterm").env(name, value);
            run.env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).stdout_on_terminal().stderr_on_terminal()
        });
        runs.map(|run| run.secrets_may_show().in_terminal().wait().transcript().to_owned())
    };
    assert!(shown("TERM", "xterm-256color").iter().all(|text| text.contains('\x1b')));
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "")] {
        for text in shown(name, value) {
            assert!(!text.contains('\x1b'), "{name}={value}: {text}");
        }
    }
    for line in lines {
        let run = world.aws_auth().args(line.split(' ')).env("TERM", "xterm").env("AWS_AUTH_MFA_TOKEN", "");
        let output = run.in_terminal().wait();
        assert!(!output.report().contains('\x1b'), "{}", output.report());
    }
}

#[test]
fn the_manual_opens_in_man_at_a_terminal() {
    let world = world();
    let bin = world.path("bin");
    world.script("bin/man", "#!/bin/sh\n/bin/cat \"$1\" >\"$HOME/shown\"; echo the pager\n");
    let manual = || world.aws_auth().arg("--man").env("PATH", &bin).stdout_on_terminal().in_terminal();
    manual().wait().success().assert_transcript("the pager\r\n");
    let piped = world.run(["--man"]).success().stdout_text();
    assert_eq!(std::fs::read_to_string(world.path("shown")).unwrap(), piped);
    // A man that fails, or none at all: the page itself is shown.
    world.script("bin/man", "#!/bin/sh\nexit 3\n");
    let page = piped.replace('\n', "\r\n");
    manual().wait().success().assert_transcript(&page);
    std::fs::remove_file(bin.join("man")).unwrap();
    manual().wait().success().assert_transcript(&page);
}

#[test]
fn a_passphrase_is_asked_for_in_the_last_line_when_others_wait_for_the_role_behind_it() {
    // One width, since each passphrase takes a second; the prompt for a code is tried at all of them.
    let columns = 40;
    let world = World::seeded();
    add_open(&world);
    store_in_file(&world).success();
    let shell = all_at_once(&world, "open", columns, 3);
    shell.expect("waiting for the credentials of process ");
    let question = format!("Passphrase for the keys {}: ", world.user.access_key_id);
    shell.expect(&question);
    let asked = line_of_cursor(&shell.transcript(), columns);
    assert!(!asked.is_empty() && question.ends_with(&asked), "{asked:?}: {}", shell.transcript());
    shell.send_line(PASSPHRASE);
    let output = shell.wait();
    output.success();
    assert_eq!(output.transcript().matches("done").count(), 3, "{}", output.report());
}
