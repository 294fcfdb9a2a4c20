//! Answers of STS that must not reach a command: for another role, with several words in a value, without an
//! expiration, or already expired.

use crate::kit::{OPEN, add_open};
use crate::world::World;
use crate::world::sts::Fault;

/// Changes an answer of STS before aws-auth gets it.
type Change = fn(String) -> String;

/// A world with a role that needs no MFA, and an STS whose answers go through `change`.
fn world(change: Change) -> World {
    faulty(Fault::Rewrite(change))
}

fn faulty(fault: Fault) -> World {
    let world = World::seeded();
    add_open(&world);
    world.sts.fault("AssumeRole", fault, 9);
    world
}

/// The answer with `text` inserted before the end tag of `element`.
fn before_the_end(xml: &str, element: &str, text: &str) -> String {
    let end = format!("</{element}>");
    xml.replacen(&end, &format!("{text}x{end}"), 1)
}

/// Asserts that the run fails with these words about STS, and that nothing is cached.
#[track_caller]
fn fails(world: &World, words: &str) {
    let run = world.aws_auth().profile("open").args(["sh", "-c", "echo ran"]).run();
    run.assert_status(125).assert_stdout("");
    run.assert_stderr(&format!("aws-auth: STS at {} {words}\n", world.sts.endpoint()));
    assert!(world.cli_cache().is_empty());
}

#[test]
fn credentials_of_another_role() {
    let user = crate::kit::user_name();
    for (change, given) in [
        (
            (|xml| xml.replace("assumed-role/open/", "assumed-role/other/")) as Change,
            "arn:aws:sts::111122223333:assumed-role/other/",
        ),
        (|xml| xml.replace("sts::111122223333", "sts::999999999999"), "arn:aws:sts::999999999999:assumed-role/open/"),
        (|xml| xml.replace(":sts:", ":iam:"), "arn:aws:iam::111122223333:assumed-role/open/"),
    ] {
        fails(
            &world(change),
            &format!(
                "answered with credentials of another role ({given}{user}): {OPEN} was asked for; check the endpoint and any \
                 proxy in between"
            ),
        );
    }
}

#[test]
fn an_answer_without_a_role() {
    let world = world(|xml| {
        let (start, end) = (xml.find("<Arn>").unwrap(), xml.find("</Arn>").unwrap() + 6);
        xml[..start].to_owned() + &xml[end..]
    });
    fails(
        &world,
        "answered without credentials; try again; if it happens again, something between here and AWS changes the \
         answers",
    );
}

#[test]
fn credentials_that_are_not_one_word_each() {
    for (change, part) in [
        ((|xml| before_the_end(&xml, "AccessKeyId", "&#10;")) as Change, "access key id"),
        (|xml| before_the_end(&xml, "SecretAccessKey", "\n"), "secret access key"),
        (|xml| before_the_end(&xml, "SessionToken", "&#27;[2J"), "session token"),
    ] {
        fails(
            &world(change),
            &format!(
                "gave credentials with a control character in the {part}; each part must be one word without a line \
                 break"
            ),
        );
    }
}

#[test]
fn an_answer_without_an_end_does_not_fill_the_memory() {
    let words =
        "answered with more than 1 MiB; check the endpoint, and whether a proxy or a captive portal stands in between";
    for status in [200, 403, 503] {
        let world = faulty(Fault::Endless(status));
        fails(&world, words);
        world.sts.fault("GetSessionToken", Fault::Endless(status), 9);
        let run = world.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).arg("true").run();
        run.assert_status(125).assert_stderr(&format!("aws-auth: STS at {} {words}\n", world.sts.endpoint()));
        assert_eq!(world.sts.count("GetSessionToken"), 1, "a code is sent once");
    }
}

/// The answer with another Expiration.
fn expiring(xml: &str, end: &str) -> String {
    let (start, rest) = xml.split_once("<Expiration>").unwrap();
    let (_, rest) = rest.split_once("</Expiration>").unwrap();
    format!("{start}<Expiration>{end}</Expiration>{rest}")
}

#[test]
fn every_way_to_write_an_end_is_kept_as_the_aws_cli_writes_it() {
    let ends: [(Change, &str); 6] = [
        (|xml| expiring(&xml, "2100-01-01T00:00:00Z"), "2100-01-01T00:00:00Z"),
        (|xml| expiring(&xml, "2100-01-01T00:00:00.999Z"), "2100-01-01T00:00:00Z"),
        (|xml| expiring(&xml, "2100-01-01T00:00:00+00:00"), "2100-01-01T00:00:00Z"),
        (|xml| expiring(&xml, "2100-01-01T02:00:00+02:00"), "2100-01-01T00:00:00Z"),
        // The latest time that can be shown in every time zone.
        (|xml| expiring(&xml, "9999-12-30T22:00:00Z"), "9999-12-30T22:00:00Z"),
        (|xml| expiring(&xml, "9999-12-31T23:59:59Z"), "9999-12-30T22:00:00Z"),
    ];
    for (change, kept) in ends {
        let world = world(change);
        for _ in 0..2 {
            let child = world.aws_auth().profile("open").args(["env", "-0"]).run().env_of_child();
            assert_eq!(child["AWS_CREDENTIAL_EXPIRATION"], kept);
        }
        assert_eq!(world.sts.actions(), ["AssumeRole"]);
        let cache = world.cli_cache();
        assert_eq!(cache.values().next().unwrap()["Credentials"]["Expiration"], kept);
    }
}

#[test]
fn a_session_without_an_end_is_kept() {
    let world = World::seeded();
    world.sts.fault("GetSessionToken", Fault::Rewrite(|xml| expiring(&xml, "9999-12-31T23:59:59Z")), 1);
    let run = || world.aws_auth().args(["-p", "sops", "--refresh", "true"]);
    run().env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
    run().run().success().assert_stderr("");
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
}

#[test]
fn credentials_that_have_ended_already() {
    let world = world(|xml| expiring(&xml, "2001-02-03T12:05:06Z"));
    let run = world.aws_auth().profile("open").args(["sh", "-c", "echo ran"]).run();
    run.assert_status(125).assert_stdout("");
    assert_eq!(
        crate::kit::masked(&run.stderr),
        format!(
            "aws-auth: STS at {} gave credentials that have expired already, at 2001-02-03 HH:MM; the clock of this machine \
             may be off; set it (timedatectl set-ntp true)\n",
            world.sts.endpoint()
        )
    );
    assert!(world.cli_cache().is_empty());
}

#[test]
fn an_end_that_is_missing_or_none() {
    fails(
        &world(|xml| xml.replace("Expiration", "Elsewhere")),
        "answered without credentials; try again; if it happens again, something between here and AWS changes the \
         answers",
    );
    fails(
        &world(|xml| expiring(&xml, "soon")),
        "answered with status 200 and something that is not an answer from STS; check the endpoint, and whether a \
         proxy or a \
         captive portal stands in between",
    );
}
