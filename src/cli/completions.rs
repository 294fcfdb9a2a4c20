//! Shell completions. bash, zsh and fish have templates written by hand, for two things that clap_complete cannot do:
//! after aws-auth's own options they hand over to the completion of COMMAND, and they complete the names of profiles.
//! Such a name comes from a file, so the templates never evaluate it, and quote it for their shell.

use std::fmt::Write as _;

use crate::cli::console_services::SERVICES;
use crate::cli::formats::{KeyStore, Shell};
use crate::cli::options;
use crate::cli::regions::REGIONS;

const BASH: &str = include_str!("templates/aws-auth.bash");

const ZSH: &str = include_str!("templates/aws-auth.zsh");

const FISH: &str = include_str!("templates/aws-auth.fish");

/// What fish shows beside an option whose help does not begin with a short clause that says enough. fish cuts long
/// descriptions in the middle of a word, and shows fewer options on a line.
const SHORT_HELP: [(&str, &str); 31] = [
    ("role-arn", "Assume this role with the profile"),
    ("min-ttl", "Require this much time left"),
    ("refresh", "Get new role credentials"),
    ("read-only", "Get credentials that can only read"),
    ("policy", "Bound the role by a session policy"),
    ("source-identity", "Source identity of the role session"),
    ("transitive-tag", "Let this tag follow into later roles"),
    ("keep-fresh", "Let COMMAND renew its credentials"),
    ("yes", "Answer the question of the guard"),
    ("each", "Run COMMAND for each profile"),
    ("jobs", "With --each, run N at once"),
    ("fail-fast", "With --each, stop after a failure"),
    ("outputs", "With --each, write output into files"),
    ("login", "Cache credentials and sign in if needed"),
    ("logout", "Forget the cached credentials"),
    ("all", "With --logout, forget every profile's"),
    ("role-only", "With --logout, keep the MFA session"),
    ("unset", "Print what undoes --export"),
    ("setup", "Ask for what is missing, then check"),
    ("check", "Try the profile for real"),
    ("sync-sso", "Make profiles for all SSO roles"),
    ("console", "Open the AWS console as the role"),
    ("console-logout", "End the browser's old session first"),
    ("no-browser", "Print the link instead of opening it"),
    ("store-keys", "Move the long-term keys into a store"),
    ("from", "The file for --store-keys or --setup"),
    ("rotate-keys", "Replace the long-term keys"),
    ("forget-keys", "Remove the keys from their store"),
    ("dry-run", "Show what would change in the AWS files"),
    ("completions", "Print completions for a shell"),
    ("json", "Print the report as JSON"),
];

/// An option as completions show it.
struct Opt {
    /// Not for people: only lines of the config file have it.
    is_hidden: bool,
    /// Every option but `-h` has one.
    long: Option<String>,
    short: Option<char>,
    help: String,
    /// The name of its value, and whether the value must follow a `=`.
    value: Option<(String, bool)>,
}

/// The completion script for a shell.
pub fn completions(shell: Shell) -> String {
    match shell {
        Shell::Bash => bash(),
        Shell::Zsh => zsh(),
        Shell::Fish => fish(),
        Shell::PowerShell => generated(clap_complete::Shell::PowerShell),
        Shell::Elvish => generated(clap_complete::Shell::Elvish),
    }
}

