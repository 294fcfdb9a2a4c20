//! A start URL of the customer's own domain, which leads to IAM Identity Center (AWS CLI 2.36).

use crate::sso_login::Scene;
use crate::world::Output;
use crate::world::sts::tls::Authority;
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use tokio_rustls::rustls::{ServerConnection, StreamOwned};

/// A start page on localhost that answers each request so; and the request lines so far.
struct StartPage {
    url: String,
    bundle: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl StartPage {
    /// `answer` gives the answer for a method: a status line and headers.
    fn new(answer: Answer) -> Self {
        let authority = Authority::new("our CA");
        let config = authority.server("localhost", |_| {});
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}/start", listener.local_addr().unwrap().port());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                    head.extend(byte);
                }
                let head = String::from_utf8_lossy(&head);
                let line = head.lines().next().unwrap_or_default().to_owned();
                let method = line.split(' ').next().unwrap_or_default().to_owned();
                log.lock().unwrap().push(line);
                let answer = format!("HTTP/1.1 {}content-length: 0\r\nconnection: close\r\n\r\n", answer(&method));
                let _ = stream.write_all(answer.as_bytes());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        });
        Self { url, bundle: authority.pem, asked }
    }

    /// A scene whose session has this start URL, and this line for its region.
    fn scene(&self, region: &str) -> Scene {
        let mut scene = Scene::new();
        let config = scene.world.read(".aws/config");
        let (before, _) = config.split_once("[sso-session corp]").unwrap();
        scene.world.config(&format!("{before}[sso-session corp]\nsso_start_url = {}\n{region}", self.url));
        let bundle = scene.world.write("ca.pem", &self.bundle);
        scene.world.set_env("AWS_CA_BUNDLE", bundle);
        scene
    }
}

const PORTAL: &str = "https://ssoins-1.portal.eu-west-2.app.aws/start";

/// Signs in with a device code, and returns what was said.
fn sign_in(scene: &Scene) -> Output {
    scene.login().run()
}

#[test]
fn the_address_and_the_region_are_those_that_it_leads_to() {
    let page = StartPage::new(|_| "302 Found\r\nlocation: https://ssoins-1.portal.eu-west-2.app.aws/start/?x=y#z\r\n");
    for (region, told) in [("", true), ("sso_region = us-east-1\n", true), ("sso_region = eu-west-2\n", false)] {
        let scene = page.scene(region);
        let output = sign_in(&scene);
        output.success();
        let line =
            format!("aws-auth: {} is in eu-west-2; write sso_region = eu-west-2 into [sso-session corp]\n", page.url);
        assert_eq!(output.stderr.contains(&line), told, "{}", output.report());
        let started = scene.sso.web.asked().into_iter().find(|asked| asked.target == "/device_authorization").unwrap();
        assert_eq!(started.json()["startUrl"], PORTAL);
        // In the AWS CLI's files, the session keeps its own URL.
        let token = scene.token();
        assert_eq!((&token["startUrl"], &token["region"]), (&json!(page.url), &json!("eu-west-2")));
        // Later runs use the region of the token, and ask the start page no more.
        let asked = page.asked.lock().unwrap().len();
        let output = scene.world.aws_auth().args(["-p", "p", "--refresh", "-v", "true"]).run();
        output.success();
        assert_eq!(page.asked.lock().unwrap().len(), asked);
    }
    assert!(page.asked.lock().unwrap().iter().all(|line| line == "HEAD /start HTTP/1.1"));
}

#[test]
fn a_page_that_takes_no_head_is_got() {
    let page = StartPage::new(|method| match method {
        "HEAD" => "405 Method Not Allowed\r\n",
        _ => "301 Moved Permanently\r\nlocation: https://d-1.eu-west-3.portal.amazonaws.com/\r\n",
    });
    let scene = page.scene("");
    sign_in(&scene).success();
    assert_eq!(*page.asked.lock().unwrap(), ["HEAD /start HTTP/1.1", "GET /start HTTP/1.1"]);
    assert_eq!(scene.token()["region"], "eu-west-3");
}

#[test]
fn an_address_without_a_region_needs_the_profiles() {
    let page = StartPage::new(|_| "302 Found\r\nlocation: https://corp.awsapps.com/start\r\n");
    let scene = page.scene("sso_region = eu-west-1\n");
    sign_in(&scene).success();
    assert_eq!(scene.token()["region"], "eu-west-1");
    let output = sign_in(&page.scene(""));
    output.assert_status(125).assert_stderr_contains(&format!(
        "the start URL {} leads to https://corp.awsapps.com/start, which does not name a region; set sso_region\n",
        page.url
    ));
}

/// The answer for a method: a status line and headers.
type Answer = fn(&str) -> &'static str;

#[test]
fn a_page_that_leads_elsewhere_ends_the_login() {
    let advice = "check sso_start_url: a start page of your own must lead to IAM Identity Center over https";
    let cases: [(Answer, &str); 6] = [
        (
            |_| "302 Found\r\nlocation: https://evil.example/start\r\n",
            "leads to https://evil.example/start, which is no address of IAM Identity Center; ADVICE",
        ),
        (
            |_| "302 Found\r\nlocation: http://ssoins-1.portal.eu-west-2.app.aws/start\r\n",
            "leads to http://ssoins-1.portal.eu-west-2.app.aws/start, which is no address of IAM Identity Center; ADVICE",
        ),
        (
            |_| "302 Found\r\nlocation: https://notapp.aws/start\r\n",
            "leads to https://notapp.aws/start, which is no address of IAM Identity Center; ADVICE",
        ),
        (
            |_| "302 Found\r\nlocation: /other\r\n",
            "leads to URL/other, which is no address of IAM Identity Center; ADVICE",
        ),
        (|_| "200 OK\r\n", "leads to URL/start, which is no address of IAM Identity Center; ADVICE"),
        (|_| "404 Not Found\r\n", "(status 404)"),
    ];
    for (answer, words) in cases {
        let page = StartPage::new(answer);
        let scene = page.scene("sso_region = eu-west-2\n");
        let host = page.url.strip_suffix("/start").unwrap();
        let words = words.replace("ADVICE", advice).replace("URL", host);
        sign_in(&scene).assert_status(125).assert_stderr_contains(&words);
        assert!(scene.sso.web.asked().is_empty(), "{words}");
    }
}
