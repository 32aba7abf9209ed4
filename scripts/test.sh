#!/usr/bin/env bash
# Installs what the tests need and runs everything CI runs. Tests that need root (network
# namespaces, raw sockets) or a browser skip themselves with a message where it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '\033[1m==>\033[0m %s (%ss)\n' "$*" "$SECONDS" >&2; }
scripts/setup.sh test
PATH="$PWD/.tools/bin:$PATH"
say "Format"
cargo fmt --all --check
say "Console: build, unit tests, size"
scripts/console.sh
(cd console && npm test --silent && npm run --silent size)
say "Clippy, warnings are errors"
cargo clippy --workspace --all-targets --locked -- -D warnings
say "Build and Rust tests (from nothing about 10 minutes on 2 cores)"
cargo test --workspace --locked
say "Fuzz targets, ten seconds each (nightly Rust and cargo-fuzz, skipped without)"
scripts/fuzz.sh 10
say "Licences and sources of dependencies (the tool is built once, into .tools)"
cargo deny --version >/dev/null 2>&1 || cargo install --quiet --locked --root .tools cargo-deny@0.20.2
cargo deny check licenses bans sources
say "Known vulnerabilities of dependencies (skipped where their database cannot be fetched)"
if cargo deny fetch db >/dev/null 2>&1; then
  cargo deny check advisories
else
  say "Skipped: the advisory database cannot be fetched from here"
fi
say "Against what others wrote: pySigma, a Cortex client, the schemas of OCSF and ECS (skipped without pip)"
scripts/conformance.sh
say "Console in a real browser, against the real server"
scripts/e2e.sh
say "All green"
