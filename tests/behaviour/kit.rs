//! Helpers shared by the tests of codes, sessions and locks.

use crate::world::sts::{Role, clock};
use crate::world::{Output, Running, World, output, seed};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::Value;
use std::fs;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The role of [`add_open`].
pub const OPEN: &str = "arn:aws:iam::111122223333:role/open";

/// Adds a role that needs no MFA, and the profile `open` for it.
pub fn add_open(world: &World) {
    world.sts.add_role(Role::new(OPEN));
    world.append_config(&format!("[profile open]\nsource_profile = default\nrole_arn = {OPEN}\n"));
}

/// The text with every time of day replaced by `HH:MM`.
pub fn masked(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for at in 0..bytes.len().saturating_sub(4) {
        let time = [0, 1, 3, 4].iter().all(|i| bytes[at + i].is_ascii_digit()) && bytes[at + 2] == b':';
        if time && bytes.get(at + 5).is_none_or(|next| !next.is_ascii_digit()) {
            bytes[at..at + 5].copy_from_slice(b"HH:MM");
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// Asserts the whole of stderr, with times masked.
#[track_caller]
pub fn assert_said(output: &Output, text: &str) {
    assert_eq!(masked(&output.stderr), text, "{}", output.report());
}

pub fn arn(profile: &str) -> &'static str {
    seed::ROLES.iter().find(|(name, _)| *name == profile).unwrap().1
}

/// The line on stderr after a prompt was answered.
pub fn until(profile: &str) -> String {
    format!("aws-auth: {profile}: role {} until HH:MM\n", arn(profile))
}

/// The message of a run that needs a code and has no source for one.
pub fn no_way(profile: &str) -> String {
    format!(
        "aws-auth: profile '{profile}' needs an MFA code from {}, and there is no terminal to ask on; run 'aws-auth -p \
         {profile} --login' in a terminal first, or set AWS_AUTH_MFA_TOKEN, or configure an mfa_process\n",
        seed::SERIAL
    )
}

/// The fact in the error after STS refused a code.
pub fn wrong(world: &World, profile: &str) -> String {
    format!(
        "profile '{profile}': STS at {} says AccessDenied: \"MultiFactorAuthentication failed with invalid MFA one time \
         pass code.\"",
        world.sts.endpoint()
    )
}

pub const AGAIN: &str =
    "aws-auth: STS refused that code; it may be mistyped or used already; type the one that the device shows now\r\n";

/// Runs `--login` for a profile with a valid code.
#[track_caller]
pub fn log_in(world: &World, profile: &str) {
    let code = world.fresh_code();
    let output = world.aws_auth().args(["-p", profile, "--login"]).env("AWS_AUTH_MFA_TOKEN", code).run();
    output.success();
}

/// Runs `true` with a valid code. The session lasts half an hour less than 12h, so that a slow test still sees 11h.
#[track_caller]
pub fn with_a_session(world: &World, profile: &str) {
    let run = world.aws_auth().args(["-p", profile, "true"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code());
    run.env("AWS_AUTH_MFA_SESSION", "41430s").run().success();
}

/// A run of `true` with no terminal and no code.
pub fn quietly(world: &World, profile: &str) -> Output {
    world.aws_auth().profile(profile).arg("true").run()
}

/// Starts `echo PROFILE` at a terminal.
pub fn at_terminal<'w>(world: &'w World, profile: &str) -> Running<'w> {
    world.aws_auth().profile(profile).args(["echo", profile]).in_terminal()
}

/// Waits for the prompt and answers it.
#[track_caller]
pub fn answer(world: &World, running: &Running<'_>, profile: &str, code: &str) {
    running.expect(&world.prompt(profile));
    running.send_line(code);
}

/// The files in aws-auth's own cache whose names start with `prefix`.
pub fn own(world: &World, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(world.own_cache_dir()) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<_> =
        paths.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(prefix)).collect();
    found.sort();
    found
}

/// A fact and an advice on one line, without a line end.
pub fn advised(fact: &str, advice: &str) -> String {
    let separator = if fact.ends_with(')') { ":" } else { ";" };
    format!("{fact}{separator} {advice}")
}

/// The name of this user in the user database.
pub fn user_name() -> String {
    let output = output(std::process::Command::new("id").arg("-un")).unwrap();
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// The path of the only cached MFA session.
#[track_caller]
pub fn session(world: &World) -> PathBuf {
    let found = own(world, "session-");
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

pub fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Changes a cache entry but not its modification time.
pub fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let written = path.metadata().unwrap().modified().unwrap();
    let mut value = json(path);
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
    fs::File::options().write(true).open(path).unwrap().set_modified(written).unwrap();
}

/// Makes the cached session look as if it was issued `seconds` ago.
pub fn age_session(world: &World, seconds: i64) {
    edit(&session(world), |session| session["IssuedAt"] = clock::iso(clock::machine() - seconds).into());
}

/// Changes a cache entry so that it lasts `length` seconds in total and expires in `seconds`.
pub fn leave(path: &Path, seconds: i64, length: i64) {
    edit(path, |entry| entry["Credentials"]["Expiration"] = clock::iso(clock::machine() + seconds).into());
    let written = SystemTime::now() + Duration::from_secs(seconds.max(0).unsigned_abs())
        - Duration::from_secs(length.unsigned_abs());
    fs::File::options().write(true).open(path).unwrap().set_modified(written).unwrap();
}

/// The entries of the AWS CLI's cache.
pub fn role_entries(world: &World) -> Vec<PathBuf> {
    world.cli_cache().keys().map(|name| world.cli_cache_dir().join(name)).collect()
}

/// Makes all cached role credentials expired.
pub fn end_roles(world: &World) {
    for path in role_entries(world) {
        leave(&path, -1, 3600);
    }
}

/// Two runs of sops at terminals of their own: one is at its prompt, and the other one waits for that.
#[track_caller]
pub fn holder_and_waiter(world: &World) -> (Running<'_>, Running<'_>) {
    let holder = at_terminal(world, "sops");
    holder.expect(&world.prompt("sops"));
    let waiter = at_terminal(world, "sops");
    expect_waiting(&waiter, holder.pid());
    (holder, waiter)
}

/// Waits until `waiter` says that it waits for the prompt of process `pid`.
#[track_caller]
pub fn expect_waiting(waiter: &Running<'_>, pid: i32) {
    waiter.expect_stderr(&waiting_for(pid));
}

pub fn waiting_for(pid: i32) -> String {
    format!("aws-auth: waiting for the MFA prompt of process {pid}\n")
}

/// The pipe `~/alive`. A helper and its children keep it open, so it reaches its end when all of them have exited.
pub struct Alive(File);

impl Alive {
    pub fn new(world: &World) -> Self {
        let path = world.fifo("alive");
        Self(File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path).unwrap())
    }

    /// Blocks until the helper has written to it.
    pub fn wait_for_start(&mut self) {
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        let patience = Timespec { tv_sec: 20, tv_nsec: 0 };
        assert_eq!(poll(&mut fds, Some(&patience)).unwrap(), 1, "the helper did not start");
        assert_ne!(self.0.read(&mut [0; 64]).unwrap(), 0);
    }

    /// Blocks until no process has it open.
    pub fn wait_for_end(mut self) {
        loop {
            match self.0.read(&mut [0; 64]) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
                    let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
                    let patience = Timespec { tv_sec: 20, tv_nsec: 0 };
                    assert_eq!(poll(&mut fds, Some(&patience)).unwrap(), 1, "a process still has the pipe open");
                }
            }
        }
    }
}
