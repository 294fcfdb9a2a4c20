#![no_main]

use aws_auth_fuzz::{targets::plan, watched};

libfuzzer_sys::fuzz_target!(|data: &[u8]| watched(plan::run, data));
