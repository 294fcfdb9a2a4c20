//! `--login` with `aws login`: for profiles that name a session, and for profiles that are to have one; with a browser
//! on this machine, with a code that is pasted, and how each can end.

use crate::kit::{assert_said, masked};
use crate::world::aws_login::{Browser, SESSION, SignIn};
use crate::world::sts::clock;
use crate::world::web::{Always, Reply, Web};
use crate::world::{Invocation, Output, Role, Running, SHELL_PROMPT, World, output};
use rustix::process::Signal;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

const OTHER: &str = "arn:aws:iam::111111111111:user/alex";
const ONE: &str = "arn:aws:iam::222222222222:role/one";

const OPENS: &str = "aws-auth: sign in to AWS in the browser; --no-browser gives a link for another browser instead";
const LINK: &str = "aws-auth: to sign in, open this link in any browser, and paste the code that it shows:";
const PROMPT: &str = "Code from the browser (hidden): ";
const GARBAGE: &str = "aws-auth: this is no code, or a part of one; copy it again, as a whole";
const ANOTHERS: &str = "aws-auth: this code is of another sign-in; take the one of the link above";
const WAITING: &str = "waiting for the sign-in to AWS of process ";
const TOKEN: &str = "POST /v1/token";

struct Scene {
    world: World,
    signin: SignIn,
    web: Web,
}

impl Scene {
    /// Profile `p` with a session, and the role `one` over it. There is no login.
    fn new() -> Self {
        let mut world = World::new();
        let signin = SignIn::new(&world.sts);
        let web = signin.serve();
        world.set_env("AWS_ENDPOINT_URL_SIGNIN", web.endpoint());
        world.config(&format!(
            "[profile p]\nlogin_session = {SESSION}\n[profile one]\nrole_arn = {ONE}\nsource_profile = p\n"
        ));
        world.sts.add_role(Role::new(ONE));
        Self { world, signin, web }
    }

    /// The same without a profile.
    fn empty() -> Self {
        let scene = Self::new();
        scene.world.config("");
        scene
    }

    /// Adds a desktop with a browser that follows links.
    fn with_browser(mut self) -> Self {
        self.world.give_browser();
        self
    }

    /// Adds a desktop where the test acts as the browser.
    fn with_test_as_browser(mut self) -> Self {
        self.world.be_browser();
        self
    }

    /// The browser takes the link, and does not come back.
    fn send_browser_away(&self) -> String {
        let link = self.world.browsers_link();
        let head = output(Command::new("curl").args(["-si", &link])).unwrap();
        let head = String::from_utf8(head.stdout).unwrap();
        head.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap().to_owned()
    }

    fn login(&self) -> Invocation<'_> {
        self.world.aws_auth().args(["-p", "p", "--login"])
    }

    fn begin(&self) -> Invocation<'_> {
        self.world.aws_auth().args(["-p", "new", "--login=aws"])
    }

    /// The requests so far, without queries.
    fn asked(&self) -> Vec<String> {
        self.web.lines().into_iter().map(|line| line.split('?').next().unwrap().to_owned()).collect()
    }

    fn tokens(&self) -> usize {
        self.asked().iter().filter(|asked| *asked == TOKEN).count()
    }

    fn file(&self, session: &str) -> Option<Value> {
        let path = self.world.path(file(session));
        path.exists().then(|| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
    }

    /// The beginning of errors about profile `p`.
    fn place(&self) -> String {
        format!("aws-auth: {}:2: profile 'p'", self.world.path(".aws/config").display())
    }

    /// The service in messages.
    fn service(&self) -> String {
        format!("AWS Sign-In at {}", self.web.endpoint())
    }

    #[track_caller]
    fn keeps_secrets(&self, output: &Output) {
        output.assert_hides(&self.signin.state().secrets);
    }

    /// Asserts that nothing was kept.
    #[track_caller]
    fn keeps_nothing(&self) {
        let kept: Vec<String> =
            self.world.snapshot().into_keys().filter(|path| path.starts_with(".aws/login/cache/")).collect();
        assert!(kept.is_empty(), "{kept:?}");
    }
}

fn file(session: &str) -> String {
    let name = Sha256::digest(session).iter().fold(String::new(), |name, byte| name + &format!("{byte:02x}"));
    format!(".aws/login/cache/{name}.json")
}

/// The page at the end of a link, followed through its redirects.
fn page(link: &str) -> String {
    String::from_utf8(output(Command::new("curl").args(["-sL", link])).unwrap().stdout).unwrap()
}

/// The link to open in another browser, after it was shown.
fn shown_link(run: &Running<'_>) -> String {
    run.expect(PROMPT);
    let transcript = run.transcript();
    let link = transcript.lines().find(|line| line.starts_with("http")).unwrap().trim().to_owned();
    assert!(link.contains("/v1/authorize?"), "{link}");
    link
}

fn pasted(text: &str) -> String {
    aws_smithy_types::base64::encode(text)
}

// With a browser on this machine.

