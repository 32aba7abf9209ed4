"""Daily work of a company's estate, its users and its servers: what each program does first, and what it does when others are gone.

Usage: estate.py NAME TARGET [MORE...]
"""
import random
import selectors
import socket
import struct
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from daily import REQUEST, ask, visit

HELLO = b"\x16\x03\1\2\0\1\0\1\xfc\3\3" + b"h" * 500


def listen(*ports):
    """Services beside those of hosts.py: `t8301` greets nobody and answers, `u8301` answers datagrams."""
    selector = selectors.DefaultSelector()
    for port in ports:
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if port[0] == "t" else socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("0.0.0.0", int(port[1:])))
        if port[0] == "t":
            s.listen(200)
        else:
            s.setsockopt(socket.IPPROTO_IP, 8, 1)
        selector.register(s, selectors.EVENT_READ, port[0])
    while True:
        for key, _ in selector.select():
            s = key.fileobj
            try:
                if key.data == "t":
                    selector.register(s.accept()[0], selectors.EVENT_READ, "p")
                elif key.data == "u":
                    data, asked, _, address = s.recvmsg(4096, 256)
                    s.sendmsg([b"answer " + data[:64]], [cell for cell in asked if cell[1] == 8], 0, address)
                elif s.recv(65536):
                    s.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                else:
                    selector.unregister(s)
                    s.close()
            except OSError:
                if key.data == "p":
                    selector.unregister(s)
                    s.close()


def eyeballs(v6net, v4net, count):
    """A browser opens IPv6 first and IPv4 a quarter of a second later: nobody answers by IPv6 at half of the sites."""
    def site(n):
        time.sleep(n * 0.15)
        six = socket.socket(socket.AF_INET6)
        six.setblocking(False)
        six.connect_ex((f"{v6net}{n:x}", 443))
        time.sleep(0.25)
        visit(f"{v4net}.{n}", 443, HELLO)
        six.close()
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(site, range(2, int(count) + 2)))


def races(v4net, count):
    """Two connections to each site, of which the second is given up as soon as the first one stands."""
    for n in range(2, int(count) + 2):
        first, second = socket.socket(), socket.socket()
        for s in (first, second):
            s.setblocking(False)
            s.connect_ex((f"{v4net}.{n}", 443))
        time.sleep(0.03)
        second.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        second.close()
        first.setblocking(True)
        first.sendall(HELLO)
        first.recv(100)
        first.close()


def exchangers(*hosts):
    """A message with ten mail exchangers, of which only the last takes it; three messages, and again later."""
    for _ in range(2):
        for _ in range(3):
            for host in hosts:
                if visit(host, 25, b"EHLO out.example\r\n", 0.5):
                    break
        time.sleep(4)


def nodes(v4net):
    """A node of a distributed hash table asks 150 others from one socket, each at a port of its own; half are gone."""
    chance = random.Random(8)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("", 6881))
        for n in range(150):
            port = 50000 if n % 2 else chance.randrange(10000, 65000)
            try:
                s.sendto(b"d1:ad2:id20:" + b"n" * 20 + b"6:target20:" + b"t" * 20 + b"e1:q9:find_node", (f"{v4net}.{n % 120 + 1}", port))
            except OSError:
                pass
            time.sleep(0.03)


