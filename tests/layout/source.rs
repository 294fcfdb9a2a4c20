//! The files that are looked at: the text of each, and its syntax without what only tests see.

use std::ops::RangeInclusive;
use std::path::Path;

use syn::spanned::Spanned as _;
use syn::{Attribute, ImplItem, Item, Meta, TraitItem};

/// One file of src.
pub struct Source {
    /// Its path below src/, with slashes.
    pub path: String,
    /// All of it.
    pub text: String,
    /// Its items, without those that only tests see.
    pub syntax: syn::File,
    /// Whether only tests see it.
    pub is_test: bool,
    /// The lines of the items that only tests see; the first line of a file is 1.
    test_lines: Vec<RangeInclusive<usize>>,
}

impl Source {
    /// The lines of code with their numbers: no comments, and nothing that only tests see.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let seen = |line: usize| !self.is_test && !self.test_lines.iter().any(|lines| lines.contains(&line));
        self.lines().filter(move |(line, text)| seen(*line) && !text.trim_start().starts_with("//"))
    }

    /// All lines with their numbers.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// A place in it, as compilers write one.
    pub fn at(&self, line: usize) -> String {
        format!("src/{}:{line}", self.path)
    }
}

/// Every file of src.
pub fn of_this_crate() -> Vec<Source> {
    let texts = texts_below("src");
    let files: Vec<(&str, &str)> = texts
        .iter()
        .filter(|(path, _)| Path::new(path).extension().is_some_and(|end| end == "rs"))
        .map(|(path, text)| (path.trim_start_matches("src/"), text.as_str()))
        .collect();
    assert!(files.len() > 20, "{} files under src/", files.len());
    parse(&files)
}

/// Every text file below a folder of the repository, by its path from there.
pub fn texts_below(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                found.push((path.strip_prefix(root).unwrap().to_string_lossy().into_owned(), text));
            }
        }
    }
    found
}

/// Reads files that are given by path below src/ and text; they come in the order of their paths.
pub fn parse(files: &[(&str, &str)]) -> Vec<Source> {
    let mut test_modules = Vec::new();
    let mut sources: Vec<Source> = files
        .iter()
        .map(|(path, text)| {
            let mut syntax = syn::parse_file(text).unwrap_or_else(|error| {
                panic!("src/{path}:{}: cannot be parsed: {error}", error.span().start().line);
            });
            let mut parting = Parting { module: module_of(path), test_lines: Vec::new(), test_modules: Vec::new() };
            parting.part(&mut syntax.items);
            test_modules.append(&mut parting.test_modules);
            let is_test = for_tests(&syntax.attrs) || path.split('/').any(|part| part == "tests" || part == "tests.rs");
            let (path, text) = ((*path).to_owned(), (*text).to_owned());
            Source { path, text, syntax, is_test, test_lines: parting.test_lines }
        })
        .collect();
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    for source in &mut sources {
        let module = module_of(&source.path);
        source.is_test |= test_modules.iter().any(|test| module.starts_with(test));
    }
    sources
}

/// The names from the crate's root to the module that a file holds. The binary's root is no module of the library: it
/// gets a name that none of those can have.
pub fn module_of(path: &str) -> Vec<String> {
    match path {
        "lib.rs" => Vec::new(),
        "main.rs" => vec![String::from(path)],
        _ => path.trim_end_matches(".rs").trim_end_matches("/mod").split('/').map(String::from).collect(),
    }
}

/// Takes out of one file what only tests see.
struct Parting {
    module: Vec<String>,
    test_lines: Vec<RangeInclusive<usize>>,
    test_modules: Vec<Vec<String>>,
}

impl Parting {
    fn part(&mut self, items: &mut Vec<Item>) {
        items.retain(|item| {
            if !for_tests(attributes(item)) {
                return true;
            }
            if let Item::Mod(module) = item {
                self.test_modules.push([&self.module[..], &[module.ident.to_string()]].concat());
            }
            self.leave_out(item.span());
            false
        });
        for item in items {
            match item {
                Item::Mod(module) => {
                    self.module.push(module.ident.to_string());
                    module.content.iter_mut().for_each(|(_, items)| self.part(items));
                    self.module.pop();
                }
                Item::Impl(item) => item.items.retain(|item| match item {
                    ImplItem::Fn(function) if for_tests(&function.attrs) => self.leave_out(function.span()),
                    ImplItem::Const(constant) if for_tests(&constant.attrs) => self.leave_out(constant.span()),
                    _ => true,
                }),
                Item::Trait(item) => item.items.retain(|item| match item {
                    TraitItem::Fn(function) if for_tests(&function.attrs) => self.leave_out(function.span()),
                    _ => true,
                }),
                _ => {}
            }
        }
    }

    /// Notes the lines of an item that is not kept.
    fn leave_out(&mut self, item: proc_macro2::Span) -> bool {
        self.test_lines.push(item.start().line..=item.end().line);
        false
    }
}

/// Whether an item with these attributes is there in tests alone.
fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => {
            list.parse_args().is_ok_and(|meta| holds_in_tests_alone(&meta))
        }
        _ => false,
    })
}

/// Whether the condition of a `cfg` needs `test`.
fn holds_in_tests_alone(condition: &Meta) -> bool {
    let Meta::List(list) = condition else {
        return condition.path().is_ident("test");
    };
    let parts = list.parse_args_with(syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated);
    parts.is_ok_and(|parts| {
        (list.path.is_ident("all") && parts.iter().any(holds_in_tests_alone))
            || (list.path.is_ident("any") && parts.iter().all(holds_in_tests_alone))
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
