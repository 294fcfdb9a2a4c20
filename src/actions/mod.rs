//! One module for each action, and the parts that they share.

pub mod ask;
pub mod aws_login;
pub mod cached;
pub mod check;
pub mod console;
pub mod console_place;
pub mod credentials;
pub mod each;
pub mod explain;
pub mod export;
pub mod file_changes;
pub mod forget_keys;
pub mod guard;
pub mod list;
pub mod login;
pub mod logout;
pub mod pick;
pub mod register_mfa;
pub mod rotate_keys;
pub mod run;
pub mod script;
pub mod setup;
pub mod shell;
pub mod status;
pub mod store_keys;
pub mod stored_keys;
pub mod switch_role_url;
pub mod sync_sso;
pub mod unset;
pub mod whoami;

use std::ffi::OsString;

use crate::cli::action::Action;
use crate::cli::options::Cli;
use crate::context::Context;
use crate::error::Result;
use crate::messages;

/// Does the action of the request, which was made of `cli`, and returns the exit status. When a command is started it does not return: the process
/// has become the command.
///
/// # Errors
/// Returns the error of the action.
pub fn perform(context: &Context<'_>, cli: &Cli, command: &[OsString]) -> Result<u8> {
    let action = context.request.action;
    match action {
        Action::Run | Action::Shell => run::run(context, command),
        Action::Login { aws: false } => login::login(context),
        Action::Login { aws: true } => aws_login::begin(context),
        Action::Logout { all: true, role_only } => logout::logout_all(context, role_only),
        Action::Logout { all: false, role_only } => logout::logout(context, role_only),
        Action::Export(format) => export::export(context, format),
        Action::Unset(format) => unset::unset(context.snapshot, format, context.messages),
        Action::Explain => explain::explain(context),
        Action::List => list::list(context),
        Action::Status => status::status(context),
        Action::Whoami => whoami::whoami(context),
        Action::Setup => setup::setup(context, cli),
        Action::Check => check::check(context),
        Action::SyncSso => sync_sso::sync_sso(context),
        Action::Console => console::console(context),
        Action::StoreKeys(place) => store_keys::store_keys(context, place),
        Action::RotateKeys => rotate_keys::rotate_keys(context),
        Action::RegisterMfa => register_mfa::register_mfa(context),
        Action::ForgetKeys => forget_keys::forget_keys(context),
        Action::SwitchRoleUrl => switch_role_url::switch_role_url(context),
        // Done before the files were read.
        Action::StoredKeys | Action::Completions(_) | Action::Man | Action::Help { .. } | Action::Version => {
            messages::print(&action.text(|| messages::screen(context.snapshot)).unwrap_or_default())
        }
    }
}
