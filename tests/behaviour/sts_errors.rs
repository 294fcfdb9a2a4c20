//! Errors of STS and of the network, each with a fact and an advice: status 125, nothing on stdout, and the command is
//! not run.

use crate::kit::{OPEN, add_open};
use crate::world::sts::tls::Authority;
use crate::world::sts::{Fault, User, clock, seed};
use crate::world::{Output, World};

const SOPS: &str = seed::ROLES[0].1;

/// A world with a role that needs no MFA.
fn world() -> World {
    let world = World::seeded();
    add_open(&world);
    world
}

/// Runs a command that would create a file, and asserts that the command was not run.
#[track_caller]
fn fails(world: &World, profile: &str, variables: &[(&str, &str)], message: &str) -> Output {
    let mut run = world.aws_auth().profile(profile);
    for (name, value) in variables {
        run = run.env(name, value);
    }
    let output = run.args(["sh", "-c", "echo ran; echo ran >mark"]).run();
    output.assert_status(125).assert_stdout("").assert_stderr(&format!("aws-auth: {message}\n"));
    assert!(!world.path("mark").exists(), "the command ran");
    output
}

fn with_code(world: &World) -> [(&'static str, String); 1] {
    [("AWS_AUTH_MFA_TOKEN", world.fresh_code())]
}

/// The same with a code in the environment.
#[track_caller]
fn fails_with_code(world: &World, profile: &str, message: &str) -> Output {
    let code = with_code(world);
    fails(world, profile, &code.each_ref().map(|(name, code)| (*name, code.as_str())), message)
}

const REACH: &str = "check the network, a VPN, HTTPS_PROXY and any configured endpoint";

#[test]
fn a_wrong_secret() {
    let world = world();
    world.credentials(&format!(
        "[default]\naws_access_key_id={}\naws_secret_access_key=wrong\n",
        world.user.access_key_id
    ));
    fails(
        &world,
        "open",
        &[],
        &format!(
            "profile 'open': role {OPEN}: STS at {} says SignatureDoesNotMatch: \"The request signature we calculated does not \
         match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service \
         documentation for details.\"; the secret access key does not belong to the access key id; check both",
            world.sts.endpoint()
        ),
    );
    assert_eq!(world.sts.count("AssumeRole"), 1);
}

#[test]
fn an_unknown_key() {
    let world = world();
    world.credentials("[default]\naws_access_key_id=AKIANOBODY\naws_secret_access_key=x\n");
    fails(
        &world,
        "open",
        &[],
        &format!(
            "profile 'open': role {OPEN}: STS at {} says InvalidClientTokenId: \"The security token included in the request is \
         invalid.\"; the access key is unknown, deactivated or from another partition; check aws_access_key_id and the \
         region",
            world.sts.endpoint()
        ),
    );
}

#[test]
fn an_expired_token() {
    let world = world();
    world.sts.set_role_lifetime(Some(3000));
    world.aws_auth().profile("open").arg("true").run().success();
    let keys = world.sts.issued().into_values().next().unwrap();
    world.credentials(&format!(
        "[default]\naws_access_key_id={}\naws_secret_access_key={}\naws_session_token={}\n",
        keys.access_key_id, keys.secret_access_key, keys.session_token
    ));
    world.sts.expire_all();
    fails(
        &world,
        "open",
        &[("AWS_AUTH_MIN_TTL", "14m"), ("AWS_AUTH_NO_CACHE", "1")],
        &format!(
            "profile 'open': role {OPEN}: STS at {} says ExpiredToken: \"The security token included in the request is expired\"; \
         the credentials that this profile starts from have expired; renew them, or run with --refresh",
            world.sts.endpoint()
        ),
    );
}

#[test]
fn a_role_that_lets_nobody_in() {
    let world = world();
    let says = |arn: &str| {
        format!(
            "STS at {} says AccessDenied: \"User: arn:aws:iam::398263320410:user/jo is not authorized to perform: \
         sts:AssumeRole on resource: {arn}\"",
            world.sts.endpoint()
        )
    };
    let ask = "check role_arn, and ask the role's owner whether its trust policy lets you in";
    world.sts.edit_role(OPEN, |role| role.trust.external_id = Some("x".to_owned()));
    fails(
        &world,
        "open",
        &[],
        &format!(
            "profile 'open': role {OPEN}: {}; {ask}; it may require mfa_serial, external_id or role_session_name, \
             which the profile does not set",
            says(OPEN)
        ),
    );
    world.append_config("external_id = other\n");
    fails(
        &world,
        "open",
        &[],
        &format!(
            "profile 'open': role {OPEN}: {}; {ask}; it may require mfa_serial or role_session_name, which the \
             profile does not set",
            says(OPEN)
        ),
    );
    world.append_config("role_session_name = jo\n");
    fails(
        &world,
        "open",
        &[],
        &format!(
            "profile 'open': role {OPEN}: {}; {ask}; it may require mfa_serial, which the profile does not set",
            says(OPEN)
        ),
    );
    world.sts.edit_role(SOPS, |role| role.trust.require_session_name = Some("kim".to_owned()));
    fails_with_code(
        &world,
        "sops",
        &format!(
            "profile 'sops': role {SOPS}: {}; {ask}; it may require external_id or role_session_name, which the \
             profile does not set",
            says(SOPS)
        ),
    );
}

#[test]
fn a_wrong_serial() {
    let world = world();
    world.config(&seed::config_file().replace("mfa/jo", "mfa/kim"));
    fails_with_code(
        &world,
        "sops",
        &format!(
            "profile 'sops': STS at {} says AccessDenied: \"MultiFactorAuthentication failed, unable to validate MFA code.  Please \
         verify your MFA serial number is valid and associated with this user.\"; check mfa_serial: it must be a device of \
         the user whose keys are used",
            world.sts.endpoint()
        ),
    );
    assert_eq!(world.sts.actions(), ["GetSessionToken"]);
}

#[test]
fn a_wrong_code() {
    let world = world();
    fails(
        &world,
        "sops",
        &[("AWS_AUTH_MFA_TOKEN", &world.wrong_code())],
        &format!(
            "profile 'sops': STS at {} says AccessDenied: \"MultiFactorAuthentication failed with invalid MFA one time pass code.\"; \
         use the code that the device shows now; each code works only once",
            world.sts.endpoint()
        ),
    );
    assert_eq!(world.sts.actions(), ["GetSessionToken"]);
}

#[test]
fn a_longer_session_than_the_role_gives() {
    let world = world();
    fails(
        &world,
        "open",
        &[("AWS_AUTH_DURATION", "5h")],
        &format!(
            "profile 'open': role {OPEN}: STS at {} says ValidationError: \"The requested DurationSeconds exceeds the \
         MaxSessionDuration set for this role.\"; 5h was asked for; ask for less with --duration or duration_seconds, or have \
         the role's maximum session duration raised",
            world.sts.endpoint()
        ),
    );
}

#[test]
fn a_clock_that_is_off_is_said_with_both_times() {
    for offset in [-3600, 3600] {
        let world = world();
        world.sts.advance(offset);
        world.sts.strict_clock();
        let earliest = clock::machine();
        let output = world.aws_auth().profile("open").arg("true").run();
        let latest = clock::machine();
        let expected: Vec<String> = (earliest..=latest)
            .flat_map(|ours| (earliest..=latest).map(move |theirs| (ours, theirs)))
            .map(|(ours, theirs)| format!(
                "aws-auth: profile 'open': role {OPEN}: the clock of this machine is off: here it is {}, at STS {}; set the \
                 clock (timedatectl set-ntp true)\n",
                clock::http_date(ours),
                clock::http_date(theirs + offset)
            ))
            .collect();
        output.assert_status(125).assert_stdout("");
        assert!(expected.contains(&output.stderr), "{} is none of {expected:?}", output.stderr);
    }
}

#[test]
fn throttling_is_waited_out_and_then_said() {
    let world = world();
    world.sts.fault("AssumeRole", Fault::Throttle, 2);
    world.aws_auth().profile("open").args(["--refresh", "true"]).run().success().assert_stderr("");
    assert_eq!(world.sts.count("AssumeRole"), 3);
    world.sts.clear_log();
    world.sts.fault("AssumeRole", Fault::Throttle, 9);
    fails(
        &world,
        "open",
        &[("AWS_AUTH_NO_CACHE", "1")],
        &format!(
            "profile 'open': role {OPEN}: STS at {} says Throttling: \"Rate exceeded\"; too many calls at once; try again in a moment",
            world.sts.endpoint()
        ),
    );
    assert_eq!(world.sts.count("AssumeRole"), 3);
}

#[test]
fn trouble_of_the_service_is_waited_out_and_then_said() {
    let says = |status: u16| match status {
        503 => "ServiceUnavailable: \"Service is unable to handle request.\"",
        _ => {
            "InternalFailure: \"The request processing has failed because of an unknown error, exception or failure.\""
        }
    };
    for status in [500, 503] {
        let world = world();
        world.sts.fault("AssumeRole", Fault::Status(status), 2);
        world.aws_auth().profile("open").args(["--refresh", "true"]).run().success().assert_stderr("");
        assert_eq!(world.sts.count("AssumeRole"), 3);
        world.sts.clear_log();
        world.sts.fault("AssumeRole", Fault::Status(status), 9);
        fails(
            &world,
            "open",
            &[("AWS_AUTH_NO_CACHE", "1")],
            &format!(
                "profile 'open': role {OPEN}: STS at {} says {}; the service is having trouble; try again in a moment",
                world.sts.endpoint(),
                says(status)
            ),
        );
        assert_eq!(world.sts.count("AssumeRole"), 3);
    }
}

/// The message for an endpoint.
type Message = fn(&str) -> String;

#[test]
fn a_call_that_carried_a_code_is_never_sent_again() {
    let at = |world: &World| world.sts.endpoint();
    let faults: [(Fault, Message); 10] = [
        (Fault::Throttle, |at| {
            format!(
                "profile 'sops': STS at {at} says Throttling: \"Rate exceeded\"; too many calls at once; try again in a moment"
            )
        }),
        (Fault::Status(500), |at| {
            format!(
                "profile 'sops': STS at {at} says InternalFailure: \"The request processing has failed because of an unknown error, exception or failure.\"; the service is having trouble; try again in a moment"
            )
        }),
        (Fault::Status(503), |at| {
            format!(
                "profile 'sops': STS at {at} says ServiceUnavailable: \"Service is unable to handle request.\"; the service is having trouble; try again in a moment"
            )
        }),
        (Fault::CloseUnanswered, |at| {
            format!(
                "STS at {at} closed the connection without an answer; try again; if it happens again, check any proxy \
                 and configured endpoint"
            )
        }),
        (Fault::CloseAfterActing, |at| {
            format!(
                "STS at {at} closed the connection without an answer; try again; if it happens again, check any proxy \
                 and configured endpoint"
            )
        }),
        (Fault::CloseMidAnswer, |at| {
            format!(
                "STS at {at} closed the connection without an answer; try again; if it happens again, check any proxy \
                 and configured endpoint"
            )
        }),
        (Fault::MalformedXml, |at| format!("STS at {at} answered without credentials; {ALTERED}")),
        (Fault::HtmlPage, |at| {
            format!("STS at {at} answered with status 200 and something that is not an answer from STS; {PORTAL}")
        }),
        (Fault::Raw(302, ""), |at| {
            format!("STS at {at} answered with status 302 and something that is not an answer from STS; {PORTAL}")
        }),
        (Fault::Raw(502, "Bad Gateway"), |at| {
            format!("STS at {at} answered with status 502 and something that is not an answer from STS; {PORTAL}")
        }),
    ];
    for (fault, message) in faults {
        let world = world();
        world.sts.fault("GetSessionToken", fault.clone(), 9);
        fails_with_code(&world, "sops", &message(&at(&world)));
        assert_eq!(world.sts.actions(), ["GetSessionToken"], "{fault:?}");
        assert_eq!(world.sts.connections(), 1, "{fault:?}");

        // The same for AssumeRole with a code.
        let world = World::seeded();
        world.sts.fault("AssumeRole", fault.clone(), 9);
        let code = world.fresh_code();
        let output =
            world.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", code).args(["--no-mfa-session", "true"]).run();
        output.assert_status(125);
        assert_eq!(world.sts.actions(), ["AssumeRole"], "{fault:?}");
    }
}

const ALTERED: &str = "try again; if it happens again, something between here and AWS changes the answers";
const PORTAL: &str = "check the endpoint, and whether a proxy or a captive portal stands in between";

#[test]
fn a_call_without_a_code_is_tried_three_times() {
    for fault in [
        Fault::CloseUnanswered,
        Fault::CloseAfterActing,
        Fault::CloseMidAnswer,
        Fault::CloseOnConnect,
        Fault::Status(500),
    ] {
        let world = world();
        world.sts.fault("AssumeRole", fault.clone(), 2);
        let output = world.aws_auth().profile("open").arg("true").run();
        output.success().assert_stderr("");
    }
    for (fault, what) in [
        (
            Fault::CloseUnanswered,
            "closed the connection without an answer; try again; if it happens again, check any proxy and configured \
             endpoint",
        ),
        (
            Fault::CloseMidAnswer,
            "closed the connection without an answer; try again; if it happens again, check any proxy and configured \
             endpoint",
        ),
        (
            Fault::Raw(502, "Bad Gateway"),
            "answered with status 502 and something that is not an answer from STS; check the endpoint, and whether a \
             proxy or a captive portal stands in between",
        ),
    ] {
        let world = world();
        world.sts.fault("AssumeRole", fault.clone(), 9);
        fails(&world, "open", &[], &format!("STS at {} {what}", world.sts.endpoint()));
        assert_eq!(world.sts.count("AssumeRole"), 3, "{fault:?}");
    }
    for (fault, status) in [(Fault::HtmlPage, 200), (Fault::Raw(302, ""), 302), (Fault::Raw(404, "{}"), 404)] {
        let world = world();
        world.sts.fault("AssumeRole", fault.clone(), 9);
        fails(
            &world,
            "open",
            &[],
            &format!(
                "STS at {} answered with status {status} and something that is not an answer from STS; {PORTAL}",
                world.sts.endpoint()
            ),
        );
    }
}

#[test]
fn an_answer_without_credentials() {
    let world = world();
    world.sts.fault(
        "AssumeRole",
        Fault::Rewrite(|xml| {
            let (start, end) = (xml.find("<Credentials>").unwrap(), xml.find("</Credentials>").unwrap() + 14);
            xml[..start].to_owned() + &xml[end..]
        }),
        9,
    );
    fails(
        &world,
        "open",
        &[],
        &format!(
            "STS at {} answered without credentials; try again; if it happens again, something between here and AWS \
             changes the answers",
            world.sts.endpoint()
        ),
    );
}

#[test]
fn nobody_listens() {
    let world = world();
    fails(
        &world,
        "open",
        &[("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")],
        &format!("cannot reach STS at http://127.0.0.1:1 (Connection refused): {REACH}"),
    );
    fails(
        &world,
        "open",
        &[("AWS_ENDPOINT_URL_STS", ""), ("HTTPS_PROXY", "http://127.0.0.1:1")],
        &format!("cannot reach STS in us-east-1 (Connection refused): {REACH}"),
    );
}

#[test]
fn a_name_that_is_not_there() {
    let world = world();
    // A label of more than 63 letters fails in every resolver, even without a network.
    let url = format!("http://{}.example", "a".repeat(64));
    let output = world.aws_auth().profile("open").env("AWS_ENDPOINT_URL_STS", &url).arg("true").run();
    output.assert_status(125).assert_stdout("");
    let (start, end) = (
        format!(
            "aws-auth: warning: credentials cross the network unencrypted: the endpoint is {url}\n\
             aws-auth: cannot reach STS at {url} ("
        ),
        "): the name was not found; check the network and the region\n",
    );
    assert!(output.stderr.starts_with(&start) && output.stderr.ends_with(end), "{}", output.stderr);
    assert!(!output.stderr.contains("error"), "{}", output.stderr);
}

#[test]
fn a_region_where_sts_is_not_activated() {
    let world = world();
    world.sts.fault("AssumeRole", Fault::Refuse(403, "RegionDisabledException", "STS is not activated in this region for account:111122223333. Your account administrator can activate STS in this region using the IAM Console."), 1);
    fails(
        &world,
        "open",
        &[],
        &format!(
            "profile 'open': role {OPEN}: STS at {} says RegionDisabledException: \"STS is not activated in this region for \
         account:111122223333. Your account administrator can activate STS in this region using the IAM Console.\"; activate \
         STS in that region, or choose another with --region",
            world.sts.endpoint()
        ),
    );
}

#[test]
fn the_keys_of_an_account_root() {
    let world = world();
    let root = User::root(seed::ACCOUNT).with_mfa("root");
    world.sts.add_user(root.clone());
    world.credentials(&seed::credentials_file(&root));
    let message = |profile: &str, arn: &str| {
        format!(
            "profile '{profile}': role {arn}: STS at {} says AccessDenied: \"Roles may not be assumed by root accounts.\"; use the \
         keys of an IAM user instead of the account root's",
            world.sts.endpoint()
        )
    };
    fails(&world, "open", &[], &message("open", OPEN));
    world.config(&seed::config_file().replace("mfa/jo", "mfa/root"));
    let code = world.sts.fresh_code(&root.mfa[0].serial);
    fails(&world, "sops", &[("AWS_AUTH_MFA_TOKEN", &code)], &message("sops", SOPS));
    // A newer code would not help, so no code is asked for.
    world.sts.advance(120);
    let run = world.aws_auth().profile("sops").arg("true").in_terminal();
    run.wait().assert_status(125).assert_stderr(&format!("aws-auth: {}\n", message("sops", SOPS)));
}

#[test]
fn an_error_that_is_not_known_says_what_sts_says() {
    let world = world();
    world.sts.fault("AssumeRole", Fault::Refuse(400, "NeverHeardOf", "too large"), 1);
    fails(
        &world,
        "open",
        &[],
        &format!("profile 'open': role {OPEN}: STS at {} says NeverHeardOf: \"too large\"", world.sts.endpoint()),
    );
}

// TLS.

/// Serves the world's STS over TLS with a certificate of this authority for `localhost`; returns the URL.
fn tls(world: &World, authority: &Authority) -> String {
    format!("https://localhost:{}", world.sts.serve_tls(authority.server("localhost", |_| {})))
}

#[test]
fn a_private_ca_is_trusted_when_it_is_named() {
    let world = world();
    let authority = Authority::new("our CA");
    let url = tls(&world, &authority);
    let bundle = world.write(
        "ca.pem",
        format!("# our CA\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n{}", authority.pem),
    );
    let bundle = bundle.to_str().unwrap();
    let run = world.aws_auth().profile("open").env("AWS_ENDPOINT_URL_STS", &url).env("AWS_CA_BUNDLE", bundle);
    run.args(["--refresh", "true"]).run().success().assert_stderr("");
    // REQUESTS_CA_BUNDLE counts last, and is the caller's own.
    let run = |other: &str| {
        let run = world.aws_auth().profile("open").env("AWS_ENDPOINT_URL_STS", &url).env("REQUESTS_CA_BUNDLE", other);
        run.args(["--refresh", "true"])
    };
    run(bundle).run().success().assert_stderr("");
    run("/nowhere").env("AWS_CA_BUNDLE", bundle).run().success();
    run("/nowhere").run().assert_status(125);
    world.append_config(&format!("ca_bundle = {bundle}\n"));
    run("/nowhere").run().success();
    let env = world
        .aws_auth()
        .profile("open")
        .env("AWS_ENDPOINT_URL_STS", &url)
        .args(["--refresh", "env", "-0"])
        .run()
        .env_of_child();
    assert_eq!(env["AWS_CA_BUNDLE"], bundle);
    assert_eq!(format!("https://{}", world.sts.last("AssumeRole").host), url);
}

#[test]
fn the_two_calls_of_a_first_run_share_a_connection() {
    for over_tls in [true, false] {
        let world = World::seeded();
        let authority = Authority::new("our CA");
        let bundle = world.write("ca.pem", &authority.pem);
        let url = if over_tls { tls(&world, &authority) } else { world.sts.endpoint() };
        let run = world.aws_auth().profile("sops").env("AWS_ENDPOINT_URL_STS", url).env("AWS_CA_BUNDLE", bundle);
        run.env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).arg("true").run().success();
        assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole"]);
        assert_eq!(world.sts.connections(), 1);
    }
}

