"""The steps of `make dist`, with programs that take the part of cargo and rustup, and what it writes. `make check-dist`
tries what the real `make dist` built."""

import hashlib
import os
import re
import shutil
import sys
import tarfile

import pytest

import release
from conftest import need
from released import BINARY, LINUX, MACOS, PAGES, VERSION, a_copy, run, sums
from world import REPOSITORY

IN_AN_ARCHIVE = {
    "bin/aws-auth",
    "share/aws-auth/completions/aws-auth.elv",
    "share/aws-auth/completions/aws-auth.ps1",
    "share/bash-completion/completions/aws-auth",
    "share/doc/aws-auth/CHANGELOG.md",
    "share/doc/aws-auth/LICENSE",
    *(f"share/doc/aws-auth/{page}" for page in PAGES),
    "share/fish/vendor_completions.d/aws-auth.fish",
    "share/man/man1/aws-auth.1",
    "share/zsh/site-functions/_aws-auth",
}

# They do what the scripts ask of them, but a build gives released.BINARY.
RUSTUP = """#!/bin/sh
case "$*" in
*"rustc --version") echo rustc ;;
*--print*) echo / ;;
*) echo "unexpected: rustup $*" >&2; exit 1 ;;
esac
"""
CARGO = """#!/bin/sh
echo "$*" >>"$CALLS"
command=$1
while [ $# != 0 ]; do
	case $1 in --target) target=$2 ;; --target-dir) directory=$2 ;; esac
	shift
done
case $command in
zigbuild | build)
	directory=$directory/${target%.2.28}/release
	mkdir -p "$directory"
	printf %s "$BUILT" >"$directory/aws-auth"
	chmod +x "$directory/aws-auth"
	;;
cyclonedx) echo "{ \\"bom-ref\\": \\"path+file://$(pwd)#aws-auth@1.0.0\\" }" >sbom.json ;;
*) echo "unexpected: cargo $*" >&2; exit 1 ;;
esac
"""
RUSTC = "#!/bin/sh\ncase $1 in -vV) echo commit-hash: 0123 ;; *) echo /sysroot ;; esac\n"
CYCLONEDX = '#!/bin/sh\n. "$REPOSITORY/packaging/dist/versions"\necho "cargo-cyclonedx-cyclonedx $cargo_cyclonedx"\n'


@pytest.fixture(scope="module")
def make_dist(tmp_path_factory):
    """Runs `make dist` or `make dist-macos` in a target directory, and returns that directory's dist."""
    need("dpkg-deb")
    tmp_path = tmp_path_factory.mktemp("dist")
    programs = tmp_path / "programs"
    programs.mkdir()

    def program(path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    for name, text in {"rustup": RUSTUP, "cargo": CARGO, "rustc": RUSTC, "uname": "#!/bin/sh\necho $MACHINE\n"}.items():
        program(programs / name, text)

    def make(target, directory, machine="x86_64"):
        tools = tmp_path / directory / "dist-tools"
        program(tools / "cargo/bin/cargo-cyclonedx", CYCLONEDX)
        (tools / "venv/bin").mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / "packaging/dist/requirements.txt", tools / "venv/installed-requirements.txt")
        run(
            need("make"), target, CARGO_TARGET_DIR=str(tmp_path / directory), PATH=f"{programs}:{os.environ['PATH']}",
            BUILT=BINARY, CALLS=str(tmp_path / "calls"), REPOSITORY=str(REPOSITORY), MACHINE=machine,
            RUSTFLAGS="-C target-cpu=native", CARGO_PROFILE_RELEASE_LTO="off",
        )  # fmt: skip
        return tmp_path / directory / "dist"

    make.calls = lambda: (tmp_path / "calls").read_text().splitlines()
    return make


@pytest.fixture(scope="module")
def dist(make_dist):
    """What `make dist` makes."""
    return make_dist("dist", "once")


