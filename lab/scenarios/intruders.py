"""Scanners of the second round: others' habits, disguises and ways, again by what they do and not by how their packets look.

Usage: intruders.py NAME TARGET [MORE...]
"""
import random
import socket
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from daily import REQUEST, visit
from estate import HELLO
from hosts import ip_packet
from scanners import checksum, connect

CLOSED = [23, 79, 110, 143, 465, 587, 873, 993, 1080, 1433, 1521, 2375, 3128, 3389, 5432, 5900, 6379, 8443, 9042, 11211, 27017]


def tls(host, *ports):
    """A TLS greeting to every port where TLS may be, and the certificate read if there is one."""
    for port in ports:
        visit(host, int(port), HELLO, timeout=0.4)


def telnets(host, *ports):
    """curl as a poor man's port scanner."""
    for port in ports:
        subprocess.run(["curl", "-s", "-m", "1", f"telnet://{host}:{port}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)


def interleaved(host):
    """Three real conversations between any two closed ports."""
    for port in random.sample(CLOSED, 16):
        for served in random.sample([80, 443, 8080, 9200, 389, 445, 631, 5060], 3):
            visit(host, served, REQUEST)
        connect(host, port)
        time.sleep(0.3)


def staggered(host, seconds, *ports):
    """One open service after a long pause; nothing said, nothing repeated."""
    for port in random.sample(ports, len(ports)):
        visit(host, int(port))
        time.sleep(float(seconds))


def greeted(host, seconds, *ports):
    """The greeting of each open service, one after a long pause."""
    for port in ports:
        visit(host, int(port), read=True, timeout=0.5)
        time.sleep(float(seconds))


def beside_work(host, seconds):
    """Closed ports one by one, while the same host works with the web server all the time."""
    over = threading.Event()

    def work():
        while not over.is_set():
            visit(host, 80, REQUEST)
            visit(host, 443, HELLO)
            time.sleep(1)
    worker = threading.Thread(target=work)
    worker.start()
    for port in CLOSED[:12]:
        connect(host, port)
        time.sleep(float(seconds))
    over.set()
    worker.join()


def hunt(prefix, port, *living):
    """A worm: one port over a whole network in no order, a hundred threads, most addresses free."""
    hosts = [f"{prefix}.{n}" for n in random.sample(range(1, 254), 200)]
    with ThreadPoolExecutor(60) as threads:
        list(threads.map(lambda host: connect(host, int(port), timeout=0.8), hosts))


def grab(port, *hosts):
    """Front pages by a scanner that says who it is."""
    for host in hosts:
        visit(host, int(port), b"GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 zgrab/0.x\r\nAccept: */*\r\n\r\n" % host.encode(), timeout=0.4)


def few_each(ports, *hosts):
    """A handful of ports of administrators on each of some hosts, port by port."""
    for port in ports.split(","):
        for host in hosts:
            connect(host, int(port), timeout=0.3)


def host_by_host(ports, *hosts):
    """The same, host by host, with a pause."""
    for host in hosts:
        for port in ports.split(","):
            connect(host, int(port), timeout=0.3)
        time.sleep(0.5)


def rotating(net, target, first, last, *ports):
    """A new address of our own for every connection."""
    for n, port in enumerate(ports):
        address = f"{net}{int(first) + n % (int(last) - int(first) + 1):x}" if ":" in net else f"{net}.{int(first) + n % (int(last) - int(first) + 1)}"
        with socket.socket(socket.AF_INET6 if ":" in net else socket.AF_INET) as s:
            s.settimeout(0.4)
            try:
                s.bind((address, 0))
                s.connect((target, int(port)))
            except OSError:
                pass
        time.sleep(0.2)


def slow_rotating(seconds, target, sources, *ports):
    """A few addresses take turns, with a pause after each port."""
    sources = sources.split(",")
    for n, port in enumerate(ports):
        with socket.socket() as s:
            s.settimeout(0.4)
            try:
                s.bind((sources[n % len(sources)], 0))
                s.connect((target, int(port)))
            except OSError:
                pass
        time.sleep(float(seconds))


def moved(seconds, target, first, second, *ports):
    """Half of the ports from one address, the other half from another."""
    half = len(ports) // 2
    slow_rotating(seconds, target, first, *ports[:half])
    slow_rotating(seconds, target, second, *ports[half:])


def overlapping(source, host):
    """SYNs in fragments that overlap: the second one writes over a part of the first."""
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for port in range(20, 50):
        head = struct.pack("!HHIIBBH", 40000 + port, port, random.getrandbits(32), 0, 0x50, 2, 1024)
        pseudo = socket.inet_aton(source) + socket.inet_aton(host) + struct.pack("!HH", 6, 20)
        segment = head + struct.pack("!HH", checksum(pseudo + head + bytes(4)), 0)
        number = random.getrandbits(16) | 1
        s.sendto(ip_packet(source, host, segment[:16], identifier=number, fragment=0x2000), (host, 0))
        s.sendto(ip_packet(source, host, segment[8:], identifier=number, fragment=1), (host, 0))
        time.sleep(0.03)


def flags_slow(flags, source, host, seconds, *ports):
    """Odd segments, one after a pause."""
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for port in ports:
        head = struct.pack("!HHIIBBH", random.randrange(30000, 60000), int(port), random.getrandbits(32), 0, 0x50, int(flags, 16), 512)
        pseudo = socket.inet_aton(source) + socket.inet_aton(host) + struct.pack("!HH", 6, 20)
        s.sendto(ip_packet(source, host, head + struct.pack("!HH", checksum(pseudo + head + bytes(4)), 0)), (host, 0))
        time.sleep(float(seconds))


def datagrams_slow(host, seconds, *ports):
    """A byte to one UDP port after the other."""
    for port in ports:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"\n", (host, int(port)))
        time.sleep(float(seconds))


def socks(address):
    """A SOCKS4 server, as intruders leave on a host."""
    listener = socket.create_server((address, 1080))
    listener.settimeout(60)

    def serve(client):
        try:
            request = client.recv(100)
            port, host = struct.unpack("!H", request[2:4])[0], socket.inet_ntoa(request[4:8])
            try:
                with socket.create_connection((host, port), 0.5):
                    client.sendall(b"\0\x5a" + bytes(6))
            except OSError:
                client.sendall(b"\0\x5b" + bytes(6))
        except (OSError, struct.error):
            pass
        client.close()
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


def through(proxy, host, *ports):
    """A connect scan through a SOCKS4 server."""
    for port in ports:
        try:
            with socket.create_connection((proxy, 1080), 1) as s:
                s.sendall(b"\4\1" + struct.pack("!H", int(port)) + socket.inet_aton(host) + b"\0")
                s.settimeout(1)
                s.recv(8)
        except OSError:
            pass


def turn_by_turn(host):
    """Scan and work in turns: a minute's work, three ports, a minute's work."""
    for n in range(0, 15, 3):
        for _ in range(10):
            visit(host, 443, HELLO)
            time.sleep(0.1)
        for port in CLOSED[n:n + 3]:
            connect(host, port)


if __name__ == "__main__":
    random.seed(23)
    globals()[sys.argv[1]](*sys.argv[2:])
