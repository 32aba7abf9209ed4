#!/usr/bin/env bash
# The console and the release binary.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
say "Building the web console (about a minute the first time)"
scripts/console.sh
if [ ! -x target/release/vedette ]; then
  say "Building Vedette: query engine, store and sensor, some 590 crates. From nothing this usually takes"
  say "15 to 30 minutes on 2 cores, half on 4, and 2 GB of disk; the next build takes seconds."
fi
cargo build --release --locked -p vedette
