# The commands of this repository; `make help` lists them.

CARGO ?= cargo
PREFIX ?= /usr/local
DESTDIR ?=
INSTALL ?= install

CARGO_TARGET_DIR ?= target
# What makes a second build quicker, or a debugger happy, costs the first build a third of its time.
ifeq ($(CI),true)
export CARGO_INCREMENTAL ?= 0
export CARGO_PROFILE_DEV_DEBUG ?= none
endif
OUTSIDE = $(CARGO_TARGET_DIR)/outside
# Python's bytecode is kept, below target: without it, each program compiles what it imports (2 s for boto3).
BYTECODE = PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX='$(abspath $(OUTSIDE))/pycache'
# More arguments for pytest, as in `make test-outside PYTEST='-k sops'`.
PYTEST ?=
# How many of these tests run at once: many of them only wait for credentials to expire.
OUTSIDE_JOBS ?= 4
# How many of cargo's tests run at once. They wait for programs, and programs for each other.
TEST_JOBS ?= $(shell expr 2 '*' $$(getconf _NPROCESSORS_ONLN))

# The build that is installed and packaged: release, or debug to test `make install` and `make deb`.
BUILD ?= release
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
STAGE = $(CARGO_TARGET_DIR)/deb/root

# Files installed under $(PREFIX)/share.
MANUAL = man/man1/aws-auth.1
BASH = bash-completion/completions/aws-auth
ZSH = zsh/site-functions/_aws-auth
FISH = fish/vendor_completions.d/aws-auth.fish
SHARED = $(MANUAL) $(BASH) $(ZSH) $(FISH)

# What `make dist` builds for.
LINUX = x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-unknown-linux-musl
MACOS = aarch64-apple-darwin x86_64-apple-darwin

.PHONY: build demo picture test test-outside check-macos bench bench-build bench-check bench-binary order fuzz fuzz-build fuzz-tools evidence deny install uninstall deb dist dist-macos dist-recipes check-dist check-reproducible check-release check-action prepare-release record-sums publish clean help check-cargo check-fuzz check-prefix check-rust-tools

build: check-cargo ## builds the debug binary: target/debug/aws-auth
	$(CARGO) build --locked

demo: check-cargo ## shows aws-auth in three scenes with a local STS, in a temporary HOME
	@sh demo/demo.sh

picture: check-cargo ## draws docs/picture.svg: a session that is recorded here; installs what it needs under target
	$(CARGO) build --quiet --locked --bins --examples
	sh tests/outside/set-up.sh
	$(BYTECODE) $(OUTSIDE)/venv/bin/python demo/picture.py

# Clippy as the compiler of this package, so that the dependencies are compiled once for lints and tests. `cargo clippy`
# compiles them a second time. It sets the same two variables: clippy-driver reads its arguments from the second. The
# binary that is measured is compiled without it.
LINT = CLIPPY_ARGS=-Dwarnings__CLIPPY_HACKERY__ RUSTC_WORKSPACE_WRAPPER=clippy-driver
TOGETHER = $(BYTECODE) python3 tests/side_by_side.py
SUB = $(MAKE) --no-print-directory

# Rows beside each other, since many tests wait or use one core. The release is built from the start, because the end
# of that uses one core. The tests against real tools wait until these are set up. CI on macOS runs all tests there; on
# Linux `make check-macos` is for changes of what depends on the system.
test: check-rust-tools ## runs all tests: formatting, lints, cargo's tests, and those against real tools
	rm -f '$(OUTSIDE)/ready'
	$(TOGETHER) '$(CARGO) fmt --check' \
		'RUST_TEST_THREADS=$(TEST_JOBS) $(LINT) $(CARGO) test --quiet --locked && \
			until [ -e "$(OUTSIDE)/ready" ]; do sleep 1; done && $(LINT) $(SUB) test-outside' \
		'sh tests/outside/set-up.sh && touch "$(OUTSIDE)/ready"' \
		'$(SUB) bench-binary && $(LINT) $(SUB) bench-check'

test-outside: check-cargo ## runs the tests against real tools; installs what they need under target
	$(CARGO) build --quiet --locked --bins --examples
	sh tests/outside/set-up.sh
	$(BYTECODE) $(OUTSIDE)/venv/bin/python -m pytest --quiet --numprocesses $(OUTSIDE_JOBS) --dist worksteal tests/outside $(PYTEST)

check-macos: check-rust-tools ## compiles and lints everything for macOS on arm64; adds that target with rustup
	sh tests/check-macos.sh

bench: check-cargo ## measures aws-auth against env, curl, the AWS CLI and other tools: the tables of docs/performance.md
	$(CARGO) build --quiet --locked --release --bins
	$(CARGO) build --quiet --locked --examples
	$(BYTECODE) python3 bench/bench.py
	$(BYTECODE) python3 bench/rivals.py
	$(BYTECODE) python3 bench/many.py
	$(BYTECODE) python3 bench/sync.py --prune

