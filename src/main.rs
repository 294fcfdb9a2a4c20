//! The binary: takes the snapshot of arguments and environment, calls the library, exits.
#![no_main]
// The C entry point instead of Rust's: Rust's runtime sets SIGPIPE to ignored and opens closed descriptors before
// `main`, and what the caller chose could no longer be passed on to the command.
#![allow(unsafe_code)]

use std::borrow::Cow;
use std::ffi::{CStr, OsStr, c_char, c_int};
use std::os::unix::ffi::OsStrExt as _;

use aws_auth::env::snapshot::Snapshot;

/// The C entry point.
#[unsafe(no_mangle)]
pub extern "C" fn main(_count: c_int, arguments: *const *const c_char, environment: *const *const c_char) -> c_int {
    let args = entries(arguments).into_iter().skip(1).map(|arg| OsStr::from_bytes(arg.to_bytes()).to_owned()).collect();
    c_int::from(aws_auth::run(Snapshot::new(args, entries(environment), std::env::current_exe)))
}

/// The power that the SDK's pauses between attempts are computed with. It is here so that libm.so, which nothing else is
/// needed from, is not loaded by every run.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[unsafe(no_mangle)]
pub extern "C" fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}

/// The strings of an array that ends in a null pointer.
fn entries(mut array: *const *const c_char) -> Vec<Cow<'static, CStr>> {
    let mut entries = Vec::with_capacity(64);
    // SAFETY: the system gives arrays of NUL-terminated strings that end in a null pointer and stay for the whole run.
    unsafe {
        while !array.is_null() && !(*array).is_null() {
            entries.push(Cow::Borrowed(CStr::from_ptr(*array)));
            array = array.add(1);
        }
    }
    entries
}
