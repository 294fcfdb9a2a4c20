//! aws-auth below aws-auth: an inner profile does not inherit the outer run's settings, and a long run renews its keys.

use crate::world::{AWS_AUTH, Output, Role, World};
use std::collections::BTreeMap;

const OUTER: &str = "arn:aws:iam::381494870249:role/outer";
const INNER: &str = "arn:aws:iam::050019655025:role/inner";

/// Two profiles whose roles need no MFA: `outer` with settings of its own, `inner` with none.
fn world() -> World {
    let world = World::seeded();
    world.append_config(&format!(
        "[profile outer]\nsource_profile = default\nrole_arn = {OUTER}\nregion = eu-west-1\noutput = json\n\
         endpoint_url = https://outer.example.com\nservices = local\n[services local]\ns3 =\n  endpoint_url = \
         https://s3.example.com\n[profile inner]\nsource_profile = default\nrole_arn = {INNER}\n"
    ));
    for role in [OUTER, INNER] {
        world.sts.add_role(Role::new(role));
    }
    world
}

/// Runs `aws-auth -p outer sh -c SCRIPT`; in the script, `$A` is aws-auth.
fn under_outer(world: &World, script: &str) -> Output {
    let output = world.aws_auth().env("A", AWS_AUTH).args(["-p", "outer", "sh", "-c", script]).run();
    output.success().assert_stderr("");
    output
}

fn without_shells_own(mut child: BTreeMap<String, String>) -> BTreeMap<String, String> {
    for name in ["A", "PWD", "OLDPWD", "SHLVL", "_"] {
        child.remove(name);
    }
    child
}

#[test]
fn an_inner_profile_sees_what_it_would_see_alone() {
    let world = world();
    let alone = world.aws_auth().args(["-p", "inner", "env", "-0"]).run();
    let under = under_outer(&world, "exec \"$A\" -p inner env -0");
    assert_eq!(without_shells_own(under.env_of_child()), alone.env_of_child());
    let by_variable = under_outer(&world, "AWS_PROFILE=inner exec \"$A\" env -0");
    assert_eq!(without_shells_own(by_variable.env_of_child()), alone.env_of_child());
    let thrice = under_outer(&world, "exec \"$A\" -p inner \"$A\" -p outer \"$A\" -p inner env -0");
    assert_eq!(without_shells_own(thrice.env_of_child()), alone.env_of_child());
}

#[test]
fn an_inner_profile_calls_sts_in_its_own_region() {
    let world = world();
    under_outer(&world, "exec \"$A\" -p inner true");
    let regions: Vec<String> = world.sts.calls().into_iter().map(|call| call.region).collect();
    assert_eq!(regions, ["eu-west-1", "us-east-1"]);
}

#[test]
fn the_region_option_of_an_outer_run_does_not_follow_either() {
    let world = world();
    let output = world
        .aws_auth()
        .args(["-p", "outer", "--region", "eu-north-1", AWS_AUTH, "-p", "inner", "env", "-0"])
        .env("AWS_REGION", "us-west-2")
        .run();
    let child = output.env_of_child();
    assert!(!child.contains_key("AWS_REGION") && !child.contains_key("AWS_DEFAULT_REGION"), "{child:?}");
    // Also not with a run between them that passes the keys through.
    let output = world
        .aws_auth()
        .args(["-p", "outer", AWS_AUTH, "--region", "eu-north-1", AWS_AUTH, "-p", "inner", "env", "-0"])
        .run();
    let child = output.env_of_child();
    assert!(!child.contains_key("AWS_REGION") && !child.contains_key("AWS_DEFAULT_REGION"), "{child:?}");
}

#[test]
fn a_role_without_a_profile_in_between_hides_nothing() {
    let world = world();
    let output = under_outer(&world, &format!("exec \"$A\" --role-arn {INNER} \"$A\" -p inner env -0"));
    let child = output.env_of_child();
    assert!(!child.contains_key("AWS_REGION") && !child.contains_key("AWS_ENDPOINT_URL"), "{child:?}");
    let output = under_outer(&world, &format!("exec \"$A\" --role-arn {INNER} env -0"));
    assert_eq!(
        output.env_of_child()["AWS_REGION"],
        "eu-west-1",
        "it names no profile, so the outer one's settings stay"
    );
}

