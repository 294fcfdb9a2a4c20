//! Answers of STS that no command may be given: of another role, not one word each, without an end, ended already.

use crate::world::World;
use crate::world::sts::{Fault, Role};

const OPEN: &str = "arn:aws:iam::111122223333:role/open";

/// A world with a role that asks for no MFA, whose answers are changed so.
fn world(change: fn(String) -> String) -> World {
    faulty(Fault::Rewrite(change))
}

fn faulty(fault: Fault) -> World {
    let world = World::seeded();
    world.sts.add_role(Role::new(OPEN));
    world.append_config(&format!("[profile open]\nsource_profile = default\nrole_arn = {OPEN}\n"));
    world.sts.fault("AssumeRole", fault, 9);
    world
}

/// The text with something before the end of this element.
fn before_the_end(xml: &str, element: &str, text: &str) -> String {
    let end = format!("</{element}>");
    xml.replacen(&end, &format!("{text}x{end}"), 1)
}

/// The run fails with these words of STS, and keeps nothing.
#[track_caller]
fn fails(world: &World, words: &str) {
    let run = world.aws_auth().profile("open").args(["sh", "-c", "echo ran"]).run();
    run.assert_status(125).assert_stdout("");
    run.assert_stderr(&format!("aws-auth: STS at {} {words}\n", world.sts.endpoint()));
    assert!(world.cli_cache().is_empty());
}

#[test]
fn credentials_of_another_role() {
    for (change, given) in [
        (
            (|xml| xml.replace("assumed-role/open/", "assumed-role/other/")) as fn(String) -> String,
            "arn:aws:sts::111122223333:assumed-role/other/aws-auth",
        ),
        (
            |xml| xml.replace("sts::111122223333", "sts::999999999999"),
            "arn:aws:sts::999999999999:assumed-role/open/aws-auth",
        ),
        (|xml| xml.replace(":sts:", ":iam:"), "arn:aws:iam::111122223333:assumed-role/open/aws-auth"),
    ] {
        fails(
            &world(change),
            &format!(
                "answered with credentials of another role ({given}); {OPEN} was asked for; check the endpoint, and what \
                 stands in between"
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
        "answered without credentials; try again; if it stays, something between here and AWS alters the answers",
    );
}

#[test]
fn credentials_that_are_not_one_word_each() {
    for (change, part) in [
        ((|xml| before_the_end(&xml, "AccessKeyId", "&#10;")) as fn(String) -> String, "access key id"),
        (|xml| before_the_end(&xml, "SecretAccessKey", "\n"), "secret access key"),
        (|xml| before_the_end(&xml, "SessionToken", "&#27;[2J"), "session token"),
    ] {
        fails(
            &world(change),
            &format!(
                "gave credentials with a control character in the {part}; each part is one word without a line end"
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
