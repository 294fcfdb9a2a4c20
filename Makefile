# The commands of this repository; `make help` lists them.

CARGO ?= cargo
PREFIX ?= /usr/local
DESTDIR ?=
INSTALL ?= install

CARGO_TARGET_DIR ?= target
OUTSIDE = $(CARGO_TARGET_DIR)/outside
# Further arguments of pytest, as in `make test-outside PYTEST='-k sops'`.
PYTEST ?=

.PHONY: build demo test test-outside deny install uninstall clean help check-cargo check-rust-tools

build: check-cargo ## the debug binary: target/debug/aws-auth
	$(CARGO) build --locked

demo: build ## aws-auth against a local STS, in a temporary HOME
	sh demo/demo.sh

test: check-rust-tools ## all tests: formatting, lints, cargo's tests, and those against real tools
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) test --locked
	$(MAKE) --no-print-directory test-outside

test-outside: check-cargo ## the tests against real tools; installs what it needs under target
	$(CARGO) build --locked --bins --examples
	sh tests/outside/set-up.sh
	PYTHONPYCACHEPREFIX=$(OUTSIDE)/pycache $(OUTSIDE)/venv/bin/python -m pytest tests/outside $(PYTEST)

deny: ## licences, advisories, bans and sources of the dependencies (needs cargo-deny)
	@$(CARGO) deny --version >/dev/null 2>&1 || \
		{ echo 'make deny: cargo-deny is missing; install it with `cargo install cargo-deny --locked`' >&2; exit 1; }
	$(CARGO) deny --locked check

install: check-cargo ## the release binary into $(DESTDIR)$(PREFIX)/bin
	$(CARGO) build --locked --release
	$(INSTALL) -d '$(DESTDIR)$(PREFIX)/bin'
	$(INSTALL) -m 755 '$(CARGO_TARGET_DIR)/release/aws-auth' '$(DESTDIR)$(PREFIX)/bin/aws-auth'

uninstall: ## removes what install put there
	rm -f '$(DESTDIR)$(PREFIX)/bin/aws-auth'

clean: ## everything that was built or installed under target
	rm -rf '$(CARGO_TARGET_DIR)'

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

check-cargo:
	@command -v $(CARGO) >/dev/null || { echo 'make: cargo is missing; Rust is installed by rustup' >&2; exit 1; }

check-rust-tools: check-cargo
	@$(CARGO) fmt --version >/dev/null 2>&1 || \
		{ echo 'make: rustfmt is missing; install it with `rustup component add rustfmt`' >&2; exit 1; }
	@$(CARGO) clippy --version >/dev/null 2>&1 || \
		{ echo 'make: clippy is missing; install it with `rustup component add clippy`' >&2; exit 1; }