bench-binary: check-cargo
	env -u RUSTC_WORKSPACE_WRAPPER -u CLIPPY_ARGS $(CARGO) build --quiet --locked --release --bins

bench-check: bench-binary ## checks instructions, system calls, page faults and memory against bench/limits.json
	$(CARGO) build --quiet --locked --examples
	$(BYTECODE) python3 bench/check.py

bench-build: check-cargo ## measures how long a release build from scratch takes
	rm -rf '$(CARGO_TARGET_DIR)/bench-build'
	bash -c 'time $(CARGO) build --quiet --locked --release --bins --target-dir "$(CARGO_TARGET_DIR)/bench-build"'
	rm -rf '$(CARGO_TARGET_DIR)/bench-build'

# With a flag for the linker build.rs strips nothing and leaves the script out, so what it writes does not depend on what
# it wrote before.
order: check-cargo ## writes packaging/cached-path.ld: the functions of a cached and of a first run, for the linker
	CARGO_PROFILE_RELEASE_STRIP=none RUSTFLAGS='-C link-arg=-Wl,-O1' $(CARGO) build --quiet --locked --release --bins \
		--target-dir $(CARGO_TARGET_DIR)/order
	$(CARGO) build --quiet --locked --examples
	AWS_AUTH_BIN=$(CARGO_TARGET_DIR)/order/release/aws-auth $(BYTECODE) python3 bench/order.py $(CARGO_TARGET_DIR)/order/release/aws-auth

# Below target is all that is built, found and kept; `cargo fuzz run` would write into fuzz/. The programs are libFuzzer's.
# Most of what they run is safe Rust, and the sanitizers cost half of the speed: SANITIZER=address is there for doubts.
# libFuzzer's timer, which would end a run of ten minutes with SIGALRM, is set to ten days: the targets have a watch.
FUZZ = $(abspath $(CARGO_TARGET_DIR))/fuzz
TARGET ?= config
SECONDS ?= 60
SANITIZER ?= none
WITH_FUZZ = PATH="$(FUZZ)/tools/bin:$$PATH" CARGO_TARGET_DIR='$(FUZZ)'
fuzz-build: check-fuzz ## compiles the fuzz targets (fuzz/README.md)
	$(WITH_FUZZ) $(CARGO) +nightly fuzz build --sanitizer $(SANITIZER)

fuzz: fuzz-build ## tries inputs on one of them, as in `make fuzz TARGET=plan SECONDS=600`
	rm -rf '$(FUZZ)/tmp' && mkdir -p '$(FUZZ)/tmp' '$(FUZZ)/corpus/$(TARGET)' '$(FUZZ)/artifacts/$(TARGET)'
	TMPDIR='$(FUZZ)/tmp' '$(FUZZ)'/"$$($(CARGO) +nightly -vV | sed -n 's/^host: //p')"/release/$(TARGET) \
		'$(FUZZ)/corpus/$(TARGET)' 'fuzz/seeds/$(TARGET)' '-artifact_prefix=$(FUZZ)/artifacts/$(TARGET)/' \
		-max_total_time=$(SECONDS) -max_len=4096 -handle_alrm=0 -timeout=1728000 -print_final_stats=1 $(FUZZ_OPTIONS)

fuzz-tools: check-cargo ## installs what they need, if it is missing: nightly Rust with rustup, cargo-fuzz below target
	$(CARGO) +nightly --version >/dev/null 2>&1 || rustup toolchain install nightly --profile minimal
	$(WITH_FUZZ) $(CARGO) fuzz --version >/dev/null 2>&1 || $(CARGO) install cargo-fuzz --locked --quiet --root '$(FUZZ)/tools'

evidence: check-cargo ## checks what docs/decisions says about crates that are not in the binary
	$(CARGO) build --quiet --locked --bins --examples
	'$(CARGO_TARGET_DIR)/debug/examples/why-not'

deny: ## checks licences, advisories, bans and sources of the dependencies (needs cargo-deny)
	@$(CARGO) deny --version >/dev/null 2>&1 || \
		{ echo 'make deny: cargo-deny is missing; install it with `cargo install cargo-deny --locked`' >&2; exit 1; }
	$(CARGO) deny --locked check

# With BINARY that file is installed, and nothing is built. If this machine cannot run it, GENERATOR is another binary of
# the same version, which prints the manual and the completions. A debug build is for the tests, which have built it with
# the examples.
BINARY = $(CARGO_TARGET_DIR)/$(BUILD)/aws-auth
GENERATOR = $(BINARY)
install: $(if $(filter file,$(origin BINARY)),check-cargo) check-prefix ## installs the release binary, the manual and completions under $(DESTDIR)$(PREFIX)
	$(if $(filter file,$(origin BINARY)),$(CARGO) build --locked $(if $(filter release,$(BUILD)),--release,--bins --examples))
	$(INSTALL) -d '$(DESTDIR)$(PREFIX)/bin' $(foreach file,$(SHARED),'$(DESTDIR)$(PREFIX)/share/$(dir $(file))')
	$(INSTALL) -m 755 '$(BINARY)' '$(DESTDIR)$(PREFIX)/bin/aws-auth'
	'$(GENERATOR)' --man >'$(DESTDIR)$(PREFIX)/share/$(MANUAL)'
	'$(GENERATOR)' --completions bash >'$(DESTDIR)$(PREFIX)/share/$(BASH)'
	'$(GENERATOR)' --completions zsh >'$(DESTDIR)$(PREFIX)/share/$(ZSH)'
	'$(GENERATOR)' --completions fish >'$(DESTDIR)$(PREFIX)/share/$(FISH)'
	chmod 644 $(foreach file,$(SHARED),'$(DESTDIR)$(PREFIX)/share/$(file)')

