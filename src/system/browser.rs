//! Opening a link that others should not see, in a browser that is another program.
//!
//! Everybody on a machine can see the arguments of its processes, so the browser is given an address on loopback
//! instead, which sends it on to the link once. A file with a redirect would need no waiting, but the browsers that
//! come as snap or flatpak, the default ones on Ubuntu, may not read such a file, and one on the other side of a WSL
//! cannot find it. The address is in the arguments, too: whoever else reads it there and is quicker is another user,
//! and gets nothing.

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::env::snapshot::{Snapshot, is_credential, name_of};
use crate::error::{Error, Result, io_words};
use crate::system::random;
use crate::text::encoding::hex;
use crate::text::shell_words::split_words;

/// How long a browser may take to come for the link: a cold start on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often the opener is looked after meanwhile.
const GLANCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// Opens the link by BROWSER, xdg-open or open; returns when a browser has it. `glance` is called now and then, and
/// whenever a signal came.
///
/// # Errors
/// When no browser came for it.
pub fn open(link: &str, snapshot: &Snapshot, glance: &mut dyn FnMut()) -> Result<()> {
    let failed = |error: &std::io::Error| Error::new(format!("cannot wait for the browser ({})", io_words(error)));
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| failed(&error))?;
    let address = listener.local_addr().map_err(|error| failed(&error))?;
    let secret = random::bytes::<16>().map_err(|error| failed(&error))?;
    let path = format!("/{}", hex(&secret));
    let url = format!("http://{address}{path}");
    let mut tried = Vec::new();
    for words in openers(snapshot, &url) {
        let Some(program) = words.first().cloned() else { continue };
        let Ok(opener) = start(&words, snapshot) else { continue };
        if redirect(&listener, opener, (&path, link), glance) {
            return Ok(());
        }
        tried.push(program);
    }
    let fact = match tried.as_slice() {
        [] => String::from("there is no browser: neither BROWSER, nor xdg-open, nor open"),
        tried => format!("no browser came for the link ({})", tried.join(", ")),
    };
    Err(Error::new(fact).advise("run with --no-browser to have the link printed"))
}

/// The command lines that may open a URL: each of BROWSER's, `%s` standing for it, then the desktop's own.
fn openers(snapshot: &Snapshot, url: &str) -> Vec<Vec<String>> {
    let browsers = snapshot.non_empty("BROWSER").map(|browsers| browsers.to_string_lossy().into_owned());
    let mut openers: Vec<Vec<String>> = Vec::new();
    for browser in browsers.iter().flat_map(|browsers| browsers.split(':')).filter(|browser| !browser.is_empty()) {
        let Ok(mut words) = split_words(browser) else { continue };
        if words.iter().any(|word| word.contains("%s")) {
            words = words.into_iter().map(|word| word.replace("%s", url)).collect();
        } else {
            words.push(url.to_owned());
        }
        openers.push(words);
    }
    openers.extend(["xdg-open", "open"].map(|program| vec![program.to_owned(), url.to_owned()]));
    openers
}

/// Starts an opener without the AWS keys of our environment; what it prints is not the command's output, and a Ctrl-C
/// that is meant for the command, later, must not end the browser.
fn start(words: &[String], snapshot: &Snapshot) -> std::io::Result<Child> {
    let (program, arguments) = words.split_first().ok_or(std::io::ErrorKind::NotFound)?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for entry in &snapshot.entries {
        let bytes = entry.to_bytes();
        let name = name_of(bytes);
        if let (false, Some(value)) = (is_credential(name), bytes.get(name.len() + 1..)) {
            command.env(OsStr::from_bytes(name), OsStr::from_bytes(value));
        }
    }
    command.spawn()
}

/// Waits for the browser, and sends it on. False when the opener failed, or nobody came.
fn redirect(listener: &TcpListener, mut opener: Child, (path, link): (&str, &str), glance: &mut dyn FnMut()) -> bool {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        glance();
        let mut fds = [PollFd::new(listener, PollFlags::IN)];
        if poll(&mut fds, Some(&GLANCE)).is_ok_and(|ready| ready > 0) {
            if let Ok((stream, peer)) = listener.accept()
                && !is_of_another_user(peer)
                && serve(stream, path, link)
            {
                return true;
            }
        } else if let Ok(Some(status)) = opener.try_wait()
            && !status.success()
        {
            return false;
        }
    }
    false
}

/// Answers one request; true when it was the one that the link is for.
fn serve(mut stream: TcpStream, path: &str, link: &str) -> bool {
    // Browsers open connections in advance, on which nothing comes.
    let _ = stream.set_read_timeout(Some(Duration::from_millis(500)));
    let _ = stream.set_write_timeout(Some(Duration::from_secs(5)));
    let mut request = Vec::with_capacity(4096);
    let mut bytes = [0; 4096];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") && request.len() < 64 * 1024 {
        match stream.read(&mut bytes) {
            Ok(0) | Err(_) => return false,
            Ok(count) => request.extend_from_slice(bytes.get(..count).unwrap_or_default()),
        }
    }
    let wanted = request.starts_with(format!("GET {path} ").as_bytes());
    let answer = if wanted {
        format!(
            "HTTP/1.1 303 See Other\r\nLocation: {link}\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n\
             Content-Length: 0\r\nConnection: close\r\n\r\n"
        )
    } else if request.starts_with(format!("HEAD {path} ").as_bytes()) {
        // Somebody who only wants to know whether the page is there.
        String::from("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    } else {
        String::from("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    };
    stream.write_all(answer.as_bytes()).and_then(|()| stream.flush()).is_ok() && wanted
}

/// Whether the other end of a loopback connection is another user's process; root, who sees everything anyway, is none.
/// Linux tells in /proc/net/tcp. What is not in it is no process of this machine's users (a browser behind a WSL).
pub fn is_of_another_user(peer: SocketAddr) -> bool {
    let SocketAddr::V4(peer) = peer else { return false };
    let [a, b, c, d] = peer.ip().octets();
    // The kernel writes the address as a number of this machine's byte order.
    let local = format!("{:08X}:{:04X}", u32::from_ne_bytes([a, b, c, d]), peer.port());
    let Ok(table) = std::fs::read_to_string("/proc/net/tcp") else { return false };
    let owner = table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let found = fields.next() == Some(&local);
        let owner = fields.nth(5)?.parse::<u32>().ok()?;
        found.then_some(owner)
    });
    owner.is_some_and(|owner| owner != 0 && owner != rustix::process::geteuid().as_raw())
}