#[test]
fn a_browser_signs_in_and_the_aws_cli_is_logged_in_as_well() {
    let scene = Scene::new().with_browser();
    let before = clock::machine();
    let output = scene.login().in_terminal().wait();
    output.success().assert_stdout("").assert_transcript(&format!("{OPENS}\r\n")).assert_terminal_restored();
    let file_ = scene.file(SESSION).unwrap();
    let key = file_["accessToken"]["accessKeyId"].as_str().unwrap();
    assert_said(&output, &format!("aws-auth: p: signed in as {SESSION}\naws-auth: p: credentials {key} until HH:MM\n"));
    scene.keeps_secrets(&output);
    assert_eq!(scene.asked(), ["GET /v1/authorize", TOKEN]);
    let asked = scene.web.asked();
    let client = "arn%3Aaws%3Asignin%3A%3A%3Adevtools%2Fsame-device";
    assert!(asked[0].target.contains(&format!("client_id={client}&")), "{}", asked[0].target);
    // The file is the AWS CLI's.
    let fields: Vec<&str> = file_.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["accessToken", "clientId", "dpopKey", "idToken", "refreshToken", "tokenType"]);
    let token = file_["accessToken"].as_object().unwrap();
    let fields: Vec<&str> = token.keys().map(String::as_str).collect();
    assert_eq!(fields, ["accessKeyId", "accountId", "expiresAt", "secretAccessKey", "sessionToken"]);
    assert_eq!(token["accountId"], "111111111111");
    assert_eq!(file_["clientId"], "arn:aws:signin:::devtools/same-device");
    assert_eq!(file_["tokenType"], "urn:aws:params:oauth:token-type:access_token_sigv4");
    assert!((0..=5).any(|late| token["expiresAt"] == clock::iso(before + 900 + late).as_str()));
    let snapshot = scene.world.snapshot();
    for (path, about) in snapshot.iter().filter(|(path, _)| path.starts_with(".aws/login")) {
        assert!(about.starts_with("0600 file") || about == "0700 dir", "{path}: {about}");
    }
    // From now on, runs do not ask, and the new key renews.
    scene.world.run(["-p", "p", "true"]).success().assert_stderr("");
    assert_eq!(scene.tokens(), 1);
    let mut old = file_.clone();
    old["accessToken"]["expiresAt"] = json!(clock::iso(before - 60));
    fs::write(scene.world.path(file(SESSION)), old.to_string()).unwrap();
    assert_eq!(scene.world.run(["-p", "one", "env", "-0"]).env_of_child()["AWS_ACCOUNT_ID"], "222222222222");
    assert_eq!(scene.tokens(), 2);
}

#[test]
fn a_login_that_stands_is_left_and_refresh_begins_a_new_one() {
    let scene = Scene::new().with_browser();
    scene.login().run().success();
    let first = scene.file(SESSION).unwrap();
    let output = scene.login().run();
    let key = first["accessToken"]["accessKeyId"].as_str().unwrap();
    assert_said(
        output.success(),
        &format!("aws-auth: p: is signed in as {SESSION}\naws-auth: p: credentials {key} until HH:MM\n"),
    );
    assert_eq!((scene.tokens(), scene.file(SESSION).unwrap()), (1, first.clone()));
    scene.login().arg("--refresh").run().success().assert_stderr_contains(OPENS);
    assert_eq!(scene.asked(), ["GET /v1/authorize", TOKEN, "GET /v1/authorize", TOKEN]);
    assert_ne!(scene.file(SESSION).unwrap()["dpopKey"], first["dpopKey"]);
}

#[test]
fn a_role_over_it_is_assumed_after_the_sign_in() {
    let scene = Scene::new().with_browser();
    let output = scene.world.run(["-p", "one", "--login"]);
    assert_said(
        output.success(),
        &format!("{OPENS}\naws-auth: p: signed in as {SESSION}\naws-auth: one: role {ONE} until HH:MM\n"),
    );
    assert_eq!(scene.world.sts.actions(), ["AssumeRole"]);
}

#[test]
fn what_goes_wrong_in_the_browser_ends_the_login() {
    for (browser, words) in [
        (
            Browser::Denies,
            "the sign-in was denied in the browser; run the command again and allow it, or ask for AWS's managed \
             policy SignInLocalDevelopmentAccess",
        ),
        (
            Browser::HasAnotherCode,
            "SERVICE says ValidationException: \"The code is not known.\"; run the command again",
        ),
    ] {
        let scene = Scene::new().with_browser();
        scene.signin.state().browser = browser;
        let output = scene.login().run();
        let words = words.replace("SERVICE", &scene.service());
        output.assert_status(125).assert_stderr(&format!("{OPENS}\n{}: {words}\n", scene.place()));
        assert_eq!(scene.tokens(), usize::from(browser == Browser::HasAnotherCode));
        scene.keeps_nothing();
        scene.keeps_secrets(&output);
    }
}

