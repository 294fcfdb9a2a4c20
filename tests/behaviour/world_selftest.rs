//! Tests of the test world itself against independent programs: the AWS SDK calls the local STS, sh and cat use the
//! terminal.

use crate::world::aws_login::SignIn;
use crate::world::sts::{Fault, LocalSts, Role, UNANSWERED, User, clock, seed};
use crate::world::web::{Asked, Reply};
use crate::world::{SHELL_PROMPT, Status, World};
use aws_credential_types::Credentials;
use aws_sdk_sts::Client;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::{BehaviorVersion, Region};
use aws_sdk_sts::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use rustix::process::Signal;
use std::future::Future;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

const SOPS: &str = seed::ROLES[0].1;

fn client(sts: &LocalSts, credentials: Credentials) -> Client {
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(sts.endpoint())
        .region(Region::new("eu-west-1"))
        .retry_config(RetryConfig::disabled())
        .credentials_provider(credentials)
        .build();
    Client::from_conf(config)
}

fn from_keys(id: &str, secret: &str, token: Option<String>) -> Credentials {
    Credentials::new(id, secret, token, None, "test")
}

fn of_user(sts: &LocalSts, user: &User) -> Client {
    client(sts, from_keys(&user.access_key_id, &user.secret_access_key, None))
}

fn of_issued(sts: &LocalSts, issued: &aws_sdk_sts::types::Credentials) -> Client {
    let token = Some(issued.session_token().to_owned());
    client(sts, from_keys(issued.access_key_id(), issued.secret_access_key(), token))
}

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// `CODE: message` of an error of the service, or the error that prevented an answer.
fn said<E: ProvideErrorMetadata + std::error::Error + 'static, R: std::fmt::Debug + 'static>(
    error: &SdkError<E, R>,
) -> String {
    match (error.code(), error.message()) {
        (Some(code), message) => format!("{code}: {}", message.unwrap_or("")),
        _ => format!("on the way: {}", DisplayErrorContext(error)),
    }
}

/// The ARN or the error that AssumeRole gives with these parameters.
fn assume(client: &Client, arn: &str, code: Option<&str>, seconds: Option<i32>) -> Result<String, String> {
    let request = client
        .assume_role()
        .role_arn(arn)
        .role_session_name("jo")
        .set_serial_number(code.map(|_| seed::SERIAL.to_owned()))
        .set_token_code(code.map(str::to_owned))
        .set_duration_seconds(seconds);
    now(request.send()).map(|answer| answer.assumed_role_user().unwrap().arn().to_owned()).map_err(|error| said(&error))
}

fn session(client: &Client, code: Option<&str>) -> Result<aws_sdk_sts::types::Credentials, String> {
    let request = client
        .get_session_token()
        .set_serial_number(code.map(|_| seed::SERIAL.to_owned()))
        .set_token_code(code.map(str::to_owned));
    now(request.send()).map(|answer| answer.credentials().unwrap().clone()).map_err(|error| said(&error))
}

const DENIED: &str = "AccessDenied: User: arn:aws:iam::398263320410:user/jo is not authorized to perform: \
                      sts:AssumeRole on resource: arn:aws:iam::398263320410:role/sops-credentials-access";
const CODE_REFUSED: &str = "AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code. ";

#[test]
fn signatures_of_the_sdk_are_accepted_and_others_are_not() {
    let world = World::new();
    let identity = now(of_user(&world.sts, &world.user).get_caller_identity().send()).unwrap();
    assert_eq!(identity.arn(), Some("arn:aws:iam::398263320410:user/jo"));
    assert_eq!(identity.account(), Some(seed::ACCOUNT));
    let call = world.sts.last("GetCallerIdentity");
    assert_eq!((call.region.as_str(), call.access_key_id), ("eu-west-1", world.user.access_key_id.clone()));
    assert_eq!(call.outcome, Ok(()));

    let forged = client(&world.sts, from_keys(&world.user.access_key_id, "not the secret", None));
    let error = now(forged.get_caller_identity().send()).unwrap_err();
    assert!(said(&error).starts_with("SignatureDoesNotMatch: The request signature we calculated"), "{}", said(&error));

    let unknown = client(&world.sts, from_keys("AKIANOBODY", "secret", None));
    let error = now(unknown.get_caller_identity().send()).unwrap_err();
    assert_eq!(said(&error), "InvalidClientTokenId: The security token included in the request is invalid.");
}

