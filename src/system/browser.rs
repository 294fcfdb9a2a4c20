//! Opens a link in a browser without showing it to other users.
//!
//! All users of a machine can see the arguments of its processes. So the browser is given an address on loopback, which
//! redirects to the link once. A file with a redirect would need no waiting, but browsers installed as snap or flatpak
//! (the default on Ubuntu) cannot read such a file. Another user can read the address as well, and may connect before
//! the browser does. The kernel's tables tell which user a client belongs to, so that user gets nothing. Only if there
//! are no such tables (macOS), the link is in a file.

use std::ffi::{OsStr, OsString};
use std::fs::Permissions;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::error::{Error, Result, io_words};
use crate::system::loopback::{Came, Exchange, Server};
use crate::system::peer::Owner;
use crate::system::signals::Undisturbed;
use crate::system::wait::Wait;
use crate::system::{peer, random, signals};
use crate::text::encoding::hex;
use crate::text::percent::encoded;
use crate::text::shell_words::split_words;

/// How long a browser may take to request the link: enough for a cold start on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The placeholder for the address in a browser's command line.
const PLACE: &str = "%s";

/// Runs a program that is not a child of this process, because the command that this process becomes must not have
/// children that it did not start. The shell in between ends at once. Its background job prints the program's exit
/// status.
const DETACHED: &str = "command -v \"$1\" > /dev/null || exit; { \"$@\" > /dev/null; echo $?; } &";

/// Where the link was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// A browser has the link.
    Here,
    /// The browser is not a process of this machine, as on the Windows side of a WSL. It was not given the link; its
    /// page says that the link is printed on the terminal.
    Beyond,
    /// A browser was given a file that redirects to the link. The file stays until the wait ends.
    ByFile,
}

/// The command lines that can open an address: those in BROWSER, then those of the desktop.
pub fn browsers(setting: Option<&OsStr>) -> Vec<Vec<String>> {
    let setting = setting.map(|browsers| browsers.to_string_lossy().into_owned()).unwrap_or_default();
    let mut browsers: Vec<Vec<String>> = setting.split(':').filter_map(|browser| split_words(browser).ok()).collect();
    browsers.retain(|words| !words.is_empty());
    for words in &mut browsers {
        if !words.iter().any(|word| word.contains(PLACE)) {
            words.push(PLACE.to_owned());
        }
    }
    browsers.extend(["xdg-open", "open"].map(|program| vec![program.to_owned(), PLACE.to_owned()]));
    browsers
}

/// The error if the system does not let this process wait for a browser.
#[expect(clippy::needless_pass_by_value, reason = "it is passed to map_err")]
pub fn cannot_wait(error: std::io::Error) -> Error {
    Error::new(format!("cannot wait for the browser ({})", io_words(&error)))
}

/// Opens the link with the first of these browsers that requests it. They get only this environment. `directory` is
/// where the file is written, if one is needed.
///
/// # Errors
/// Returns an error if no browser requested the link, or the wait was interrupted.
pub fn open(
    link: &str,
    browsers: &[Vec<String>],
    environment: &[(OsString, OsString)],
    directory: &Path,
    wait: &mut Wait<'_>,
) -> Result<Opened> {
    let mut way = if peer::can_be_told() {
        let secret = hex(&random::bytes::<16>().map_err(cannot_wait)?);
        Way::Server(Server::listen().map_err(cannot_wait)?, format!("/{secret}"))
    } else {
        Way::File(file(link, directory, wait).map_err(cannot_wait)?)
    };
    let url = way.url();
    let mut tried = Vec::new();
    for words in browsers {
        let words: Vec<String> = words.iter().map(|word| word.replace(PLACE, &url)).collect();
        let (Some(program), Ok(opener)) = (words.first(), Opener::start(&words, environment)) else { continue };
        let end = match &mut way {
            Way::Server(server, path) => by_server(server, (path, link), opener, wait),
            Way::File(_) => by_file(opener, wait),
        };
        match end {
            Ok(done) => return Ok(done),
            Err(Failed::NoProgram) => {}
            Err(Failed::NoBrowser) => tried.push(program.clone()),
        }
        if wait.resumed() {
            break;
        }
    }
    let fact = match tried.as_slice() {
        [] => String::from("there is no browser: neither BROWSER, nor xdg-open, nor open"),
        tried => format!("no browser came for the link ({})", tried.join(", ")),
    };
    Err(Error::new(fact).advise("run with --no-browser to have the link printed"))
}

/// How the browser gets the link.
enum Way {
    /// From this server, at this path.
    Server(Server, String),
    /// From the file at this URL.
    File(String),
}