#[test]
fn an_answer_with_another_state_does_not_end_the_login() {
    let scene = Scene::new().with_test_as_browser();
    let login = scene.login().start();
    let authorize = scene.send_browser_away();
    let back = authorize.split("redirect_uri=").nth(1).unwrap().split('&').next().unwrap();
    let callback = back.replace("%3A", ":").replace("%2F", "/");
    let status = |url: &str| {
        let output = output(Command::new("curl").args(["-s", "-o", "/dev/null", "-w", "%{http_code}", url]));
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    for query in ["code=x&state=00000000-0000-4000-a000-000000000000", "error=access_denied", "code=x"] {
        assert_eq!(status(&format!("{callback}?{query}")), "400", "{query}");
    }
    assert!(page(&authorize).contains("This is all."));
    login.wait().success();
    assert_eq!(scene.tokens(), 1);
}

#[test]
fn every_failure_of_the_token_endpoint() {
    fn denied(error: &str) -> Reply {
        Reply::Refusal(403, "AccessDeniedException", json!({"error": error, "message": "no"}))
    }
    let replies: [(Always, &str); 8] = [
        (
            || denied("INSUFFICIENT_PERMISSIONS"),
            "you are not allowed to sign in with programs; ask for AWS's managed policy SignInLocalDevelopmentAccess",
        ),
        (|| denied("AUTHCODE_EXPIRED"), "the code has expired; run the command again"),
        (|| denied("USER_CREDENTIALS_CHANGED"), "the password has changed since the sign-in; run the command again"),
        (|| denied("WHATEVER"), "SERVICE says WHATEVER: \"no\"; run the command again"),
        (
            || Reply::Refusal(500, "InternalServerException", json!({"error": "server_error", "message": "oops"})),
            "SERVICE says InternalServerException: \"oops\"; the service is having trouble; try again in a moment",
        ),
        (
            || Reply::Close,
            "SERVICE closed the connection without an answer; try again; if it happens again, check any proxy and \
             configured endpoint",
        ),
        (|| Reply::Json(json!({"expiresIn": 900})), "SERVICE answered without credentials; try again"),
        (
            || {
                let keys = json!({"accessKeyId": "ASIAX", "secretAccessKey": "s", "sessionToken": "t"});
                Reply::Json(json!({
                    "accessToken": keys, "tokenType": "x", "expiresIn": 900, "refreshToken": "r", "idToken": "a.e30.c"
                }))
            },
            "SERVICE answered without the name of the session; try again",
        ),
    ];
    for (reply, words) in replies {
        let scene = Scene::new().with_browser();
        scene.signin.instead(&TOKEN[5..], reply);
        let output = scene.login().run();
        let words = words.replace("SERVICE", &scene.service());
        output.assert_status(125).assert_stdout("");
        assert_eq!(output.stderr.lines().last(), Some(format!("{}: {words}", scene.place()).as_str()));
        scene.keeps_nothing();
        scene.keeps_secrets(&output);
    }
}

#[test]
fn a_slow_token_endpoint_ends_after_the_time_limit_and_by_ctrl_c_at_once() {
    let scene = Scene::new().with_browser();
    scene.signin.instead("/v1/token", || Reply::Silence);
    let login = scene.login().in_terminal();
    scene.web.wait_for(TOKEN);
    login.ctrl_c();
    login.wait().assert_signal(Signal::INT).assert_terminal_restored();
    scene.keeps_nothing();
    let output = scene.login().run();
    output.assert_status(125).assert_stderr_contains("did not answer in time; try again");
}

// With a code that is pasted.

#[test]
fn a_code_where_no_browser_shows() {
    let variables: [&[(&str, &str)]; 3] = [
        &[],
        &[("DISPLAY", ":0"), ("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")],
        &[("WAYLAND_DISPLAY", "wayland-0"), ("SSH_TTY", "/dev/pts/1")],
    ];
    for variables in variables {
        let scene = Scene::new();
        let browser = scene.world.script("browser", "#!/bin/sh\ntouch \"$HOME/opened\"\n");
        let mut login = scene.login().env("BROWSER", browser);
        for (name, value) in variables {
            login = login.env(name, value);
        }
        let login = login.in_terminal();
        let link = shown_link(&login);
        let attributes = login.attributes();
        assert!(!attributes.echo && attributes.signals);
        let code = page(&link);
        login.send_line(&code);
        let output = login.wait();
        output.success().assert_stdout("").assert_terminal_restored();
        output.assert_transcript(&format!("{LINK}\r\n{link}\r\n{PROMPT}\r\n"));
        assert!(!output.report().contains(&code));
        scene.keeps_secrets(&output);
        assert_eq!(scene.asked(), ["GET /v1/authorize", "GET /v1/sessions/confirmation", TOKEN]);
        assert_eq!(scene.file(SESSION).unwrap()["clientId"], "arn:aws:signin:::devtools/cross-device");
        assert!(!scene.world.path("opened").exists());
    }
}

#[test]
fn no_browser_asks_for_a_code_and_so_does_a_browser_that_does_not_come() {
    let scene = Scene::new().with_browser();
    let login = scene.login().arg("--no-browser").in_terminal();
    let link = shown_link(&login);
    login.send_line(&page(&link));
    login.wait().success();
    let scene = Scene::new();
    let login = scene.login().env("DISPLAY", ":0").env("BROWSER", "/bin/false").env("PATH", scene.world.path("bin"));
    let login = login.in_terminal();
    let link = shown_link(&login);
    login.send_line(&page(&link));
    login.wait().success().assert_transcript(&format!(
        "{OPENS}\r\naws-auth: no browser came for the link (/bin/false)\r\n{LINK}\r\n{link}\r\n{PROMPT}\r\n"
    ));
}

#[test]
fn a_code_longer_than_a_line_of_the_terminal_can_be_corrected() {
    let scene = Scene::new();
    let login = scene.login().in_terminal();
    let link = shown_link(&login);
    let code = page(&link);
    // More than the 4095 bytes of a line in the kernel, then Ctrl-U; a typing error and the key for it.
    login.send("x".repeat(6000));
    login.send("\x15");
    let (start, end) = code.split_at(9);
    login.send(format!("{start}y\x7f{end}\r"));
    login.wait().success().assert_terminal_restored();
    // A code of that length arrives whole: it is recognised as one of another sign-in.
    let scene = Scene::new();
    let login = scene.login().in_terminal();
    shown_link(&login);
    login.send_line(&pasted(&format!("state=x&code={}", "c".repeat(9000))));
    login.expect(ANOTHERS);
    login.ctrl_c();
    login.wait().assert_signal(Signal::INT).assert_terminal_restored();
}

#[test]
fn garbage_and_another_state_are_told_apart_and_three_times_is_the_end() {
    let scene = Scene::new();
    let login = scene.login().in_terminal();
    let link = shown_link(&login);
    login.send_line("123456");
    login.expect(&format!("{GARBAGE}\r\n{PROMPT}"));
    login.send_line(&pasted("state=00000000-0000-4000-a000-000000000000&code=abc"));
    login.expect(&format!("{ANOTHERS}\r\n{PROMPT}"));
    login.send_line(&page(&link));
    let output = login.wait();
    output.success().assert_terminal_restored();
    output.assert_transcript(&format!(
        "{LINK}\r\n{link}\r\n{PROMPT}\r\n{GARBAGE}\r\n{PROMPT}\r\n{ANOTHERS}\r\n{PROMPT}\r\n"
    ));
    let scene = Scene::new();
    let login = scene.login().in_terminal();
    shown_link(&login);
    for at in 1..=3 {
        login.send_line("no code");
        if at < 3 {
            login.expect(&format!("{GARBAGE}\r\n{PROMPT}"));
        }
    }
    let output = login.wait();
    output.assert_status(125).assert_stderr(&format!(
        "{}: no code of this sign-in was given in 3 tries; run the command again\n",
        scene.place()
    ));
    assert_eq!(scene.tokens(), 0);
    scene.keeps_nothing();
}

#[test]
fn a_code_of_a_page_elsewhere_that_expired() {
    let scene = Scene::new();
    let login = scene.login().in_terminal();
    let link = shown_link(&login);
    let code = page(&link);
    scene.signin.state().denies = Some("AUTHCODE_EXPIRED");
    login.send_line(&code);
    let output = login.wait();
    output
        .assert_status(125)
        .assert_stderr(&format!("{}: the code has expired; run the command again\n", scene.place()));
}

#[test]
fn nothing_pasted_ends_it() {
    let scene = Scene::new();
    for end in ["\r", "\x04"] {
        let login = scene.login().in_terminal();
        shown_link(&login);
        login.send(end);
        login
            .wait()
            .assert_status(125)
            .assert_terminal_restored()
            .assert_stderr(&format!("{}: no code was pasted; run the command again when you have it\n", scene.place()));
    }
    assert!(scene.asked().is_empty());
}

#[test]
fn without_a_terminal_there_is_no_link_and_no_wait() {
    let scene = Scene::new();
    scene
        .login()
        .run()
        .assert_status(125)
        .assert_stdout("")
        .assert_stderr(&format!("{}: there is no terminal to paste a code on; run it in a terminal\n", scene.place()));
    let scene = scene.with_browser();
    scene.login().arg("--no-browser").run().assert_status(125).assert_stderr(&format!(
        "{}: there is no terminal to paste a code on; run it in a terminal, or leave --no-browser out where there is a \
         browser\n",
        scene.place()
    ));
    // A browser needs none.
    scene.login().run().success();
}

#[test]
fn ctrl_c_at_each_step() {
    // At the prompt for the code.
    let scene = Scene::new();
    let login = scene.login().in_terminal();
    shown_link(&login);
    login.ctrl_c();
    login.wait().assert_signal(Signal::INT).assert_terminal_restored();
    // While the browser is away.
    let scene = Scene::new().with_test_as_browser();
    let login = scene.login().in_terminal();
    scene.send_browser_away();
    login.ctrl_c();
    login.wait().assert_signal(Signal::INT).assert_terminal_restored();
    // At the question of a run.
    let run = scene.world.aws_auth().args(["-p", "p", "true"]).in_terminal();
    run.expect("sign in with a browser now? [y/N] ");
    run.ctrl_c();
    run.wait().assert_signal(Signal::INT).assert_terminal_restored();
    // At the question about another session.
    let scene = Scene::new().with_browser();
    scene.signin.state().session = OTHER.to_owned();
    let login = scene.login().in_terminal();
    login.expect("change the profile? [y/N] ");
    login.ctrl_c();
    login.wait().assert_signal(Signal::INT).assert_terminal_restored();
    scene.keeps_nothing();
    assert!(scene.world.read(".aws/config").contains(SESSION));
}

#[test]
fn a_stop_at_the_prompt_changes_nothing() {
    let scene = Scene::new();
    let shell = scene.world.shell_in_terminal();
    shell.send_line("aws-auth -p p --login");
    let link = shown_link(&shell);
    shell.ctrl_z();
    shell.expect("Stopped");
    shell.send_line("fg");
    shell.expect(PROMPT);
    shell.send_line(&page(&link));
    shell.expect("p: signed in as ");
    shell.expect(SHELL_PROMPT);
    assert_eq!(scene.tokens(), 1);
    // Another program has signed in meanwhile.
    let session = scene.file(SESSION).unwrap();
    fs::remove_file(scene.world.path(file(SESSION))).unwrap();
    shell.send_line("aws-auth -p p --login");
    shell.expect(PROMPT);
    shell.ctrl_z();
    shell.expect("Stopped");
    scene.world.write(file(SESSION), session.to_string());
    shell.send_line("fg");
    shell.expect("p: is signed in as ");
    assert_eq!(scene.tokens(), 1);
    shell.send_line("exit");
    shell.wait();
}

// A run that needs a login.

#[test]
fn each_asks_once_for_all_profiles_of_a_session() {
    let scene = Scene::new().with_browser();
    let run = scene.world.aws_auth().args(["--each", "*", "true"]).in_terminal();
    run.expect("sign in with a browser now? [y/N] ");
    run.send_line("y");
    let output = run.wait();
    output.success();
    assert_eq!((scene.tokens(), output.transcript().matches("[y/N]").count()), (1, 1));
    // Nobody is asked twice.
    let scene = Scene::new().with_browser();
    let run = scene.world.aws_auth().args(["--each", "*", "true"]).in_terminal();
    run.expect("sign in with a browser now? [y/N] ");
    run.send_line("n");
    let output = run.wait();
    assert_eq!((scene.tokens(), output.transcript().matches("[y/N]").count()), (0, 1));
}

#[test]
fn at_a_terminal_a_run_asks_and_goes_on_after_yes() {
    let scene = Scene::new().with_browser();
    let question = format!("aws-auth: p: you are not logged in as {SESSION}; sign in with a browser now? [y/N] ");
    let run = scene.world.aws_auth().args(["-p", "p", "echo", "words"]).in_terminal();
    run.expect(&question);
    assert!(scene.asked().is_empty());
    run.send_line("y");
    let output = run.wait();
    output.success().assert_stdout("words\n").assert_transcript(&format!("{question}y\r\n{OPENS}\r\n"));
    output.assert_stderr(&format!("aws-auth: p: signed in as {SESSION}\n"));
    let scene = Scene::new().with_browser();
    let run = scene.world.aws_auth().args(["-p", "p", "echo", "words"]).in_terminal();
    run.expect(&question);
    run.send_line("n");
    run.wait().assert_status(125).assert_stdout("").assert_stderr(&format!(
        "{}: you are not logged in as {SESSION}; log in with: aws-auth -p p --login\n",
        scene.place()
    ));
    assert!(scene.asked().is_empty());
}

#[test]
fn a_session_that_cannot_be_kept_serves_this_run_but_login_says_so() {
    let scene = Scene::new().with_browser();
    scene.world.write(".aws/login", "a file in the directory's place");
    let run = scene.world.aws_auth().args(["-p", "p", "echo", "words"]).in_terminal();
    run.expect("[y/N] ");
    run.send_line("y");
    let output = run.wait();
    output.success().assert_stdout("words\n").assert_stderr_contains("warning: cannot keep the login session in ");
    assert_eq!(scene.tokens(), 1);
    let output = scene.login().run();
    output.assert_status(125).assert_stderr(&format!(
        "{}: cannot keep the login session in {} (Not a directory): make that directory writable, or name another one \
         with AWS_LOGIN_CACHE_DIRECTORY\n",
        scene.place(),
        scene.world.path(".aws/login/cache").display()
    ));
    assert_eq!(scene.tokens(), 1, "no browser opens");
}

#[test]
fn no_profile_gets_a_session_that_is_not_kept() {
    let scene = Scene::empty().with_browser();
    let run = scene.begin().env("AWS_LOGIN_CACHE_DIRECTORY", "/proc/nope").run();
    run.assert_status(125).assert_stderr_contains("profile 'new': cannot keep the login session in /proc/nope (");
    assert!(scene.asked().is_empty());
    // Known only once the session has its name.
    scene.world.write(format!("{}/in-its-place", file(SESSION)), "");
    let run = scene.begin().run();
    run.assert_status(125).assert_stderr_contains("cannot keep the login session in ");
    assert!(!run.stderr.contains("signed in as"), "{}", run.report());
    assert_eq!((scene.tokens(), scene.world.read(".aws/config").as_str()), (1, ""));
}

#[test]
fn the_console_refuses_a_users_own_session_before_any_call() {
    for session in [OTHER, "arn:aws:iam::111111111111:root"] {
        let scene = Scene::new().with_browser();
        scene.world.config(&format!("[profile p]\nlogin_session = {session}\n"));
        let run = scene.world.aws_auth().args(["-p", "p", "--console", "--no-browser"]).run();
        run.assert_status(125).assert_stderr(&format!(
            "aws-auth: profile 'p' is signed in as {session}, and the console accepts only roles; add --role-arn ARN, or \
             open the console without aws-auth: the browser has signed in to it already\n"
        ));
        assert!(scene.asked().is_empty() && scene.world.sts.connections() == 0);
    }
}

#[test]
fn a_run_for_which_somebody_else_signed_in_changes_nothing() {
    let scene = Scene::new().with_browser();
    scene.signin.state().session = OTHER.to_owned();
    let before = scene.world.read(".aws/config");
    let run = scene.world.aws_auth().args(["-p", "p", "true"]).in_terminal();
    run.expect("[y/N] ");
    run.send_line("y");
    run.wait().assert_status(125).assert_stderr(&format!(
        "{}: you signed in as {OTHER}, but the profile is for {SESSION}; aws-auth -p p --login asks whether to change \
         it\n",
        scene.place()
    ));
    assert_eq!(scene.world.read(".aws/config"), before);
    scene.keeps_nothing();
}

#[test]
fn explain_says_that_a_run_would_ask() {
    let scene = Scene::new();
    let explain = |profile: &str| scene.world.run(["-p", profile, "--explain"]).success().stdout_text();
    assert!(explain("p").contains("needs a sign-in to AWS as arn:"), "{}", explain("p"));
    let output = scene.world.aws_auth().args(["-p", "one", "--explain"]).in_terminal().wait();
    let words = format!("asks on the terminal to sign in to AWS as {SESSION}, then calls AssumeRole {ONE}");
    assert!(output.stdout_text().replace("\n  ", " ").contains(&words), "{}", output.stdout_text());
    assert!(scene.asked().is_empty());
}

// Another session.

#[test]
fn another_session_is_asked_about_and_written_where_the_first_was() {
    for answer in ["y", "n"] {
        let scene = Scene::new().with_browser();
        scene.world.config(&format!("# mine\n[profile p]\nlogin_session={SESSION} # jo\nregion = eu-west-1\n"));
        scene.signin.state().session = OTHER.to_owned();
        let login = scene.login().in_terminal();
        let question =
            format!("aws-auth: you signed in as {OTHER}, but profile 'p' is for {SESSION}; change the profile? [y/N] ");
        login.expect(&question);
        scene.keeps_nothing();
        login.send_line(answer);
        let output = login.wait();
        let config = scene.world.read(".aws/config");
        if answer == "y" {
            output.success().assert_stderr_contains(&format!("aws-auth: p: signed in as {OTHER}\n"));
            output.assert_stderr_contains(&format!("+login_session={OTHER} # jo"));
            assert_eq!(config, format!("# mine\n[profile p]\nlogin_session={OTHER} # jo\nregion = eu-west-1\n"));
            assert!(scene.file(OTHER).is_some() && scene.file(SESSION).is_none());
            scene.world.run(["-p", "p", "true"]).success().assert_stderr("");
        } else {
            output.assert_status(125).assert_stderr_contains(&format!(
                "you signed in as {OTHER}, and the profile is for {SESSION}; nothing was changed; sign in as the other \
                 one, or name another profile: aws-auth -p NAME --login=aws\n"
            ));
            assert!(config.contains(SESSION));
            scene.keeps_nothing();
        }
    }
    // Without a terminal the answer is no; with --yes it is yes.
    let scene = Scene::new().with_browser();
    scene.signin.state().session = OTHER.to_owned();
    scene.login().run().assert_status(125);
    scene.keeps_nothing();
    scene.login().arg("--yes").run().success();
    assert!(scene.world.read(".aws/config").contains(OTHER));
}

// Signed in elsewhere meanwhile.

#[test]
fn a_session_that_another_program_wrote_meanwhile_ends_the_wait() {
    let done = Scene::new().with_browser();
    done.login().run().success();
    let session = done.file(SESSION).unwrap();
    // While the browser is away.
    let scene = Scene::new().with_test_as_browser();
    let login = scene.login().in_terminal();
    scene.send_browser_away();
    scene.world.write(file(SESSION), session.to_string());
    let output = login.wait();
    output.success().assert_stderr_contains(&format!("aws-auth: p: is signed in as {SESSION}\n"));
    assert_eq!((scene.tokens(), scene.file(SESSION).unwrap()), (0, session.clone()));
    // While the terminal waits for a code: Enter is enough.
    let scene = Scene::new();
    let login = scene.login().in_terminal();
    shown_link(&login);
    scene.world.write(file(SESSION), session.to_string());
    login.send("\r");
    login.wait().success().assert_stderr_contains(&format!("aws-auth: p: is signed in as {SESSION}\n"));
    assert_eq!(scene.tokens(), 0);
}

#[test]
fn two_at_once_make_one_sign_in() {
    let scene = Scene::new();
    let first = scene.login().in_terminal();
    let link = shown_link(&first);
    let others: Vec<_> = ["p", "one"].map(|name| scene.world.aws_auth().args(["-p", name, "true"]).start()).into();
    for run in &others {
        run.expect_stderr(&format!("aws-auth: {WAITING}{}\n", first.pid()));
    }
    first.send_line(&page(&link));
    first.wait().success();
    for run in others {
        run.wait().success();
    }
    assert_eq!(scene.tokens(), 1);
    // Nobody asks after one gave up.
    let scene = Scene::new();
    let first = scene.login().in_terminal();
    shown_link(&first);
    let pid = first.pid();
    let second = scene.login().in_terminal();
    second.expect_stderr(&format!("aws-auth: {WAITING}{pid}\n"));
    first.ctrl_d();
    first.wait().assert_status(125);
    second.wait().assert_status(125).assert_transcript("").assert_stderr_contains(&format!(
        "process {pid}, whose sign-in to AWS this one waited for, gave up; run the command again to be asked\n"
    ));
}

// A profile that is to have a session.

#[test]
fn a_new_profile_gets_the_session_and_the_region_that_was_given() {
    let scene = Scene::empty().with_browser();
    scene.world.config("# mine\n[default]\nregion = eu-west-2\n");
    let output = scene.begin().args(["--region", "eu-west-3"]).run();
    output.success().assert_stdout("");
    let text = masked(&output.stderr);
    assert!(text.starts_with(&format!("{OPENS}\n")), "{text}");
    for line in [
        "+[profile new]",
        &format!("+login_session = {SESSION}"),
        "+region = eu-west-3",
        &format!("aws-auth: new: signed in as {SESSION}"),
        "aws-auth: new: credentials until HH:MM, renewed for up to 12h",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line} in {text}");
    }
    assert_eq!(
        scene.world.read(".aws/config"),
        format!(
            "# mine\n[default]\nregion = eu-west-2\n\n[profile new]\nlogin_session = {SESSION}\nregion = eu-west-3\n"
        )
    );
    scene.keeps_secrets(&output);
    assert_eq!(scene.world.run(["-p", "new", "env", "-0"]).env_of_child()["AWS_REGION"], "eu-west-3");
    assert_eq!(scene.tokens(), 1);
}

