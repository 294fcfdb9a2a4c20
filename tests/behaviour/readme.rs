//! Every command that the README shows is run, with programs of the same name in the place of sops, terraform and
//! docker; what cannot be run here is named with the reason.

use crate::console::federation;
use crate::kit::log_in;
use crate::world::{AWS_AUTH, World};
use std::path::Path;

/// What is done with a line of the README.
enum Line {
    /// Bash runs it, and its output holds this.
    Run(&'static str),
    /// It is no command line to run here, and this is why.
    Leave(&'static str),
}
use Line::{Leave, Run};

/// Each line that speaks of aws-auth, by its beginning.
const LINES: &[(&str, Line)] = &[
    ("AWS_PROFILE=sops aws-auth sops -d", Run("sops -d logins.enc with ASIA")),
    ("AWS_PROFILE=development-infrastructure aws-auth terraform", Run("terraform plan with ASIA")),
    ("alias tf=", Run("")),
    ("plan: ; aws-auth terraform plan", Leave("a recipe; the tests of outside tools run real Makefiles")),
    ("$ AWS_PROFILE=sops aws-auth sops", Leave("a recorded session")),
    ("aws-auth: ", Leave("what aws-auth says")),
    ("aws-auth [OPTIONS]", Leave("a synopsis")),
    ("aws-auth -p production-infrastructure --keep-fresh", Leave("the tests of --keep-fresh run its like")),
    ("make bench", Leave("it measures for minutes; make bench-check runs in CI")),
    ("make deb", Leave("the tests of outside tools build and install the package")),
    ("aws-auth -p sops --shell", Run("")),
    ("eval \"$(aws-auth -p sops --export)\"", Run("")),
    ("aws-auth -p sops --export=fish", Leave("the tests of --export run it in fish")),
    ("aws-auth -p sops --export=powershell", Leave("there is no PowerShell here")),
    ("PS1='$(aws-auth --status", Run("")),
    ("credential_process = ", Leave("a line of a profile; the tests of outside tools give it to an SDK")),
    ("docker run --rm --env-file", Run("AWS_SESSION_TOKEN=")),
    ("aws-auth -p production-infrastructure --console=billing", Run("")),
    ("aws-auth -p production-infrastructure --console --no-browser", Run("/federation?Action=login&")),
    ("aws-auth -p production-infrastructure --switch-role-url", Run("https://signin.aws.amazon.com/switchrole?")),
    ("pipeline { agent any;", Leave("Jenkins'")),
    ("- run: aws-auth terraform plan", Leave("GitHub's")),
    ("image: example/terraform-with-aws-auth", Leave("Kubernetes'")),
    ("command: [aws-auth, terraform, plan]", Leave("Kubernetes'")),
    ("$ aws-auth -p sops --explain", Leave("a recorded session")),
    ("$ aws-auth -p dev --login", Leave("a recorded session")),
    ("make install", Leave("the tests of outside tools install it")),
];

fn world() -> World {
    let world = World::seeded();
    std::fs::create_dir(world.path("bin")).unwrap();
    std::os::unix::fs::symlink(AWS_AUTH, world.path("bin/aws-auth")).unwrap();
    for program in ["sops", "terraform"] {
        world.script(format!("bin/{program}"), &format!("#!/bin/sh\necho {program} \"$@\" with $AWS_ACCESS_KEY_ID\n"));
    }
    world.script("bin/docker", "#!/bin/sh\nshift 3\nexec cat \"$1\"\n");
    world.script("bin/browser", "#!/bin/bash\nhost=${1#http://}; path=/${host#*/}; host=${host%%/*}\nexec 3<>\"/dev/tcp/${host%:*}/${host#*:}\"; printf 'GET %s HTTP/1.1\\r\\n\\r\\n' \"$path\" >&3; cat <&3 >/dev/null\n");
    log_in(&world, "sops");
    world
}

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

#[test]
fn every_command_of_the_readme_runs() {
    let (world, web, readme) = (world(), federation(), readme());
    let mut unseen: Vec<&str> = LINES.iter().map(|(start, _)| *start).collect();
    for line in readme.lines().filter_map(|line| line.strip_prefix("    ")).map(str::trim_start) {
        if !(line.contains("aws-auth") || line.starts_with("make ")) || line.starts_with("make demo") {
            continue;
        }
        let Some((start, what)) = LINES.iter().find(|(start, _)| line.starts_with(start)) else {
            panic!("the README shows a line that no test knows: {line}");
        };
        unseen.retain(|known| known != start);
        let words = match what {
            Run(words) => words,
            Leave(reason) => {
                assert!(!reason.is_empty());
                continue;
            }
        };
        let output = world
            .command("bash")
            .env("PATH", format!("{}:/usr/bin:/bin", world.path("bin").display()))
            .env("SHELL", "/bin/true")
            .env("BROWSER", "browser")
            .env("AWS_ENDPOINT_URL_SIGNIN", web.endpoint())
            .secrets_may_show()
            .args(["-c", line])
            .run();
        output.success();
        assert!(output.stdout_text().contains(words), "{line}\n{}", output.report());
    }
    assert_eq!(unseen, [""; 0], "no longer in the README");
}

#[test]
fn the_demo_of_the_readme_is_a_target_of_the_makefile() {
    let makefile = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Makefile")).unwrap();
    for target in ["demo", "install", "deb", "test"] {
        assert!(makefile.lines().any(|line| line.starts_with(&format!("{target}:"))), "make {target}");
        assert!(readme().contains(&format!("make {target}")), "the README says nothing of make {target}");
    }
}
