#!/usr/bin/env bash
# Sets up, builds and starts Vedette: server, sensor on all interfaces, console.
# Options for `vedette up` can be given in VEDETTE_ARGS.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
scripts/setup.sh run
scripts/build.sh
PATH="$PATH:/sbin:/usr/sbin"
binary=target/release/vedette
if [ "$(id -u)" != 0 ] && ! getcap "$binary" 2>/dev/null | grep -q cap_net_raw; then
  say "To see scans, the sensor reads packet headers, which needs the right CAP_NET_RAW."
  say "sudo is asked once, to grant this one right to $binary (nothing runs as root)."
  if [ -t 0 ] && command -v sudo >/dev/null 2>&1 && sudo setcap cap_net_raw+ep "$binary"; then
    say "Granted."
  else
    say "Not granted: going on WITHOUT the sensor. Queries, ingest and the console work; no scan of this"
    say "host will be seen. Grant it later:  sudo setcap cap_net_raw+ep $PWD/$binary"
  fi
fi
# shellcheck disable=SC2086
exec "$binary" up ${VEDETTE_ARGS:-}
