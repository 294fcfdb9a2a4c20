//! Warnings about text that is read but is probably a mistake or refused by the AWS CLI. Only -v looks for it.

use std::collections::{HashMap, HashSet};

use crate::config::headers::Kind;
use crate::config::occurrence::{Occurrence, prevailing};
use crate::config::outline::Outline;
use crate::config::value::FileKind;

/// The warnings of one file, in the order of its lines.
pub(crate) fn of_file(outline: &Outline<'_>) -> Vec<String> {
    let file = outline.file();
    let occurrences: Vec<_> = outline.occurrences().collect();
    let mut found: Vec<(u32, String)> = Vec::new();
    if file.has_byte_order_mark() {
        found.push((1, "the file begins with a byte order mark, which the AWS CLI refuses".into()));
    }
    let mut first = HashMap::new();
    let mut by_name: HashMap<_, Vec<&Occurrence<'_>>> = HashMap::new();
    for occurrence in &occurrences {
        let Occurrence { kind, ref name, header, line, .. } = *occurrence;
        let earlier = *first.entry(header).or_insert(line);
        if earlier != line && kind != Kind::Defaults {
            let text = format!("[{header}] is also in line {earlier}: both count, and the last value of a key is used");
            found.push((line, format!("{text} (the AWS CLI refuses the file)")));
        }
        match kind {
            Kind::Unnamed => {
                let text = format!("[{header}] is ignored, because it does not have exactly one name");
                found.push((line, format!("{text}; quote a name that contains spaces")));
            }
            Kind::Profile | Kind::SsoSession | Kind::Services => {
                by_name.entry((kind, &**name)).or_default().push(occurrence);
            }
            Kind::Other if !matches!(header, "plugins" | "preview") && file.kind == FileKind::Config => {
                let text = format!("[{header}] is not a profile");
                found.push((line, format!("{text}; in this file, a profile's header is [profile NAME]")));
            }
            Kind::Defaults | Kind::Other => {}
        }
        let mut keys = HashSet::new();
        for entry in occurrence.entries() {
            if !keys.insert(entry.key.clone()) {
                let text = format!("{} is set more than once in [{header}]: the last value counts", entry.key);
                found.push((entry.line, format!("{text} (the AWS CLI refuses the file)")));
            }
        }
    }
    for same_name in by_name.values() {
        let Some(winner) = prevailing(same_name) else { continue };
        for ignored in same_name.iter().filter(|o| o.header != winner) {
            found.push((ignored.line, format!("[{}] is ignored, because [{winner}] replaces it", ignored.header)));
        }
    }
    found.sort();
    found.into_iter().map(|(line, text)| format!("{}:{line}: {text}", file.path.display())).collect()
}
