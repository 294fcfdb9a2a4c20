//! A team's file of profiles, made a person's own: whose keys its profiles need, what its placeholders stand for, and which
//! of its sections a person does not have yet (docs/setup.md). No I/O but reading that file.

pub mod needs;
pub mod placeholders;
pub mod sections;
pub mod team;
