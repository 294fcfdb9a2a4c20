//! The shape of src/: imports run one way, and the process is touched at its edge alone. The table for people is in
//! `src/README.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::doc_markdown)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each module, and the modules of the crate that it may use besides itself.
const TABLE: [(&str, &[&str]); 20] = [
    ("error", &[]),
    ("bytes", &[]),
    ("credentials", &[]),
    ("arn", &["error"]),
    ("env", &["error", "bytes"]),
    ("messages", &["error", "env"]),
    ("cli", &["error"]),
    ("services", &["error"]),
    ("action", &["error", "cli", "services"]),
    ("config", &["error", "bytes"]),
    ("nested", &["env", "config"]),
    ("request", &["error", "credentials", "arn", "env", "messages", "cli", "action", "nested"]),
    ("plan", &["error", "credentials", "arn", "config", "request"]),
    ("acquire", &["error", "credentials", "messages", "env", "config", "request", "plan"]),
    (
        "deliver",
        &["error", "credentials", "env", "messages", "services", "config", "nested", "request", "plan", "acquire"],
    ),
    ("report", &["error", "credentials", "messages", "config", "request", "plan", "acquire", "deliver"]),
    ("shell_help", &["action", "cli", "services"]),
    (
        "perform",
        &[
            "error",
            "credentials",
            "env",
            "messages",
            "cli",
            "action",
            "request",
            "plan",
            "acquire",
            "deliver",
            "report",
            "shell_help",
        ],
    ),
    (
        "lib",
        &[
            "error",
            "credentials",
            "env",
            "messages",
            "cli",
            "action",
            "config",
            "nested",
            "request",
            "plan",
            "acquire",
            "perform",
        ],
    ),
    ("main", &["env"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file by its path below src/, with its text.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut directories = vec![root()];
    while let Some(directory) = directories.pop() {
        for entry in directory.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 20, "{} files under src/", found.len());
    found
}

/// The stage that a file belongs to.
fn module(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The lines of code: no comments, and nothing from the unit tests on.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let tests = text.find("#[cfg(test)]").unwrap_or(text.len());
    text[..tests].lines().filter(|line| !line.trim_start().starts_with("//"))
}

fn is_test(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/")
}

/// The modules named after each `prefix` (`crate::`, `aws_auth::`), one level deep: `a::b` and `{a, b::c}`.
fn named(line: &str, prefix: &str) -> Vec<String> {
    let word = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    line.match_indices(prefix)
        .filter(|(at, _)| !line[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        .flat_map(|(at, _)| {
            let rest = &line[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(list) => list.split('}').next().unwrap().split(',').map(word).collect(),
                None => vec![word(rest)],
            }
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn imports_run_one_way() {
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let module = module(&file);
        let Some((_, allowed)) = TABLE.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{file}: the module {module} is not in the table"));
            continue;
        };
        if is_test(&file) {
            continue;
        }
        for line in code(&text) {
            let mut names = named(line, "crate::");
            names.extend(named(line, "aws_auth::"));
            if module == "lib" {
                names.extend(
                    TABLE
                        .iter()
                        .map(|(name, _)| *name)
                        .filter(|name| line.starts_with(&format!("use {name}::")))
                        .map(String::from),
                );
            }
            for name in names {
                if name == module || (module == "main" && name == "run") {
                    continue;
                }
                if allowed.contains(&name.as_str()) {
                    used.insert((module.to_owned(), name));
                } else {
                    wrong.push(format!("{file}: {module} may not use {name}: {}", line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A permission that nobody uses is a door left open.
    for (module, allowed) in TABLE.iter().filter(|(module, _)| *module != "lib") {
        for name in *allowed {
            assert!(used.contains(&((*module).to_owned(), (*name).to_owned())), "{module} no longer uses {name}");
        }
    }
}

#[test]
fn the_process_is_asked_in_main_alone() {
    for (file, text) in sources() {
        for line in code(&text).filter(|_| file != "main.rs") {
            assert!(!line.contains("std::env") && !line.contains("env::var"), "{file}: {line}");
            assert!(!line.contains("process::exit") || file == "acquire/signals.rs", "{file}: {line}");
        }
    }
}

#[test]
fn nothing_panics_on_what_comes_from_outside() {
    let forbidden = [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!(", "unreachable!("];
    for (file, text) in sources().into_iter().filter(|(file, _)| !is_test(file)) {
        for line in code(&text) {
            for word in forbidden {
                assert!(!line.contains(word), "{file}: {line}");
            }
        }
        let relaxed = ["clippy::unwrap_used", "clippy::expect_used", "clippy::indexing_slicing"];
        for line in code(&text) {
            for lint in relaxed {
                assert!(!(line.contains("allow(") && line.contains(lint)), "{file}: {line}");
            }
        }
    }
}

#[test]
fn unsafe_stands_where_it_is_explained() {
    let allowed = ["main.rs", "acquire/signals.rs", "deliver/exec.rs"];
    for (file, text) in sources() {
        let found = code(&text).any(|line| line.contains("unsafe"));
        assert!(!found || allowed.contains(&file.as_str()), "{file} has unsafe code");
    }
}

#[test]
fn names_say_what_a_module_is_for() {
    for (file, text) in sources() {
        assert!(!text.contains("use super::*"), "{file} imports everything above it");
        for name in ["common", "util", "utils", "helpers", "misc", "prelude"] {
            let stem = Path::new(&file).with_extension("");
            assert!(!stem.iter().any(|part| part == name), "{file}");
            let declared = [format!("mod {name};"), format!("mod {name} {{")];
            assert!(!code(&text).any(|line| declared.iter().any(|text| line.contains(text))), "{file}");
        }
    }
}

#[test]
fn the_table_for_people_has_a_line_for_each_module() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for (file, _) in sources().into_iter().filter(|(file, _)| !is_test(file)) {
        let (module, part) = match file.split_once('/') {
            Some((module, "mod.rs")) => (format!("{module}/"), None),
            Some((module, part)) => (format!("{module}/"), Some(part.to_owned())),
            None => (file.clone(), None),
        };
        let line = readme.lines().find(|line| line.contains(&format!("`{module}`")));
        let line = line.unwrap_or_else(|| panic!("src/README.md says nothing of {module}"));
        if let Some(part) = part {
            // A folder inside a stage is told by its files.
            let part = part.trim_end_matches(".rs").trim_end_matches("/mod").rsplit('/').next().unwrap_or_default();
            assert!(line.contains(part), "src/README.md says nothing of {file}");
        }
    }
    for (module, allowed) in TABLE {
        let line = readme
            .lines()
            .find(|line| line.contains(&format!("`{module}.rs`")) || line.contains(&format!("`{module}/`")));
        let line = line.unwrap_or_else(|| panic!("src/README.md has no line for {module}"));
        let uses = line.rsplit('|').nth(1).unwrap_or_default();
        let named: BTreeSet<&str> = uses.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let expected: BTreeSet<&str> =
            if module == "lib" { BTreeSet::from(["all"]) } else { allowed.iter().copied().collect() };
        assert_eq!(named, expected, "src/README.md, {module}");
    }
}
