//! Whether the checks see what is wrong, in small crates that are made for it.

mod checks;
mod imports;
