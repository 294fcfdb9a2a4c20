//! Requests to the server that a browser comes back to after a sign-in.

use std::cell::RefCell;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use aws_auth::sso::callback::{Brought, PATH, read};
use aws_auth::system::held_locks::HeldLocks;
use aws_auth::system::loopback::{Came, Server};
use aws_auth::system::wait::Wait;
use tokio::net::TcpSocket;

/// The state of the sign-in.
const STATE: &str = "the-state";

/// In a request, this stands for the port that the system chose.
const PORT: &[u8] = b"PORT";

/// The longest head that the server reads, in bytes.
const LONGEST: usize = 32 * 1024;

thread_local! {
    static SERVER: RefCell<Server> = RefCell::new(Server::listen().expect("a port"));
}

/// The bytes are what a client sends. The server takes exactly the requests that are whole and for it, and of these only
/// one with our state brings a code.
pub fn run(data: &[u8]) {
    SERVER.with_borrow_mut(|server| {
        let bytes = with_port(data, server.address());
        let mut client = TcpStream::connect(server.address()).expect("a connection");
        client.write_all(&bytes).expect("room for a request");
        let locks = HeldLocks::default();
        let mut wait = Wait::begin(&locks).expect("a pipe for signals");
        let Expected::Request { method, path, query } = Expected::of(&bytes, server.address().port()) else {
            reset(client);
            // No more time than it takes to read it. If it takes longer, the next input finds it at the front.
            let came = server.next(Instant::now() + Duration::from_micros(300), None, &mut wait);
            return assert!(matches!(came, Came::Nothing), "taken for a request");
        };
        match server.next(Instant::now() + Duration::from_secs(20), None, &mut wait) {
            Came::Request(exchange) => {
                assert!(exchange.is(method, path), "{method} {path}");
                assert_eq!(exchange.query(), query);
                assert_eq!(read(exchange.query(), STATE), brought(query));
                let is_whole = exchange.is("GET", PATH) && read(exchange.query(), STATE).is_some();
                let status = if is_whole { "200 OK" } else { "404 Not Found" };
                assert!(exchange.answer(status, "", "words"));
                answered(&mut client, status);
                reset(client);
            }
            Came::Other | Came::Nothing => panic!("not taken for a request"),
        }
    });
}

/// Closes a connection so that the kernel forgets it at once. A thousand a second would fill its table.
fn reset(client: TcpStream) {
    let client = TcpSocket::from_std_stream(client);
    client.set_zero_linger().expect("a socket");
}

/// What the bytes are to the server.
enum Expected<'a> {
    Request {
        method: &'a str,
        path: &'a str,
        query: &'a str,
    },
    /// A request to another host, or of another site.
    Refused,
    /// Not a request, or not a whole one.
    Nothing,
}

impl<'a> Expected<'a> {
    fn of(bytes: &'a [u8], port: u16) -> Self {
        Self::read(bytes, port).unwrap_or(Self::Nothing)
    }

    fn read(bytes: &'a [u8], port: u16) -> Option<Self> {
        // The server reads what has arrived, in pieces of this size: all of the piece in which the head ends.
        const PIECE: usize = 4096;
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = bytes.get(..bytes.len().min(end.div_ceil(PIECE) * PIECE)).filter(|head| head.len() <= LONGEST)?;
        let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
        let [method, target, version] = lines.next()?.split(' ').collect::<Vec<_>>()[..] else { return None };
        if !version.starts_with("HTTP/1.") {
            return None;
        }
        let mut headers: Vec<(String, &str)> = Vec::new();
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            headers.push((name.to_ascii_lowercase(), value.trim()));
        }
        let value = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
        let ours = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
        let is_ours = |host: &str| ours.iter().any(|ours| ours == host);
        let origin = value("origin").map(|origin| origin.strip_prefix("http://").unwrap_or_default());
        if !value("host").is_none_or(is_ours) || !origin.is_none_or(is_ours) {
            return Some(Self::Refused);
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Some(Self::Request { method, path, query })
    }
}

/// What a query brings, by the rules of OAuth.
fn brought(query: &str) -> Option<Brought> {
    let value = |name: &str| {
        let pair = query.split('&').find(|pair| pair.split_once('=').is_some_and(|(key, _)| key == name))?;
        unescaped(pair.get(name.len() + 1..)?).filter(|value| !value.is_empty())
    };
    if value("state")? != STATE {
        return None;
    }
    let code = || value("code").map(|code| Brought::Code(aws_auth::credentials::Secret::new(code)));
    value("error").map(Brought::Error).or_else(code)
}

fn unescaped(value: &str) -> Option<String> {
    let mut rest = value.as_bytes();
    let mut plain = Vec::new();
    while let [first, after @ ..] = rest {
        let digits =
            after.first_chunk::<2>().filter(|digits| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let escaped = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        plain.push(escaped.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(plain).ok()
}

/// The bytes with the server's own port in place of the first and the second `PORT`.
fn with_port(data: &[u8], address: SocketAddr) -> Vec<u8> {
    let mut bytes = data.to_vec();
    for _ in 0..2 {
        if let Some(at) = bytes.windows(PORT.len()).position(|window| window == PORT) {
            bytes.splice(at..at + PORT.len(), address.port().to_string().bytes());
        }
    }
    bytes
}

/// Checks the answer of the server, all of it.
fn answered(client: &mut TcpStream, status: &str) {
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")) && answer.ends_with("</html>\n"), "{answer}");
}
