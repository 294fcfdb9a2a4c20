//! The scripts of `--export`, read by real shells.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use aws_auth::actions::script::script;
use aws_auth::cli::formats::Format;
use aws_auth::command::environment::Changes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tempfile::{NamedTempFile, TempPath};

/// How long a shell may take for an answer, in seconds. Quotes that do not end keep it reading.
const PATIENCE: i64 = 20;

/// How many values and how many bytes are looked at. More would not fit into a pipe.
const VALUES: usize = 32;
const BYTES: usize = 8192;

/// The shells, each with its arguments and its format. One that is not installed is left out, except sh.
const SHELLS: [(&str, &[&str], Format); 4] = [
    ("sh", &["-s"], Format::Sh),
    ("bash", &["--norc", "--noprofile", "-s"], Format::Sh),
    ("zsh", &["-f", "-s"], Format::Sh),
    // fish reads all of its input before it does any of it, so it gets the names of files.
    ("fish", &["--no-config", "-c", "while read --local script; source $script; end"], Format::Fish),
];

thread_local! {
    /// They go on running, since starting one takes longer than all the rest.
    static RUNNING: RefCell<Vec<Shell>> = RefCell::new(SHELLS.iter().filter_map(Shell::start).collect());
}

/// An input is values with NUL bytes between them. Every shell reads back exactly these, and does nothing else.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data.get(..BYTES).unwrap_or(data));
    let values: Vec<&str> = text.split('\0').take(VALUES).collect();
    let named = values.iter().enumerate().map(|(at, value)| (format!("V{at}"), (*value).to_owned()));
    let changes = Changes { set: named.collect(), removed: vec![String::from("GONE")] };
    RUNNING.with_borrow_mut(|shells| {
        for shell in shells {
            let script = script(shell.format, &changes).expect("a script for a shell");
            let printed = shell.values(&script, values.len());
            let expected = format!("{}\0end\0", values.join("\0"));
            assert_eq!(String::from_utf8_lossy(&printed), expected, "{}", shell.name);
        }
    });
    powershell(&changes);
    dotenv(&changes);
}

struct Shell {
    name: &'static str,
    format: Format,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    script: TempPath,
}

impl Shell {
    fn start((name, args, format): &(&'static str, &'static [&'static str], Format)) -> Option<Self> {
        let mut command = Command::new(name);
        command
            .args(*args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .env("LC_ALL", "C.UTF-8")
            .env("HOME", "/nowhere");
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound && *name != "sh" => return None,
            Err(error) => panic!("{name}: {error}"),
        };
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take()?);
        let script = NamedTempFile::new().expect("a file").into_temp_path();
        Some(Self { name, format: *format, child, stdin, stdout, script })
    }

    /// The values of V0, V1 and so on after this script, then `end`, with a NUL byte after each.
    fn values(&mut self, script: &str, count: usize) -> Vec<u8> {
        let is_fish = self.format == Format::Fish;
        let mut block = format!("{}\n{script}", if is_fish { "set GONE gone" } else { "GONE=gone" });
        for at in 0..count {
            writeln!(block, "printf '%s\\000' \"$V{at}\"").expect("a string");
        }
        // The variable that is unset has no value.
        block.push_str("printf '%s%s\\000' \"$GONE\" end\n");
        if is_fish {
            std::fs::write(&self.script, block).expect("a file");
            block = format!("{}\n", self.script.display());
        }
        let stdin = self.stdin.as_mut().expect("a pipe");
        let written = stdin.write_all(block.as_bytes()).and_then(|()| stdin.flush());
        written.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let mut printed = Vec::new();
        while printed.split(|byte| *byte == 0).count() <= count + 1 {
            self.wait(&printed);
            let mut bytes = [0; 4096];
            match self.stdout.read(&mut bytes) {
                Ok(0) | Err(_) => panic!("{} ended after {:?}", self.name, String::from_utf8_lossy(&printed)),
                Ok(count) => printed.extend_from_slice(&bytes[..count]),
            }
        }
        printed
    }

    fn wait(&self, printed: &[u8]) {
        let mut fds = [PollFd::from_borrowed_fd(self.stdout.as_fd(), PollFlags::IN)];
        let came = poll(&mut fds, Some(&Timespec { tv_sec: PATIENCE, tv_nsec: 0 }));
        assert!(
            came.is_ok_and(|count| count > 0),
            "{} reads on after {:?}",
            self.name,
            String::from_utf8_lossy(printed)
        );
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// The same by the rules of PowerShell's tokenizer: a single-quoted string ends at a quote of any kind, unless another
/// one follows it.
fn powershell(changes: &Changes) {
    let script = script(Format::PowerShell, changes).expect("a script for PowerShell");
    let mut rest =
        script.strip_prefix("Remove-Item -ErrorAction SilentlyContinue Env:GONE;\n").expect("its first line");
    for (name, value) in &changes.set {
        rest = rest.strip_prefix(&format!("$env:{name} = '")).expect("an assignment");
        let mut read = String::new();
        let mut chars = rest.chars();
        loop {
            let c = chars.next().expect("a quote at the end");
            if matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}') {
                let next = chars.clone().next();
                if !matches!(next, Some('\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}')) {
                    break;
                }
                chars.next();
            }
            read.push(c);
        }
        assert_eq!(read, *value, "PowerShell");
        rest = chars.as_str().strip_prefix(";\n").expect("the end of the line");
    }
    assert_eq!(rest, "");
}

/// The same by docker's rules: a line is NAME=value, without quotes.
fn dotenv(changes: &Changes) {
    let has_lines = changes.set.iter().any(|(_, value)| value.contains(['\n', '\r']));
    let Ok(text) = script(Format::Dotenv, changes) else { return assert!(has_lines, "refused without a reason") };
    let pairs = text.strip_suffix('\n').unwrap_or(&text).split('\n').map(|line| line.split_once('=').expect("a pair"));
    assert!(pairs.eq(changes.set.iter().map(|(name, value)| (name.as_str(), value.as_str()))), "{text:?}");
}
