//! Changes of texts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::config::edit::changes::Change;
use crate::config::edit::check::changed;
use crate::config::section_name::SectionName;
use crate::config::source::SourceFile;
use crate::config::value::FileKind;
use crate::credentials::Secret;

mod files;

mod properties;

fn profile(name: &str) -> SectionName {
    SectionName::Profile(name.into())
}

fn set(name: &str, key: &str, value: &str) -> Change {
    Change::set(profile(name), key, Secret::new(value.into()))
}

fn remove(name: &str, key: &str) -> Change {
    Change::Remove { section: profile(name), key: key.into() }
}

fn remove_section(name: &str) -> Change {
    Change::RemoveSection(profile(name))
}

fn source(file: FileKind, text: &str) -> SourceFile {
    SourceFile::from_text(file, "FILE", text)
}

#[track_caller]
fn becomes_in(file: FileKind, text: &str, changes: &[Change], expected: &str) {
    let source = source(file, text);
    let result = changed(&source, changes).unwrap();
    assert_eq!(*result.text, expected);
    assert_eq!(result.diff.is_empty(), text == expected);
}

#[track_caller]
fn becomes(text: &str, change: Change, expected: &str) {
    becomes_in(FileKind::Config, text, &[change], expected);
}

#[track_caller]
fn refused(text: &str, change: Change) -> String {
    changed(&source(FileKind::Config, text), &[change]).err().unwrap().to_string()
}

#[test]
fn a_value_is_replaced_and_nothing_around_it() {
    for (line, expected) in [
        ("region = eu-west-1", "region = x"),
        ("  Region=eu-west-1  # home", "  Region=x  # home"),
        ("region\t:\teu-west-1 ", "region\t:\tx "),
        ("region=", "region=x"),
        ("region =", "region = x"),
        ("region = # none", "region = x # none"),
        ("region = a\n   b # c\n\n  # d\n  e", "region = x\n\n  # d"),
        ("region =\n  a = b\n  c = d", "region = x"),
        ("region = x # same", "region = x # same"),
    ] {
        let file = |line: &str| format!("# top\n[profile a] # b\n{line}\n\n[profile b]\nregion = r\n");
        becomes(&file(line), set("a", "region", "x"), &file(expected));
    }
    // In a command, a # belongs to the value.
    becomes(
        "[default]\ncredential_process = a # b\n",
        set("default", "credential_process", "c # d"),
        "[default]\ncredential_process = c # d\n",
    );
}

#[test]
fn values_of_several_lines() {
    becomes(
        "[default]\n  s3 = x\n",
        set("default", "s3", "\na = b\nc = d"),
        "[default]\n  s3 =\n      a = b\n      c = d\n",
    );
    becomes(
        "[default]\r\ns3 =\r\n  a = b\r\n  c = d",
        set("default", "s3", "\ne = f"),
        "[default]\r\ns3 =\r\n    e = f",
    );
    becomes("[default]\nk=1\n", set("default", "x", "a\n\nb"), "[default]\nk=1\nx=a\n\n    b\n");
}

#[test]
fn a_new_key_comes_after_the_last_one_and_looks_like_it() {
    for (text, expected) in [
        ("[default]\nk = v\n\n# next\n[profile b]\n", "[default]\nk = v\nx = y\n\n# next\n[profile b]\n"),
        ("[default]\r\n  k=v\r\n    more\r\n  # c\r\n", "[default]\r\n  k=v\r\n    more\r\n  x=y\r\n  # c\r\n"),
        ("[default]\nk = v", "[default]\nk = v\nx = y"),
        ("[default]", "[default]\nx = y"),
        ("[default]\n\n[profile b]\nk=v\n", "[default]\nx=y\n\n[profile b]\nk=v\n"),
        ("[default]\n  [profile b]\n  k = v\n", "[default]\n  x = y\n  [profile b]\n  k = v\n"),
        (
            "[default]\nk = 1\n[profile b]\n[default]\nl = 2\n",
            "[default]\nk = 1\n[profile b]\n[default]\nl = 2\nx = y\n",
        ),
        ("\u{feff}[default]\rk = 1\r", "\u{feff}[default]\rk = 1\rx = y\r"),
        ("[default]\n[profile default]\n", "[default]\n[profile default]\nx = y\n"),
    ] {
        becomes(text, set("default", "x", "y"), expected);
    }
}

