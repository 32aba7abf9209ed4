#!/usr/bin/env python3
"""Writes captures again as other tools and places would have recorded them, with the same labels.

Usage: variants.py IN OUT [VARIANT...]      then: vedette bench detect OUT/VARIANT
What was a scan is one in every form, and what was none stays none. IN holds classic pcap files of Ethernet
frames and a manifest.tsv, as record.py writes them.
"""
import pathlib
import random
import shutil
import struct
import sys

ETHERNET, NULL, RAW, SLL, SLL2 = 1, 0, 101, 113, 276


def read(path):
    """Frames as (seconds, microseconds, wire length, bytes)."""
    data = path.read_bytes()
    magic, order = data[:4], "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    scale = 1000 if magic in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d") else 1
    frames, at = [], 24
    while at + 16 <= len(data):
        seconds, fraction, captured, wire = struct.unpack(order + "IIII", data[at:at + 16])
        frames.append((seconds, fraction // scale, wire, data[at + 16:at + 16 + captured]))
        at += 16 + captured
    return frames


def write(path, frames, link=ETHERNET, order="<", nanoseconds=False):
    out = [struct.pack(order + "IHHiIII", 0xA1B23C4D if nanoseconds else 0xA1B2C3D4, 2, 4, 0, 0, 262144, link)]
    for seconds, fraction, wire, data in frames:
        out.append(struct.pack(order + "IIII", seconds, fraction * (1000 if nanoseconds else 1), len(data), max(wire, len(data))) + data)
    path.write_bytes(b"".join(out))


def pcapng(path, frames):
    def block(kind, body):
        length = 12 + len(body)
        return struct.pack("<II", kind, length) + body + struct.pack("<I", length)
    out = [block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)), block(1, struct.pack("<HHI", ETHERNET, 0, 262144))]
    for seconds, fraction, wire, data in frames:
        stamp = seconds * 1_000_000 + fraction
        body = struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF, len(data), max(wire, len(data)))
        out.append(block(6, body + data + bytes(-len(data) % 4)))
    path.write_bytes(b"".join(out))


def each(frames, change):
    """Frames with other bytes; those that change to nothing are left out."""
    for seconds, fraction, wire, data in frames:
        changed = change(data)
        if changed is not None:
            yield seconds, fraction, wire + len(changed) - len(data), changed


def is_ip(data):
    return data[12:14] in (b"\x08\x00", b"\x86\xdd")


def cut(length):
    return lambda path, frames: write(path, [(s, f, w, d[:length]) for s, f, w, d in frames])


def tagged(tags):
    return lambda path, frames: write(path, each(frames, lambda d: d[:12] + tags + d[12:]))


def cooked(path, frames):
    write(path, each(frames, lambda d: struct.pack("!HHH", 0, 1, 6) + d[6:12] + b"\0\0" + d[12:]), SLL)


def cooked2(path, frames):
    write(path, each(frames, lambda d: d[12:14] + struct.pack("!HIHBB", 0, 2, 1, 0, 6) + d[6:12] + b"\0\0" + d[14:]), SLL2)


def loopback(path, frames):
    family = {b"\x08\x00": 2, b"\x86\xdd": 30}
    write(path, each(frames, lambda d: struct.pack("<I", family[d[12:14]]) + d[14:] if is_ip(d) else None), NULL)


def raw(path, frames):
    write(path, each(frames, lambda d: d[14:] if is_ip(d) else None), RAW)


def mirrored(path, frames):
    """A mirror port that copies what comes in and what goes out: everything twice."""
    write(path, [copy for s, f, w, d in frames for copy in ((s, f, w, d), (s, min(f + 3, 999_999), w, d))])


