#!/usr/bin/env bash
# Prints the project's figures, from the release build. Usage: bench/run.sh [PART...], parts: replay
# ingest latency sensor query; without any, all of them. Takes about twenty minutes and 6 GB of disk.
# Environment: MILLION, packets of the generated capture (5); ROWS, rows for the query (10000000); PYTHON,
# the interpreter that has the packages of other engines (python3).
set -euo pipefail
cd "$(dirname "$0")/.."
parts=${*:-replay ingest latency sensor query}
folder=$(mktemp -d "${TMPDIR:-/var/tmp}/vedette-bench-XXXXXX")
trap 'rm -rf "$folder"' EXIT
# One package selection: another one would compile the query engine again.
cargo build --quiet --release --locked -p vedette -p vedette-parse -p vedette-detect -p vedette-lake -p vedette-engine --bins --examples
examples=target/release/examples
vedette=$PWD/target/release/vedette

replay() {
  echo "== packets per CPU second of replay (sessions, DNS, scans, floods)"
  local million=${MILLION:-5} cpu
  $examples/fold_speed "$million" --write "$folder/mixed.pcap"
  for run in 1 2 3; do
    TIMEFORMAT='%U %S'
    cpu=$({ time "$vedette" replay "$folder/mixed.pcap" --format json >/dev/null 2>&1; } 2>&1)
    echo "$cpu" | awk -v n="$million" -v run="$run" '{ printf "run %s: %.2f CPU s, %.2f M packets per CPU second\n", run, $1 + $2, n / ($1 + $2) }'
  done
  rm "$folder/mixed.pcap"
  echo "== the cost of a packet as the number of sources grows (6 M packets of connections to one service)"
  local sources
  for sources in 1000 10000 100000 1000000; do
    $examples/fold_speed 6 --write "$folder/$sources-sources.pcap" "$sources"
    (cd "$folder" && "$OLDPWD/$examples/replay_speed" "$sources-sources.pcap")
    rm "$folder/$sources-sources.pcap"
  done
}
ingest() {
  echo "== events per second durable through ingest"
  $examples/ingest_speed "$folder/ingest" --rows 2000000
}
latency() {
  echo "== from deciding packet to alert visible, nmap against this binary"
  bench/latency.sh "$vedette"
}
sensor() {
  echo "== sensor at 100,000 packets a second"
  cargo test --quiet --release --locked -p vedette-sensor --test load -- --ignored --nocapture measure
}
query() {
  echo "== a hunting query over firewall threat logs (bench/headline.xql)"
  $examples/query_speed make "$folder/query" "${ROWS:-10000000}"
  $examples/query_speed run "$folder/query" bench/headline.xql
  echo "== the same queries by DuckDB, Polars and ClickHouse, where their Python packages are installed"
  "${PYTHON:-python3}" bench/compare.py "$folder/query"
}
for part in $parts; do
  case $part in
    replay | ingest | latency | sensor | query) $part ;;
    *) echo "no part named $part: replay, ingest, latency, sensor, query" >&2; exit 2 ;;
  esac
done
