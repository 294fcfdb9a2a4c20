//! Properties that hold for any text.

use proptest::prelude::*;
use serde_json::json;

use crate::config::profiles::ProfileSet;
use crate::config::source::SourceFile;
use crate::config::tests::sdk::our_reading;
use crate::config::value::FileKind;

fn file_text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        2 => "\\[(profile )?(\"a b\"|a|b|default|DEFAULT|x y)\\]( # c)?",
        4 => "[ \t]{0,2}(x|Y|s3|credential_process) ?[=:] ?[a#; =]{0,5}",
        2 => "[ \t]{1,4}[a-c]{1,3} ?=?[#; b]{0,4}",
        1 => "[ \t]{0,2}[#;]?",
        1 => any::<String>(),
    ];
    let line_end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
    proptest::collection::vec((line, line_end), 0..12)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(config in any::<String>(), credentials in file_text()) {
        read_all(&config, &credentials);
    }

    #[test]
    fn what_is_read_is_in_the_text(config in file_text(), credentials in file_text()) {
        read_all(&config, &credentials);
    }

    #[test]
    fn line_ends_make_no_difference(text in file_text()) {
        let unix = text.replace("\r\n", "\n").replace('\r', "\n");
        let readings = [unix.replace('\n', "\r\n"), unix.replace('\n', "\r"), unix]
            .map(|text| our_reading(&json!({ "configFile": text.replace('\0', "") })));
        prop_assert!(readings.iter().all(|reading| *reading == readings[0]));
    }
}

/// Reads everything, and checks that the results agree with each other and with the texts.
fn read_all(config: &str, credentials: &str) {
    let config = SourceFile::from_text(FileKind::Config, "config", config);
    let credentials = SourceFile::from_text(FileKind::Credentials, "credentials", credentials);
    let Ok(set) = ProfileSet::parse(Some(&config), Some(&credentials)) else { return };
    set.warnings();
    for name in set.names() {
        let profile = set.profile(&name).unwrap();
        for (key, value) in profile.entries() {
            let source = if value.at.file == FileKind::Config { &config } else { &credentials };
            let own_line = source.text().unwrap().replace("\r\n", "\n").replace('\r', "\n");
            let own_line = own_line.split('\n').nth(value.at.line as usize - 1).unwrap().to_owned();
            assert!(own_line.to_lowercase().contains(&*key));
            for piece in value.text.split('\n') {
                assert!(source.text().unwrap().contains(piece));
            }
            match profile.get(&key) {
                Some(plain) => assert_eq!(plain, value),
                None => assert!(value.text.starts_with('\n') && profile.nested(&key) != Ok(None)),
            }
        }
    }
}
