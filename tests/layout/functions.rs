//! How long functions are, and what they choose by.

use syn::visit::{self, Visit};
use syn::{Block, ExprMatch, ImplItemFn, ItemFn, Pat, Path, Signature, TraitItemFn};

use crate::source::Source;

/// One function of a file, tests left out.
pub struct Function {
    pub name: String,
    /// The line with `fn`.
    pub line: usize,
    /// From that line to the closing brace.
    pub lines: usize,
    /// Every `match` in it.
    pub choices: Vec<Choice>,
}

/// One `match`.
pub struct Choice {
    pub line: usize,
    /// For each arm that begins with a path such as `Type::Variant`, the name in front of the last.
    pub types: Vec<String>,
}

/// The functions with more lines than these.
pub fn too_long(sources: &[Source], most: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources {
        let long = functions(source).into_iter().filter(|function| function.lines > most);
        wrong.extend(long.map(|it| format!("{}: the function {} has {} lines", source.at(it.line), it.name, it.lines)));
    }
    wrong
}

/// The functions that choose by `many` or more variants of a type, except for those of one file.
pub fn choices(sources: &[Source], by: &str, many: usize, except: &str) -> Vec<String> {
    let is_one = |choice: &&Choice| choice.types.iter().filter(|name| *name == by).count() >= many;
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| source.path != except) {
        for function in functions(source) {
            let choice = function.choices.iter().find(is_one);
            found.extend(
                choice.map(|it| format!("{}: the function {} chooses by {by}", source.at(it.line), function.name)),
            );
        }
    }
    found
}

/// The functions of a file.
pub fn functions(source: &Source) -> Vec<Function> {
    let mut reading = Reading { open: Vec::new(), found: Vec::new() };
    if !source.is_test {
        reading.visit_file(&source.syntax);
    }
    reading.found.sort_by_key(|function| function.line);
    reading.found
}

/// Walks through a file.
struct Reading {
    /// The functions around the place that is being read, the innermost last.
    open: Vec<Function>,
    found: Vec<Function>,
}

impl Reading {
    fn open(&mut self, signature: &Signature, body: &Block) {
        let line = signature.fn_token.span.start().line;
        let lines = body.brace_token.span.close().end().line + 1 - line;
        self.open.push(Function { name: signature.ident.to_string(), line, lines, choices: Vec::new() });
    }

    fn close(&mut self) {
        self.found.extend(self.open.pop());
    }
}

impl<'ast> Visit<'ast> for Reading {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.open(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
        self.close();
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.open(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
        self.close();
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(body) = &function.default {
            self.open(&function.sig, body);
            visit::visit_trait_item_fn(self, function);
            self.close();
        }
    }

    fn visit_expr_match(&mut self, choice: &'ast ExprMatch) {
        if let Some(function) = self.open.last_mut() {
            let types = choice.arms.iter().filter_map(|arm| type_of(first_path(&arm.pat)?)).collect();
            function.choices.push(Choice { line: choice.match_token.span.start().line, types });
        }
        visit::visit_expr_match(self, choice);
    }
}

/// The name in front of a path's last one.
fn type_of(path: &Path) -> Option<String> {
    path.segments.iter().nth_back(1).map(|segment| segment.ident.to_string())
}

/// The path that a pattern begins with.
fn first_path(pattern: &Pat) -> Option<&Path> {
    match pattern {
        Pat::Or(pattern) => first_path(pattern.cases.first()?),
        Pat::Tuple(pattern) => first_path(pattern.elems.first()?),
        Pat::Paren(pattern) => first_path(&pattern.pat),
        Pat::Reference(pattern) => first_path(&pattern.pat),
        Pat::Ident(pattern) => first_path(&pattern.subpat.as_ref()?.1),
        Pat::Path(pattern) => Some(&pattern.path),
        Pat::Struct(pattern) => Some(&pattern.path),
        Pat::TupleStruct(pattern) => Some(&pattern.path),
        _ => None,
    }
}
