"""Daily work that looks like a scan at first sight.

Usage: daily.py NAME TARGET [MORE...]
"""
import random
import socket
import struct
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

SERVED = [21, 22, 25, 80, 88, 111, 135, 139, 389, 443, 445, 502, 631, 2049, 3306, 5060, 6443, 6881, 8080, 9100, 9200, 27001, 49664, 51413]
REQUEST = b"GET / HTTP/1.1\r\nHost: app.example\r\nUser-Agent: client/1.0\r\n\r\n"


def visit(host, port, say=b"", timeout=1.0, read=None, reset=False):
    """A connection; True when it could be made."""
    try:
        with socket.create_connection((host, port), timeout) as s:
            if reset:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if say:
                s.sendall(say)
            if say if read is None else read:
                s.recv(4096)
        return True
    except OSError:
        return False


def ask(host, port, say=b"question", timeout=0.2):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        try:
            s.connect((host, port))
            s.send(say)
            return s.recv(4096)
        except OSError:
            return None


def parallel(host):
    """Two hundred requests at once to three ports."""
    with ThreadPoolExecutor(200) as threads:
        list(threads.map(lambda n: visit(host, (80, 443, 8080)[n % 3], REQUEST), range(600)))


def restart(host):
    """An application whose six back ends restart: every pool reconnects, is refused, and then is not."""
    ports = [7101, 7102, 7103, 7104, 7105, 7106]
    for _ in range(15):
        for port in ports:
            visit(host, port, REQUEST)
        time.sleep(0.1)
    servers = [socket.create_server(("0.0.0.0", 0)) for _ in ports]
    for server in servers:
        server.close()
    for n in range(60):
        visit(host, (80, 443, 3306, 5060, 8080, 9200)[n % 6], REQUEST)


def balancer(host, rounds="8", seconds="5"):
    """Health checks of twenty ports of one host: opened, closed, nothing said."""
    for _ in range(int(rounds)):
        for port in SERVED[:20]:
            visit(host, port)
        time.sleep(float(seconds))


def watch(host, rounds="3", seconds="60"):
    """Thirty services once a minute, by a host that nobody approved; six of them are down."""
    ports = SERVED + [5666, 8443, 9090, 10050, 12489, 15672]
    for _ in range(int(rounds)):
        begun = time.time()
        for port in ports:
            visit(host, port, timeout=0.5)
        time.sleep(max(0.0, float(seconds) - (time.time() - begun)))


def spread(host):
    """Twenty-four services once a minute, one every two and a half seconds."""
    for n in range(72):
        visit(host, SERVED[n % 24])
        time.sleep(2.5)


def members(rounds, *hosts):
    """A load balancer and the members of a large pool."""
    for _ in range(int(rounds)):
        for host in hosts:
            visit(host, 8080, timeout=0.2)
        time.sleep(6)


def resetting(rounds, *hosts):
    """A balancer that resets instead of closing."""
    for _ in range(int(rounds)):
        for host in hosts:
            visit(host, 443, timeout=0.2, reset=True)
        time.sleep(4)


def database(host):
    """A pool of forty connections that is filled, used and emptied."""
    for _ in range(3):
        pool = [socket.create_connection((host, 3306), 2) for _ in range(40)]
        for s in pool[:10]:
            s.sendall(b"\3select 1")
            s.recv(100)
        for s in pool:
            s.close()
        time.sleep(1)


def names(host):
    """Look-ups by UDP and TCP, some to a resolver that is gone."""
    for n in range(150):
        ask(host, 53, struct.pack("!H", n) + b"\1\0\0\1\0\0\0\0\0\0\7example\0\0\1\0\1")
        if n % 15 == 0:
            visit(host, 53, b"\0\x1d" + b"\0" * 29, 0.3)
        if n % 10 == 0:
            ask(host, 5353, b"\0" * 30)


def telephone(host):
    """SIP, and media on changing even ports, both ways and with RTCP that nobody answers."""
    for call in range(12):
        ask(host, 5060, b"INVITE sip:a@example SIP/2.0\r\n\r\n")
        media = 16384 + call * 4
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("", 20000 + call * 2))
            for _ in range(30):
                s.sendto(b"\x80\0" + b"m" * 160, (host, 50000))
            s.sendto(b"\x81\xc9\0\7" + b"r" * 28, (host, media + 1))
        time.sleep(0.3)


