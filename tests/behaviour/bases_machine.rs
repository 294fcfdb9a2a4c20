//! The credentials of an instance and of a container: as the source of one or two roles, and alone for actions that run
//! no command.

use crate::world::metadata::{self, INSTANCE_ROLE, Imds, TASK_ROLE};
use crate::world::web::{Always, Reply, Web};
use crate::world::{Role, World};

const ONE: &str = "arn:aws:iam::111111111111:role/one";
const TWO: &str = "arn:aws:iam::222222222222:role/two";

/// Profiles `one` over this `credential_source`, and `two` over `one`.
fn world(source: &str) -> World {
    let world = World::new();
    world.config(&format!(
        "[profile one]\nrole_arn = {ONE}\ncredential_source = {source}\n[profile two]\nrole_arn = {TWO}\nsource_profile = one\n"
    ));
    world.sts.add_role(Role::new(ONE).trusting(&[INSTANCE_ROLE, TASK_ROLE]));
    world.sts.add_role(Role::new(TWO).trusting(&[ONE]));
    world
}

fn on_an_instance(how: Imds) -> (World, Web) {
    let mut world = world("Ec2InstanceMetadata");
    let web = metadata::instance(&world.sts, how);
    world.set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", web.endpoint());
    (world, web)
}

const IMDSV2: [&str; 3] = [
    "PUT /latest/api/token",
    "GET /latest/meta-data/iam/security-credentials/",
    "GET /latest/meta-data/iam/security-credentials/instance",
];

#[test]
fn a_role_and_two_roles_by_the_instances_credentials() {
    let (world, web) = on_an_instance(Imds::V2);
    for _ in 0..2 {
        assert_eq!(world.run(["-p", "one", "env", "-0"]).env_of_child()["AWS_ACCOUNT_ID"], "111111111111");
        assert_eq!(world.run(["-p", "two", "env", "-0"]).env_of_child()["AWS_ACCOUNT_ID"], "222222222222");
    }
    assert_eq!(web.lines(), IMDSV2);
    assert_eq!(world.sts.actions(), ["AssumeRole", "AssumeRole"]);
    assert_eq!(world.cli_cache().len(), 2, "the instance's own credentials are not cached");
}

#[test]
fn no_proxy_is_asked_for_the_instances_credentials() {
    let (world, web) = on_an_instance(Imds::V2);
    let proxy = Web::start(|_| Reply::Text(502, String::new()));
    let run = world.aws_auth().env("HTTP_PROXY", proxy.endpoint()).env("http_proxy", proxy.endpoint());
    let run = run.env("NO_PROXY", "").args(["-p", "one", "true"]).run();
    assert_eq!(web.lines(), IMDSV2, "{}", run.report());
    assert!(proxy.lines().iter().all(|line| !line.contains("/latest/")), "{:?}", proxy.lines());
}

#[test]
fn version_1_where_there_is_no_other() {
    for how in [Imds::V1, Imds::HopLimit] {
        let (world, web) = on_an_instance(how);
        world.run(["-p", "one", "true"]).success().assert_stderr("");
        assert_eq!(web.lines(), IMDSV2);
    }
}

#[test]
fn login_with_nothing_named_fetches_the_instances() {
    let (world, web) = on_an_instance(Imds::V2);
    world.append_config("[profile empty]\noutput = json\n");
    let run = world.run(["--login"]);
    run.success();
    let (masked, keys) = keys_masked(&run.stderr);
    assert_eq!(masked, "aws-auth: no profile: credentials KEY until HH:MM\n");
    assert!(world.sts.issued().contains_key(&keys), "{keys}");
    let run = world.run(["-p", "empty", "--login"]);
    assert_eq!(keys_masked(&run.success().stderr).0, "aws-auth: empty: credentials KEY until HH:MM\n");
    assert_eq!(web.lines().len(), 6);
    // With a command, they are left to its own SDK.
    world.run(["true"]).success();
    world.run(["-p", "empty", "true"]).success();
    assert_eq!(web.lines().len(), 6);
}

fn keys_masked(text: &str) -> (String, String) {
    let masked = crate::kit::masked(text);
    let key = masked.split(' ').find(|word| word.starts_with("ASIA")).unwrap_or_default().to_owned();
    (masked.replace(&key, "KEY"), key)
}

#[test]
fn a_role_of_the_command_line_by_the_instances_credentials() {
    let (world, web) = on_an_instance(Imds::V2);
    let child = world.run(["--role-arn", ONE, "env", "-0"]).env_of_child();
    assert_eq!(child["AWS_ACCOUNT_ID"], "111111111111");
    assert_eq!(web.lines(), IMDSV2);
}

