//! A small HTTP server on 127.0.0.1 for a browser on this machine. Every process of the machine can connect to it. So
//! no connection delays another one, and pages of other sites get nothing (DNS rebinding, cross-site requests).

use std::collections::VecDeque;
use std::io;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::system::peer;
use crate::system::peer::Owner;
use crate::system::wait::Wait;

/// The longest head of a request, in bytes. Authorization codes in it have a few kilobytes.
const LONGEST: usize = 32 * 1024;

/// How long a request may take to arrive. Browsers open connections in advance and send nothing on them.
const SLOWEST: Duration = Duration::from_secs(5);

/// How many connections are open at once. For another one, the oldest is closed.
const MOST: usize = 64;

/// How many connections are accepted before the open ones are read.
const AT_ONCE: usize = 16;

/// A server.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    connections: VecDeque<Connection>,
}

/// The result of a wait.
pub enum Came {
    /// A request, to be answered.
    Request(Exchange),
    /// The other descriptor is readable.
    Other,
    /// Nothing arrived in time, or the wait was interrupted.
    Nothing,
}

/// A complete request. If it is dropped, it gets no answer.
pub struct Exchange {
    stream: TcpStream,
    request: Request,
    /// The user that the client belongs to.
    pub owner: Owner,
}

/// The parts of a request that are used.
struct Request {
    method: String,
    path: String,
    query: Zeroizing<String>,
    host: Option<String>,
    origin: Option<String>,
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    head: Zeroizing<Vec<u8>>,
    deadline: Instant,
}

/// The result of reading from a connection.
enum Read {
    More,
    Whole,
    End,
}

impl Server {
    /// Listens on a port that the system chooses.
    pub fn listen() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, connections: VecDeque::new() })
    }

    /// The address and the port, for a URL.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the next request or until `other` is readable, at the longest until this time.
    pub fn next(&mut self, until: Instant, other: Option<BorrowedFd<'_>>, wait: &mut Wait<'_>) -> Came {
        loop {
            if let Some(exchange) = self.whole() {
                return Came::Request(exchange);
            }
            let now = Instant::now();
            self.connections.retain(|connection| connection.deadline > now);
            let moment = self.connections.iter().map(|connection| connection.deadline).chain([until]).min();
            let streams = self.connections.iter().map(|connection| connection.stream.as_fd());
            let fds: Vec<BorrowedFd<'_>> = other.into_iter().chain([self.listener.as_fd()]).chain(streams).collect();
            let came = wait.until(moment.unwrap_or(until), &fds);
            if !came && (wait.resumed() || Instant::now() >= until) {
                return Came::Nothing;
            }
            if other.is_some_and(|other| is_readable(other)) {
                return Came::Other;
            }
            self.accept();
        }
    }

    fn accept(&mut self) {
        for _ in 0..AT_ONCE {
            let Ok((stream, peer)) = self.listener.accept() else { return };
            if stream.set_nonblocking(true).is_err() {
                continue;
            }
            if self.connections.len() == MOST {
                self.connections.pop_front();
            }
            let deadline = Instant::now() + SLOWEST;
            self.connections.push_back(Connection { stream, peer, head: Zeroizing::default(), deadline });
        }
    }

    /// Reads what has arrived and returns the first complete request. Requests of other sites are answered here.
    fn whole(&mut self) -> Option<Exchange> {
        let mut at = 0;
        while let Some(connection) = self.connections.get_mut(at) {
            let read = connection.read();
            if matches!(read, Read::More) {
                at += 1;
                continue;
            }
            let Some(connection) = self.connections.remove(at) else { continue };
            let (Read::Whole, Some(request)) = (read, Request::parse(&connection.head)) else { continue };
            let owner = peer::owner(connection.peer, self.address);
            let exchange = Exchange { stream: connection.stream, request, owner };
            if exchange.request.is_for(self.address.port()) {
                return Some(exchange);
            }
            exchange.answer("400 Bad Request", "", "This is not the page that was asked for.");
        }
        None
    }
}

fn is_readable(fd: BorrowedFd<'_>) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec::default())).is_ok_and(|count| count > 0)
}

impl Connection {
    fn read(&mut self) -> Read {
        let mut bytes = Zeroizing::new([0; 4096]);
        if self.head.capacity() == 0 {
            // Growing it later would leave copies of a code in memory.
            self.head.reserve_exact(LONGEST);
        }
        loop {
            match self.stream.read(&mut *bytes) {
                Ok(0) => return Read::End,
                Ok(count) if self.head.len() + count > LONGEST => return Read::End,
                Ok(count) => {
                    // Only parsed if the new bytes can complete it, so that single bytes do not cost quadratic time.
                    let from = self.head.len().saturating_sub(3);
                    self.head.extend_from_slice(bytes.get(..count).unwrap_or_default());
                    if self.head.get(from..).is_some_and(|new| new.windows(4).any(|window| window == b"\r\n\r\n")) {
                        return Read::Whole;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Read::More,
                Err(_) => return Read::End,
            }
        }
    }
}

impl Request {
    fn parse(head: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        if words.next().is_some() || !version.starts_with("HTTP/1.") {
            return None;
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(':')).collect();
        let header = |name: &str| {
            let value = headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
            value.map(|(_, value)| value.trim().to_owned())
        };
        Some(Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: Zeroizing::new(query.to_owned()),
            host: header("host"),
            origin: header("origin"),
        })
    }

    /// Whether the request is for this server's own address and was not sent by a page of another site.
    fn is_for(&self, port: u16) -> bool {
        let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
        let is_ours = |host: &str| hosts.iter().any(|ours| ours == host);
        self.host.as_deref().is_none_or(is_ours)
            && self.origin.as_deref().is_none_or(|origin| origin.strip_prefix("http://").is_some_and(is_ours))
    }
}

impl Exchange {
    /// Whether the request has this method and path.
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.request.method == method && self.request.path == path
    }

    /// The query after the question mark, still encoded.
    pub fn query(&self) -> &str {
        &self.request.query
    }

    /// Answers with a page. `headers` are complete lines. Returns whether the answer was sent.
    pub fn answer(mut self, status: &str, headers: &str, words: &str) -> bool {
        let page = if words.is_empty() {
            String::new()
        } else {
            format!(
                "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>aws-auth</title>\
                 <body><h1>aws-auth</h1><p>{words}</p></body></html>\n"
            )
        };
        let answer = Zeroizing::new(format!(
            "HTTP/1.1 {status}\r\n{headers}Content-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
             Content-Security-Policy: default-src 'none'\r\nConnection: close\r\n\r\n{page}",
            page.len()
        ));
        // The buffer of a new connection is larger than this. A client that makes it smaller gets nothing.
        self.stream.write(answer.as_bytes()).is_ok_and(|count| count == answer.len())
    }
}
