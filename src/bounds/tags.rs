//! Session tags, and which of them are transitive: those follow into the roles that the session assumes.

use crate::error::{Error, Result};

/// The most tags that STS takes for a session.
const MOST: usize = 50;
/// The longest key and the longest value, in characters.
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// A session tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// 1 to 128 characters.
    pub key: String,
    /// At most 256 characters; may be empty.
    pub value: String,
}

impl Tag {
    /// Reads `KEY=VALUE`. The first `=` ends the key. `origin` is the option, or the place and the key, for the error.
    ///
    /// # Errors
    /// Returns an error if there is no `=`, or STS would not take the key or the value.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        let Some((key, value)) = text.split_once('=') else {
            return Err(Error::new(format!("{origin}: '{text}' is not a tag")).advise("write KEY=VALUE"));
        };
        let (key, value) = (key.trim(), value.trim());
        checked_key(key, origin)?;
        if value.chars().count() > LONGEST_VALUE || !value.chars().all(is_legal) {
            return Err(Error::new(format!("{origin}: '{value}' is not a value that STS takes for a tag"))
                .advise(format!("write at most {LONGEST_VALUE} letters, digits, spaces or _.:/=+-@")));
        }
        Ok(Self { key: key.to_owned(), value: value.to_owned() })
    }
}

/// Checks the key of a tag.
///
/// # Errors
/// Returns an error if STS would not take it, or keeps it for itself.
pub fn checked_key(key: &str, origin: &str) -> Result<String> {
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Err(Error::new(format!("{origin}: the key '{key}' begins with aws:, which AWS keeps for itself"))
            .advise("name the tag otherwise"));
    }
    if (1..=LONGEST_KEY).contains(&key.chars().count()) && key.chars().all(is_legal) {
        return Ok(key.to_owned());
    }
    Err(Error::new(format!("{origin}: '{key}' is not a key that STS takes for a tag"))
        .advise(format!("write 1 to {LONGEST_KEY} letters, digits, spaces or _.:/=+-@")))
}

/// Checks the tags of a session together. STS does not tell keys apart by capital letters.
///
/// # Errors
/// Returns an error if there are more than 50, if two have the same key, or if a transitive key is not one of a tag.
pub fn check_all<'t>(tags: impl Iterator<Item = &'t Tag> + Clone, transitive: &[String], origin: &str) -> Result<()> {
    let count = tags.clone().count();
    if count > MOST {
        return Err(Error::new(format!("{origin}: {count} session tags, and STS takes at most {MOST}"))
            .advise("leave some out"));
    }
    let mut keys: Vec<String> = tags.map(|tag| tag.key.to_lowercase()).collect();
    keys.sort();
    if let Some([twice, _]) = keys.array_windows().find(|[one, other]| one == other) {
        return Err(Error::new(format!("{origin}: two session tags have the key '{twice}'"))
            .advise("keep one of them; STS does not tell keys apart by capital letters"));
    }
    match transitive.iter().find(|key| !keys.contains(&key.to_lowercase())) {
        Some(key) => Err(Error::new(format!("{origin}: the transitive key '{key}' is not the key of a session tag"))
            .advise(format!("add a tag with that key ({key}=VALUE), or leave the key out"))),
        None => Ok(()),
    }
}

/// STS takes letters, numbers and separators of every script, and a few signs.
fn is_legal(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

#[cfg(test)]
mod tests {
    use crate::bounds::tags::{Tag, check_all, checked_key};

    fn problem(text: &str) -> String {
        Tag::parse(text, "--tag").err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn keys_and_values_have_lengths_and_characters() {
        let long = |count: usize| "k".repeat(count);
        for good in ["a=", "a=b", " a = b ", "Größe=größer als 1", "a:b/c=d=e", "k=\u{2003}"] {
            assert_eq!(problem(good), "", "{good}");
        }
        assert_eq!(problem(&format!("{}={}", long(128), long(256))), "");
        assert_eq!(problem("a"), "--tag: 'a' is not a tag; write KEY=VALUE");
        assert!(problem("=b").contains("'' is not a key that STS takes for a tag; write 1 to 128 letters"));
        assert!(problem(&format!("{}=b", long(129))).contains("is not a key that STS takes"));
        assert!(
            problem(&format!("a={}", long(257))).contains("is not a value that STS takes for a tag; write at most")
        );
        assert!(problem("a=b\tc").contains("is not a value"));
        assert!(problem("a#=b").contains("is not a key"));
        assert!(problem("AWS:x=b").contains("begins with aws:, which AWS keeps for itself; name the tag otherwise"));
        assert!(checked_key("aws:x", "x").is_err());
    }

    #[test]
    fn tags_are_checked_together() {
        let tags = |count: usize| -> Vec<Tag> {
            (0..count).map(|n| Tag { key: format!("k{n}"), value: String::new() }).collect()
        };
        let problem = |tags: &[Tag], transitive: &[&str]| {
            let transitive: Vec<String> = transitive.iter().map(|key| (*key).to_owned()).collect();
            check_all(tags.iter(), &transitive, "x").err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(problem(&tags(50), &["K3"]), "");
        assert_eq!(problem(&tags(51), &[]), "x: 51 session tags, and STS takes at most 50; leave some out");
        let mut twice = tags(2);
        twice.push(Tag { key: "K1".to_owned(), value: String::new() });
        assert!(problem(&twice, &[]).starts_with("x: two session tags have the key 'k1'; keep one of them"));
        assert!(problem(&tags(1), &["other"]).contains("the transitive key 'other' is not the key of a session tag"));
    }
}
