//! What a browser may bring back to a login, and what anybody else on the machine may send there.

use crate::sso_login::{CODE, OPENS, QUESTION, Scene, TOKEN, follow};
use crate::world::{Invocation, Running, SHELL_PROMPT, output};
use rustix::process::Signal;
use std::io::Write as _;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

/// A login whose browser is this test.
struct Login<'s> {
    running: Running<'s>,
    /// The page to sign in at.
    authorize: String,
    /// The address to come back to.
    callback: String,
    state: String,
}

impl<'s> Login<'s> {
    fn start(scene: &'s Scene) -> Self {
        Self::of(scene, scene.login())
    }

    fn of(scene: &Scene, login: Invocation<'s>) -> Self {
        let running = login.start();
        let head = output(Command::new("curl").args(["-si", &scene.link()])).unwrap();
        let head = String::from_utf8(head.stdout).unwrap();
        let authorize = head.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap().to_owned();
        let value = |name: &str| {
            let value = authorize.split(&format!("&{name}=")).nth(1).unwrap().split('&').next().unwrap();
            value.replace("%3A", ":").replace("%2F", "/")
        };
        let (callback, state) = (value("redirect_uri"), value("state"));
        Self { running, authorize, callback, state }
    }

    fn address(&self) -> &str {
        self.callback.strip_prefix("http://").unwrap().split('/').next().unwrap()
    }
}

fn status(arguments: &[&str]) -> String {
    let output = output(Command::new("curl").args(["-s", "-o", "/dev/null", "-w", "%{http_code}"]).args(arguments));
    String::from_utf8(output.unwrap().stdout).unwrap()
}

#[test]
fn a_page_that_only_finds_the_port_does_not_end_a_login() {
    let scene = Scene::new().with_test_as_browser();
    let login = Login::start(&scene);
    let (callback, state) = (&login.callback, &login.state);
    let answers = [
        "code=x&state=0123456789abcdef0123456789abcdef".to_owned(),
        "code=x".to_owned(),
        "code=x&state=".to_owned(),
        "error=access_denied".to_owned(),
        "error=access_denied&state=x".to_owned(),
        format!("state={state}"),
        String::new(),
    ];
    for query in answers {
        assert_eq!(status(&[&format!("{callback}?{query}")]), "400", "{query}");
    }
    let page = follow(&login.authorize);
    assert!(page.contains("This is all."), "{page}");
    login.running.wait().success();
    assert_eq!(scene.count(TOKEN), 1);
}

#[test]
fn a_signal_between_the_answer_to_the_browser_and_the_end_of_the_wait_is_not_lost() {
    const TEST: &str = "a_signal_between_the_answer_to_the_browser_and_the_end_of_the_wait_is_not_lost";
    for signal in [Signal::TERM, Signal::INT] {
        let scene = Scene::new().with_test_as_browser();
        if !crate::lock::strace(&scene.world, TEST) {
            return;
        }
        // The call that sends the page returns late.
        let late = ["strace", "-D", "-o", "/dev/null", "-e", "inject=sendto:delay_exit=500000"];
        let login = Login::of(&scene, scene.login().through(late));
        let page = follow(&login.authorize);
        assert!(page.contains("This is all."), "{page}");
        login.running.signal(signal);
        login.running.wait().assert_signal(signal);
        assert_eq!(scene.count(TOKEN), 0);
    }
}

#[test]
fn another_host_or_origin_gets_nothing_else_than_that() {
    let scene = Scene::new().with_test_as_browser();
    let login = Login::start(&scene);
    let denied = format!("{}?error=access_denied&state={}", login.callback, login.state);
    let port = login.address().split(':').nth(1).unwrap();
    for header in [
        "Host: evil.example".to_owned(),
        format!("Host: evil.example:{port}"),
        format!("Host: 127.0.0.1.evil.example:{port}"),
        "Host: 127.0.0.1".to_owned(),
        "Origin: https://evil.example".to_owned(),
        "Origin: null".to_owned(),
    ] {
        assert_eq!(status(&["-H", &header, &denied]), "400", "{header}");
        assert_eq!(status(&["-H", &header, &format!("http://{}/other", login.address())]), "400", "{header}");
    }
    assert_eq!(status(&["-H", &format!("Host: localhost:{port}"), &format!("{}?x", login.callback)]), "400");
    assert_eq!(status(&["-H", &format!("Host: localhost:{port}"), &denied]), "200");
    login.running.wait().assert_status(125).assert_stderr_contains("the sign-in was denied in the browser");
}

