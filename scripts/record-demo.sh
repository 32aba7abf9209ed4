#!/usr/bin/env bash
# Records the scan that `vedette demo` replays: nmap against a host with three open ports, in two
# network namespaces without a route to anywhere. Needs root, iproute2, nmap, ncat and tcpdump.
set -euo pipefail
cd "$(dirname "$0")/.."
a=vdemo-a-$$ b=vdemo-b-$$ out=apps/vedette/assets/demo-scan.pcap children=()
finish() { for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done; ip netns del $a || true; ip netns del $b || true; }
trap finish EXIT
ip netns add $a; ip netns add $b
ip -n $a link add eth0 type veth peer name eth0 netns $b
ip -n $a link set eth0 address 02:00:00:00:00:66; ip -n $b link set eth0 address 02:00:00:00:00:10
ip -n $a addr add 198.18.0.66/24 dev eth0; ip -n $b addr add 198.18.0.10/24 dev eth0
for host in $a $b; do ip -n $host link set lo up; ip -n $host link set eth0 up; done
for port in 22 443 3306; do ip netns exec $b ncat -k -l 198.18.0.10 $port >/dev/null & children+=($!); done
ip netns exec $b tcpdump -q -i eth0 -U -s 128 -w $out 2>/dev/null & children+=($!)
sleep 1
ip netns exec $a timeout 60 nmap -n -sS -T4 --top-ports 200 198.18.0.10 >/dev/null
sleep 1
