//! The classic BPF program that runs in the kernel on every packet before anything is copied.
//!
//! What it does, and why: it *shortens* rather than selects. Every IPv4, IPv6 and ARP packet
//! passes, because the flow folder needs the plain ACK that ends a handshake, the data that shows
//! something was said both ways, and whatever odd flags a probe carries; none of these can be told
//! from bulk data without a flow table. What bulk costs is bounded by the snap length instead: a
//! 64 KB segment leaves 144 bytes in the ring. Rejected are copies of packets that come by
//! elsewhere (sent packets on loopback, packets for other hosts), interfaces that were not asked
//! for, and ethertypes that carry no attempt.
//!
//! Under overload ([`Level::Shed`]) established TCP is thinned to one segment in 16, so that the
//! ring's room goes to the packets that open and close something.
//!
//! The program is written for `SOCK_DGRAM` packet sockets: offset 0 is the network header whatever
//! the link type, and a VLAN tag has been taken off already.

use libc::sock_filter;

/// Bytes kept of a TCP packet, from its IP header: longest IPv4 and TCP headers, 24 of payload.
pub const SNAP_TCP: u32 = 144;
/// Bytes kept of everything else: ICMPv6 errors quote the packet they answer, IPv6 may bring
/// extension headers, and a checksum can be judged on a complete packet only.
pub const SNAP_OTHER: u32 = 256;
/// In [`Level::Shed`] one established segment in this many passes. A power of two.
pub const SHED_ONE_IN: u32 = 16;
/// Interfaces that can be named at once: conditional jumps reach 255 instructions.
pub const MAX_INTERFACES: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Everything that carries or answers an attempt.
    Full,
    /// The same, with established TCP segments thinned.
    Shed,
}

/// What the kernel is to let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub level: Level,
    /// Kernel indices of the interfaces to take; `None` for all. At most [`MAX_INTERFACES`] count.
    pub only: Option<Vec<u32>>,
    /// Packets over loopback are wanted too.
    pub loopback: bool,
}

const ETHER_IPV4: u32 = 0x0800;
const ETHER_ARP: u32 = 0x0806;
const ETHER_VLAN: u32 = 0x8100;
const ETHER_QINQ: u32 = 0x88a8;
const ETHER_IPV6: u32 = 0x86dd;
const TCP: u32 = 6;

/// Places that jumps go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
    Received,
    Wanted,
    V4,
    V6,
    Tcp,
    KeepTcp,
    KeepOther,
    Reject,
}

enum Step {
    Here(Label),
    /// Opcode and operand.
    Do(u32, u32),
    /// Comparison, operand, where to go when true and when false; `None` is the next step.
    Test(u32, u32, Option<Label>, Option<Label>),
    Goto(Label),
}

const LD_W_ABS: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const LD_H_ABS: u32 = libc::BPF_LD | libc::BPF_H | libc::BPF_ABS;
const LD_B_ABS: u32 = libc::BPF_LD | libc::BPF_B | libc::BPF_ABS;
const LD_B_IND: u32 = libc::BPF_LD | libc::BPF_B | libc::BPF_IND;
const LD_LEN: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_LEN;
const LDX_IP_HEADER: u32 = libc::BPF_LDX | libc::BPF_B | libc::BPF_MSH;
const LDX_IMM: u32 = libc::BPF_LDX | libc::BPF_W | libc::BPF_IMM;
const JGT_X: u32 = libc::BPF_JMP | libc::BPF_JGT | libc::BPF_X;
const SUB_X: u32 = libc::BPF_ALU | libc::BPF_SUB | libc::BPF_X;
const JEQ: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const JGE: u32 = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
const JSET: u32 = libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K;
const JUMP: u32 = libc::BPF_JMP | libc::BPF_JA;
const RET: u32 = libc::BPF_RET | libc::BPF_K;

/// The offset at which a load reads a property of the packet instead of its bytes.
fn property(which: libc::c_int) -> u32 {
    (libc::SKF_AD_OFF + which) as u32
}

impl Filter {
    /// The program for the kernel. Every load is inside the packet, or is guarded: a load beyond
    /// the end would reject the packet.
    pub fn program(&self) -> Vec<sock_filter> {
        let mut steps = Vec::with_capacity(48);
        self.origin(&mut steps);
        self.interface(&mut steps);
        protocol(&mut steps);
        if self.level == Level::Shed {
            thin_established(&mut steps);
        }
        steps.extend([
            Step::Here(Label::KeepTcp),
            Step::Do(RET, SNAP_TCP),
            Step::Here(Label::KeepOther),
            Step::Do(RET, SNAP_OTHER),
            Step::Here(Label::Reject),
            Step::Do(RET, 0),
        ]);
        assemble(&steps)
    }

