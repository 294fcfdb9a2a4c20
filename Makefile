# The commands of this repository; `make help` lists them.

CARGO ?= cargo
PREFIX ?= /usr/local
DESTDIR ?=
INSTALL ?= install

CARGO_TARGET_DIR ?= target
OUTSIDE = $(CARGO_TARGET_DIR)/outside
# More arguments for pytest, as in `make test-outside PYTEST='-k sops'`.
PYTEST ?=

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

.PHONY: build demo picture test test-outside check-macos bench bench-build bench-check order evidence deny install uninstall deb clean help check-cargo check-prefix check-rust-tools

build: check-cargo ## builds the debug binary: target/debug/aws-auth
	$(CARGO) build --locked

demo: build ## shows aws-auth in three scenes with a local STS, in a temporary HOME
	@sh demo/demo.sh

picture: check-cargo ## draws docs/picture.svg: a session that is recorded here; installs what it needs under target
	$(CARGO) build --locked --bins --examples
	sh tests/outside/set-up.sh
	PYTHONPYCACHEPREFIX=$(OUTSIDE)/pycache $(OUTSIDE)/venv/bin/python demo/picture.py

# test-outside starts the list of skipped tests; check-macos and bench-check append to it.
test: check-rust-tools ## runs all tests: formatting, lints, cargo's tests, and those against real tools
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) test --locked
	$(MAKE) --no-print-directory test-outside
	$(MAKE) --no-print-directory check-macos
	$(MAKE) --no-print-directory bench-check

test-outside: check-cargo ## runs the tests against real tools; installs what they need under target
	$(CARGO) build --locked --bins --examples
	sh tests/outside/set-up.sh
	PYTHONPYCACHEPREFIX=$(OUTSIDE)/pycache $(OUTSIDE)/venv/bin/python -m pytest tests/outside $(PYTEST)

check-macos: check-rust-tools ## compiles and lints everything for macOS on arm64; adds that target with rustup
	sh tests/check-macos.sh

bench: check-cargo ## measures aws-auth against env, curl and the AWS CLI: the table of docs/performance.md
	$(CARGO) build --locked --release --bins
	$(CARGO) build --locked --examples
	PYTHONPYCACHEPREFIX=$(OUTSIDE)/pycache python3 bench/bench.py

bench-check: check-cargo ## checks instructions and system calls of a cached run against bench/limits.json
	$(CARGO) build --locked --release --bins
	$(CARGO) build --locked --examples
	PYTHONPYCACHEPREFIX=$(OUTSIDE)/pycache python3 bench/check.py

bench-build: check-cargo ## measures how long a release build from scratch takes
	rm -rf '$(CARGO_TARGET_DIR)/bench-build'
	bash -c 'time $(CARGO) build --locked --release --bins --quiet --target-dir "$(CARGO_TARGET_DIR)/bench-build"'
	rm -rf '$(CARGO_TARGET_DIR)/bench-build'

order: check-cargo ## writes packaging/cached-path.ld: the functions of a cached run, for the linker
	CARGO_PROFILE_RELEASE_STRIP=none $(CARGO) build --locked --release --bins --target-dir $(CARGO_TARGET_DIR)/order
	$(CARGO) build --locked --examples
	AWS_AUTH_BIN=$(CARGO_TARGET_DIR)/order/release/aws-auth PYTHONPYCACHEPREFIX=$(OUTSIDE)/pycache python3 bench/order.py $(CARGO_TARGET_DIR)/order/release/aws-auth

evidence: check-cargo ## checks what docs/decisions says about crates that are not in the binary
	$(CARGO) build --locked --bins --examples
	'$(CARGO_TARGET_DIR)/debug/examples/why-not'

deny: ## checks licences, advisories, bans and sources of the dependencies (needs cargo-deny)
	@$(CARGO) deny --version >/dev/null 2>&1 || \
		{ echo 'make deny: cargo-deny is missing; install it with `cargo install cargo-deny --locked`' >&2; exit 1; }
	$(CARGO) deny --locked check

install: check-cargo check-prefix ## installs the release binary, the manual and completions under $(DESTDIR)$(PREFIX)
	$(CARGO) build --locked $(if $(filter release,$(BUILD)),--release)
	$(INSTALL) -d '$(DESTDIR)$(PREFIX)/bin' $(foreach file,$(SHARED),'$(DESTDIR)$(PREFIX)/share/$(dir $(file))')
	$(INSTALL) -m 755 '$(CARGO_TARGET_DIR)/$(BUILD)/aws-auth' '$(DESTDIR)$(PREFIX)/bin/aws-auth'
	'$(CARGO_TARGET_DIR)/$(BUILD)/aws-auth' --man >'$(DESTDIR)$(PREFIX)/share/$(MANUAL)'
	'$(CARGO_TARGET_DIR)/$(BUILD)/aws-auth' --completions bash >'$(DESTDIR)$(PREFIX)/share/$(BASH)'
	'$(CARGO_TARGET_DIR)/$(BUILD)/aws-auth' --completions zsh >'$(DESTDIR)$(PREFIX)/share/$(ZSH)'
	'$(CARGO_TARGET_DIR)/$(BUILD)/aws-auth' --completions fish >'$(DESTDIR)$(PREFIX)/share/$(FISH)'
	chmod 644 $(foreach file,$(SHARED),'$(DESTDIR)$(PREFIX)/share/$(file)')

uninstall: ## removes what install put there
	rm -f '$(DESTDIR)$(PREFIX)/bin/aws-auth' $(foreach file,$(SHARED),'$(DESTDIR)$(PREFIX)/share/$(file)')

deb: ## builds a Debian package: $(CARGO_TARGET_DIR)/deb/aws-auth_VERSION_ARCHITECTURE.deb
	rm -rf '$(STAGE)'
	$(MAKE) --no-print-directory install DESTDIR='$(abspath $(STAGE))' PREFIX=/usr ZSH=zsh/vendor-completions/_aws-auth
	sh packaging/deb.sh '$(abspath $(STAGE))' \
		"$(abspath $(CARGO_TARGET_DIR))/deb/aws-auth_$(VERSION)_$$(dpkg --print-architecture).deb" '$(VERSION)'

clean: ## removes everything that was built or installed under target
	rm -rf '$(CARGO_TARGET_DIR)'

help: ## prints this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# zsh and make do not expand ~ in PREFIX=~/.local, and a directory named ~ is dangerous to remove.
check-prefix:
	@case '$(PREFIX)' in '~'*) echo 'make install: PREFIX begins with ~, which is not expanded here; write PREFIX="$$HOME/.local"' >&2; exit 1 ;; esac

check-cargo:
	@command -v $(CARGO) >/dev/null || { echo 'make: cargo is missing; install Rust with rustup' >&2; exit 1; }

check-rust-tools: check-cargo
	@$(CARGO) fmt --version >/dev/null 2>&1 || \
		{ echo 'make: rustfmt is missing; install it with `rustup component add rustfmt`' >&2; exit 1; }
	@$(CARGO) clippy --version >/dev/null 2>&1 || \
		{ echo 'make: clippy is missing; install it with `rustup component add clippy`' >&2; exit 1; }
