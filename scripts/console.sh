#!/usr/bin/env bash
# Builds the web console into console/dist, unless nothing changed since the last build.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .tools/bin/node ] && PATH="$PWD/.tools/bin:$PATH"
stamp=console/dist/.built-from
now=$(find console -path console/node_modules -prune -o -path console/dist -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ] && exit 0
cd console
npm ci --no-audit --no-fund --silent
npm run --silent build
echo "$now" > dist/.built-from