#[test]
fn names_of_any_characters_are_signed_alike() {
    let world = World::new();
    world.sts.add_role(Role::new("arn:aws:iam::111122223333:role/some/path/Name+=,.@-"));
    let client = of_user(&world.sts, &world.user);
    let request = client
        .assume_role()
        .role_arn("arn:aws:iam::111122223333:role/some/path/Name+=,.@-")
        .role_session_name("a+b=c,d.e@f-g_h")
        .external_id("x:/y z".replace(' ', "-"));
    let answer = now(request.send()).unwrap();
    let user = answer.assumed_role_user().unwrap();
    assert_eq!(user.arn(), "arn:aws:sts::111122223333:assumed-role/Name+=,.@-/a+b=c,d.e@f-g_h");
    assert!(user.assumed_role_id().ends_with(":a+b=c,d.e@f-g_h"), "{user:?}");
}

#[test]
fn a_code_is_good_once() {
    let world = World::new();
    let client = of_user(&world.sts, &world.user);
    assert_eq!(assume(&client, SOPS, None, None), Err(DENIED.to_owned()));
    let code = world.fresh_code();
    assert_eq!(world.fresh_code(), code, "the code stays the same until it is sent");
    let session = "arn:aws:sts::398263320410:assumed-role/sops-credentials-access/jo";
    assert_eq!(assume(&client, SOPS, Some(&code), None).as_deref(), Ok(session));
    assert_eq!(assume(&client, SOPS, Some(&code), None), Err(CODE_REFUSED.to_owned()));
    assert_eq!(assume(&client, SOPS, Some(&world.wrong_code()), None), Err(CODE_REFUSED.to_owned()));
    for _ in 0..4 {
        assert_eq!(assume(&client, SOPS, Some(&world.fresh_code()), None).as_deref(), Ok(session));
    }
    assert_eq!(world.sts.count("AssumeRole"), 8);
    assert!(world.sts.last("AssumeRole").with_code);
    let stranger = User::new(seed::ACCOUNT, "kim").with_mfa("kim");
    world.sts.add_user(stranger.clone());
    let error = assume(&of_user(&world.sts, &stranger), SOPS, Some(&world.fresh_code()), None).unwrap_err();
    assert!(error.contains("Please verify your MFA serial number is valid and associated with this user."), "{error}");
}

#[test]
fn a_session_carries_mfa_and_ages() {
    let world = World::new();
    let client = of_user(&world.sts, &world.user);
    let plain = session(&client, None).unwrap();
    assert_eq!(assume(&of_issued(&world.sts, &plain), SOPS, None, None), Err(DENIED.to_owned()));
    let mfa = session(&client, Some(&world.fresh_code())).unwrap();
    let left = mfa.expiration().secs() - clock::machine();
    assert!((43190..=43200).contains(&left), "{left}");
    let with_mfa = of_issued(&world.sts, &mfa);
    assume(&with_mfa, SOPS, None, None).unwrap();
    assert_eq!(
        session(&with_mfa, None).unwrap_err(),
        "AccessDenied: Cannot call GetSessionToken with session credentials"
    );
    world.sts.edit_role(SOPS, |role| role.trust.max_mfa_age_seconds = Some(3600));
    assume(&with_mfa, SOPS, None, None).unwrap();
    world.sts.advance(3700);
    assert_eq!(assume(&with_mfa, SOPS, None, None), Err(DENIED.to_owned()));
    world.sts.advance(40000);
    let expired = "ExpiredToken: The security token included in the request is expired";
    assert_eq!(assume(&with_mfa, SOPS, None, None).unwrap_err(), expired);

    let root = User::root(seed::ACCOUNT);
    world.sts.add_user(root.clone());
    let hour = session(&of_user(&world.sts, &root), None).unwrap();
    assert!(hour.expiration().secs() <= world.sts.now() + 3600);
    world.sts.revoke(hour.access_key_id());
    let error = now(of_issued(&world.sts, &hour).get_caller_identity().send()).unwrap_err();
    assert!(said(&error).starts_with("InvalidClientTokenId"), "{}", said(&error));
}

