//! The calls to STS: the parameters, the key that signs, the region and the endpoint.

use crate::kit::OPEN;
use crate::world::sts::{Role, User, seed};
use crate::world::{Output, World};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;

/// A world with a role that needs no MFA; `profile` is the text of its profile.
fn world_with(profile: &str) -> World {
    let world = World::seeded();
    world.sts.add_role(Role::new(OPEN).max_session(43200));
    world.append_config(&format!("[profile open]\nsource_profile = default\nrole_arn = {OPEN}\n{profile}\n"));
    world
}

#[track_caller]
fn assume(world: &World, name: &str) -> crate::world::sts::Call {
    world.aws_auth().profile(name).args(["true"]).run().success().assert_stderr("");
    world.sts.last("AssumeRole")
}

#[test]
fn a_profile_alone_sends_the_role_and_a_session_name() {
    let world = world_with("");
    let output = world.aws_auth().profile("open").env("USER", "jo").args(["true"]).run();
    output.success().assert_stderr("");
    let call = world.sts.last("AssumeRole");
    let names: Vec<&str> = call.params.keys().map(String::as_str).collect();
    assert_eq!(names, ["Action", "RoleArn", "RoleSessionName", "Version"]);
    assert_eq!((call.param("RoleArn"), call.param("RoleSessionName")), (OPEN, "jo"));
    assert_eq!(call.access_key_id, world.user.access_key_id);
    assert_eq!(call.region, "us-east-1");
}

#[test]
fn every_parameter_of_a_profile_is_sent() {
    let world = world_with("external_id = a/b:c\nrole_session_name = ci@build\nduration_seconds = 7200");
    let call = assume(&world, "open");
    assert_eq!(call.param("ExternalId"), "a/b:c");
    assert_eq!(call.param("RoleSessionName"), "ci@build");
    assert_eq!(call.param("DurationSeconds"), "7200");
    assert!(!call.with_code && call.param("SerialNumber").is_empty());
}

#[test]
fn the_option_for_the_duration_wins_over_the_variable_and_that_over_the_profile() {
    let world = world_with("duration_seconds = 7200");
    let run = |args: &[&str], variable: &str| {
        let run =
            world.aws_auth().profile("open").env("AWS_AUTH_DURATION", variable).args(args).args(["--refresh", "true"]);
        run.run().success();
        world.sts.last("AssumeRole").param("DurationSeconds").to_owned()
    };
    assert_eq!(run(&[], ""), "7200");
    assert_eq!(run(&[], "90m"), "5400");
    assert_eq!(run(&["--duration", "2h"], "90m"), "7200");
    assert_eq!(run(&["--duration", "900"], "90m"), "900");
}

#[test]
fn a_role_with_a_code_carries_serial_and_code() {
    let world = World::seeded();
    let code = world.fresh_code();
    let run = world.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", &code);
    run.args(["--no-mfa-session", "true"]).run().success().assert_stderr("");
    let call = world.sts.last("AssumeRole");
    assert_eq!((call.param("SerialNumber"), call.param("TokenCode")), (seed::SERIAL, code.as_str()));
    assert_eq!((call.param("DurationSeconds"), call.param("RoleSessionName")), ("", "jo"));
    assert_eq!(world.sts.actions(), ["AssumeRole"]);
}

#[test]
fn a_session_is_asked_for_twelve_hours_or_what_the_profile_says() {
    let world = World::seeded();
    for (length, seconds) in
        [("", "43200"), ("mfa_session_duration = 15m\n", "900"), ("mfa_session_duration = 36h\n", "129600")]
    {
        world.seed();
        world.append_config(length);
        let run = world.aws_auth().profile("main-infrastructure").env("AWS_AUTH_MFA_TOKEN", world.fresh_code());
        run.args(["--login", "--refresh"]).run().success();
        let call = world.sts.last("GetSessionToken");
        assert_eq!(call.param("DurationSeconds"), seconds);
        assert_eq!(call.param("SerialNumber"), seed::SERIAL);
        assert_eq!(call.access_key_id, world.user.access_key_id);
        let role = world.sts.last("AssumeRole");
        assert!(role.access_key_id.starts_with("ASIA") && !role.with_code && role.param("SerialNumber").is_empty());
    }
}

