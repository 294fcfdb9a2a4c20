#![no_main]

use aws_auth_fuzz::{targets::cache, watched};

libfuzzer_sys::fuzz_target!(|data: &[u8]| watched(cache::run, data));