#[test]
fn of_a_key_that_stands_twice_the_last_one_counts() {
    let text = "[default]\nk = 1\nK = 2\n[profile b]\n[default]\nk = 3\n[DEFAULT]\nk = 4\n";
    becomes(text, set("default", "k", "x"), &text.replace('3', "x"));
    becomes(text, remove("default", "k"), "[default]\n[profile b]\n[default]\n[DEFAULT]\nk = 4\n");
    // A header with other quotes replaces the section before it.
    let text = "[profile a]\nk = 1\n[profile \"a\"]\nk = 2\n";
    becomes(text, set("a", "k", "x"), &text.replace('2', "x"));
    becomes(text, remove_section("a"), "");
    becomes(text, remove("a", "k"), "[profile a]\nk = 1\n[profile \"a\"]\n");
    let text = "[profile a]\nk = 1\n[profile \"a\"]\nl = 2\n";
    becomes(text, set("a", "k", "x"), &format!("{text}k = x\n"));
}

#[test]
fn a_key_goes_with_the_lines_that_continue_it() {
    becomes(
        "[default]\na = 1\ns3 =\n  b = 2\n\n  # c\n  d = 3\ne = 4\n",
        remove("default", "s3"),
        "[default]\na = 1\n\n  # c\ne = 4\n",
    );
    becomes("[default]\na = 1\nb = 2", remove("default", "b"), "[default]\na = 1\n");
    becomes("[default]\na = 1\n", remove("default", "b"), "[default]\na = 1\n");
    becomes("[default]\na = 1\n", remove("none", "b"), "[default]\na = 1\n");
    becomes("[default]\ra = 1\rb = 2\n\nc = 3\n", remove("default", "b"), "[default]\ra = 1\r\n\nc = 3\n");
}

#[test]
fn keys_that_went_come_back_into_their_section() {
    let text = "[a]\nregion = r\n\n[default]\naws_access_key_id=AKIAI\naws_secret_access_key=Kaet\n\n[b]\n";
    let gone = "[a]\nregion = r\n\n[default]\n\n[b]\n";
    let [id, secret] = ["aws_access_key_id", "aws_secret_access_key"];
    becomes_in(FileKind::Credentials, text, &[remove("default", id), remove("default", secret)], gone);
    let back = [set("default", id, "AKIAI"), set("default", secret, "Kaet")];
    becomes_in(FileKind::Credentials, gone, &back, &text.replace("id=A", "id = A").replace("key=K", "key = K"));
}

#[test]
fn a_new_section_comes_last() {
    for (text, expected) in [
        ("", "[profile b]\nx = y\n"),
        ("[default]\nk=v\n", "[default]\nk=v\n\n[profile b]\nx=y\n"),
        ("[default]\r\nk=v\r\n\r\n", "[default]\r\nk=v\r\n\r\n[profile b]\r\nx=y\r\n"),
        ("[default]\nk = v", "[default]\nk = v\n\n[profile b]\nx = y"),
        ("# c", "# c\n\n[profile b]\nx = y"),
        ("\u{feff}", "\u{feff}[profile b]\nx = y\n"),
    ] {
        becomes(text, set("b", "x", "y"), expected);
    }
    let add =
        [Change::Add(SectionName::SsoSession("corp".into())), Change::Add(profile("b c")), Change::Add(profile("b c"))];
    becomes_in(FileKind::Config, "", &add, "[sso-session corp]\n\n[profile \"b c\"]\n");
    becomes_in(FileKind::Credentials, "", &[Change::Add(profile("b c"))], "[b c]\n");
}

#[test]
fn a_section_goes_with_its_comments_alone() {
    for (text, expected) in [
        ("[a]\nk = 1\n\n[b]\nk = 2\n  more\n\n[c]\n", "[a]\nk = 1\n\n[c]\n"),
        ("[a]\nk = 1\n[b]\nk = 2\n\n[c]\n", "[a]\nk = 1\n\n[c]\n"),
        ("[a]\nk = 1\n[b]\n[c]\n", "[a]\nk = 1\n[c]\n"),
        ("[a]\n\n[b]\nk = 2\n", "[a]\n"),
        ("[b]\n\n[c]\n", "[c]\n"),
        // Comments within, above and below, apart from the neighbours.
        ("[a]\n\n# b\n[b] # c\n# d\n\n# e\nk = 2\n# f\n\n# c\n[c]\n", "[a]\n\n# c\n[c]\n"),
        // Comments that may be a neighbour's stay, and so does what stands first in the file.
        ("[a]\n# a = 1\n[b]\nk = 2\n# c\n[c]\n", "[a]\n# a = 1\n# c\n[c]\n"),
        ("# My file\n[b]\nk = 2\n", "# My file\n"),
        ("# My file\n\n# b\n[b]\nk = 2\n# b", "# My file\n"),
        ("[b]\nk = 1\n[a]\n[b]\nk = 2\n", "[a]\n"),
    ] {
        becomes_in(FileKind::Credentials, text, &[remove_section("b")], expected);
    }
    // The header below would continue the value above.
    becomes(
        "[profile a]\nk = v\n[profile b]\n  [profile c]\nl = w\n",
        remove_section("b"),
        "[profile a]\nk = v\n[profile c]\nl = w\n",
    );
}

