#!/usr/bin/env bash
# Checks what `make run` or `make test` needs, and installs what is missing: with apt when root,
# otherwise it prints the exact command. Usage: scripts/setup.sh run|test
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:?usage: scripts/setup.sh run|test}

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

# Vite needs Node.js 20.19, or 22.12 and later; Debian 12 and Ubuntu 24.04 ship 18.
node_is_new() {
  have "$1" && "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number);
    process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)' 2>/dev/null
}
npm_is_new() { have "$1" && [ "$("$1" --version 2>/dev/null | cut -d. -f1)" -ge 10 ] 2>/dev/null; }

missing=()
need() { have "$1" || missing+=("$2"); }
need cargo ""
have cargo || { echo "Rust is missing: install the stable toolchain first (rustup), then run this again." >&2; exit 1; }
need cc gcc
cc_works() { echo 'int main(void){return 0;}' | cc -x c - -o /dev/null 2>/dev/null; }
if have cc && ! cc_works; then missing+=(libc6-dev); fi
have cc || missing+=(libc6-dev)
if ! { node_is_new node && npm_is_new npm; } && ! node_is_new .tools/bin/node; then
  have npm || missing+=(npm)
fi
if [ "$what" = test ]; then
  need ip iproute2; need nft nftables; need nmap nmap; need setcap libcap2-bin; need setpriv util-linux
  need chromium chromium; need ping iputils-ping; need fping fping; need arp-scan arp-scan; need sqlite3 sqlite3
  need python3 python3; have python3 && { python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv); }; have python3 || missing+=(python3-venv)
  if ! { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1; then
    echo "rustfmt or clippy is missing. Install them with:  rustup component add rustfmt clippy" >&2
    exit 1
  fi
else
  have setcap || [ -x /sbin/setcap ] || [ -x /usr/sbin/setcap ] || missing+=(libcap2-bin)
fi
# Ubuntu's chromium package is a snap launcher that does not run headless as root: the browser tests
# skip themselves there.
if [ "${#missing[@]}" -gt 0 ]; then
  packages=$(printf '%s\n' "${missing[@]}" | grep . | sort -u | tr '\n' ' ')
  command="apt-get install -y --no-install-recommends $packages"
  if [ "$(id -u)" = 0 ] && have apt-get; then
    say "Installing: $packages"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive $command -qq >/dev/null
  else
    echo "Missing: $packages" >&2
    echo "Install them with:  sudo $command" >&2
    exit 1
  fi
fi

if ! { node_is_new node && npm_is_new npm; } && ! node_is_new .tools/bin/node; then
  # The npm registry carries Node.js itself as a package; no download site is needed.
  case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) echo "No packaged Node.js for $(uname -m): install Node.js 22.12 or later, then run this again." >&2; exit 1 ;;
  esac
  say "Node.js here is older than Vite needs: fetching a current one into .tools/"
  mkdir -p .tools/bin
  npm install --silent --no-audit --no-fund --no-save --prefix .tools "node-linux-$arch@24" npm@11 >/dev/null
  ln -sf "../node_modules/node-linux-$arch/bin/node" .tools/bin/node
  ln -sf ../node_modules/npm/bin/npm-cli.js .tools/bin/npm
  node_is_new .tools/bin/node || { echo "The fetched Node.js does not run; see above." >&2; exit 3; }
fi
