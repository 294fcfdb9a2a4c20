//! Web identity: from a profile and from the environment, alone and below roles, with a token that changes.

use crate::world::{Fault, Role, World};
use sha1::{Digest as _, Sha1};

const POD: &str = "arn:aws:iam::111111111111:role/kubernetes/pod";
const ONE: &str = "arn:aws:iam::222222222222:role/one";
const TWO: &str = "arn:aws:iam::333333333333:role/two";

/// Profiles `pod`, `one` over it and `two` over that; the token file holds `first`, which STS accepts.
fn world() -> World {
    let world = World::new();
    let token = world.write("token", "first");
    world.config(&format!(
        "[profile pod]\nrole_arn = {POD}\nweb_identity_token_file = {}\n[profile one]\nrole_arn = {ONE}\n\
         source_profile = pod\n[profile two]\nrole_arn = {TWO}\nsource_profile = one\n",
        token.display()
    ));
    for arn in [POD, ONE, TWO] {
        world.sts.add_role(Role::new(arn).max_session(43200));
    }
    world.sts.accept_web_identity("first", "system:serviceaccount:default:pod");
    world
}

const ACTION: &str = "AssumeRoleWithWebIdentity";

fn about(world: &World) -> String {
    format!("aws-auth: {}:3: profile 'pod'", world.path(".aws/config").display())
}

fn key(json: &str) -> String {
    let hash = Sha1::digest(json);
    hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")) + ".json"
}

#[test]
fn a_role_is_assumed_by_the_token_alone_and_kept_as_the_aws_cli_keeps_it() {
    let world = world();
    let first = world.aws_auth().env("USER", "jenkins").args(["-p", "pod", "env", "-0"]).run().env_of_child();
    let call = world.sts.last(ACTION);
    assert_eq!(call.param("RoleArn"), POD);
    assert_eq!(call.param("RoleSessionName"), "jenkins");
    assert_eq!(call.param("WebIdentityToken"), "first");
    assert_eq!(call.param("DurationSeconds"), "");
    assert_eq!(call.access_key_id, "", "the call is not signed");
    assert_eq!(first["AWS_ACCOUNT_ID"], "111111111111");
    let cached = world.cli_cache();
    // The name that botocore 1.43 uses.
    let key = String::from("4b33484699dcc75b42f13bba27c85cf3b530dc22.json");
    assert_eq!(cached.keys().collect::<Vec<_>>(), [&key]);
    assert_eq!(cached[&key]["AssumedRoleUser"]["Arn"], "arn:aws:sts::111111111111:assumed-role/pod/jenkins");
    let second = world.run(["-p", "pod", "env", "-0"]).env_of_child();
    assert_eq!(first["AWS_ACCESS_KEY_ID"], second["AWS_ACCESS_KEY_ID"]);
    assert_eq!(world.sts.actions(), [ACTION]);
}

#[test]
fn a_token_that_was_rotated_is_read_anew() {
    let world = world();
    world.run(["-p", "pod", "true"]).success();
    world.sts.accept_web_identity("second", "system:serviceaccount:default:pod");
    world.write("token", "second\n");
    world.run(["-p", "pod", "--refresh", "true"]).success();
    assert_eq!(world.sts.last(ACTION).param("WebIdentityToken"), "second");
}

#[test]
fn the_profiles_session_name_and_the_duration_that_was_asked_for_are_sent_and_in_the_key() {
    let world = world();
    world.config(&world.read(".aws/config").replace("[profile one]", "role_session_name = mine\n[profile one]"));
    world.run(["-p", "pod", "--duration", "2h", "true"]).success();
    let call = world.sts.last(ACTION);
    assert_eq!((call.param("RoleSessionName"), call.param("DurationSeconds")), ("mine", "7200"));
    let key = key(&format!("{{\"DurationSeconds\": 7200, \"RoleArn\": \"{POD}\", \"RoleSessionName\": \"mine\"}}"));
    assert_eq!(world.cli_cache().keys().collect::<Vec<_>>(), [&key]);
}

#[test]
fn from_the_environment_when_no_profile_is_named() {
    let world = world();
    let run = || {
        world
            .aws_auth()
            .env("AWS_ROLE_ARN", POD)
            .env("AWS_WEB_IDENTITY_TOKEN_FILE", world.path("token"))
            .env("AWS_ROLE_SESSION_NAME", "ci-17")
    };
    let child = run().args(["env", "-0"]).run().env_of_child();
    assert_eq!(world.sts.last(ACTION).param("RoleSessionName"), "ci-17");
    for gone in ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_SESSION_NAME"] {
        assert!(!child.contains_key(gone), "{gone}");
    }
    let login = run().arg("--login").run();
    login.success();
    assert_eq!(crate::kit::masked(&login.stderr), format!("aws-auth: no profile: role {POD} until HH:MM\n"));
    assert_eq!(world.sts.actions(), [ACTION]);
    std::fs::remove_file(world.path("token")).unwrap();
    run().args(["--refresh", "true"]).run().assert_status(125).assert_stderr(&format!(
        "aws-auth: AWS_WEB_IDENTITY_TOKEN_FILE: the token file {} cannot be read (No such file or directory): it must \
         hold \
         one token, a JWT, that the identity provider's agent writes and renews\n",
        world.path("token").display()
    ));
}