#[test]
fn several_changes_are_made_in_their_order() {
    let changes = [
        set("b", "x", "1"),
        set("b", "x", "2"),
        set("b", "y", "\nz = 3"),
        remove("b", "x"),
        set("c", "x", "4"),
        remove_section("c"),
        set("default", "k", "5"),
        set("default", "k", "v"),
    ];
    becomes_in(
        FileKind::Config,
        "[default]\nk = v\n",
        &changes[..6],
        "[default]\nk = v\n\n[profile b]\ny =\n    z = 3\n",
    );
    becomes_in(FileKind::Config, "[default]\nk = v\n", &changes[6..], "[default]\nk = v\n");
}

#[test]
fn what_a_file_cannot_hold_is_refused() {
    for value in [" x", "x ", "#x", "a #b", "a\rb", "a\n\n", "\nno map", "a\n#b", "x\0"] {
        let error = refused("[default]\n", set("default", "k", value));
        assert!(
            error.starts_with("[default] of the config file cannot hold this k; take a value without"),
            "{value:?}: {error}"
        );
    }
    for key in ["K", "a=b", "#k", "", "a:b", "k ", "k\nl"] {
        refused("[default]\n", set("default", key, "v"));
    }
    assert_eq!(
        refused("", set("a\nb", "k", "v")),
        "no section of the config file can have the name 'a\\nb'; take a name of letters, digits and -"
    );
    assert!(refused("garbage\n", set("a", "k", "v")).starts_with("FILE:1: "));
}

#[test]
fn errors_show_no_value() {
    let error = refused("[default]\n", set("default", "aws_secret_access_key", "Kaet7Zae #"));
    assert!(!error.contains("Kaet"), "{error}");
    assert!(!format!("{:?}", set("default", "k", "Kaet7Zae")).contains("Kaet"));
}

#[test]
fn the_difference_as_people_see_it() {
    let text = "[default]\nregion = r\n\n[profile a]\naws_secret_access_key = old\nrole_arn = A\noutput = json\nx = 1\nw = 0\n\
                v = 0\ny = 2\nz = 3\n# end \u{1b}[31m\n";
    let changes = [
        set("a", "aws_secret_access_key", "new"),
        set("a", "z", "4"),
        remove("a", "role_arn"),
        set("b", "aws_session_token", "Kaet7Zae"),
    ];
    let source = source(FileKind::Config, text);
    let diff = changed(&source, &changes).unwrap().diff;
    assert_eq!((diff.added, diff.removed), (5, 3));
    assert_eq!(
        diff.text(false),
        "--- FILE\n\
         +++ FILE\n\
         @@ -3,6 +3,5 @@\n\n \
         [profile a]\n\
         -aws_secret_access_key = ****\n\
         -role_arn = A\n\
         +aws_secret_access_key = ****\n \
         output = json\n \
         x = 1\n\
         @@ -10,4 +9,7 @@ [profile a]\n \
         v = 0\n \
         y = 2\n\
         -z = 3\n\
         +z = 4\n \
         # end \\u{1b}[31m\n\
         +\n\
         +[profile b]\n\
         +aws_session_token = ****\n"
    );
    assert!(diff.text(true).contains("\u{1b}[31m-z = 3\u{1b}[0m\n\u{1b}[32m+z = 4\u{1b}[0m\n"));
    let other = changed(&source, &[set("a", "aws_secret_access_key", "another")]).unwrap().diff;
    let one = changed(&source, &[set("a", "aws_secret_access_key", "new")]).unwrap().diff;
    assert_eq!(one.text(false), other.text(false));
    assert!(!one.changes_the_same(&other) && one.changes_the_same(&one.clone()));
    assert_eq!(changed(&source, &[]).unwrap().diff.text(true), "");
}