fn generated(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut options::definition(), "aws-auth", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

fn options() -> Vec<Opt> {
    let definition = options::definition();
    let option = |arg: &clap::Arg| {
        let value = arg.get_action().takes_values().then(|| {
            let name = arg.get_value_names().and_then(<[_]>::first).map(ToString::to_string).unwrap_or_default();
            (name, arg.is_require_equals_set())
        });
        Opt {
            is_hidden: arg.is_hide_set() && arg.get_long().is_some(),
            long: arg.get_long().map(String::from),
            short: arg.get_short(),
            help: arg.get_help().map(ToString::to_string).unwrap_or_default().replace('\n', " "),
            value,
        }
    };
    definition.get_arguments().map(option).filter(|option| !option.is_hidden).collect()
}

impl Opt {
    /// The help in one short clause.
    fn short_help(&self) -> &str {
        let written = SHORT_HELP.iter().find(|(long, _)| Some(*long) == self.long.as_deref());
        written
            .map_or_else(|| self.help.split([';', ':', ',', '.', '[']).next().unwrap_or_default().trim(), |row| row.1)
    }
}

fn services() -> String {
    let names: Vec<&str> = SERVICES.iter().filter_map(|service| service.names.first()).copied().collect();
    names.join(" ")
}

fn bash() -> String {
    let options = options();
    let words = |wanted: &dyn Fn(&Opt) -> bool| {
        let mut words: Vec<String> = Vec::new();
        for option in options.iter().filter(|option| wanted(option)) {
            words.extend(option.short.map(|short| format!("-{short}")));
            words.extend(option.long.as_ref().map(|long| format!("--{long}")));
        }
        words
    };
    let with_value = |option: &Opt| option.value.as_ref().is_some_and(|(_, equals)| !equals);
    let mut all = words(&|_| true);
    all.extend(options.iter().filter_map(|option| {
        let has_optional_value = option.value.as_ref().is_some_and(|(_, equals)| *equals);
        option.long.as_ref().filter(|_| has_optional_value).map(|long| format!("--{long}="))
    }));
    BASH.replace("@OPTIONS@", &all.join(" "))
        .replace("@WITH_VALUE@", &words(&with_value).join("|"))
        .replace("@SERVICES@", &services())
        .replace("@REGIONS@", &REGIONS.join(" "))
}

fn zsh() -> String {
    let mut specs = String::new();
    for option in options() {
        let help = option
            .help
            .replace('\\', "\\\\")
            .replace('[', "\\[")
            .replace(']', "\\]")
            .replace('\'', "'\\''")
            .replace(':', "\\:");
        let value = match (&option.value, option.long.as_deref().unwrap_or_default()) {
            (None, _) => String::new(),
            (Some(_), "profile" | "each") => String::from(":profile:_aws_auth_profiles"),
            (Some(_), "outputs") => String::from(":directory:_directories"),
            (Some(_), "region") => format!(":region:({})", REGIONS.join(" ")),
            (Some(_), "console") => format!("::service:({})", services()),
            (Some(_), "login") => String::from("::way:(aws)"),
            (Some(_), "export") => String::from("::format:(sh fish powershell dotenv json)"),
            (Some(_), "unset") => String::from("::shell:(sh fish powershell)"),
            (Some(_), "store-keys") => format!("::store:({})", KeyStore::NAMES.join(" ")),
            (Some(_), "from") => String::from(":file:_files"),
            (Some(_), "completions") => String::from(":shell:(bash zsh fish powershell elvish)"),
            (Some(_), "policy") => String::from(":policy:_files"),
            (Some(_), "mfa-process") => String::from(":command:_command_names -e"),
            (Some((name, _)), _) => format!(":{}: ", name.to_ascii_lowercase()),
        };
        let equals = match &option.value {
            Some((_, true)) => "=-",
            Some((_, false)) => "=",
            None => "",
        };
        let _ = match (option.short, &option.long) {
            (Some(short), Some(long)) => {
                let joined = if option.value.is_some() { "+" } else { "" };
                writeln!(specs, "    '(-{short} --{long})'{{-{short}{joined},--{long}{equals}}}'[{help}]{value}' \\")
            }
            (None, Some(long)) => writeln!(specs, "    '--{long}{equals}[{help}]{value}' \\"),
            (Some(short), None) => writeln!(specs, "    '-{short}[{help}]' \\"),
            (None, None) => Ok(()),
        };
    }
    ZSH.replace("@SPECS@\n", &specs)
}

fn fish() -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    let mut lines = String::new();
    let (mut short_with_value, mut long_with_value) = (String::new(), Vec::new());
    for option in options() {
        let long = option.long.as_deref().unwrap_or_default();
        lines.push_str("complete -c aws-auth -n __aws_auth_no_command");
        if !long.is_empty() {
            let _ = write!(lines, " -l {long}");
        }
        if let Some(short) = option.short {
            let _ = write!(lines, " -s {short}");
        }
        let values = match long {
            "profile" | "each" => Some(String::from("(__aws_auth_profiles)")),
            "outputs" => Some(String::from("(__fish_complete_directories)")),
            "region" => Some(REGIONS.join(" ")),
            "console" => Some(services()),
            "login" => Some(String::from("aws")),
            "export" => Some(String::from("sh fish powershell dotenv json")),
            "unset" => Some(String::from("sh fish powershell")),
            "store-keys" => Some(KeyStore::NAMES.join(" ")),
            "from" => Some(String::from("(__fish_complete_path (commandline -ct))")),
            "completions" => Some(String::from("bash zsh fish powershell elvish")),
            _ => None,
        };
        match (&option.value, values) {
            // `-r` would make fish ask for a value in the next word; this one is optional and follows a `=`.
            (Some((_, true)), values) => {
                let _ = write!(lines, " -f");
                for value in values.iter().flat_map(|values| values.split(' ')) {
                    // Offered only after its first letters, so that it does not crowd the list of commands.
                    let begun =
                        format!("__aws_auth_no_command; and string match -q -- \"--{long}*\" (commandline -ct)");
                    let _ = write!(
                        lines,
                        " -d {}\ncomplete -c aws-auth -f -n '{begun}' -a '--{long}={value}'",
                        quoted(option.short_help())
                    );
                }
            }
            (Some(_), Some(values)) => {
                let _ = write!(lines, " -x -a {}", quoted(&values));
            }
            // The path of a file.
            (Some(_), None) if long == "policy" => lines.push_str(" -r"),
            (Some(_), None) => lines.push_str(" -x"),
            (None, _) => lines.push_str(" -f"),
        }
        if let Some((_, false)) = option.value {
            long_with_value.push(long.to_owned());
            short_with_value.extend(option.short);
        }
        let _ = writeln!(lines, " -d {}", quoted(option.short_help()));
    }
    FISH.replace("@LONG_WITH_VALUE@", &long_with_value.join(" "))
        .replace("@SHORT_WITH_VALUE@", &short_with_value)
        .replace("@OPTIONS@\n", &lines)
}

