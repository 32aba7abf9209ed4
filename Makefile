# Two commands do all the set-up: `make run` starts Vedette, `make test` passes the tests.
.PHONY: run test build console lint deny bench fuzz clean-room help

help:
	@echo "make run         set up, build and start Vedette on this machine"
	@echo "make test        set up and run everything CI runs"
	@echo "make build       the console and the release binary only"
	@echo "make lint        rustfmt and clippy"
	@echo "make bench       print the figures of bench/ (release build; several minutes)"
	@echo "make fuzz        a minute of each fuzz target (nightly Rust and cargo-fuzz)"
	@echo "make clean-room  prove both commands in a fresh Debian 12 (root, debootstrap)"

run:
	@scripts/run.sh

test:
	@scripts/test.sh

build:
	@scripts/build.sh

console:
	@scripts/console.sh

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

deny:
	cargo deny check licenses bans sources

bench: build
	@bench/run.sh

fuzz:
	@scripts/fuzz.sh

clean-room:
	@scripts/clean-room.sh