uninstall: ## removes what install put there
	rm -f '$(DESTDIR)$(PREFIX)/bin/aws-auth' $(foreach file,$(SHARED),'$(DESTDIR)$(PREFIX)/share/$(file)')

deb: ## builds a Debian package: $(CARGO_TARGET_DIR)/deb/aws-auth_VERSION_ARCHITECTURE.deb
	rm -rf '$(STAGE)'
	$(MAKE) --no-print-directory install DESTDIR='$(abspath $(STAGE))' PREFIX=/usr ZSH=zsh/vendor-completions/_aws-auth
	sh packaging/deb.sh '$(abspath $(STAGE))' \
		"$(abspath $(CARGO_TARGET_DIR))/deb/aws-auth_$(VERSION)_$$(dpkg --print-architecture).deb" '$(VERSION)'

dist: check-cargo ## builds a release for Linux in target/dist: archives, Debian packages, SBOMs, recipes, sums
	@MAKE='$(MAKE)' sh packaging/dist/dist.sh $(LINUX)

dist-macos: check-cargo ## builds the archives for macOS in target/dist; runs on macOS
	@MAKE='$(MAKE)' sh packaging/dist/dist.sh $(MACOS)

dist-recipes: ## writes the recipes and SHA256SUMS anew for all archives in target/dist
	@SOURCE_DATE_EPOCH="$$(sh packaging/dist/epoch.sh)" python3 packaging/dist/recipes.py '$(CARGO_TARGET_DIR)/dist'

check-dist: ## tries what `make dist` built: in roots with an old glibc, without one, under qemu, in ~/.local
	@sh tests/dist/check.sh

check-reproducible: check-cargo ## builds a copy of this directory elsewhere, and compares it with target/dist
	@MAKE='$(MAKE)' sh packaging/dist/reproducible.sh $(LINUX)

check-release: ## checks that version, CHANGELOG and TAG (if given) agree
	@python3 packaging/dist/release.py check $(TAG)

check-action: ## checks that the aws-auth on PATH is of this version; for the workflow that tries the action
	@test "$$(aws-auth --version)" = 'aws-auth $(VERSION)'

prepare-release: ## gives the unreleased changes the version NEW, as in `make prepare-release NEW=0.3.0`
	@python3 packaging/dist/release.py prepare '$(NEW)'

record-sums: ## writes the sums of the archives in target/dist to packaging/SHA256SUMS, by which the action installs
	@grep '\.tar\.gz$$' '$(CARGO_TARGET_DIR)/dist/SHA256SUMS' | grep -v -e -recipes >packaging/SHA256SUMS

publish: ## makes the release TAG on GitHub from target/dist; for the workflow
	@MAKE='$(MAKE)' sh packaging/dist/publish.sh '$(TAG)' '$(CARGO_TARGET_DIR)/dist'

clean: ## removes everything that was built or installed under target
	rm -rf '$(CARGO_TARGET_DIR)'

help: ## prints this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# zsh and make do not expand ~ in PREFIX=~/.local, and a directory named ~ is dangerous to remove.
check-prefix:
	@case '$(PREFIX)' in '~'*) echo 'make install: PREFIX begins with ~, which is not expanded here; write PREFIX="$$HOME/.local"' >&2; exit 1 ;; esac

check-cargo:
	@command -v $(CARGO) >/dev/null || { echo 'make: cargo is missing; install Rust with rustup' >&2; exit 1; }

check-fuzz: check-cargo
	@$(CARGO) +nightly --version >/dev/null 2>&1 || \
		{ echo 'make: the nightly tool chain is missing; run `make fuzz-tools`, or `rustup toolchain install nightly`' >&2; exit 1; }
	@$(WITH_FUZZ) $(CARGO) fuzz --version >/dev/null 2>&1 || \
		{ echo 'make: cargo-fuzz is missing; run `make fuzz-tools`, or `cargo install cargo-fuzz --locked`' >&2; exit 1; }

check-rust-tools: check-cargo
	@$(CARGO) fmt --version >/dev/null 2>&1 || \
		{ echo 'make: rustfmt is missing; install it with `rustup component add rustfmt`' >&2; exit 1; }
	@$(CARGO) clippy --version >/dev/null 2>&1 || \
		{ echo 'make: clippy is missing; install it with `rustup component add clippy`' >&2; exit 1; }