#[test]
fn a_certificate_that_nobody_here_trusts() {
    let world = world();
    let (ours, other) = (Authority::new("a private CA"), Authority::new("a private CA"));
    let url = tls(&world, &other);
    let bundle = world.write("ca.pem", &ours.pem);
    fails(
        &world,
        "open",
        &[("AWS_ENDPOINT_URL_STS", &url), ("AWS_CA_BUNDLE", bundle.to_str().unwrap())],
        &format!(
            "cannot reach STS at {url} (invalid peer certificate: BadSignature): check the endpoint and any proxy in \
             between"
        ),
    );
    assert_eq!(world.sts.connections(), 0);
}

#[test]
fn a_certificate_of_a_private_ca_against_the_systems() {
    let world = world();
    let (ours, theirs) = (Authority::new("a private CA"), Authority::new("another CA"));
    let url = tls(&world, &ours);
    // In this test, these are the certificates of the system.
    let system = world.write("system.pem", theirs.pem);
    fails(
        &world,
        "open",
        &[("AWS_ENDPOINT_URL_STS", &url), ("SSL_CERT_FILE", system.to_str().unwrap())],
        &format!(
            "cannot reach STS at {url} (invalid peer certificate: UnknownIssuer): its certificate is not trusted here; if your \
         network inspects TLS, set AWS_CA_BUNDLE to its CA certificate"
        ),
    );
}