def test_make_dist_makes_everything_and_the_same_twice(dist, make_dist):
    assert set(sums(dist)) == {
        "SHA256SUMS",
        f"aws-auth-{VERSION}-recipes.tar.gz",
        f"aws-auth_{VERSION}_amd64.deb",
        f"aws-auth_{VERSION}_arm64.deb",
        *(f"aws-auth-{VERSION}-{triple}{ending}" for triple in LINUX for ending in (".tar.gz", ".cdx.json")),
    }
    built = [call.split(" --target ")[1].split()[0] for call in make_dist.calls() if call.startswith("zigbuild")]
    assert built[:4] == [f"{triple}.2.28" if triple.endswith("gnu") else triple for triple in LINUX]
    run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=dist)
    assert str(dist.parent) not in (dist / f"aws-auth-{VERSION}-{LINUX[0]}.cdx.json").read_text()
    assert sums(dist) == sums(make_dist("dist", "twice"))


def test_an_archive_holds_what_belongs_below_local(dist):
    name = f"aws-auth-{VERSION}-{LINUX[2]}"
    with tarfile.open(dist / f"{name}.tar.gz") as archive:
        members = archive.getmembers()
    # No directories: unpacking would change the permissions of those that exist.
    assert {member.name for member in members} == {f"{name}/{path}" for path in IN_AN_ARCHIVE}
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members} == {(0, 0, "root", "root")}
    epoch = int(run("sh", "packaging/dist/epoch.sh"))
    assert {member.mtime for member in members} == {epoch}
    assert {member.mode for member in members} == {0o755, 0o644}
    assert [member.name for member in members if member.mode == 0o755] == [f"{name}/bin/aws-auth"]


