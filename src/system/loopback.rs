//! The page on loopback that a browser comes back to with an authorization code (RFC 8252, section 7.3): one path, one
//! answer, on 127.0.0.1 alone. Nothing of what is sent to it is shown.

use std::io;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::credentials::Secret;
use crate::system::browser::is_of_another_user;
use crate::system::wait::Wait;

/// The path that is registered.
pub const PATH: &str = "/oauth/callback";

/// A request's head is no longer; the codes are some kilobytes.
const LONGEST: usize = 32 * 1024;

/// How long a request may take to come in. Browsers open connections in advance, on which nothing comes.
const SLOWEST: Duration = Duration::from_secs(1);

/// A listener for one answer.
pub struct Callback {
    listener: TcpListener,
    port: u16,
}

/// What a browser brought.
pub enum Brought {
    /// The code.
    Code(Secret),
    /// An error instead, as OAuth names it.
    Error(String),
    /// Another state than ours: this is no answer to what we asked.
    Foreign,
}

impl Callback {
    /// Listens on a port that the system chooses.
    pub fn listen() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// Where the browser is to come back to.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// Waits for the browser; `None` when it did not come in time.
    pub fn wait(self, state: &str, until: Instant, wait: &mut Wait<'_>) -> Option<Brought> {
        while wait.until(until, Some(self.listener.as_fd())) {
            let Ok((stream, peer)) = self.listener.accept() else { continue };
            if is_of_another_user(peer) {
                continue;
            }
            if let Some(brought) = serve(stream, state) {
                return Some(brought);
            }
        }
        None
    }
}

/// Answers one request; `None` when it is not the one that we wait for.
fn serve(mut stream: TcpStream, state: &str) -> Option<Brought> {
    let _ = stream.set_nonblocking(false);
    let _ = stream.set_write_timeout(Some(SLOWEST));
    let head = head(&mut stream)?;
    let line = std::str::from_utf8(&head).ok()?.lines().next()?;
    let target = line.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path != PATH {
        answer(&mut stream, "404 Not Found", "There is nothing here.");
        return None;
    }
    let brought = read(query, state);
    match brought {
        Brought::Code(_) => answer(&mut stream, "200 OK", "This is all. Close this page and go back to the terminal."),
        Brought::Error(_) => answer(&mut stream, "200 OK", "You are not signed in. The terminal says why."),
        Brought::Foreign => answer(&mut stream, "400 Bad Request", "You are not signed in. The terminal says why."),
    }
    Some(brought)
}

fn head(stream: &mut TcpStream) -> Option<Zeroizing<Vec<u8>>> {
    let end = Instant::now() + SLOWEST;
    let mut head = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut bytes = Zeroizing::new([0; 4096]);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || head.len() + bytes.len() > LONGEST || stream.set_read_timeout(Some(left)).is_err() {
            return None;
        }
        match stream.read(&mut *bytes) {
            Ok(0) => return None,
            Ok(count) => head.extend_from_slice(bytes.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    Some(head)
}

fn read(query: &str, state: &str) -> Brought {
    let value = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| decoded(value)).filter(|value| !value.is_empty())
    };
    let ours = value("state").map(|sent| *sent == state);
    match (value("error"), value("code"), ours) {
        // An error without a state can only end the wait.
        (Some(error), _, None | Some(true)) => Brought::Error(error.to_string()),
        (None, Some(code), Some(true)) => Brought::Code(Secret::new(code.to_string())),
        _ => Brought::Foreign,
    }
}

/// `%XX` and `+` as what they stand for; what is not text is none.
fn decoded(text: &str) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => match (digit(rest.next()), digit(rest.next())) {
                (Some(high), Some(low)) => u8::try_from(high * 16 + low).unwrap_or_default(),
                _ => return Zeroizing::default(),
            },
            other => other,
        });
    }
    Zeroizing::new(std::str::from_utf8(&bytes).unwrap_or_default().to_owned())
}

fn answer(stream: &mut TcpStream, status: &str, words: &str) {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>aws-auth</title>\
         <body><h1>aws-auth</h1><p>{words}</p></body></html>\n"
    );
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
         Content-Security-Policy: default-src 'none'\r\nConnection: close\r\n\r\n",
        page.len()
    );
    let _ = stream.write_all((head + &page).as_bytes()).and_then(|()| stream.flush());
}