def jittered(path, frames):
    """Times and order off by up to two milliseconds."""
    chance = random.Random(9)
    late = [(s * 1_000_000 + f + chance.randrange(2000), w, d) for s, f, w, d in frames]
    order = sorted(range(len(late)), key=lambda n: late[n][0] + chance.randrange(400))
    write(path, [(late[n][0] // 1_000_000, late[n][0] % 1_000_000, late[n][1], late[n][2]) for n in order])


def lossy(percent):
    def make(path, frames):
        chance = random.Random(percent)
        write(path, [frame for frame in frames if chance.randrange(100) >= percent])
    return make


def middle(path, frames):
    """The capture begins when a third is over."""
    write(path, frames[len(frames) // 3:])


def one_way(toward):
    """Asymmetric routing: only frames to the host that most go to, or only those from it."""
    def make(path, frames):
        cards = [d[:6] for _, _, _, d in frames if is_ip(d)]
        host = max(set(cards), key=cards.count) if cards else b""
        sides = {True: slice(0, 6), False: slice(6, 12)}
        write(path, [frame for frame in frames if frame[3][sides[toward]] == host or not is_ip(frame[3])])
    return make


def pppoe(path, frames):
    kinds = {b"\x08\x00": b"\0\x21", b"\x86\xdd": b"\0\x57"}
    head = lambda d: d[:12] + b"\x88\x64\x11\0\0\7" + struct.pack("!H", len(d) - 12) + kinds[d[12:14]]
    write(path, each(frames, lambda d: head(d) + d[14:] if is_ip(d) else d))


def outer(protocol, head, inner, wire):
    """Ethernet and IPv4 of a tunnel between two of its ends."""
    length = 20 + len(head) + wire
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 7, 0, 60, protocol, 0, b"\xc6\x13\xfe\1", b"\xc6\x13\xfe\2")
    return b"\2\0\0\0\xfe\2" + b"\2\0\0\0\xfe\1" + b"\x08\0" + ip + head + inner


def tunnelled(protocol, head, whole_frame):
    """Each frame, or each packet, inside a tunnel's packet."""
    def make(path, frames):
        out = []
        for s, f, w, d in frames:
            if not whole_frame and not is_ip(d):
                continue
            inner, wire = (d, w) if whole_frame else (d[14:], w - 14)
            start = head(d, wire)
            out.append((s, f, 34 + len(start) + wire, outer(protocol, start, inner, wire)))
        write(path, out)
    return make


VXLAN = lambda d, wire: struct.pack("!HHHH", 50000 + d[5] % 64, 4789, 16 + wire, 0) + b"\x08\0\0\0\0\0\x2a\0"
GENEVE = lambda d, wire: struct.pack("!HHHH", 50000 + d[5] % 64, 6081, 16 + wire, 0) + b"\0\0\x65\x58\0\0\x2a\0"
GRE = lambda d, wire: b"\0\0" + d[12:14]
ERSPAN = lambda d, wire: b"\x10\0\x88\xbe\0\0\0\1" + b"\x10\1\0\2\0\0\0\3"


def linked(link, before):
    """The packets alone, with what this type of link puts before them."""
    return lambda path, frames: write(path, each(frames, lambda d: before(d) + d[14:] if is_ip(d) else None), link)


def nflog(path, frames):
    def before(d):
        return bytes([2 if d[12] == 8 else 10, 0, 0, 0]) + struct.pack("<HH", 4 + len(d) - 14, 9)
    write(path, each(frames, lambda d: before(d) + d[14:] + bytes(-(len(d) - 14) % 4) if is_ip(d) else None), 239)


def stretched(factor):
    """Pauses of more than half a second last longer."""
    def make(path, frames):
        out, last, added = [], None, 0
        for s, f, w, d in frames:
            at = s * 1_000_000 + f
            if last is not None and at - last > 500_000:
                added += (at - last) * (factor - 1)
            last = at
            out.append(((at + added) // 1_000_000, (at + added) % 1_000_000, w, d))
        write(path, out)
    return make


def shifted(seconds, at=0.0):
    """The clock is set, to another time from this part of the capture on."""
    def make(path, frames):
        begin = int(len(frames) * at)
        write(path, frames[:begin] + [(max(s + seconds, 0), f, w, d) for s, f, w, d in frames[begin:]])
    return make


def epoch(path, frames):
    """A device without a clock: its time begins with 1970."""
    first = frames[0][0] if frames else 0
    write(path, [(s - first, f, w, d) for s, f, w, d in frames])


VARIANTS = {
    "snap64": cut(64), "snap96": cut(96), "vlan": tagged(b"\x81\x00\x00\x65"), "qinq": tagged(b"\x88\xa8\x00\x02\x81\x00\x00\x65"),
    "sll": cooked, "sll2": cooked2, "null": loopback, "raw": raw, "pcapng": pcapng,
    "nano": lambda path, frames: write(path, frames, nanoseconds=True), "big_endian": lambda path, frames: write(path, frames, order=">"),
    "mirrored": mirrored, "jittered": jittered, "lossy5": lossy(5), "lossy20": lossy(20), "lossy50": lossy(50),
    "pppoe": pppoe, "vxlan": tunnelled(17, VXLAN, True), "geneve": tunnelled(17, GENEVE, True), "gre": tunnelled(47, GRE, False),
    "erspan": tunnelled(47, ERSPAN, True), "ppp": linked(9, lambda d: b"\xff\3" + (b"\0\x21" if d[12] == 8 else b"\0\x57")),
    "ipv4": linked(228, lambda d: b""), "nflog": nflog, "snap128": cut(128), "stretch20": stretched(20), "stretch60": stretched(60), "stretch100": stretched(100),
    "set_back": shifted(-3600, 0.5), "set_forward": shifted(7 * 86400, 0.5), "far_future": shifted(2_000_000_000), "epoch": epoch,
    "middle": middle, "one_way_to": one_way(True), "one_way_from": one_way(False),
}


def main():
    source, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    for name in sys.argv[3:] or VARIANTS:
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / "manifest.tsv", folder)
        for path in sorted(source.glob("*.pcap")):
            VARIANTS[name](folder / path.name, read(path))
        print("wrote", folder, file=sys.stderr)


if __name__ == "__main__":
    main()
