//! The program on hand-made packets, run by a small interpreter of classic BPF.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

/// What the kernel knows of a packet besides its bytes.
#[derive(Clone, Copy)]
struct Meta {
    protocol: u32,
    packet_type: u8,
    interface: u32,
    hardware: u16,
    random: u32,
}

const RECEIVED: Meta = Meta { protocol: ETHER_IPV4, packet_type: 0, interface: 2, hardware: 1, random: 5 };

/// Runs `program` as the kernel does: the bytes kept, 0 for a rejected packet. A load beyond the
/// end rejects.
fn run(program: &[sock_filter], packet: &[u8], meta: Meta) -> u32 {
    let (mut a, mut x, mut pc) = (0_u32, 0_u32, 0_usize);
    loop {
        let step = program[pc];
        pc += 1;
        let code = u32::from(step.code);
        let loaded = match code {
            LD_W_ABS => Some(match step.k as i32 - libc::SKF_AD_OFF {
                libc::SKF_AD_PROTOCOL => Some(meta.protocol),
                libc::SKF_AD_PKTTYPE => Some(u32::from(meta.packet_type)),
                libc::SKF_AD_IFINDEX => Some(meta.interface),
                libc::SKF_AD_HATYPE => Some(u32::from(meta.hardware)),
                libc::SKF_AD_RANDOM => Some(meta.random),
                _ => panic!("no such property"),
            }),
            LD_H_ABS => Some(bytes(packet, step.k, 2)),
            LD_B_ABS => Some(bytes(packet, step.k, 1)),
            LD_B_IND => Some(bytes(packet, x + step.k, 1)),
            LD_LEN => Some(Some(packet.len() as u32)),
            _ => None,
        };
        match (loaded, code) {
            (Some(None), _) => return 0,
            (Some(Some(value)), _) => a = value,
            (_, LDX_IMM) => x = step.k,
            (_, LDX_IP_HEADER) => match packet.get(step.k as usize) {
                Some(byte) => x = u32::from(byte & 0x0f) * 4,
                None => return 0,
            },
            (_, SUB_X) => a = a.wrapping_sub(x),
            (_, JUMP) => pc += step.k as usize,
            (_, RET) => return step.k,
            (_, JEQ | JGE | JSET | JGT_X) => {
                let holds = match code {
                    JEQ => a == step.k,
                    JGE => a >= step.k,
                    JSET => a & step.k != 0,
                    _ => a > x,
                };
                pc += usize::from(if holds { step.jt } else { step.jf });
            }
            _ => panic!("opcode {code:#x} is not one the filter uses"),
        }
    }
}

fn bytes(packet: &[u8], at: u32, len: usize) -> Option<u32> {
    let bytes = packet.get(at as usize..at as usize + len)?;
    Some(bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
}

fn ipv4(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 0, 0, 1, 0, 0, 64, protocol, 0, 0, 198, 18, 0, 1, 198, 18, 0, 2];
    packet[6..8].copy_from_slice(&fragment.to_be_bytes());
    packet.extend(payload);
    packet
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0_u8; 40];
    (packet[0], packet[6]) = (0x60, next);
    packet.extend(payload);
    packet
}

fn tcp(flags: u8, payload: usize) -> Vec<u8> {
    let mut segment = vec![0_u8; 20 + payload];
    (segment[12], segment[13]) = (0x50, flags);
    segment
}

fn filter(level: Level) -> Filter {
    Filter { level, only: None, loopback: true }
}

fn full(packet: &[u8], meta: Meta) -> u32 {
    run(&filter(Level::Full).program(), packet, meta)
}

const V6: Meta = Meta { protocol: ETHER_IPV6, ..RECEIVED };

#[test]
fn every_flag_combination_passes_short() {
    for flags in 0..=255 {
        assert_eq!(full(&ipv4(6, 0x4000, &tcp(flags, 1000)), RECEIVED), SNAP_TCP, "flags {flags:#x}");
        assert_eq!(full(&ipv6(6, &tcp(flags, 1000)), V6), SNAP_TCP, "flags {flags:#x}");
    }
}

#[test]
fn fragments_pass_though_the_first_ends_before_the_flags() {
    // nmap -f: eight bytes of TCP with MF, then the rest at offset 1.
    for level in [Level::Full, Level::Shed] {
        let program = filter(level).program();
        assert_eq!(run(&program, &ipv4(6, 0x2000, &tcp(2, 0)[..8]), RECEIVED), SNAP_OTHER);
        assert_eq!(run(&program, &ipv4(6, 0x2001, &tcp(2, 0)[8..16]), RECEIVED), SNAP_OTHER);
        assert_eq!(run(&program, &ipv4(6, 0x0002, &tcp(2, 0)[16..]), RECEIVED), SNAP_OTHER);
        assert_eq!(run(&program, &ipv6(44, &[6, 0, 0, 1, 0, 0, 0, 1, 0, 0]), V6), SNAP_OTHER);
    }
}

#[test]
fn other_transports_and_arp_pass() {
    for protocol in [0, 1, 2, 17, 41, 47, 58, 132, 255] {
        assert_eq!(full(&ipv4(protocol, 0, &[0; 8]), RECEIVED), SNAP_OTHER);
        assert_eq!(full(&ipv6(protocol, &[0; 8]), V6), SNAP_OTHER);
    }
    assert_eq!(full(&[0; 28], Meta { protocol: ETHER_ARP, ..RECEIVED }), SNAP_OTHER);
}

