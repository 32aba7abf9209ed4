#!/usr/bin/env bash
# Runs every fuzz target for a while. Usage: scripts/fuzz.sh [SECONDS] [TARGET...]. Needs nightly Rust and
# cargo-fuzz; without them it says so and does nothing. The target `plan` builds the whole query engine and runs
# only when it is named.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
if ! cargo +nightly fuzz --version >/dev/null 2>&1; then
  echo "fuzzing skipped: it needs 'rustup toolchain install nightly' and 'cargo install cargo-fuzz'" >&2
  exit 0
fi
seeds() {
  case $1 in
    xql) echo crates/xql/tests/good crates/xql/tests/bad ;;
    capture) echo apps/vedette/assets ;;
  esac
}
features() {
  case $1 in
    plan) echo --features plan ;;
  esac
}
for target in ${*:-$(cargo +nightly fuzz list | grep -vx plan)}; do
  # What is found goes to a folder of its own: the corpus in the tree is curated by hand.
  found=fuzz/target/found/$target
  mkdir -p "$found" "fuzz/corpus/$target"
  # shellcheck disable=SC2046
  cargo +nightly fuzz run $(features "$target") "$target" "$found" "fuzz/corpus/$target" $(seeds "$target") -- \
    -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=4096 -print_final_stats=1
done
