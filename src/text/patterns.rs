//! Patterns for names: `dev-*,!dev-old` takes some names, and takes others out.

use glob::Pattern;

/// The names that are taken and taken out.
#[derive(Debug)]
pub struct Patterns {
    taken: Vec<Pattern>,
    taken_out: Vec<Pattern>,
}

/// A word that is no pattern.
#[derive(Debug)]
pub struct Wrong<'a> {
    /// The word, without its `!`.
    pub glob: &'a str,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Patterns {
    /// Reads patterns, separated by commas. Those that begin with `!` take out.
    ///
    /// # Errors
    /// Returns the first word that is no glob.
    pub fn parse(text: &str) -> Result<Self, Wrong<'_>> {
        let (mut taken, mut taken_out) = (Vec::new(), Vec::new());
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let (place, glob) = match word.strip_prefix('!') {
                Some(glob) => (&mut taken_out, glob),
                None => (&mut taken, word),
            };
            place.push(Pattern::new(glob).map_err(|error| Wrong { glob, why: error.msg })?);
        }
        Ok(Self { taken, taken_out })
    }

    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty() && self.taken_out.is_empty()
    }

    /// Whether the name is taken. If all patterns take out, the others are taken.
    pub fn takes(&self, name: &str) -> bool {
        let matches = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(name));
        (self.taken.is_empty() || matches(&self.taken)) && !matches(&self.taken_out)
    }

    /// The first name without `*`, `?` or `[` that is not among these: it was probably mistyped.
    pub fn missing(&self, names: &[String]) -> Option<&str> {
        let is_name = |pattern: &&Pattern| !pattern.as_str().contains(['*', '?', '[']);
        let plain = self.taken.iter().filter(is_name).map(Pattern::as_str);
        plain.into_iter().find(|name| !names.iter().any(|known| known == name))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::text::patterns::Patterns;

    fn selected(text: &str) -> Vec<&'static str> {
        let patterns = Patterns::parse(text).unwrap();
        ["dev-a", "dev-old", "prod", "staging/eu", "b[x]"].into_iter().filter(|name| patterns.takes(name)).collect()
    }

    #[test]
    fn globs_take_and_take_out_in_the_order_of_the_names() {
        assert_eq!(selected("prod,dev-*"), ["dev-a", "dev-old", "prod"]);
        assert_eq!(selected("dev-*,!dev-old"), ["dev-a"]);
        assert_eq!(selected("!dev-*, dev-a, prod"), ["prod"]);
        assert_eq!(selected("!dev-*"), ["prod", "staging/eu", "b[x]"]);
        assert_eq!(selected("*"), ["dev-a", "dev-old", "prod", "staging/eu", "b[x]"]);
        assert_eq!(selected("p??d,st*[eu]"), ["prod", "staging/eu"]);
        assert_eq!(selected("b[[]x]"), ["b[x]"]);
        assert_eq!(selected("none"), [""; 0]);
    }

    #[test]
    fn a_plain_name_that_is_not_there_is_told() {
        let names = ["prod".to_owned()];
        assert_eq!(Patterns::parse("prdo,x*").unwrap().missing(&names), Some("prdo"));
        assert_eq!(Patterns::parse("prod,x*,!y").unwrap().missing(&names), None);
        assert_eq!(Patterns::parse("!prod").unwrap().missing(&names), None);
    }
}
