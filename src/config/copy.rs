//! The text of a file for a command that gets its credentials from aws-auth: without access keys, and without the
//! sections of one profile.

use crate::config::headers::{Kind, title};
use crate::config::ini::{Line, Lines};
use crate::config::value::FileKind;

/// The settings that make up an access key, and the token of a temporary one.
pub const ACCESS_KEY: [&str; 4] =
    ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"];

/// The text without the access keys of all sections and the lines that continue their values, and without the sections
/// of the profile `left_out`. Every other byte is unchanged.
pub(crate) fn without_access_keys(text: &str, file: FileKind, left_out: &str) -> String {
    let mut lines = Lines::new(text, 1);
    let mut kept = String::with_capacity(text.len());
    let mut is_key = false;
    let mut is_left_out = false;
    loop {
        let before = lines.rest();
        let Some((_, line)) = lines.next() else { return kept };
        match line {
            Line::Entry { key, .. } => is_key = ACCESS_KEY.contains(&key.to_lowercase().as_str()),
            Line::Header(header) => {
                is_key = false;
                is_left_out = title(file, header) == (Kind::Profile, left_out.into());
            }
            Line::More(_) | Line::Blank | Line::Comment => {}
            _ => is_key = false,
        }
        let leaves = is_left_out || (is_key && !matches!(line, Line::Blank | Line::Comment));
        if !leaves {
            kept.push_str(before.get(..before.len() - lines.rest().len()).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::config::copy::{ACCESS_KEY, without_access_keys};
    use crate::config::entry::entries;
    use crate::config::value::FileKind;

    fn copy(text: &str) -> String {
        without_access_keys(text, FileKind::Config, "left out")
    }

    #[test]
    fn keys_go_with_the_lines_that_continue_them_and_nothing_else() {
        let text = "[a]\r\nregion = r # aws_secret_access_key\r\n  AWS_Secret_Access_Key : x\r\n   more\r\n\r\n # c\r\n   \
                    more\r\naws_access_key_id=y\raws_session_token =\r\n  z\r\ns3 =\r\n  aws_session_token = nested\r\n[b]\n\
                    \taws_security_token=t\nq = 1";
        let expected = "[a]\r\nregion = r # aws_secret_access_key\r\n  AWS_Secret_Access_Key : x\r\n   more\r\n\r\n # c\r\n   \
                        more\r\ns3 =\r\n  aws_session_token = nested\r\n[b]\nq = 1";
        // The second line is indented more than `region`, so it belongs to that value.
        assert_eq!(copy(text), expected);
        let text = "[a]\naws_secret_access_key = x\n  more\n\n# c\n  more\n[b]\n";
        assert_eq!(copy(text), "[a]\n\n# c\n[b]\n");
        assert_eq!(copy(""), "");
    }

    #[test]
    fn sections_of_a_profile_go_whatever_their_header() {
        let text = "# a\n[default]\nx = 1\n[profile default]\ny = 2\n # c\n[profile \"default\"] ; d\nz =\n  a = b\n\
                    [profile p]\nq = 1\n[default]\n";
        assert_eq!(without_access_keys(text, FileKind::Config, "default"), "# a\n[profile p]\nq = 1\n");
        assert_eq!(without_access_keys("[default]\n[p]\nq=1", FileKind::Config, "p"), "[default]\n[p]\nq=1");
        assert_eq!(without_access_keys("[default]\n[p]\nq=1", FileKind::Credentials, "p"), "[default]\n");
    }

    proptest! {
        #[test]
        fn every_other_setting_reads_the_same(
            lines in prop::collection::vec((0..4_usize, prop::sample::select(vec![
                "a = 1", "b =", "aws_secret_access_key = x", "AWS_ACCESS_KEY_ID: y", "c = d", "# e", "", "more",
            ])), 0..12),
        ) {
            let text: String = lines.iter().flat_map(|(indent, line)| [&"   "[..*indent], line, "\n"]).collect();
            let read = |text: &str| -> Vec<(String, String)> {
                let entries = entries(text, 1);
                let others = entries.iter().filter(|entry| !ACCESS_KEY.contains(&&*entry.key));
                others.map(|entry| (entry.key.to_string(), entry.text().into_owned())).collect()
            };
            // An indented first line has no meaning of its own, so a setting comes before it.
            let whole = format!("first = 0\n{text}");
            prop_assert_eq!(read(&whole), read(&copy(&whole)));
        }
    }
}
