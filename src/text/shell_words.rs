//! Splitting a line into words like a POSIX shell, without expansions. The AWS CLI uses Python's `shlex.split` for
//! section headers and for `credential_process`, so the words must be the same.

/// The error for a quote that is never closed, or a backslash with nothing after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnbalancedQuote;

/// Splits `text` into words as Python's `shlex.split(text)` does. Words end at a space, tab, CR or LF and at no other
/// white space. Single quotes keep everything. In double quotes a backslash escapes only `"` and itself; elsewhere it
/// escapes any character, including a line break, which a shell would drop. `#` does not start a comment.
///
/// # Errors
/// Returns an error if a quote is not closed, or if the text ends in a backslash.
pub fn split_words(text: &str) -> Result<Vec<String>, UnbalancedQuote> {
    let mut words = Vec::new();
    // None between words, so that `''` is an empty word but spaces are not.
    let mut word: Option<String> = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => single_quoted(&mut rest, word.get_or_insert_default())?,
            '"' => double_quoted(&mut rest, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(rest.next().ok_or(UnbalancedQuote)?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Quotes a word, if it needs quotes, for a shell and for [`split_words`].
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./@+=:,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn single_quoted(rest: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), UnbalancedQuote> {
    loop {
        match rest.next().ok_or(UnbalancedQuote)? {
            '\'' => return Ok(()),
            c => word.push(c),
        }
    }
}

fn double_quoted(rest: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), UnbalancedQuote> {
    loop {
        match rest.next().ok_or(UnbalancedQuote)? {
            '"' => return Ok(()),
            '\\' => {
                let escaped = rest.next().ok_or(UnbalancedQuote)?;
                if escaped != '"' && escaped != '\\' {
                    word.push('\\');
                }
                word.push(escaped);
            }
            c => word.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::text::shell_words::{UnbalancedQuote, split_words};

    /// Lines, and the result of `shlex.split` in Python 3.11; `None` is its `ValueError`.
    const PYTHON: &[(&str, Option<&[&str]>)] = &[
        ("", Some(&[])),
        (" \t\r\n ", Some(&[])),
        ("profile b", Some(&["profile", "b"])),
        ("  profile \t b  ", Some(&["profile", "b"])),
        ("profile \"b c\"", Some(&["profile", "b c"])),
        ("profile 'b c'", Some(&["profile", "b c"])),
        ("profile m\\ n", Some(&["profile", "m n"])),
        ("profile ''", Some(&["profile", ""])),
        ("'' \"\"", Some(&["", ""])),
        ("a''b\"\"c", Some(&["abc"])),
        ("a'b'\"c\"\\d", Some(&["abcd"])),
        ("\"a\\\"b\"", Some(&["a\"b"])),
        ("\"a\\\\b\"", Some(&["a\\b"])),
        ("\"a\\nb\\'\"", Some(&["a\\nb\\'"])),
        ("'a\\'b", Some(&["a\\b"])),
        ("'a\\'b'", None),
        ("a\\\nb", Some(&["a\nb"])),
        ("\\", None),
        ("a\\", None),
        ("'", None),
        ("a \"b", None),
        ("\"a\\", None),
        ("a #b c", Some(&["a", "#b", "c"])),
        ("a\u{a0}b\u{b}c\u{2003}d", Some(&["a\u{a0}b\u{b}c\u{2003}d"])),
        ("cmd --x='1 2' \"$HOME\" *|;&", Some(&["cmd", "--x=1 2", "$HOME", "*|;&"])),
        ("é 'ü ö'", Some(&["é", "ü ö"])),
    ];

    #[test]
    fn splits_as_python_does() {
        for (line, words) in PYTHON {
            let expected = words.map(|words| words.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(split_words(line), expected.ok_or(UnbalancedQuote), "{line:?}");
        }
    }

    fn quote(word: &str) -> String {
        format!("'{}'", word.replace('\'', "'\"'\"'"))
    }

    proptest! {
        #[test]
        fn any_text_splits_or_is_refused(text in r#"[ab \t\n'"\\#\u{a0}é]{0,24}"#) {
            let quotes = text.contains(['\'', '"', '\\']);
            match split_words(&text) {
                Ok(words) if !quotes => {
                    let plain: Vec<&str> = text.split([' ', '\t', '\r', '\n']).filter(|w| !w.is_empty()).collect();
                    prop_assert_eq!(words, plain);
                }
                Ok(words) => prop_assert!(words.iter().map(String::len).sum::<usize>() <= text.len()),
                Err(UnbalancedQuote) => prop_assert!(quotes),
            }
        }

        #[test]
        fn quoted_words_come_back(words in proptest::collection::vec(any::<String>(), 0..5)) {
            let line = words.iter().map(|w| quote(w)).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(split_words(&line), Ok(words));
        }
    }
}
