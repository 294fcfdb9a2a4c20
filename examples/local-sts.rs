//! An STS on loopback to try aws-auth with. It knows the user `jo` of the README, her MFA device and the four roles.
//! Beside it are the console's sign-in, that of `aws login`, IAM Identity Center and the metadata service of an instance.
//!
//!     cargo run --example local-sts -- --home /tmp/try
//!
//! It prints `AWS_ENDPOINT_URL_STS=http://127.0.0.1:PORT`, and then answers the words that are typed, one line each.
//! The word `help` lists them. With `--home DIR` it writes under DIR the two files of `~/.aws` with all profiles of the
//! README, and `env`, which leads a shell here. `--team` leaves out the profiles beside the four.
//! `--show-codes` prints a new code on standard error if one was refused, as it does at a terminal. By HTTP,
//! `GET /code?serial=arn:aws:iam::398263320410:mfa/jo` gives the code that this device shows now, and
//! `GET /expire-codes` does what the word `expire codes` does.
//! The program stops at the end of its standard input, or on a signal.
// This program answers on standard output.
#![allow(clippy::print_stdout, clippy::print_stderr)]

// The services look for each other in the module that holds them, which is this one. Each is used in part, and may fail
// by panicking, as in the tests.
#[allow(dead_code, clippy::expect_used, clippy::indexing_slicing)]
#[path = "../tests/behaviour/world/aws_login.rs"]
mod aws_login;
#[allow(dead_code, clippy::expect_used, clippy::indexing_slicing)]
#[path = "../tests/behaviour/world/collected.rs"]
mod collected;
#[allow(dead_code)]
#[path = "../tests/behaviour/world/metadata.rs"]
mod metadata;
#[allow(dead_code, clippy::expect_used, clippy::indexing_slicing)]
#[path = "../tests/behaviour/world/sso.rs"]
mod sso;
#[path = "../tests/behaviour/world/sts/mod.rs"]
mod sts;
#[allow(dead_code, clippy::expect_used)]
#[path = "../tests/behaviour/world/web.rs"]
mod web;

use std::error::Error;
use std::fmt::Write as _;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use sts::{CodeTrouble, LocalSts, User, seed};

/// The words that may be typed.
const HELP: &str = "\
code            the MFA code that jo's device shows now (`code backups`: that of the profile backups)
expire codes    lets all codes that were shown so far expire
accounts 20 5   gives the SSO user 5 more roles in each of 20 more accounts
sso login       a token of the SSO user, as a login gives it
sso times 0     when the first and the last request to SSO came after 0 seconds since 1970
short roles     lets credentials of roles last for half a minute from now on
calls           the calls of STS so far
signers         the access key ids that signed these calls
codes           how many MFA codes came with these calls
refused         how many MFA codes were refused so far
tls             serves TLS on another port; says its URL and the file of its CA's certificate (`tls NAME`: for that name)
help            this list
Ctrl-D stops it.";

/// The first line of the config file. A directory with another file is somebody's home.
fn marker() -> String {
    seed::config_file().lines().next().unwrap_or_default().to_owned()
}

#[derive(Default)]
struct Options {
    home: Option<PathBuf>,
    team: bool,
    show_codes: bool,
}

impl Options {
    fn read() -> Result<Self, Box<dyn Error>> {
        let mut options = Self { show_codes: io::stdin().is_terminal(), ..Self::default() };
        let mut arguments = env::args_os().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--home") => {
                    let home = arguments.next().ok_or("--home needs a directory")?;
                    options.home = Some(std::path::absolute(home)?);
                }
                Some("--team") => options.team = true,
                Some("--show-codes") => options.show_codes = true,
                _ => return Err(format!("unknown argument {}", argument.display()).into()),
            }
        }
        Ok(options)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::read()?;
    let sts = LocalSts::start();
    let user = seed::populate(&sts);
    let backups = seed::populate_others(&sts, metadata::INSTANCE_ROLE);
    sts.serve_codes();
    if options.show_codes {
        sts.on_refused_code(show_code);
    }
    let signin = aws_login::SignIn::new(&sts);
    sts.serve_v1(move |asked| signin.answer(asked));
    let sso = sso::LocalSso::start(&sts);
    sso.assign("111111111111", "ReadOnly");
    let instance = metadata::instance(&sts, metadata::Imds::V2);
    if let Some(home) = &options.home {
        let variables = [
            ("AWS_ENDPOINT_URL_STS", sts.endpoint()),
            ("AWS_ENDPOINT_URL_IAM", sts.endpoint()),
            ("AWS_ENDPOINT_URL_SIGNIN", sts.endpoint()),
            ("AWS_ENDPOINT_URL_SSO", sso.web.endpoint()),
            ("AWS_ENDPOINT_URL_SSO_OIDC", sso.web.endpoint()),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance.endpoint()),
        ];
        write_files(home, &user, (!options.team).then_some(&backups))?;
        fs::write(home.join("env"), script(home, &variables)?)?;
    }
    say(&format!("AWS_ENDPOINT_URL_STS={}", sts.endpoint()))?;
    if io::stdin().is_terminal() {
        eprintln!("Type help for a list of what you can type here, and code for an MFA code.");
        if let Some(home) = &options.home {
            eprintln!("In another terminal, this leads a shell here: . {}", quoted(&home.join("env")));
        }
    }
    for line in io::stdin().lock().lines() {
        answer(line?.trim(), &sts, &sso, options.home.as_deref())?;
    }
    Ok(())
}

