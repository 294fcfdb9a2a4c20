//! Runs the commands in the README, with scripts named sops, terraform and docker. Commands that cannot run here are
//! listed with the reason.

use crate::kit::log_in;
use crate::world::{AWS_AUTH, World};
use std::path::Path;

/// What the test does with a line of the README.
enum Line {
    /// Run it with bash; the output contains this.
    Run(&'static str),
    /// Do not run it, for this reason.
    Leave(&'static str),
}
use Line::{Leave, Run};

/// Each line that mentions aws-auth, by its beginning.
const LINES: &[(&str, Line)] = &[
    ("AWS_PROFILE=sops aws-auth sops -d", Run("sops -d logins.enc with ASIA")),
    ("AWS_PROFILE=development-infrastructure aws-auth terraform", Run("terraform plan with ASIA")),
    ("alias tf=", Run("")),
    ("plan: ; aws-auth terraform plan", Leave("a recipe; tests/outside runs real Makefiles")),
    ("$ AWS_PROFILE=sops aws-auth sops", Leave("a recorded session")),
    ("aws-auth: ", Leave("a message of aws-auth")),
    ("aws-auth [OPTIONS]", Leave("a synopsis")),
    ("aws-auth -p production-infrastructure --keep-fresh", Leave("the tests of --keep-fresh run similar commands")),
    ("make bench", Leave("takes minutes; CI runs make bench-check")),
    ("make deb", Leave("tests/outside builds and installs the package")),
    ("aws-auth -p sops env", Run("AWS_SESSION_TOKEN=FwoGZXIv")),
    ("aws-auth -p sops --shell", Run("")),
    ("eval \"$(aws-auth -p sops --export)\"", Run("")),
    ("aws-auth -p sops --export=fish", Leave("the tests of --export run fish")),
    ("aws-auth -p sops --export=powershell", Leave("needs PowerShell")),
    ("PS1='$(aws-auth --status", Run("")),
    ("credential_process = ", Leave("a line of a profile; tests/outside uses it with an SDK")),
    ("docker run --rm --env-file", Run("AWS_SESSION_TOKEN=")),
    ("aws-auth -p production-infrastructure --console=billing", Run("")),
    ("aws-auth -p production-infrastructure --console --no-browser", Run("/federation?Action=login&")),
    ("aws-auth -p production-infrastructure --switch-role-url", Run("https://signin.aws.amazon.com/switchrole?")),
    ("pipeline { agent any;", Leave("needs Jenkins")),
    ("- run: aws-auth terraform plan", Leave("needs GitHub Actions")),
    ("image: example/terraform-with-aws-auth", Leave("needs Kubernetes")),
    ("command: [aws-auth, terraform, plan]", Leave("needs Kubernetes")),
    ("$ aws-auth -p sops --explain", Leave("a recorded session")),
    ("$ aws-auth -p dev --login", Leave("a recorded session")),
    ("make install", Leave("tests/outside runs it")),
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
    let (world, readme) = (world(), readme());
    let mut unseen: Vec<&str> = LINES.iter().map(|(start, _)| *start).collect();
    for line in readme.lines().filter_map(|line| line.strip_prefix("    ")).map(str::trim_start) {
        if !(line.contains("aws-auth") || line.starts_with("make ")) || line.starts_with("make demo") {
            continue;
        }
        let Some((start, what)) = LINES.iter().find(|(start, _)| line.starts_with(start)) else {
            panic!("this line of the README is not in LINES: {line}");
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
            .env("AWS_ENDPOINT_URL_SIGNIN", world.sts.endpoint())
            .secrets_may_show()
            .args(["-c", line])
            .run();
        output.success();
        assert!(output.stdout_text().contains(words), "{line}\n{}", output.report());
    }
    assert_eq!(unseen, [""; 0], "these lines are no longer in the README");
}

#[test]
fn the_demo_of_the_readme_is_a_target_of_the_makefile() {
    let makefile = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Makefile")).unwrap();
    for target in ["demo", "install", "deb", "test"] {
        assert!(makefile.lines().any(|line| line.starts_with(&format!("{target}:"))), "make {target}");
        assert!(readme().contains(&format!("make {target}")), "the README does not mention make {target}");
    }
}

/// The text of all other tests, which hold the messages that they expect. Strings over several lines are joined.
fn outputs_of_the_tests() -> String {
    fn collect(directory: &Path, all: &mut String) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                collect(&path, all);
            } else if name != "readme.rs" {
                all.push_str(&std::fs::read_to_string(&path).unwrap().replace("\\\"", "\""));
                all.push('\n');
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A call that times out would take too long in a test of the binary, so it has a unit test.
    let mut all = std::fs::read_to_string(root.join("src/aws/sts/tests.rs")).unwrap();
    collect(&root.join("tests/behaviour"), &mut all);
    collect(&root.join("tests/plan_cases"), &mut all);
    let continued = all.replace("\\\n", "\n");
    continued.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_message_that_the_readme_explains_is_one_that_a_test_sees() {
    let readme = readme();
    let section = readme.split_once("## When something goes wrong").unwrap().1.split_once("\n## ").unwrap().0;
    let outputs = outputs_of_the_tests();
    let mut seen = 0;
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let messages = row[1..].split(" | ").next().unwrap().split('`').skip(1).step_by(2);
        for message in messages {
            // In the tests, the endpoint's address comes before "says".
            let message = message.replace("STS says", "… says");
            for part in message.split('…').map(str::trim).filter(|part| !part.is_empty()) {
                assert!(outputs.contains(part), "no test sees a message with {part:?}: {row}");
            }
            seen += 1;
        }
    }
    assert!(seen > 80, "only {seen} messages were found");
}

/// The names of options, keys and variables in a table of the README, without its last column, which is prose.
fn names_of_a_table(readme: &str, heading: &str) -> Vec<String> {
    let section = readme.split_once(heading).unwrap().1.split_once("\n## ").unwrap().0;
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    let cells = rows.flat_map(|row| row.rsplit_once(" | ").unwrap().0.split(" | ").collect::<Vec<_>>());
    let word = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let words = cells.flat_map(|cell| cell.split(move |c| !word(c)).map(str::to_owned).collect::<Vec<_>>());
    let is_name = |word: &String| word.contains('_') || word.starts_with("--") && word.len() > 2;
    words.filter(is_name).collect()
}

#[test]
fn the_manual_and_the_readme_name_the_same_options_keys_and_variables() {
    let (world, readme) = (World::new(), readme());
    let manual = world.aws_auth().arg("--man").run().success().stdout_text();
    let plain = manual.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "").replace("\\fI", "");
    let mut names = names_of_a_table(&readme, "## Options");
    names.extend(names_of_a_table(&readme, "## Every key that is read"));
    assert!(names.len() > 60, "{names:?}");
    for name in &names {
        assert!(plain.contains(name.as_str()), "the manual does not mention {name}");
    }
    for word in plain.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
        let is_variable = word.starts_with("AWS_") || word.starts_with("XDG_") || word.ends_with("_PROXY");
        assert!(!is_variable || readme.contains(word), "the README does not mention {word}");
    }
}

/// The script of the README's section on password managers, and its table: the program, and the command for the id.
fn password_managers(readme: &str) -> (String, Vec<(String, String)>) {
    let section = readme.split_once("## Keys in a password manager").unwrap().1.split_once("\n## ").unwrap().0;
    let script = section.split_once("    #!/bin/sh\n").unwrap().1.split_once("\n\n").unwrap().0;
    let script: Vec<&str> = script.lines().map(str::trim_start).collect();
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")).skip(1);
    let command = |row: &str| {
        let cells: Vec<&str> = row.split(" | ").collect();
        (cells[0].trim_start_matches("| ").to_owned(), cells[1].split('`').nth(1).unwrap().to_owned())
    };
    (format!("#!/bin/sh\n{}\n", script.join("\n")), rows.map(command).collect())
}

#[test]
fn keys_come_out_of_each_password_manager() {
    let (script, managers) = password_managers(&readme());
    assert_eq!(managers.len(), 4);
    for (name, command) in managers.into_iter().chain([("pass".to_owned(), "pass show aws/id".to_owned())]) {
        let world = world();
        let (id, secret) = (&world.user.access_key_id, &world.user.secret_access_key);
        let line = command.strip_prefix("credential_process = ");
        let (process, program) = if let Some(line) = line {
            let json = format!("{{\"Version\": 1, \"AccessKeyId\": \"{id}\", \"SecretAccessKey\": \"{secret}\"}}");
            (line.to_owned(), format!("test \"$*\" = '{}' && echo '{json}'", line.split_once(' ').unwrap().1))
        } else {
            let other = command.replace("/id", "/secret").replace(" id", " secret");
            assert_ne!(other, command, "{name}");
            let text = script.replace("pass show aws/id", &command).replace("pass show aws/secret", &other);
            let path = world.script("bin/aws-keys", &text);
            let words = |command: &str| command.split_once(' ').unwrap().1.to_owned();
            let cases = format!("'{}') echo {id};; '{}') echo '{secret}';;", words(&command), words(&other));
            (path.display().to_string(), format!("case \"$*\" in {cases} *) exit 1;; esac"))
        };
        let program_name = line.unwrap_or(&command).split(' ').next().unwrap();
        world.script(format!("bin/{program_name}"), &format!("#!/bin/sh\n{program}\n"));
        world.write(".aws/credentials", "");
        world.config(&format!("[default]\ncredential_process = {process}\n"));
        let path = format!("{}:/usr/bin:/bin", world.path("bin").display());
        let output = world.aws_auth().env("PATH", path).args(["env", "-0"]).run();
        assert_eq!(output.env_of_child()["AWS_SECRET_ACCESS_KEY"], *secret, "{name}: {}", output.report());
    }
}
