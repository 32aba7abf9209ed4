"""Daily work of the second round: what programs do that an observer has not met yet.

Usage: visitors.py NAME [MORE...]
"""
import random
import socket
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from daily import REQUEST, SERVED, ask, visit
from estate import HELLO
from hosts import ip_packet
from scanners import checksum

QUERY = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7example\0\0\1\0\1"
QUIC = b"\xc3\0\0\0\1\x08" + b"q" * 1194
GET_REQUEST = b"\x30\x26\2\1\1\4\6public\xa0\x19\2\4\x11\x22\x33\x44\2\1\0\2\1\0\x30\x0b\x30\x09\6\5\x2b\6\1\2\1\5\0"


def blackbox(seconds, rounds, *hosts):
    """An exporter that only opens: four services of each of many hosts, round after round."""
    for _ in range(int(rounds)):
        for host in hosts:
            for port in (22, 80, 443, 9100):
                visit(host, port, timeout=0.3)
        time.sleep(float(seconds))


def rounds(host, seconds, times, *ports):
    """Some services of one host opened in silence, round after round."""
    for _ in range(int(times)):
        for port in ports:
            visit(host, int(port), timeout=0.4)
        time.sleep(float(seconds))


def cdn(net, first, last):
    """A page from sixty servers: TLS by TCP, and QUIC to all of them, which half do not answer."""
    def one(n):
        time.sleep(random.random() * 3)
        host = f"{net}.{n}"
        ask(host, 443, QUIC, 0.3)
        visit(host, 443, HELLO, timeout=0.6)
        if n % 5 == 0:
            visit(host, 80, REQUEST, timeout=0.6)
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(one, range(int(first), int(last) + 1)))


def dns_burst(*resolvers):
    """Three hundred names from ever new ports; the second resolver is gone, the third refuses."""
    for n in range(300):
        if not ask(resolvers[0], 53, QUERY, 0.05) or n % 6 == 0:
            for other in resolvers[1:]:
                ask(other, 53, QUERY, 0.05)


def peers_of_old(net, target, first, last):
    """Peers that learnt two ports of ours from a tracker: the present one and the one of last week."""
    for n in random.sample(range(int(first), int(last) + 1), int(last) - int(first) + 1):
        for port in ((6881, 51999) if n % 2 else (51999,)):
            with socket.socket() as s:
                s.settimeout(0.3)
                try:
                    s.bind((f"{net}.{n}", 0))
                    s.connect((target, port))
                    s.sendall(b"\x13BitTorrent protocol" + bytes(48))
                    s.recv(100)
                except OSError:
                    pass
        time.sleep(0.1)


def rolling(net, first, last):
    """An ingress while its twenty pods are replaced: the old ones vanish, the new ones refuse before they serve."""
    for turn in range(6):
        for n in range(int(first), int(last) + 1):
            visit(f"{net}.{n}", 8080 if n % 3 else 8091, REQUEST, timeout=0.25)
        time.sleep(1)


def autoconfig(host):
    """A mail program guesses the settings: every port where IMAP, POP and SMTP may be, at once; then it works."""
    visit(host, 443, REQUEST, timeout=0.5)
    visit(host, 80, REQUEST, timeout=0.5)
    with ThreadPoolExecutor(7) as threads:
        list(threads.map(lambda port: visit(host, port, read=True, timeout=0.7), (993, 143, 995, 110, 587, 465, 25)))
    for _ in range(3):
        visit(host, 25, b"EHLO client.example\r\n", timeout=0.5)


def driver(host):
    """A printer is installed: every way to it is tried, some are not there."""
    ask(host, 161, GET_REQUEST)
    for port in (9100, 515, 631, 80, 443, 5357, 8611):
        visit(host, port, REQUEST if port in (80, 443, 631) else b"\x1b%-12345X@PJL INFO ID\r\n", timeout=0.5)
    ask(host, 3702, b"<Probe/>")
    ask(host, 8611, b"BJNP\1\1\0\0")
    for _ in range(10):
        visit(host, 9100, b"\x1b%-12345X@PJL job\r\n", timeout=0.5)


def casting(host):
    """A telephone looks what a television understands, and then plays."""
    for port in (8008, 8009, 8443, 7000, 9080):
        visit(host, port, REQUEST, timeout=0.4)
    for _ in range(8):
        visit(host, 8080, REQUEST)


