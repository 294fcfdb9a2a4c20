//! The imports that are found, and what is told of those that are wrong.

use crate::cycles::{knots, told};
use crate::imports::{Import, imports};
use crate::modules::Crate;
use crate::rooms::upwards;
use crate::source::{Source, parse};

/// The imports between files that are given by path and text, as `from -> to (line, path)`.
fn imported(files: &[(&str, &str)]) -> Vec<String> {
    let sources = parse(files);
    shown(&read(&sources), &sources)
}

fn read(sources: &[Source]) -> Vec<Import> {
    let (found, wrong) = imports(&Crate::new(sources));
    assert!(wrong.is_empty(), "{wrong:?}");
    found
}

fn shown(imports: &[Import], sources: &[Source]) -> Vec<String> {
    let show = |import: &Import| {
        let (from, to) = (&sources[import.from].path, &sources[import.to].path);
        format!("{from} -> {to} ({}, {})", import.line, import.path)
    };
    imports.iter().map(show).collect()
}

/// Each cycle, as the files on it.
fn cycles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let sources = parse(files);
    let imports = read(&sources);
    let files = |imports: &[&Import]| imports.iter().map(|import| sources[import.from].path.clone()).collect();
    knots(&imports).iter().map(|knot| files(&knot.cycle)).collect()
}

#[test]
fn a_cycle_is_found() {
    let files = [
        ("lib.rs", "mod a;\nmod b;\nmod c;"),
        ("a.rs", "use crate::b::B;\npub struct A(B);"),
        ("b.rs", "use crate::c;\npub struct B(c::C);"),
        ("c.rs", "\npub struct C(Option<Box<super::a::A>>);"),
    ];
    assert_eq!(cycles(&files), [["a.rs", "b.rs", "c.rs"]]);
    let sources = parse(&files);
    let told = told(&knots(&read(&sources)), &sources);
    assert_eq!(
        told,
        ["3 files import each other (a.rs, b.rs, c.rs); a shortest cycle:\
          \n    src/a.rs:1: imports crate::b::B, which is in src/b.rs\
          \n    src/b.rs:2: imports c::C, which is in src/c.rs\
          \n    src/c.rs:2: imports super::a::A, which is in src/a.rs"]
    );
}

#[test]
fn the_shortest_cycle_is_told() {
    let files = [
        ("lib.rs", "mod a;\nmod b;\nmod c;"),
        ("a.rs", "use crate::b::B;\npub struct A;"),
        ("b.rs", "use crate::c::C;\npub struct B;"),
        ("c.rs", "use crate::a::A;\nuse crate::b::B;\npub struct C;"),
    ];
    assert_eq!(cycles(&files), [["b.rs", "c.rs"]]);
}

#[test]
fn a_cycle_behind_a_re_export_is_found() {
    let files = [
        ("lib.rs", "mod other;\nmod plan;"),
        ("plan/mod.rs", "mod model;\npub use model::Plan as Drawn;"),
        ("plan/model.rs", "pub struct Plan(crate::other::Other);"),
        ("other.rs", "use crate::plan::Drawn;\npub struct Other;"),
    ];
    assert_eq!(cycles(&files), [["other.rs", "plan/model.rs"]]);
    assert_eq!(
        imported(&files),
        [
            "other.rs -> plan/model.rs (1, crate::plan::Drawn)",
            "plan/mod.rs -> plan/model.rs (2, model::Plan)",
            "plan/model.rs -> other.rs (1, crate::other::Other)",
        ]
    );
}

#[test]
fn what_a_folder_re_exports_does_not_tie_its_files_together() {
    let files = [
        ("lib.rs", "mod plan;"),
        ("plan/mod.rs", "mod low;\nmod high;\npub use high::High;\npub use low::Low;\npub const HERE: u8 = 0;"),
        ("plan/low.rs", "pub struct Low;"),
        ("plan/high.rs", "use super::Low;\npub struct High(Low);"),
    ];
    assert!(cycles(&files).is_empty());
    let mut tied = files;
    tied[3].1 = "use crate::plan::{self, Low};\npub struct High(Low);\nconst IT: u8 = plan::HERE;";
    assert_eq!(cycles(&tied), [["plan/high.rs", "plan/mod.rs"]]);
}

