//! How the release binary is linked on Linux (docs/decisions/0009-linking.md). A cached run takes about a millisecond,
//! and most of that is spent in the kernel and the dynamic linker.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|is| is == value);
    if !(is("CARGO_CFG_TARGET_OS", "linux") && is("PROFILE", "release")) {
        return;
    }
    let (linker, is_gnu) = (linker(), is("CARGO_CFG_TARGET_ENV", "gnu"));
    if linker != Linker::Other {
        // Without symbols. cargo 1.95 forgets `strip` of a profile that has a section for a package.
        println!("cargo:rustc-link-arg-bins=-Wl,-s");
    }
    if is_gnu {
        // Bind all symbols at start and make the relocations read-only. rustc's default makes it position-independent.
        println!("cargo:rustc-link-arg-bins=-Wl,-z,relro,-z,now");
        if linker == Linker::Default && knows_relr() {
            // A bit map of the relocations instead of 24 bytes for each.
            println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        }
        // Zig links its own unwinder, statically as well.
        if linker != Linker::Zig {
            link_unwinder();
        }
    }
    if linker == Linker::Zig && !is_gnu {
        // A static binary is position-independent only if zig is told so. rustc 1.95 does not for ARM64 with musl, and
        // cargo-zigbuild does not pass it on for x86-64; the code of both is.
        println!("cargo:rustc-link-arg-bins=-pie");
    }
    // Place the functions of a cached run side by side, which saves page faults.
    let script = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("packaging/cached-path.ld");
    println!("cargo:rerun-if-changed={}", script.display());
    if linker == Linker::Zig || linker == Linker::Default && is_gnu {
        println!("cargo:rustc-link-arg-bins=-T");
        println!("cargo:rustc-link-arg-bins={}", script.display());
    }
    if linker == Linker::Default && is_gnu {
        // Tells `make bench-check` which names of the script are still those of functions.
        if let Some(directory) = Path::new(&env::var("OUT_DIR").unwrap_or_default()).ancestors().nth(3) {
            println!("cargo:rustc-link-arg-bins=-Wl,-Map={}", directory.join("aws-auth.map").display());
        }
    }
}

/// Which linker rustc uses. The first two read the linker script; another one may not.
#[derive(PartialEq)]
enum Linker {
    /// That of the C compiler.
    Default,
    /// That of cargo-zigbuild, with which `make dist` builds: lld, behind a file zigcc-….sh.
    Zig,
    /// One that the environment or cargo's configuration chose.
    Other,
}

fn linker() -> Linker {
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let chosen = env::var("RUSTC_LINKER").ok();
    match chosen.as_deref().and_then(|path| Path::new(path).file_name()?.to_str()) {
        Some(name) if name.starts_with("zigcc-") => Linker::Zig,
        None if chosen.is_none() && !flags.contains("link") => Linker::Default,
        _ => Linker::Other,
    }
}

/// Links the unwinder of GCC statically, so that libgcc_s.so is not loaded. Only the backtrace of a panic needs it.
fn link_unwinder() {
    if let Some(directory) = directory_of("libgcc_eh.a") {
        println!("cargo:rustc-link-search=native={directory}");
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}

/// Whether the C library that is linked, and so the dynamic linker, knows relocations of the kind DT_RELR: glibc 2.36
/// and newer has a version of this name, which the linker has the binary ask for. A linker that does not know them
/// either says so, and makes a list.
fn knows_relr() -> bool {
    let name = b"GLIBC_ABI_DT_RELR";
    let library = of_compiler("libc.so.6").and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
    library.windows(name.len()).any(|bytes| bytes == name)
}

/// The directory in which the C compiler that links has its own copy of a file.
fn directory_of(file: &str) -> Option<String> {
    of_compiler(file)?.parent().map(|directory| directory.display().to_string())
}

/// A file that the C compiler links with.
fn of_compiler(file: &str) -> Option<PathBuf> {
    let compiler = env::var("RUSTC_LINKER").unwrap_or_else(|_| String::from("cc"));
    let output = Command::new(compiler).arg(format!("-print-file-name={file}")).output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim_end());
    path.is_absolute().then_some(path)
}
