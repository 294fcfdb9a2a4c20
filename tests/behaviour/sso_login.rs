//! `--login` to IAM Identity Center, and runs that need a login: with a browser on this machine, with a code for a
//! browser on another device, and how each can end.

use crate::kit::masked;
use crate::world::sso::{Browser, LocalSso, token_file};
use crate::world::sts::clock;
use crate::world::web::Reply;
use crate::world::{Invocation, Output, Role, Running, World, output};
use rustix::process::Signal;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const ACCOUNT: &str = "111111111111";
const ONE: &str = "arn:aws:iam::222222222222:role/one";
const START_URL: &str = "https://corp.awsapps.com/start";

pub const OPENS: &str =
    "aws-auth: sign in to the SSO session 'corp' in the browser; --no-browser gives a code for another browser instead";
pub const CODE: &str = "aws-auth: to sign in, open https://corp.awsapps.com/start/#/device?user_code=ABCD-EFGH in any browser and check that it shows the code ABCD-EFGH";
const SIGNED_IN: &str = "aws-auth: p: signed in to the SSO session 'corp' until HH:MM, and renewed then\n";
const DONE: &str = "aws-auth: p: SSO role ReadOnly in 111111111111 until HH:MM\n";
const MISSING: &str = "you are not logged in to the SSO session 'corp'";
pub const QUESTION: &str =
    "aws-auth: p: you are not logged in to the SSO session 'corp'; sign in with a browser now? [y/N] ";

const REGISTER: &str = "POST /client/register";
pub const DEVICE: &str = "POST /device_authorization";
pub const TOKEN: &str = "POST /token";
const CREDENTIALS: &str = "GET /federation/credentials?role_name=ReadOnly&account_id=111111111111";

/// An answer that replaces the service's own.
type Answer = fn() -> Reply;

pub struct Scene {
    pub world: World,
    pub sso: LocalSso,
}

impl Scene {
    /// Profiles `p` with a session and `legacy` with a start URL, and the role `one` over `p`. There is no login.
    pub fn new() -> Self {
        let mut world = World::new();
        let sso = LocalSso::start(&world.sts);
        sso.assign(ACCOUNT, "ReadOnly");
        world.set_env("AWS_ENDPOINT_URL_SSO", sso.web.endpoint());
        world.set_env("AWS_ENDPOINT_URL_SSO_OIDC", sso.web.endpoint());
        world.config(&format!(
            "[profile p]\nsso_session = corp\nsso_account_id = {ACCOUNT}\nsso_role_name = ReadOnly\n\
             [profile one]\nrole_arn = {ONE}\nsource_profile = p\n\
             [profile legacy]\nsso_start_url = {START_URL}\nsso_region = eu-west-1\nsso_account_id = {ACCOUNT}\n\
             sso_role_name = ReadOnly\n[sso-session corp]\nsso_start_url = {START_URL}\nsso_region = eu-west-1\n"
        ));
        world.sts.add_role(Role::new(ONE));
        Self { world, sso }
    }

    /// The same with a login whose token expires after `seconds`.
    fn logged_in(seconds: i64) -> Self {
        let scene = Self::new();
        let (token, refresh) = scene.sso.log_in();
        scene.write("corp", &token_file(&token, &refresh, seconds));
        scene
    }

    /// Adds a desktop with a browser that follows links.
    fn with_browser(mut self) -> Self {
        self.world.give_browser();
        self
    }

    /// Adds a desktop where the test acts as the browser: see [`Self::link`].
    pub fn with_test_as_browser(mut self) -> Self {
        self.world.be_browser();
        self
    }

    /// The link that the browser was given.
    pub fn link(&self) -> String {
        self.world.browsers_link()
    }

    fn write(&self, name: &str, value: &Value) {
        let path = self.world.write(sso_file(name), value.to_string());
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub fn token(&self) -> Value {
        serde_json::from_str(&self.world.read(sso_file("corp"))).unwrap()
    }

    fn registration(&self) -> Value {
        serde_json::from_str(&self.world.read(sso_file(REGISTRATION))).unwrap()
    }

    /// The requests so far, without the query of GET /authorize.
    fn asked(&self) -> Vec<String> {
        let short =
            |line: String| if line.starts_with("GET /authorize?") { String::from("GET /authorize") } else { line };
        self.sso.web.lines().into_iter().map(short).collect()
    }

    pub fn count(&self, line: &str) -> usize {
        self.asked().iter().filter(|asked| *asked == line).count()
    }

    pub fn login(&self) -> Invocation<'_> {
        self.world.aws_auth().args(["-p", "p", "--login"])
    }

