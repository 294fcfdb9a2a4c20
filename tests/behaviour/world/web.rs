//! A web server on loopback for services other than STS: a function makes the replies, and all requests are recorded.

use super::collected::PATIENCE;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::SystemTime;

/// A request as it arrived, with header names in lower case.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// The path with the query.
    pub target: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    /// When it had arrived.
    pub at: SystemTime,
}

impl Asked {
    /// `METHOD TARGET`
    fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    /// The value of a header, or an empty string if it was not sent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// How the server replies to a request.
pub enum Reply {
    /// This status and text.
    Text(u16, String),
    /// Status 200 and this JSON.
    Json(serde_json::Value),
    /// This status, the name of an error as AWS's REST services send it, and this JSON.
    Refusal(u16, &'static str, serde_json::Value),
    /// A redirect (302) to this address.
    Redirect(String),
    /// No answer, while the connection stays open.
    Silence,
    /// No answer, and the connection is closed.
    Close,
}

/// A reply that does not depend on the request.
pub type Always = fn() -> Reply;

/// The requests so far, and a notice of each new one.
#[derive(Default)]
struct Log {
    asked: Mutex<Vec<Asked>>,
    changed: Condvar,
}

/// A running server. It stops when this is dropped.
pub struct Web {
    address: SocketAddr,
    asked: Arc<Log>,
    stopped: Arc<AtomicBool>,
}

impl Web {
    pub fn start(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("listen on loopback");
        let address = listener.local_addr().expect("the listener's address");
        let asked = Arc::new(Log::default());
        let stopped = Arc::new(AtomicBool::new(false));
        let (log, stop, reply) = (Arc::clone(&asked), Arc::clone(&stopped), Arc::new(reply));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let (log, reply) = (Arc::clone(&log), Arc::clone(&reply));
                thread::spawn(move || serve(stream, &log, &*reply));
            }
        });
        Self { address, asked, stopped }
    }

    /// `http://127.0.0.1:PORT`
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Blocks until this request, `METHOD TARGET`, has arrived.
    #[track_caller]
    pub fn wait_for(&self, line: &str) {
        self.wait_for_times(line, 1);
    }

    /// Blocks until this request has arrived this often.
    #[track_caller]
    pub fn wait_for_times(&self, line: &str, times: usize) {
        self.wait_until(line, |all| all.iter().filter(|asked| asked.line() == line).count() >= times);
    }

    /// Blocks until any request has arrived.
    #[track_caller]
    pub fn wait_for_first(&self) {
        self.wait_until("a request", |all| !all.is_empty());
    }

    #[track_caller]
    fn wait_until(&self, line: &str, arrived: impl Fn(&[Asked]) -> bool) {
        let asked = self.asked.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_missing = |asked: &mut Vec<Asked>| !arrived(asked);
        let waited = self.asked.changed.wait_timeout_while(asked, PATIENCE, is_missing);
        let (asked, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "timed out waiting for {line}; {} requests arrived", asked.len());
    }

    /// `METHOD TARGET` of all requests so far.
    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // The listener checks the flag at the next connection.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: TcpStream, log: &Log, reply: &dyn Fn(&Asked) -> Reply) {
    let mut reader = BufReader::new(stream);
    while let Some(asked) = read(&mut reader) {
        log.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
        log.changed.notify_all();
        let (status, header, text) = match reply(&asked) {
            Reply::Text(status, text) => (status, None, text),
            Reply::Json(value) => (200, None, value.to_string()),
            Reply::Refusal(status, error, value) => {
                (status, Some(("x-amzn-ErrorType", error.to_owned())), value.to_string())
            }
            Reply::Redirect(address) => (302, Some(("location", address)), String::new()),
            Reply::Silence => {
                let _ = std::io::copy(&mut reader, &mut std::io::sink());
                return;
            }
            Reply::Close => return,
        };
        let header = header.map(|(name, value)| format!("{name}: {value}\r\n")).unwrap_or_default();
        let head = format!(
            "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\n{header}content-length: {}\r\n\r\n",
            text.len()
        );
        if reader.get_mut().write_all((head + &text).as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, target, headers, body: String::from_utf8_lossy(&body).into_owned(), at: SystemTime::now() })
}