#[test]
fn an_error_that_the_browser_brings_is_told_harmlessly() {
    let scene = Scene::new().with_test_as_browser();
    let login = Login::start(&scene);
    let page =
        follow(&format!("{}?error=%1b%5b31m%3Cscript%3E&error_description=x&state={}", login.callback, login.state));
    assert!(
        page.contains("<p>You are not signed in. The terminal says why.</p>") && !page.contains("script"),
        "{page}"
    );
    login.running.wait().assert_status(125).assert_stderr(&format!(
        "{OPENS}\n{}: the browser came back with the error '\\u{{1b}}[31m<script>'; try again, and see what the page in the browser says\n",
        scene.place()
    ));
}

#[test]
fn connections_that_bring_nothing_keep_no_browser_waiting() {
    let scene = Scene::new().with_test_as_browser();
    let login = Login::start(&scene);
    let connect = || TcpStream::connect(login.address()).unwrap();
    let silent: Vec<TcpStream> = (0..32).map(|_| connect()).collect();
    let mut slow = connect();
    slow.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
    let end = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let ended = std::sync::Arc::clone(&end);
    let trickle = std::thread::spawn(move || {
        while !ended.load(std::sync::atomic::Ordering::Relaxed) && slow.write_all(b"x").is_ok() {
            std::thread::park_timeout(Duration::from_millis(300));
        }
    });
    let before = Instant::now();
    let page = follow(&login.authorize);
    assert!(page.contains("This is all."), "{page}");
    assert!(before.elapsed() < Duration::from_secs(3), "{:?}", before.elapsed());
    end.store(true, std::sync::atomic::Ordering::Relaxed);
    trickle.thread().unpark();
    trickle.join().unwrap();
    drop(silent);
    login.running.wait().success();
}

#[test]
fn more_connections_than_are_kept_make_room_for_the_browser() {
    let scene = Scene::new().with_test_as_browser();
    let login = Login::start(&scene);
    let many: Vec<TcpStream> = (0..150).map(|_| TcpStream::connect(login.address()).unwrap()).collect();
    let page = follow(&login.authorize);
    assert!(page.contains("This is all."), "{page}");
    drop(many);
    login.running.wait().success();
}

/// Prints the children of this very shell, dead ones too, without starting any.
const CHILDREN: &str = "for s in /proc/[0-9]*/status; do { while read -r k v; do [ \"$k$v\" = \"PPid:$$\" ] && echo \"$s\"; \
                        done < \"$s\"; } 2> /dev/null; done; echo done";

#[test]
fn the_browser_is_no_child_of_the_command() {
    if !std::path::Path::new("/proc/self/status").exists() {
        return crate::faults::skipped("the_browser_is_no_child_of_the_command", "no /proc");
    }
    for after in ["exec sleep 5", "exit 0", "exit 3"] {
        let scene = Scene::new().with_test_as_browser();
        let script = format!("#!/bin/sh\ncurl -sL -o /dev/null \"$1\"\n{after}\n");
        let browser = scene.world.script("stays", &script);
        let run = scene.world.aws_auth().env("BROWSER", browser).args(["-p", "p", "sh", "-c", CHILDREN]).in_terminal();
        run.expect(QUESTION);
        run.send_line("y");
        run.wait().success().assert_stdout("done\n");
    }
}

#[test]
fn a_stopped_login_lets_go_of_the_lock_and_uses_what_others_got() {
    for browser in [true, false] {
        let scene = Scene::new();
        scene.sso.state().pending = true;
        let scene = if browser { scene.with_test_as_browser() } else { scene };
        let shell = scene.world.shell_in_terminal();
        shell.send_line("aws-auth -p p --login && echo i''n");
        shell.expect(if browser { OPENS } else { CODE });
        if browser {
            follow_only(&scene.link());
        }
        let other = scene.login().arg("--no-browser").start();
        other.expect_stderr("waiting for the SSO login of process ");
        shell.ctrl_z();
        shell.expect("Stopped");
        shell.expect(SHELL_PROMPT);
        other.expect_stderr(CODE);
        scene.sso.state().pending = false;
        other.wait().success();
        shell.send_line("fg");
        shell.expect("in\r\n");
        shell.expect(SHELL_PROMPT);
        shell.send_line("exit");
        shell.wait().success();
        assert_eq!(scene.sso.state().tokens.len(), 1, "{browser}");
    }
}

/// Fetches the address that the browser was given, and does nothing on the page behind it.
fn follow_only(link: &str) {
    let head = output(Command::new("curl").args(["-si", link])).unwrap();
    assert!(head.stdout.starts_with(b"HTTP/1.1 303"));
}
