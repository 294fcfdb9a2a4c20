//! How the released binary is linked on Linux (docs/decisions/0009-linking.md). A run from the cache lasts a
//! millisecond, most of which goes to the kernel and the dynamic linker.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|is| is == value);
    if !(is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") && is("PROFILE", "release")) {
        return;
    }
    // The binary is position-independent, which is rustc's default; all symbols are bound and the relocations made
    // read-only before it starts.
    println!("cargo:rustc-link-arg-bins=-Wl,-z,relro,-z,now");
    // The unwinder, which only a panic's backtrace needs: from the archive, so that libgcc_s.so is not loaded.
    if let Some(directory) = directory_of("libgcc_eh.a") {
        println!("cargo:rustc-link-search=native={directory}");
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
    // The functions of a run from the cache, side by side.
    let script = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("packaging/cached-path.ld");
    println!("cargo:rerun-if-changed={}", script.display());
    if is_default_linker() {
        println!("cargo:rustc-link-arg-bins=-T");
        println!("cargo:rustc-link-arg-bins={}", script.display());
        // Tells `make bench-check` which names of the script are still those of functions.
        if let Some(directory) = Path::new(&env::var("OUT_DIR").unwrap_or_default()).ancestors().nth(3) {
            println!("cargo:rustc-link-arg-bins=-Wl,-Map={}", directory.join("aws-auth.map").display());
        }
    }
}

/// Whether the linker is one that is known to read the script: the toolchain's own choice, and not another one that is
/// chosen by the environment or a configuration of cargo.
fn is_default_linker() -> bool {
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    env::var("RUSTC_LINKER").is_err() && !flags.contains("link")
}

/// Where the C compiler that links has this file of its own.
fn directory_of(file: &str) -> Option<String> {
    let compiler = env::var("RUSTC_LINKER").unwrap_or_else(|_| String::from("cc"));
    let output = Command::new(compiler).arg(format!("-print-file-name={file}")).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    let path = Path::new(path.trim_end());
    path.is_absolute().then(|| path.parent())?.map(|directory| directory.display().to_string())
}