#[test]
fn a_profile_without_credentials_keeps_its_region_and_default_is_the_default() {
    let scene = Scene::empty().with_browser();
    scene.world.config("[default]\nregion = eu-west-2\noutput = json\n");
    scene.world.aws_auth().args(["--login=aws", "--region", "eu-west-3"]).run().success();
    assert_eq!(
        scene.world.read(".aws/config"),
        format!("[default]\nregion = eu-west-2\noutput = json\nlogin_session = {SESSION}\n")
    );
    // Again: the session stands.
    let output = scene.world.run(["--login=aws"]);
    output.success().assert_stderr_contains(&format!("aws-auth: default: is signed in as {SESSION}\n"));
    assert_eq!(scene.tokens(), 1);
    // No file at all.
    let scene = Scene::empty().with_browser();
    fs::remove_file(scene.world.path(".aws/config")).unwrap();
    scene.begin().run().success();
    assert_eq!(scene.world.read(".aws/config"), format!("[profile new]\nlogin_session = {SESSION}\n"));
}

#[test]
fn a_new_profile_by_a_pasted_code() {
    let scene = Scene::empty();
    let login = scene.begin().in_terminal();
    let link = shown_link(&login);
    login.send_line(&page(&link));
    login.wait().success();
    assert!(scene.world.read(".aws/config").contains(SESSION));
    scene.begin().args(["--refresh"]).run().assert_status(125).assert_stderr_contains("there is no terminal");
}

