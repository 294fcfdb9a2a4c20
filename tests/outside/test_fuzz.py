"""How `make fuzz` is run. What the targets do is tested by tests/behaviour/fuzz_seeds.rs, over their seeds."""

import pytest

from conftest import need
from released import run
from world import REPOSITORY

# Stands for cargo, nightly and cargo-fuzz, of which $MISSING may be missing: a build makes one target, which only prints
# its arguments.
CARGO = """\
#!/bin/sh
case "$*" in
"+nightly --version") [ "$MISSING" != nightly ] ;;
"fuzz --version") [ "$MISSING" != cargo-fuzz ] ;;
"+nightly -vV") echo 'host: here' ;;
"+nightly fuzz build --sanitizer none")
	mkdir -p "$CARGO_TARGET_DIR/here/release" && cd "$CARGO_TARGET_DIR/here/release" &&
		printf '#!/bin/sh\\nprintf "%%s\\\\n" "$@"\\n' >plan && chmod +x plan ;;
*) echo "cargo $*" >&2 && exit 1 ;;
esac
"""


@pytest.fixture
def cargo(tmp_path):
    path = tmp_path / "cargo"
    path.write_text(CARGO)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("missing", ["nightly", "cargo-fuzz"])
def test_make_fuzz_says_what_is_missing(cargo, missing):
    said = run(need("make"), f"CARGO={cargo}", "fuzz", MISSING=missing, status=2)
    assert f"{missing} " in said
    assert "is missing; run `make fuzz-tools`" in said


def test_make_fuzz_keeps_everything_below_target(cargo, tmp_path):
    target = tmp_path / "target"
    arguments = ["fuzz", "TARGET=plan", "SECONDS=7", "FUZZ_OPTIONS=-runs=1"]
    said = run(need("make"), "--silent", f"CARGO={cargo}", f"CARGO_TARGET_DIR={target}", *arguments).splitlines()
    assert said[:3] == [f"{target}/fuzz/corpus/plan", "fuzz/seeds/plan", f"-artifact_prefix={target}/fuzz/artifacts/plan/"]
    assert {"-max_total_time=7", "-runs=1"} <= set(said)
    assert all((target / "fuzz" / kept / "plan").is_dir() for kept in ("corpus", "artifacts"))
    assert {path.name for path in (REPOSITORY / "fuzz").iterdir()} == {"Cargo.lock", "Cargo.toml", "README.md", "fuzz_targets", "seeds", "src"}
