"""Programs that run on hosts of the lab: services that are scanned, and clients that do daily work.

Usage: hosts.py serve | hosts.py CLIENT TARGET [MORE...]
"""
import random
import selectors
import socket
import struct
import sys
import time

GREETINGS = {21: b"220 ready\r\n", 22: b"SSH-2.0-OpenSSH_9.2p1\r\n", 25: b"220 mail ESMTP\r\n", 3306: b"J\0\0\0\n8.0.36\0"}
TCP = [21, 22, 25, 80, 88, 111, 135, 139, 389, 443, 445, 502, 631, 2049, 3306, 5060, 6443, 6881, 8080, 9100, 9200, 27001, 49664, 51413]
IP_PKTINFO = 8
UDP = [53, 111, 123, 137, 161, 3478, 5353, 50000]


def serve():
    """A few TCP services that greet or answer, and UDP services that answer."""
    tcp = [int(p) for p in sys.argv[2].split(",")] if len(sys.argv) > 2 else TCP
    selector = selectors.DefaultSelector()
    for family, any_address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        for port in tcp:
            s = socket.socket(family, socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            s.bind((any_address, port))
            s.listen(512)
            selector.register(s, selectors.EVENT_READ, ("listen", port))
    for port in UDP:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # Told by the kernel and given back with the answer: which of our addresses was asked.
        s.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        s.bind(("0.0.0.0", port))
        selector.register(s, selectors.EVENT_READ, ("udp", port))
    while True:
        for key, _ in selector.select():
            kind, port = key.data
            try:
                if kind == "listen":
                    peer, _ = key.fileobj.accept()
                    if port in GREETINGS:
                        peer.send(GREETINGS[port])
                    selector.register(peer, selectors.EVENT_READ, ("peer", port))
                elif kind == "udp":
                    data, asked, _, address = key.fileobj.recvmsg(4096, 256)
                    asked = [(level, kind, cell) for level, kind, cell in asked if kind == IP_PKTINFO]
                    key.fileobj.sendmsg([b"answer " + data[:64]], asked, 0, address)
                else:
                    data = key.fileobj.recv(65536)
                    if data:
                        key.fileobj.send(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok" if port in (80, 8080, 443, 9200) else b"answer")
                    else:
                        selector.unregister(key.fileobj)
                        key.fileobj.close()
            except OSError:
                if kind == "peer":
                    try:
                        selector.unregister(key.fileobj)
                    except (KeyError, ValueError):
                        pass
                    key.fileobj.close()


def talk(host, port, say=b"hello", timeout=1.0, read=True):
    """One conversation; False when it could not be had."""
    try:
        with socket.create_connection((host, port), timeout) as s:
            if say:
                s.sendall(say)
            if read:
                s.recv(4096)
        return True
    except OSError:
        return False


def datagram(host, port, say=b"question", timeout=0.3, source_port=0):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("", source_port))
        s.settimeout(timeout)
        s.sendto(say, (host, port))
        try:
            return s.recv(4096)
        except OSError:
            return None


def monitor(host):
    """A monitoring system: twelve services and SNMP, polled every two seconds; two are down."""
    for _ in range(12):
        for port in (22, 80, 443, 25, 389, 445, 3306, 631, 9100, 5060, 8080, 9200):
            talk(host, port)
        for port in (5666, 9999):
            talk(host, port)
        datagram(host, 161)
        time.sleep(2)


def checks(host):
    """Kubernetes and load-balancer checks: open and close at once, every second."""
    for _ in range(25):
        for port in (6443, 8080, 80):
            talk(host, port, say=None, read=False)
        time.sleep(1)


def pool(*hosts):
    """A load balancer checks one service of every member of its pool; three members are down."""
    for _ in range(8):
        for host in hosts:
            talk(host, 8080, say=None, read=False, timeout=0.3)
        time.sleep(1)


def reconnect(host):
    """A client whose server is down tries again and again, on two ports."""
    for _ in range(200):
        talk(host, 7001)
        talk(host, 7002)
        time.sleep(0.05)


def dead(host):
    """Retries to a service that drops everything: the address is nobody's."""
    for _ in range(8):
        talk(host, 8443, timeout=2)


def knock(host):
    """Port knocking: five closed ports, then SSH."""
    for port in (7000, 8000, 9000, 7500, 8500):
        talk(host, port, timeout=0.2)
    talk(host, 22)


def p2p(host, *peers):
    """Peers of a peer-to-peer network call in on one port and out to their own; many are gone."""
    ports = {peer: random.choice([6881, 51413, 27001, random.randrange(20000, 60000)]) for peer in peers}
    for n in range(120):
        peer = random.choice(peers)
        if n % 3 == 0:
            datagram(host, 50000, b"ping" * 8, 0.05, 40000 + n)
        else:
            talk(peer, ports[peer], timeout=0.2)


def stun(host):
    """WebRTC: STUN, then checks of some candidate ports, then media on one."""
    datagram(host, 3478, b"\0\1\0\0\x21\x12\xa4\x42" + b"x" * 12)
    for port in (50000, 50001, 50002, 50003, 50000):
        datagram(host, port, b"\0\1\0\0\x21\x12\xa4\x42" + b"y" * 12, 0.1)
    for _ in range(200):
        datagram(host, 50000, b"\x80" + b"m" * 100, 0.02, 41000)


def logon(host):
    """A Windows logon: DNS, Kerberos, LDAP, SMB, end-point mapper and a dynamic port."""
    for _ in range(10):
        datagram(host, 53)
        for port in (88, 88, 389, 445, 135, 49664, 389, 445, 139):
            talk(host, port, b"\0" * 60)
        datagram(host, 123)
        datagram(host, 137)
        time.sleep(0.2)


def nfs(host):
    """portmap and NFS over TCP and UDP, and the lock manager that is not running."""
    for _ in range(10):
        datagram(host, 111)
        talk(host, 111)
        talk(host, 2049, b"\x80\0\0\x28" + b"\0" * 40)
        talk(host, 20048, timeout=0.2)
        time.sleep(0.1)


def printers(*hosts):
    """A print server polls its printers: SNMP, IPP, raw port; some are switched off."""
    for _ in range(5):
        for host in hosts:
            datagram(host, 161, timeout=0.05)
            talk(host, 631, timeout=0.2)
            talk(host, 9100, say=b"@PJL\r\n", timeout=0.2)
        time.sleep(1)


def discovery(host, broadcast):
    """mDNS, SSDP, NetBIOS and WS-Discovery: multicast, broadcast, and answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(host))
        for _ in range(20):
            s.sendto(b"\0" * 12 + b"\x04_ipp\x04_tcp\x05local\0\0\x0c\0\1", ("224.0.0.251", 5353))
            s.sendto(b"M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\n\r\n", ("239.255.255.250", 1900))
            s.sendto(b"\0" * 50, (broadcast, 137))
            s.sendto(b"<?xml version=\"1.0\"?>", ("239.255.255.250", 3702))
            s.sendto(b"\0" * 50, (broadcast, 138))
            time.sleep(0.2)


def plc(host):
    """An engineering station polls a controller over UDP, a new source port each time."""
    for n in range(300):
        datagram(host, 50000, b"poll" * 4, 0.1, 20000 + n)


def resolver(host):
    """Names looked up; some answers come when nobody listens any more."""
    for n in range(300):
        datagram(host, 53, timeout=0.2 if n % 10 else 0.00001)


def snmp(*hosts):
    """SNMP and ping-like polls of a whole subnet; a third of the addresses is unused."""
    for _ in range(3):
        for host in hosts:
            datagram(host, 161, timeout=0.02)
        time.sleep(1)


def crawl(*hosts):
    """A few open services per host, data both ways: an asset inventory with credentials."""
    for host in hosts:
        for port in (22, 443, 445):
            talk(host, port, b"inventory")


def flows(host):
    """Long conversations that began before the capture."""
    sockets = [socket.create_connection((host, port), 2) for port in (80, 443, 445, 389, 8080, 9200) * 5]
    for _ in range(40):
        for s in sockets:
            s.send(b"x" * 200)
            s.recv(4096)
        time.sleep(0.2)


def ftp(host):
    """Passive and active data connections beside a control connection."""
    control = socket.create_connection((host, 21), 2)
    control.recv(100)
    for n in range(20):
        control.send(b"PASV\r\n")
        control.recv(100)
        talk(host, 49664, say=None) if n % 2 else talk(host, 49664, b"data")
    control.close()


def slow(host, seconds, *ports):
    for port in ports:
        talk(host, int(port), say=None, timeout=1)
        time.sleep(float(seconds))


def only_open(host):
    """A client that opens only what is open and says nothing."""
    for port in (21, 22, 25, 80, 88, 111, 135, 139, 389, 443, 445, 3306):
        talk(host, port, say=None, read=False)


def zombie(address, interface="eth0"):
    """A host whose IP identification counts up, as an idle scan needs: answers ARP, and TCP with RST."""
    ours, identifier = socket.inet_aton(address), 1000
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((interface, 0))
    mac = s.getsockname()[4]
    end = time.time() + 120
    while time.time() < end:
        frame = s.recv(2048)
        kind, asker = frame[12:14], frame[6:12]
        if kind == b"\x08\x06" and frame[20:22] == b"\0\1" and frame[38:42] == ours:
            s.send(asker + mac + b"\x08\x06" + frame[14:20] + b"\0\2" + mac + ours + frame[22:32])
        elif kind == b"\x08\0" and frame[30:34] == ours and frame[23] == 6:
            tcp = frame[14 + (frame[14] & 15) * 4:]
            source, target, sequence, acknowledgement = struct.unpack("!HHII", tcp[:12])
            if tcp[13] & 4:
                continue
            identifier += 1
            reset = (acknowledgement, 0, 4) if tcp[13] & 16 else (0, sequence + 1, 20)
            head = struct.pack("!HHIIBBH", target, source, reset[0], reset[1] & 0xFFFFFFFF, 0x50, reset[2], 0)
            pseudo = ours + frame[26:30] + struct.pack("!HH", 6, 20)
            segment = head + struct.pack("!HH", checksum(pseudo + head + bytes(4)), 0)
            packet = ip_packet(address, socket.inet_ntoa(frame[26:30]), segment, 6, identifier)
            s.send(asker + mac + kind + packet[:10] + struct.pack("!H", checksum(packet[:20])) + packet[12:])


def rawtcp(kind, target, source, *more):
    """SYNs from invented sources, tiny fragments and such, made by hand (needs root)."""
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for n in range(300):
        address = source if kind != "spoof" else f"{random.randint(11, 99)}.{n % 250}.7.9"
        flags = {"synfin": 0x03, "urg": 0x20, "synack": 0x12, "rst": 0x04, "psh": 0x08}.get(kind, 0x02)
        port = n + 1
        segment = struct.pack("!HHIIBBHHH", 40000 + n % 7, port, random.getrandbits(32), 0, 0x50, flags, 1024, 0, 0)
        s.sendto(ip_packet(address, target, segment), (target, 0))
        time.sleep(0.002)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ip_packet(source, target, payload, protocol=6, identifier=1, fragment=0):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), identifier, fragment, 64, protocol, 0,
                         socket.inet_aton(source), socket.inet_aton(target))
    return header + payload


if __name__ == "__main__":
    random.seed(7)
    globals()[sys.argv[1]](*([] if sys.argv[1] == "serve" else sys.argv[2:]))
