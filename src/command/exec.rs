//! Becoming the command: execve(2), with a search of PATH like that of execvp(3).
//!
//! The standard library's `exec` resets SIGPIPE and the signal mask. The command must get them as the caller set them,
//! so execve(2) is called here, which needs unsafe code (docs/design.md, "Unsafe code").
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::env::snapshot::Entry;
use crate::error::{Error, Kind, Result};

/// The search path if PATH is not set, as in execvp(3).
const DEFAULT_PATH: &[u8] = b"/bin:/usr/bin";

/// Becomes the command. Returns only on failure, with the error.
pub fn exec(command: &[OsString], environment: &[Entry], path: Option<&OsStr>) -> Error {
    let Some(name) = command.first() else { return Error::new("no command given") };
    let arguments: Result<Vec<CString>, _> = command.iter().map(|word| CString::new(word.as_bytes())).collect();
    let Ok(arguments) = arguments else { return Error::new("the command contains a NUL byte") };
    let mut denied = None;
    for candidate in candidates(name, path) {
        let missing_interpreter = || interpreter_is_missing(Path::new(OsStr::from_bytes(&candidate)));
        let Ok(program) = CString::new(candidate.clone()) else { continue };
        let error = execve(&program, &arguments, environment);
        match error.raw_os_error() {
            Some(libc::ENOENT) if missing_interpreter() => denied = Some(no_interpreter()),
            Some(libc::ENOENT | libc::ENOTDIR | libc::ESTALE | libc::ENODEV) => {}
            Some(libc::EACCES) => denied = Some(error),
            // A script without a #! line is given to the shell, as by execvp(3).
            Some(libc::ENOEXEC) => {
                let shell = [CString::from(c"/bin/sh"), program];
                let words: Vec<CString> = shell.into_iter().chain(arguments.iter().skip(1).cloned()).collect();
                return not_executable(name, &execve(c"/bin/sh", &words, environment));
            }
            _ => return not_executable(name, &error),
        }
    }
    denied.map_or_else(|| not_found(name), |error| not_executable(name, &error))
}

/// Finds the program that [`exec`] would run, so that a typing error is reported before an MFA code is asked for.
///
/// # Errors
/// Returns an error with status 127 if there is no such command, and with 126 if it cannot be executed.
pub fn find(name: &OsStr, path: Option<&OsStr>) -> Result<PathBuf> {
    let mut denied = None;
    for candidate in candidates(name, path) {
        let candidate = Path::new(OsStr::from_bytes(&candidate));
        match candidate.metadata() {
            Ok(about) if about.is_file() => {
                if interpreter_is_missing(candidate) {
                    denied = Some(no_interpreter());
                    continue;
                }
                // execve checks the effective user; plain access(2) would check the real one.
                match rustix::fs::accessat(
                    rustix::fs::CWD,
                    candidate,
                    rustix::fs::Access::EXEC_OK,
                    rustix::fs::AtFlags::EACCESS,
                ) {
                    Ok(()) => return Ok(candidate.to_owned()),
                    Err(error) => denied = Some(error.into()),
                }
            }
            Ok(_) => denied = Some(io::Error::from_raw_os_error(libc::EACCES)),
            Err(error) if error.raw_os_error() == Some(libc::EACCES) => denied = Some(error),
            Err(_) => {}
        }
    }
    Err(denied.map_or_else(|| not_found(name), |error| not_executable(name, &error)))
}

/// Whether a script's `#!` line names a missing program. execve(2) then fails with ENOENT, as for a missing script.
fn interpreter_is_missing(script: &Path) -> bool {
    // Linux reads no more of the line.
    let mut line = [0; 256];
    let Ok(count) = File::open(script).and_then(|mut file| file.read(&mut line)) else { return false };
    let Some(line) = line.get(..count).and_then(|line| line.strip_prefix(b"#!")) else { return false };
    let mut words = line.split(|b| *b == b'\n').next().unwrap_or_default().split(|b| b" \t".contains(b));
    let interpreter = words.find(|word| !word.is_empty());
    interpreter.is_some_and(|path| !Path::new(OsStr::from_bytes(path)).exists())
}

fn no_interpreter() -> io::Error {
    io::Error::other("the interpreter in its first line is missing")
}

/// The paths at which the command is looked for, in order.
fn candidates<'a>(name: &'a OsStr, path: Option<&'a OsStr>) -> impl Iterator<Item = Vec<u8>> + 'a {
    let bytes = name.as_bytes();
    let direct = bytes.contains(&b'/');
    let search = path.map_or(DEFAULT_PATH, |path| path.as_bytes());
    let nowhere = bytes.is_empty();
    let in_path = search.split(|b| *b == b':').filter(move |_| !direct && !nowhere).map(move |dir| {
        let mut candidate = Vec::with_capacity(dir.len() + bytes.len() + 2);
        if !dir.is_empty() {
            candidate.extend_from_slice(dir);
            candidate.push(b'/');
        }
        candidate.extend_from_slice(bytes);
        candidate
    });
    direct.then(|| bytes.to_vec()).into_iter().chain(in_path)
}

/// The name for a message; in quotes if it has blanks or the like.
fn quoted(name: &OsStr) -> String {
    crate::text::shell_words::shell_word(&name.to_string_lossy())
}

fn not_found(name: &OsStr) -> Error {
    let bytes = name.as_bytes();
    let advice = if bytes.contains(&b' ') {
        "give the command and its arguments as separate words, without quotes around the whole"
    } else if bytes.contains(&b'=') {
        "write variables before aws-auth"
    } else if bytes.contains(&b'/') {
        "check the path"
    } else {
        "check the name and PATH; aliases and functions of your shell are not commands"
    };
    Error::new(format!("command not found: {}", quoted(name))).advise(advice).of_kind(Kind::CommandNotFound)
}

fn not_executable(name: &OsStr, error: &io::Error) -> Error {
    let failed = Error::new(format!("cannot execute {} ({})", quoted(name), crate::error::io_words(error)));
    let advised = match error.raw_os_error() {
        None => failed.advise("install that interpreter, or correct the line"),
        Some(libc::EACCES) => failed.advise("check that it is a program, and that you may execute it (chmod +x)"),
        Some(libc::ENOEXEC) => failed.advise("it may be built for another kind of machine, or damaged"),
        Some(libc::E2BIG) => failed.advise("the arguments and the environment together are too large"),
        Some(_) => failed,
    };
    advised.of_kind(Kind::CommandNotExecutable)
}

fn execve(path: &CStr, arguments: &[CString], environment: &[Entry]) -> io::Error {
    fn pointers<T: AsRef<CStr>>(words: &[T]) -> Vec<*const libc::c_char> {
        words.iter().map(|word| word.as_ref().as_ptr()).chain([std::ptr::null()]).collect()
    }
    let (arguments, environment) = (pointers(arguments), pointers(environment));
    // SAFETY: both arrays end in a null pointer and point to NUL-terminated strings that outlive the call.
    unsafe { libc::execve(path.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    io::Error::last_os_error()
}
