//! The action of a run: to start COMMAND, or what an option such as `--export` asks for.

use crate::cli::console_page::Page;
use crate::cli::formats::{Format, KeyStore, Shell};
use crate::cli::help::Screen;
use crate::cli::options::Cli;
use crate::cli::{completions, help, manual};
use crate::error::{Error, Result};
use crate::text::shell_words::shell_word;

/// What a run does. A command line has exactly one action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Run COMMAND.
    Run,
    /// Run $SHELL.
    Shell,
    /// Make sure that fresh credentials are cached, and sign in if needed.
    Login {
        /// With `aws login`, also for a profile that names no credentials yet.
        aws: bool,
    },
    /// Remove cached credentials.
    Logout {
        /// Of every profile, not only of the chosen one.
        all: bool,
        /// Not the MFA session.
        role_only: bool,
    },
    /// Print the credentials.
    Export(Format),
    /// Print what takes the variables of `--export` out of a shell again.
    Unset(Format),
    /// Show the plan, and what a run would do now.
    Explain,
    /// List every profile.
    List,
    /// Print the time left of the cached credentials.
    Status,
    /// Ask STS whose the credentials are.
    Whoami,
    /// Ask for what is missing until profiles work.
    Setup,
    /// Get the profile's credentials for real, and say whether they work.
    Check,
    /// Write a profile for every account and role of an SSO login.
    SyncSso,
    /// Sign in to the console.
    Console,
    /// Print the console's switch-role link.
    SwitchRoleUrl,
    /// Put the profile's long-term keys into this store, or into the best one that there is.
    StoreKeys(Option<KeyStore>),
    /// Replace the profile's long-term keys.
    RotateKeys,
    /// Make the user's virtual MFA device.
    RegisterMfa,
    /// Remove the profile's long-term keys from their store.
    ForgetKeys,
    /// Print the keys of a store for a `credential_process`.
    StoredKeys,
    /// Print completions.
    Completions(Shell),
    /// Print the manual page.
    Man,
    /// Print the help.
    Help {
        /// Only the usual options.
        short: bool,
    },
    /// Print the version.
    Version,
}

impl Action {
    /// The output of an action that needs neither the environment nor the files; `None` for the others.
    pub fn text(self, screen: impl FnOnce() -> Screen) -> Option<String> {
        match self {
            Self::Help { short: true } => Some(help::short_help(screen())),
            Self::Help { short: false } => Some(help::help(screen())),
            Self::Version => Some(String::from(concat!("aws-auth ", env!("CARGO_PKG_VERSION"), "\n"))),
            Self::Completions(shell) => Some(completions::completions(shell)),
            Self::Man => Some(manual::manual()),
            _ => None,
        }
    }

    /// Whether the process becomes another program.
    pub fn runs_command(self) -> bool {
        matches!(self, Self::Run | Self::Shell)
    }

    /// Whether the action itself says which credentials it got, so that nothing else says it a second time.
    pub fn says_result(self) -> bool {
        self.runs_command() || self.is_login()
    }

    /// Whether it is `--login`.
    pub fn is_login(self) -> bool {
        matches!(self, Self::Login { .. })
    }

    /// Whether it only reads the files and the caches: no call, nothing written.
    pub fn only_looks(self) -> bool {
        matches!(self, Self::Explain | Self::List | Self::Status | Self::SwitchRoleUrl)
    }
}