#[test]
fn the_session_name_shows_a_person() {
    // LOGNAME and USER, and the session name that is sent.
    let of_database = crate::kit::user_name();
    let local: [(&[(&str, &str)], &str); 9] = [
        (&[("LOGNAME", "kim"), ("USER", "jo")], "kim"),
        (&[("USER", "jo")], "jo"),
        (&[("LOGNAME", ""), ("USER", "jo")], "jo"),
        (&[], &of_database),
        (&[("USER", "DOMAIN\\jo d'or")], "DOMAIN-jo-d-or"),
        (&[("USER", "josé")], "jos-"),
        (&[("USER", "j")], "j-aws-auth"),
        (&[("USER", "a+b=c,d.e@f-g_h")], "a+b=c,d.e@f-g_h"),
        (
            &[("USER", "0123456789012345678901234567890123456789012345678901234567890123456789")],
            "0123456789012345678901234567890123456789012345678901234567890123",
        ),
    ];
    let world = world_with("");
    for (variables, sent) in local {
        let mut run = world.aws_auth().profile("open").arg("--refresh");
        for (name, value) in variables {
            run = run.env(name, value);
        }
        run.arg("true").run().success().assert_stderr("");
        assert_eq!(world.sts.last("AssumeRole").param("RoleSessionName"), sent, "{variables:?}");
    }
}

#[test]
fn the_session_name_is_the_user_of_the_serial() {
    for (device, sent) in [("kim", "kim"), ("team/lee", "lee"), ("j", "j-aws-auth")] {
        let world = World::new();
        let user = User::new(seed::ACCOUNT, "x").with_mfa(device);
        let serial = user.mfa[0].serial.clone();
        world.sts.add_user(user.clone());
        world.sts.add_role(Role::new(OPEN));
        world.credentials(&seed::credentials_file(&user));
        world.config(&format!("[profile p]\nsource_profile = default\nrole_arn = {OPEN}\nmfa_serial = {serial}\n"));
        let run =
            world.aws_auth().profile("p").env("USER", "local").env("AWS_AUTH_MFA_TOKEN", world.sts.fresh_code(&serial));
        run.arg("true").run().success().assert_stderr("");
        assert_eq!(world.sts.last("AssumeRole").param("RoleSessionName"), sent, "{device}");
    }
    let world = World::new();
    let user = User::new(seed::ACCOUNT, "x").with_device("GAHT12345678");
    world.sts.add_user(user.clone());
    world.sts.add_role(Role::new(OPEN));
    world.credentials(&seed::credentials_file(&user));
    world.config(&format!("[profile p]\nsource_profile = default\nrole_arn = {OPEN}\nmfa_serial = GAHT12345678\n"));
    let code = world.sts.fresh_code("GAHT12345678");
    let run = world.aws_auth().profile("p").env("USER", "local").env("AWS_AUTH_MFA_TOKEN", code);
    run.arg("true").run().success();
    assert_eq!(world.sts.last("AssumeRole").param("RoleSessionName"), "local");
}

#[test]
fn chains_are_signed_step_by_step() {
    let world = World::seeded();
    let role = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    world.sts.add_role(Role::new(&role("one")));
    world.sts.add_role(Role::new(&role("two")).trusting(&[&role("one")]).external_id("x2"));
    world.sts.add_role(Role::new(&role("three")).trusting(&[&role("two")]).require_session_name("three"));
    world.append_config(&format!(
        "[profile one]\nsource_profile = default\nrole_arn = {}\n[profile two]\nsource_profile = one\nexternal_id = x2\n\
         role_arn = {}\n[profile three]\nsource_profile = two\nrole_session_name = three\nrole_arn = {}\n",
        role("one"),
        role("two"),
        role("three")
    ));
    world.aws_auth().profile("two").args(["--no-cache", "true"]).run().success().assert_stderr("");
    world.sts.clear_log();
    let env = world.aws_auth().profile("three").args(["env", "-0"]).run().env_of_child();
    let calls = world.sts.calls();
    let arns: Vec<&str> = calls.iter().map(|call| call.param("RoleArn")).collect();
    assert_eq!(arns, [role("one"), role("two"), role("three")]);
    let issued = world.sts.issued();
    assert_eq!(calls[0].access_key_id, world.user.access_key_id);
    for (at, name) in [(1, "one"), (2, "two")] {
        let signer = &issued[&calls[at].access_key_id];
        let crate::world::sts::Principal::Role { role_arn, .. } = &signer.principal else { panic!("{signer:?}") };
        assert_eq!(*role_arn, role(name));
    }
    assert_eq!((calls[1].param("ExternalId"), calls[2].param("ExternalId")), ("x2", ""));
    assert_eq!(
        (calls[1].param("RoleSessionName"), calls[2].param("RoleSessionName")),
        (crate::kit::user_name().as_str(), "three")
    );
    assert_eq!(env["AWS_ACCOUNT_ID"], "111122223333");
    // Each step was cached, so another role over the second one starts from it.
    world.sts.clear_log();
    world.aws_auth().profile("three").args(["--duration", "15m", "true"]).run().success().assert_stderr("");
    assert_eq!(world.sts.actions(), ["AssumeRole"]);
    assert_eq!(world.sts.last("AssumeRole").access_key_id, calls[2].access_key_id);
}