#[test]
fn durations_are_capped() {
    let world = World::new();
    let client = of_user(&world.sts, &world.user);
    let open = "arn:aws:iam::111122223333:role/open";
    world.sts.add_role(Role::new(open).max_session(7200));
    assert!(assume(&client, open, None, Some(7200)).is_ok());
    assert_eq!(
        assume(&client, open, None, Some(7201)).unwrap_err(),
        "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    );
    assert_eq!(
        assume(&client, open, None, Some(899)).unwrap_err(),
        "ValidationError: 1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: \
         Member must have value greater than or equal to 900"
    );
    let chained = of_issued(&world.sts, &session(&client, None).unwrap());
    assert!(assume(&chained, open, None, Some(3600)).is_ok());
    assert_eq!(
        assume(&chained, open, None, Some(3601)).unwrap_err(),
        "ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role \
         chaining."
    );
    world.sts.set_role_lifetime(Some(600));
    let answer = now(client.assume_role().role_arn(open).role_session_name("jo").send()).unwrap();
    let left = answer.credentials().unwrap().expiration().secs() - clock::machine();
    assert!((590..=600).contains(&left), "{left}");
}

#[test]
fn a_strict_clock_refuses_old_and_new_requests() {
    let world = World::new();
    // A new client each time, because a client learns the service's time from its answers.
    let identity = || now(of_user(&world.sts, &world.user).get_caller_identity().send()).map_err(|error| said(&error));
    world.sts.advance(1500);
    identity().unwrap();
    world.sts.strict_clock();
    let text = identity().unwrap_err();
    assert!(text.starts_with("SignatureDoesNotMatch: Signature expired: 2"), "{text}");
    assert!(text.contains(" is now earlier than ") && text.ends_with(" - 15 min.)"), "{text}");
    world.sts.advance(-3000);
    let text = identity().unwrap_err();
    assert!(text.starts_with("SignatureDoesNotMatch: Signature not yet current: "), "{text}");
}

#[test]
fn faults_happen_as_often_as_scripted() {
    let world = World::new();
    let client = of_user(&world.sts, &world.user);
    let call = || now(client.get_caller_identity().send()).map(|_| ()).map_err(|error| said(&error));
    for (fault, expected) in [
        (Fault::Refuse(418, "Teapot", "short and stout"), "Teapot: short and stout"),
        (Fault::Throttle, "Throttling: Rate exceeded"),
        (Fault::Status(500), "InternalFailure: "),
        (Fault::Status(503), "ServiceUnavailable: "),
        (Fault::CloseUnanswered, "on the way: "),
        (Fault::CloseAfterActing, "on the way: "),
        (Fault::CloseMidAnswer, "on the way: "),
        (Fault::MalformedXml, "on the way: "),
        (Fault::HtmlPage, "on the way: "),
        (Fault::Raw(502, "Bad Gateway"), "on the way: "),
    ] {
        world.sts.fault("GetCallerIdentity", fault.clone(), 2);
        for _ in 0..2 {
            let error = call().expect_err(&format!("{fault:?}"));
            assert!(error.starts_with(expected), "{fault:?}: {error}");
        }
        call().unwrap_or_else(|error| panic!("after {fault:?}: {error}"));
    }
    world.sts.fault("GetCallerIdentity", Fault::Rewrite(|xml| xml.replace("user/jo", "user/kim")), 1);
    let identity = now(client.get_caller_identity().send()).unwrap();
    assert_eq!(identity.arn(), Some("arn:aws:iam::398263320410:user/kim"));

    world.sts.clear_log();
    world.sts.fault("*", Fault::CloseOnConnect, 1);
    let error = now(of_user(&world.sts, &world.user).get_caller_identity().send()).unwrap_err();
    assert!(said(&error).starts_with("on the way"), "{}", said(&error));
    assert_eq!((world.sts.connections(), world.sts.calls().len()), (1, 0));

    // Whether the code is used up depends on the fault.
    for (fault, spent) in [(Fault::CloseUnanswered, false), (Fault::CloseAfterActing, true)] {
        let code = world.fresh_code();
        world.sts.fault("GetSessionToken", fault, 1);
        assert!(session(&client, Some(&code)).is_err());
        assert_eq!(world.sts.last("GetSessionToken").outcome, Err(UNANSWERED.to_owned()));
        assert_eq!(session(&client, Some(&code)).is_err(), spent);
    }
}

#[test]
fn held_calls_wait_until_they_are_released() {
    let world = World::new();
    for answer in [false, true] {
        world.sts.clear_log();
        if answer {
            world.sts.hold_answer("AssumeRole");
        } else {
            world.sts.hold("AssumeRole");
        }
        let code = world.fresh_code();
        std::thread::scope(|scope| {
            let caller = scope.spawn(|| assume(&of_user(&world.sts, &world.user), SOPS, Some(&code), None));
            world.sts.wait_for_held(1);
            assert_eq!(world.sts.last("AssumeRole").outcome.is_ok(), answer);
            world.sts.release();
            caller.join().unwrap().unwrap();
        });
        assert_eq!(world.sts.held(), 0);
    }
}

#[test]
fn a_client_that_goes_away_is_held_no_more() {
    let world = World::new();
    world.sts.hold("*");
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", world.sts.port())).unwrap();
    std::io::Write::write_all(&mut stream, b"GET /?Action=GetCallerIdentity HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    world.sts.wait_for_held(1);
    drop(stream);
    world.sts.wait_for_held(0);
}

#[test]
fn a_command_without_a_terminal_has_none() {
    let world = World::new();
    let output =
        world.command("sh").args(["-c", "(: </dev/tty) 2>/dev/null && echo tty; cat; exit 3"]).stdin("in").run();
    output.assert_status(3).assert_stdout("in").assert_stderr("");
    let env = world.command("env").arg("-0").profile("sops").run().env_of_child();
    let names: Vec<_> = env.keys().map(String::as_str).collect();
    assert_eq!(names, ["AWS_ENDPOINT_URL_STS", "AWS_PROFILE", "DBUS_SESSION_BUS_ADDRESS", "HOME", "PATH"]);
    world.command("sh").args(["-c", "umask"]).umask(0o077).run().assert_stdout("0077\n");
}

#[test]
fn the_terminal_echoes_and_interrupts() {
    let world = World::new();
    let cat = world.command("cat").in_terminal();
    let attributes = cat.attributes();
    assert!(attributes.echo && attributes.canonical && attributes.signals);
    cat.send_line("hello");
    cat.expect("hello\r\n");
    cat.expect_stdout("hello\n");
    cat.ctrl_c();
    let output = cat.wait();
    output.assert_signal(Signal::INT).assert_stdout("hello\n").assert_terminal_restored();
    output.assert_transcript("hello\r\n^C");
    let output = {
        let cat = world.command("cat").stdout_on_terminal().in_terminal();
        cat.send_line("twice");
        cat.expect("twice\r\ntwice\r\n");
        cat.ctrl_d();
        cat.wait()
    };
    output.success().assert_stdout("");
}

#[test]
fn a_prompt_is_on_the_terminal_alone() {
    let world = World::new();
    let script = "stty -echo </dev/tty; printf 'code: ' >/dev/tty; read c </dev/tty; echo out $c; echo err >&2";
    let sh = world.command("sh").args(["-c", script]).in_terminal();
    sh.expect("code: ");
    assert!(!sh.attributes().echo);
    sh.send_line("123456");
    let output = sh.wait();
    output.success().assert_stdout("out 123456\n").assert_stderr("err\n").assert_transcript("code: ");
    let restored = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        output.assert_terminal_restored();
    }));
    assert!(restored.is_err(), "echo is still off");
}

