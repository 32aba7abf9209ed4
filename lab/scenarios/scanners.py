"""Scanners written by hand, as people write them: what they have in common is what they do, not how their packets look.

Usage: scanners.py NAME TARGET [MORE...]
"""
import asyncio
import random
import socket
import struct
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

TOP = [21, 22, 23, 25, 53, 80, 81, 88, 110, 111, 113, 119, 135, 139, 143, 179, 389, 443, 445, 465, 514, 515, 548, 554, 587, 631,
       646, 873, 990, 993, 995, 1025, 1110, 1433, 1720, 1723, 2000, 2049, 2121, 3000, 3128, 3306, 3389, 5000, 5060, 5432, 5666,
       5900, 6000, 6379, 7070, 8000, 8008, 8080, 8443, 8888, 9000, 9100, 9200, 9999, 10000, 11211, 27017, 49152, 49664]
OPEN = [21, 22, 25, 80, 88, 111, 135, 139, 389, 443, 445, 3306]
RESET = struct.pack("ii", 1, 0)


def connect(host, port, timeout=0.5, reset=False, listen=0.0):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as s:
        s.settimeout(timeout)
        if reset:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        try:
            s.connect((host, port))
            if listen:
                s.settimeout(listen)
                s.recv(100)
        except OSError:
            pass


def parallel(host, first, last, at_once="500"):
    """asyncio, hundreds of connections at once."""
    async def one(port, gate):
        async with gate:
            try:
                _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 1)
                writer.close()
            except (OSError, asyncio.TimeoutError):
                pass

    async def main():
        gate = asyncio.Semaphore(int(at_once))
        await asyncio.gather(*(one(port, gate) for port in range(int(first), int(last) + 1)))
    asyncio.run(main())


def pool(host):
    """A pool of threads over well-known ports in random order."""
    ports = random.sample(TOP, len(TOP))
    with ThreadPoolExecutor(30) as threads:
        list(threads.map(lambda port: connect(host, port), ports))


def burst(host):
    """Thousands of sockets that do not wait: the way of fast connect scanners."""
    sockets = []
    for port in random.sample(range(1, 4000), 800):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex((host, port))
        sockets.append(s)
    time.sleep(1.5)
    for s in sockets:
        s.close()


def resets(host):
    """Only open ports, and every connection reset."""
    for port in OPEN[:7]:
        connect(host, port, reset=True)
        time.sleep(0.2)


def banners(host):
    """Reads what services say by themselves, one port after the other."""
    for port in OPEN:
        connect(host, port, listen=0.7)


def block(*hosts):
    """Twelve ports of every host, in random order of both."""
    pairs = [(host, port) for host in hosts for port in random.sample(TOP, 12)]
    random.shuffle(pairs)
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(lambda pair: connect(*pair, timeout=0.3), pairs))


def sweep(port, seconds, *hosts):
    """One port, one host after the other."""
    for host in hosts:
        connect(host, int(port), timeout=0.4)
        time.sleep(float(seconds))


def beside(host):
    """Two dozen closed ports between two hundred web requests."""
    closed = iter([port for port in TOP if port not in OPEN and port not in (2049, 5060, 8080, 9100, 9200, 49664)])
    for n in range(200):
        with socket.create_connection((host, (80, 443, 8080)[n % 3]), 2) as s:
            s.sendall(b"GET / HTTP/1.0\r\nHost: intranet.example\r\nUser-Agent: Mozilla/5.0\r\n\r\n")
            s.recv(4096)
        if n % 8 == 0:
            connect(host, next(closed))
        time.sleep(0.05)


def datagrams(host, *ports):
    """One byte to each UDP port, all from one socket or each from its own."""
    for port in ports:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"\0", (host, int(port)))
        time.sleep(0.1)


def one_socket(host, first, last):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for port in range(int(first), int(last)):
            try:
                s.sendto(b"x" * 10, (host, port))
            except OSError:
                pass
            time.sleep(0.05)


def raw(flags, source, host, first, last, window="8192", options=""):
    """Segments made by hand, with values that are no known tool's."""
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    filling = bytes.fromhex(options)
    for port in range(int(first), int(last) + 1):
        head = struct.pack("!HHIIBBH", random.randrange(30000, 60000), port, random.getrandbits(32), random.getrandbits(32),
                           (20 + len(filling)) // 4 << 4, int(flags, 16), int(window))
        pseudo = socket.inet_aton(source) + socket.inet_aton(host) + struct.pack("!HH", 6, 20 + len(filling))
        segment = head + struct.pack("!HH", checksum(pseudo + head + bytes(4) + filling), 0) + filling
        s.sendto(struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), random.getrandbits(16), 0, 64, 6, 0,
                             socket.inet_aton(source), socket.inet_aton(host)) + segment, (host, 0))
        time.sleep(0.02)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def bounce(address):
    """An FTP server that opens data connections to anywhere, as a bounce scan needs."""
    listener = socket.create_server((address, 21))
    listener.settimeout(60)

    def serve(control):
        where = None
        control.sendall(b"220 ready\r\n")
        for line in control.makefile("r", errors="replace"):
            word = line.split()[0].upper() if line.split() else ""
            if word == "PORT":
                parts = [int(part) for part in line.split()[1].split(",")]
                where = (".".join(map(str, parts[:4])), parts[4] * 256 + parts[5])
                control.sendall(b"200 right\r\n")
            elif word in ("LIST", "NLST"):
                try:
                    with socket.create_connection(where, 1):
                        control.sendall(b"150 here\r\n226 done\r\n")
                except OSError:
                    control.sendall(b"425 nobody there\r\n")
            else:
                control.sendall({"USER": b"331 password\r\n", "PASS": b"230 in\r\n"}.get(word, b"200 right\r\n"))
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    random.seed(11)
    globals()[sys.argv[1]](*sys.argv[2:])
