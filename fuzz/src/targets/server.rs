//! An HTTP server on loopback that answers with given bytes, whatever it is asked.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The answers, complete, the next one first; the last one is given again and again.
type Answers = Arc<Mutex<Vec<Vec<u8>>>>;

pub struct Server {
    pub address: SocketAddr,
    answers: Answers,
}

impl Server {
    /// Listens, for as long as the process runs.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let answers = Answers::default();
        let given = Arc::clone(&answers);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that has gone needs no answer.
                let _ = answer(stream, &given);
            }
        });
        Self { address, answers }
    }

    /// What is answered from now on.
    pub fn answer_with(&self, answers: Vec<Vec<u8>>) {
        *self.answers.lock().expect("no panic") = answers;
    }
}

fn answer(mut stream: TcpStream, answers: &Answers) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut bytes = [0; 8192];
    while !is_whole(&request) {
        match stream.read(&mut bytes)? {
            0 => return Ok(()),
            count => request.extend_from_slice(&bytes[..count]),
        }
    }
    let answer = {
        let mut answers = answers.lock().expect("no panic");
        if answers.len() > 1 { answers.remove(0) } else { answers.first().cloned().unwrap_or_default() }
    };
    stream.write_all(&answer)
}

/// Whether a request has its head, and as much of a body as that says.
fn is_whole(request: &[u8]) -> bool {
    let Some(head) = request.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    request.len() >= head + 4 + length.unwrap_or(0)
}
