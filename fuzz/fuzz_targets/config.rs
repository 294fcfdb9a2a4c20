#![no_main]

use aws_auth_fuzz::{targets::config, watched};

libfuzzer_sys::fuzz_target!(|data: &[u8]| watched(config::run, data));