#[test]
fn every_failure_of_the_instances_service_says_where_and_what_to_do() {
    for (how, v1_disabled, words) in [
        (
            Imds::HopLimitV2,
            false,
            "requires a token but gives none; in a container on an instance, the instance's metadata hop limit must \
             be 2",
        ),
        (
            Imds::HopLimit,
            true,
            "does not answer a request for a token, and IMDSv1 is disabled here; in a container on an instance, the instance's metadata hop limit must be 2",
        ),
        (
            Imds::V1,
            true,
            "answers a request for a token with status 404, and IMDSv1 is disabled here; in a container on an instance, the instance's metadata hop limit must be 2",
        ),
        (Imds::Disabled, false, "answers with status 403; it is switched off for this instance, or for this container"),
        (
            Imds::NoRole,
            false,
            "has no role for this instance; attach an instance profile to it, or name a profile that has credentials",
        ),
        (
            Imds::Untrusted,
            false,
            "says AssumeRoleUnauthorizedAccess: \"EC2 cannot assume the role instance.\"; the role may not let this service assume it; check its trust policy",
        ),
        (
            Imds::Malformed,
            false,
            "answers with something that is not credentials; something other than AWS answers there",
        ),
        (Imds::Trouble, false, "answers with status 500; it is having trouble; try again in a moment"),
        (
            Imds::Silent,
            false,
            "does not answer; it is having trouble, or this is not an EC2 instance; AWS_METADATA_SERVICE_TIMEOUT \
             gives it more time",
        ),
    ] {
        let (world, web) = on_an_instance(how);
        for (args, about) in [
            (&["-p", "two", "true"][..], format!("{}:3: profile 'one'", world.path(".aws/config").display())),
            (&["--login"], String::from("no profile and no keys")),
        ] {
            let run = world.aws_auth().env("AWS_EC2_METADATA_V1_DISABLED", v1_disabled.to_string()).args(args).run();
            run.assert_status(125).assert_stderr(&format!(
                "aws-auth: {about}: the instance metadata service at {} {words}\n",
                web.endpoint()
            ));
        }
    }
}

#[test]
fn a_machine_that_is_no_instance() {
    let mut world = world("Ec2InstanceMetadata");
    let endpoint = {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", gone.local_addr().unwrap())
    };
    world.set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &endpoint);
    world.run(["-p", "one", "true"]).assert_status(125).assert_stderr(&format!(
        "aws-auth: {}:3: profile 'one': the instance metadata service at {endpoint} cannot be reached (Connection \
         refused): this does not seem to be an EC2 instance; name a profile that has credentials\n",
        world.path(".aws/config").display()
    ));
}

#[test]
fn old_credentials_of_an_outage_are_used_as_aws_asks() {
    let (world, web) = on_an_instance(Imds::Outage);
    let run = world.run(["-p", "one", "true"]);
    run.success();
    assert_eq!(
        crate::kit::masked(&run.stderr),
        format!(
            "aws-auth: warning: the instance metadata service at {} gives credentials that expired at HH:MM; they are used \
             anyway, as AWS recommends for an outage\n",
            web.endpoint()
        )
    );
}

/// Without an expiration, a run that renews its credentials would never ask again, even after the outage.
#[test]
fn old_credentials_of_an_outage_get_an_end_that_is_near() {
    let mut world = World::new();
    let web = metadata::instance(&world.sts, Imds::Outage);
    world.set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", web.endpoint());
    let started = crate::world::sts::clock::machine();
    let run = world.run(["--export=json"]);
    let export: serde_json::Value = serde_json::from_str(&run.success().stdout_text()).unwrap();
    let end = export["Expiration"].as_str().unwrap();
    let ends: Vec<String> = (15 * 60..22 * 60).map(|left| crate::world::sts::clock::iso(started + left)).collect();
    assert!(ends.iter().any(|possible| possible == end), "{end}: {}", run.report());
}

// The container.

fn in_a_container(authorization: &'static str) -> (World, Web) {
    let mut world = world("EcsContainer");
    let web = metadata::container(&world.sts, authorization);
    world.set_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/v1/credentials", web.endpoint()));
    (world, web)
}

#[test]
fn a_role_and_two_roles_by_the_containers_credentials() {
    let (world, web) = in_a_container("");
    for _ in 0..2 {
        let child = world.run(["-p", "one", "env", "-0"]).env_of_child();
        assert_eq!(child["AWS_ACCOUNT_ID"], "111111111111");
        assert!(!child.contains_key("AWS_CONTAINER_CREDENTIALS_FULL_URI"));
        assert_eq!(world.run(["-p", "two", "env", "-0"]).env_of_child()["AWS_ACCOUNT_ID"], "222222222222");
    }
    assert_eq!(web.lines(), ["GET /v1/credentials"]);
    assert_eq!(world.cli_cache().len(), 2);
}

#[test]
fn the_token_of_the_container_by_its_variable_and_by_its_file() {
    let (world, _web) = in_a_container("the-token");
    let variable = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
    world.aws_auth().env(variable, "the-token").args(["-p", "one", "true"]).run().success();
    // The file wins over the variable, and is read for each request.
    let token = world.write("token", "the-token");
    let run = || {
        let run = world.aws_auth().env(variable, "another").env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token);
        run.args(["-p", "one", "--refresh", "true"]).run()
    };
    run().success();
    world.write("token", "old");
    run().assert_status(125);
}