#[test]
fn what_somebody_changed_under_the_outer_run_counts() {
    let world = world();
    let output = under_outer(
        &world,
        "AWS_REGION=eu-west-2 AWS_ENDPOINT_URL_S3=https://mine.example.com exec \"$A\" -p inner env -0",
    );
    let child = output.env_of_child();
    assert_eq!(child["AWS_REGION"], "eu-west-2");
    assert_eq!(child["AWS_ENDPOINT_URL_S3"], "https://mine.example.com");
    assert_eq!(child["AWS_DEFAULT_REGION"], "eu-west-2", "always the same as AWS_REGION");
    assert!(!child.contains_key("AWS_ENDPOINT_URL"), "unchanged, so the outer profile's");
    assert_eq!(world.sts.last("AssumeRole").region, "eu-west-2");
}

#[test]
fn what_the_caller_set_before_the_outer_run_reaches_the_inner_one() {
    let world = world();
    let output = world
        .aws_auth()
        .env("AWS_REGION", "us-west-2")
        .env("AWS_DEFAULT_OUTPUT", "text")
        .args(["-p", "outer", AWS_AUTH, "-p", "inner", "env", "-0"])
        .run();
    let child = output.env_of_child();
    assert_eq!(child["AWS_REGION"], "us-west-2");
    assert_eq!(child["AWS_DEFAULT_OUTPUT"], "text");
}

#[test]
fn settings_with_blanks_and_quotes_are_known_again() {
    let world = world();
    world.config(&world.read(".aws/config").replace("output = json", "output = it's \"a b\" \\ $x"));
    let output = under_outer(&world, "printf '%s\\n' \"$AWS_DEFAULT_OUTPUT\"; exec \"$A\" -p inner env");
    let text = output.stdout_text();
    assert!(text.starts_with("it's \"a b\" \\ $x\n"), "{text}");
    assert!(!text.contains("AWS_DEFAULT_OUTPUT="), "{text}");
}

#[test]
fn an_inner_run_without_a_profile_passes_everything_through() {
    let world = world();
    let once = under_outer(&world, "exec env -0").env_of_child();
    let twice = under_outer(&world, "exec \"$A\" \"$A\" env -0").env_of_child();
    assert_eq!(without_shells_own(twice), without_shells_own(once));
    assert_eq!(world.sts.count("AssumeRole"), 1);
}

#[test]
fn keys_about_to_end_are_renewed_by_the_outer_runs_profile() {
    let world = world();
    let key = "echo $AWS_ACCESS_KEY_ID $AWS_AUTH_PROFILE $AWS_REGION";
    world.sts.set_role_lifetime(Some(3000));
    let output = under_outer(&world, &format!("{key}; exec \"$A\" -q --min-ttl 55m --refresh sh -c '{key}'"));
    let text = output.stdout_text();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_ne!(lines[0][0], lines[1][0], "the keys were renewed");
    assert_eq!((&lines[0][1..], &lines[1][1..]), (&["outer", "eu-west-1"][..], &["outer", "eu-west-1"][..]));
    let issued = world.sts.issued();
    assert!(issued.contains_key(lines[1][0]));
    assert_eq!(world.sts.count("AssumeRole"), 2);
}

#[test]
fn a_renewal_keeps_the_settings_of_the_outer_run() {
    let world = world();
    world.sts.set_role_lifetime(Some(3000));
    let run = |rest: &[&str]| {
        let outer = ["-p", "outer", "--region", "eu-north-1", AWS_AUTH, "-q", "--min-ttl", "55m", "--refresh"];
        world.aws_auth().args(outer).args(rest).args(["env", "-0"]).run().env_of_child()
    };
    let renewed = run(&[]);
    assert_eq!((&*renewed["AWS_REGION"], &*renewed["AWS_DEFAULT_REGION"]), ("eu-north-1", "eu-north-1"));
    assert_eq!(world.sts.count("AssumeRole"), 2);
    assert_eq!(world.sts.last("AssumeRole").region, "eu-north-1");
    // They are still settings of the outer run, so another profile does not see them.
    let inner = run(&[AWS_AUTH, "-p", "inner"]);
    assert!(!inner.contains_key("AWS_REGION") && !inner.contains_key("AWS_ENDPOINT_URL"), "{inner:?}");
}