#[test]
fn tags_that_the_kernel_left_pass_and_other_ethertypes_do_not() {
    for protocol in [ETHER_VLAN, ETHER_QINQ] {
        assert_eq!(full(&[0; 40], Meta { protocol, ..RECEIVED }), SNAP_OTHER);
    }
    // LLDP, EAPOL, PPPoE session, an 802.3 length.
    for protocol in [0x88cc, 0x888e, 0x8864, 0x0004] {
        assert_eq!(full(&[0; 40], Meta { protocol, ..RECEIVED }), 0);
    }
}

#[test]
fn packets_shorter_than_a_header_are_kept_for_the_decoder_to_count() {
    for level in [Level::Full, Level::Shed] {
        let program = filter(level).program();
        let (v4, v6) = (ipv4(6, 0, &tcp(0x10, 0)), ipv6(6, &tcp(0x10, 0)));
        for end in 0..20 + 14 {
            assert_ne!(run(&program, &v4[..end], RECEIVED), 0, "{level:?}, {end} bytes");
        }
        for end in 0..40 + 14 {
            assert_ne!(run(&program, &v6[..end], V6), 0, "{level:?}, {end} bytes");
        }
        // A header length that points beyond the packet.
        let mut long = v4.clone();
        long[0] = 0x4f;
        assert_eq!(run(&program, &long, RECEIVED), SNAP_TCP);
    }
}

#[test]
fn copies_are_rejected() {
    let packet = ipv4(6, 0, &tcp(2, 0));
    let of = |packet_type, hardware| full(&packet, Meta { packet_type, hardware, ..RECEIVED });
    assert_eq!(of(libc::PACKET_OTHERHOST, 1), 0);
    assert_eq!(of(libc::PACKET_OUTGOING, 1), SNAP_TCP);
    assert_eq!(of(libc::PACKET_BROADCAST, 1), SNAP_TCP);
    assert_eq!(of(libc::PACKET_OUTGOING, libc::ARPHRD_LOOPBACK), 0);
    assert_eq!(of(libc::PACKET_HOST, libc::ARPHRD_LOOPBACK), SNAP_TCP);
}

#[test]
fn loopback_can_be_left_out() {
    let program = Filter { loopback: false, ..filter(Level::Full) }.program();
    let packet = ipv4(6, 0, &tcp(2, 0));
    for packet_type in [libc::PACKET_HOST, libc::PACKET_OUTGOING] {
        let loopback = Meta { packet_type, hardware: libc::ARPHRD_LOOPBACK, ..RECEIVED };
        assert_eq!(run(&program, &packet, loopback), 0);
        assert_eq!(run(&program, &packet, Meta { packet_type, ..RECEIVED }), SNAP_TCP);
    }
}

#[test]
fn only_named_interfaces_pass_however_many() {
    let of = |only: Vec<u32>, interface| {
        let program = Filter { only: Some(only), ..filter(Level::Shed) }.program();
        run(&program, &ipv4(6, 0, &tcp(2, 0)), Meta { interface, ..RECEIVED })
    };
    assert_eq!(of(vec![], 2), 0);
    assert_eq!(of(vec![3, 2], 2), SNAP_TCP);
    assert_eq!(of(vec![3, 2], 4), 0);
    let many: Vec<u32> = (1..=500).collect();
    assert_eq!(of(many.clone(), 1), SNAP_TCP);
    assert_eq!(of(many.clone(), MAX_INTERFACES as u32), SNAP_TCP);
    assert_eq!(of(many, MAX_INTERFACES as u32 + 1), 0);
}

#[test]
fn shedding_thins_established_segments_only() {
    let program = filter(Level::Shed).program();
    let kept = |packet: &[u8], meta: Meta| {
        (0..64).filter(|random| run(&program, packet, Meta { random: *random, ..meta }) != 0).count()
    };
    for flags in [0x10, 0x18, 0x50, 0xd8] {
        assert_eq!(kept(&ipv4(6, 0, &tcp(flags, 100)), RECEIVED), 4, "flags {flags:#x}");
        assert_eq!(kept(&ipv6(6, &tcp(flags, 0)), V6), 4, "flags {flags:#x}");
    }
    // SYN, SYN-ACK, FIN, FIN-ACK, RST, NULL, XMAS, Maimon, PSH alone, URG.
    for flags in [0x02, 0x12, 0x01, 0x11, 0x04, 0x14, 0x00, 0x29, 0x08, 0x30] {
        assert_eq!(kept(&ipv4(6, 0, &tcp(flags, 0)), RECEIVED), 64, "flags {flags:#x}");
    }
    // With IP options the flags are further on.
    let mut options = ipv4(6, 0, &[]);
    options[0] = 0x47;
    options.extend([1; 8]);
    options.extend(tcp(0x02, 0));
    assert_eq!(kept(&options, RECEIVED), 64);
    options.truncate(28);
    options.extend(tcp(0x10, 0));
    assert_eq!(kept(&options, RECEIVED), 4);
    assert_eq!(kept(&ipv4(17, 0, &[0; 64]), RECEIVED), 64);
}
