//! The shape of src/: which of its rooms may use which, and what else holds for each of its files.
//!
//! A room is a folder or a file of src. The tables below say what is wanted; a failure lists everything that is not so.
//!
//! An import leads to the file that defines what is named, whatever re-exports it goes through; a `pub use` is an
//! import by the file that has it. `cargo test --test layout -- --ignored --nocapture print_imports` lists them all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]

mod cycles;
mod functions;
mod imports;
mod modules;
mod paths;
mod rooms;
mod selftest;
mod source;
mod uses;
mod words;

use imports::Import;
use modules::Crate;

/// The rooms from the top to the bottom: each may import from those below it, and from no other.
const ROOMS: &[&str] = &[
    "main",
    "lib",
    "actions",
    "template",
    "command",
    "acquire",
    "providers",
    "aws_login",
    "sso",
    "mfa",
    "keys",
    "aws",
    "context",
    "cache",
    "plan",
    "request",
    "config",
    "messages",
    "system",
    "env",
    "cli",
    "bounds",
    "arn",
    "region",
    "credentials",
    "time",
    "error",
    "text",
];

/// The most lines that a file has, its tests included.
const LINES_OF_A_FILE: usize = 400;

/// The most lines that a function has, from its `fn` to its closing brace.
const LINES_OF_A_FUNCTION: usize = 60;

/// Each room holds less than one in so many lines of src, tests included.
const SHARE_OF_A_ROOM: usize = 5;

/// What a run does is chosen by the variants of this type in one function; the file that defines it may look at itself.
const CHOSEN_BY: &str = "Action";
const CHOSEN_BY_FILE: &str = "cli/action.rs";

/// A `match` with as many arms of variants is a choice among them.
const ARMS_OF_A_CHOICE: usize = 4;

/// The document and the section that name every room and every file.
const DOCUMENT: &str = "docs/design.md";
const SECTION: &str = "The rooms";

/// Only these files read the process's arguments and environment; time.rs checks TZ before jiff reads it.
const ASKS_THE_PROCESS: &[&str] = &["main.rs", "time.rs"];
const ASKING: &[&str] = &["std::env", "env::var("];

/// The process is ended by these files alone.
const ENDS_THE_PROCESS: &[&str] = &["system/fork.rs", "system/signals.rs"];
const ENDING: &[&str] = &["process::exit"];

/// The files with unsafe code; each says above it why it is sound.
const UNSAFE: &[&str] = &["command/exec.rs", "main.rs", "system/fork.rs", "system/large_pages.rs", "system/signals.rs"];

/// What ends a run without an error that people can read, and the lints that forbid it.
const PANICS: &[&str] = &[".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!(", "unreachable!("];
const LINTS: &[&str] = &["clippy::unwrap_used", "clippy::expect_used", "clippy::indexing_slicing"];

/// Names under which everything could be put.
const EMPTY_NAMES: &[&str] = &["common", "util", "utils", "helpers", "misc", "prelude"];

/// Words that mean nothing to somebody who has the repository alone. They are put together here, for this file is
/// looked at as well.
const FORBIDDEN: &[&str] = &[concat!("DES", "IGN"), concat!("SEMAN", "TICS")];

#[test]
fn no_files_import_each_other() {
    let sources = source::of_this_crate();
    let (imports, wrong) = imports::imports(&Crate::new(&sources));
    none([wrong, cycles::told(&cycles::knots(&imports), &sources)].concat());
}

#[test]
fn imports_go_downwards() {
    let sources = source::of_this_crate();
    let (imports, _) = imports::imports(&Crate::new(&sources));
    none([rooms::not_in_both(&sources, ROOMS), rooms::upwards(&imports, &sources, ROOMS)].concat());
}

#[test]
fn no_file_is_too_long() {
    let sources = source::of_this_crate();
    let long = sources.iter().map(|source| (source, source.lines().count())).filter(|(_, n)| *n > LINES_OF_A_FILE);
    none(long.map(|(source, lines)| format!("{}: the file has {lines} lines", source.at(1))));
}

#[test]
fn no_function_is_too_long() {
    none(functions::too_long(&source::of_this_crate(), LINES_OF_A_FUNCTION));
}

#[test]
fn no_room_is_too_large() {
    none(rooms::too_large(&source::of_this_crate(), SHARE_OF_A_ROOM));
}

#[test]
fn what_is_done_is_chosen_in_one_place() {
    let choices = functions::choices(&source::of_this_crate(), CHOSEN_BY, ARMS_OF_A_CHOICE, CHOSEN_BY_FILE);
    none(if choices.len() > 1 { choices } else { Vec::new() });
}

#[test]
fn the_document_names_every_file() {
    let sources = source::of_this_crate();
    let document = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let text = std::fs::read_to_string(document).unwrap_or_else(|error| {
        panic!("{DOCUMENT}, whose section \"{SECTION}\" names every room and file, cannot be read: {error}")
    });
    none(rooms::untold(&text, SECTION, &sources).into_iter().map(|wrong| format!("{DOCUMENT}: {wrong}")));
}

#[test]
fn the_process_is_asked_in_main_and_for_its_time_zone_alone() {
    let sources = source::of_this_crate();
    let asking = words::outside_of(ASKS_THE_PROCESS, ASKING, &sources);
    none([asking, words::outside_of(ENDS_THE_PROCESS, ENDING, &sources)].concat());
}

#[test]
fn nothing_panics_on_what_comes_from_outside() {
    let sources = source::of_this_crate();
    none([words::outside_of(&[], PANICS, &sources), words::relaxed(LINTS, &sources)].concat());
}

#[test]
fn unsafe_stands_where_it_is_explained() {
    none(words::outside_of(UNSAFE, &["unsafe"], &source::of_this_crate()));
}

#[test]
fn names_say_what_a_module_is_for() {
    none(words::say_nothing(EMPTY_NAMES, &source::of_this_crate()));
}

#[test]
fn no_words_point_out_of_the_repository() {
    none(words::with_words(FORBIDDEN, &[source::texts_below("src"), source::texts_below("tests")].concat()));
}

/// Not a test: a list for people who move files.
#[test]
#[ignore = "prints a list; run it with --nocapture"]
fn print_imports() {
    let sources = source::of_this_crate();
    let (imports, _) = imports::imports(&Crate::new(&sources));
    for Import { from, to, path, line, through } in &imports {
        let by_way: Vec<&str> = through.iter().map(|file| sources[*file].path.as_str()).collect();
        let by_way = if by_way.is_empty() { String::new() } else { format!(", by way of {}", by_way.join(", ")) };
        println!("{} -> {} ({line}, {path}{by_way})", sources[*from].path, sources[*to].path);
    }
}

/// Fails with a list of what is wrong, if anything is.
fn none(wrong: impl IntoIterator<Item = String>) {
    let wrong: Vec<String> = wrong.into_iter().collect();
    assert!(wrong.is_empty(), "{} to be mended:\n{}\n", wrong.len(), wrong.join("\n"));
}
