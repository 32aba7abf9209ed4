#!/usr/bin/env bash
# Time from the packet that decides to the alert being stored, and so in the list, in queries and in
# the API: nmap against a host (a network namespace) that runs the given binary, a fresh server each
# time. Needs root, ip and nmap. Usage: bench/latency.sh BINARY [RUNS]
set -euo pipefail
binary=${1:?usage: bench/latency.sh BINARY [RUNS]}
runs=${2:-20}
if [ "$(id -u)" != 0 ] || ! command -v ip >/dev/null || ! command -v nmap >/dev/null; then
  echo "skipped: needs root, ip and nmap"
  exit 0
fi
host=vedette-bench-h$$ scanner=vedette-bench-s$$
folder=$(mktemp -d)
finish() {
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
  ip netns del "$host" 2>/dev/null || true
  ip netns del "$scanner" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
# No default route: nothing leaves these two namespaces.
ip netns add "$host" && ip netns add "$scanner"
ip -n "$host" link add eth0 type veth peer name eth0 netns "$scanner"
for side in "$host:1" "$scanner:2"; do
  space=${side%:*}
  ip -n "$space" addr add "10.77.0.${side#*:}/24" dev eth0
  ip -n "$space" link set lo up && ip -n "$space" link set eth0 up
done
for run in $(seq "$runs"); do
  data=$folder/$run
  ip netns exec "$host" "$binary" up --data-dir "$data" --listen 127.0.0.1:0 >"$folder/log" 2>&1 &
  server=$!
  for _ in $(seq 100); do [ -e "$data/run/server.json" ] && break; sleep 0.1; done
  ip netns exec "$scanner" nmap -n -Pn -sS --top-ports 200 10.77.0.1 >/dev/null
  for _ in $(seq 50); do
    line=$(ip netns exec "$host" "$binary" query --data-dir "$data" --format csv \
      'dataset = alerts | alter ms = timestamp_diff(_insert_time, detected_at, "MICROSECOND") | fields ms' | sed -n 2p | cut -d, -f1)
    [ -n "$line" ] && break
    sleep 0.1
  done
  echo "${line:-none}" >>"$folder/times"
  kill "$server" && wait "$server" 2>/dev/null || true
  server=
done
grep -c none "$folder/times" | sed 's/^/scans without an alert: /' || true
grep -v none "$folder/times" | sort -n | awk '{ all[NR] = $1 / 1000 }
  END { printf "%d scans: p50 %.1f ms, p95 %.1f ms, slowest %.1f ms\n", NR, all[int((NR + 1) / 2)], all[int(NR * 0.95 + 0.5)], all[NR] }'