    /// Packets that come by elsewhere too: those for other hosts (bridge ports, promiscuous mode)
    /// and, on loopback, the sent copy of what is about to be received.
    fn origin(&self, steps: &mut Vec<Step>) {
        steps.extend([
            Step::Do(LD_W_ABS, property(libc::SKF_AD_PKTTYPE)),
            Step::Test(JEQ, u32::from(libc::PACKET_OTHERHOST), Some(Label::Reject), None),
        ]);
        if self.loopback {
            steps.push(Step::Test(JEQ, u32::from(libc::PACKET_OUTGOING), None, Some(Label::Received)));
        }
        steps.extend([
            Step::Do(LD_W_ABS, property(libc::SKF_AD_HATYPE)),
            Step::Test(JEQ, u32::from(libc::ARPHRD_LOOPBACK), Some(Label::Reject), None),
            Step::Here(Label::Received),
        ]);
    }

    fn interface(&self, steps: &mut Vec<Step>) {
        if let Some(only) = &self.only {
            steps.push(Step::Do(LD_W_ABS, property(libc::SKF_AD_IFINDEX)));
            for index in only.iter().take(MAX_INTERFACES) {
                steps.push(Step::Test(JEQ, *index, Some(Label::Wanted), None));
            }
            steps.push(Step::Goto(Label::Reject));
        }
        steps.push(Step::Here(Label::Wanted));
    }
}

/// From ethertype to where a packet is kept. Fragments are kept whatever they carry: the first
/// fragment of `nmap -f` ends before the TCP flags. X becomes the offset of the TCP header.
fn protocol(steps: &mut Vec<Step>) {
    steps.extend([
        Step::Do(LD_W_ABS, property(libc::SKF_AD_PROTOCOL)),
        Step::Test(JEQ, ETHER_IPV4, Some(Label::V4), None),
        Step::Test(JEQ, ETHER_IPV6, Some(Label::V6), None),
        Step::Test(JEQ, ETHER_ARP, Some(Label::KeepOther), None),
        Step::Test(JEQ, ETHER_VLAN, Some(Label::KeepOther), None),
        Step::Test(JEQ, ETHER_QINQ, Some(Label::KeepOther), Some(Label::Reject)),
        Step::Here(Label::V4),
        Step::Do(LD_LEN, 0),
        Step::Test(JGE, 20, None, Some(Label::KeepOther)),
        Step::Do(LD_H_ABS, 6),
        Step::Test(JSET, 0x3fff, Some(Label::KeepOther), None),
        Step::Do(LD_B_ABS, 9),
        Step::Test(JEQ, TCP, None, Some(Label::KeepOther)),
        Step::Do(LDX_IP_HEADER, 0),
        Step::Goto(Label::Tcp),
        Step::Here(Label::V6),
        Step::Do(LD_LEN, 0),
        Step::Test(JGE, 40, None, Some(Label::KeepOther)),
        Step::Do(LD_B_ABS, 6),
        Step::Test(JEQ, TCP, None, Some(Label::KeepOther)),
        Step::Do(LDX_IMM, 40),
        Step::Here(Label::Tcp),
    ]);
}

/// Thins segments that only carry data or acknowledge it. X holds the TCP header's offset.
fn thin_established(steps: &mut Vec<Step>) {
    steps.extend([
        // A segment that ends before its flags is odd: keep it.
        Step::Do(LD_LEN, 0),
        Step::Test(JGT_X, 0, None, Some(Label::KeepTcp)),
        Step::Do(SUB_X, 0),
        Step::Test(JGE, 14, None, Some(Label::KeepTcp)),
        // Anything but ACK, with or without PSH, ECE and CWR, is kept.
        Step::Do(LD_B_IND, 13),
        Step::Test(JSET, 0x27, Some(Label::KeepTcp), None),
        Step::Test(JSET, 0x10, None, Some(Label::KeepTcp)),
        Step::Do(LD_W_ABS, property(libc::SKF_AD_RANDOM)),
        Step::Test(JSET, SHED_ONE_IN - 1, Some(Label::Reject), None),
    ]);
}

/// Turns labels into distances. All jumps go forward, and `MAX_INTERFACES` keeps conditional ones
/// within the 255 instructions they reach.
fn assemble(steps: &[Step]) -> Vec<sock_filter> {
    let place = |label: Label| {
        let before = steps.iter().take_while(|step| !matches!(step, Step::Here(here) if *here == label));
        before.filter(|step| !matches!(step, Step::Here(_))).count()
    };
    let mut program = Vec::with_capacity(steps.len());
    for step in steps {
        let next = program.len() + 1;
        let distance = |to: Option<Label>| to.map_or(0, |label| place(label) - next);
        program.push(match *step {
            Step::Here(_) => continue,
            Step::Do(code, k) => sock_filter { code: code as u16, jt: 0, jf: 0, k },
            Step::Goto(to) => sock_filter { code: JUMP as u16, jt: 0, jf: 0, k: distance(Some(to)) as u32 },
            Step::Test(code, k, yes, no) => {
                sock_filter { code: code as u16, jt: distance(yes) as u8, jf: distance(no) as u8, k }
            }
        });
    }
    program
}

#[cfg(test)]
mod tests;
