//! The two files of the AWS configuration, read as the AWS CLI reads them.

mod words;

pub use words::{UnbalancedQuote, split_words};
