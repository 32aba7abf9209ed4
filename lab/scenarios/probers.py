"""More scanners written by hand: other rhythms, other packets, other stacks.

Usage: probers.py NAME TARGET [MORE...]
"""
import random
import socket
import struct
import sys
import time

from scanners import OPEN, RESET, TOP, checksum, connect

QUESTIONS = {53: b"\x12\x34\1\0\0\1\0\0\0\0\0\0\7version\4bind\0\0\x10\0\3", 69: b"\0\1test\0octet\0", 123: b"\x1b" + b"\0" * 47,
             161: b"\x30\x26\2\1\1\4\6public\xa0\x19\2\4\x71\xb4\xb5\x68\2\1\0\2\1\0\x30\x0b\x30\x09\6\5\x2b\6\1\2\1\5\0",
             1900: b"M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n\r\n", 5060: b"OPTIONS sip:100@x SIP/2.0\r\n\r\n", 11211: b"\0\1\0\0\0\1\0\0stats\r\n",
             5683: b"\x40\1\x01\xce\xbb.well-known\4core", 3702: b"<Envelope/>", 1434: b"\2", 389: b"\x30\x25\2\1\1c", 19: b"x", 17: b"x", 623: b"\6\0\xff\7",
             5351: b"\0\0", 27960: b"\xff\xff\xff\xffgetstatus\n", 500: b"\1" * 28, 137: b"\x80\xf1\0\0\0\1" + b"C" * 38}


def jitter(host, least, most, *ports):
    """One port after a pause of any length."""
    for port in ports:
        connect(host, int(port), timeout=0.4)
        time.sleep(random.uniform(float(least), float(most)))


def again(host, times, *ports):
    """Every closed port several times, as clients retry."""
    for port in ports:
        for _ in range(int(times)):
            connect(host, int(port), timeout=0.3)
            time.sleep(0.3)


def asks(host):
    """What each UDP service understands."""
    for port, question in random.sample(sorted(QUESTIONS.items()), len(QUESTIONS)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.15)
            try:
                s.connect((host, port))
                s.send(question)
                s.recv(1000)
            except OSError:
                pass


def over(question_port, *hosts):
    """One UDP service over many hosts, its own question, all from one socket."""
    port = int(question_port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for host in hosts:
            try:
                s.sendto(QUESTIONS[port], (host, port))
            except OSError:
                pass
            time.sleep(0.02)


def web(host):
    """Asks every port where a web server may be, and reads what it says."""
    for port in (80, 81, 591, 593, 832, 981, 1010, 1311, 2082, 2087, 2480, 3000, 4243, 4567, 4711, 5000, 5104, 7000, 7396, 7474, 8000, 8008, 8080, 8443, 9000, 9043):
        try:
            with socket.create_connection((host, port), 0.4) as s:
                s.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n\r\n" % host.encode())
                s.recv(4096)
        except OSError:
            pass


def shuffled(kind, port, *hosts):
    """Hosts in no order: by ping (kind 'ping'), or one TCP port (kind 'tcp')."""
    import subprocess
    for host in random.sample(hosts, len(hosts)):
        if kind == "ping":
            subprocess.run(["ping", "-c1", "-W1", host], stdout=subprocess.DEVNULL, check=False)
        else:
            connect(host, int(port), timeout=0.3)
        time.sleep(0.05)


def who_has(interface, ours, prefix, first, last, seconds):
    """ARP for one address after the other, slowly and in no order."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
    s.bind((interface, 0))
    mac = s.getsockname()[4]
    for n in random.sample(range(int(first), int(last)), int(last) - int(first)):
        s.send(b"\xff" * 6 + mac + b"\x08\x06\0\1\x08\0\6\4\0\1" + mac + socket.inet_aton(ours) + bytes(6) + socket.inet_aton(f"{prefix}.{n}"))
        time.sleep(float(seconds))


def packet6(source, target, headers, payload):
    """An IPv6 packet with the given (number, body) extension headers before TCP."""
    numbers = [number for number, _ in headers] + [6]
    chain = b"".join(struct.pack("!B", numbers[n + 1]) + body for n, (_, body) in enumerate(headers))
    return struct.pack("!IHBB", 0x60000000, len(chain) + len(payload), numbers[0], 64) + socket.inet_pton(10, source) + socket.inet_pton(10, target) + chain + payload


def chain6(interface, mac, source, target, first, last):
    """SYNs behind hop-by-hop options, destination options and a fragment header of a single fragment."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.bind((interface, 0))
    ours = s.getsockname()[4]
    headers = [(0, b"\0\1\4\0\0\0\0"), (60, b"\0\1\4\0\0\0\0"), (44, b"\0\0\0\0\0\x12\x34")]
    for port in range(int(first), int(last) + 1):
        head = struct.pack("!HHIIBBH", 41000 + port, port, random.getrandbits(32), 0, 0x50, 2, 1024)
        pseudo = socket.inet_pton(10, source) + socket.inet_pton(10, target) + struct.pack("!II", 20, 6)
        segment = head + struct.pack("!HH", checksum(pseudo + head + bytes(4)), 0)
        s.send(bytes.fromhex(mac.replace(":", "")) + ours + b"\x86\xdd" + packet6(source, target, headers, segment))
        time.sleep(0.03)


def resetting(host):
    """A scanner that finishes every handshake and resets at once, over ports most of which are open."""
    for port in OPEN + [502, 631, 2049, 5060, 6443, 6881]:
        connect(host, port, reset=True)
        time.sleep(0.1)


def pairs(seconds, ports, *hosts):
    """Some ports of some hosts, in no order, one after a pause."""
    todo = [(host, int(port)) for host in hosts for port in ports.split(",")]
    for host, port in random.sample(todo, len(todo)):
        connect(host, port, timeout=0.3)
        time.sleep(float(seconds))


def windows(host):
    """A script of administrators' shells: ping, then one port after the other with two retries each."""
    import subprocess
    subprocess.run(["ping", "-c1", "-W1", host], stdout=subprocess.DEVNULL, check=False)
    for port in (21, 23, 110, 143, 1433, 3389, 5432, 5900, 5985, 8443, 9090, 47001):
        for _ in range(3):
            connect(host, port, timeout=0.3)


if __name__ == "__main__":
    random.seed(17)
    globals()[sys.argv[1]](*sys.argv[2:])