#[test]
fn hanging_up_ends_the_session() {
    let world = World::new();
    let mut cat = world.command("cat").in_terminal();
    cat.send_line("up");
    cat.expect_stdout("up");
    cat.hang_up();
    assert_eq!(cat.wait().status, Status::Signal(Signal::HUP.as_raw()));
}

#[test]
fn a_shell_has_job_control() {
    let world = World::new();
    let shell = world.shell_in_terminal();
    shell.send_line("cat");
    shell.expect("cat\r\n");
    shell.send_line("one");
    shell.expect("one\r\none\r\n");
    shell.ctrl_z();
    shell.expect("Stopped");
    shell.expect(SHELL_PROMPT);
    shell.send_line("fg");
    shell.expect("fg\r\ncat\r\n");
    shell.send_line("two");
    shell.expect("two\r\ntwo\r\n");
    shell.ctrl_c();
    shell.expect(SHELL_PROMPT);
    shell.send_line("exit 7");
    shell.wait().assert_status(7);
}

#[test]
fn secrets_on_stderr_fail_a_test() {
    let world = World::seeded();
    let leak = |run: fn(&World, &str)| {
        let world = &world;
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(world, &world.user.secret_access_key))).is_err()
    };
    assert!(leak(|world, secret| drop(world.command("sh").args(["-c", "echo \"$0\" >&2", secret]).run())));
    assert!(!leak(|world, secret| {
        drop(world.command("sh").args(["-c", "echo \"$0\" >&2", secret]).secrets_may_show().run());
    }));
    assert!(!leak(|world, secret| drop(world.command("echo").arg(secret).run())));
}

