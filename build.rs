//! How the released binary is linked on Linux. A run from the cache lasts a millisecond, a third of which the dynamic
//! linker took: for 11,000 relocations of a position-independent binary, on pages that are then copied. (The README says
//! what is lost by that.)

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|is| is == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