#[test]
fn a_profile_with_other_credentials_is_refused_before_anything_opens() {
    for text in [
        "role_arn = arn:aws:iam::222222222222:role/one\nsource_profile = p",
        "sso_session = corp",
        "sso_account_id = 111111111111",
        "credential_process = keys",
        "aws_access_key_id = AKIAIOSFODNN7EXAMPLE",
        "web_identity_token_file = /token",
        "web_identity_token_process = printenv TOKEN",
        "aws_security_token = t",
        "credential_source = Environment",
    ] {
        let scene = Scene::empty().with_browser();
        scene.world.config(&format!("[profile new]\nregion = eu-west-1\n{text}\n"));
        let key = text.split(' ').next().unwrap();
        scene.begin().run().assert_status(125).assert_stderr(&format!(
            "aws-auth: {}:3: profile 'new' has other credentials: {key}; name a profile without any, or a new one: \
             aws-auth -p NAME --login=aws\n",
            scene.world.path(".aws/config").display()
        ));
        assert!(scene.asked().is_empty());
    }
    let scene = Scene::empty().with_browser();
    scene.world.credentials("[new]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n");
    scene.begin().run().assert_status(125).assert_stderr_contains("credentials:2: profile 'new' has other credentials");
}

#[test]
fn two_at_once_make_one_profile() {
    let scene = Scene::empty();
    let first = scene.begin().in_terminal();
    let link = shown_link(&first);
    let second = scene.begin().start();
    second.expect_stderr(&format!("aws-auth: {WAITING}{}\n", first.pid()));
    first.send_line(&page(&link));
    first.wait().success();
    second.wait().success().assert_stderr_contains(&format!("aws-auth: new: is signed in as {SESSION}\n"));
    assert_eq!(scene.tokens(), 1);
    assert_eq!(scene.world.read(".aws/config").matches("login_session").count(), 1);
}