    /// The beginning of errors about profile `p`, with the line of its account.
    pub fn place(&self) -> String {
        format!("aws-auth: {}:3: profile 'p'", self.world.path(".aws/config").display())
    }

    /// Asserts that no token, secret or code is shown.
    #[track_caller]
    fn keeps_secrets(&self, output: &Output) {
        output.assert_hides(&self.sso.state().secrets);
    }

    /// Asserts that the login fails with these words about the profile.
    #[track_caller]
    fn fails(&self, words: &str) -> Output {
        let output = self.login().run();
        let words = words.replace("OIDC", &format!("SSO OIDC at {}", self.sso.web.endpoint()));
        output.assert_status(125).assert_stdout("");
        let last = output.stderr.lines().last().unwrap_or_default();
        assert_eq!(last, format!("{}: {words}", self.place()), "{}", output.report());
        self.keeps_secrets(&output);
        assert!(!self.world.path(sso_file("corp")).exists());
        output
    }
}

/// The text whose hash names the AWS CLI's registration file for the session.
const REGISTRATION: &str = "{\"region\": \"eu-west-1\", \"scopes\": null, \"session_name\": \"corp\", \"startUrl\": \"https://corp.awsapps.com/start\", \"tool\": \"botocore\"}";

fn sso_file(name: &str) -> PathBuf {
    let key = Sha1::digest(name).iter().fold(String::new(), |key, byte| key + &format!("{byte:02x}"));
    Path::new(".aws/sso/cache").join(key + ".json")
}

/// The heads of all answers after a link, and the last page.
pub fn follow(link: &str) -> String {
    let output = output(Command::new("curl").args(["-siL", link])).unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn assert_said(output: &Output, text: &str) {
    assert_eq!(masked(&output.stderr), text, "{}", output.report());
}

// With a browser on this machine.

#[test]
fn a_browser_signs_in_and_the_aws_cli_is_logged_in_as_well() {
    let scene = Scene::new().with_browser();
    let before = clock::machine();
    let output = scene.login().in_terminal().wait();
    output.success().assert_stdout("").assert_transcript(&format!("{OPENS}\r\n")).assert_terminal_restored();
    assert_said(&output, &format!("{SIGNED_IN}{DONE}"));
    scene.keeps_secrets(&output);
    assert_eq!(scene.asked(), [REGISTER, "GET /authorize", TOKEN, CREDENTIALS]);
    let asked = scene.sso.web.asked();
    let registered = asked[0].json();
    assert_eq!(
        registered,
        json!({
            "clientName": "aws-auth-corp",
            "clientType": "public",
            "scopes": ["sso:account:access"],
            "grantTypes": ["authorization_code", "refresh_token"],
            "redirectUris": ["http://127.0.0.1/oauth/callback"],
            "issuerUrl": START_URL,
        })
    );
    assert!(asked[1].target.contains("&scopes=sso%3Aaccount%3Aaccess&"), "{}", asked[1].target);
    // The files are exactly those of the AWS CLI.
    let (token, registration) = (scene.token(), scene.registration());
    let near = |value: &Value, after: i64| {
        (0..=5).any(|late| value.as_str() == Some(clock::iso(before + after + late).as_str()))
    };
    assert_eq!((&token["startUrl"], &token["region"]), (&json!(START_URL), &json!("eu-west-1")));
    assert!(scene.sso.state().tokens.contains(token["accessToken"].as_str().unwrap()));
    assert!(scene.sso.state().refresh_tokens.contains(token["refreshToken"].as_str().unwrap()));
    assert!(near(&token["expiresAt"], 28800) && near(&token["registrationExpiresAt"], 90 * 86400), "{token}");
    assert_eq!(token.as_object().unwrap().len(), 8);
    for (mine, its) in
        [("clientId", "clientId"), ("clientSecret", "clientSecret"), ("registrationExpiresAt", "expiresAt")]
    {
        assert_eq!(token[mine], registration[its], "{mine}");
    }
    assert_eq!(registration["scopes"], json!(["sso:account:access"]));
    assert_eq!(registration["grantTypes"], json!(["authorization_code", "refresh_token"]));
    assert_eq!(registration.as_object().unwrap().len(), 5);
    let snapshot = scene.world.snapshot();
    for (path, about) in snapshot.iter().filter(|(path, _)| path.starts_with(".aws/sso")) {
        assert!(about.starts_with("0600 file") || about == "0700 dir", "{path}: {about}");
    }
    assert_eq!(snapshot.keys().filter(|path| path.starts_with(".aws/sso/cache/")).count(), 2);
    // From now on, runs do not ask.
    scene.world.run(["-p", "p", "true"]).success().assert_stderr("");
    assert_eq!(scene.asked().len(), 4);
}

#[test]
fn botocore_reads_the_token() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/outside/venv/bin/python");
    if !python.exists() {
        eprintln!("skipped: there is no botocore under target/outside");
        return;
    }
    let scene = Scene::new().with_browser();
    scene.login().run().success();
    let script = "import botocore.session, botocore.tokens\n\
        provider = botocore.tokens.SSOTokenProvider(botocore.session.Session(profile='p'))\n\
        token = provider.load_token().get_frozen_token()\n\
        print(token.token, token.expiration.strftime('%Y-%m-%dT%H:%M:%SZ'))\n";
    let output = scene.world.command(&python).args(["-c", script]).run();
    let token = scene.token();
    output.success().assert_stdout(&format!(
        "{} {}\n",
        token["accessToken"].as_str().unwrap(),
        token["expiresAt"].as_str().unwrap()
    ));
}