/// The action that the command line asks for.
///
/// # Errors
/// Returns an error if there is no action or more than one, an action comes with a COMMAND, or an option belongs to
/// another action.
pub fn of(cli: &Cli) -> Result<Action> {
    for (asked, option) in [(cli.all, "--all"), (cli.role_only, "--role-only")] {
        goes_with(asked, option, "--logout", cli.logout)?;
    }
    // Before the action: without one, it is that of these options which is missing.
    goes_with(cli.console_logout, "--console-logout", "--console", cli.console.is_some())?;
    goes_with(cli.prune, "--prune", "--sync-sso", cli.sync_sso.is_some())?;
    goes_with(cli.keep_old, "--keep-old", "--rotate-keys", cli.rotate_keys)?;
    let action = chosen(cli)?;
    let reports = matches!(action, Action::Explain | Action::List | Action::Status | Action::Whoami | Action::Check);
    let with = "--explain, --list, --status, --whoami, --check or --each";
    goes_with(cli.json, "--json", with, reports || cli.each.is_some())?;
    let options =
        [("--jobs", cli.jobs.is_some()), ("--fail-fast", cli.fail_fast), ("--outputs", cli.outputs.is_some())];
    for (option, asked) in options {
        goes_with(asked, option, "--each", cli.each.is_some())?;
    }
    let works_for_many =
        matches!(action, Action::Run | Action::Login { aws: false } | Action::Status | Action::Whoami | Action::Check);
    goes_with(cli.each.is_some(), "--each", "a COMMAND, --login, --status, --whoami or --check", works_for_many)?;
    goes_with(cli.outputs.is_some(), "--outputs", "a COMMAND", action == Action::Run)?;
    let named = [("--each", cli.each.is_some()), ("--profile", cli.profile.is_some()), ("--pick", cli.pick)];
    let mut named = named.iter().filter_map(|(name, asked)| asked.then_some(name));
    if let (Some(one), Some(other)) = (named.next(), named.next()) {
        return Err(Error::new(format!("{one} and {other} exclude each other")).advise("write one of them"));
    }
    let names_none =
        matches!(action, Action::List | Action::Logout { all: true, .. } | Action::Unset(_) | Action::Setup);
    goes_with(cli.pick, "--pick", "a COMMAND, or an action for one profile", !names_none)?;
    let opens = matches!(action, Action::Console | Action::Login { .. } | Action::SyncSso);
    goes_with(cli.no_browser, "--no-browser", "--console, --login or --sync-sso", opens)?;
    let runs = action.runs_command() || action == Action::Explain;
    goes_with(cli.keep_fresh, "--keep-fresh", "a COMMAND, --shell or --explain", runs)?;
    refuse_misplaced_changes(cli, action)?;
    if let (Some(name), Some(option)) = (takes_no_bounds(action), bounding_option(cli)) {
        return Err(Error::new(format!("{option} and {name} exclude each other")).advise("write one of them"));
    }
    if let (Some(name), Some(_)) = (takes_no_role(action), &cli.role_arn) {
        return Err(Error::new(format!("--role-arn and {name} exclude each other")).advise("write one of them"));
    }
    Ok(action)
}

/// Refuses an option that goes with another one, if it is `asked` for without it.
fn goes_with(asked: bool, option: &str, with: &str, is_there: bool) -> Result<()> {
    if asked && !is_there {
        return Err(Error::new(format!("{option} goes with {with}")).advise("write both, or leave it out"));
    }
    Ok(())
}

/// Refuses the options of actions that change files, keys or devices, where the action is another one.
fn refuse_misplaced_changes(cli: &Cli, action: Action) -> Result<()> {
    let stores = matches!(action, Action::StoreKeys(_));
    let sets_up = action == Action::Setup;
    goes_with(cli.from.is_some(), "--from", "--store-keys or --setup", stores || sets_up)?;
    if cli.from.as_deref() == Some("") {
        return Err(Error::new("--from is empty").advise("name a file, or write - for stdin"));
    }
    let makes = matches!(action, Action::RotateKeys | Action::RegisterMfa);
    let syncs = action == Action::SyncSso;
    let changes = stores || makes || syncs || sets_up || action == Action::ForgetKeys;
    let with = "--store-keys, --rotate-keys, --register-mfa, --forget-keys, --setup or --sync-sso";
    goes_with(cli.dry_run, "--dry-run", with, changes)?;
    if sets_up && cli.from.is_some() && cli.profile.is_some() {
        return Err(Error::new("--setup --from takes all profiles of the file").advise("leave --profile out"));
    }
    if sets_up && cli.quiet {
        return Err(Error::new("--setup and --quiet exclude each other").advise("its questions need what it says"));
    }
    if (makes || sets_up) && cli.role_arn.is_some() {
        return Err(Error::new("--role-arn goes with credentials of a role, but keys and devices are a user's")
            .advise("leave it out"));
    }
    Ok(())
}

/// The name of an action for which `--role-arn` has no meaning.
fn takes_no_role(action: Action) -> Option<&'static str> {
    match action {
        Action::List => Some("--list"),
        Action::SyncSso => Some("--sync-sso"),
        Action::Login { aws: true } => Some("--login=aws"),
        _ => None,
    }
}

/// The name of an action that gets no credentials, so that there is nothing to bound. `--logout` forgets those with all
/// bounds.
fn takes_no_bounds(action: Action) -> Option<&'static str> {
    match action {
        Action::List => Some("--list"),
        Action::Login { aws: true } => Some("--login=aws"),
        Action::Logout { .. } => Some("--logout"),
        Action::Setup => Some("--setup"),
        Action::SwitchRoleUrl => Some("--switch-role-url"),
        Action::SyncSso => Some("--sync-sso"),
        Action::Unset(_) => Some("--unset"),
        _ => None,
    }
}