#[test]
fn a_snapshot_shows_modes_and_contents() {
    let world = World::seeded();
    let before = world.snapshot();
    assert!(before[".aws/config"].contains("file "), "{before:?}");
    world.write(".aws/config", "[default]\n");
    assert_ne!(before[".aws/config"], world.snapshot()[".aws/config"]);
    assert_eq!(world.cli_cache().len(), 0);
}

/// The text with every byte escaped for a query.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |all, byte| all + &format!("%{byte:02X}"))
}

/// The status and the body of a GET request to the service.
fn get(sts: &LocalSts, target: &str) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", sts.port())).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
}

#[test]
fn the_sign_in_accepts_a_role_whose_credentials_are_valid_and_nobody_else() {
    let sts = LocalSts::start();
    let user = seed::populate(&sts);
    let session = session(&of_user(&sts, &user), Some(&sts.fresh_code(seed::SERIAL))).unwrap();
    let role = now(of_issued(&sts, &session).assume_role().role_arn(SOPS).role_session_name("jo").send()).unwrap();
    let ask = |id: &str, secret: &str, token: &str, more: &str| {
        let json = serde_json::json!({ "sessionId": id, "sessionKey": secret, "sessionToken": token }).to_string();
        get(&sts, &format!("/federation?Action=getSigninToken{more}&Session={}", escaped(&json)))
    };
    let of = |credentials: &aws_sdk_sts::types::Credentials, more: &str| {
        ask(credentials.access_key_id(), credentials.secret_access_key(), credentials.session_token(), more)
    };
    let role = role.credentials().unwrap();
    let (status, body) = of(role, "&SessionDuration=3600");
    assert_eq!(status, "200", "{body}");
    let token = serde_json::from_str::<serde_json::Value>(&body).unwrap()["SigninToken"].as_str().unwrap().to_owned();
    let login = |token: &str| {
        let destination = escaped("https://aws/<b>");
        get(&sts, &format!("/federation?Action=login&Destination={destination}&SigninToken={}", escaped(token)))
    };
    let (status, page) = login(&token);
    assert_eq!(status, "200", "{page}");
    assert!(
        page.contains(":assumed-role/sops-credentials-access/jo. AWS would now show https://aws/&lt;b&gt;"),
        "{page}"
    );
    let refused = [
        (of(&session, ""), "not those of a role"),
        (of(role, "&SessionDuration=60"), "not between 900 and 43200"),
        (ask(role.access_key_id(), "another", role.session_token(), ""), "No such credentials"),
        (ask(&user.access_key_id, &user.secret_access_key, "", ""), "No such credentials"),
        (login("another"), "unknown, or older"),
        (get(&sts, "/federation?Action=logout"), "neither getSigninToken nor login"),
    ];
    for ((status, page), why) in refused {
        assert!(status == "400" && page.contains(why), "{why}: {status} {page}");
    }
    sts.advance(901);
    assert_eq!(login(&token).0, "400", "a token is good for 15 minutes");
    sts.expire_all();
    let (status, page) = of(role, "");
    assert!(status == "400" && page.contains("have expired"), "{page}");
}

/// A request for tokens with a proof by `key` for `url`, which the test may have changed.
fn proven(key: &p256::SecretKey, url: &str, id: &str, body: &serde_json::Value) -> Asked {
    use p256::ecdsa::signature::Signer as _;
    let base64 = |bytes: &[u8]| {
        aws_smithy_types::base64::encode(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
    };
    let point = key.public_key().to_sec1_bytes();
    let jwk = serde_json::json!({"kty": "EC", "crv": "P-256", "x": base64(&point[1..33]), "y": base64(&point[33..])});
    let header = serde_json::json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}).to_string();
    let claims = serde_json::json!({"htm": "POST", "htu": url, "iat": crate::world::sts::clock::machine(), "jti": id})
        .to_string();
    let message = format!("{}.{}", base64(header.as_bytes()), base64(claims.as_bytes()));
    let signature: p256::ecdsa::Signature = p256::ecdsa::SigningKey::from(key).sign(message.as_bytes());
    let proof = format!("{message}.{}", base64(&signature.to_bytes()));
    Asked {
        method: "POST".to_owned(),
        target: "/v1/token".to_owned(),
        headers: [("host", "here"), ("dpop", &proof)].map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        body: body.to_string(),
        at: std::time::SystemTime::now(),
    }
}

