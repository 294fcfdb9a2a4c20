//! Shows a manual page in the pager, as `git help` does.

use std::io::Write as _;
use std::process::Command;

use crate::system::signals;
use crate::system::signals::Ignored;

/// Shows the page with man(1). Returns false if there is no man, or it fails: then the caller prints the text.
pub fn show(page: &str) -> bool {
    let file = tempfile::Builder::new().prefix("aws-auth-").suffix(".1").tempfile();
    let Ok(mut file) = file else { return false };
    if file.write_all(page.as_bytes()).is_err() {
        return false;
    }
    // Ctrl-C is for the pager.
    let _deaf = Ignored::begin(libc::SIGINT);
    let mut man = Command::new("man");
    man.arg(file.path());
    signals::hand_down(&mut man);
    man.status().is_ok_and(|status| status.success())
}
