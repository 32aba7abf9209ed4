#!/usr/bin/env bash
# Proves the README: makes a fresh Debian 12 with debootstrap, mounts only the Rust toolchain into it,
# clones this checkout there and runs `make run` (until the console answers) and `make test`.
# Needs root and debootstrap. Usage: scripts/clean-room.sh [run|test|both] [FOLDER]
# Environment: MIRROR for debootstrap; PASS_ENV lists variables to hand in (package registries' settings);
# PASS_FILES lists files to copy in at the same path (certificates, registry configuration).
set -euo pipefail
cd "$(dirname "$0")/.."
part=${1:-both}
root=${2:-$(mktemp -d /var/tmp/vedette-clean-XXXXXX)}
[ "$(id -u)" = 0 ] || { echo "clean-room needs root (debootstrap, mount)" >&2; exit 2; }
cargo_home=${CARGO_HOME:-$HOME/.cargo}
rustup_home=${RUSTUP_HOME:-$HOME/.rustup}
mounts=()
finish() {
  for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do umount -l "${mounts[i]}" 2>/dev/null || true; done
}
trap finish EXIT
bind() { mkdir -p "$root$2"; mount --bind ${3:-} "$1" "$root$2"; mounts+=("$root$2"); }

[ -x "$root/bin/sh" ] || debootstrap --variant=minbase --include=git,make,ca-certificates bookworm "$root" ${MIRROR:-} >/dev/null
# A mount point of its own: network namespaces (of the tests) need one at the root.
mount --bind "$root" "$root"; mounts+=("$root")
mount -t proc proc "$root/proc"; mounts+=("$root/proc")
mount -t sysfs sysfs "$root/sys"; mounts+=("$root/sys")
bind /dev /dev
bind "$rustup_home" /opt/rustup "-o ro"
mkdir -p "$root/opt/cargo/bin"
cp -L "$cargo_home"/bin/{rustup,cargo,rustc,rustfmt,cargo-fmt,cargo-clippy,clippy-driver} "$root/opt/cargo/bin/" 2>/dev/null || true
cp /etc/resolv.conf "$root/etc/resolv.conf"
for file in ${PASS_FILES:-}; do mkdir -p "$root$(dirname "$file")"; cp -aL "$file" "$root$file"; done
rm -rf "$root/src" && git clone --quiet --no-hardlinks . "$root/src"
inside() {
  local pass=(HOME=/root PATH=/opt/cargo/bin:/usr/sbin:/usr/bin:/sbin:/bin RUSTUP_HOME=/opt/rustup CARGO_HOME=/opt/cargo)
  for name in ${PASS_ENV:-}; do [ -n "${!name:-}" ] && pass+=("$name=${!name}"); done
  chroot "$root" env -i "${pass[@]}" bash -c "cd /src; $1"
}
seconds() { date +%s; }
if [ "$part" != test ]; then
  start=$(seconds)
  inside 'make run >/tmp/run.log 2>&1 & child=$!
    for _ in $(seq 3600); do
      grep -q "setup#token=" /tmp/run.log && break
      kill -0 $child 2>/dev/null || { cat /tmp/run.log; exit 1; }
      sleep 1
    done
    cat /tmp/run.log; target/release/vedette selftest; code=$?; kill $child; wait $child; exit $code'
  echo "make run: $(( $(seconds) - start )) s from nothing to a passed self-test; $(du -sh "$root/src/target" | cut -f1) in target"
fi
if [ "$part" != run ]; then
  start=$(seconds)
  inside 'make test'
  echo "make test: $(( $(seconds) - start )) s; $(du -sh "$root/src/target" | cut -f1) in target"
fi
