//! Where a path leads: to the file in which that what it names is defined, whatever re-exports lie between.

use crate::modules::{Crate, Id, LeadsTo, Module, Name};

/// What a path leads to.
pub enum Reached {
    /// Another crate, or a name that this crate does not know.
    Outside,
    /// It begins in this crate and ends at a name that is not there.
    Nowhere,
    /// More than one where a name is a module and a function.
    Places(Vec<Place>),
}

/// One thing that a path leads to.
#[derive(Clone)]
pub struct Place {
    pub what: What,
    /// The files with a `use` on the way.
    pub through: Vec<usize>,
}

/// What is at the end of a path.
#[derive(Clone, Copy)]
pub enum What {
    /// Something that this file defines, or takes from another crate.
    Item(usize),
    /// A module.
    Module(Id),
}

/// The paths that are being followed: a `use` may name itself.
type Followed = Vec<(Id, Vec<String>)>;

impl Crate<'_> {
    /// Follows a path that is written in a module.
    pub fn resolve(&self, from: Id, path: &[String]) -> Reached {
        self.follow(from, path, &mut Vec::new())
    }

    /// Whether a path begins with a module, and not with an item, whose `use` has been seen already.
    pub fn begins_with_module(&self, from: Id, path: &[String]) -> bool {
        let is_module = |place: &Place| matches!(place.what, What::Module(_));
        self.start(from, path).is_some()
            || path.first().is_some_and(|name| self.look_up(from, name, true, &mut Vec::new()).iter().any(is_module))
    }

    /// What somebody gets who names everything of a module.
    pub fn everything_in(&self, module: Id) -> Vec<Place> {
        let mut places = Vec::new();
        self.gather(module, &mut Vec::new(), &mut places);
        places
    }

    fn gather(&self, module: Id, seen: &mut Vec<Id>, places: &mut Vec<Place>) {
        if seen.contains(&module) {
            return;
        }
        seen.push(module);
        let names = self.modules[module].names.iter();
        let public = names.filter(|(_, found)| found.iter().any(|name| name.public));
        places.extend(public.flat_map(|(name, _)| self.look_up(module, name, false, &mut Vec::new())));
        for glob in self.modules[module].globs.iter().filter(|glob| glob.public) {
            for place in self.follow_name(module, glob, &mut Vec::new()) {
                match place.what {
                    What::Module(inner) => self.gather(inner, seen, places),
                    What::Item(_) => places.push(place),
                }
            }
        }
    }

    fn follow(&self, from: Id, path: &[String], followed: &mut Followed) -> Reached {
        let is_known = |name: &String, followed: &mut Followed| !self.look_up(from, name, true, followed).is_empty();
        let places = match self.start(from, path) {
            Some((module, rest)) => self.walk(module, rest, false, followed),
            None if path.first().is_some_and(|name| is_known(name, followed)) => self.walk(from, path, true, followed),
            None => return Reached::Outside,
        };
        if places.is_empty() { Reached::Nowhere } else { Reached::Places(places) }
    }

    /// The module that the words in front of a path name, and the path behind them.
    fn start<'p>(&self, from: Id, path: &'p [String]) -> Option<(Id, &'p [String])> {
        let module = &self.modules[from];
        let in_binary = module.path.first().is_some_and(|name| name == "main.rs");
        let library = || self.id(&[]);
        match path.first()?.as_str() {
            "crate" if in_binary => Some((self.id(&module.path[..1])?, &path[1..])),
            "crate" => Some((library()?, &path[1..])),
            "aws_auth" if !module.names.contains_key("aws_auth") => Some((library()?, &path[1..])),
            "" if path.get(1).is_some_and(|name| name == "aws_auth") => Some((library()?, &path[2..])),
            "self" => Some(self.start(from, &path[1..]).unwrap_or((from, &path[1..]))),
            "super" => {
                let parent = self.id(module.path.split_last()?.1)?;
                Some(self.start(parent, &path[1..]).unwrap_or((parent, &path[1..])))
            }
            _ => None,
        }
    }

    /// Goes from a module along the names of a path. Behind an item come its own things: they are where it is.
    fn walk(&self, module: Id, path: &[String], inside: bool, followed: &mut Followed) -> Vec<Place> {
        let Some((name, rest)) = path.split_first() else {
            return vec![Place { what: What::Module(module), through: Vec::new() }];
        };
        let places = self.look_up(module, name, inside, followed);
        let is_module = |place: &Place| matches!(place.what, What::Module(_));
        if rest.is_empty() || !places.iter().any(is_module) {
            return places;
        }
        let mut ends = Vec::new();
        for place in places {
            let What::Module(next) = place.what else { continue };
            for end in self.walk(next, rest, false, followed) {
                ends.push(Place { what: end.what, through: [&place.through[..], &end.through].concat() });
            }
        }
        ends
    }

    /// What a name stands for in a module; with `inside`, in its functions.
    fn look_up(&self, module: Id, name: &str, inside: bool, followed: &mut Followed) -> Vec<Place> {
        let here: &Module = &self.modules[module];
        let within = here.inside.get(name).into_iter().flatten().filter(|_| inside);
        let written: Vec<&Name> = within.chain(here.names.get(name).into_iter().flatten()).collect();
        if !written.is_empty() {
            return written.into_iter().flat_map(|name| self.follow_name(module, name, followed)).collect();
        }
        let mut places = Vec::new();
        for glob in &here.globs {
            for place in self.follow_name(module, glob, followed) {
                match place.what {
                    What::Module(from) if !is_followed(followed, from, name) => {
                        followed.push((from, vec![name.to_owned()]));
                        places.extend(self.look_up(from, name, false, followed));
                        followed.pop();
                    }
                    // Another crate's: whatever comes from there is taken for this file's.
                    What::Item(_) if place.through.is_empty() => places.push(place),
                    What::Module(_) | What::Item(_) => {}
                }
            }
        }
        places
    }

    fn follow_name(&self, module: Id, name: &Name, followed: &mut Followed) -> Vec<Place> {
        let file = self.modules[module].file;
        let path = match &name.leads_to {
            LeadsTo::Item => return vec![Place { what: What::Item(file), through: Vec::new() }],
            LeadsTo::Module(id) => return vec![Place { what: What::Module(*id), through: Vec::new() }],
            LeadsTo::Path(path) => path,
        };
        if followed.contains(&(module, path.clone())) {
            return Vec::new();
        }
        followed.push((module, path.clone()));
        let reached = self.follow(module, path, followed);
        followed.pop();
        match reached {
            Reached::Outside => vec![Place { what: What::Item(file), through: Vec::new() }],
            Reached::Nowhere => Vec::new(),
            Reached::Places(mut places) => {
                for place in &mut places {
                    place.through.insert(0, file);
                }
                places
            }
        }
    }
}

fn is_followed(followed: &Followed, module: Id, name: &str) -> bool {
    followed.iter().any(|(id, path)| *id == module && path.len() == 1 && path[0] == name)
}
