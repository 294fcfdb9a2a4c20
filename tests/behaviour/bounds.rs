//! Credentials that can do less than the role: session policies, and what else AssumeRole says of the session.

use crate::kit::{answer, arn, log_in, masked, own};
use crate::world::sts::{Fault, Role};
use crate::world::{Output, World, seed};
use serde_json::{Value, json};

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// A world with an MFA session, so that no run asks.
fn world() -> World {
    let world = World::seeded();
    log_in(&world, "main-infrastructure");
    world.sts.clear_log();
    world
}

/// Runs a command that prints its access key id, and returns that.
#[track_caller]
fn key(world: &World, args: &[&str]) -> String {
    let output = world.aws_auth().args(args).args(["sh", "-c", "echo $AWS_ACCESS_KEY_ID"]).run();
    output.success().assert_stderr("");
    output.stdout_text().trim_end().to_owned()
}

#[track_caller]
fn refused(world: &World, args: &[&str], text: &str) {
    let output = world.aws_auth().args(args).arg("true").run();
    output.assert_status(125).assert_stderr(&format!("aws-auth: {text}\n"));
    assert_eq!(world.sts.calls().len(), 0, "{}", output.report());
}

fn json_of(output: &Output) -> Value {
    serde_json::from_str(&output.stdout_text()).unwrap()
}

#[test]
fn every_part_of_the_request_is_sent() {
    let world = world();
    world.write("deny.json", "{\n \"Version\": \"2012-10-17\",\n \"Statement\": {\"Effect\": \"Deny\", \"Action\": \"sns:*\", \"Resource\": \"*\"}\n}\n");
    let path = world.path("deny.json").display().to_string();
    key(
        &world,
        &[
            "-p",
            "sops",
            "--read-only",
            "--policy",
            &path,
            "--policy=arn:aws:iam::aws:policy/AmazonSNSFullAccess",
            "--session-name",
            "agent@7",
            "--source-identity",
            "jo",
            "--tag",
            "team=sre",
            "--tag=Cost=a b",
            "--transitive-tag",
            "team",
        ],
    );
    let call = world.sts.last("AssumeRole");
    let sent = |name: &str| call.param(name).to_owned();
    assert_eq!(sent("PolicyArns.member.1.arn"), "arn:aws:iam::aws:policy/AmazonSNSFullAccess");
    assert_eq!(sent("PolicyArns.member.2.arn"), READ_ONLY);
    let policy =
        "{\"Statement\":{\"Action\":\"sns:*\",\"Effect\":\"Deny\",\"Resource\":\"*\"},\"Version\":\"2012-10-17\"}";
    assert_eq!(sent("Policy"), policy);
    assert_eq!((sent("RoleSessionName"), sent("SourceIdentity")), ("agent@7".to_owned(), "jo".to_owned()));
    assert_eq!((sent("Tags.member.1.Key"), sent("Tags.member.1.Value")), ("Cost".to_owned(), "a b".to_owned()));
    assert_eq!((sent("Tags.member.2.Key"), sent("Tags.member.2.Value")), ("team".to_owned(), "sre".to_owned()));
    assert_eq!(sent("TransitiveTagKeys.member.1"), "team");
    assert_eq!(world.sts.actions(), ["AssumeRole"], "the MFA session serves bounded roles too");
}

