#!/usr/bin/env bash
# Holds a running Vedette against what others wrote: pySigma's back end for Cortex XDR, a client of the Cortex
# API, the published schema of OCSF, the fields of the Elastic Common Schema. Skips itself with a message where
# Python, pip or the packages are missing.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${VEDETTE_BINARY:-target/debug/vedette}
[ -x "$binary" ] || cargo build --locked --workspace
skip() { echo "Skipped: $*" >&2; exit 0; }
command -v python3 >/dev/null || skip "python3 is not installed"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || skip "python3 is older than 3.10"
wanted=$(sha256sum conformance/requirements.txt | cut -d' ' -f1)
venv=.tools/conformance
if [ "$(cat "$venv/.installed" 2>/dev/null)" != "$wanted" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv" 2>/dev/null || skip "Python cannot make an environment (python3-venv)"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --retries 1 --timeout 20 -r conformance/requirements.txt ||
    skip "the packages of conformance/requirements.txt cannot be fetched"
  echo "$wanted" > "$venv/.installed"
fi
folder=$(mktemp -d)
server=
finish() { [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; rm -rf "$folder"; }
trap finish EXIT
"$binary" demo --data-dir "$folder/data" --listen 127.0.0.1:0 --no-sensor >"$folder/out" 2>&1 &
server=$!
# The demo's last line: its alert, which tests look for, is there.
for _ in $(seq 300); do
  grep -qs 'to end the demo' "$folder/out" && break
  kill -0 "$server" 2>/dev/null || { cat "$folder/out" >&2; exit 1; }
  sleep 0.2
done
export VEDETTE_DATA="$folder/data" PYTHONDONTWRITEBYTECODE=1
"$venv/bin/python" -m unittest discover -s conformance -t conformance