#[test]
fn a_renewal_remembers_the_duration_of_the_outer_run() {
    let world = world();
    world.sts.set_role_lifetime(Some(1800));
    let outer = ["-p", "outer", "--duration", "50m", AWS_AUTH, "-q", "--min-ttl", "40m", "--refresh", "true"];
    world.run(outer).success();
    assert_eq!(world.sts.count("AssumeRole"), 2);
    assert_eq!(world.sts.last("AssumeRole").param("DurationSeconds"), "3000");
    // A duration of its own counts more.
    let own = ["-p", "outer", "--duration", "50m", AWS_AUTH, "-q", "--min-ttl", "40m", "--duration", "45m", "true"];
    world.run(own).success();
    assert_eq!(world.sts.last("AssumeRole").param("DurationSeconds"), "2700");
}

#[test]
fn keys_that_are_good_for_long_enough_are_not_renewed() {
    let world = world();
    under_outer(&world, "exec \"$A\" --min-ttl 50m --refresh true");
    assert_eq!(world.sts.count("AssumeRole"), 1);
}

#[test]
fn keys_that_somebody_put_in_their_place_are_not_renewed() {
    let world = world();
    let output = under_outer(
        &world,
        "AWS_ACCESS_KEY_ID=AKIAMINE AWS_SECRET_ACCESS_KEY=mine exec \"$A\" --min-ttl 55m --refresh printenv AWS_ACCESS_KEY_ID",
    );
    output.assert_stdout("AKIAMINE\n");
    assert_eq!(world.sts.count("AssumeRole"), 1);
}

#[test]
fn short_keys_are_renewed_from_the_cache_and_not_by_a_call_each() {
    let world = world();
    let script = "for i in 1 2 3; do \"$A\" printenv AWS_ACCESS_KEY_ID; done";
    let output = world
        .aws_auth()
        .env("A", AWS_AUTH)
        .env("AWS_AUTH_DURATION", "15m")
        .args(["-p", "outer", "sh", "-c", script])
        .run();
    output.success();
    assert_eq!(world.sts.count("AssumeRole"), 1);
}

#[test]
fn a_build_of_two_levels_asks_once() {
    let world = world();
    world.script(
        "build",
        "#!/bin/sh\nset -e\n\"$A\" ./recipe one\nAWS_PROFILE=production-infrastructure \"$A\" ./recipe two\n\
         AWS_PROFILE=inner \"$A\" ./recipe three\n\"$A\" ./recipe four\n",
    );
    world.script("recipe", "#!/bin/sh\necho $1 $AWS_ACCOUNT_ID $AWS_AUTH_PROFILE\n");
    let running =
        world.aws_auth().env("A", AWS_AUTH).profile("development-infrastructure").arg("./build").in_terminal();
    running.expect(&world.prompt("development-infrastructure"));
    running.send_line(&world.fresh_code());
    let output = running.wait();
    output.success().assert_stdout(
        "one 381494870249 development-infrastructure\ntwo 050019655025 production-infrastructure\n\
         three 050019655025 inner\nfour 381494870249 development-infrastructure\n",
    );
    assert_eq!(output.transcript().matches("MFA code").count(), 1);
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole", "AssumeRole"]);
}

#[test]
fn an_empty_profile_under_an_outer_run_is_an_error() {
    let world = world();
    let output =
        world.aws_auth().env("A", AWS_AUTH).args(["-p", "outer", "sh", "-c", "AWS_PROFILE= exec \"$A\" true"]).run();
    output.assert_status(125).assert_stderr(
        "aws-auth: AWS_PROFILE is set but empty; name a profile, or unset it; in a Makefile, this is a variable that \
         was not filled in\n",
    );
}

#[test]
fn a_profile_without_credentials_under_an_outer_run_gets_nothing_of_it() {
    let world = world();
    world.append_config("[profile box]\nregion = eu-west-2\n");
    let output =
        world.aws_auth().env("A", AWS_AUTH).args(["-p", "outer", "sh", "-c", "exec \"$A\" -p box env -0"]).run();
    output.assert_stderr(
        "aws-auth: profile 'box' names no credentials; the command will use the credentials of the container or instance, if there are any\n",
    );
    let child = without_shells_own(output.env_of_child());
    let mut expected = world.command("env").arg("-0").run().env_of_child();
    expected.insert("AWS_PROFILE".to_owned(), "box".to_owned());
    assert_eq!(child, expected);
}