#[test]
fn a_profile_that_the_aws_cli_has_made_meanwhile_is_used() {
    let done = Scene::new().with_browser();
    done.login().run().success();
    let scene = Scene::empty().with_test_as_browser();
    let login = scene.begin().start();
    scene.send_browser_away();
    scene.world.write(file(SESSION), done.file(SESSION).unwrap().to_string());
    scene.world.config(&format!("[profile new]\nlogin_session = {SESSION}\n"));
    login.wait().success().assert_stderr_contains(&format!("aws-auth: new: is signed in as {SESSION}\n"));
    assert_eq!(scene.tokens(), 0);
}

#[test]
fn another_session_that_was_written_meanwhile_and_is_no_use_is_asked_about_too() {
    for (yes, status) in [(true, 0), (false, 125)] {
        let scene = Scene::empty().with_test_as_browser();
        let login = if yes { scene.begin().arg("--yes") } else { scene.begin() }.start();
        scene.send_browser_away();
        scene.world.config(&format!("[profile new]\nlogin_session = {OTHER}\n"));
        // The browser is sent once more, and not again and again.
        let link = scene.send_browser_away();
        assert!(page(&link).contains("This is all."));
        login.wait().assert_status(status);
        assert_eq!(scene.world.read(".aws/config").contains(SESSION), yes);
        assert_eq!((scene.tokens(), scene.file(SESSION).is_some()), (1, yes));
    }
}

