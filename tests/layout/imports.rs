//! The imports of each file: which of the crate's other files it names something of.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, Macro, Meta};

use crate::modules::{Crate, Id, is_public};
use crate::paths::{Place, Reached, What};
use crate::uses::{beginning, name_of, used};

/// One file names something that another one defines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// The file that names it, by its place in the list of sources.
    pub from: usize,
    /// The file that defines it.
    pub to: usize,
    /// The path that is written there.
    pub path: String,
    /// The first line on which it is.
    pub line: usize,
    /// The files that hand it on to others: the path leads by way of their re-exports.
    pub through: Vec<usize>,
}

/// Every import from one file of the crate to another, sorted, and what is wrong with the paths.
pub fn imports(all: &Crate) -> (Vec<Import>, Vec<String>) {
    let mut reading = Reading { all, module: 0, found: Vec::new(), wrong: all.wrong.clone() };
    for source in all.sources.iter().filter(|source| !source.is_test) {
        reading.module = all.id(&crate::source::module_of(&source.path)).unwrap();
        reading.visit_file(&source.syntax);
    }
    reading.found.sort_by(|one, other| {
        (one.from, one.to, &one.path, one.line).cmp(&(other.from, other.to, &other.path, other.line))
    });
    // The same path again, further down in the same file.
    reading.found.dedup_by(|next, kept| (next.from, next.to, &next.path) == (kept.from, kept.to, &kept.path));
    reading.found.sort_by_key(|import| (import.from, import.to, import.line));
    (reading.found, reading.wrong)
}

/// How a path is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `use path;`
    Use,
    /// `pub use path;`
    Reexport,
    /// `use path::*;`
    Glob,
    /// In the midst of code.
    Inline,
}

/// Walks through a file and notes its imports.
struct Reading<'a> {
    all: &'a Crate<'a>,
    module: Id,
    found: Vec<Import>,
    wrong: Vec<String>,
}

impl Reading<'_> {
    fn note(&mut self, path: &[String], line: usize, way: Way) {
        // Behind an item's name are that item's own things; its `use` is the import.
        if way == Way::Inline && (path.len() < 2 || !self.all.begins_with_module(self.module, path)) {
            return;
        }
        match self.all.resolve(self.module, path) {
            Reached::Outside => {}
            Reached::Nowhere => {
                let source = &self.all.sources[self.all.modules[self.module].file];
                self.wrong.push(format!("{}: {} leads nowhere", source.at(line), path.join("::")));
            }
            Reached::Places(places) => places.iter().for_each(|place| self.note_place(place, path, line, way)),
        }
    }

    fn note_place(&mut self, place: &Place, path: &[String], line: usize, way: Way) {
        let end = if way == Way::Glob { "::*" } else { "" };
        let path = format!("{}{end}", path.join("::"));
        match place.what {
            What::Item(to) => self.note_import(to, &place.through, &path, line),
            What::Module(module) if way == Way::Glob => {
                for inner in self.all.everything_in(module) {
                    if let What::Item(to) = inner.what {
                        self.note_import(to, &[&place.through[..], &inner.through].concat(), &path, line);
                    }
                }
            }
            What::Module(module) if way == Way::Reexport => {
                self.note_import(self.all.modules[module].file, &place.through, &path, line);
            }
            // What is named by way of the module is noted where it is named.
            What::Module(_) => {}
        }
    }

    fn note_import(&mut self, to: usize, through: &[usize], path: &str, line: usize) {
        let from = self.all.modules[self.module].file;
        let through: Vec<usize> = through.iter().copied().filter(|file| ![from, to].contains(file)).collect();
        if from != to || !through.is_empty() {
            self.found.push(Import { from, to, path: path.to_owned(), line, through });
        }
    }

    /// The paths among the tokens of a macro or an attribute.
    fn note_tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let path = path_at(&tokens, at);
            match token {
                TokenTree::Group(group) => self.note_tokens(group.stream()),
                TokenTree::Ident(word) if word == "use" => self.note_use(&tokens[at..]),
                TokenTree::Ident(first) => self.note(&path, first.span().start().line, Way::Inline),
                _ => {}
            }
            // Behind each name but the first are two colons.
            at += (3 * path.len()).saturating_sub(2).max(1);
        }
    }

    /// The `use` that these tokens begin with.
    fn note_use(&mut self, tokens: &[TokenTree]) {
        let Some(end) = tokens.iter().position(|token| is_mark(token, ';')) else { return };
        // `$crate` is this crate.
        let tokens = tokens[..=end].iter().filter(|token| !is_mark(token, '$')).cloned();
        if let Ok(item) = syn::parse2::<ItemUse>(tokens.collect()) {
            self.visit_item_use(&item);
        }
    }
}

/// The path that begins at a place among tokens: names with `::` between them; empty if no name is there. One that goes
/// on from what is no name, as in `<T>::new`, leads to nothing in this crate.
fn path_at(tokens: &[TokenTree], at: usize) -> Vec<String> {
    let colons = |at: usize| tokens.get(at..at + 2).is_some_and(|two| two.iter().all(|token| is_mark(token, ':')));
    let mut path = Vec::new();
    let mut next = at;
    while let Some(TokenTree::Ident(name)) = tokens.get(next) {
        path.push(name_of(name));
        if !colons(next + 1) {
            break;
        }
        next += 3;
    }
    if path.is_empty() || at < 2 || !colons(at - 2) { path } else { [beginning(true), path].concat() }
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == mark)
}

impl<'ast> Visit<'ast> for Reading<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if let Some(inner) = self.all.child(self.module, &item.ident).filter(|_| item.content.is_some()) {
            let outer = std::mem::replace(&mut self.module, inner);
            visit::visit_item_mod(self, item);
            self.module = outer;
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        for used in used(item) {
            let way = match used.name {
                None => Way::Glob,
                Some(_) if is_public(&item.vis) => Way::Reexport,
                Some(_) => Way::Use,
            };
            self.note(&used.path, used.line, way);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|segment| name_of(&segment.ident));
        let names: Vec<String> = beginning(path.leading_colon.is_some()).into_iter().chain(names).collect();
        if let Some(first) = path.segments.first() {
            self.note(&names, first.ident.span().start().line, Way::Inline);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        self.visit_path(&called.path);
        self.note_tokens(called.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.note_tokens(list.tokens.clone());
        }
    }
}
