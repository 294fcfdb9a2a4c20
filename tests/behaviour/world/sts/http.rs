//! The listener: HTTP/1.1 on loopback, with the faults of connections and answers.

use super::actions::{self, Params};
use super::iam;
use super::signature::{Authorization, Received, form};
use super::state::{Fault, State, UNANSWERED, When};
use super::xml::{self, Refusal};
use super::{Asked, Call, Reply, Shared, clock, random, signin};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::HeaderValue;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio_rustls::TlsAcceptor;

/// The error that closes a connection on purpose.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was cut, as the test asked")
    }
}

impl std::error::Error for Cut {}

/// A body that may break off.
struct Answer {
    bytes: Option<Bytes>,
    length: u64,
    cut: bool,
    flushed: bool,
    endless: bool,
    /// Notified when the answer is sent, if the connection is to be closed then.
    sent: Option<Arc<Notify>>,
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(sent) = &self.sent {
            sent.notify_one();
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if self.endless {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 16 * 1024])))));
        }
        if let Some(bytes) = self.bytes.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if !self.cut {
            return Poll::Ready(None);
        }
        // hyper sends what it has when the body is pending, but discards it on an error. So be pending once first.
        if !std::mem::replace(&mut self.flushed, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(Cut)))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none() && !self.cut && !self.endless
    }

    fn size_hint(&self) -> SizeHint {
        if self.endless { SizeHint::default() } else { SizeHint::with_exact(self.length) }
    }
}

/// Accepts connections until told to stop.
pub async fn listen(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    mut stop: oneshot::Receiver<()>,
) {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                // Without delay, so that answers do not wait for the client's acknowledgements.
                let _ = stream.set_nodelay(true);
                let shared = Arc::clone(&shared);
                match &tls {
                    None if connected(&shared) => drop(tokio::spawn(serve(stream, shared))),
                    None => {}
                    Some(tls) => {
                        let handshake = tls.accept(stream);
                        tokio::spawn(async move {
                            match handshake.await {
                                Ok(stream) if connected(&shared) => serve(stream, shared).await,
                                _ => {}
                            }
                        });
                    }
                }
            }
            _ = &mut stop => return,
        }
    }
}

/// Counts a connection; returns whether to serve it.
fn connected(shared: &Shared) -> bool {
    let mut state = shared.state();
    state.connections += 1;
    state.take_fault(|_, fault| matches!(fault, Fault::CloseOnConnect)).is_none()
}

/// Serves one connection, plain or TLS.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, shared: Arc<Shared>) {
    let sent = Arc::new(Notify::new());
    let service = service_fn(|request| answer(Arc::clone(&shared), request, &sent));
    tokio::select! {
        // This branch comes first, so that written data is flushed before the connection is closed.
        biased;
        // An error means that the client disconnected, or that a fault closed the connection.
        _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service) => {}
        () = sent.notified() => {}
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>, sent: &Arc<Notify>) -> Result<Response<Answer>, Cut> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let received = Received {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or(""),
        headers: &head.headers,
        body: &body,
    };
    if received.path == "/code" && shared.state().serve_codes {
        return Ok(code(&mut shared.state(), received.query));
    }
    if received.path == "/expire-codes" && shared.state().serve_codes {
        let mut state = shared.state();
        state.expire_codes();
        return Ok(respond(&state, 200, String::new(), false, "-"));
    }
    if received.path == "/oauth" && received.method == "GET" {
        let (status, location) = match signin::logout(received.query) {
            Some(location) => (302, location),
            None => (400, String::new()),
        };
        let mut response = respond(&shared.state(), status, String::new(), false, &random::request_id());
        if let Ok(location) = HeaderValue::from_str(&location) {
            response.headers_mut().insert("location", location);
        }
        return Ok(response);
    }
    if received.path == "/federation" && received.method == "GET" {
        let mut state = shared.state();
        let (status, kind, text) = signin::federation(&mut state, received.query);
        let mut response = respond(&state, status, text, false, &random::request_id());
        response.headers_mut().insert("content-type", HeaderValue::from_static(kind));
        return Ok(response);
    }
    let v1 = if received.path.starts_with("/v1/") { shared.state().v1.clone() } else { None };
    if let Some(service) = v1 {
        return from_web(&shared, service(&as_asked(&received)));
    }
    let text = if received.method == "GET" { received.query.into() } else { String::from_utf8_lossy(&body) };
    let params: Params = form(&text).into_iter().collect();
    let action = params.get("Action").cloned().unwrap_or_default();
    let (number, fault) = {
        let mut state = shared.state();
        let number = state.arrive(call(&received, &action, params.clone()));
        (
            number,
            state.take_fault(|wanted, fault| {
                (wanted == "*" || wanted == action) && !matches!(fault, Fault::CloseOnConnect)
            }),
        )
    };
    shared.changed.notify_all();
    shared.pass(&action, When::BeforeActing).await;
    let request_id = random::request_id();
    let scripted = match &fault {
        Some(Fault::Refuse(status, code, message)) => Some(Refusal::new(*status, code, *message)),
        Some(Fault::Throttle) => Some(Refusal::new(400, "Throttling", "Rate exceeded")),
        Some(Fault::Status(503)) => {
            Some(Refusal::new(503, "ServiceUnavailable", "Service is unable to handle request."))
        }
        Some(Fault::Status(status)) => Some(Refusal::new(
            *status,
            "InternalFailure",
            "The request processing has failed because of an unknown error, exception or failure.",
        )),
        Some(Fault::CloseUnanswered) => return Err(Cut),
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Raw(status, text)) => {
            shared.state().conclude(number, Err(format!("(raw {status})")));
            return Ok(respond(&shared.state(), *status, (*text).to_owned(), false, &request_id));
        }
        Some(Fault::Endless(status)) => {
            shared.state().conclude(number, Err("(endless)".to_owned()));
            let mut response = respond(&shared.state(), *status, String::new(), false, &request_id);
            response.body_mut().endless = true;
            return Ok(response);
        }
        Some(Fault::HtmlPage) => {
            shared.state().conclude(number, Err("(page)".to_owned()));
            let page =
                "<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body>Please sign in.</body></html>\n";
            return Ok(respond(&shared.state(), 200, page.to_owned(), false, &request_id));
        }
        _ => None,
    };
    let result = match scripted {
        Some(refusal) => Err(refusal),
        None => check_version(&params).and_then(|()| actions::act(&mut shared.state(), &action, &params, &received)),
    };
    let unanswered = matches!(fault, Some(Fault::CloseAfterActing | Fault::CloseMidAnswer));
    let outcome = match &result {
        _ if unanswered => Err(UNANSWERED.to_owned()),
        Ok(_) => Ok(()),
        Err(refusal) => Err(refusal.code.clone()),
    };
    shared.state().conclude(number, outcome);
    shared.tell_of_refused_code();
    shared.pass(&action, When::BeforeAnswering).await;
    let is_iam = params.get("Version").is_some_and(|version| version == iam::VERSION);
    let namespace = if is_iam { xml::IAM } else { xml::STS };
    let (status, text) = match result {
        Ok(elements) => (200, xml::answer(namespace, &action, &elements, &request_id)),
        Err(refusal) => (refusal.status, refusal.to_xml(namespace, &request_id)),
    };
    let text = match fault {
        Some(Fault::CloseAfterActing) => return Err(Cut),
        // Cut before the credentials, because the SDK accepts half an answer if it has the fields.
        Some(Fault::MalformedXml) => format!("{}<<", &text[..text.len() / 4]),
        Some(Fault::Rewrite(change)) => change(text),
        _ => text,
    };
    let mut response =
        respond(&shared.state(), status, text, matches!(fault, Some(Fault::CloseMidAnswer)), &request_id);
    if matches!(fault, Some(Fault::CloseAfterAnswering)) {
        response.body_mut().sent = Some(Arc::clone(sent));
    }
    Ok(response)
}