def vcenter(*hosts):
    """Virtualisation management: five services of each host, one of them not everywhere, one by UDP without an answer."""
    for _ in range(3):
        for host in hosts:
            for port in (443, 9100, 5989, 8080):
                visit(host, port, REQUEST, timeout=0.4)
            ask(host, 902, b"\0\1heartbeat", 0.05)
        time.sleep(2)


def poll(seconds, times, *hosts):
    """Ping and SNMP of forty devices, round after round; a quarter is off."""
    for _ in range(int(times)):
        for host in hosts:
            subprocess.run(["ping", "-c1", "-W1", host], stdout=subprocess.DEVNULL, check=False)
            ask(host, 161, GET_REQUEST, 0.1)
            ask(host, 161, GET_REQUEST, 0.1)
        time.sleep(float(seconds))


def forged(kind, source, target, port, target_port, ttl=55, flags=0x12, body=b"", options=b""):
    if kind == 17:
        payload = struct.pack("!HHHH", port, target_port, 8 + len(body), 0) + body
    elif kind == 1:
        payload = body + b"\0" * (len(body) % 2)
        payload = payload[:2] + struct.pack("!H", checksum(payload[:2] + b"\0\0" + payload[4:])) + payload[4:]
    else:
        head = struct.pack("!HHIIBBH", port, target_port, random.getrandbits(32), random.getrandbits(32), (20 + len(options)) << 2, flags, 28960)
        data = options + body + b"\0" * (len(body) % 2)
        pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!HH", 6, 20 + len(options) + len(body))
        payload = head + struct.pack("!HH", checksum(pseudo + head + bytes(4) + data), 0) + options + body
    packet = ip_packet(source, target, payload, kind, random.getrandbits(16))
    return packet[:8] + bytes([ttl]) + packet[9:]


def reflection(target):
    """Two hundred servers answer SYNs that somebody sent in our name."""
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    servers = [f"203.0.{random.randrange(113, 120)}.{n}" for n in range(1, 201)]
    for _ in range(1500):
        server = random.choice(servers)
        s.sendto(forged(6, server, target, random.choice((80, 443, 22, 25)), random.randrange(1, 65536), options=b"\2\4\5\xb4"), (target, 0))
        time.sleep(0.002)


def amplification(target):
    """Answers of resolvers and clocks to questions that somebody asked in our name, to any port of ours."""
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    servers = [f"198.51.100.{n}" for n in range(1, 151)]
    said = {53: b"\x12\x34\x81\x80" + b"r" * 600, 123: b"\xd7\0\3\x2a" + b"m" * 436, 1900: b"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\n" + b"u" * 200}
    for _ in range(1500):
        port = random.choice(sorted(said))
        s.sendto(forged(17, random.choice(servers), target, port, random.choice((80, 443, random.randrange(1024, 65536))), body=said[port]), (target, 0))
        time.sleep(0.002)


def unreachables(target):
    """Routers tell us that hosts which we never asked cannot be reached."""
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for n in range(600):
        router, victim = f"192.0.2.{n % 20 + 1}", f"203.0.113.{n % 250 + 1}"
        inner = forged(6, target, victim, random.randrange(1024, 65536), 80, flags=2)[:28]
        s.sendto(forged(1, router, target, 0, 0, body=bytes([3, n % 2, 0, 0, 0, 0, 0, 0]) + inner), (target, 0))
        time.sleep(0.004)


def hops(target, rounds="8"):
    """The way to us measured again and again by UDP at ever new ports and by TCP, each with few hops left."""
    port = 33000
    for _ in range(int(rounds)):
        for ttl in range(1, 16):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
                s.sendto(b"\0" * 36, (target, port))
            port += 1
            time.sleep(0.05)
        for ttl in range(1, 6):
            with socket.socket() as s:
                s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
                s.settimeout(0.2)
                try:
                    s.connect((target, 443))
                except OSError:
                    pass


