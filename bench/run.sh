#!/usr/bin/env bash
# Prints figures: packets per CPU second of `vedette replay` on a generated capture of mixed traffic
# (sessions, DNS, scans, floods). Usage: bench/run.sh [MILLION_PACKETS]
set -euo pipefail
cd "$(dirname "$0")/.."
million=${1:-5}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cargo run --quiet --release -p vedette-parse --example fold_speed -- "$million" --write "$folder/mixed.pcap"
for run in 1 2 3; do
  TIMEFORMAT='%U %S'
  cpu=$({ time target/release/vedette replay "$folder/mixed.pcap" --format json >/dev/null 2>&1; } 2>&1)
  echo "$cpu" | awk -v n="$million" -v run="$run" '{ printf "run %s: %.2f CPU s, %.2f M packets per CPU second\n", run, $1 + $2, n / ($1 + $2) }'
done