fn check_version(params: &Params) -> Result<(), Refusal> {
    let is_of_sns = params.get("Action").is_some_and(|action| super::policy::is_of_sns(action));
    match params.get("Version").map(String::as_str) {
        Some("2011-06-15" | iam::VERSION) => Ok(()),
        Some("2010-03-31") if is_of_sns => Ok(()),
        version => Err(Refusal::new(
            400,
            "NoSuchVersion",
            format!("The requested version ({}) is not valid.", version.unwrap_or("none")),
        )),
    }
}

fn call(received: &Received<'_>, action: &str, params: Params) -> Call {
    let authorization = Authorization::of(received).ok();
    let (access_key_id, region) =
        authorization.map(|authorization| (authorization.access_key_id, authorization.region)).unwrap_or_default();
    Call {
        action: action.to_owned(),
        with_code: params.contains_key("TokenCode"),
        params,
        access_key_id,
        region,
        user_agent: received.header("user-agent").unwrap_or_default(),
        host: received.header("host").unwrap_or_default(),
        outcome: Err(UNANSWERED.to_owned()),
    }
}

fn respond(state: &State, status: u16, text: String, cut: bool, request_id: &str) -> Response<Answer> {
    let length = text.len();
    let mut bytes = Bytes::from(text);
    if cut {
        bytes.truncate(length / 2);
    }
    let answer = Answer { bytes: Some(bytes), length: length as u64, cut, flushed: false, endless: false, sent: None };
    Response::builder()
        .status(status)
        .header("content-type", "text/xml")
        .header("date", clock::http_date(state.now()))
        .header("x-amzn-requestid", request_id)
        .body(answer)
        .expect("a response")
}

/// The demo's MFA device: answers `GET /code?serial=…`.
fn code(state: &mut State, query: &str) -> Response<Answer> {
    let serial = form(query).into_iter().find(|(name, _)| name == "serial").map(|(_, serial)| serial);
    match serial.filter(|serial| state.device(serial).is_some()) {
        Some(serial) => {
            let code = state.fresh_code(&serial);
            respond(state, 200, format!("{code}\n"), false, "-")
        }
        None => respond(state, 404, "no such device\n".to_owned(), false, "-"),
    }
}

/// A request for another service.
fn as_asked(received: &Received<'_>) -> Asked {
    let query = if received.query.is_empty() { String::new() } else { format!("?{}", received.query) };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Asked {
        method: received.method.to_owned(),
        target: format!("{}{query}", received.path),
        headers: received.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body: String::from_utf8_lossy(received.body).into_owned(),
        at: std::time::SystemTime::now(),
    }
}

/// The answer of another service.
fn from_web(shared: &Shared, reply: Reply) -> Result<Response<Answer>, Cut> {
    let (status, header, text) = match reply {
        Reply::Text(status, text) => (status, None, text),
        Reply::Json(value) => (200, None, value.to_string()),
        Reply::Refusal(status, error, value) => {
            (status, Some(("x-amzn-errortype", error.to_owned())), value.to_string())
        }
        Reply::Redirect(address) => (302, Some(("location", address)), String::new()),
        Reply::Silence | Reply::Close => return Err(Cut),
    };
    let mut response = respond(&shared.state(), status, text, false, &random::request_id());
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, HeaderValue::from_str(&value).expect("a header"));
    }
    Ok(response)
}