def rebound(source, target):
    """A router forgot its translations: what clients go on sending comes from new ports and belongs to nothing."""
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    stamps = b"\1\1\x08\x0a" + struct.pack("!II", 123456, 654321)
    for n in range(60):
        port = random.choice((443, 443, 443, 993, 5222, 8883, 5228, 22, 8443, 3478, 4433, 1194, 995))
        s.sendto(forged(6, source, target, random.randrange(20000, 60000), port, 64, 0x18 if n % 2 else 0x10, b"d" * 40 if n % 2 else b"", stamps), (target, 0))
        time.sleep(0.1)


def wakes(net, host):
    """A portable computer wakes up elsewhere: the company's servers are not there, its neighbours' services are."""
    for _ in range(3):
        for n, port in ((61, 445), (62, 88), (62, 389), (62, 53), (63, 443), (64, 993), (65, 8530), (66, 10123), (61, 139), (67, 3268), (68, 5061)):
            visit(f"{net}.{n}", port, timeout=0.15)
        ask(f"{net}.62", 53, QUERY)
        ask(f"{net}.62", 389, b"0\x25\2\1\1c", 0.1)
        for port in (80, 443, 8080):
            visit(host, port, REQUEST)


def wait_for(host):
    """A test waits for six services to come up: each is tried again and again until it is there."""
    ports = (5432, 6379, 9092, 2181, 8200, 9000)
    begin = time.time()

    def until(n, port):
        while time.time() - begin < 4 + n:
            if visit(host, port, timeout=0.5):
                return
            time.sleep(0.5)
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda pair: until(*pair), enumerate(ports)))
    for _ in range(20):
        visit(host, random.choice((80, 3306, 9200)), REQUEST)


def proxy(net, first, last):
    """A web proxy on behalf of many: 120 sites at 443, 80 and odd ports, an eighth of them gone."""
    def one(n):
        time.sleep(random.random() * 6)
        host = f"{net}.{random.randrange(int(first), int(last) + 1)}"
        visit(host, random.choice((443, 443, 443, 80, 80, 8080, 8081, 8444)), HELLO, timeout=0.4)
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(one, range(260)))


def links(*hosts):
    """A checker of links: pages, some at ports that nobody serves any more."""
    for host in hosts:
        for port in random.sample((80, 443, 8080, 8000, 8888), 2):
            visit(host, port, b"HEAD /page HTTP/1.1\r\nHost: x.example\r\nUser-Agent: LinkCheck/3\r\n\r\n", timeout=0.4)


def wmi(*hosts):
    """Inventory by remote calls: the end point mapper, then the port it names; some hosts have a firewall."""
    for host in hosts:
        if visit(host, 135, b"\5\0\x0b\3\x10\0\0\0" + b"b" * 64, timeout=0.4):
            visit(host, 49664, b"\5\0\0\3\x10\0\0\0" + b"c" * 90, timeout=0.4)
            visit(host, 445, b"\0\0\0\x45\xfeSMB" + b"n" * 60, timeout=0.4)


def wireguard(*hosts):
    """A private network of twenty peers from one socket; eight are off and are asked again and again."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("", 51820))
        for turn in range(5):
            for n, host in enumerate(hosts):
                s.sendto(b"\1\0\0\0" + b"w" * 144, (host, 50000 if n % 3 else 51821 + n))
            time.sleep(1.5)


def disco(*hosts):
    """Peers found through a middleman: from one socket to each of the places where a peer may be."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("", 41641))
        for turn in range(3):
            for n, host in enumerate(hosts):
                for port in (41641, 50000, 20000 + n * 37, 61000 + n):
                    s.sendto(b"TS\xf0\x9f\x92\xac" + b"d" * 60, (host, port))
            time.sleep(1)


def relay(net, first, last):
    """A relay of an anonymity network opens a hundred others, at 9001, 443 and ports of their own; some are gone."""
    for n in range(int(first), int(last) + 1):
        port = (9001, 443, 443, 9001, 9030, 8080)[n % 6] if n % 7 else 9000 + n
        visit(f"{net}.{n}", port, HELLO, timeout=0.3)
        time.sleep(0.05)


def dials(net, first, last):
    """A node of a content network dials every address of every peer: TCP, QUIC and web sockets; most are gone."""
    for n in random.sample(range(int(first), int(last) + 1), int(last) - int(first) + 1):
        host = f"{net}.{n}"
        for port in (4001, 8080 if n % 4 == 0 else 4002):
            visit(host, port, b"\x13/multistream/1.0.0\n", timeout=0.15)
        ask(host, 4001, QUIC, 0.02)


