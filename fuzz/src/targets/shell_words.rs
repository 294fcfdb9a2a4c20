//! Splitting a line into words, as for `credential_process`, and quoting them.

use aws_auth::text::shell_words::{shell_word, split_words};

/// Words that were quoted come back, and where Python's rules are those of a POSIX shell, two crates split alike.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let words = split_words(&text);
    if let Ok(words) = &words {
        let quoted: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
        assert_eq!(split_words(&quoted.join(" ")).as_ref(), Ok(words), "{quoted:?}");
        let by_others = shlex::split(&quoted.join(" "));
        // `#` begins a comment there.
        assert!(by_others.as_ref() == Some(words) || text.contains('#'), "{quoted:?}");
    }
    // Any text can be quoted, not only what came out of a line.
    assert_eq!(split_words(&shell_word(&text)), Ok(vec![text.clone().into_owned()]));
    // A shell has comments; in double quotes a backslash also escapes these; it joins lines; and to the crates a CR is no
    // white space.
    if !text.contains(['#', '$', '`', '\r']) && !text.contains("\\\n") {
        let words = words.ok();
        assert_eq!(words, shlex::split(&text), "as shlex splits it");
        // A backslash at the end is one to shell-words.
        assert!(text.ends_with('\\') || words == shell_words::split(&text).ok(), "as shell-words splits {words:?}");
    }
}
