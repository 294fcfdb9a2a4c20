//! The fuzz targets (fuzz/README.md) over their seeds, so that each is compiled and run with every change.

use std::path::Path;

#[path = "../../fuzz/src/targets/mod.rs"]
mod targets;

/// What a target does with an input.
type Run = fn(&[u8]);

const TARGETS: [(&str, Run); 7] = [
    ("answers", targets::answers::run),
    ("cache", targets::cache::run),
    ("config", targets::config::run),
    ("exports", targets::exports::run),
    ("loopback", targets::loopback::run),
    ("plan", targets::plan::run),
    ("shell_words", targets::shell_words::run),
];

#[test]
fn every_target_takes_its_seeds() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for (name, run) in TARGETS {
        let program = std::fs::read_to_string(fuzz.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("watched({name}::run, data)")), "{program}");
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n")), "{name}");
        let seeds = fuzz.join("seeds").join(name).read_dir().unwrap().map(|seed| seed.unwrap().path());
        let mut count = 0;
        for seed in seeds {
            // Shown if it fails.
            eprintln!("{}", seed.display());
            run(&std::fs::read(&seed).unwrap());
            count += 1;
        }
        assert!(count >= 3, "{name} has {count} seeds");
        run(b"");
    }
    assert_eq!(fuzz.join("fuzz_targets").read_dir().unwrap().count(), TARGETS.len());
}
