//! Opening a link that others should not see, in a browser that is another program.
//!
//! Everybody on a machine can see the arguments of its processes, so the browser is given an address on loopback
//! instead, which sends it on to the link once. A file with a redirect would need no waiting, but the browsers that
//! come as snap or flatpak, the default ones on Ubuntu, may not read such a file. The address is in the arguments, too:
//! another user who reads it there and is quicker gets nothing, for the kernel's tables say whose a client is. Only
//! where there are no such tables (macOS) the link is in a file.

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

/// How long a browser may take to come for the link: a cold start on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// What stands for the address in the words of a browser's command line.
const PLACE: &str = "%s";

/// Runs a program as no child of ours, for the command that this process becomes must find none of its own that it did
/// not start. The shell in between ends at once; its background job prints the program's exit status when there is one.
const DETACHED: &str = "command -v \"$1\" > /dev/null || exit; { \"$@\" > /dev/null; echo $?; } &";

/// Where the link was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// A browser has it.
    Here,
    /// A browser came that is no process of this machine, as from the Windows around a WSL. It was not given the link;
    /// its page says that the link is printed on the terminal.
    Beyond,
    /// A browser was given a file that leads to it. The file stays until the wait ends.
    ByFile,
}

/// The command lines that may open an address: each of BROWSER's, then the desktop's own.
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

/// Opens the link by the first of these browsers that comes for it. They get this environment alone. `directory` is for
/// the file, where one is needed.
///
/// # Errors
/// Returns an error when no browser came for it, or the wait was interrupted.
pub fn open(
    link: &str,
    browsers: &[Vec<String>],
    environment: &[(OsString, OsString)],
    directory: &Path,
    wait: &mut Wait<'_>,
) -> Result<Opened> {
    let failed = |error: std::io::Error| Error::new(format!("cannot wait for the browser ({})", io_words(&error)));
    let mut way = if peer::can_be_told() {
        let secret = hex(&random::bytes::<16>().map_err(failed)?);
        Way::Server(Server::listen().map_err(failed)?, format!("/{secret}"))
    } else {
        Way::File(file(link, directory, wait).map_err(failed)?)
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

/// How the browser gets to the link.
enum Way {
    /// By this server, from this path.
    Server(Server, String),
    /// By the file at this URL.
    File(String),
}

impl Way {
    /// The address that may be seen.
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

/// Waits for the browser, and sends it on.
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

/// Answers a request. Another user's client, which has read the path in the list of processes, is told nothing.
fn answer(exchange: Exchange, path: &str, link: &str) -> Option<Opened> {
    if exchange.owner == Owner::Another {
        return None;
    }
    if exchange.is("HEAD", path) {
        // Asked by what only wants to know whether the page is there.
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

/// Waits until the opener is done.
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

/// Writes a page that leads to the link, for this user alone, and returns its URL.
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

/// A program that opens a URL, and the pipe that its exit status comes from; `None` when it has come.
struct Opener(Option<ChildStdout>);

impl Opener {
    /// What it prints is not the command's output, and a Ctrl-C that is meant for the command, later, must not end the
    /// browser: its group is its own.
    fn start(words: &[String], environment: &[(OsString, OsString)]) -> std::io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", DETACHED, "sh"]).args(words).env_clear().envs(environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        signals::hand_down(&mut command);
        let mut shell = command.spawn()?;
        let status = shell.stdout.take();
        // Where SIGCHLD is ignored its end is not told, but it has ended all the same.
        let _ = shell.wait();
        if let Some(status) = &status {
            rustix::io::ioctl_fionbio(status, true)?;
        }
        Ok(Self(status))
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.0.as_ref().map(std::os::fd::AsFd::as_fd)
    }

    /// Looks for the exit status: an error when it is not 0.
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