def test_the_links_of_the_pages_in_an_archive_work(dist, tmp_path):
    with tarfile.open(dist / f"aws-auth-{VERSION}-{LINUX[2]}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="tar")
    links = [
        page.parent / link
        for page in tmp_path.glob("*/share/doc/aws-auth/**/*.md")
        for link in re.findall(r"\]\(([^)#]+)", page.read_text())
        if "://" not in link
    ]
    assert len(links) > 100 and [str(path) for path in links if not path.exists()] == []


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_a_debian_package_says_its_architecture_and_glibc(dist, architecture):
    package = dist / f"aws-auth_{VERSION}_{architecture}.deb"
    fields = run(need("dpkg-deb"), "--field", package)
    assert f"\nArchitecture: {architecture}\n" in fields and re.search(r"\nDepends: libc6 \(>= 2\.28\)\n", fields)
    assert re.search(r"\nInstalled-Size: [1-9]\d*\n", fields) and f"\nHomepage: {release.repository()}\n" in fields
    members = run("ar", "t", package).split()
    assert members == ["debian-binary", "control.tar.xz", "data.tar.xz"], "Debian before 12 reads no zstd"


def test_a_binary_with_a_bit_map_of_relocations_needs_the_glibc_that_knows_it(tmp_path):
    root, package = tmp_path / "root", tmp_path / "aws-auth.deb"
    for path, text in {"bin/aws-auth": "GLIBC_2.35 GLIBC_ABI_DT_RELR", "share/man/man1/aws-auth.1": ""}.items():
        (root / "usr" / path).parent.mkdir(parents=True)
        (root / "usr" / path).write_text(text)
    run("sh", "packaging/deb.sh", root, package, VERSION, "amd64", DEB_COMPRESSION="none")
    assert "\nDepends: libc6 (>= 2.36)\n" in run(need("dpkg-deb"), "--field", package)


def test_make_dist_macos_builds_both(make_dist):
    dist = make_dist("dist-macos", "mac", machine="arm64")
    assert set(sums(dist)) == {f"aws-auth-{VERSION}-{triple}{ending}" for triple in MACOS for ending in (".tar.gz", ".cdx.json")}
    assert [call.split()[0] for call in make_dist.calls()].count("build") == 2


def test_the_recorded_sums_are_those_of_the_archives_for_linux(dist, tmp_path):
    copy = a_copy(tmp_path)
    run(need("make"), "record-sums", cwd=copy, CARGO_TARGET_DIR=str(dist.parent))
    recorded = dict(reversed(line.split("  ")) for line in (copy / "packaging/SHA256SUMS").read_text().splitlines())
    assert recorded == {name: value for name, value in sums(dist).items() if name.endswith(".tar.gz") and "recipes" not in name}


# --- The recipes -----------------------------------------------------------------------------------------------------


@pytest.fixture
def recipes(tmp_path):
    """Writes the recipes for archives of these targets, and returns their directory."""

    def write(triples):
        for triple in triples:
            (tmp_path / f"aws-auth-{VERSION}-{triple}.tar.gz").write_text(triple)
        # Archives of another version are none of ours.
        (tmp_path / "aws-auth-0.0.1-x86_64-apple-darwin.tar.gz").write_text("old")
        run(need("make"), "dist-recipes", CARGO_TARGET_DIR=str(tmp_path.parent / "none"), status=2)
        run(sys.executable, "packaging/dist/recipes.py", str(tmp_path))
        return tmp_path / "recipes"

    return write


def links(text):
    """The URL of each archive in a recipe, and the sum that follows it."""
    return dict(re.findall(r'url "(.*)"\n +sha256 "(.*)"', text))


def test_the_formula_names_each_archive_and_its_sum(recipes):
    text = (recipes(LINUX + MACOS) / "homebrew/aws-auth.rb").read_text()
    base = f"{release.repository()}/releases/download/v{VERSION}"
    wanted = MACOS + LINUX[2:]
    assert links(text) == {
        f"{base}/aws-auth-{VERSION}-{triple}.tar.gz": hashlib.sha256(triple.encode()).hexdigest() for triple in wanted
    }
    assert "@" not in text and f'version "{VERSION}"' in text


def test_without_archives_for_macos_the_recipes_are_for_linux(recipes):
    directory = recipes(LINUX)
    assert "darwin" not in (directory / "homebrew/aws-auth.rb").read_text() + (directory / "nix/flake.nix").read_text()


def test_bash_reads_the_pkgbuild(recipes):
    pkgbuild = recipes(LINUX) / "aur/PKGBUILD"
    script = '. "$1"; echo "$pkgname $pkgver ${arch[*]} ${sha256sums_x86_64[0]} ${sha256sums_aarch64[0]}"; declare -F package'
    x86, arm = (hashlib.sha256(triple.encode()).hexdigest() for triple in LINUX[:2])
    assert run("bash", "-eu", "-c", script, "bash", pkgbuild) == f"aws-auth-bin {VERSION} x86_64 aarch64 {x86} {arm}\npackage\n"
    fields = dict(line.strip().split(" = ", 1) for line in (pkgbuild.parent / ".SRCINFO").read_text().splitlines() if line)
    assert (fields["pkgver"], fields["sha256sums_aarch64"]) == (VERSION, arm)


def test_the_recipes_need_the_archives_for_linux(tmp_path):
    assert "no such archive" in run(sys.executable, "packaging/dist/recipes.py", str(tmp_path), status=1)


# --- The crate -------------------------------------------------------------------------------------------------------


def test_the_crate_has_what_the_build_needs_and_nothing_else():
    need("cargo")
    listed = run("cargo", "package", "--list", "--allow-dirty", "--offline").split()
    tops = {path.partition("/")[0] for path in listed if path != ".cargo_vcs_info.json"}
    assert tops == {"CHANGELOG.md", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig", "LICENSE", "README.md", "build.rs", "packaging", "src"}
    assert {path for path in listed if path.startswith("packaging/")} == {"packaging/cached-path.ld"}
    assert all(path.endswith((".rs", ".bash", ".zsh", ".fish", ".json")) for path in listed if path.startswith("src/")), listed
