//! Files that import each other, by whatever way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::imports::Import;
use crate::source::Source;

/// Files of which each one imports every other, directly or by way of others among them.
pub struct Knot<'a> {
    /// By their places in the list of sources.
    pub files: BTreeSet<usize>,
    /// The shortest way from one of them back to itself.
    pub cycle: Vec<&'a Import>,
}

/// Every such set of files, the largest first.
pub fn knots<'a>(imports: &'a [Import]) -> Vec<Knot<'a>> {
    let files: BTreeSet<usize> = imports.iter().map(|import| import.from).collect();
    let reached: BTreeMap<usize, BTreeMap<usize, &'a Import>> =
        files.iter().map(|file| (*file, reached_from(imports, *file))).collect();
    let leads = |from: usize, to: usize| reached.get(&from).is_some_and(|found| found.contains_key(&to));
    let mut found: Vec<Knot<'a>> = Vec::new();
    for file in files.iter().copied().filter(|file| leads(*file, *file)) {
        if found.iter().any(|knot| knot.files.contains(&file)) {
            continue;
        }
        let files: BTreeSet<usize> = files.iter().copied().filter(|to| leads(file, *to) && leads(*to, file)).collect();
        let cycles = files.iter().map(|file| way_back(&reached[file], *file));
        let cycle = cycles.min_by_key(Vec::len).unwrap_or_default();
        found.push(Knot { files, cycle });
    }
    found.sort_by_key(|knot| std::cmp::Reverse(knot.files.len()));
    found
}

/// The files that a file leads to; for each the import by which it is reached first.
fn reached_from(imports: &[Import], file: usize) -> BTreeMap<usize, &Import> {
    let mut reached = BTreeMap::new();
    let mut waiting = VecDeque::from([file]);
    while let Some(from) = waiting.pop_front() {
        for import in imports.iter().filter(|import| import.from == from && import.to != from) {
            if let std::collections::btree_map::Entry::Vacant(place) = reached.entry(import.to) {
                place.insert(import);
                waiting.push_back(import.to);
            }
        }
    }
    reached
}

/// The imports from a file back to itself.
fn way_back<'a>(reached: &BTreeMap<usize, &'a Import>, file: usize) -> Vec<&'a Import> {
    let mut way = vec![reached[&file]];
    while way[way.len() - 1].from != file {
        way.push(reached[&way[way.len() - 1].from]);
    }
    way.reverse();
    way
}

/// What is to be said of them.
pub fn told(knots: &[Knot], sources: &[Source]) -> Vec<String> {
    let told = |knot: &Knot| {
        let files: Vec<&str> = knot.files.iter().map(|file| sources[*file].path.as_str()).collect();
        let steps = knot.cycle.iter().map(|import| {
            let (from, to) = (&sources[import.from], &sources[import.to].path);
            format!("\n    {}: imports {}, which is in src/{to}", from.at(import.line), import.path)
        });
        format!(
            "{} files import each other ({}); a shortest cycle:{}",
            files.len(),
            files.join(", "),
            steps.collect::<String>()
        )
    };
    knots.iter().map(told).collect()
}
