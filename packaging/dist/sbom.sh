#!/bin/sh
# Writes the list of the dependencies (SBOM, in CycloneDX's JSON) of the binary for a target: sbom.sh TRIPLE FILE
# The time in it is SOURCE_DATE_EPOCH.

set -eu
cd "$(dirname "$0")/../.."
. packaging/dist/versions
triple=$1 file=$2
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)

# It writes beside Cargo.toml, so it gets a copy of what it reads.
copy=$target/dist-stage/sbom
rm -rf "$copy"
mkdir -p "$copy"
cp -R Cargo.toml Cargo.lock build.rs src "$copy"
(
	cd "$copy"
	unset CARGO_TARGET_DIR
	RUSTUP_TOOLCHAIN=$rust PATH=$target/dist-tools/cargo/bin:$PATH \
		cargo cyclonedx -qq --format json --spec-version 1.5 --target "$triple" --override-filename sbom
)
# The path of the copy stands in the name of the package.
sed "s|path+file://[^#\"]*#|path+file:///aws-auth#|" "$copy/sbom.json" >"$file"
rm -rf "$copy"
