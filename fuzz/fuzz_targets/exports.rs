#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| aws_auth_fuzz::exports::run(data));
