#![no_main]

use aws_auth_fuzz::{targets::loopback, watched};

libfuzzer_sys::fuzz_target!(|data: &[u8]| watched(loopback::run, data));