def points(net, target, first, last, times="4"):
    """Health checks from thirty places: three services each, opened and closed, every few seconds."""
    for _ in range(int(times)):
        for n in range(int(first), int(last) + 1):
            for port in (80, 443, 8080):
                with socket.socket() as s:
                    s.settimeout(0.4)
                    try:
                        s.bind((f"{net}.{n}", 0))
                        s.connect((target, port))
                    except OSError:
                        pass
        time.sleep(3)


def background(target):
    """What every address of the Internet gets: strangers of all kinds, a packet or two each, an hour long."""
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    kinds = [(1024, b"\2\4\5\xb4", 47), (65535, b"", 240), (29200, b"\2\4\5\xb4\4\2\x08\x0a" + bytes(8) + b"\1\3\3\7", 49), (14600, b"\2\4\5\xb4\4\2\1\3\3\6", 110), (8192, b"\2\4\5\xb4\1\3\3\x08\1\1\4\2", 115)]
    for n in range(90):
        window, options, ttl = random.choice(kinds)
        options += b"\0" * (-len(options) % 4)
        source = f"{random.choice((45, 62, 92, 103, 141, 185, 193, 218))}.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"
        port = random.choice((23, 23, 22, 22, 445, 3389, 80, 443, 8080, 5555, 2323, 81, 37215, 5900, 6379, 1433, 8728, 60023))
        packet = bytearray(forged(6, source, target, random.randrange(1024, 65536), port, ttl - random.randrange(8), 2, options=options))
        packet[34:36] = struct.pack("!H", window)
        s.sendto(bytes(packet), (target, 0))
        time.sleep(random.uniform(0.55, 1.2))


def flood6(target, source):
    """SYNs from invented IPv6 addresses to one port."""
    s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 255)
    for n in range(2500):
        forged_source = struct.pack("!QQ", 0xfd00_00ff_0000_0000 | n % 7, random.getrandbits(64))
        head = struct.pack("!HHIIBBH", random.randrange(1024, 65536), 443, random.getrandbits(32), 0, 0x50, 2, 512)
        pseudo = forged_source + socket.inet_pton(10, target) + struct.pack("!II", 20, 6)
        segment = head + struct.pack("!HH", checksum(pseudo + head + bytes(4)), 0)
        s.sendto(struct.pack("!IHBB", 0x60000000, 20, 6, 64) + forged_source + socket.inet_pton(10, target) + segment, (target, 0))
        time.sleep(0.001)


def loris(host):
    """Three hundred connections that never finish their question, and the server's other ports in peace."""
    held = []
    for _ in range(300):
        try:
            s = socket.create_connection((host, 80), 0.5)
            s.sendall(b"GET / HTTP/1.1\r\nX: ")
            held.append(s)
        except OSError:
            pass
    time.sleep(3)


def pool_of_names(target, *sources):
    """Clients behind many addresses that use the same library come to three services; two services have moved."""
    for turn in range(3):
        for source in sources:
            for port in (443, 8080, 8444, 5671):
                with socket.socket() as s:
                    s.settimeout(0.3)
                    try:
                        s.bind((source, 0))
                        s.connect((target, port))
                        s.sendall(REQUEST)
                        s.recv(100)
                    except OSError:
                        pass
        time.sleep(1)


def exporters(host):
    """One host, eleven exporters at ports in a row; three were switched off last week."""
    for _ in range(4):
        for port in (9100, 9200, 8080, 80, 443, 3306, 5060, 9104, 9187, 9121, 631):
            visit(host, port, b"GET /metrics HTTP/1.1\r\nHost: x\r\nUser-Agent: Prometheus/2.53\r\n\r\n", timeout=0.4)
        time.sleep(2)


def migration(host):
    """An old client whose five servers moved: each is asked, again with a growing pause, and the new one works."""
    for pause in (0.2, 0.4, 0.8, 1.6):
        for port in (8081, 8082, 8083, 8084, 8085):
            visit(host, port, REQUEST, timeout=0.4)
        visit(host, 80, REQUEST)
        time.sleep(pause)


if __name__ == "__main__":
    random.seed(29)
    globals()[sys.argv[1]](*sys.argv[2:])