#[test]
fn the_user_agent_names_aws_auth() {
    let world = world_with("");
    let agent = assume(&world, "open").user_agent;
    assert!(agent.contains(concat!("app/aws-auth-", env!("CARGO_PKG_VERSION"))), "{agent}");
}

#[test]
fn the_region_of_the_signature() {
    let world = world_with("");
    let open = |region: &str| format!("[profile p]\nsource_profile = s\nrole_arn = {OPEN}\n{region}\n");
    let source = |region: &str| {
        let user = &world.user;
        let keys = (&user.access_key_id, &user.secret_access_key);
        format!("[profile s]\naws_access_key_id = {}\naws_secret_access_key = {}\n{region}\n", keys.0, keys.1)
    };
    let run = |config: &str, args: &[&str], variables: &[(&str, &str)]| {
        world.config(config);
        let mut run = world.aws_auth().profile("p").args(args).arg("--refresh");
        for (name, value) in variables {
            run = run.env(name, value);
        }
        run.arg("true").run().success().assert_stderr("");
        world.sts.last("AssumeRole").region
    };
    let files = open("region = eu-west-1") + &source("region = eu-west-2");
    let all = [("AWS_REGION", "eu-north-1"), ("AWS_DEFAULT_REGION", "eu-south-1")];
    assert_eq!(run(&files, &["--region", "ap-south-1"], &all), "ap-south-1");
    assert_eq!(run(&files, &[], &all), "eu-north-1");
    assert_eq!(run(&files, &[], &all[1..]), "eu-south-1");
    assert_eq!(run(&files, &[], &[("AWS_REGION", "")]), "eu-west-1");
    assert_eq!(run(&(open("") + &source("region = eu-west-2")), &[], &[]), "eu-west-2");
    assert_eq!(run(&(open("") + &source("")), &[], &[]), "us-east-1");
}

#[test]
fn the_region_is_guessed_from_the_partition() {
    let partitions = [
        ("aws", "us-east-1"),
        ("aws-cn", "cn-north-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-iso", "us-iso-east-1"),
        ("aws-iso-b", "us-isob-east-1"),
        ("aws-iso-e", "eu-isoe-west-1"),
        ("aws-iso-f", "us-isof-south-1"),
        ("aws-eusc", "eusc-de-east-1"),
    ];
    for (partition, region) in partitions {
        let world = World::new();
        let user = User::new("111122223333", "jo").in_partition(partition).with_mfa("jo");
        let (arn, serial) = (format!("arn:{partition}:iam::111122223333:role/open"), user.mfa[0].serial.clone());
        world.sts.add_user(user.clone());
        world.sts.add_role(Role::new(&arn));
        world.credentials(&seed::credentials_file(&user));
        world.config(&format!(
            "[profile p]\nsource_profile = default\nrole_arn = {arn}\n[profile none]\nsource_profile = x\n\
             mfa_serial = {serial}\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            user.access_key_id, user.secret_access_key
        ));
        let env = world.aws_auth().profile("p").args(["env", "-0"]).run().env_of_child();
        assert_eq!(world.sts.last("AssumeRole").region, region, "by the role");
        assert!(!env.contains_key("AWS_REGION"), "a guess is for STS alone");
        let run = world.aws_auth().profile("none").env("AWS_AUTH_MFA_TOKEN", world.sts.fresh_code(&serial));
        run.arg("true").run().success();
        assert_eq!(world.sts.last("GetSessionToken").region, region, "by the serial");
    }
}

