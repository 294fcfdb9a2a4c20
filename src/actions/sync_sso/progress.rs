//! The line that shows how far a listing is, on a terminal.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::context::Context;
use crate::messages::Verbosity;

/// A line on stderr. It is gone when this is dropped.
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Shows nothing unless stderr is a terminal, and nothing with `--quiet`.
    pub(crate) fn begin(context: &Context<'_>) -> Self {
        let is_shown = std::io::stderr().is_terminal() && context.request.output.verbosity != Verbosity::Quiet;
        Self(is_shown.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("aws-auth: {wide_bar} {pos} of {len} accounts, {eta} left");
            style.map_or(bar.clone(), |style| bar.with_style(style))
        }))
    }

    /// So many of the accounts are done.
    pub(crate) fn tell(&self, done: usize, all: usize) {
        let number = |count| u64::try_from(count).unwrap_or_default();
        if let Some(bar) = &self.0 {
            bar.set_length(number(all));
            bar.set_position(number(done));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
