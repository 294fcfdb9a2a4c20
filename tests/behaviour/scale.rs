//! Files of extreme size and shape: they give a result or an error in bounded memory and time. Every run of the world
//! is killed after a minute.

use crate::world::{Invocation, Output, World, seed};
use std::fmt::Write as _;

/// The limit for the address space, in bytes. A few threads and the libraries already use part of it.
const MEMORY: u64 = 512 * 1024 * 1024;

fn bounded(run: Invocation<'_>) -> Output {
    let limit = rustix::process::Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) };
    #[allow(unsafe_code)]
    // SAFETY: setrlimit(2) is async-signal-safe.
    let run = run.prepare(move |command| unsafe {
        use std::os::unix::process::CommandExt as _;
        command.pre_exec(move || Ok(rustix::process::setrlimit(rustix::process::Resource::As, limit)?));
    });
    run.run()
}

fn env_of(world: &World, profile: &str) -> Output {
    let code = world.fresh_code();
    bounded(world.aws_auth().args(["-p", profile, "env", "-0"]).env("AWS_AUTH_MFA_TOKEN", code))
}

#[test]
fn ten_thousand_profiles() {
    let world = World::seeded();
    let mut config = String::new();
    for number in 0..10_000 {
        let account = 100_000_000_000_u64 + number;
        writeln!(
            config,
            "[profile p{number}]\nsource_profile = default\nmfa_serial = {}\nrole_arn = arn:aws:iam::{account}:role/r",
            seed::SERIAL
        )
        .unwrap();
    }
    world.append_config(&config);
    world.sts.add_role(crate::world::Role::new("arn:aws:iam::100000009999:role/r"));
    let child = env_of(&world, "p9999").env_of_child();
    assert_eq!(child["AWS_ACCOUNT_ID"], "100000009999");
    let output = bounded(world.aws_auth().args(["-p", "p99999", "true"]));
    output.assert_status(125).assert_stderr_contains("there is no profile 'p99999' (--profile): did you mean p9999");
}

#[test]
fn a_file_of_100_megabytes() {
    let world = World::seeded();
    let text = world.read(".aws/config");
    let mut filler = String::with_capacity(101 << 20);
    while filler.len() < 100 << 20 {
        filler.push_str("# a comment that a generator wrote many times\n");
    }
    filler.push_str(&text);
    world.config(&filler);
    env_of(&world, "sops").success();
}

#[test]
fn a_line_of_10_megabytes() {
    let world = World::seeded();
    world.append_config(&format!("[profile long]\noutput = {}\n", "x".repeat(10 << 20)));
    env_of(&world, "sops").success();
    // As a setting of the profile itself, it is too large for the command's environment.
    let output = bounded(world.aws_auth().args(["-p", "long", "--role-arn", "arn:aws:iam::1:role/r", "true"]));
    output.assert_status(125);
}

#[test]
fn a_circle_of_20_profiles() {
    let world = World::seeded();
    let mut config = String::new();
    for number in 0..20 {
        let next = (number + 1) % 20;
        writeln!(config, "[profile c{number}]\nsource_profile = c{next}\nrole_arn = arn:aws:iam::123456789012:role/r")
            .unwrap();
    }
    world.config(&config);
    let circle: Vec<String> = (0..=20).map(|number| format!("c{}", number % 20)).collect();
    let output = bounded(world.aws_auth().args(["-p", "c0", "true"]));
    output.assert_status(125).assert_stderr(&format!(
        "aws-auth: {}:59: source_profile goes in a circle: {}; one of them must name a profile that has keys of its own\n",
        world.path(".aws/config").display(),
        circle.join(" -> ")
    ));
    assert_eq!(world.sts.connections(), 0);
}
