//! Changes to an environment as a script for a shell, or as lines of a dotenv file.

use crate::cli::formats::Format;
use crate::command::environment::Changes;
use crate::error::{Error, Result};

/// Writes the changes in a format: one line for each variable.
///
/// # Errors
/// Returns an error if a value has several lines, which dotenv cannot hold.
pub fn script(format: Format, changes: &Changes) -> Result<String> {
    let mut text = String::with_capacity(4096);
    for line in changes.removed.iter().filter_map(|name| unset(format, name)) {
        text.push_str(&line);
        text.push('\n');
    }
    for (name, value) in &changes.set {
        text.push_str(&assignment(format, name, value)?);
        text.push('\n');
    }
    Ok(text)
}

/// The line that removes a variable; a dotenv file has no such line.
fn unset(format: Format, name: &str) -> Option<String> {
    // The semicolons are for an `eval` without quotes, which gets the whole script as one line.
    match format {
        Format::Sh => Some(format!("unset {name};")),
        Format::Fish => Some(format!("set -e {name};")),
        Format::PowerShell => Some(format!("Remove-Item -ErrorAction SilentlyContinue Env:{name};")),
        Format::Dotenv | Format::Json => None,
    }
}

fn assignment(format: Format, name: &str, value: &str) -> Result<String> {
    Ok(match format {
        Format::Sh => format!("export {name}='{}';", value.replace('\'', "'\\''")),
        Format::Fish => format!("set -gx {name} '{}';", value.replace('\\', "\\\\").replace('\'', "\\'")),
        Format::PowerShell => format!("$env:{name} = '{}';", powershell(value)),
        Format::Dotenv | Format::Json if value.contains(['\n', '\r']) => {
            return Err(Error::new(format!("the value of {name} has more than one line, which dotenv cannot hold"))
                .advise("use another format, or correct the profile's setting"));
        }
        Format::Dotenv | Format::Json => format!("{name}={value}"),
    })
}

/// Doubles each quote. PowerShell ends a single-quoted string at the typographic single quotes as well.
fn powershell(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 8);
    for c in value.chars() {
        if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
            quoted.push(c);
        }
        quoted.push(c);
    }
    quoted
}

#[cfg(test)]
mod tests {
    use crate::actions::script::script;
    use crate::cli::formats::Format;
    use crate::command::environment::Changes;

    fn changes(value: &str) -> Changes {
        Changes { set: vec![(String::from("A"), value.to_owned())], removed: vec![String::from("B")] }
    }

    #[test]
    fn powershell_expands_nothing_in_a_value() {
        assert_eq!(
            script(Format::PowerShell, &changes("it's ‘a’ ‚b‛ $(x) `n \"")).unwrap(),
            "Remove-Item -ErrorAction SilentlyContinue Env:B;\n$env:A = 'it''s ‘‘a’’ ‚‚b‛‛ $(x) `n \"';\n"
        );
    }

    #[test]
    fn each_format_quotes_in_its_own_way() {
        for (format, text) in [
            (Format::Sh, "unset B;\nexport A='it'\\''s \\\n';\n"),
            (Format::Fish, "set -e B;\nset -gx A 'it\\'s \\\\\n';\n"),
        ] {
            assert_eq!(script(format, &changes("it's \\\n")).unwrap(), text);
        }
        assert_eq!(script(Format::Dotenv, &changes(" it's # x ")).unwrap(), "A= it's # x \n");
    }
}