#[test]
fn aws_login_gives_tokens_for_one_proof_one_verifier_and_one_key() {
    const URL: &str = "http://here/v1/token";
    const CLIENT: &str = "arn:aws:signin:::devtools/same-device";
    let sts = LocalSts::start();
    let service = SignIn::new(&sts);
    let key = || p256::SecretKey::from_slice(&crate::world::sts::random::bytes(32)).unwrap();
    let (mine, other) = (key(), key());
    // The challenge is the SHA-256 of this verifier (RFC 7636, appendix B).
    let (verifier, challenge) =
        ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let back = "http://127.0.0.1:1/oauth/callback";
    let code = |method: &str| {
        let target = format!(
            "/v1/authorize?response_type=code&scope=openid&client_id={CLIENT}&redirect_uri={back}&\
             code_challenge_method={method}&code_challenge={challenge}&state=00000000-0000-4000-a000-000000000000"
        );
        let asked = Asked {
            method: "GET".to_owned(),
            target,
            headers: [].into(),
            body: String::new(),
            at: std::time::SystemTime::now(),
        };
        let Reply::Redirect(address) = service.answer(&asked) else { return String::new() };
        let code = address.split("code=").nth(1).unwrap().split('&').next().unwrap();
        percent_encoding::percent_decode_str(code).decode_utf8().unwrap().into_owned()
    };
    assert_eq!(code("S256"), "");
    let body = |code: &str, verifier: &str, redirect: &str| {
        serde_json::json!({
            "clientId": CLIENT, "grantType": "authorization_code", "code": code, "codeVerifier": verifier,
            "redirectUri": redirect,
        })
    };
    let why = |asked: Asked| match service.answer(&asked) {
        Reply::Json(answer) => Ok(answer["refreshToken"].as_str().unwrap().to_owned()),
        Reply::Refusal(_, _, error) => Err(format!("{}: {}", error["error"], error["message"])),
        _ => panic!("another reply"),
    };
    let invalid = |why: &str| Err(format!("\"INVALID_REQUEST\": \"{why}\""));
    let fresh = code("SHA-256");
    let right = body(&fresh, verifier, back);
    let mut bare = proven(&mine, URL, "1", &right);
    bare.headers.remove("dpop");
    let unproven = invalid("The proof is missing or wrong.");
    assert_eq!(why(bare), unproven);
    assert_eq!(why(proven(&mine, "http://there/v1/token", "2", &right)), unproven);
    let mut forged = proven(&mine, URL, "3", &right);
    let of_other = proven(&other, URL, "3", &right).header("dpop").rsplit('.').next().unwrap().to_owned();
    let proof = forged.headers.get_mut("dpop").unwrap();
    *proof = format!("{}.{of_other}", proof.rsplit_once('.').unwrap().0);
    assert_eq!(why(forged), unproven);
    let elsewhere = invalid("The code belongs to another sign-in.");
    assert_eq!(why(proven(&mine, URL, "4", &body(&code("SHA-256"), "x", back))), elsewhere);
    assert_eq!(why(proven(&mine, URL, "5", &body(&code("SHA-256"), verifier, "http://127.0.0.1:2/"))), elsewhere);
    let refresh = why(proven(&mine, URL, "6", &right)).unwrap();
    assert_eq!(why(proven(&mine, URL, "7", &right)), invalid("The code is not known."));
    assert_eq!(why(proven(&mine, URL, "6", &right)), unproven, "a proof is good once");
    let renewal = serde_json::json!({"clientId": CLIENT, "grantType": "refresh_token", "refreshToken": refresh});
    assert_eq!(why(proven(&other, URL, "8", &renewal)), Err("\"TOKEN_EXPIRED\": \"no\"".to_owned()));
}