#[test]
fn a_certificate_of_another_host_or_time() {
    let world = world();
    let authority = Authority::new("a private CA");
    let bundle = world.write("ca.pem", &authority.pem);
    let stderr = |url: &str| {
        let run = world.aws_auth().profile("open").env("AWS_ENDPOINT_URL_STS", url).env("AWS_CA_BUNDLE", &bundle);
        let output = run.arg("true").run();
        output.assert_status(125).assert_stdout("");
        output.stderr
    };
    let url = format!("https://localhost:{}", world.sts.serve_tls(authority.server("sts.example", |_| {})));
    assert_eq!(
        stderr(&url),
        format!(
            "aws-auth: cannot reach STS at {url} (invalid peer certificate: certificate not valid for name \"localhost\"; \
         certificate is only valid for DnsName(\"sts.example\")): the certificate is for another host; check the \
         endpoint and \
         any proxy in between\n"
        )
    );
    let old = |params: &mut rcgen::CertificateParams| params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let url = format!("https://localhost:{}", world.sts.serve_tls(authority.server("localhost", old)));
    let text = stderr(&url);
    assert!(
        text.starts_with(&format!(
            "aws-auth: cannot reach STS at {url} (invalid peer certificate: certificate expired: "
        )),
        "{text}"
    );
    assert!(text.ends_with("): check the clock of this machine, then the server's certificate\n"), "{text}");
}