#[test]
fn a_chain_of_re_exports_is_followed_through_modules_and_globs() {
    let files = [
        ("lib.rs", "pub mod a;\npub mod b;\npub mod c;\npub mod d;"),
        ("a.rs", "pub use crate::b as named;"),
        ("b.rs", "pub use crate::c::*;"),
        ("c.rs", "pub use crate::d::{inner::D, D2 as Other};"),
        ("d.rs", "pub mod inner { pub struct D; }\npub struct D2;"),
        ("main.rs", "fn main() { aws_auth::a::named::D::new(); let _ = aws_auth::a::named::Other; }"),
    ];
    let found = imported(&files);
    let expected = [
        "a.rs -> b.rs (1, crate::b)",
        "b.rs -> d.rs (1, crate::c::*)",
        "c.rs -> d.rs (1, crate::d::D2)",
        "c.rs -> d.rs (1, crate::d::inner::D)",
        "main.rs -> d.rs (1, aws_auth::a::named::D::new)",
        "main.rs -> d.rs (1, aws_auth::a::named::Other)",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_name_may_be_a_module_and_a_function() {
    let files = [
        ("lib.rs", "mod report;\nmod other;"),
        ("report/mod.rs", "mod whoami;\npub use whoami::whoami;"),
        ("report/whoami.rs", "pub fn whoami() {}"),
        ("other.rs", "use crate::report;\nfn it() { report::whoami() }"),
    ];
    let expected =
        ["other.rs -> report/whoami.rs (2, report::whoami)", "report/mod.rs -> report/whoami.rs (2, whoami::whoami)"];
    assert_eq!(imported(&files), expected);
}

#[test]
fn paths_inside_macros_attributes_and_functions_are_found() {
    let text = r#"
        use super::shown;
        #[derive(shown::Derived)]
        struct It { #[it(with = crate::a::parse)] field: u8 }
        fn it(_: &crate::b::B<shown::S>) {
            use crate::b::function as called;
            println!("{}", [shown::text(), called::<u8>(), <u8>::a::b]);
            std::println!("{:?}", std::env::args());
            macro_rules! inner { () => { use $crate::a::{Listed}; $crate::a::expanded!() } }
            matches!(1, self::child::ONE);
        }
        mod child { pub const ONE: u8 = super::super::a::ONE; }
    "#;
    let files = [
        ("lib.rs", "mod a;\nmod b;\nmod it;\nmod shown;"),
        ("a.rs", "pub fn parse() {}\npub struct Listed;\npub const ONE: u8 = 1;\npub use ext::expanded;"),
        ("b.rs", "pub struct B;\npub fn function() {}"),
        ("it.rs", text),
        ("shown.rs", "pub use ext::Derived;\npub struct S;\npub fn text() {}"),
    ];
    let expected = [
        "it.rs -> a.rs (4, crate::a::parse)",
        "it.rs -> a.rs (9, crate::a::Listed)",
        "it.rs -> a.rs (9, crate::a::expanded)",
        "it.rs -> a.rs (12, super::super::a::ONE)",
        "it.rs -> b.rs (5, crate::b::B)",
        "it.rs -> b.rs (6, crate::b::function)",
        "it.rs -> shown.rs (3, shown::Derived)",
        "it.rs -> shown.rs (5, shown::S)",
        "it.rs -> shown.rs (7, shown::text)",
    ];
    assert_eq!(imported(&files), expected);
}

#[test]
fn what_only_tests_see_is_not_counted() {
    let test = "use crate::b::B;";
    let files = [
        ("lib.rs", "mod a;\nmod b;\n#[cfg(test)] mod fake;"),
        ("a.rs", "#[cfg(test)] use crate::b::B;\n#[cfg(all(unix, test))] mod it { use crate::b::B; }"),
        ("b/mod.rs", "pub struct B;\nimpl B { #[cfg(test)] fn it() { crate::a::A } }\n#[cfg(test)] mod tests;"),
        ("b/tests/mod.rs", test),
        ("fake/mod.rs", "mod deep;"),
        ("fake/deep.rs", test),
    ];
    assert!(imported(&files).is_empty());
    let seen = [("lib.rs", "mod a;\nmod b;"), ("a.rs", "#[cfg(not(test))] use crate::b::B;"), files[2]];
    assert_eq!(imported(&seen), ["a.rs -> b/mod.rs (1, crate::b::B)"]);
}

#[test]
fn an_upwards_import_is_found_behind_a_re_export() {
    let files = [
        ("lib.rs", "mod top;\nmod middle;\nmod low;"),
        ("top/mod.rs", "mod inner;\npub use inner::Top;\npub use crate::low::Low;"),
        ("top/inner.rs", "pub struct Top;"),
        ("middle.rs", "use crate::low::Top as T;\nuse crate::top::Low;"),
        ("low.rs", "pub use crate::top::Top;\npub struct Low;"),
    ];
    let sources = parse(&files);
    let rooms = ["lib", "top", "middle", "low"];
    let expected = [
        "src/low.rs:1: imports crate::top::Top, in src/top/inner.rs (room top is above low)",
        "src/middle.rs:2: imports crate::top::Low by way of a `use` in src/top/mod.rs (room top is above middle)",
        "src/middle.rs:1: imports crate::low::Top, in src/top/inner.rs (room top is above middle)",
    ];
    assert_eq!(upwards(&read(&sources), &sources, &rooms), expected);
}

#[test]
fn what_cannot_be_followed_is_told() {
    let sources = parse(&[("lib.rs", "mod a;\nmod gone;"), ("a.rs", "\nuse crate::gone::It;"), ("forgotten.rs", "")]);
    let (_, wrong) = imports(&Crate::new(&sources));
    let expected = [
        "src/lib.rs:2: there is no file for `mod gone;`",
        "src/forgotten.rs:1: no `mod` declares this file",
        "src/a.rs:2: crate::gone::It leads nowhere",
    ];
    assert_eq!(wrong, expected);
}
