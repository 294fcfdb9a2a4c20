#![no_main]

use aws_auth_fuzz::{targets::exports, watched};

libfuzzer_sys::fuzz_target!(|data: &[u8]| watched(exports::run, data));
