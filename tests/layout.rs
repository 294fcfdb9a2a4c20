//! The shape of src/: the process is touched at its edge alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::doc_markdown)]

use std::path::{Path, PathBuf};

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

/// The lines of code: no comments, and nothing from the unit tests on.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let tests = text.find("#[cfg(test)]").unwrap_or(text.len());
    text[..tests].lines().filter(|line| !line.trim_start().starts_with("//"))
}

fn is_test(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/")
}

#[test]
fn the_process_is_asked_in_main_alone() {
    for (file, text) in sources() {
        for line in code(&text).filter(|_| file != "main.rs") {
            assert!(!line.contains("std::env") && !line.contains("env::var("), "{file}: {line}");
            assert!(!line.contains("process::exit") || file == "system/signals.rs", "{file}: {line}");
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
    let allowed = ["main.rs", "system/signals.rs", "command/exec.rs"];
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
