#!/usr/bin/env python3
"""Records the scenarios of scenarios.tsv in network namespaces and writes their captures and a manifest.

Usage (root): record.py OUT [NAME...]       then: vedette bench detect OUT
Needs: iproute2 tcpdump nmap masscan zmap hping3 arp-scan fping nbtscan ncat traceroute

Each scenario has a switch and hosts of its own: the target .1 (services of hosts.py), the source .128 and a
third host .140, in a network 198.18.K.0/24 and fd00:5e:K::/64. Nothing has a default route. Of the addresses,
"20+50+51" gives the target those up to .20 and adds two hosts with stacks of their own, $LIVE50 and $LIVE51. places.sh has
what a command needs for routers. A ninth column names forms of variants.py in which the capture is written, and
before them where it is taken: at_source, at_third (a router) or at_any (all links of the target); "alerts=2" says that
the capture holds two scans.
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time

from variants import VARIANTS, read

HERE = pathlib.Path(__file__).resolve().parent
PARALLEL = 6
LONGEST = 900
# Where packets are captured, when not at the target's own link.
PLACES = {"at_source": ("source", "eth0"), "at_third": ("third", "eth0"), "at_any": ("target", "any")}


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def inside(namespace, command, **options):
    routes = subprocess.run(["ip", "-n", namespace, "route", "show", "default"], capture_output=True, text=True, check=True)
    if routes.stdout.strip():
        raise RuntimeError(f"{namespace} has a default route: no tool is started there")
    return subprocess.Popen(["nsenter", f"--net=/run/netns/{namespace}", "--", *command], start_new_session=True, **options)


def end(process):
    """Ends a program that we started, with its children."""
    if process.poll() is None:
        os.killpg(process.pid, 15)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()


class Lab:
    def __init__(self, number):
        self.number, self.net, self.names = number, f"198.18.{number}", []

    def __enter__(self):
        self.switch = self.space("s")
        ip("-n", self.switch, "link", "add", "br0", "type", "bridge")
        ip("-n", self.switch, "link", "set", "br0", "up")
        self.target, self.source, self.third = self.host("t", 1), self.host("a", 128), self.host("z", 140)
        return self

    def space(self, letter):
        name = f"vdrec{os.getpid()}n{self.number}{letter}"
        ip("netns", "add", name)
        self.names.append(name)
        return name

    def host(self, letter, last):
        name = self.space(letter)
        ip("-n", self.switch, "link", "add", f"v{letter}", "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("-n", self.switch, "link", "set", f"v{letter}", "master", "br0", "up")
        ip("-n", name, "link", "set", "eth0", "address", f"02:00:00:00:{self.number:02x}:{last:02x}")
        ip("-n", name, "addr", "add", f"{self.net}.{last}/24", "dev", "eth0")
        ip("-n", name, "addr", "add", f"fd00:5e:{self.number:x}::{last:x}/64", "dev", "eth0", "nodad")
        for link in ("eth0", "lo"):
            ip("-n", name, "link", "set", link, "up")
        return name

    def more_addresses(self, namespace, first, last):
        for n in range(first, last + 1):
            ip("-n", namespace, "addr", "add", f"{self.net}.{n}/24", "dev", "eth0")

    def __exit__(self, *_):
        for name in reversed(self.names):
            subprocess.run(["ip", "netns", "del", name], check=False)


def written(text, where):
    """The text with the lab's own variables replaced, longer names first; shell syntax stays."""
    for name in sorted(where, key=len, reverse=True):
        text = text.replace(f"${{{name}}}", where[name]).replace(f"${name}", where[name])
    return text.replace(str(HERE) + "/", "")


def record(out, number, row):
    name, kind, what, types, shape, sources, addresses, command, *rewritten = row
    alerts = next((form.removeprefix("alerts=") for form in rewritten if form.startswith("alerts=")), "")
    with Lab(number) as lab:
        addresses, *living = addresses.split("+")
        if addresses:
            lab.more_addresses(lab.target, 2, int(addresses))
        living = {f"LIVE{last}": f"nsenter --net=/run/netns/{lab.host('l' + last, int(last))} --" for last in living}
        where = {"T": f"{lab.net}.1", "S": f"{lab.net}.128", "Z": f"{lab.net}.140", "N": lab.net, "K": str(number), "T6": f"fd00:5e:{number:x}::1",
                 "S6": f"fd00:5e:{number:x}::80", "N6": f"fd00:5e:{number:x}::", "MAC": f"02:00:00:00:{number:02x}:01", "CLIENT": f"python3 {HERE / 'hosts.py'}",
                 "SCANNER": f"python3 {HERE / 'scanners.py'}", "DAILY": f"python3 {HERE / 'daily.py'}", "ESTATE": f"python3 {HERE / 'estate.py'}",
                 "PROBER": f"python3 {HERE / 'probers.py'}", "INTRUDER": f"python3 {HERE / 'intruders.py'}", "VISITOR": f"python3 {HERE / 'visitors.py'}", "THIRD": f"nsenter --net=/run/netns/{lab.third} --",
                 "TARGET": f"nsenter --net=/run/netns/{lab.target} --", "ADDR": f"ip -n {lab.source} addr add"}
        where.update(living)
        environment = {**os.environ, **where, "BASH_ENV": str(HERE / "places.sh")}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        services = inside(lab.target, ["python3", str(HERE / "hosts.py"), "serve"], **quiet)
        time.sleep(0.6)
        host, link = next((PLACES[form] for form in rewritten if form in PLACES), ("target", "eth0"))
        tcpdump = inside(getattr(lab, host), ["tcpdump", "-i", link, "-U", "-s", "256", "-B", "16384", "-w", str(out / f"{name}.pcap")], **quiet)
        time.sleep(1.0)
        started = time.monotonic()
        tool = inside(lab.source, ["bash", "-c", command], env=environment, stdin=subprocess.DEVNULL, **quiet)
        try:
            tool.wait(LONGEST)
        except subprocess.TimeoutExpired:
            print(f"{name}: ended after {LONGEST} s", file=sys.stderr)
        end(tool)
        duration = time.monotonic() - started
        time.sleep(1.5)
        end(tcpdump)
        end(services)
        for form in (form for form in rewritten if form in VARIANTS):
            VARIANTS[form](out / f"{name}.pcap", read(out / f"{name}.pcap"))
        shown, source = written(command, where), written(sources, where)
        return "\t".join([name, f"{name}.pcap", kind, what, source, where["T"], "", "", f"{duration:.2f}", command.split()[0], shown, types, shape, alerts])


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    wanted = set(sys.argv[2:])
    rows = [line.split("\t") for line in (HERE / "scenarios.tsv").read_text().splitlines() if line and line[0] != "#"]
    numbered = [(n % 250 + 1, row) for n, row in enumerate(rows)]
    chosen = [(n, row) for n, row in numbered if not wanted or row[0] in wanted]
    done = {}
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        running = {pool.submit(record, out, n, row): row[0] for n, row in chosen}
        for future in concurrent.futures.as_completed(running):
            done[running[future]] = future.result()
            print("recorded", running[future], file=sys.stderr)
    head = "scenario file kind what sources victim probes distinct_ports duration_s tool command types shape alerts".split()
    manifest = out / "manifest.tsv"
    if wanted and manifest.exists():
        for line in manifest.read_text().splitlines()[1:]:
            done.setdefault(line.split("\t")[0], line)
    lines = [done[row[0]] for row in rows if row[0] in done]
    manifest.write_text("\n".join(["\t".join(head), *lines]) + "\n")


if __name__ == "__main__":
    main()
