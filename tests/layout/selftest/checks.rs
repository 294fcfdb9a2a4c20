//! What the other checks find.

use crate::functions::{choices, functions, too_long};
use crate::rooms::{not_in_both, too_large, untold};
use crate::source::{Source, parse};
use crate::words::{outside_of, relaxed, say_nothing, with_words};

#[test]
fn functions_are_as_long_as_from_fn_to_the_brace() {
    let text = "\
/// One line, whatever stands above it.
#[inline]
pub fn one() -> u8 { 1 }
impl It {
    /// Four lines.
    fn four(
        &self,
    ) {
    }
}
trait Does {
    fn nothing();
    fn two() {
    }
}
#[cfg(test)]
mod tests {
    fn long() {


    }
}
";
    let sources = parse(&[("a.rs", text)]);
    let found = functions(&sources[0]);
    let found: Vec<(&str, usize, usize)> = found.iter().map(|it| (it.name.as_str(), it.line, it.lines)).collect();
    assert_eq!(found, [("one", 3, 1), ("four", 6, 4), ("two", 13, 2)]);
    assert_eq!(too_long(&sources, 3), ["src/a.rs:6: the function four has 4 lines"]);
}

#[test]
fn a_choice_among_actions_is_found_by_its_arms() {
    let text = "\
fn does(action: Action, seen: bool) {
    fn inner(action: Action) -> u8 {
        match action { Action::A => 1, Action::B(_) | Action::C => 2, _ => 3 }
    }
    match (action, seen) {
        (Action::A, _) => {}
        (cli::Action::B(_), true) => {}
        (Action::C | Action::D, _) => {}
        (Action::E { .. }, false) => {}
        _ => {}
    }
}
fn other(other: Other) { match other { Other::A => {}, Other::B => {}, Other::C => {}, Other::D => {} } }
";
    let sources = parse(&[("a.rs", text), ("cli/action.rs", text)]);
    let found = choices(&sources, "Action", 4, "cli/action.rs");
    assert_eq!(found, ["src/a.rs:5: the function does chooses by Action"]);
}

#[test]
fn the_table_and_src_have_the_same_rooms() {
    let sources = parse(&[("lib.rs", ""), ("plan/model.rs", ""), ("odd.rs", "")]);
    let expected =
        ["src has a room odd that is not in the table ROOMS", "the table ROOMS has a room text that is not in src"];
    assert_eq!(not_in_both(&sources, &["lib", "plan", "text"]), expected);
}

#[test]
fn a_room_of_a_fifth_is_too_large() {
    let large = |rest: &str| too_large(&parse(&[("a/b.rs", "\n"), ("a/tests.rs", "\n"), ("c.rs", rest)]), 5);
    let told = |room: &str, lines, total| {
        format!("room {room} holds {lines} of the {total} lines of src, which is 1 in 5 or more")
    };
    assert_eq!(large(&"\n".repeat(8)), [told("a", 2, 10), told("c", 8, 10)]);
    assert_eq!(large(&"\n".repeat(9)), [told("c", 9, 11)]);
}

#[test]
fn the_document_tells_of_every_file() {
    let files =
        ["lib.rs", "a/mod.rs", "a/one.rs", "a/deep/mod.rs", "a/deep/two.rs", "a/tests.rs", "b.rs", "b/three.rs"];
    let sources = parse(&files.map(|path| (path, "")));
    let whole =
        "# It\n## The rooms\n`lib.rs`\n### More\n| `a/` | one, deep |\nmore of `a/`: two\n`b/`: three\n## End\n";
    assert_eq!(untold(whole, "The rooms", &sources), Vec::<String>::new());
    let less = "# It\n## The rooms\n| `a/` | someone, deep |\none, two\n## End\n`lib.rs` and `b/`: three\n";
    let expected = [
        "src/a/deep/two.rs: the line of `a/` does not name two",
        "src/a/one.rs: the line of `a/` does not name one",
        "the section \"The rooms\" has no line with `b/`",
        "the section \"The rooms\" has no line with `lib.rs`",
    ];
    assert_eq!(untold(less, "The rooms", &sources), expected);
    assert_eq!(untold("# Else\n", "The rooms", &sources), ["there is no section \"The rooms\""]);
}

/// A file with a word in code, in a comment and in a test.
fn with_a_word() -> Vec<Source> {
    let text = "// stop()\nfn a() { stop() }\n#[cfg(test)]\nmod tests {\n    fn b() { stop() }\n}\nfn c() { stop() }\n";
    parse(&[("a.rs", text), ("b.rs", "#[allow(clippy::loose)]\nfn b() {}\n#[deny(clippy::loose)]\nfn c() {}")])
}

#[test]
fn a_word_is_looked_for_in_code() {
    let expected = ["src/a.rs:2: fn a() { stop() }", "src/a.rs:7: fn c() { stop() }"];
    assert_eq!(outside_of(&[], &["stop("], &with_a_word()), expected);
    assert!(outside_of(&["a.rs"], &["stop("], &with_a_word()).is_empty());
    let idle = outside_of(&["a.rs", "b.rs"], &["stop("], &with_a_word());
    assert_eq!(idle, ["src/b.rs is allowed to have stop( and does not"]);
    assert_eq!(relaxed(&["clippy::loose"], &with_a_word()), ["src/b.rs:1: #[allow(clippy::loose)]"]);
}

#[test]
fn a_word_is_looked_for_in_texts() {
    let texts = [("tests/a".to_owned(), "one\nTWO three\n".to_owned()), ("src/b".to_owned(), "two\n".to_owned())];
    assert_eq!(with_words(&["TWO"], &texts), ["tests/a:2: TWO three"]);
}

#[test]
fn a_name_for_everything_is_found() {
    let text = concat!("mod misc {}\nmod miscellany {}\n", "mod tests { use super::", "*; }");
    let sources = parse(&[("a.rs", text), ("b/util.rs", ""), ("utility.rs", "")]);
    let expected = [
        "src/a.rs:3: imports everything above it",
        "src/a.rs:1: mod misc {}",
        "src/b/util.rs:1: the name says nothing of what is in it",
    ];
    assert_eq!(say_nothing(&["misc", "util"], &sources), expected);
}
