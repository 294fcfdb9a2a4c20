//! The README and the pages of `docs/`: their commands run, with scripts named sops, terraform and docker, or are listed
//! with the reason why they do not; they are complete, of a length that can be read, and their links lead somewhere.

use crate::kit::log_in;
use crate::world::{AWS_AUTH, World};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What the test does with a line of the pages.
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
    ("aws-auth -p production-infrastructure terraform apply", Run("terraform apply with ASIA")),
    ("aws-auth --each '*-infrastructure' terraform plan", Leave("needs a code; tests/outside/test_many.py runs it")),
    (
        "aws-auth --each '*-infrastructure' -j 4 terraform plan",
        Leave("needs a code; tests/outside/test_many.py runs it"),
    ),
    ("aws-auth --each '*-infrastructure' --login", Run("")),
    ("aws-auth --each '*-infrastructure' --whoami", Run("PROFILE")),
    ("aws-auth --setup --from team.ini", Leave("asks on the terminal; the tests of --setup run it")),
    ("$ aws-auth --setup --from team.ini", Leave("a recorded session")),
    ("aws-auth --each '*' --check -j 8", Leave("the tests of --check run it")),
    ("aws-auth --each '*' --status", Leave("has status 1 where nothing is cached; the tests of --each run it")),
    ("aws-auth --pick terraform plan", Leave("needs a terminal; the tests of --pick run it")),
    ("$ aws-auth --each", Leave("a recorded session")),
    ("plan-all: ; aws-auth --each", Leave("a recipe; tests/outside/test_many.py runs it")),
    ("plan: ; aws-auth --each", Leave("a recipe; tests/outside/test_many.py runs it")),
    ("PS1='$(aws-auth --status --json", Leave("needs jq; the line is that of --status")),
    ("when = \"aws-auth --status --json", Leave("a setting of starship; a test runs the command")),
    ("AWS_PROFILE=development-infrastructure aws-auth terraform", Run("terraform plan with ASIA")),
    ("alias tf=", Run("")),
    ("plan: ; aws-auth terraform plan", Leave("a recipe; tests/outside runs real Makefiles")),
    ("$ AWS_PROFILE=sops aws-auth sops", Leave("a recorded session")),
    ("$ AWS_PROFILE=development-infrastructure aws-auth", Leave("a recorded session")),
    ("aws-auth: ", Leave("a message of aws-auth")),
    ("aws-auth [OPTIONS]", Leave("a synopsis")),
    ("aws-auth --list", Run("sops\t398263320410")),
    ("aws-auth -p sops --explain", Run("a run now: ")),
    ("aws-auth -p sops --login", Run("")),
    ("aws-auth -p sops --logout", Run("")),
    ("aws-auth --logout --all", Run("")),
    ("$ aws-auth -p jo --login=aws", Leave("a recorded session; tests/outside/test_aws_login.py runs it")),
    ("aws-auth -p dev --login", Leave("needs IAM Identity Center; tests/outside/test_local_sts.py runs it")),
    ("aws-auth -p production-infrastructure --keep-fresh terraform", Run("terraform apply with")),
    ("aws-auth -p production-infrastructure --keep-fresh rclone", Leave("tests/outside/test_programs.py runs rclone")),
    ("aws-auth -p production-infrastructure --keep-fresh litestream", Leave("it runs until it is ended")),
    ("aws-auth -p production-infrastructure --read-only terraform", Run("terraform plan -lock=false with")),
    ("aws-auth -p sops --read-only --shell", Run("")),
    ("aws-auth -p sops --read-only sudo", Leave("needs another user")),
    ("aws-auth -p sops --read-only env HOME", Leave("needs an agent; a run with another HOME is tested elsewhere")),
    ("make bench", Leave("takes minutes; CI runs make bench-check")),
    ("make deb", Leave("tests/outside builds and installs the package")),
    ("make demo", Leave("tests/outside runs it at a terminal")),
    ("aws-auth -p sops env", Run("AWS_SESSION_TOKEN=FwoGZXIv")),
    ("aws-auth -p sops --shell", Run("")),
    ("eval \"$(aws-auth -p sops --export)\"", Run("")),
    ("eval \"$(aws-auth -p development-infrastructure --export)\"", Run("")),
    ("keys=$(aws-auth -p sops --export)", Run("")),
    ("aws-auth -p sops --export=fish", Leave("the tests of --export run fish")),
    ("aws-auth -p sops --export=powershell", Leave("needs PowerShell")),
    ("PS1='$(aws-auth --status", Run("")),
    ("function fish_right_prompt", Leave("fish; the line that it runs is the same as in bash")),
    ("command = \"aws-auth --status\"", Leave("a setting of starship; a test runs the command")),
    ("when = \"aws-auth --status\"", Leave("a setting of starship; a test runs the command")),
    ("source <(aws-auth --completions bash)", Run("")),
    ("aws-auth --completions fish | source", Leave("the tests of completions run fish")),
    ("aws-auth -p default --store-keys", Leave("needs a keyring; tests/outside/test_keyring.py has one")),
    ("aws-auth -p jo --store-keys", Leave("needs a keyring or a terminal; tests/behaviour/store_keys.rs")),
    ("aws-vault export --no-session --format=json jo | aws-auth", Leave("needs aws-vault")),
    ("credential_process = ", Leave("a line of a profile; tests/outside uses it with an SDK")),
    ("docker run --rm --env-file", Run("AWS_SESSION_TOKEN=")),
    ("aws-auth -p production-infrastructure --console=billing", Run("")),
    ("aws-auth -p production-infrastructure --console=/s3/buckets/logins", Run("")),
    ("aws-auth -p production-infrastructure --console=https://eu-west-1.console.aws.amazon.com", Run("")),
    ("aws-auth -p backups --console", Leave("tests/behaviour/console_forms.rs runs it")),
    ("aws-auth -p production-infrastructure --console --no-browser", Run("/federation?Action=login&")),
    ("aws-auth -p production-infrastructure --switch-role-url", Run("https://signin.aws.amazon.com/switchrole?")),
    ("pipeline { agent any;", Leave("needs Jenkins")),
    ("- run: aws-auth terraform plan", Leave("needs GitHub Actions")),
    ("- aws-auth terraform plan", Leave("needs GitLab; tests/outside/test_pages.py runs the script")),
    ("image: example/terraform-with-aws-auth", Leave("needs Kubernetes")),
    ("command: [aws-auth, terraform, plan]", Leave("needs Kubernetes")),
    ("$ aws-auth -p ", Leave("a recorded session")),
    ("$ aws-auth --sync-sso", Leave("a recorded session")),
    ("make install", Leave("tests/outside runs it")),
    ("make uninstall", Leave("tests/outside runs it")),
    ("tar --strip-components=1", Leave("needs an archive of a release")),
    ("cargo install --locked --git", Leave("needs a release on GitHub; make check-dist installs from a path")),
    ("make prepare-release", Leave("tests/outside/test_versions.py runs it")),
    ("make check-release", Leave("tests/outside/test_versions.py runs it")),
    ("make dist", Leave("takes minutes; the release workflow runs it")),
    ("make check-dist", Leave("takes minutes; the release workflow runs it")),
    ("make check-reproducible", Leave("takes minutes; the release workflow runs it")),
    ("make record-sums", Leave("needs all archives of a release")),
    ("git tag -s", Leave("makes a release")),
    ("gh attestation verify", Leave("needs a release on GitHub")),
    ("nix profile install", Leave("needs a release and Nix")),
    ("- uses: aws-auth/aws-auth@", Leave("needs GitHub Actions")),
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

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A page, by its path in the repository.
fn page(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The names of the Markdown files in a directory of the repository, in their order.
fn names_in(directory: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(directory)).unwrap();
    let paths =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "md"));
    let mut names: Vec<String> = paths.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// The README and the pages of `docs/`, with their paths.