def one_way(host):
    """Syslog, statistics, flow records, traps: sent, and never answered; two receivers are down."""
    for n in range(60):
        for port, text in ((514, b"<14>host app: line"), (8125, b"a.b:1|c"), (2055, b"\0\5\0\1" + b"f" * 60), (162, b"\x30\x20" + b"t" * 30)):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.sendto(text, (host, port))
        time.sleep(0.1)


def swarm(*hosts):
    """A peer that meets a hundred others, a third of which are gone, over TCP and UDP."""
    random.seed(5)
    peers = [(host, random.choice([6881, 51413, 27001, random.randrange(10000, 60000)])) for host in hosts for _ in range(2)]
    for host, port in peers:
        # Who is there answers, on the port that the swarm knows.
        ask(host, 50000 if port in SERVED else port, b"d1:ad2:id20:" + b"n" * 20, 0.05)
        visit(host, port, b"\x13BitTorrent protocol" + b"\0" * 48, 0.2)


def pings(*hosts):
    """Reachability of the same hosts every few seconds: ICMP by the system's ping."""
    import subprocess
    for _ in range(8):
        for host in hosts:
            subprocess.run(["ping", "-c1", "-W1", "-i0.2", host], stdout=subprocess.DEVNULL, check=False)
        time.sleep(2)


def shares(*hosts):
    """File shares the way Windows opens them: 445 and 139 at once, the slower one reset."""
    for host in hosts:
        if visit(host, 445, b"\0\0\0\x54\xfeSMB" + b"\0" * 70):
            visit(host, 139, reset=True)
        time.sleep(0.1)


def mail(*hosts):
    """A mail server and its queue: thirty receivers, ten of which do not answer."""
    for _ in range(2):
        for host in random.sample(hosts, len(hosts)):
            visit(host, 25, b"EHLO mail.example\r\n", 0.4)


def candidates(host):
    """ICE: a dozen candidate ports of a peer are checked by STUN, most of them closed."""
    for _ in range(4):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for port in (50000, 51820, 52011, 53123, 54001, 55555, 56789, 57001, 58080, 59001, 60123, 61000):
                try:
                    s.sendto(b"\0\1\0\x50\x21\x12\xa4\x42" + b"t" * 92, (host, port))
                except OSError:
                    pass
                time.sleep(0.05)
    for _ in range(100):
        ask(host, 50000, b"\x80\x60" + b"m" * 120, 0.02)


def gossip(*hosts):
    """Members of a cluster find each other by UDP and TCP; five are gone."""
    for _ in range(4):
        for host in random.sample(hosts, len(hosts)):
            if ask(host, 50000, b"ping" * 5, 0.05) is None:
                visit(host, 7946, b"sync", 0.2)
            else:
                visit(host, 51413, b"sync")
        time.sleep(1)


def stale(host):
    """Connections that one side has forgotten: keep-alives and data that are answered by resets."""
    held = [socket.create_connection((host, port), 2) for port in SERVED[:12]]
    time.sleep(0.5)
    for s in held:
        s.sendall(b"still there?")
    time.sleep(0.5)
    for s in held:
        s.close()


def devices(*hosts):
    """An inventory asks each device's web page, printer port and SNMP; not all have them."""
    for host in hosts:
        for port in (80, 443, 631, 9100):
            visit(host, port, REQUEST, 0.3)
        ask(host, 161, b"\x30\x26\2\1\1\4\6public" + b"\0" * 26)
        time.sleep(0.2)


def updates(*hosts):
    """A client goes through mirrors until one serves it."""
    for _ in range(3):
        for host in hosts:
            for port in (443, 80):
                visit(host, port, REQUEST, 0.3)


def develop(host):
    """A developer's browser and tools: dev servers that come and go on a handful of ports."""
    for n in range(40):
        for port in (3000, 5173, 8080):
            visit(host, port, REQUEST)
        if n % 10 == 0:
            visit(host, 9229, b"GET /json HTTP/1.1\r\n\r\n")
        time.sleep(0.1)


def threads(host):
    """Fifty threads, one session each over several services, as a test of load does."""
    def session(_):
        for port in (80, 443, 389, 9200, 8080):
            visit(host, port, REQUEST)
    workers = [threading.Thread(target=session, args=(n,)) for n in range(50)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    random.seed(3)
    globals()[sys.argv[1]](*sys.argv[2:])