/// The first option about the session.
fn bounding_option(cli: &Cli) -> Option<&'static str> {
    let options = [
        ("--read-only", cli.read_only),
        ("--policy", !cli.policy.is_empty()),
        ("--session-name", cli.session_name.is_some()),
        ("--source-identity", cli.source_identity.is_some()),
        ("--tag", !cli.tag.is_empty()),
        ("--transitive-tag", !cli.transitive_tag.is_empty()),
    ];
    options.into_iter().find(|(_, is_given)| *is_given).map(|(option, _)| option)
}

fn chosen(cli: &Cli) -> Result<Action> {
    let export = cli.export.as_deref().map(Format::parse).transpose()?.map(Action::Export);
    let unset = cli.unset.as_deref().map(Format::parse_of_shell).transpose()?.map(Action::Unset);
    cli.console.as_deref().map(Page::parse).transpose()?;
    let store_keys = match cli.store_keys.as_deref() {
        None => None,
        Some("") => Some(Action::StoreKeys(None)),
        Some(name) => Some(Action::StoreKeys(Some(KeyStore::parse(name)?))),
    };
    let login = cli.login.as_deref().map(login).transpose()?;
    let completions = cli.completions.as_deref().map(Shell::parse).transpose()?.map(Action::Completions);
    let flag = |asked: bool, action| asked.then_some(action);
    let actions: Vec<(&str, Action)> = [
        ("--shell", flag(cli.shell, Action::Shell)),
        ("--login", login),
        ("--logout", flag(cli.logout, Action::Logout { all: cli.all, role_only: cli.role_only })),
        ("--export", export),
        ("--unset", unset),
        ("--explain", flag(cli.explain, Action::Explain)),
        ("--list", flag(cli.list, Action::List)),
        ("--status", flag(cli.status, Action::Status)),
        ("--whoami", flag(cli.whoami, Action::Whoami)),
        ("--setup", flag(cli.setup, Action::Setup)),
        ("--check", flag(cli.check, Action::Check)),
        ("--sync-sso", flag(cli.sync_sso.is_some(), Action::SyncSso)),
        ("--console", flag(cli.console.is_some(), Action::Console)),
        ("--switch-role-url", flag(cli.switch_role_url, Action::SwitchRoleUrl)),
        ("--store-keys", store_keys),
        ("--rotate-keys", flag(cli.rotate_keys, Action::RotateKeys)),
        ("--register-mfa", flag(cli.register_mfa.is_some(), Action::RegisterMfa)),
        ("--forget-keys", flag(cli.forget_keys, Action::ForgetKeys)),
        ("--stored-keys", flag(cli.stored_keys.is_some(), Action::StoredKeys)),
        ("--completions", completions),
        ("--man", flag(cli.man, Action::Man)),
        ("--help", flag(cli.help, Action::Help { short: false })),
        ("-h", flag(cli.short_help && !cli.help, Action::Help { short: true })),
        ("--version", flag(cli.version, Action::Version)),
    ]
    .into_iter()
    .filter_map(|(name, action)| Some((name, action?)))
    .collect();
    match (actions.as_slice(), cli.command.first()) {
        ([], Some(_)) => Ok(Action::Run),
        ([], None) => Err(no_command(cli)),
        ([(_, action)], None) => Ok(*action),
        ([(name, _)], Some(command)) => Err(runs_no_command(name, &command.to_string_lossy())),
        ([(one, _), (other, _), ..], _) => {
            Err(Error::new(format!("{one} and {other} exclude each other")).advise("write one of them"))
        }
    }
}

/// `--login`, with its value.
fn login(value: &str) -> Result<Action> {
    match value {
        "" => Ok(Action::Login { aws: false }),
        "aws" => Ok(Action::Login { aws: true }),
        other => Err(Error::new(format!("unknown sign-in '{other}' for --login")).advise("use aws, or leave it out")),
    }
}

fn no_command(cli: &Cli) -> Error {
    Error::new("no command given").advise(match &cli.profile {
        Some(name) => format!(
            "write aws-auth -p {} COMMAND, or --shell for a shell, or --explain for what a run would do",
            shell_word(name)
        ),
        None => String::from("write aws-auth COMMAND [ARG]..., or see aws-auth --help"),
    })
}

/// The error for an action with a command, which may be meant as the action's value.
fn runs_no_command(action: &str, command: &str) -> Error {
    let is_value = match action {
        "--export" => Format::parse(command).is_ok(),
        "--unset" => Format::parse_of_shell(command).is_ok(),
        "--store-keys" => KeyStore::parse(command).is_ok(),
        "--login" => command == "aws",
        "--console" => Page::parse(command).is_ok(),
        _ => false,
    };
    Error::new(format!("{action} runs no command, but '{command}' was given")).advise(if is_value {
        format!("write {action}={command}")
    } else {
        format!("write {action} alone, or leave it out")
    })
}