fn pages() -> Vec<(String, String)> {
    let docs = names_in("docs").into_iter().map(|name| format!("docs/{name}"));
    [String::from("README.md")].into_iter().chain(docs).map(|path| (path.clone(), page(&path))).collect()
}

#[test]
fn every_command_of_the_pages_runs() {
    let mut unseen: Vec<&str> = LINES.iter().map(|(start, _)| *start).collect();
    for (path, text) in pages() {
        for line in text.lines().filter_map(|line| line.strip_prefix("    ")).map(str::trim_start) {
            if !(line.contains("aws-auth") || line.starts_with("make ")) {
                continue;
            }
            let Some((start, what)) = LINES.iter().find(|(start, _)| line.starts_with(start)) else {
                panic!("this line of {path} is not in LINES: {line}");
            };
            unseen.retain(|known| known != start);
            match what {
                Run(words) => run(&path, line, words),
                Leave(reason) => assert!(!reason.is_empty()),
            }
        }
    }
    assert_eq!(unseen, [""; 0], "these lines are no longer in the pages");
}

/// Runs a line of a page with bash, in a world of its own. The output must contain these words.
fn run(path: &str, line: &str, words: &str) {
    let world = world();
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
    assert!(output.stdout_text().contains(words), "{path}: {line}\n{}", output.report());
}

