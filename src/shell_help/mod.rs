//! What a shell and `man` know of aws-auth: `--completions` and `--man`. Both are made from the command line's own
//! definition.

mod completions;
mod manual;

pub use completions::completions;
pub use manual::manual;
