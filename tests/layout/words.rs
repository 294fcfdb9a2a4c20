//! Words that stand where they are meant to be, or nowhere.

use std::path::Path;

use crate::source::Source;

/// The lines of code with one of these words, in all files but those that are allowed to have it. An allowed file
/// without such a word is wrong as well: what nobody needs is a door left open.
pub fn outside_of(allowed: &[&str], words: &[&str], sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut needed = Vec::new();
    for source in sources {
        for (line, text) in source.code().filter(|(_, text)| words.iter().any(|word| text.contains(word))) {
            if allowed.contains(&source.path.as_str()) {
                needed.push(source.path.as_str());
            } else {
                wrong.push(format!("{}: {}", source.at(line), text.trim()));
            }
        }
    }
    let idle = allowed.iter().filter(|path| !needed.contains(*path));
    wrong.extend(idle.map(|path| format!("src/{path} is allowed to have {} and does not", words.join(" or "))));
    wrong
}

/// The lines of code that allow what a lint forbids.
pub fn relaxed(lints: &[&str], sources: &[Source]) -> Vec<String> {
    let relaxes = |text: &str| text.contains("allow(") && lints.iter().any(|lint| text.contains(lint));
    let mut wrong = Vec::new();
    for source in sources {
        let found = source.code().filter(|(_, text)| relaxes(text));
        wrong.extend(found.map(|(line, text)| format!("{}: {}", source.at(line), text.trim())));
    }
    wrong
}

/// Modules with names that fit everything, and imports of everything above.
pub fn say_nothing(names: &[&str], sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources {
        if Path::new(&source.path).with_extension("").iter().any(|part| names.iter().any(|name| part == *name)) {
            wrong.push(format!("{}: the name says nothing of what is in it", source.at(1)));
        }
        let everything = source.lines().filter(|(_, text)| text.contains("use super::*"));
        wrong.extend(everything.map(|(line, _)| format!("{}: imports everything above it", source.at(line))));
        let declares = |text: &str| names.iter().any(|name| text.contains(&format!("mod {name} {{")));
        let inner = source.code().filter(|(_, text)| declares(text));
        wrong.extend(inner.map(|(line, text)| format!("{}: {}", source.at(line), text.trim())));
    }
    wrong
}

/// The lines of texts, given by path, with one of these words.
pub fn with_words(words: &[&str], texts: &[(String, String)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, text) in texts {
        for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| words.iter().any(|word| text.contains(word))) {
            wrong.push(format!("{path}:{line}: {}", text.trim()));
        }
    }
    wrong
}
