//! The rooms of src: the order of their imports, how large they are, and what the document says of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::imports::Import;
use crate::source::Source;

/// The room of a file: the first part of its path, without the ending.
pub fn room(path: &str) -> &str {
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

/// What is in the table and not in src, or the other way round.
pub fn not_in_both(sources: &[Source], rooms: &[&str]) -> Vec<String> {
    let found: BTreeSet<&str> = sources.iter().map(|source| room(&source.path)).collect();
    let unknown = found.iter().filter(|room| !rooms.contains(room));
    let missing = rooms.iter().filter(|room| !found.contains(*room));
    unknown
        .map(|room| format!("src has a room {room} that is not in the table ROOMS"))
        .chain(missing.map(|room| format!("the table ROOMS has a room {room} that is not in src")))
        .collect()
}

/// The imports that go upwards: to a file of a room above, or by way of one.
pub fn upwards(imports: &[Import], sources: &[Source], rooms: &[&str]) -> Vec<String> {
    let place = |file: usize| rooms.iter().position(|name| *name == room(&sources[file].path));
    let mut wrong = Vec::new();
    for import in imports {
        let is_above = |file: usize| place(file).zip(place(import.from)).is_some_and(|(file, from)| file < from);
        let (by_way, above) = if is_above(import.to) {
            (", in", import.to)
        } else if let Some(file) = import.through.iter().copied().find(|file| is_above(*file)) {
            (" by way of a `use` in", file)
        } else {
            continue;
        };
        let (from, above) = (&sources[import.from], &sources[above].path);
        let rooms = format!("room {} is above {}", room(above), room(&from.path));
        wrong.push(format!("{}: imports {}{by_way} src/{above} ({rooms})", from.at(import.line), import.path));
    }
    wrong
}

/// The rooms that hold one in `share` of the lines of src or more, lines of tests included.
pub fn too_large(sources: &[Source], share: usize) -> Vec<String> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for source in sources {
        *sizes.entry(room(&source.path)).or_default() += source.lines().count();
    }
    let total: usize = sizes.values().sum();
    let large = sizes.iter().filter(|(_, lines)| **lines * share >= total);
    let told =
        |(room, lines)| format!("room {room} holds {lines} of the {total} lines of src, which is 1 in {share} or more");
    large.map(told).collect()
}

/// What a section of a document does not tell of the rooms: the name of each between backticks, a folder's with a slash
/// behind it; and on the lines with a folder's name, the names of its files and inner folders.
pub fn untold(document: &str, heading: &str, sources: &[Source]) -> Vec<String> {
    let section = section(document, heading);
    if section.is_empty() {
        return vec![format!("there is no section \"{heading}\"")];
    }
    let mut wrong = BTreeSet::new();
    for source in sources.iter().filter(|source| !source.is_test) {
        let (first, inner) = match source.path.split_once('/') {
            Some((folder, inner)) => (format!("`{folder}/`"), inner),
            None if sources.iter().any(|other| other.path.starts_with(&format!("{}/", room(&source.path)))) => continue,
            None => (format!("`{}`", source.path), ""),
        };
        let lines: Vec<&str> = section.iter().copied().filter(|line| line.contains(&first)).collect();
        if lines.is_empty() {
            wrong.insert(format!("the section \"{heading}\" has no line with {first}"));
            continue;
        }
        let stem = Path::new(inner).with_extension("");
        for part in stem.iter().filter_map(|part| part.to_str()).filter(|part| *part != "mod") {
            let is_word = |word: &str| word == part;
            let words = |line: &&str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(is_word);
            if !lines.iter().any(words) {
                wrong.insert(format!("src/{}: the line of {first} does not name {part}", source.path));
            }
        }
    }
    wrong.into_iter().collect()
}

/// The lines below a heading of a document in Markdown, to the next one of its rank.
fn section<'a>(document: &'a str, heading: &str) -> Vec<&'a str> {
    let rank = |line: &str| line.chars().take_while(|c| *c == '#').count();
    let is_it = |line: &&str| rank(line) > 0 && line.trim_start_matches('#').trim() == heading;
    let mut lines = document.lines().skip_while(|line| !is_it(line));
    let Some(first) = lines.next() else { return Vec::new() };
    lines.take_while(|line| !(1..=rank(first)).contains(&rank(line))).collect()
}
