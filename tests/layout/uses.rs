//! The names that a `use` brings in, one by one.

use syn::ext::IdentExt as _;
use syn::{Ident, ItemUse, UseTree};

/// One name of a `use`.
pub struct Used {
    /// What it names, as written.
    pub path: Vec<String>,
    /// The name that it has from here on; none for `*`.
    pub name: Option<String>,
    /// Where it is written.
    pub line: usize,
}

/// `use a::{b, c as d}` is `a::b` as b and `a::c` as d.
pub fn used(item: &ItemUse) -> Vec<Used> {
    let mut found = Vec::new();
    gather(&item.tree, &beginning(item.leading_colon.is_some()), &mut found);
    found
}

/// What a path has in front of its first name. A path that begins with `::` leads to another crate, except for the one
/// to the library by its own name; so it begins with a name that nothing has.
pub fn beginning(leading_colon: bool) -> Vec<String> {
    if leading_colon { vec![String::new()] } else { Vec::new() }
}

/// An identifier's name: `r#type` is type.
pub fn name_of(ident: &Ident) -> String {
    ident.unraw().to_string()
}

fn gather(tree: &UseTree, before: &[String], found: &mut Vec<Used>) {
    let with = |ident: &Ident| [before, &[name_of(ident)]].concat();
    match tree {
        UseTree::Path(tree) => gather(&tree.tree, &with(&tree.ident), found),
        UseTree::Group(group) => group.items.iter().for_each(|tree| gather(tree, before, found)),
        UseTree::Glob(tree) => {
            found.push(Used { path: before.to_vec(), name: None, line: tree.star_token.spans[0].start().line });
        }
        UseTree::Name(tree) => {
            let path = if tree.ident == "self" { before.to_vec() } else { with(&tree.ident) };
            found.push(Used { name: path.last().cloned(), path, line: tree.ident.span().start().line });
        }
        UseTree::Rename(tree) => {
            let path = if tree.ident == "self" { before.to_vec() } else { with(&tree.ident) };
            found.push(Used { path, name: Some(name_of(&tree.rename)), line: tree.ident.span().start().line });
        }
    }
}
