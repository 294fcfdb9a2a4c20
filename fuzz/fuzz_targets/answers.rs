#![no_main]

use aws_auth_fuzz::{targets::answers, watched};

libfuzzer_sys::fuzz_target!(|data: &[u8]| watched(answers::run, data));