#[test]
fn a_profile_says_the_same_by_its_keys() {
    let world = world();
    world.write(
        ".aws/policies/deny.json",
        "{\"Statement\": {\"Effect\": \"Deny\", \"NotAction\": \"a\", \"Resource\": \"*\"}}",
    );
    world.append_config(&format!(
        "[profile agent]\nsource_profile = default\nmfa_serial = {}\nrole_arn = {}\naws_auth_policies = read-only, \
         policies/deny.json, arn:aws:iam::aws:policy/AmazonSNSFullAccess\nsource_identity = jo\nsession_tags = team = sre, \
         cost=1\ntransitive_session_tags = cost\n",
        seed::SERIAL,
        arn("sops")
    ));
    let got = key(&world, &["-p", "agent"]);
    let call = world.sts.last("AssumeRole");
    assert_eq!(call.param("PolicyArns.member.2.arn"), READ_ONLY);
    assert!(call.param("Policy").contains("NotAction"), "{call:?}");
    assert_eq!((call.param("SourceIdentity"), call.param("Tags.member.2.Value")), ("jo", "sre"));
    assert_eq!((call.param("Tags.member.1.Key"), call.param("TransitiveTagKeys.member.1")), ("cost", "cost"));
    // The directory does not matter, and the cache serves the next run.
    let elsewhere = world.aws_auth().args(["-p", "agent", "sh", "-c", "echo $AWS_ACCESS_KEY_ID"]).cwd("/").run();
    assert_eq!(elsewhere.success().stdout_text().trim_end(), got);
    // Options take the place of the profile's policies, for STS would allow what either of them allows; a tag that of the
    // tag with its key.
    key(&world, &["-p", "agent", "--read-only", "--tag", "TEAM=web"]);
    let call = world.sts.last("AssumeRole");
    assert_eq!((call.param("PolicyArns.member.1.arn"), call.param("PolicyArns.member.2.arn")), (READ_ONLY, ""));
    assert_eq!((call.param("Policy"), call.param("Tags.member.1.Value")), ("", "web"));
    assert_eq!((call.param("Tags.member.2.Value"), call.param("Tags.member.3.Key")), ("1", ""));
}

#[test]
fn roles_that_demand_an_identity_or_tags_can_be_used() {
    let world = world();
    let role = "arn:aws:iam::398263320410:role/strict";
    world.sts.add_role(Role::new(role).require_source_identity("jo").require_tag("team", "sre"));
    let options = ["-p", "sops", "--role-arn", role];
    world.sts.edit_role(arn("sops"), |role| role.trust.require_mfa = true);
    let output = world.aws_auth().args(options).arg("true").run();
    assert!(
        output.assert_status(125).stderr.contains("is not authorized to perform: sts:AssumeRole"),
        "{}",
        output.report()
    );
    key(&world, &[&options[..], &["--source-identity=jo", "--tag=team=sre"]].concat());
}

#[test]
fn each_bounded_request_has_an_entry_of_its_own() {
    let world = world();
    let all: &[&[&str]] = &[
        &[],
        &["--read-only"],
        &["--policy", "arn:aws:iam::aws:policy/AmazonSNSFullAccess"],
        &["--read-only", "--policy", "arn:aws:iam::aws:policy/AmazonSNSFullAccess"],
        &["--policy", "{\"Statement\": {\"Effect\": \"Deny\", \"Action\": \"a\", \"Resource\": \"*\"}}"],
        &["--policy", "{\"Statement\": {\"Effect\": \"Allow\", \"Action\": \"a\", \"Resource\": \"*\"}}"],
        &["--session-name", "agent"],
        &["--source-identity", "agent"],
        &["--tag", "agent=x"],
        &["--tag", "agent=x", "--transitive-tag", "agent"],
        &["--tag", "agent=x", "--tag", "x=agent"],
        &["--tag", "agent=y"],
        &["--read-only", "--session-name", "agent"],
        &["--read-only", "--source-identity", "agent"],
        &["--duration", "45m"],
        &["--read-only", "--duration", "45m"],
    ];
    let run = |options: &[&str]| key(&world, &[&["-p", "sops"], options].concat());
    let keys: Vec<String> = all.iter().map(|options| run(options)).collect();
    for (at, one) in keys.iter().enumerate() {
        assert!(keys[..at].iter().all(|other| other != one), "{:?} took the entry of another request", all[at]);
    }
    assert_eq!(world.sts.count("AssumeRole"), all.len());
    // Each pair, one after the other, in both orders: each run gets its own entry again.
    for (one, of_one) in all.iter().zip(&keys) {
        for (other, of_other) in all.iter().zip(&keys) {
            assert_eq!((&run(one), &run(other)), (of_one, of_other), "{one:?} and {other:?}");
        }
    }
    assert_eq!(world.sts.count("AssumeRole"), all.len(), "every run is served from its own entry");
    // The AWS CLI's cache has the two requests that it could make itself, and the one of the login.
    assert_eq!(world.cli_cache().len(), 3, "{:?}", world.cli_cache().keys());
    assert_eq!(own(&world, "role-").len(), all.len() - 2);
    // The order of policies and tags is no other request.
    let swapped = ["--policy", "arn:aws:iam::aws:policy/AmazonSNSFullAccess", "--read-only"];
    assert_eq!(run(&swapped), keys[3]);
    assert_eq!(run(&["--tag", "x=agent", "--tag", "agent=x"]), keys[10]);
    // A logout forgets them all.
    world.run(["-p", "sops", "--logout", "--role-only"]).success();
    assert_eq!(own(&world, "role-").len(), 1, "that of --duration is another request");
}