#[test]
fn every_option_of_a_command_in_a_sentence_or_a_table_exists() {
    let help = World::new().aws_auth().arg("--help").run().success().stdout_text();
    let known: Vec<&str> = help.split([' ', ',', '=', '[', '\n']).filter(|word| word.starts_with("--")).collect();
    let mut seen = 0;
    for (path, text) in pages() {
        for line in text.lines().filter(|line| !line.starts_with("    ")) {
            for span in line.split('`').skip(1).step_by(2).filter(|span| span.starts_with("aws-auth ")) {
                for option in span.split_whitespace().skip(1).filter(|word| word.starts_with("--")) {
                    let option = option.split('=').next().unwrap().trim_end_matches(['"', ')']);
                    assert!(known.contains(&option), "{path}: {span} has the option {option}");
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 25, "only {seen} options were found");
}

#[test]
fn every_make_target_of_the_pages_is_in_the_makefile() {
    let makefile = page("Makefile");
    let mut seen = Vec::new();
    for (path, text) in pages() {
        let all = text.replace('`', " ` ");
        for (at, _) in all.match_indices("make ") {
            let before = all[..at].chars().next_back();
            let in_code = before == Some('`') || all[..at].ends_with("` ") || all[..at].ends_with("\n    ");
            let target: String = all[at + 5..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            if in_code && !target.is_empty() && !target.starts_with('-') {
                assert!(makefile.lines().any(|line| line.starts_with(&format!("{target}:"))), "{path}: make {target}");
                seen.push(target);
            }
        }
    }
    for target in ["demo", "install", "deb", "test"] {
        assert!(seen.iter().any(|known| known == target), "no page mentions make {target}");
    }
}

#[test]
fn the_pages_have_a_length_that_can_be_read() {
    for (path, text) in pages() {
        let limit = if path == "README.md" { 200 } else { 249 };
        let lines = text.lines().count();
        assert!(lines <= limit, "{path} has {lines} lines, and may have {limit}");
    }
}

/// The anchor that a heading gets on GitHub.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>();
    kept.trim().replace(' ', "-")
}

#[test]
fn every_link_of_the_pages_leads_somewhere() {
    let others = ["CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].map(String::from);
    let decisions = names_in("docs/decisions").into_iter().map(|name| format!("docs/decisions/{name}"));
    let mut seen = 0;
    for path in pages().into_iter().map(|(path, _)| path).chain(others).chain(decisions) {
        let text = page(&path);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            // The releases are a page of GitHub, not a file.
            if link.contains("://") || link == "../../releases" {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target: PathBuf = match file {
                "" => root().join(&path),
                file => root().join(&path).parent().unwrap().join(file),
            };
            assert!(target.exists(), "{path}: the link {link} leads nowhere");
            if !heading.is_empty() {
                let text = std::fs::read_to_string(&target).unwrap();
                let headings =
                    text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#'));
                assert!(headings.map(anchor).any(|known| known == heading), "{path}: {link} names no heading");
            }
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} links were found");
}

#[test]
fn the_list_of_pages_and_the_readme_link_every_page() {
    let (list, readme) = (page("docs/README.md"), page("README.md"));
    for name in names_in("docs").iter().filter(|name| *name != "README.md") {
        assert!(list.contains(&format!("]({name})")), "docs/README.md does not link {name}");
        let is_for_users =
            !["design-credentials.md", "design-files.md", "profiles.md", "releasing.md"].contains(&name.as_str());
        assert!(!is_for_users || readme.contains(&format!("](docs/{name}")), "the README does not link docs/{name}");
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
            } else if name != "pages.rs" {
                all.push_str(&std::fs::read_to_string(&path).unwrap().replace("\\\"", "\""));
                all.push('\n');
            }
        }
    }
    let root = root();
    // A call that times out would take too long in a test of the binary, so it has a unit test.
    let mut all = std::fs::read_to_string(root.join("src/aws/sts/tests.rs")).unwrap();
    // A keyring is not there, or locked, in a test with a real bus.
    all.push_str(&std::fs::read_to_string(root.join("tests/outside/test_keyring.py")).unwrap());
    collect(&root.join("tests/behaviour"), &mut all);
    collect(&root.join("tests/plan_cases"), &mut all);
    let continued = all.replace("\\\n", "\n");
    continued.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_message_that_the_pages_explain_is_one_that_a_test_sees() {
    let page = page("docs/troubleshooting.md");
    let section = page.split_once("\n## Messages").unwrap().1;
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

/// The names of options, keys and variables in the tables of a section, without their last columns, which are prose.
fn names_of_a_table(page: &str, heading: &str) -> Vec<String> {
    let section = page.split_once(heading).unwrap().1;
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    let cells = rows.flat_map(|row| row.rsplit_once(" | ").unwrap().0.split(" | ").collect::<Vec<_>>());
    let word = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let words = cells.flat_map(|cell| cell.split(move |c| !word(c)).map(str::to_owned).collect::<Vec<_>>());
    let is_name = |word: &String| word.contains('_') || word.starts_with("--") && word.len() > 2;
    words.filter(is_name).collect()
}

/// The manual as it is read, without the marks of roff.
fn manual() -> String {
    let manual = World::new().aws_auth().arg("--man").run().success().stdout_text();
    manual.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "").replace("\\fI", "")
}

#[test]
fn the_manual_and_the_pages_name_the_same_options_keys_and_variables() {
    let (configuration, environment, manual) = (page("docs/configuration.md"), page("docs/environment.md"), manual());
    let mut names = names_of_a_table(&configuration, "## Options");
    names.extend(names_of_a_table(&configuration, "## Variables"));
    names.extend(names_of_a_table(&configuration, "## Profile keys"));
    assert!(names.len() > 70, "{names:?}");
    for name in &names {
        assert!(manual.contains(name.as_str()), "the manual does not mention {name}");
    }
    for word in manual.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
        let is_variable = word.starts_with("AWS_") || word.starts_with("XDG_") || word.ends_with("_PROXY");
        let is_known = configuration.contains(word) || environment.contains(word);
        assert!(!is_variable || is_known, "docs/configuration.md does not mention {word}");
    }
}

/// All Rust files below `src/`, as one text.
fn source() -> String {
    fn collect(directory: &Path, all: &mut String) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, all);
            } else {
                all.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut all = String::new();
    collect(&root().join("src"), &mut all);
    all
}

#[test]
fn the_page_on_configuration_has_every_option_variable_and_key_of_the_source() {
    let configuration = page("docs/configuration.md");
    let help = World::new().aws_auth().arg("--help").run().success().stdout_text();
    let source = source();
    let words = |text: &str| -> Vec<String> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        text.split(move |c| !is_word(c)).map(str::to_owned).collect()
    };
    let options = words(&help).into_iter().filter(|word| word.starts_with("--") && word.len() > 2);
    let variables = words(&source).into_iter().filter(|word| word.starts_with("AWS_AUTH_") && !word.ends_with('_'));
    let own_keys = words(&source).into_iter().filter(|word| word.starts_with("aws_auth_") && !word.ends_with('_'));
    // The settings that reach the command as variables, and the keys that do not.
    let settings = page("src/plan/settings.rs");
    let table = settings.split_once("const CARRIED").unwrap().1.split_once("/// Whether a key").unwrap().0;
    let keys = table.split('"').skip(1).step_by(2).map(str::to_owned).filter(|key| !key.ends_with('_'));
    let mut seen = BTreeSet::new();
    for name in options.chain(variables).chain(own_keys).chain(keys) {
        assert!(words(&configuration).contains(&name), "docs/configuration.md does not mention {name}");
        seen.insert(name);
    }
    assert!(seen.len() > 90, "only {} names were found", seen.len());
}

/// The script of the page on keys, and its table: the program, and the command for the id.
fn password_managers(page: &str) -> (String, Vec<(String, String)>) {
    let section = page.split_once("# Keys in a password manager").unwrap().1.split_once("\n## ").unwrap().0;
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
    let (script, managers) = password_managers(&page("docs/keys.md"));
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