/// Answers a word that was typed.
fn answer(words: &str, sts: &LocalSts, sso: &sso::LocalSso, home: Option<&Path>) -> Result<(), Box<dyn Error>> {
    if let Some(answer) = answer_of_sso(words, sso) {
        return Ok(say(&answer)?);
    }
    match words {
        "code" => say(&sts.fresh_code(seed::SERIAL))?,
        "code backups" => say(&sts.fresh_code(seed::BACKUPS_SERIAL))?,
        "expire codes" => {
            sts.expire_codes();
            say("the codes so far have expired")?;
        }
        "calls" => say(&sts.actions().join(" "))?,
        "signers" => {
            let signers: Vec<String> = sts.calls().into_iter().map(|call| call.access_key_id).collect();
            say(&signers.join(" "))?;
        }
        "codes" => say(&sts.calls().iter().filter(|call| call.with_code).count().to_string())?,
        "refused" => say(&sts.refused_codes().to_string())?,
        "tls" => serve_tls("localhost", sts, home)?,
        "short roles" => {
            sts.set_role_lifetime(Some(30));
            say("credentials of roles last for 30 seconds")?;
        }
        "help" => say(HELP)?,
        other => match other.strip_prefix("tls ") {
            Some(name) => serve_tls(name.trim(), sts, home)?,
            None => say(&format!("unknown: {other}; type help for a list"))?,
        },
    }
    Ok(())
}

/// Answers a word about SSO; `None` if it is another word.
fn answer_of_sso(words: &str, sso: &sso::LocalSso) -> Option<String> {
    if words == "sso login" {
        return Some(sso.log_in().0);
    }
    if let Some(since) = words.strip_prefix("sso times ") {
        let since: f64 = since.parse().ok()?;
        let since_1970 = |at: std::time::SystemTime| at.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let times: Vec<f64> = sso.web.asked().iter().map(|asked| since_1970(asked.at).as_secs_f64()).collect();
        let after = || times.iter().copied().filter(|at| *at > since);
        let (first, last) = (after().fold(f64::INFINITY, f64::min), after().fold(0.0, f64::max));
        return Some(format!("{first} {last}"));
    }
    let (accounts, roles) = words.strip_prefix("accounts ")?.split_once(' ')?;
    let (accounts, roles): (u64, u64) = (accounts.parse().ok()?, roles.parse().ok()?);
    let names: Vec<String> = (1..=roles).map(|role| format!("Role{role}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for account in 1..=accounts {
        sso.add_account(&format!("{:012}", 200_000_000_000 + account), &format!("account {account}"), &names);
    }
    Some(format!("{} roles", accounts * roles))
}

/// Serves TLS with a certificate for this name.
fn serve_tls(name: &str, sts: &LocalSts, home: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let authority = sts::tls::Authority::new("the authority of a local STS");
    let port = sts.serve_tls(authority.server(name, |_| {}));
    let ca = env::temp_dir().join(format!("aws-auth-local-sts-{port}.pem"));
    let ca = home.map_or(ca, |home| home.join("ca.pem"));
    fs::write(&ca, authority.pem)?;
    say(&format!("https://{name}:{port} {}", ca.display()))?;
    Ok(())
}

/// Prints a line and flushes it, because the reader waits for it.
fn say(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Shows the next code after one was refused. STS answers after this, so it stands above the next prompt.
fn show_code(trouble: CodeTrouble, code: &str) {
    let why = match trouble {
        CodeTrouble::Expired => "That code has expired.",
        CodeTrouble::Used => "That code was used already.",
        CodeTrouble::Wrong => "That is not the code.",
    };
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
    let (bold, plain) =
        if io::stderr().is_terminal() && !is_set("NO_COLOR") && !dumb { ("\x1b[1;33m", "\x1b[0m") } else { ("", "") };
    eprintln!("{why} Your MFA device now shows: {bold}{code}{plain}");
}

/// Writes `~/.aws` anew, and removes what aws-auth has kept from an earlier STS, whose keys this one does not know.
fn write_files(home: &Path, user: &User, backups: Option<&User>) -> Result<(), Box<dyn Error>> {
    let directory = home.join(".aws");
    match fs::read_to_string(directory.join("config")) {
        Ok(text) if text.starts_with(&marker()) => {
            for kept in [".aws", ".cache/aws-auth", "Library/Caches/aws-auth"] {
                match fs::remove_dir_all(home.join(kept)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                    _ => {}
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && !directory.join("credentials").exists() => {}
        _ => return Err(format!("{} is not from local-sts; name another --home", directory.display()).into()),
    }
    fs::create_dir_all(&directory)?;
    let (mut config, mut credentials) = (seed::config_file(), seed::credentials_file(user));
    if let Some(backups) = backups {
        config.push_str(&seed::other_profiles());
        credentials.push_str(&seed::other_credentials(backups));
    }
    fs::write(directory.join("config"), config)?;
    fs::write(directory.join("credentials"), credentials)?;
    Ok(())
}

/// The script that leads a shell here: HOME, PATH, the addresses, and no AWS settings of the shell's own.
fn script(home: &Path, variables: &[(&str, String)]) -> Result<String, Box<dyn Error>> {
    let mut script = String::from(
        "unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE AWS_ENDPOINT_URL\n\
         unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN XDG_CACHE_HOME\n",
    );
    writeln!(script, "export HOME={}", quoted(home))?;
    // aws-auth of the same build, if there is one; otherwise the one that is installed.
    let program = env::current_exe()?;
    let build = program.parent().and_then(Path::parent).filter(|build| build.join("aws-auth").is_file());
    if let Some(build) = build {
        writeln!(script, "export PATH={}:\"$PATH\"", quoted(build))?;
    }
    for (name, value) in variables {
        writeln!(script, "export {name}={value}")?;
    }
    Ok(script)
}

/// The path as one word for a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    if plain { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
