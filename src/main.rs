//! The binary: hands the arguments and the environment to the library, and exits with its status.
#![no_main]
// Rust's runtime ignores SIGPIPE and opens closed standard descriptors before `main`. The command must get both as the
// caller set them, so the C entry point is used instead (docs/design.md, "Why a C main").
#![allow(unsafe_code)]

use std::borrow::Cow;
use std::ffi::{CStr, OsStr, c_char, c_int};
use std::os::unix::ffi::OsStrExt as _;

use aws_auth::env::snapshot::Snapshot;

/// What the C runtime calls. Returns the exit status of aws-auth.
#[unsafe(no_mangle)]
pub extern "C" fn main(_count: c_int, arguments: *const *const c_char, environment: *const *const c_char) -> c_int {
    let args = entries(arguments).into_iter().skip(1).map(|arg| OsStr::from_bytes(arg.to_bytes()).to_owned()).collect();
    c_int::from(aws_auth::run(Snapshot::new(args, entries(environment), std::env::current_exe)))
}

/// pow(3), which the SDK uses to compute its pauses between attempts. Nothing else needs libm.so; with this function no
/// run has to load it.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[unsafe(no_mangle)]
pub extern "C" fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}

/// The strings of a C array such as `argv`, which ends in a null pointer.
fn entries(mut array: *const *const c_char) -> Vec<Cow<'static, CStr>> {
    let mut entries = Vec::with_capacity(64);
    // SAFETY: `argv` and `envp` end in a null pointer; their strings are NUL-terminated and live for the whole run.
    unsafe {
        while !array.is_null() && !(*array).is_null() {
            entries.push(Cow::Borrowed(CStr::from_ptr(*array)));
            array = array.add(1);
        }
    }
    entries
}