#[test]
fn the_page_says_that_this_is_all_and_repeats_nothing() {
    let scene = Scene::new().with_test_as_browser();
    let login = scene.login().in_terminal();
    let link = scene.link();
    // All users can read the browser's arguments, so the address there reveals nothing.
    let secret = link.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.split_once('/')).unwrap().1;
    assert!(secret.len() == 32 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()), "{link}");
    let shown = follow(&link);
    assert!(shown.starts_with("HTTP/1.1 303 See Other\r\n"), "{shown}");
    let page = shown.split("HTTP/1.1 ").last().unwrap();
    assert!(page.starts_with("200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"), "{page}");
    for header in
        ["Cache-Control: no-store", "Referrer-Policy: no-referrer", "Content-Security-Policy: default-src 'none'"]
    {
        assert!(page.contains(header), "{page}");
    }
    let body = page.split("\r\n\r\n").nth(1).unwrap();
    assert!(body.contains("<p>This is all. Close this page and go back to the terminal.</p>"), "{body}");
    let output = login.wait();
    output.success();
    for secret in &scene.sso.state().secrets {
        assert!(!body.contains(secret.as_str()));
    }
}

#[test]
fn other_requests_are_turned_away_and_the_wait_goes_on() {
    let scene = Scene::new().with_test_as_browser();
    let login = scene.login().in_terminal();
    let head = output(Command::new("curl").args(["-si", &scene.link()])).unwrap();
    let head = String::from_utf8(head.stdout).unwrap();
    let authorize = head.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap().to_owned();
    let back = authorize.split("redirect_uri=").nth(1).unwrap().split('&').next().unwrap();
    let callback = back.replace("%3A", ":").replace("%2F", "/");
    let base = callback.strip_suffix("/oauth/callback").unwrap().to_owned();
    let status = |arguments: &[&str]| {
        let output = output(Command::new("curl").args(["-s", "-o", "/dev/null", "-w", "%{http_code}"]).args(arguments));
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    assert_eq!(status(&[&format!("{base}/favicon.ico")]), "404");
    assert_eq!(status(&[&format!("{base}/oauth/callback/?code=x&state=y")]), "404");
    assert_eq!(status(&["-d", "code=x", &callback]), "404");
    assert_eq!(status(&["-H", &format!("x: {}", "x".repeat(40_000)), &callback]), "000");
    // A connection that sends nothing.
    let idle = std::net::TcpStream::connect(base.strip_prefix("http://").unwrap()).unwrap();
    let page = follow(&authorize);
    assert!(page.contains("This is all."), "{page}");
    drop(idle);
    login.wait().success();
    assert_eq!(scene.count(TOKEN), 1);
}

#[test]
fn what_goes_wrong_in_the_browser_ends_the_login() {
    for (browser, words) in [
        (Browser::Denies, "the sign-in was denied in the browser; run the command again and allow it"),
        (
            Browser::HasAnotherCode,
            "OIDC says InvalidGrantException: \"Invalid authorization code provided\"; try again",
        ),
    ] {
        let scene = Scene::new().with_browser();
        let redeems = browser == Browser::HasAnotherCode;
        scene.sso.state().browser = browser;
        scene.fails(words);
        assert_eq!(scene.count(TOKEN), usize::from(redeems));
    }
}

#[test]
fn without_a_browser_there_is_a_code_instead() {
    for (browser, words) in [
        ("", "there is no browser: neither BROWSER, nor xdg-open, nor open"),
        ("/bin/false", "no browser came for the link (/bin/false)"),
    ] {
        let scene = Scene::new();
        let login = scene.login().env("DISPLAY", ":0").env("BROWSER", browser).env("PATH", scene.world.path("bin"));
        let output = login.in_terminal().wait();
        output.success().assert_transcript(&format!("{OPENS}\r\naws-auth: {words}\r\n{CODE}\r\n"));
        assert_eq!(scene.asked(), [REGISTER, REGISTER, DEVICE, TOKEN, CREDENTIALS]);
    }
}

#[test]
fn what_the_browser_prints_is_not_the_commands_output() {
    let scene = Scene::logged_in(-60);
    scene.sso.state().refresh_tokens.clear();
    let scene = scene.with_browser();
    let noisy = "#!/bin/sh\necho noise; echo noise >&2; cat; exec curl -sL \"$1\"\n";
    let browser = scene.world.script("noisy", noisy);
    let run = scene.world.aws_auth().env("BROWSER", browser).args(["-p", "p", "echo", "words"]).in_terminal();
    run.expect("sign in with a browser now? [y/N] ");
    run.send_line("y");
    let output = run.wait();
    output.success().assert_stdout("words\n");
    assert_said(&output, SIGNED_IN);
}

#[test]
fn the_browser_gets_no_keys() {
    let scene = Scene::new().with_browser();
    let script = "#!/bin/sh\nenv > \"$HOME/environment\"\nexec curl -sL -o /dev/null \"$1\"\n";
    let browser = scene.world.script("browser", script);
    let login = scene.login().keys("AKIAIOSFODNN7EXAMPLE", "secret", "token").env("BROWSER", browser);
    login.run().success();
    let environment = scene.world.read("environment");
    assert!(environment.contains("HOME=") && !environment.contains("AWS_ACCESS_KEY_ID"), "{environment}");
    assert!(!environment.contains("AWS_SECRET_ACCESS_KEY") && !environment.contains("AWS_SESSION_TOKEN"));
}

#[test]
fn scopes_of_the_session_are_asked_for() {
    let scene = Scene::new().with_browser();
    scene.world.append_config("sso_registration_scopes = sso:account:access, other:scope,\n");
    scene.login().run().success();
    let asked = scene.sso.web.asked();
    assert_eq!(asked[0].json()["scopes"], json!(["sso:account:access", "other:scope"]));
    assert!(asked[1].target.contains("&scopes=sso%3Aaccount%3Aaccess%20other%3Ascope&"), "{}", asked[1].target);
    let key = REGISTRATION.replace("null", "[\"sso:account:access\", \"other:scope\"]");
    assert!(scene.world.path(sso_file(&key)).exists());
}

// With a browser on another device.

#[test]
fn a_code_where_no_browser_shows() {
    let variables: [(&str, &[(&str, &str)]); 4] = [
        ("p", &[]),
        ("p", &[("DISPLAY", ":0"), ("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")]),
        ("p", &[("WAYLAND_DISPLAY", "wayland-0"), ("SSH_TTY", "/dev/pts/1")]),
        ("legacy", &[("DISPLAY", ":0")]),
    ];
    for (profile, variables) in variables {
        let scene = Scene::new();
        let browser = scene.world.script("browser", "#!/bin/sh\ntouch \"$HOME/opened\"\n");
        let mut login = scene.world.aws_auth().args(["-p", profile, "--login"]).env("BROWSER", browser);
        for (name, value) in variables {
            login = login.env(name, value);
        }
        let output = login.in_terminal().wait();
        output.success().assert_stdout("").assert_transcript(&format!("{CODE}\r\n")).assert_terminal_restored();
        let legacy = format!(
            "aws-auth: legacy: signed in to the SSO session of {START_URL} until HH:MM\n{}",
            DONE.replace(" p:", " legacy:")
        );
        assert_said(&output, &if profile == "p" { format!("{SIGNED_IN}{DONE}") } else { legacy });
        scene.keeps_secrets(&output);
        assert_eq!(scene.asked(), [REGISTER, DEVICE, TOKEN, CREDENTIALS]);
        assert!(!scene.world.path("opened").exists());
    }
}

#[test]
fn a_code_registers_a_client_of_its_own_kind() {
    let scene = Scene::new();
    scene.login().run().success();
    let registered = scene.sso.web.asked()[0].json();
    assert_eq!(
        registered,
        json!({"clientName": "aws-auth-corp", "clientType": "public", "scopes": ["sso:account:access"]})
    );
    let registration = scene.registration();
    assert!(registration["grantTypes"].is_null());
    assert_eq!(scene.token()["refreshToken"].as_str().map(str::is_empty), Some(false));
    // A legacy token is never renewed.
    let scene = Scene::new();
    scene.world.run(["-p", "legacy", "--login"]).success();
    assert_eq!(scene.sso.web.asked()[0].json(), json!({"clientName": "aws-auth-legacy", "clientType": "public"}));
    let token: Value = serde_json::from_str(&scene.world.read(sso_file(START_URL))).unwrap();
    assert!(token["refreshToken"].is_null());
    let key = REGISTRATION.replace("\"corp\"", "null");
    assert!(scene.world.path(sso_file(&key)).exists());
}

#[test]
fn no_browser_asks_for_a_code_and_goes_with_a_login_alone() {
    let scene = Scene::new().with_browser();
    let output = scene.login().arg("--no-browser").in_terminal().wait();
    output.success().assert_transcript(&format!("{CODE}\r\n"));
    assert_eq!(scene.asked(), [REGISTER, DEVICE, TOKEN, CREDENTIALS]);
    scene.world.run(["-p", "p", "--no-browser", "true"]).assert_status(125).assert_stderr(
        "aws-auth: --no-browser goes with --console, --login or --sync-sso; write both, or leave it out\n",
    );
}

#[test]
fn without_a_terminal_link_and_code_are_on_stderr_whatever_quiet_says() {
    let scene = Scene::new();
    scene.sso.state().pending = true;
    let login = scene.login().start();
    login.expect_stderr(&format!("{CODE}\n"));
    scene.sso.state().pending = false;
    let output = login.wait();
    output.success().assert_stdout("");
    assert_said(&output, &format!("{CODE}\n{SIGNED_IN}{DONE}"));
    scene.keeps_secrets(&output);
    let scene = Scene::new();
    scene.login().arg("-q").run().success().assert_stdout("").assert_stderr(&format!("{CODE}\n"));
}

#[test]
fn verbose_says_the_steps_and_no_link_of_its_own() {
    let scene = Scene::new().with_browser();
    let output = scene.login().arg("-v").in_terminal().wait();
    output.success();
    scene.keeps_secrets(&output);
    for words in ["authorize", "code_challenge", "client_id"] {
        assert!(!output.report().contains(words), "{words}: {}", output.report());
    }
    output.assert_stderr_contains("aws-auth: opening the browser\naws-auth: waiting until the browser comes back\n");
}

#[test]
fn asking_goes_on_until_somebody_has_signed_in() {
    let scene = Scene::new();
    scene.sso.state().polls.extend(["authorization_pending", "server_error"]);
    scene.login().run().success();
    assert_eq!(scene.count(TOKEN), 3);
}

#[test]
fn slow_down_makes_the_questions_rarer() {
    let scene = Scene::new();
    scene.sso.state().polls.push_back("slow_down");
    let output = scene.login().arg("-v").run();
    output.success().assert_stderr_contains("aws-auth: asking every 6 seconds from now on\n");
    assert_eq!(scene.count(TOKEN), 2);
}

#[test]
fn what_the_answers_to_a_code_end_it_with() {
    for (answer, words) in [
        ("access_denied", "the sign-in was denied in the browser; run the command again and allow it"),
        ("expired_token", "the sign-in was not finished in time; run the command again"),
    ] {
        let scene = Scene::new();
        scene.sso.state().polls.push_back(answer);
        assert_eq!(scene.fails(words).stderr.lines().next(), Some(CODE));
        assert_eq!(scene.count(TOKEN), 1);
    }
    // The device code expires.
    let scene = Scene::new();
    scene.sso.state().pending = true;
    scene.sso.state().device = (1, 2);
    scene.fails("the sign-in was not finished in time; run the command again");
    assert!(scene.count(TOKEN) <= 2);
    let scene = Scene::new();
    scene.sso.state().polls.extend(["server_error"; 3]);
    scene.fails("OIDC says InternalServerException; the service is having trouble; try again in a moment");
    assert_eq!(scene.count(TOKEN), 3);
}

#[test]
fn a_service_that_refuses_or_talks_nonsense() {
    let replies: [(&'static str, Answer, &str); 6] = [
        (
            "/client/register",
            || {
                let why = json!({"error": "invalid_scope", "error_description": "No such\u{1b} scope"});
                Reply::Refusal(400, "InvalidScopeException", why)
            },
            "OIDC says InvalidScopeException: \"No such\\u{1b} scope\"; check sso_start_url, sso_region and sso_registration_scopes",
        ),
        (
            "/client/register",
            || Reply::Json(json!({"clientId": "x"})),
            "OIDC answered without a registration; try again",
        ),
        (
            "/client/register",
            || Reply::Close,
            "OIDC closed the connection without an answer; try again; if it happens again, check any proxy and \
             configured endpoint",
        ),
        (
            "/device_authorization",
            || Reply::Refusal(400, "InvalidRequestException", json!({"error": "invalid_request"})),
            "OIDC says InvalidRequestException; check sso_start_url and sso_region, and try again",
        ),
        (
            "/device_authorization",
            || Reply::Json(json!({"userCode": "x"})),
            "OIDC answered without a code to sign in with; try again",
        ),
        ("/token", || Reply::Json(json!({"expiresIn": 5})), "OIDC answered without a token; try again"),
    ];
    for (target, reply, words) in replies {
        let scene = Scene::new();
        scene.sso.instead(target, reply);
        scene.fails(words);
    }
}

// The registration.

#[test]
fn a_registration_is_used_until_its_end() {
    let scene = Scene::new().with_browser();
    scene.login().run().success();
    let first = scene.registration();
    let again = || scene.login().arg("--refresh").run();
    again().success();
    assert_eq!((scene.count(REGISTER), scene.count(TOKEN)), (1, 2));
    let mut ending = first.clone();
    ending["expiresAt"] = json!(clock::iso(clock::machine() + 600));
    scene.write(REGISTRATION, &ending);
    again().success();
    assert_eq!(scene.count(REGISTER), 2);
    assert_ne!(scene.registration()["clientId"], first["clientId"]);
    assert_eq!(scene.token()["clientId"], scene.registration()["clientId"]);
    // A file that holds no registration is ignored.
    scene.world.write(sso_file(REGISTRATION), "{\"clientId\": 1}");
    again().success();
    assert_eq!(scene.count(REGISTER), 3);
    // A login by code needs another kind of registration.
    scene.login().args(["--refresh", "--no-browser"]).run().success();
    assert_eq!(scene.count(REGISTER), 4);
}

#[test]
fn a_registration_that_the_service_knows_no_longer_is_forgotten() {
    for browser in [false, true] {
        let scene = Scene::new();
        let scene = if browser { scene.with_browser() } else { scene };
        scene.login().run().success();
        fs::remove_file(scene.world.path(sso_file("corp"))).unwrap();
        for client in scene.sso.state().clients.values_mut() {
            client.secret.push('x');
        }
        let advice = if browser { "try again" } else { "check sso_start_url and sso_region, and try again" };
        scene.fails(&format!("OIDC says InvalidClientException: \"Who are you?\"; {advice}"));
        assert!(!scene.world.path(sso_file(REGISTRATION)).exists());
        scene.login().run().success();
    }
}

// When a login is needed.

#[test]
fn a_login_that_stands_is_left_and_refresh_begins_a_new_one() {
    let scene = Scene::logged_in(3600);
    let token = scene.token();
    let output = scene.login().run();
    output.success();
    assert_said(&output, &format!("{SIGNED_IN}{DONE}"));
    assert_eq!(scene.asked(), [CREDENTIALS]);
    assert_eq!(scene.token(), token);
    scene.login().arg("--refresh").run().success().assert_stderr_contains(CODE);
    assert_ne!(scene.token()["accessToken"], token["accessToken"]);
    assert_eq!(scene.count(CREDENTIALS), 2);
}

#[test]
fn a_login_that_has_ended_is_begun_anew_though_the_roles_credentials_stand() {
    let scene = Scene::logged_in(3600);
    scene.world.run(["-p", "one", "true"]).success();
    let mut token = scene.token();
    token["expiresAt"] = json!(clock::iso(clock::machine() - 60));
    token["refreshToken"] = json!("");
    scene.write("corp", &token);
    // A run does not need a login yet.
    scene.world.run(["-p", "one", "true"]).success().assert_stderr("");
    scene.world.run(["-p", "p", "true"]).success().assert_stderr("");
    let output = scene.world.run(["-p", "one", "--login"]);
    output.success().assert_stderr_contains(CODE);
    assert_eq!((scene.count(TOKEN), scene.count(CREDENTIALS), scene.world.sts.calls().len()), (1, 1, 1));
}

#[test]
fn a_token_that_can_be_renewed_needs_no_login() {
    let scene = Scene::logged_in(-60);
    let output = scene.login().run();
    output.success();
    assert_said(&output, &format!("{SIGNED_IN}{DONE}"));
    assert_eq!(scene.asked(), [TOKEN, CREDENTIALS]);
}

// A run that needs a login.

/// Starts a run of `echo words` at a terminal and waits for the question.
fn asked<'s>(scene: &'s Scene, variables: &[(&str, &str)]) -> Running<'s> {
    let mut run = scene.world.aws_auth().args(["-p", "p", "echo", "words"]);
    for (name, value) in variables {
        run = run.env(name, value);
    }
    let run = run.in_terminal();
    run.expect(QUESTION);
    run
}

