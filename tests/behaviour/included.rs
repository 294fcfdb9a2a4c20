//! `include_profile`: the settings of another profile as defaults.

use crate::kit::{arn, log_in, own};
use crate::world::{World, seed};
use serde_json::{Value, json};

/// `sops` takes its role's source and MFA device from `team`, and settings from `common` behind that.
fn world() -> World {
    let world = World::seeded();
    world.config(&format!(
        "[profile common]\nregion = eu-west-1\noutput = table\ns3 =\n  use_accelerate_endpoint = true\n[profile team]\n\
         include_profile = common\nsource_profile = default\nmfa_serial = {}\noutput = json\n[profile sops]\ninclude_profile \
         = team\nrole_arn = {}\nregion = eu-west-2\n[profile plain]\nsource_profile = default\nmfa_serial = {}\nrole_arn = {}\n",
        seed::SERIAL,
        arn("sops"),
        seed::SERIAL,
        arn("sops"),
    ));
    world
}

#[test]
fn the_nearest_setting_counts() {
    let world = world();
    log_in(&world, "sops");
    let child = world.run(["-p", "sops", "env", "-0"]).env_of_child();
    assert_eq!((child["AWS_REGION"].as_str(), child["AWS_DEFAULT_OUTPUT"].as_str()), ("eu-west-2", "json"));
    let config = world.read(child["AWS_CONFIG_FILE"].trim_start_matches(&format!("{}/", world.home().display())));
    assert!(
        config.contains("[default]\noutput = json\n") || config.contains("use_accelerate_endpoint = true"),
        "{config}"
    );
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole"]);
    // The AWS CLI would read the same section otherwise, so it must not find the role's credentials.
    assert_eq!((world.cli_cache().len(), own(&world, "role-").len()), (0, 1));
    world.run(["-p", "plain", "true"]).success();
    assert_eq!((world.cli_cache().len(), own(&world, "role-").len()), (1, 1));
}

#[test]
fn the_settings_that_default_includes_reach_the_command() {
    let world = world();
    world.append_config("[default]\ninclude_profile = common\n");
    let child = world.run(["-p", "default", "env", "-0"]).env_of_child();
    assert_eq!(child["AWS_REGION"], "eu-west-1");
    let path = child["AWS_CONFIG_FILE"].trim_start_matches(&format!("{}/", world.home().display())).to_owned();
    assert!(world.read(path).ends_with("s3 =\n    use_accelerate_endpoint = true\nregion = eu-west-1\n"));
}

#[test]
fn explain_says_which_profile_each_setting_came_from() {
    let world = world();
    let config = world.path(".aws/config").display().to_string();
    let text = world.run(["-p", "sops", "--explain"]).success().stdout_text();
    for line in [
        format!("   team: {config}:6, included by sops, which takes source_profile, mfa_serial, output from it\n"),
        format!("   common: {config}:1, included by sops, which takes s3 from it\n"),
        format!("MFA session of {}, for 12h\n   {config}:9\n", seed::SERIAL),
    ] {
        assert!(text.contains(&line), "{line}{text}");
    }
    let json: Value =
        serde_json::from_slice(&world.run(["-p", "sops", "--explain", "--json"]).success().stdout).unwrap();
    let first = json!({
        "name": "team", "by": "sops", "at": format!("{config}:6"), "keys": ["source_profile", "mfa_serial", "output"],
    });
    assert_eq!(json["included"][0], first);
    let plain: Value =
        serde_json::from_slice(&world.run(["-p", "plain", "--explain", "--json"]).success().stdout).unwrap();
    assert_eq!(plain["included"], json!([]));
}

#[test]
fn a_source_of_ones_own_is_instead_of_either_kind() {
    let world = world();
    world.append_config(&format!(
        "[profile machine]\ninclude_profile = team\ncredential_source = Environment\nrole_arn = {}\n",
        arn("sops")
    ));
    let text =
        world.aws_auth().args(["-p", "machine", "--explain"]).keys("AKIAX", "x", "").run().success().stdout_text();
    assert!(text.contains("long-term keys AKIAX of the environment"), "{text}");
}

#[test]
fn what_is_wrong_with_an_included_profile_is_said_with_its_line() {
    let world = World::seeded();
    let config = world.path(".aws/config").display().to_string();
    for (text, problem) in [
        (
            "[profile a]\ninclude_profile = b\n[profile b]\ninclude_profile = a\n",
            "4: include_profile goes in a circle: a -> b -> a; remove one of these lines",
        ),
        (
            "[profile a]\ninclude_profile = a\n",
            "2: include_profile goes in a circle: a -> a; remove one of these lines",
        ),
        (
            "[profile a]\ninclude_profile = b\n[profile b]\ninclude_profile = defualt\n",
            "4: profile 'b' has the include_profile 'defualt', which does not exist; did you mean default?",
        ),
        (
            "[profile a]\ninclude_profile = default\n",
            "2: profile 'a' names no credentials, and takes no keys from 'default', which it includes; name it as the source of a role (source_profile = default), or use that profile",
        ),
    ] {
        world.config(text);
        world.run(["-p", "a", "true"]).assert_status(125).assert_stderr(&format!("aws-auth: {config}:{problem}\n"));
    }
    // A mistake in a source counts too.
    world.config(&format!(
        "[profile a]\nrole_arn = {}\nsource_profile = b\n[profile b]\ninclude_profile = c\n",
        arn("sops")
    ));
    world
        .run(["-p", "a", "true"])
        .assert_status(125)
        .assert_stderr_contains("profile 'b' has the include_profile 'c', which does not exist");
    assert_eq!(world.sts.calls().len(), 0);
}
