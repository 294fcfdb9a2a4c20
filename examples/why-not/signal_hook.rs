//! signal-hook: the action of a signal that was ignored before, and of one that is no longer caught.

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context as _, Result};
use rustix::process::{Signal, getpid, kill_process};

use crate::report::Report;
use crate::world::run::{Output, Status};
use crate::world::{Invocation, World};

/// Sends a hangup to itself and prints a word if it survives.
const HANG_UP: [&str; 3] = ["sh", "-c", "kill -HUP $$; echo survived"];
/// Runs a command with SIGHUP ignored, as nohup does.
const NOHUP: [&str; 4] = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"];

pub fn try_claims(report: &mut Report) -> Result<()> {
    report.about("signal-hook", "0004-signal-hook");
    let world = World::seeded();
    let own = std::env::current_exe()?;

    let alone = world.command("sh").args(&HANG_UP[1..]).through(NOHUP).run();
    let hooked = world.command(&own).args(["child", "catch-hangup"]).args(HANG_UP).through(NOHUP).run();
    let ours = after_our_prompt(&world, world.command(crate::aws_auth()?));
    report.claim(
        "the hangup ends a command under nohup, which should survive it",
        "SIGHUP is ignored; a program catches it for a while and becomes sh -c 'kill -HUP $$; echo survived'",
        &[("no program", fate(&alone)), ("signal-hook", fate(&hooked)), ("aws-auth", fate(&ours))],
        survived(&alone) && hooked.status == Status::Signal(Signal::HUP.as_raw()) && survived(&ours),
    );

    let released = world.command(&own).args(["child", "catch-and-release"]).run();
    report.claim(
        "a signal that is no longer caught does not get its old action back",
        "SIGTERM is caught, unregistered and sent",
        &[("signal-hook", fate(&released))],
        survived(&released),
    );
    Ok(())
}

/// Runs the command after aws-auth has asked for a code, because only then signals are caught.
fn after_our_prompt(world: &World, aws_auth: Invocation<'_>) -> Output {
    let running = aws_auth.args(["-p", "sops"]).args(HANG_UP).through(NOHUP).in_terminal();
    running.expect(&world.prompt("sops"));
    running.send_line(&world.fresh_code());
    running.wait()
}

fn survived(output: &Output) -> bool {
    output.status == Status::Code(0) && output.stdout_text() == "survived\n"
}

fn fate(output: &Output) -> String {
    match output.status {
        Status::Signal(signal) => format!("ended by signal {signal}"),
        Status::Code(status) => format!("exit status {status}, output {:?}", output.stdout_text().trim_end()),
    }
}

/// What a prompt with signal-hook would do before it becomes the command.
pub fn catch_hangup_and_run(command: &[&str]) -> Result<()> {
    let came = Arc::new(AtomicBool::new(false));
    let id = ::signal_hook::flag::register(::signal_hook::consts::SIGHUP, came)?;
    ::signal_hook::low_level::unregister(id);
    let (program, arguments) = command.split_first().context("a command")?;
    Err(Command::new(program).args(arguments).exec().into())
}

/// Catches SIGTERM, stops catching it, and sends it to itself.
pub fn catch_and_release() -> Result<()> {
    let came = Arc::new(AtomicBool::new(false));
    let id = ::signal_hook::flag::register(::signal_hook::consts::SIGTERM, came)?;
    ::signal_hook::low_level::unregister(id);
    kill_process(getpid(), Signal::TERM)?;
    println!("survived");
    Ok(())
}