#[test]
fn at_a_terminal_a_run_asks_before_anything_opens_and_goes_on_after_yes() {
    for yes in ["y", "YES", " y "] {
        let scene = Scene::new().with_browser();
        let run = asked(&scene, &[]);
        let attributes = run.attributes();
        assert!(attributes.echo && attributes.canonical && attributes.signals);
        assert!(scene.asked().is_empty());
        run.send_line(yes);
        let output = run.wait();
        output.success().assert_stdout("words\n").assert_terminal_restored();
        output.assert_transcript(&format!("{QUESTION}{yes}\r\n{OPENS}\r\n"));
        assert_said(&output, SIGNED_IN);
        scene.keeps_secrets(&output);
        assert_eq!(scene.asked(), [REGISTER, "GET /authorize", TOKEN, CREDENTIALS]);
    }
    let scene = Scene::new();
    let run = asked(&scene, &[]);
    run.send_line("y");
    run.wait().success().assert_stdout("words\n").assert_transcript(&format!("{QUESTION}y\r\n{CODE}\r\n"));
}

#[test]
fn anything_but_yes_ends_with_the_advice() {
    for no in ["n", "", "what?"] {
        let scene = Scene::new().with_browser();
        let run = asked(&scene, &[]);
        run.send_line(no);
        let output = run.wait();
        output.assert_status(125).assert_stdout("").assert_terminal_restored();
        output.assert_transcript(&format!("{QUESTION}{no}\r\n"));
        output.assert_stderr(&format!("{}: {MISSING}; log in with: aws-auth -p p --login\n", scene.place()));
        assert!(scene.asked().is_empty());
    }
    let scene = Scene::new().with_browser();
    let run = asked(&scene, &[]);
    run.ctrl_d();
    run.wait().assert_status(125).assert_terminal_restored().assert_transcript(&format!("{QUESTION}\r\n"));
    let run = asked(&scene, &[]);
    run.ctrl_c();
    run.wait().assert_signal(Signal::INT).assert_terminal_restored();
    assert!(scene.asked().is_empty());
}

