//! rpassword: the state of the terminal after a prompt that does not end with an answer.

use std::fs::File;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use rustix::process::Signal;

use crate::report::Report;
use crate::world::run::{Output, Status};
use crate::world::{Invocation, Running, World};

const PROMPT: &str = "code: ";
const CTRL_BACKSLASH: char = '\u{1c}';
const CTRL_Z: char = '\u{1a}';

type End = fn(&Running<'_>);

/// The ways to end a prompt.
const ENDS: [(&str, End); 3] = [
    ("Ctrl-C", |running| running.ctrl_c()),
    ("SIGTERM", |running| running.signal(Signal::TERM)),
    ("SIGHUP", |running| running.signal(Signal::HUP)),
];

pub fn try_claims(report: &mut Report) -> Result<()> {
    report.about("rpassword", "0003-rpassword");
    let world = World::seeded();
    let binary = crate::aws_auth()?;
    let theirs = || world.command(std::env::current_exe().unwrap_or_default()).args(["child", "prompt"]);
    let ours = || world.command(&binary).args(["-p", "sops", "true"]);
    for (name, end) in ENDS {
        let theirs = at_the_prompt(theirs(), PROMPT)?;
        end(&theirs);
        let theirs = theirs.wait();
        let ours = at_the_prompt(ours(), &world.prompt("sops"))?;
        end(&ours);
        let ours = ours.wait();
        report.claim(
            &format!("{name} at the prompt leaves the terminal without echo and without Ctrl-C"),
            &format!("{name} at a prompt on a pseudo-terminal that echoes and has signals"),
            &[("rpassword", left(&theirs)), ("aws-auth", left(&ours))],
            !usable(&theirs) && usable(&ours),
        );
    }

    let theirs = at_the_prompt(theirs(), PROMPT)?;
    theirs.send_line(&format!("1{CTRL_BACKSLASH}2{CTRL_Z}3"));
    let theirs = theirs.wait();
    let ours = at_the_prompt(ours(), &world.prompt("sops"))?;
    ours.ctrl_backslash();
    let ours = ours.wait();
    report.claim(
        "Ctrl-\\ and Ctrl-Z at the prompt do nothing",
        "1, Ctrl-\\, 2, Ctrl-Z, 3, Enter; at the prompt of aws-auth Ctrl-\\",
        &[("rpassword", format!("the answer {}", theirs.stdout_text().trim_end())), ("aws-auth", left(&ours))],
        theirs.status == Status::Code(0) && ours.status == Status::Signal(Signal::QUIT.as_raw()),
    );

    let own = std::env::current_exe()?;
    let reading = world.command(own).args(["child", "prompt", "by-descriptor"]).in_terminal();
    reading.expect(PROMPT);
    let attributes = reading.attributes();
    reading.send_line("123456");
    let shown = reading.wait();
    report.claim(
        "with a descriptor of ours it does not change the terminal, so the code is shown",
        "ConfigBuilder::input_reader over /dev/tty; 123456, Enter",
        &[("rpassword", format!("ECHO {}; on the screen: {:?}", on(attributes.echo), shown.transcript()))],
        attributes.echo && shown.transcript().contains("123456"),
    );
    Ok(())
}

/// Starts a program at its own terminal and waits until the echo is off.
fn at_the_prompt<'w>(program: Invocation<'w>, prompt: &str) -> Result<Running<'w>> {
    let running = program.in_terminal();
    running.expect(prompt);
    let deadline = Instant::now() + Duration::from_secs(10);
    while running.attributes().echo {
        ensure!(running.is_running(), "the program ended before its prompt");
        if Instant::now() > deadline {
            bail!("the prompt did not switch off the echo");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(running)
}

fn usable(output: &Output) -> bool {
    let after = output.screen.as_ref().and_then(|screen| screen.after.as_ref());
    after.is_some_and(|after| after.echo && after.signals)
}

/// How the program ended, and the terminal's settings afterwards.
fn left(output: &Output) -> String {
    let status = match output.status {
        Status::Code(status) => format!("exit status {status}"),
        Status::Signal(signal) => format!("ended by signal {signal}"),
    };
    match output.screen.as_ref().and_then(|screen| screen.after.as_ref()) {
        Some(after) => format!("{status}; ECHO {}, ISIG {}", on(after.echo), on(after.signals)),
        None => status,
    }
}

fn on(is: bool) -> &'static str {
    if is { "on" } else { "OFF" }
}

/// The prompt that aws-auth would have with rpassword.
pub fn prompt() -> Result<()> {
    println!("{:?}", ::rpassword::prompt_password(PROMPT)?);
    Ok(())
}

/// The same prompt with a descriptor that the caller has opened.
pub fn prompt_by_descriptor() -> Result<()> {
    let terminal = File::options().read(true).write(true).open("/dev/tty")?;
    let config = ::rpassword::ConfigBuilder::new().input_reader(terminal.try_clone()?).output_writer(terminal).build();
    println!("{:?}", ::rpassword::prompt_password_with_config(PROMPT, config)?);
    Ok(())
}