def lobby(v4net):
    """A game's list of servers: each is asked for its name from one socket; a third does not answer any more."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("", 27005))
        for again in range(2):
            for n in range(40):
                try:
                    s.sendto(b"\xff\xff\xff\xffTSource Engine Query\0", (f"{v4net}.{n % 20 + 1}", 27015 + n % 4))
                except OSError:
                    pass
                time.sleep(0.02)
            time.sleep(2)


def trunk(v4net):
    """A telephone system keeps five peers alive, two of them gone, and sends media that ends a moment too late."""
    for n in range(10):
        for peer in range(1, 6):
            ask(f"{v4net}.{peer}", 5060, b"OPTIONS sip:peer SIP/2.0\r\nVia: SIP/2.0/UDP\r\n\r\n", 0.1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("", 10000 + n * 2))
            for _ in range(20):
                try:
                    s.sendto(b"\x80\0" + b"m" * 160, (f"{v4net}.1", 30000 + n * 2))
                except OSError:
                    pass
                time.sleep(0.02)


def backup(*hosts):
    """A backup server wakes its agents, talks to each and opens a data channel beside; four agents are off."""
    for host in hosts:
        try:
            with socket.create_connection((host, 9200), 0.4) as control:
                control.sendall(b"JOB full")
                control.recv(100)
                visit(host, 49664, b"data" * 300)
                visit(host, 51413, b"index" * 20)
        except OSError:
            visit(host, 9200, timeout=0.4)


def scrape(v4net, last, rounds="3", seconds="5"):
    """Three exporters on each of many hosts, fetched every few seconds; every seventh is down."""
    targets = [(f"{v4net}.{n}", port) for n in range(1, int(last) + 1) for port in ((9100, 9200, 8080) if n % 7 else (9100, 9104, 9187))]
    for _ in range(int(rounds)):
        with ThreadPoolExecutor(20) as threads:
            list(threads.map(lambda target: visit(*target, REQUEST, 0.5), random.sample(targets, len(targets))))
        time.sleep(float(seconds))


def fan_out(*hosts):
    """A tool of administrators logs in to many hosts at once by SSH; a few are gone. Twice: facts, then tasks."""
    def login(host):
        try:
            with socket.create_connection((host, 22), 0.6) as s:
                s.recv(100)
                s.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")
                s.recv(100)
        except OSError:
            pass
    for _ in range(2):
        with ThreadPoolExecutor(5) as threads:
            list(threads.map(login, hosts))


def domain(host):
    """A Windows host starts: locator by LDAP over UDP, Kerberos, shares, end points, global catalogue and password service that are not there."""
    for name in range(3):
        ask(host, 53, b"\0\1\1\0\0\1" + b"_ldap._tcp" * 3)
    ask(host, 389, b"0\x84\0\0\0\x6b" + b"l" * 100)
    for port, say in ((88, b"\0\0\0\xd8j\x81\xd5"), (88, b"\0\0\1\x22j"), (445, b"\0\0\0\x9b\xfeSMB"), (135, b"\5\0\x0b\3"), (49664, b"\5\0\x0b\3"),
                      (389, b"0\x84\0\0\1\0"), (3268, b"0\x84"), (464, b"\0\0"), (445, b"\0\0\0\x9b\xfeSMB"), (139, b"\x81\0\0\x44"), (5985, b"POST /wsman"), (88, b"\0\0")):
        visit(host, port, say, 0.5)
    ask(host, 123, b"\xdb\0\x11\xe9" + b"\0" * 44)
    ask(host, 137, b"\x82\x28\1\0\0\1" + b"C" * 40)
    ask(host, 138, b"\x11\2")


def boots(v4net):
    """A class room boots: the server looks whether each address is free before it gives it away."""
    import subprocess
    for n in range(60, 72):
        subprocess.run(["ping", "-c1", "-W1", f"{v4net}.{n}"], stdout=subprocess.DEVNULL, check=False)
        time.sleep(1.5)


def recursor(v4net):
    """A resolver asks forty name servers from ever new ports; eight are gone and are asked again."""
    for n in range(300):
        server = n % 40 + 1
        for _ in range(2 if server > 32 else 1):
            if ask(f"{v4net}.{server}", 53, struct.pack("!H", n) + b"\0\0\0\1\0\0\0\0\0\0\7example\0\0\1\0\1", 0.1):
                break


def failover(host):
    """A pair of servers changes over: twenty connections get resets, the clients come back and fail until it is done."""
    held = [socket.create_connection((host, port), 2) for port in (80, 443, 445, 389) * 5]
    for s in held:
        s.sendall(b"work")
    time.sleep(6)
    for s in held:
        try:
            s.sendall(b"work")
        except OSError:
            pass
    for _ in range(3):
        for port in (80, 443, 445, 389) * 5:
            visit(host, port, b"again", 0.2)
        time.sleep(1)


def containers(host):
    """An application whose neighbours restart: six services that refuse hundreds of connections, and four that go on."""
    for n in range(420):
        visit(host, (8001, 8002, 8003, 5672, 6379, 5432)[n % 6], REQUEST, 0.2)
        if n % 3 == 0:
            visit(host, (80, 443, 8080, 9200)[n % 4], REQUEST)
        time.sleep(0.01)


def pods(v4net):
    """A node checks forty pods, each at the port that it names; six are starting for a while."""
    for again in range(5):
        for n in range(1, 41):
            port = (80, 443, 8080, 9200, 6443, 9100)[n % 6] if n % 7 or again > 2 else 8000 + n
            visit(f"{v4net}.{n}", port, b"GET /healthz HTTP/1.1\r\nUser-Agent: kube-probe/1.29\r\n\r\n", 0.3)
        time.sleep(2)


def mesh(v4net):
    """Agents of a service mesh: gossip by UDP and TCP, and each agent's own checks."""
    for again in range(4):
        for n in range(1, 13):
            host = f"{v4net}.{n}"
            if not ask(host, 50000 if n % 4 else 8301, b"ping", 0.1):
                visit(host, 8301 if n % 4 == 0 else 51413, b"push/pull", 0.2)
        for port in (80, 443, 22, 389, 3306, 8080, 9100, 9200, 6443, 5060):
            visit(f"{v4net}.1", port)
        time.sleep(3)