#[test]
fn login_with_nothing_named_fetches_the_containers_before_the_instances() {
    let (mut world, web) = in_a_container("");
    let instance = metadata::instance(&world.sts, Imds::V2);
    world.set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance.endpoint());
    world.run(["--login"]).success().assert_stderr_contains("aws-auth: no profile: credentials ASIA");
    assert_eq!((web.lines().len(), instance.lines().len()), (1, 0));
}

#[test]
fn every_failure_of_the_containers_endpoint_says_where_and_what_to_do() {
    let replies: [(Always, &str); 9] = [
        (
            || Reply::Text(401, "unauthorized\n".to_owned()),
            "answers with status 401: \"unauthorized\"; check the token in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN",
        ),
        (
            || Reply::Text(404, "no \u{1b}task".to_owned()),
            "answers with status 404: \"no \\u{1b}task\"; check that the task or pod has a role",
        ),
        (
            || Reply::Text(500, "oops".to_owned()),
            "answers with status 500: \"oops\"; the container's agent is having trouble; try again in a moment",
        ),
        (
            || Reply::Text(200, "<html>".to_owned()),
            "answers with something that is not credentials; something other than AWS answers there",
        ),
        (
            || Reply::Text(200, "{\"code\":\"Nope\",\"message\":\"because\"}".to_owned()),
            "says Nope: \"because\"; the role may not let this service assume it; check its trust policy",
        ),
        (
            || Reply::Text(200, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"B\",\"Token\":\"C\"}".to_owned()),
            "gives no Expiration; something other than AWS answers there",
        ),
        (
            || {
                let end = "\"Expiration\":\"2100-01-01T00:00:00Z\"";
                let keys = "\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"B\",\"Token\":\"C\\u0000D\"";
                Reply::Text(200, format!("{{{keys},{end}}}"))
            },
            "gave credentials with a control character in the session token; each part must be one word without a \
             line break",
        ),
        (
            || Reply::Text(200, "x".repeat(100_000)),
            "(the answer is too long): the container's agent may have stopped, or these variables belong to another \
             container",
        ),
        (
            || Reply::Close,
            "(connection closed before message completed): the container's agent may have stopped, or these variables \
             belong to another container",
        ),
    ];
    for (reply, words) in replies {
        let mut world = world("EcsContainer");
        let web = Web::start(move |_| reply());
        let url = format!("{}/v1/credentials", web.endpoint());
        world.set_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url);
        let place = format!("the container's credentials endpoint {url} (AWS_CONTAINER_CREDENTIALS_FULL_URI)");
        let said =
            if words.starts_with('(') { format!("cannot reach {place} {words}") } else { format!("{place} {words}") };
        world
            .run(["-p", "one", "true"])
            .assert_status(125)
            .assert_stderr(&format!("aws-auth: {}:3: profile 'one': {said}\n", world.path(".aws/config").display()));
        assert_eq!(web.lines().len(), if words.contains("500") { 3 } else { 1 });
    }
}

#[test]
fn a_token_that_would_end_the_header_is_refused() {
    let (world, web) = in_a_container("the-token");
    let token = world.write("token", "the-token\n");
    let run = world.aws_auth().env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token).args(["-p", "one", "true"]).run();
    let about = format!("{}:3: profile 'one'", world.path(".aws/config").display());
    run.assert_status(125).assert_stderr(&format!(
        "aws-auth: {about}: the token file {} (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE) contains a line break; the \
         token must be \
         one word without a line break\n",
        token.display()
    ));
    std::fs::remove_file(&token).unwrap();
    let run = world.aws_auth().env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token).args(["-p", "one", "true"]).run();
    run.assert_status(125).assert_stderr(&format!(
        "aws-auth: {about}: the token file {} (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE) cannot be read (No such file or \
         directory): the container's agent writes it\n",
        token.display()
    ));
    assert!(web.lines().is_empty());
}

#[test]
fn an_end_reaches_the_command_as_the_aws_cli_writes_it() {
    let mut world = World::new();
    let ends = [
        ("2100-01-01T00:00:00Z", "2100-01-01T00:00:00Z"),
        ("2100-01-01T00:00:00.5Z", "2100-01-01T00:00:00Z"),
        ("2100-01-01T00:00:00+00:00", "2100-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-30T22:00:00Z"),
    ];
    for (end, seen) in ends {
        let keys =
            serde_json::json!({ "AccessKeyId": "ASIAC", "SecretAccessKey": "s", "Token": "t", "Expiration": end });
        let web = Web::start(move |_| Reply::Json(keys.clone()));
        world.set_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/v1/credentials", web.endpoint()));
        let run = world.run(["--export=json"]);
        let export: serde_json::Value = serde_json::from_str(&run.success().stdout_text()).unwrap();
        assert_eq!(export["Expiration"], seen, "{end}");
    }
}
