//! Options about the console.

use crate::cli::console_page::Page;
use crate::cli::options::Cli;
use crate::error::Result;

/// Options about the console.
#[derive(Debug, Default)]
pub struct ConsoleOptions {
    /// The page in `--console=PAGE`.
    pub page: Page,
    /// `--console-logout`: the browser's session is ended first.
    pub signs_out_first: bool,
}

impl ConsoleOptions {
    /// The options of the command line.
    ///
    /// # Errors
    /// Returns an error if the page is none of the console.
    pub(crate) fn new(cli: &Cli) -> Result<Self> {
        let page = cli.console.as_deref().map(Page::parse).transpose()?.unwrap_or_default();
        Ok(Self { page, signs_out_first: cli.console_logout })
    }
}