def clocks(v4net):
    """A clock asks a dozen servers from port 123 to port 123; five do not answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("", 123))
        for _ in range(4):
            for n in range(1, 13):
                try:
                    s.sendto(b"\xe3\0\6\xec" + b"\0" * 44, (f"{v4net}.{n}", 123))
                except OSError:
                    pass
            time.sleep(2)


def deployment(v4net):
    """Software is rolled out to thirty hosts by file share and remote call; a dozen are behind their firewalls."""
    for n in random.sample(range(1, 31), 30):
        if visit(f"{v4net}.{n}", 445, b"\0\0\0\x9b\xfeSMB" + b"n" * 60, 0.4):
            visit(f"{v4net}.{n}", 135, b"\5\0\x0b\3" + b"r" * 60, 0.4)
            visit(f"{v4net}.{n}", 49664, b"\5\0\x0b\3" + b"r" * 60, 0.4)


def active(host, ours):
    """An FTP server opens data connections back to its client, who has given up some of them."""
    random.seed(2)
    for n in range(30):
        with socket.socket() as listener:
            listener.bind((ours, 0))
            if n % 4:
                listener.listen(1)
            port = listener.getsockname()[1]
            with socket.create_connection((host, 2100), 1) as control:
                control.sendall(struct.pack("!H", port))
                control.recv(10)


def active_server():
    listener = socket.create_server(("0.0.0.0", 2100))
    while True:
        control, (peer, _) = listener.accept()
        port = struct.unpack("!H", control.recv(2))[0]
        try:
            with socket.create_connection((peer, port), 0.5, source_address=("", 0)) as data:
                data.sendall(b"list" * 50)
        except OSError:
            pass
        control.sendall(b"done")
        control.close()


def tftp(host):
    """Forty files by TFTP: the server answers each from a port of its own."""
    for n in range(40):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.3)
            s.sendto(b"\0\1boot%d\0octet\0" % n, (host, 69))
            try:
                _, server = s.recvfrom(600)
                s.sendto(b"\0\4\0\1", server)
            except OSError:
                pass


def tftp_server():
    main = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    main.bind(("0.0.0.0", 69))
    while True:
        _, client = main.recvfrom(600)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"\0\3\0\1" + b"d" * 100, client)


def cameras(host):
    """Twelve streams, whose media and control still arrive when they have been taken down."""
    for n in range(12):
        visit(host, 8080, b"SETUP rtsp://cam/%d RTSP/1.0\r\n\r\n" % n)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for _ in range(8):
                for port in (20000 + n * 2, 20001 + n * 2):
                    try:
                        s.sendto(b"\x80\x60" + b"v" * 600, (host, port))
                    except OSError:
                        pass
                time.sleep(0.02)


def ident(*clients):
    """A mail server asks who its callers are (port 113): nobody runs that any more. Run on the server."""
    listener = socket.create_server(("0.0.0.0", 2525))
    listener.settimeout(12)
    try:
        while True:
            caller, (peer, _) = listener.accept()
            visit(peer, 113, b"2525, 25\r\n", 0.5)
            caller.sendall(b"220 mail\r\n")
            caller.close()
    except OSError:
        pass


def callers(host, *ours):
    for address in ours:
        try:
            with socket.create_connection((host, 2525), 2, source_address=(address, 0)) as s:
                s.recv(100)
                s.sendall(b"EHLO\r\n")
        except OSError:
            pass
        time.sleep(0.1)


def office(host):
    """Sixty people behind one address: each works with three services, and some have old bookmarks."""
    services = (22, 25, 80, 389, 443, 445, 631, 3306, 8080, 9100, 9200, 5060)
    for n in range(60):
        for port in random.sample(services, 3):
            visit(host, port, REQUEST)
        if n % 6 == 0:
            visit(host, 8000 + n, REQUEST)
        time.sleep(0.1)


def reachability(rounds, seconds, *hosts):
    """The quality of the line to each of 25 hosts: three pings each, every ten seconds."""
    import subprocess
    for _ in range(int(rounds)):
        subprocess.run(["fping", "-q", "-C3", "-p500", *hosts], stderr=subprocess.DEVNULL, check=False)
        time.sleep(float(seconds))


def push(v4net):
    """A telephone looks for its push service: three ports that a firewall drops, then one that works; four servers."""
    for again in range(2):
        for n in range(1, 5):
            for port in (5228, 5229, 5230, 443):
                if visit(f"{v4net}.{n}", port, HELLO, 0.4):
                    break


def ring(v4net):
    """A database cluster starts: each of five others is tried at four ports until it is there."""
    for again in range(6):
        for n in range(1, 6):
            for port in (7000, 9042, 7199, 9160) if again < 4 else (9200, 9100):
                visit(f"{v4net}.{n}", port, b"hello", 0.2)
        time.sleep(1.5)


def agents(v4net):
    """A monitoring server asks the agent of each of fifty hosts for items in no order; ten hosts are switched off."""
    for n in random.sample(range(250), 250):
        visit(f"{v4net}.{n % 50 + 1}", 9100, b"ZBXD\1system.uptime", 0.15)


def throughput(host):
    """A test of throughput: sixteen streams at ports that were agreed on, TCP and then UDP."""
    control = socket.create_connection((host, 9200), 2)
    control.sendall(b"{tcp,16}")
    control.recv(100)
    threads = [threading.Thread(target=visit, args=(host, 9100, b"x" * 20000)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n in range(16):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect((host, 50000))
            for _ in range(20):
                s.send(b"u" * 1200)


def gateways(v4net):
    """A VPN client tries six gateways by IKE, four of which are gone, and then one by TLS."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("", 500))
        for n in range(1, 7):
            for _ in range(3):
                try:
                    s.sendto(b"\1" * 8 + b"\0" * 8 + b"\x21\x20\x22\x08" + b"k" * 300, (f"{v4net}.{n}", 500))
                except OSError:
                    pass
                time.sleep(0.3)
    visit(f"{v4net}.1", 443, HELLO)


def pages(host, port="443", count="80"):
    """Pages by IPv4 or IPv6, one after the other."""
    for _ in range(int(count)):
        visit(host, int(port), HELLO)
        time.sleep(0.02)


if __name__ == "__main__":
    random.seed(13)
    globals()[sys.argv[1]](*sys.argv[2:])