#[test]
fn the_endpoint_that_is_nearest_counts() {
    let world = world_with("services = s\nendpoint_url = http://127.0.0.1:5");
    world.append_config("[services s]\nsts =\n  endpoint_url = http://127.0.0.1:4\n");
    let to = |variables: &[(&str, &str)]| {
        let mut run = world
            .aws_auth()
            .profile("open")
            .env_remove("AWS_ENDPOINT_URL_STS")
            .env("HTTPS_PROXY", "http://127.0.0.1:9");
        for (name, value) in variables {
            run = run.env(name, value);
        }
        let output = run.arg("true").run();
        output.assert_status(125);
        output.stderr.split(" (").next().unwrap().to_owned()
    };
    let at = |port: u16| format!("aws-auth: cannot reach STS at http://127.0.0.1:{port}");
    let both = [("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:2"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:3/")];
    assert_eq!(to(&both), at(2));
    assert_eq!(to(&both[1..]), at(3));
    assert_eq!(to(&[]), at(4));
    assert_eq!(
        to(&[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"), both[0]]),
        "aws-auth: cannot reach STS in us-east-1"
    );
    assert_eq!(to(&[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")]), at(4));
    world.config("");
    world.append_config(&format!(
        "[profile open]\nsource_profile = default\nrole_arn = {OPEN}\nendpoint_url = http://127.0.0.1:5\n"
    ));
    assert_eq!(to(&[]), at(5));
    world.append_config("ignore_configured_endpoint_urls = true\n");
    assert_eq!(to(&[]), "aws-auth: cannot reach STS in us-east-1");
}

#[test]
fn an_endpoint_that_is_no_url_is_refused_before_a_code_is_asked_for() {
    let world = World::seeded();
    for url in [
        "http://",
        "https://:443",
        "http://exa mple",
        "http://localhost:99999",
        "http://localhost:0",
        "ftp://x",
        "sts.local",
        "http://[::1",
        "http://[::1]x",
    ] {
        let code = world.fresh_code();
        let output = world
            .aws_auth()
            .profile("sops")
            .env("AWS_ENDPOINT_URL_STS", url)
            .env("AWS_AUTH_MFA_TOKEN", code)
            .arg("true")
            .run();
        output.assert_status(125).assert_stdout("").assert_stderr(&format!(
            "aws-auth: the endpoint '{url}' (AWS_ENDPOINT_URL_STS) is not a URL; write it as https://HOST or https://HOST:PORT (or with http://)\n"
        ));
    }
}

#[test]
fn plain_http_to_another_machine_is_warned_about() {
    let world = world_with("");
    // All calls go to a proxy on loopback, so nothing leaves this machine.
    let run = |url: &str| {
        let run =
            world.aws_auth().profile("open").env("AWS_ENDPOINT_URL_STS", url).env("HTTP_PROXY", "http://127.0.0.1:9");
        run.arg("true").run().stderr
    };
    let warning = "warning: credentials cross the network unencrypted";
    for local in [
        "http://127.0.0.1:1",
        "http://127.8.9.1:1",
        "http://[::1]:1",
        "http://localhost:1",
        "http://169.254.170.2",
        "http://[fd00:ec2::23]",
    ] {
        let stderr = run(local);
        assert!(!stderr.contains(warning), "{stderr}");
    }
    for other in ["http://sts.example", "http://10.0.0.1:1", "http://localhost.example", "http://127.0.0.1.example"] {
        let stderr = run(other);
        assert!(stderr.starts_with(&format!("aws-auth: {warning}: the endpoint is {other}\n")), "{stderr}");
    }
}

const REFUSES: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A proxy that records the first line of each request and refuses it.
struct Recorder {
    url: String,
    lines: mpsc::Receiver<String>,
}

impl Recorder {
    fn start() -> Self {
        Self::answering(REFUSES)
    }

    /// A proxy that answers with this text and closes the connection.
    fn answering(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                    head.extend(byte);
                }
                let head = String::from_utf8_lossy(&head);
                if send.send(head.lines().next().unwrap_or("").to_owned()).is_err() {
                    return;
                }
                let _ = stream.write_all(answer.as_bytes());
                // What the client says next must be read: closing would reset the connection otherwise.
                if !answer.is_empty() {
                    let _ = stream.read(&mut [0; 16384]);
                }
            }
        });
        Self { url, lines }
    }

    fn seen(&self) -> Vec<String> {
        self.lines.try_iter().collect()
    }
}

/// Runs with no configured endpoint, and with a code, so that a call is not repeated.
fn run_unconfigured(world: &World, variables: &[(&str, &str)]) -> Output {
    let mut run = world.aws_auth().profile("sops").env_remove("AWS_ENDPOINT_URL_STS");
    for (name, value) in variables {
        run = run.env(name, value);
    }
    run.env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).args(["--no-cache", "true"]).run()
}

const FIPS: (&str, &str) = ("AWS_USE_FIPS_ENDPOINT", "true");
const DUAL: (&str, &str) = ("AWS_USE_DUALSTACK_ENDPOINT", "TRUE");
const LEGACY: (&str, &str) = ("AWS_STS_REGIONAL_ENDPOINTS", "legacy");

/// A region, the settings, and the host that is called.
type Called = (&'static str, &'static [(&'static str, &'static str)], &'static str);

#[test]
fn the_host_that_is_called_when_no_endpoint_is_configured() {
    let world = World::seeded();
    let proxy = Recorder::start();
    let cases: [Called; 19] = [
        ("", &[], "sts.us-east-1.amazonaws.com"),
        ("eu-west-1", &[], "sts.eu-west-1.amazonaws.com"),
        ("eu-west-1", &[("AWS_STS_REGIONAL_ENDPOINTS", "regional")], "sts.eu-west-1.amazonaws.com"),
        ("eu-west-1", &[LEGACY], "sts.amazonaws.com"),
        ("us-east-1", &[LEGACY], "sts.amazonaws.com"),
        ("aws-global", &[], "sts.amazonaws.com"),
        ("eu-south-1", &[LEGACY], "sts.eu-south-1.amazonaws.com"),
        ("cn-north-1", &[LEGACY], "sts.cn-north-1.amazonaws.com.cn"),
        ("eu-west-1", &[DUAL], "sts.eu-west-1.api.aws"),
        ("eu-west-1", &[DUAL, LEGACY], "sts.eu-west-1.api.aws"),
        ("us-west-2", &[FIPS], "sts-fips.us-west-2.amazonaws.com"),
        ("us-west-2", &[FIPS, LEGACY], "sts-fips.us-west-2.amazonaws.com"),
        ("us-west-2", &[FIPS, DUAL], "sts-fips.us-west-2.api.aws"),
        ("us-gov-west-1", &[], "sts.us-gov-west-1.amazonaws.com"),
        ("us-gov-west-1", &[FIPS], "sts.us-gov-west-1.amazonaws.com"),
        ("us-iso-east-1", &[], "sts.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", &[], "sts.us-isob-east-1.sc2s.sgov.gov"),
        ("eu-isoe-west-1", &[], "sts.eu-isoe-west-1.cloud.adc-e.uk"),
        ("eusc-de-east-1", &[], "sts.eusc-de-east-1.amazonaws.eu"),
    ];
    for (region, settings, host) in cases {
        let region = [("AWS_REGION", region), ("HTTPS_PROXY", &proxy.url)];
        run_unconfigured(&world, &[settings, &region].concat()).assert_status(125);
        assert_eq!(proxy.seen(), [format!("CONNECT {host}:443 HTTP/1.1")], "{region:?} {settings:?}");
    }
}

#[test]
fn the_proxy_is_the_one_that_botocore_would_take() {
    let world = World::seeded();
    let (proxy, other) = (Recorder::start(), Recorder::start());
    let connect = ["CONNECT sts.us-east-1.amazonaws.com:443 HTTP/1.1"];
    let bare = proxy.url.trim_start_matches("http://");
    for variables in [
        vec![("HTTPS_PROXY", proxy.url.as_str())],
        vec![("https_proxy", &proxy.url), ("HTTPS_PROXY", &other.url)],
        vec![("HTTPS_PROXY", bare)],
        vec![("HTTPS_PROXY", &proxy.url), ("HTTP_PROXY", &other.url), ("ALL_PROXY", &other.url)],
        vec![("HTTPS_PROXY", &proxy.url), ("NO_PROXY", "example.com,s3.amazonaws.com")],
    ] {
        let output = run_unconfigured(&world, &variables);
        output.assert_status(125).assert_stderr(
            "aws-auth: cannot reach STS in us-east-1 (the proxy refuses to connect): check HTTPS_PROXY, or name the host in NO_PROXY\n",
        );
        assert_eq!(proxy.seen(), connect, "{variables:?}");
        assert!(other.seen().is_empty());
    }
    // Plain http uses HTTP_PROXY, even on loopback.
    let local = World::seeded();
    let netloc = local.sts.endpoint().strip_prefix("http://").unwrap().to_owned();
    for (variables, through) in [
        (vec![("HTTP_PROXY", proxy.url.as_str())], true),
        (vec![("http_proxy", &proxy.url)], true),
        (vec![("http_proxy", ""), ("HTTP_PROXY", &proxy.url)], false),
        (vec![("HTTP_PROXY", &proxy.url), ("REQUEST_METHOD", "GET")], false),
        (vec![("HTTP_PROXY", &proxy.url), ("NO_PROXY", "localhost,127.0.0.1")], false),
        (vec![("HTTP_PROXY", &proxy.url), ("no_proxy", "*")], false),
        (vec![("HTTP_PROXY", &proxy.url), ("NO_PROXY", &format!("example.com, {netloc}"))], false),
        (vec![("HTTP_PROXY", &proxy.url), ("NO_PROXY", &format!(".{netloc}"))], false),
        (vec![("HTTP_PROXY", &proxy.url), ("NO_PROXY", "127.0.0.1:1")], true),
        (vec![("HTTPS_PROXY", &proxy.url)], false),
        (vec![("ALL_PROXY", &proxy.url)], false),
    ] {
        let mut run = local.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", local.fresh_code());
        for (name, value) in &variables {
            run = run.env(name, value);
        }
        let output = run.args(["--no-cache", "true"]).run();
        assert_eq!(output.status == crate::world::Status::Code(0), !through, "{variables:?} {}", output.report());
        let expected: &[String] =
            &if through { vec![format!("POST {}/ HTTP/1.1", local.sts.endpoint())] } else { vec![] };
        assert_eq!(proxy.seen(), expected, "{variables:?}");
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_said_without_its_password() {
    let world = World::seeded();
    let output = run_unconfigured(&world, &[("HTTPS_PROXY", "socks5://jo:hunter2@127.0.0.1:9")]);
    output
        .assert_status(125)
        .assert_stderr("aws-auth: HTTPS_PROXY names no proxy that can be used; write it as http://HOST:PORT\n");
    let output = run_unconfigured(&world, &[("HTTPS_PROXY", "http://jo:hunter2@127.0.0.1:9")]);
    output.assert_status(125).assert_stderr(
        "aws-auth: cannot reach STS in us-east-1 (Connection refused): check the network, a VPN, HTTPS_PROXY and any configured endpoint\n",
    );
}

#[test]
fn what_a_proxy_answers_is_told_apart() {
    let world = World::seeded();
    let there = "cannot reach STS in us-east-1";
    for (answer, words) in [
        (REFUSES, format!("{there} (the proxy refuses to connect): check HTTPS_PROXY, or name the host in NO_PROXY")),
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            format!(
                "{there} (the proxy requires a user name and a password): set them in HTTPS_PROXY: \
                 http://USER:PASSWORD@HOST:PORT"
            ),
        ),
        (
            "",
            String::from(
                "STS in us-east-1 closed the connection without an answer; try again; if it happens again, check any \
                 proxy and configured endpoint",
            ),
        ),
        (
            "HTTP/1.1 200 OK\r\n\r\n",
            format!(
                "{there} (tls handshake eof): the server there does not speak TLS as AWS does; check the endpoint and \
                 any proxy"
            ),
        ),
    ] {
        let proxy = Recorder::answering(answer);
        let output = run_unconfigured(&world, &[("HTTPS_PROXY", &proxy.url)]);
        output.assert_status(125).assert_stderr(&format!("aws-auth: {words}\n"));
    }
}
