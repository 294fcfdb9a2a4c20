//! Changes of the two files, shown before they are made.

use crate::config::edit::editor::{Proposal, Written};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::messages::coloured;

/// How often changed files are shown again.
const SHOWN_AGAIN: usize = 3;

/// Shows what will change, on stderr.
pub(crate) fn show(proposal: &Proposal<'_>, context: &Context<'_>) {
    context.messages.show(&proposal.diff().text(coloured(&std::io::stderr(), context.snapshot)));
}

/// Shows a proposal and writes it.
///
/// # Errors
/// Returns an error if the file cannot be written.
pub(crate) fn shown_and_written(proposal: Proposal<'_>, context: &Context<'_>) -> Result<()> {
    show(&proposal, context);
    written(proposal, context)
}

/// Writes a proposal that was shown. If another program has changed the file so that other lines change, they are shown
/// first.
///
/// # Errors
/// Returns an error if the file cannot be written.
pub(crate) fn written(mut proposal: Proposal<'_>, context: &Context<'_>) -> Result<()> {
    for _ in 0..SHOWN_AGAIN {
        match proposal.write()? {
            Written::Done(done) => {
                if let Some(copy) = done.copy {
                    context.messages.step(|| format!("a copy of the file as it was is {}", copy.display()));
                }
                return Ok(());
            }
            Written::Differs(other) => {
                context.messages.say("another program has changed the file; this changes now:");
                show(&other, context);
                proposal = *other;
            }
        }
    }
    Err(Error::new("another program changes the file all the time").advise("end that program first"))
}