#[test]
fn one_and_two_roles_over_it() {
    let world = world();
    for _ in 0..2 {
        assert_eq!(world.run(["-p", "one", "env", "-0"]).env_of_child()["AWS_ACCOUNT_ID"], "222222222222");
        assert_eq!(world.run(["-p", "two", "env", "-0"]).env_of_child()["AWS_ACCOUNT_ID"], "333333333333");
    }
    assert_eq!(world.sts.actions(), [ACTION, "AssumeRole", "AssumeRole"]);
    assert_eq!(world.cli_cache().len(), 3);
}

#[test]
fn many_at_once_make_one_call() {
    let world = world();
    let runs: Vec<_> = (0..6).map(|_| world.aws_auth().args(["-p", "pod", "true"]).start()).collect();
    for run in runs {
        run.wait().success();
    }
    assert_eq!(world.sts.actions(), [ACTION]);
}

#[test]
fn a_token_file_that_cannot_be_used_is_said_with_the_line() {
    for (text, words) in [
        (Some(b"".to_vec()), "is empty"),
        (Some(b" \n".to_vec()), "is empty"),
        (Some(b"\xff\xfe".to_vec()), "is not text"),
        (Some(vec![b'x'; 70_000]), "cannot be read (file too large)"),
        (None, "cannot be read (No such file or directory)"),
    ] {
        let world = world();
        match text {
            Some(text) => drop(world.write("token", text)),
            None => std::fs::remove_file(world.path("token")).unwrap(),
        }
        for profile in ["pod", "one"] {
            let run = world.run(["-p", profile, "true"]);
            run.assert_status(125).assert_stderr(&format!(
                "{}\n",
                crate::kit::advised(
                    &format!("{}: the token file {} {words}", about(&world), world.path("token").display()),
                    "it must hold one token, a JWT, that the identity provider's agent writes and renews"
                )
            ));
        }
        assert!(world.sts.calls().is_empty());
    }
}

#[test]
fn every_failure_of_sts_is_told_with_profile_and_line() {
    let endpoint = "STS at ENDPOINT";
    for (fault, words) in [
        (
            None,
            "role ROLE: STS at ENDPOINT says InvalidIdentityToken: \"The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)\"; the token in TOKEN is not one that the account's identity provider signed, or not for this audience",
        ),
        (
            Some(Fault::Refuse(
                400,
                "ExpiredTokenException",
                "Token expired: current date/time 1 must be before the expiration date/time 0",
            )),
            "role ROLE: STS at ENDPOINT says ExpiredTokenException: \"Token expired: current date/time 1 must be before \
             the expiration date/time 0\"; the token in TOKEN has expired; the program that writes that file must renew \
             it",
        ),
        (
            Some(Fault::Refuse(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")),
            "role ROLE: STS at ENDPOINT says AccessDenied: \"Not authorized to perform sts:AssumeRoleWithWebIdentity\"; check role_arn, and whether the role's trust policy lets this token's subject in",
        ),
        (
            Some(Fault::Refuse(400, "IDPRejectedClaim", "no")),
            "role ROLE: STS at ENDPOINT says IDPRejectedClaim: \"no\"; ask the administrator of the identity provider, \
             then try again",
        ),
        (
            Some(Fault::Throttle),
            "role ROLE: STS at ENDPOINT says Throttling: \"Rate exceeded\"; too many calls at once; try again in a moment",
        ),
        (
            Some(Fault::Status(503)),
            "role ROLE: STS at ENDPOINT says ServiceUnavailable: \"Service is unable to handle request.\"; the service is having trouble; try again in a moment",
        ),
        (
            Some(Fault::CloseUnanswered),
            "STS at ENDPOINT closed the connection without an answer; try again; if it happens again, check any proxy \
             and configured endpoint",
        ),
        (
            Some(Fault::HtmlPage),
            "STS at ENDPOINT answered with status 200 and something that is not an answer from STS; check the \
             endpoint, and whether a proxy or a captive portal stands in between",
        ),
    ] {
        let world = world();
        match fault {
            None => drop(world.write("token", "nobody's")),
            Some(fault) => world.sts.fault(ACTION, fault, 9),
        }
        let words = words
            .replace("ROLE", POD)
            .replace("STS at ENDPOINT", &endpoint.replace("ENDPOINT", &world.sts.endpoint()))
            .replace("TOKEN", &world.path("token").display().to_string());
        world.run(["-p", "one", "true"]).assert_status(125).assert_stderr(&format!("{}: {words}\n", about(&world)));
        assert!(world.cli_cache().is_empty());
    }
}

#[test]
fn the_token_shows_nowhere() {
    let world = world();
    let token = "eyJhbGciOiJSUzI1NiJ9.the-unique-canary-token";
    world.write("token", token);
    for args in [&["-v", "-p", "pod", "true"][..], &["-v", "-p", "one", "true"]] {
        let run = world.run(args);
        assert!(!run.stderr.contains("canary"), "{}", run.report());
    }
    assert_eq!(world.sts.last(ACTION).param("WebIdentityToken"), token);
}