#[test]
fn a_terminal_without_echo_is_left_without() {
    let scene = Scene::new();
    let mut terminal = crate::world::Terminal::open();
    terminal.set(|settings| settings.local_modes -= rustix::termios::LocalModes::ECHO);
    let run = scene.world.aws_auth().args(["-p", "p", "true"]).terminal(terminal).in_terminal();
    run.expect(QUESTION);
    assert!(run.attributes().echo);
    run.send_line("n");
    run.wait().assert_status(125).assert_terminal_restored();
}

#[test]
fn without_a_terminal_a_run_fails_at_once_and_opens_nothing() {
    let scene = Scene::logged_in(-60).with_browser();
    scene.sso.state().refresh_tokens.clear();
    let output = scene.world.run(["-p", "p", "true"]);
    let ended = "the SSO session 'corp' has expired; log in with: aws-auth -p p --login";
    output.assert_status(125).assert_stderr(&format!("{}: {ended}\n", scene.place()));
    assert_eq!(scene.asked(), [TOKEN]);
    let scene = Scene::new().with_browser();
    let output = scene.world.run(["-p", "one", "true"]);
    let missing = format!("{}: {MISSING}; log in with: aws-auth -p one --login\n", scene.place());
    output.assert_status(125).assert_stderr(&missing);
    assert!(scene.asked().is_empty());
}