#[test]
fn https_to_a_port_that_speaks_none() {
    let world = world();
    let bundle = world.write("ca.pem", Authority::new("a private CA").pem);
    let url = world.sts.endpoint().replace("http:", "https:");
    fails(
        &world,
        "open",
        &[("AWS_ENDPOINT_URL_STS", &url), ("AWS_CA_BUNDLE", bundle.to_str().unwrap())],
        &format!(
            "cannot reach STS at {url} (received corrupt message of type InvalidContentType): the server there does \
             not speak \
         TLS as AWS does; check the endpoint and any proxy"
        ),
    );
}

#[test]
fn a_ca_bundle_that_cannot_be_used_costs_no_code() {
    let world = world();
    let advice = "AWS_CA_BUNDLE and ca_bundle name a PEM file of certificates to trust";
    let url = "https://127.0.0.1:1";
    let used = world.write("broken.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    for (path, why) in [
        (world.path("missing.pem"), "cannot read the CA bundle {} (No such file or directory)"),
        (world.home().to_owned(), "cannot read the CA bundle {} (Is a directory)"),
        (world.write("empty.pem", ""), "the CA bundle {} holds no certificate that can be used"),
        (world.write("der.pem", [0x30, 0x82, 0xff, 0x00]), "the CA bundle {} holds no certificate that can be used"),
        (used, "the CA bundle {} holds no certificate that can be used"),
    ] {
        let path = path.to_str().unwrap();
        let run = world
            .aws_auth()
            .profile("sops")
            .env("AWS_ENDPOINT_URL_STS", url)
            .env("AWS_CA_BUNDLE", path)
            .arg("true")
            .in_terminal();
        let output = run.wait();
        output.assert_status(125).assert_stdout("").assert_transcript("");
        output.assert_stderr(&format!("aws-auth: {}\n", crate::kit::advised(&why.replace("{}", path), advice)));
    }
    // Plain http needs no certificates.
    let run = world.aws_auth().profile("open").env("AWS_CA_BUNDLE", world.path("missing.pem"));
    run.arg("true").run().success().assert_stderr("");
}

#[test]
fn a_system_without_certificates() {
    let world = world();
    let run = world
        .aws_auth()
        .profile("sops")
        .env("AWS_ENDPOINT_URL_STS", "https://127.0.0.1:1")
        .env("SSL_CERT_FILE", world.path("none"))
        .arg("true")
        .in_terminal();
    run.wait().assert_status(125).assert_transcript("").assert_stderr(
        "aws-auth: this system has no CA certificates to verify AWS with; install its ca-certificates package, or set \
         AWS_CA_BUNDLE (or SSL_CERT_FILE) to a PEM file of them\n",
    );
}

#[test]
fn a_region_that_is_none_is_said_before_a_code_is_asked_for() {
    let world = world();
    let run = world.aws_auth().profile("sops").env("AWS_REGION", "eu-west-1a").arg("true").in_terminal();
    run.wait().assert_status(125).assert_transcript("").assert_stderr(
        "aws-auth: 'eu-west-1a' (AWS_REGION) is not a region; it is an availability zone of eu-west-1\n",
    );
}
