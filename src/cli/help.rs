//! The texts of `--help` and `-h`, in one column of options and one of descriptions. clap would give each group columns
//! of its own.

use std::fmt::Write as _;

use crate::cli::options;
use crate::text::wrap::wrap;

/// Where a text is shown.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// The width of the terminal; 80 if it is not known.
    pub columns: usize,
    /// Whether it shows colours.
    pub has_colours: bool,
}

/// Lines do not get longer than this, because the eye would lose them.
const WIDEST: usize = 120;

/// Below this width, a description stands below its option.
const NARROW: usize = 64;

const ABOUT: &str = "Run a command with the credentials of an AWS profile";

/// What follows `aws-auth` in a command line.
const USAGES: [&str; 2] = ["[OPTIONS] [--] COMMAND [ARG]...", "[OPTIONS] ACTION"];

const EXAMPLES: &str = "
  AWS_PROFILE=sops aws-auth sops -d logins.enc
  aws-auth -p production-infrastructure terraform plan
";

const COMMAND: &str = "The first word that is not an option is COMMAND, and everything after it is passed to COMMAND. The \
                       exit status is that of COMMAND, 127 if COMMAND is not found, 126 if it cannot be executed, and 125 \
                       if aws-auth itself fails.";

/// The options in the short help.
const USUAL: [&str; 15] = [
    "profile",
    "role-arn",
    "region",
    "keep-fresh",
    "shell",
    "login",
    "logout",
    "export",
    "explain",
    "list",
    "whoami",
    "setup",
    "console",
    "quiet",
    "verbose",
];

/// An option as the help shows it.
struct Row {
    heading: String,
    long: String,
    option: String,
    text: String,
}

/// All options, in their groups.
pub fn help(screen: Screen) -> String {
    let rows = rows();
    let mut text = usage(screen);
    let mut heading = "";
    for row in &rows {
        if row.heading != heading {
            heading = &row.heading;
            let _ = writeln!(text, "\n{}", bold(&format!("{heading}:"), screen));
        }
        push(&mut text, row, &row.text, column(&rows), screen);
    }
    let _ = write!(text, "\n{}\n{EXAMPLES}", wrapped(COMMAND, screen.columns.min(WIDEST), 0));
    text
}

/// The usual options, each with the beginning of its description.
pub fn short_help(screen: Screen) -> String {
    let rows: Vec<Row> = rows().into_iter().filter(|row| USUAL.contains(&row.long.as_str())).collect();
    let mut text = usage(screen) + "\n";
    for row in &rows {
        let end = row.text.find([';', ':', '.', '[', '(']).unwrap_or(row.text.len());
        push(&mut text, row, row.text.get(..end).unwrap_or_default().trim_end(), column(&rows), screen);
    }
    let more = "aws-auth --help shows all options, aws-auth --man the manual.";
    let _ = writeln!(text, "{EXAMPLES}\n{}", wrapped(more, screen.columns.min(WIDEST), 0));
    text
}

fn usage(screen: Screen) -> String {
    let mut text = wrapped(ABOUT, screen.columns.min(WIDEST), 0) + "\n\n";
    for (before, words) in ["Usage: ", "       "].iter().zip(USAGES) {
        let _ = writeln!(text, "{before}aws-auth {}", wrapped(words, screen.columns.min(WIDEST), 16));
    }
    text
}

fn rows() -> Vec<Row> {
    let definition = options::definition();
    let row = |arg: &clap::Arg| {
        let long = arg.get_long().filter(|_| !arg.is_hide_set())?.to_owned();
        let short = if long == "help" { Some('h') } else { arg.get_short() };
        let mut option = short.map_or_else(|| String::from("    "), |short| format!("-{short}, "));
        let _ = write!(option, "--{long}");
        if let Some(value) = arg.get_value_names().and_then(<[_]>::first).filter(|_| arg.get_action().takes_values()) {
            let (before, after) = if arg.is_require_equals_set() { ("[=", "]") } else { (" ", "") };
            let _ = write!(option, "{before}{value}{after}");
        }
        let heading = arg.get_help_heading().unwrap_or_default().to_owned();
        let text = arg.get_help().map(ToString::to_string).unwrap_or_default();
        Some(Row { heading, long, option, text })
    };
    definition.get_arguments().filter_map(row).collect()
}

/// The column in which descriptions begin.
fn column(rows: &[Row]) -> usize {
    rows.iter().map(|row| row.option.chars().count()).max().unwrap_or_default() + 4
}

fn push(text: &mut String, row: &Row, description: &str, column: usize, screen: Screen) {
    let width = screen.columns.min(WIDEST);
    if screen.columns < NARROW {
        let _ = writeln!(text, "  {}\n        {}", row.option, wrapped(description, width, 8));
    } else {
        let gap = column - 2;
        let _ = writeln!(text, "  {:gap$}{}", row.option, wrapped(description, width, column));
    }
}

/// The words in lines of this width. The first line begins in this column, and the others are indented to it. A name of
/// a variable in brackets is one word.
fn wrapped(text: &str, width: usize, indent: usize) -> String {
    wrap(words(text, width.saturating_sub(indent)), width, indent, indent)
}

/// The words of a description. `[env: NAME]` is one word if it is no longer than `longest`.
fn words(text: &str, longest: usize) -> Vec<&str> {
    let (before, brackets) = match text.split_once(" [env: ") {
        Some((before, _)) => (before, text.get(before.len() + 1..)),
        None => (text, None),
    };
    let short = brackets.filter(|brackets| brackets.chars().count() <= longest);
    let rest = brackets.filter(|_| short.is_none()).unwrap_or_default();
    before.split(' ').chain(rest.split(' ')).chain(short).filter(|word| !word.is_empty()).collect()
}

fn bold(text: &str, screen: Screen) -> String {
    if screen.has_colours { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
}