#[test]
fn a_file_that_cannot_be_written_is_known_before_the_sign_in() {
    let scene = Scene::empty().with_browser();
    let config = scene.world.path(".aws/config");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o400)).unwrap();
    let output = scene.begin().run();
    output.assert_status(125).assert_stderr_contains("config is read-only (mode 0400)");
    assert!(scene.asked().is_empty(), "{}", output.report());
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    // What is only found out afterwards says what to do. Copies of the file would be kept here.
    let state = scene.world.write("file", "in the place of a directory");
    let output = scene.begin().env("XDG_STATE_HOME", state).run();
    output.assert_status(125).assert_stderr_contains(&format!(
        "; you are signed in; write login_session = {SESSION} into profile new by hand\n"
    ));
    assert_eq!(scene.world.read(".aws/config"), "");
    assert!(scene.file(SESSION).is_some());
}

#[test]
fn what_does_not_go_with_it() {
    let scene = Scene::empty();
    for (arguments, words) in [
        (&["--login=sso"][..], "unknown sign-in 'sso' for --login; use aws, or leave it out"),
        (&["--login", "aws"], "--login runs no command, but 'aws' was given; write --login=aws"),
        (&["--login=aws", "--role-arn", ONE], "--role-arn and --login=aws exclude each other; write one of them"),
        (&["--login=aws", "--read-only"], "--read-only and --login=aws exclude each other; write one of them"),
        (
            &["--login=aws", "--each", "*"],
            "--each goes with a COMMAND, --login, --status, --whoami or --check; write both, or leave it out",
        ),
    ] {
        scene.world.run(arguments).assert_status(125).assert_stderr(&format!("aws-auth: {words}\n"));
    }
}

#[test]
fn nothing_of_it_shows_with_verbose() {
    let scene = Scene::empty().with_browser();
    let output = scene.begin().arg("-v").run();
    output.success().assert_stderr_contains("aws-auth: getting the credentials for the code\n");
    scene.keeps_secrets(&output);
    let file = scene.file(SESSION).unwrap();
    let pem = file["dpopKey"].as_str().unwrap();
    for secret in pem.lines().filter(|line| !line.starts_with('-')).chain(["code_challenge", "client_id"]) {
        assert!(!output.report().contains(secret), "{secret}");
    }
}