#[test]
fn a_token_that_cannot_be_kept_serves_this_run() {
    let scene = Scene::new();
    scene.world.write(".aws/sso", "a file in the directory's place");
    let run = asked(&scene, &[]);
    run.send_line("y");
    let output = run.wait();
    output.success().assert_stdout("words\n");
    output.assert_stderr_contains("aws-auth: warning: cannot keep the registration for SSO in ");
    assert_eq!(scene.asked(), [REGISTER, DEVICE, TOKEN, CREDENTIALS]);
}

// Many processes at once.

#[test]
fn many_at_once_log_in_once() {
    let scene = Scene::new();
    scene.sso.state().pending = true;
    let first = scene.login().start();
    first.expect_stderr(CODE);
    let waiting = format!("aws-auth: waiting for the SSO login of process {}\n", first.pid());
    let others: Vec<_> =
        ["p", "one", "p", "one"].map(|name| scene.world.aws_auth().args(["-p", name, "true"]).start()).into();
    for run in &others {
        run.expect_stderr(&waiting);
    }
    scene.sso.state().pending = false;
    first.wait().success();
    for run in others {
        run.wait().success().assert_stdout("").assert_stderr(&waiting);
    }
    assert_eq!((scene.count(REGISTER), scene.count(DEVICE), scene.sso.state().tokens.len()), (1, 1, 1));
}

