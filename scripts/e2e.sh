#!/usr/bin/env bash
# Runs the console's browser tests against a real server on a throw-away folder.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .tools/bin/node ] && PATH="$PWD/.tools/bin:$PATH"
binary=${VEDETTE_BINARY:-target/debug/vedette}
[ -x "$binary" ] || cargo build --locked --workspace
folder=$(mktemp -d)
server=
finish() { [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; rm -rf "$folder"; }
trap finish EXIT
"$binary" demo --data-dir "$folder/data" --listen 127.0.0.1:0 >"$folder/out" 2>&1 &
server=$!
for _ in $(seq 100); do
  grep -q 'setup#token=' "$folder/out" && break
  kill -0 "$server" 2>/dev/null || { cat "$folder/out" >&2; exit 1; }
  sleep 0.2
done
setup=$(grep -o 'http[^ ]*setup#token=[^ ]*' "$folder/out" | head -1)
[ -n "$setup" ] || { cat "$folder/out" >&2; exit 1; }
export VEDETTE_SETUP_URL="$setup" VEDETTE_URL="${setup%%/setup*}" SCREENSHOT_DIR="$PWD/target/e2e-screenshots"
cd console && npm run --silent e2e
