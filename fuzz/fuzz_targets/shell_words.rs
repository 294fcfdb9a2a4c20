#![no_main]

use aws_auth_fuzz::{targets::shell_words, watched};

libfuzzer_sys::fuzz_target!(|data: &[u8]| watched(shell_words::run, data));