#[cfg(test)]
mod tests {
    use crate::cli::completions::{SHORT_HELP, completions, options};
    use crate::cli::formats::Shell;
    use crate::cli::regions::REGIONS;

    #[test]
    fn the_descriptions_of_fish_are_short_clauses() {
        let options = options();
        for option in &options {
            let short = option.short_help();
            assert!((5..=40).contains(&short.chars().count()), "{:?}: {short}", option.long);
            assert!(!short.contains([';', ':', '[']) && !short.ends_with(['.', ',']), "{:?}: {short}", option.long);
        }
        for (long, _) in SHORT_HELP {
            assert!(options.iter().any(|option| option.long.as_deref() == Some(long)), "there is no --{long}");
        }
        let script = completions(Shell::Fish);
        for description in script.lines().filter_map(|line| line.split_once(" -d ")).map(|(_, description)| description)
        {
            assert!(description.chars().count() <= 43, "{description}");
        }
        assert!(script.contains(" -l profile -s p -x -a '(__aws_auth_profiles)' -d 'The profile'\n"));
    }

    #[test]
    fn both_options_for_help_are_offered() {
        assert!(completions(Shell::Bash).contains(" --help -h -V "));
        assert!(completions(Shell::Zsh).contains("    '-h[Show the usual options]' \\\n"));
        assert!(completions(Shell::Fish).contains("_no_command -s h -f -d 'Show the usual options'\n"));
        for shell in [Shell::PowerShell, Shell::Elvish] {
            assert!(completions(shell).contains("Show the usual options"), "{}", completions(shell));
        }
    }

    #[test]
    fn the_regions_are_offered_for_their_option() {
        let regions = REGIONS.join(" ");
        assert!(
            completions(Shell::Bash).contains(&format!("--region) mapfile -t COMPREPLY < <(compgen -W '{regions}'"))
        );
        assert!(completions(Shell::Zsh).contains("'--region=[Region for STS and the command "));
        assert!(completions(Shell::Zsh).contains(&format!(":region:({regions})' ")));
        assert!(completions(Shell::Fish).contains(&format!(" -l region -x -a '{regions}' ")));
    }
}
