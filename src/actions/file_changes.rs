//! Changes of the two files, shown before they are made.

use crate::actions::ask::confirmed;
use crate::config::edit::editor::{Proposal, Written};
use crate::context::Context;
use crate::error::{Error, Kind, Result};
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
/// first, and where a person said yes to the first ones, there is a question again.
///
/// # Errors
/// Returns an error if the file cannot be written, of the kind `NothingGiven` if the answer is not yes now.
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
                if context.request.keys.asks_before && !confirmed("aws-auth: write this?", context)? {
                    return Err(Error::new("the answer was not yes, so the file is as the other program wrote it")
                        .advise("run it again")
                        .of_kind(Kind::NothingGiven));
                }
                proposal = *other;
            }
        }
    }
    Err(Error::new("another program changes the file all the time").advise("end that program first"))
}
