//! The profiles to choose from, and which of them a query finds.

use std::cell::OnceCell;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::acquire::forecast::result_left;
use crate::actions::pick::history::History;
use crate::context::Context;
use crate::plan::model::Plan;
use crate::plan::resolve;
use crate::text::escape::printable;

/// A profile that resolves.
pub(crate) struct Choice<'a> {
    /// Its name, as it is in the file.
    pub(crate) name: String,
    /// The name, the account and the role as they are shown; what is not known is empty.
    pub(crate) cells: [String; 3],
    /// What a query is looked for in.
    text: String,
    plan: Plan,
    left: OnceCell<String>,
    context: &'a Context<'a>,
}

impl Choice<'_> {
    /// The time left of its cached credentials; empty if there are none. It is looked up when it is shown.
    pub(crate) fn left(&self) -> &str {
        self.left.get_or_init(|| match &self.plan {
            Plan::Acquire(plan) => {
                result_left(plan, self.context, self.context.now).map(|held| held.left.to_string()).unwrap_or_default()
            }
            Plan::Ambient { .. } | Plan::PassThrough => String::new(),
        })
    }
}

/// The profiles that resolve, those that were picked lately first, then in the order of the files.
pub(crate) fn choices<'a>(context: &'a Context<'a>, history: &History) -> Vec<Choice<'a>> {
    let choice = |name: String| {
        let plan = resolve::resolve_named(context.set, context.request, &name).ok()?;
        let (account, role) = match &plan {
            Plan::Acquire(plan) => (plan.account().unwrap_or_default(), plan.role_name().unwrap_or_default()),
            Plan::Ambient { .. } | Plan::PassThrough => ("", ""),
        };
        let cells = [name.as_str(), account, role].map(|text| printable(text).into_owned());
        let text = format!("{name} {account} {role}");
        Some(Choice { name, cells, text, plan, left: OnceCell::new(), context })
    };
    let mut choices: Vec<Choice<'a>> = context.set.names().into_iter().filter_map(choice).collect();
    choices.sort_by_key(|choice| std::cmp::Reverse(history.last(&choice.name)));
    choices
}

/// The most choices for which the best of all ways to match is looked for. It takes ten times as long as the first one:
/// for 10,000 long names up to 40 ms, and 5 ms.
const MOST_WITH_THE_BEST_SCORE: usize = 2000;

/// Finds choices. It keeps its memory between queries.
pub(crate) struct Finder {
    matcher: Matcher,
    buffer: Vec<char>,
    word_buffer: Vec<char>,
}

impl Finder {
    pub(crate) fn new() -> Self {
        Self { matcher: Matcher::new(Config::DEFAULT), buffer: Vec::new(), word_buffer: Vec::new() }
    }

    fn score(&mut self, text: &str, pattern: &Pattern) -> Option<u32> {
        pattern.score(Utf32Str::new(text, &mut self.buffer), &mut self.matcher)
    }

    /// The score of the first way to match each word. It matches the same texts as [`Self::score`].
    fn quick_score(&mut self, text: &str, query: &str) -> Option<u32> {
        let text = Utf32Str::new(text, &mut self.buffer);
        let mut score = 0;
        for word in query.split(' ').filter(|word| !word.is_empty()) {
            self.matcher.config.ignore_case = !word.chars().any(char::is_uppercase);
            self.matcher.config.normalize = word.is_ascii();
            let word = Utf32Str::new(word, &mut self.word_buffer);
            score += u32::from(self.matcher.fuzzy_match_greedy(text, word)?);
        }
        Some(score)
    }

    /// The choices that hold the letters of each word of the query in their order, the best first. Capitals count only
    /// if the query has some.
    /// Only the choices in `among` are looked at.
    pub(crate) fn find(&mut self, choices: &[Choice<'_>], among: &[usize], query: &str) -> Vec<usize> {
        let pattern = Pattern::new(query, CaseMatching::Smart, Normalization::Smart, AtomKind::Fuzzy);
        let is_quick = among.len() > MOST_WITH_THE_BEST_SCORE;
        let mut found: Vec<(u32, usize)> = Vec::new();
        for at in among {
            let Some(choice) = choices.get(*at) else { continue };
            let score =
                if is_quick { self.quick_score(&choice.text, query) } else { self.score(&choice.text, &pattern) };
            found.extend(score.map(|score| (score, *at)));
        }
        // Equal ones are in the order of all choices.
        found.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        found.into_iter().map(|(_, at)| at).collect()
    }
}

#[cfg(test)]
mod tests {
    use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
    use proptest::prelude::*;

    use crate::actions::pick::choices::Finder;

    proptest! {
        #[test]
        fn the_quick_search_finds_what_the_other_one_finds(
            text in "[a-cA-Cé帳 /-]{0,30}", query in "[a-cA-Cé帳-]{0,3}( [a-cé]{1,2})?"
        ) {
            let pattern = Pattern::new(&query, CaseMatching::Smart, Normalization::Smart, AtomKind::Fuzzy);
            let mut finder = Finder::new();
            let found = finder.score(&text, &pattern).is_some();
            prop_assert_eq!(finder.quick_score(&text, &query).is_some(), found);
        }
    }
}
