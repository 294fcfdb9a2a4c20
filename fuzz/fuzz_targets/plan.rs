#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| aws_auth_fuzz::plan::run(data));