#[test]
fn read_only_credentials_are_refused_a_write() {
    let world = world();
    let next = "arn:aws:iam::398263320410:role/next";
    world.sts.add_role(Role::new(next).trusting(&[arn("sops")]));
    let nested = |options: &[&str]| {
        let inner = [crate::world::AWS_AUTH, "--role-arn", next, "true"];
        world.aws_auth().args(["-p", "sops"]).args(options).args(inner).run()
    };
    nested(&[]).success();
    let output = nested(&["--read-only"]);
    assert!(
        output.assert_status(125).stderr.contains("no session policy allows the sts:AssumeRole action"),
        "{}",
        output.report()
    );
    // Policies add up: what one of them allows is allowed.
    let allows = "{\"Statement\": {\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Resource\": \"*\"}}";
    nested(&["--read-only", "--policy", allows]).success();
    let last = world.sts.last("AssumeRole");
    assert_eq!((last.param("RoleArn"), last.param("PolicyArns.member.1.arn")), (next, READ_ONLY), "the bounds stay");
}

#[test]
fn what_is_certain_to_fail_is_refused_before_anything_is_asked() {
    let world = World::seeded();
    world.sts.clear_log();
    let role = arn("sops");
    let p = |options: &[&'static str]| [&["-p", "sops"], options].concat();
    for (options, text) in [
        (
            &["--policy", "arn:aws:iam::aws:role/x"][..],
            "--policy: 'arn:aws:iam::aws:role/x' is not the ARN of a managed policy; write arn:aws:iam::aws:policy/<name>, or arn:aws:iam::<12 digits of the account>:policy/<name>",
        ),
        (
            &["--policy", "none.json"],
            "--policy: cannot read the policy none.json (No such file or directory): write read-only, the ARN of a managed policy, or the path of a file with a policy in JSON",
        ),
        (
            &["--policy", "{\"Statement\": []}"],
            "--policy: not a session policy: it has no Statement; it looks like {\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:Get*\", \"Resource\": \"*\"}]}",
        ),
        (&["--policy", "{"], "--policy:1: not a policy in JSON (EOF while parsing an object): correct the file"),
        (
            &["--session-name", "a b"],
            "--session-name: 'a b' is not a name that STS takes; write 2 to 64 letters, digits or _+=,.@-",
        ),
        (
            &["--source-identity", "x"],
            "--source-identity: 'x' is not a name that STS takes; write 2 to 64 letters, digits or _+=,.@-",
        ),
        (&["--tag", "x"], "--tag: 'x' is not a tag; write KEY=VALUE"),
        (
            &["--tag", "aws:x=1"],
            "--tag: the key 'aws:x' begins with aws:, which AWS keeps for itself; name the tag otherwise",
        ),
        (
            &["--tag", "x=1", "--tag", "X=2"],
            "--tag: two session tags have the key 'x'; keep one of them; STS does not tell keys apart by capital letters",
        ),
        (
            &["--tag", "a#=x"],
            "--tag: 'a#' is not a key that STS takes for a tag; write 1 to 128 letters, digits, spaces or _.:/=+-@",
        ),
        (
            &["--tag", "a=x#"],
            "--tag: 'x#' is not a value that STS takes for a tag; write at most 256 letters, digits, spaces or _.:/=+-@",
        ),
        (
            &[
                "--policy",
                "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Deny\", \"Action\": \"a\", \"Resource\": \"*\"}}",
                "--policy",
                "{\"Statement\": {\"Effect\": \"Deny\", \"Action\": \"a\", \"Resource\": \"*\"}}",
            ],
            "--policy: the policies have different versions; write \"Version\": \"2012-10-17\" in all of them",
        ),
        (
            &["--transitive-tag", "x"],
            "--tag: the transitive key 'x' is not the key of a session tag; add a tag with that key (x=VALUE), or leave the key out",
        ),
    ] {
        refused(&world, &p(options), text);
    }
    let china = "arn:aws-cn:iam::aws:policy/ReadOnlyAccess";
    refused(
        &world,
        &p(&["--policy", china]),
        &format!(
            "--policy: the policy {china} is of the partition aws-cn, and the role {role} of aws; write arn:aws:… for this role"
        ),
    );
    let strange = "arn:aws:iam::123456789012:policy/x";
    refused(
        &world,
        &p(&["--policy", strange]),
        &format!(
            "--policy: the policy {strange} is of another account than the role {role}; name a policy of the role's account or of AWS, or write the policy into a file"
        ),
    );
    let arns: Vec<String> = (0..11).map(|n| format!("--policy=arn:aws:iam::aws:policy/p{n}")).collect();
    let eleven: Vec<&str> = ["-p", "sops"].into_iter().chain(arns.iter().map(String::as_str)).collect();
    refused(
        &world,
        &eleven,
        "--policy: 11 managed session policies, and STS takes at most 10; leave some out, or join them in a policy of the role's account",
    );
    let long = format!(
        "{{\"Statement\": {{\"Effect\": \"Deny\", \"Action\": \"{}\", \"Resource\": \"*\"}}}}",
        "a".repeat(2000)
    );
    world.write("long.json", long);
    let path = world.path("long.json").display().to_string();
    refused(
        &world,
        &["-p", "sops", "--policy", &path],
        "--policy: the session policies have 2058 characters, and STS takes at most 2048, ARNs included; make the policy a managed one of the role's account: then only its ARN counts",
    );
    let tags: Vec<String> = (0..51).map(|n| format!("--tag=k{n}=")).collect();
    let many: Vec<&str> = ["-p", "sops"].into_iter().chain(tags.iter().map(String::as_str)).collect();
    refused(&world, &many, "--tag: 51 session tags, and STS takes at most 50; leave some out");
    for action in ["--list", "--logout", "--switch-role-url", "--unset"] {
        let output = world.run(["-p", "sops", "--read-only", action]);
        output
            .assert_status(125)
            .assert_stderr(&format!("aws-auth: --read-only and {action} exclude each other; write one of them\n"));
    }
}

#[test]
fn a_key_of_a_profile_is_refused_with_its_place() {
    let world = World::seeded();
    let config = world.path(".aws/config").display().to_string();
    for (line, text) in [
        (
            "aws_auth_policies = readonly",
            format!(
                "cannot read the policy {} (No such file or directory): write read-only, the ARN of a managed policy, or the path of a file with a policy in JSON",
                world.path(".aws/readonly").display()
            ),
        ),
        ("aws_auth_policies = ,", "it names no policy; name one, or remove the line".to_owned()),
        ("session_tags = a", "'a' is not a tag; write KEY=VALUE".to_owned()),
        (
            "source_identity = a b",
            "'a b' is not a name that STS takes; write 2 to 64 letters, digits or _+=,.@-".to_owned(),
        ),
    ] {
        world.config(&format!("[profile p]\nrole_arn = {}\nsource_profile = default\n{line}\n", arn("sops")));
        let key = line.split(' ').next().unwrap();
        refused(&world, &["-p", "p"], &format!("{config}:4: {key}: {text}"));
    }
}

#[test]
fn without_a_role_nothing_runs() {
    let world = World::seeded();
    let over = "add --role-arn ARN, or write a profile with a role_arn and source_profile =";
    refused(
        &world,
        &["-p", "default", "--read-only"],
        &format!("--read-only needs a role that aws-auth assumes, and profile 'default' has none; {over} default"),
    );
    world.append_config(
        "[profile sso]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = \
         111111111111\nsso_role_name = Admin\n[profile nothing]\nregion = eu-west-1\n[profile keys]\naws_access_key_id = \
         AKIA\naws_secret_access_key = x\nsession_tags = a=b\n",
    );
    refused(
        &world,
        &["-p", "sso", "--policy", "read-only"],
        &format!(
            "--policy needs a role that aws-auth assumes, and IAM Identity Center gives the SSO role Admin as it is; assume a role with it: {over} sso"
        ),
    );
    refused(
        &world,
        &["-p", "nothing", "--tag", "a=b"],
        &format!("--tag needs a role, and profile 'nothing' names no credentials; {over} nothing"),
    );
    let config = world.path(".aws/config").display().to_string();
    let line = world.read(".aws/config").lines().position(|line| line.starts_with("session_tags")).unwrap() + 1;
    refused(
        &world,
        &["-p", "keys"],
        &format!(
            "{config}:{line}: session_tags needs a role that aws-auth assumes, and profile 'keys' has none; {over} keys"
        ),
    );
    // Keys in the environment that are not an outer run's pass through, and could do more than was asked for.
    for action in [&["true"][..], &["--whoami"], &["--export"], &["--explain"]] {
        let output = world.aws_auth().args(["--read-only"]).args(action).keys("AKIAX", "x", "").run();
        output.assert_status(125).assert_stderr(
            "aws-auth: --read-only needs a role that aws-auth assumes, and no profile is named: the environment's credentials \
             pass through; name a profile with a role (-p), or add --role-arn ARN\n",
        );
    }
    assert_eq!(world.sts.calls().len(), 0);
    world
        .aws_auth()
        .args(["--read-only", "--role-arn", arn("sops"), "true"])
        .keys("AKIAX", "x", "")
        .run()
        .assert_status(125);
    assert_eq!(world.sts.last("AssumeRole").param("PolicyArns.member.1.arn"), READ_ONLY);
}

#[test]
fn sts_says_what_it_does_not_take() {
    let world = world();
    let said = |fault: Fault| {
        world.sts.fault("AssumeRole", fault, 1);
        let output = world.aws_auth().args(["-p", "sops", "--read-only", "true"]).run();
        output.assert_status(125).stderr.clone()
    };
    let large = "Packed policy consumes 112% of allotted space, please use smaller policy.";
    let text = said(Fault::Refuse(400, "PackedPolicyTooLarge", large));
    let advice = "session policies and tags take 112% of the space that STS has for them; shorten the policy or the tags, or \
                  make the policy a managed one of the role's account\n";
    assert!(text.ends_with(advice), "{text}");
    let text = said(Fault::Refuse(400, "PackedPolicyTooLarge", "too large"));
    assert!(text.contains("session policies and tags take more space than STS has for them; shorten"), "{text}");
    let text = said(Fault::Refuse(400, "MalformedPolicyDocument", "Syntax errors in policy."));
    assert!(
        text.ends_with("\"Syntax errors in policy.\"; correct the session policy (--policy, aws_auth_policies)\n"),
        "{text}"
    );
    for action in ["sts:TagSession", "sts:SetSourceIdentity"] {
        let words = format!("User: x is not authorized to perform: {action} on resource: y").leak();
        let text = said(Fault::Refuse(403, "AccessDenied", words));
        let advice = format!("the role's trust policy and your own must allow {action}; ask the role's owner\n");
        assert!(text.ends_with(&advice), "{text}");
    }
}

#[test]
fn a_role_that_refuses_one_request_is_asked_another() {
    let world = world();
    world.sts.edit_role(arn("sops"), |role| role.trust.source_identity = Some("jo".to_owned()));
    for _ in 0..2 {
        world.aws_auth().args(["-p", "sops", "true"]).run().assert_status(125);
    }
    let refused = world.sts.count("AssumeRole");
    key(&world, &["-p", "sops", "--source-identity", "jo"]);
    assert_eq!(world.sts.count("AssumeRole"), refused + 1);
}

#[test]
fn every_report_says_that_credentials_are_bounded() {
    let world = world();
    let role = arn("sops");
    let bounded = ["-p", "sops", "--read-only"];
    let whoami = world.run([&bounded[..], &["--whoami"]].concat());
    assert!(whoami.success().stdout_text().ends_with("\nbounded  ReadOnlyAccess\n"), "{}", whoami.report());
    let report = |action: &str| json_of(world.run([&bounded[..], &[action, "--json"]].concat()).success());
    for action in ["--whoami", "--status", "--explain"] {
        assert_eq!(report(action)["bounded"], json!(["ReadOnlyAccess"]), "{action}");
        let unbounded = json_of(world.run(["-p", "main-infrastructure", action, "--json"]).success());
        assert_eq!(unbounded["bounded"], Value::Null, "{action}");
    }
    let explain =
        world.run([&bounded[..], &["--tag=a=b", "--transitive-tag=a", "--source-identity=jo", "--explain"]].concat());
    let text = explain.success().stdout_text();
    let how = "as session jo, bounded by ReadOnlyAccess (--read-only), with source identity jo (--source-identity), with \
               transitive tag a=b (--tag)";
    assert!(text.contains(how), "{text}");
    world.append_config(&format!(
        "[profile agent]\nsource_profile = default\nrole_arn = {role}\nmfa_serial = {}\naws_auth_policies = read-only\n",
        seed::SERIAL
    ));
    let list = json_of(world.run(["--list", "--json"]).success());
    let of =
        |name: &str| list.as_array().unwrap().iter().find(|row| row["profile"] == name).unwrap()["bounded"].clone();
    assert_eq!((of("agent"), of("sops")), (json!(["ReadOnlyAccess"]), Value::Null));
    let table = world.aws_auth().args(["--list"]).env("COLUMNS", "120").stdout_on_terminal().in_terminal();
    table.expect("sops-credentials-access (bounded)");
    // The line after a prompt, and -v.
    let world = World::seeded();
    let running = world.aws_auth().args(["-p", "sops", "--read-only", "true"]).in_terminal();
    answer(&world, &running, "sops", &world.fresh_code());
    let screen = masked(&running.wait().success().stderr);
    assert!(
        screen.contains(&format!("aws-auth: sops: role {role} (bounded by ReadOnlyAccess) until HH:MM")),
        "{screen}"
    );
}

/// A run of `sh -c SCRIPT` below a run with these options; in the script, `$A` is aws-auth.
fn under(world: &World, options: &[&str], script: &str) -> Output {
    world.aws_auth().env("A", crate::world::AWS_AUTH).args(options).args(["sh", "-c", script]).run()
}

#[test]
fn a_nested_run_stays_bounded_unless_it_names_a_profile() {
    let world = world();
    let outer = ["-p", "sops", "--read-only"];
    // Without a profile and bounds: the same keys, as they are.
    let output = under(&world, &outer, "echo $AWS_ACCESS_KEY_ID; exec \"$A\" -v sh -c 'echo $AWS_ACCESS_KEY_ID'");
    let text = output.success().stdout_text();
    let keys: Vec<&str> = text.lines().collect();
    assert_eq!(keys[0], keys[1]);
    assert!(
        output.stderr.contains("pass through, bounded by ReadOnlyAccess as they are, and no call is made"),
        "{}",
        output.report()
    );
    let status = json_of(under(&world, &outer, "exec \"$A\" --status --json").success());
    assert_eq!((&status["bounded"], &status["profile"]), (&json!(["ReadOnlyAccess"]), &json!("sops")));
    // They are renewed with the same bounds when they have too little left, also from there on.
    world.sts.clear_log();
    let policy = "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"sts:*\",\"Resource\":\"*\"}}";
    world.write("p.json", policy);
    let path = world.path("p.json").display().to_string();
    let script = "rm \"$HOME/p.json\"; exec \"$A\" --refresh --min-ttl 59m \"$A\" --refresh --min-ttl 59m \"$A\" --status --json";
    world.sts.set_role_lifetime(Some(3000));
    let output = under(&world, &["-p", "sops", "--policy", &path, "--session-name", "x1", "--tag", "a=b"], script);
    let sent = |call: &crate::world::sts::Call| {
        [call.param("Policy"), call.param("RoleSessionName"), call.param("Tags.member.1.Value")].map(String::from)
    };
    let calls = world.sts.calls();
    assert_eq!(calls.len(), 3, "{}", output.report());
    assert!(calls.iter().all(|call| sent(call) == sent(&calls[0])) && !sent(&calls[0])[0].is_empty(), "{calls:?}");
    assert_eq!(json_of(output.success())["bounded"], json!(["a policy in JSON"]));
    world.sts.set_role_lifetime(None);
    // One that names a profile gets that profile.
    world.sts.clear_log();
    under(&world, &outer, "exec \"$A\" -p main-infrastructure --refresh true").success();
    assert_eq!(world.sts.last("AssumeRole").param("PolicyArns.member.1.arn"), "");
    let status = json_of(under(&world, &outer, "exec \"$A\" -p main-infrastructure \"$A\" --status --json").success());
    assert_eq!(status["bounded"], Value::Null);
}

#[test]
fn a_nested_run_that_asks_for_bounds_bounds_the_outer_profile() {
    let world = world();
    let role = arn("sops");
    let next = "arn:aws:iam::398263320410:role/next";
    world.sts.add_role(Role::new(next).trusting(&[role]));
    under(&world, &["-p", "sops"], "exec \"$A\" --read-only true").success();
    let last = world.sts.last("AssumeRole");
    assert_eq!((last.param("RoleArn"), last.param("PolicyArns.member.1.arn")), (role, READ_ONLY));
    // With the outer run's --role-arn and --duration, and its other options about the session.
    let options = ["-p", "sops", "--role-arn", next, "--duration", "45m", "--tag", "a=b", "--session-name", "outer"];
    under(&world, &options, "exec \"$A\" --read-only --tag c=d true").success();
    let last = world.sts.last("AssumeRole");
    assert_eq!(
        (last.param("RoleArn"), last.param("DurationSeconds"), last.param("PolicyArns.member.1.arn")),
        (next, "2700", READ_ONLY)
    );
    assert_eq!(
        (last.param("RoleSessionName"), last.param("Tags.member.1.Key"), last.param("Tags.member.2.Key")),
        ("outer", "a", "c")
    );
    // The same bounds once more are no other ones; a name beside them leaves them.
    under(&world, &["-p", "sops", "--read-only"], "exec \"$A\" --read-only true").success();
    under(&world, &["-p", "sops", "--read-only"], "exec \"$A\" --session-name inner true").success();
    let last = world.sts.last("AssumeRole");
    assert_eq!((last.param("RoleSessionName"), last.param("PolicyArns.member.1.arn")), ("inner", READ_ONLY));
    // Other policies would allow what either of them allows.
    let count = world.sts.count("AssumeRole");
    world.append_config(&format!("[profile agent]\nsource_profile = default\nmfa_serial = {}\nrole_arn = {role}\naws_auth_policies = read-only\n", seed::SERIAL));
    for outer in [&["-p", "sops", "--read-only"][..], &["-p", "agent"]] {
        let output = under(&world, outer, "exec \"$A\" --policy arn:aws:iam::aws:policy/AdministratorAccess true");
        output.assert_status(125).assert_stderr(
            "aws-auth: the outer aws-auth has bounded these credentials by ReadOnlyAccess, and other policies would take their \
             place; name a profile with -p to bound it by --policy alone\n",
        );
    }
    assert_eq!(world.sts.count("AssumeRole"), count);
    // The role of --role-arn is bounded as the keys are that assume it.
    let allows = "{\"Statement\": {\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Resource\": \"*\"}}";
    under(&world, &["-p", "sops", "--policy", allows], &format!("exec \"$A\" --role-arn {next} true")).success();
    let last = world.sts.last("AssumeRole");
    assert_eq!(last.param("RoleArn"), next);
    assert!(last.param("Policy").contains("sts:AssumeRole"), "{last:?}");
    // Keys that are not the outer run's any more are nobody's to bound.
    let output = under(&world, &["-p", "sops"], "AWS_ACCESS_KEY_ID=AKIAOTHER exec \"$A\" --read-only true");
    output
        .assert_status(125)
        .assert_stderr_contains("--read-only needs a role that aws-auth assumes, and no profile is named");
}

#[test]
fn renewals_stay_bounded_whatever_becomes_of_the_file() {
    let world = world();
    world.write("it's # a; p.json", "{\"Statement\": {\"Sid\": \"it's # a; $HOME `x` \\\\ b\", \"Effect\": \"Deny\", \"Action\": \"a\", \"Resource\": \"*\"}}");
    let path = world.path("it's # a; p.json").display().to_string();
    let options = [
        "-p",
        "sops",
        "--keep-fresh",
        "--read-only",
        "--policy",
        &path,
        "--session-name",
        "x1",
        "--source-identity",
        "jo",
        "--tag",
        "a=b c",
    ];
    let renew = "rm \"$HOME\"/it*; rm -f \"$HOME\"/.cache/aws-auth/role-*; sh -c \"$(sed -n '/^\\[profile sops]/,$s/^credential_process = //p' \"$AWS_CONFIG_FILE\")\"";
    let output = world.aws_auth().args(options).args(["sh", "-c", renew]).secrets_may_show().run();
    assert!(output.success().stdout_text().contains("\"SessionToken\""), "{}", output.report());
    let calls: Vec<_> = world.sts.calls().into_iter().filter(|call| call.action == "AssumeRole").collect();
    let sent: Vec<_> = calls.iter().map(|call| call.params.clone()).collect();
    assert_eq!(sent.len(), 2, "{}", output.report());
    assert_eq!(sent[0], sent[1]);
    assert!(sent[0]["Policy"].contains("it's # a; $HOME `x` "), "{sent:?}");
    // An action below it that asks for bounds gets the outer profile's, with them.
    let below = "exec \"$A\" --tag c=d --whoami --json";
    let output = world
        .aws_auth()
        .env("A", crate::world::AWS_AUTH)
        .args(["-p", "sops", "--keep-fresh", "--read-only", "sh", "-c", below])
        .run();
    assert_eq!(json_of(output.success())["bounded"], json!(["ReadOnlyAccess"]));
}

#[test]
fn the_console_and_an_export_are_bounded() {
    let world = world();
    let run = |action: &str| {
        let run = world.aws_auth().args(
            ["-p", "sops", "--read-only", action, "--no-browser"][..if action == "--console" { 5 } else { 4 }].iter(),
        );
        run.env("AWS_ENDPOINT_URL_SIGNIN", world.sts.endpoint()).secrets_may_show().run()
    };
    assert!(run("--console").success().stdout_text().contains("/federation?Action=login"));
    assert_eq!(world.sts.last("AssumeRole").param("PolicyArns.member.1.arn"), READ_ONLY);
    let script = run("--export").success().stdout_text();
    let bounded = world.sts.issued().into_values().find(|issued| script.contains(&issued.access_key_id)).unwrap();
    assert!(bounded.policies.is_some());
    assert_eq!(world.sts.count("AssumeRole"), 1, "both have the one bounded entry");
}

#[test]
fn a_web_identity_takes_policies_and_a_name() {
    let world = World::new();
    let pod = "arn:aws:iam::111111111111:role/pod";
    world.sts.add_role(Role::new(pod));
    world.sts.accept_web_identity("token", "x");
    let token = world.write("token", "token").display().to_string();
    world.config(&format!("[profile pod]\nrole_arn = {pod}\nweb_identity_token_file = {token}\n"));
    let ids: Vec<String> =
        [&[][..], &["--read-only"], &["--session-name", "n1"], &["--read-only", "--session-name", "n1"]]
            .iter()
            .flat_map(|options| {
                [key(&world, &[&["-p", "pod"], *options].concat()), key(&world, &[&["-p", "pod"], *options].concat())]
            })
            .collect();
    let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!((distinct.len(), world.sts.calls().len()), (4, 4), "each has its own entry, and is served from it");
    let call = world.sts.last("AssumeRoleWithWebIdentity");
    assert_eq!((call.param("PolicyArns.member.1.arn"), call.param("RoleSessionName")), (READ_ONLY, "n1"));
    assert_eq!((own(&world, "role-").len(), world.cli_cache().len()), (3, 1));
    world.sts.clear_log();
    for (option, value) in [("--source-identity", "jo"), ("--tag", "a=b")] {
        let text = format!(
            "{option}: the role {pod} is assumed with the token of an identity provider, and such a call takes none; let the identity provider put it into the token, or leave it out"
        );
        refused(&world, &["-p", "pod", option, value], &text);
    }
    // By variables, as in a job of CI.
    world.config("");
    let job = world
        .aws_auth()
        .args(["--read-only", "--whoami", "--json"])
        .env("AWS_ROLE_ARN", pod)
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", &token)
        .run();
    assert_eq!(json_of(job.success())["bounded"], json!(["ReadOnlyAccess"]));
    world.config(&format!("[profile pod]\nrole_arn = {pod}\nweb_identity_token_file = {token}\n"));
    world.run(["-p", "pod", "--logout"]).success();
    assert_eq!((own(&world, "role-").len(), world.cli_cache().len()), (0, 0));
}