impl Way {
    /// The address that other users may see.
    fn url(&self) -> String {
        match self {
            Self::Server(server, path) => format!("http://{}{path}", server.address()),
            Self::File(url) => url.clone(),
        }
    }
}

/// Why a browser does not have the link.
enum Failed {
    NoProgram,
    NoBrowser,
}

/// Waits for the browser and redirects it.
fn by_server(
    server: &mut Server,
    (path, link): (&str, &str),
    mut opener: Opener,
    wait: &mut Wait<'_>,
) -> Result<Opened, Failed> {
    let until = Instant::now() + PATIENCE;
    loop {
        match server.next(until, opener.fd(), wait) {
            Came::Request(exchange) => {
                if let Some(opened) = answer(exchange, path, link) {
                    return Ok(opened);
                }
            }
            Came::Other => {
                opener.status()?;
            }
            Came::Nothing => return Err(Failed::NoBrowser),
        }
    }
}

/// Answers a request. A client of another user, who can read the path in the list of processes, gets no answer.
fn answer(exchange: Exchange, path: &str, link: &str) -> Option<Opened> {
    if exchange.owner == Owner::Another {
        return None;
    }
    if exchange.is("HEAD", path) {
        // A client that only checks whether the page exists.
        exchange.answer("200 OK", "", "");
        return None;
    }
    if !exchange.is("GET", path) {
        exchange.answer("404 Not Found", "", "There is nothing here.");
        return None;
    }
    if exchange.owner == Owner::Unknown {
        exchange.answer("200 OK", "", "Open the link that is printed on the terminal.");
        return Some(Opened::Beyond);
    }
    let location = Zeroizing::new(format!("Location: {link}\r\n"));
    exchange.answer("303 See Other", &location, "").then_some(Opened::Here)
}

/// Waits until the opener has ended.
fn by_file(mut opener: Opener, wait: &mut Wait<'_>) -> Result<Opened, Failed> {
    let until = Instant::now() + PATIENCE;
    while let Some(fd) = opener.fd() {
        if !wait.until(until, &[fd]) {
            return Err(Failed::NoBrowser);
        }
        opener.status()?;
    }
    Ok(Opened::ByFile)
}

/// Writes a page that redirects to the link, readable by this user only, and returns its URL.
fn file(link: &str, directory: &Path, wait: &mut Wait<'_>) -> std::io::Result<String> {
    let _undisturbed = Undisturbed::begin();
    let mut file = tempfile::Builder::new().prefix("aws-auth-").suffix(".html").tempfile_in(directory)?;
    file.as_file().set_permissions(Permissions::from_mode(0o600))?;
    let link = Zeroizing::new(link.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;"));
    let page = Zeroizing::new(format!(
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\">\
         <meta http-equiv=\"refresh\" content=\"0;url={}\"><title>aws-auth</title>\n",
        *link
    ));
    file.write_all(page.as_bytes())?;
    let path = file.path().to_string_lossy().split('/').map(|part| encoded(part).to_string()).collect::<Vec<_>>();
    wait.keep(file.into_temp_path());
    Ok(format!("file://{}", path.join("/")))
}

/// A program that opens a URL, and the pipe that its exit status comes from; `None` after the status was read.
struct Opener(Option<ChildStdout>);

impl Opener {
    /// Starts the program. Its output is discarded, because it is not the command's. It has its own process group, so
    /// that a later Ctrl-C for the command does not end the browser.
    fn start(words: &[String], environment: &[(OsString, OsString)]) -> std::io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", DETACHED, "sh"]).args(words).env_clear().envs(environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        signals::hand_down(&mut command);
        let mut shell = command.spawn()?;
        let status = shell.stdout.take();
        // If SIGCHLD is ignored, wait fails with ECHILD after the shell has ended.
        let _ = shell.wait();
        if let Some(status) = &status {
            rustix::io::ioctl_fionbio(status, true)?;
        }
        Ok(Self(status))
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.0.as_ref().map(std::os::fd::AsFd::as_fd)
    }

    /// Reads the exit status; an error if it is not 0.
    fn status(&mut self) -> Result<(), Failed> {
        let Some(pipe) = &mut self.0 else { return Ok(()) };
        let mut text = [0; 16];
        match pipe.read(&mut text) {
            Ok(0) => Err(Failed::NoProgram),
            Ok(count) if text.get(..count).is_some_and(|text| text.trim_ascii() == b"0") => {
                self.0 = None;
                Ok(())
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(()),
            Ok(_) | Err(_) => Err(Failed::NoBrowser),
        }
    }
}