#[test]
fn whoever_waited_for_a_no_fails_once() {
    let scene = Scene::new();
    let first = asked(&scene, &[]);
    let pid = first.pid();
    let second = scene.world.aws_auth().args(["-p", "one", "true"]).in_terminal();
    second.expect_stderr(&format!("aws-auth: waiting for the SSO login of process {pid}\n"));
    first.send_line("n");
    first.wait().assert_status(125);
    let output = second.wait();
    output.assert_status(125).assert_transcript("").assert_stderr(&format!(
        "aws-auth: waiting for the SSO login of process {pid}\naws-auth: process {pid}, whose SSO login this one waited for, gave up; run the command again to be asked\n"
    ));
    assert!(scene.asked().is_empty());
}

#[test]
fn ctrl_c_ends_every_wait_and_those_who_waited() {
    for browser in [true, false] {
        let scene = Scene::new();
        scene.sso.state().pending = true;
        // A browser whose page is never answered.
        let scene = if browser { scene.with_test_as_browser() } else { scene };
        let first = scene.login().in_terminal();
        first.expect(if browser { OPENS } else { CODE });
        if browser {
            let head = output(Command::new("curl").args(["-si", &scene.link()])).unwrap();
            assert!(head.stdout.starts_with(b"HTTP/1.1 303"));
        }
        let pid = first.pid();
        let second = scene.login().start();
        second.expect_stderr(&format!("aws-auth: waiting for the SSO login of process {pid}\n"));
        first.ctrl_c();
        first.wait().assert_signal(Signal::INT).assert_terminal_restored();
        let gave_up = format!("process {pid}, whose SSO login this one waited for, gave up");
        second.wait().assert_status(125).assert_stderr_contains(&gave_up);
        assert!(!scene.world.path(sso_file("corp")).exists());
    }
}

