//! What an AssumeRole call says of its session beside the role and the length: session policies, which bound what the
//! credentials can do, a source identity, tags and a name. All of it is checked here by STS's own rules (the reference of
//! AssumeRole), before anything is asked.

pub mod document;
pub mod names;
pub mod policies;
pub mod tags;
