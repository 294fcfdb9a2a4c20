//! `--whoami`: who the resulting credentials belong to.

use crate::world::{World, seed};
use serde_json::Value;

const ARN: &str = "arn:aws:sts::398263320410:assumed-role/sops-credentials-access/jo";

#[test]
fn sts_is_asked_with_the_profiles_credentials() {
    let world = World::seeded();
    world.sts.set_role_lifetime(Some(43 * 60 + 30));
    let output = world.aws_auth().args(["-p", "sops", "--whoami"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run();
    output.success().assert_stderr("");
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole", "GetCallerIdentity"]);
    let key = world.sts.last("GetCallerIdentity").access_key_id;
    let text = output.stdout_text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], format!("arn      {ARN}"));
    assert_eq!(lines[1], format!("account  {}", seed::ACCOUNT));
    assert!(lines[2].starts_with("user id  AROA") && lines[2].ends_with(":jo"), "{text}");
    assert_eq!(lines[3], format!("key      {key}"));
    assert!(lines[4].starts_with("until    ") && lines[4].ends_with(" (43m)"), "{text}");
    assert_eq!(lines.len(), 5);
}

#[test]
fn json_has_a_stable_shape() {
    let world = World::seeded();
    let run = world.aws_auth().args(["-p", "sops", "--whoami", "--json"]);
    let output = run.env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run();
    let json: Value = serde_json::from_slice(&output.success().stdout).unwrap();
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["access_key_id", "account", "arn", "bounded", "expiration", "profile", "user_id"]);
    assert_eq!(json["arn"], ARN);
    assert_eq!(json["profile"], "sops");
}

#[test]
fn keys_of_the_environment_are_asked_about_as_they_are() {
    let world = World::seeded();
    let (id, secret) = (&world.user.access_key_id, &world.user.secret_access_key);
    let output = world.aws_auth().keys(id, secret, "").arg("--whoami").run();
    let text = output.success().stdout_text();
    assert!(text.starts_with("arn      arn:aws:iam::398263320410:user/jo\n"), "{text}");
    assert!(text.ends_with("expires  never\n"), "{text}");
    let json = world.aws_auth().keys(id, secret, "").args(["--whoami", "--json"]).run();
    let json: Value = serde_json::from_slice(&json.success().stdout).unwrap();
    assert_eq!((&json["expiration"], &json["profile"]), (&Value::Null, &Value::Null));
}

#[test]
fn keys_that_sts_does_not_know_are_said_to_be_that() {
    let world = World::seeded();
    let output = world.aws_auth().keys("AKIANOBODY", "x", "").arg("--whoami").run();
    output.assert_status(125).assert_stdout("").assert_stderr(&format!(
        "aws-auth: the keys in the environment: STS at {} says InvalidClientTokenId: \"The security token included in the request is invalid.\"; \
         the access key is unknown, deactivated or from another partition; check aws_access_key_id and the region\n",
        world.sts.endpoint()
    ));
}