#[test]
fn a_renewal_that_is_interrupted_ends_no_login_that_waited_for_it() {
    let scene = Scene::logged_in(-60);
    scene.sso.instead("/token", || Reply::Silence);
    let renewal = scene.world.aws_auth().args(["-p", "p", "true"]).in_terminal();
    scene.sso.web.wait_for(TOKEN);
    let login = scene.login().arg("--refresh").start();
    login.expect_stderr(&format!("aws-auth: waiting for the SSO login of process {}\n", renewal.pid()));
    scene.sso.state().instead.clear();
    renewal.ctrl_c();
    renewal.wait().assert_signal(Signal::INT);
    login.wait().success();
}

#[test]
fn in_another_users_home_nobody_signs_in_as_root() {
    if !crate::faults::is_root() {
        return crate::faults::skipped("in_another_users_home_nobody_signs_in_as_root", "needs root");
    }
    // A token of root's that expires soon is used as it is; another user's is ignored.
    for (own, status) in [(true, 0), (false, 125)] {
        let scene = Scene::logged_in(60);
        let home = scene.world.home();
        crate::faults::give_away(crate::faults::UNUSED_USER, home);
        if own {
            std::os::unix::fs::chown(scene.world.path(sso_file("corp")), Some(0), Some(0)).unwrap();
        }
        let before = scene.world.snapshot();
        scene.world.run(["-p", "p", "true"]).assert_status(status);
        let caches = scene.world.path("caches");
        scene.world.aws_auth().env("XDG_CACHE_HOME", &caches).args(["-p", "p", "true"]).run().assert_status(status);
        let output = scene.world.run(["-p", "p", "--login", "--refresh", "--no-browser"]);
        output.assert_status(125).assert_stderr_contains("is another user's, so a login would be lost");
        assert_eq!(scene.world.snapshot(), before);
        assert!(!scene.asked().iter().any(|asked| asked == REGISTER || asked == TOKEN), "{:?}", scene.asked());
    }
}
