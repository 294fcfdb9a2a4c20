//! The modules of the crate, and the names that each of them has.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Block, Ident, Item, ItemMod, ItemUse, Visibility};

use crate::source::{Source, module_of};
use crate::uses::{name_of, used};

/// A module, by its place in the list of them.
pub type Id = usize;

/// One module: that of a file, or one that is written inside a file.
pub struct Module {
    /// The names from the crate's root to it.
    pub path: Vec<String>,
    /// The file that it is written in, by its place in the list of sources.
    pub file: usize,
    /// What each of its names stands for. One name may be a module and a function.
    pub names: BTreeMap<String, Vec<Name>>,
    /// The names that a `use` inside a function brings in. Nobody outside the module sees them.
    pub inside: BTreeMap<String, Vec<Name>>,
    /// The paths before each `::*`.
    pub globs: Vec<Name>,
}

/// What a name stands for, and whether more than its module sees it.
pub struct Name {
    pub public: bool,
    pub leads_to: LeadsTo,
}

/// Where a name leads.
pub enum LeadsTo {
    /// To something that is defined here.
    Item,
    /// To a module below this one.
    Module(Id),
    /// To what this path names, as a `use` says.
    Path(Vec<String>),
}

/// The modules of a library and its binary.
pub struct Crate<'a> {
    pub sources: &'a [Source],
    pub modules: Vec<Module>,
    /// What cannot be understood: declarations without files, files without declarations.
    pub wrong: Vec<String>,
    ids: BTreeMap<Vec<String>, Id>,
}

impl<'a> Crate<'a> {
    /// The modules of these files. Those that only tests see are left out.
    pub fn new(sources: &'a [Source]) -> Self {
        let mut all = Self { sources, modules: Vec::new(), wrong: Vec::new(), ids: BTreeMap::new() };
        let seen: Vec<usize> = (0..sources.len()).filter(|file| !sources[*file].is_test).collect();
        for file in &seen {
            all.add(module_of(&sources[*file].path), *file);
        }
        for file in &seen {
            let module = all.id(&module_of(&sources[*file].path)).unwrap();
            Naming { all: &mut all, module, in_function: false }.visit_file(&sources[*file].syntax);
        }
        all.note_undeclared(&seen);
        all
    }

    /// The module at a path from the root.
    pub fn id(&self, path: &[String]) -> Option<Id> {
        self.ids.get(path).copied()
    }

    /// The module that an inner `mod` of this module is, or that of its file.
    pub fn child(&self, module: Id, name: &Ident) -> Option<Id> {
        self.id(&[&self.modules[module].path[..], &[name_of(name)]].concat())
    }

    fn add(&mut self, path: Vec<String>, file: usize) -> Id {
        let id = self.modules.len();
        self.ids.insert(path.clone(), id);
        let (names, inside) = (BTreeMap::new(), BTreeMap::new());
        self.modules.push(Module { path, file, names, inside, globs: Vec::new() });
        id
    }

    /// A file that no `mod` declares is none of the crate's, whatever stands in it.
    fn note_undeclared(&mut self, files: &[usize]) {
        let declared: BTreeSet<Id> = (self.modules.iter().flat_map(|module| module.names.values().flatten()))
            .filter_map(|name| if let LeadsTo::Module(id) = name.leads_to { Some(id) } else { None })
            .collect();
        for source in files.iter().map(|file| &self.sources[*file]) {
            let is_root = ["lib.rs", "main.rs"].contains(&source.path.as_str());
            if !is_root && !self.id(&module_of(&source.path)).is_some_and(|id| declared.contains(&id)) {
                self.wrong.push(format!("{}: no `mod` declares this file", source.at(1)));
            }
        }
    }
}

/// Walks through a file and gives each module its names.
struct Naming<'a, 'b> {
    all: &'a mut Crate<'b>,
    module: Id,
    in_function: bool,
}

impl Naming<'_, '_> {
    fn name(&mut self, name: String, public: bool, leads_to: LeadsTo) {
        let module = &mut self.all.modules[self.module];
        let names = if self.in_function { &mut module.inside } else { &mut module.names };
        names.entry(name).or_default().push(Name { public, leads_to });
    }

    fn name_used(&mut self, item: &ItemUse) {
        for used in used(item) {
            let (public, leads_to) = (is_public(&item.vis), LeadsTo::Path(used.path));
            match used.name {
                Some(name) => self.name(name, public, leads_to),
                None => self.all.modules[self.module].globs.push(Name { public, leads_to }),
            }
        }
    }

    /// The module that a `mod` is about: one that it holds is added, one in a file is there.
    fn name_module(&mut self, item: &ItemMod) -> Option<Id> {
        let file = self.all.modules[self.module].file;
        let mut found = self.all.child(self.module, &item.ident);
        if found.is_none() && item.content.is_some() {
            let path = [&self.all.modules[self.module].path[..], &[name_of(&item.ident)]].concat();
            found = Some(self.all.add(path, file));
        }
        if let Some(id) = found {
            self.name(name_of(&item.ident), is_public(&item.vis), LeadsTo::Module(id));
        } else {
            let place = self.all.sources[file].at(item.ident.span().start().line);
            self.all.wrong.push(format!("{place}: there is no file for `mod {};`", item.ident));
        }
        found
    }
}

impl<'ast> Visit<'ast> for Naming<'_, '_> {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Use(item) => self.name_used(item),
            Item::Mod(item) => {
                let outer = self.module;
                if let Some(inner) = self.name_module(item) {
                    self.module = inner;
                    visit::visit_item_mod(self, item);
                    self.module = outer;
                }
            }
            _ => {
                if let Some((ident, public)) = defined(item).filter(|_| !self.in_function) {
                    self.name(name_of(ident), public, LeadsTo::Item);
                }
                visit::visit_item(self, item);
            }
        }
    }

    fn visit_block(&mut self, block: &'ast Block) {
        let outer = std::mem::replace(&mut self.in_function, true);
        visit::visit_block(self, block);
        self.in_function = outer;
    }
}

/// The name that an item defines, and whether more than its module sees it.
fn defined(item: &Item) -> Option<(&Ident, bool)> {
    let (ident, visibility) = match item {
        Item::Const(item) => (&item.ident, &item.vis),
        Item::Enum(item) => (&item.ident, &item.vis),
        Item::Fn(item) => (&item.sig.ident, &item.vis),
        Item::Static(item) => (&item.ident, &item.vis),
        Item::Struct(item) => (&item.ident, &item.vis),
        Item::Trait(item) => (&item.ident, &item.vis),
        Item::Type(item) => (&item.ident, &item.vis),
        Item::Union(item) => (&item.ident, &item.vis),
        Item::Macro(item) => return item.ident.as_ref().map(|ident| (ident, true)),
        _ => return None,
    };
    Some((ident, is_public(visibility)))
}

/// Whether an item is seen by more than its module.
pub fn is_public(visibility: &Visibility) -> bool {
    !matches!(visibility, Visibility::Inherited)
}
