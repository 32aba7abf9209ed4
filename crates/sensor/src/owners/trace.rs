//! Connect events from the kernel: its tracepoint `sock:inet_sock_set_state`, read through perf's
//! ring buffers. No program is loaded into the kernel.
//!
//! Opening needs CAP_PERFMON (or CAP_SYS_ADMIN), and the tracepoint's number, which only root may
//! look up; reading afterwards needs nothing. So it is opened before rights are given up, as the
//! capture is. The tracepoint speaks of every network namespace of the machine.
//!
//! Belongs here: the tracepoint, its layout, the rings. Does not belong here: what follows from it.

use super::connects::Told;
use crate::sys::{self, Mapping};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use vedette_event::Time;

const TRACEPOINT: &str = "events/sock/inet_sock_set_state";
/// Beginning to connect, and what comes of it. 2 is SYN_SENT.
const FILTER: &std::ffi::CStr = c"newstate == 2 || oldstate == 2";
const SYN_SENT: u32 = 2;
const TCP: u16 = 6;
const MPTCP: u16 = 262;
/// Bytes of each processor's ring, a power of two: 1,000 events.
const RING: usize = 128 << 10;
const PAGE: usize = 4096;
/// Where the kernel says how far it has written, and we how far we have read.
const HEAD: usize = 1024;
const TAIL: usize = 1032;
const LOST: u32 = 2;
const SAMPLE: u32 = 9;
/// Processors watched at most.
const PROCESSORS: usize = 1_024;

/// Where the tracepoint's fields stand in its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    socket: usize,
    old: usize,
    new: usize,
    source_port: usize,
    target_port: usize,
    protocol: usize,
    family: usize,
    source: usize,
    target: usize,
    source_v6: usize,
    target_v6: usize,
}

/// The rings of all processors.
pub struct Trace {
    layout: Layout,
    rings: Vec<Ring>,
    /// Events that found no room.
    pub lost: u64,
}

struct Ring {
    mapping: Mapping,
    _event: OwnedFd,
    record: Vec<u8>,
}

impl Trace {
    pub fn open() -> io::Result<Trace> {
        let (number, layout) = tracepoint()?;
        let processors = processors(&fs::read_to_string("/sys/devices/system/cpu/online")?);
        let mut rings = Vec::new();
        for processor in processors.into_iter().take(PROCESSORS) {
            let event = sys::trace_event(number, processor, FILTER)?;
            let mapping = Mapping::new(event.as_fd(), PAGE + RING)?;
            rings.push(Ring { mapping, _event: event, record: Vec::new() });
        }
        Ok(Trace { layout, rings, lost: 0 })
    }

    /// Hands on what was told since the last time; true when there was anything.
    pub fn drain(&mut self, mut each: impl FnMut(&Told)) -> bool {
        let offset = since_boot_to_1970();
        let (layout, lost) = (self.layout, &mut self.lost);
        let mut any = false;
        for ring in &mut self.rings {
            any |= ring.drain(|kind, body| match kind {
                SAMPLE => {
                    if let Some(told) = layout.told(body, offset) {
                        each(&told);
                    }
                }
                LOST => *lost += u64_at(body, 8).unwrap_or(0),
                _ => {}
            });
        }
        any
    }
}

impl Ring {
    fn drain(&mut self, mut each: impl FnMut(u32, &[u8])) -> bool {
        let start = self.mapping.start();
        // SAFETY: the first page of the mapping is perf's; both words are aligned, the kernel writes
        // the first and reads the second, as atomics.
        let (head, tail) = unsafe {
            (
                AtomicU64::from_ptr(start.as_ptr().add(HEAD).cast()),
                AtomicU64::from_ptr(start.as_ptr().add(TAIL).cast()),
            )
        };
        let (written, mut read) = (head.load(Ordering::Acquire), tail.load(Ordering::Relaxed));
        let any = written != read;
        while written.wrapping_sub(read) >= 8 {
            let mut header = [0; 8];
            self.copy(read, &mut header);
            let kind = u32_at(&header, 0).unwrap_or(0);
            let size = usize::from(u16_at(&header, 6).unwrap_or(0));
            if size < 8 || size as u64 > written.wrapping_sub(read) {
                // Not a record: begin anew behind what is there.
                read = written;
                break;
            }
            let mut record = std::mem::take(&mut self.record);
            record.resize(size - 8, 0);
            self.copy(read.wrapping_add(8), &mut record);
            each(kind, &record);
            self.record = record;
            read = read.wrapping_add(size as u64);
        }
        tail.store(read, Ordering::Release);
        any
    }

    /// Copies bytes of the ring from a position on, around its end.
    fn copy(&self, position: u64, to: &mut [u8]) {
        let at = (position % RING as u64) as usize;
        let first = to.len().min(RING - at);
        let (to_end, from_start) = to.split_at_mut(first);
        // SAFETY: both pieces lie inside the data pages, `PAGE..PAGE + RING`; a record is at most
        // 64 KiB, less than the ring. The kernel does not write between the reader's tail and its
        // own head.
        unsafe {
            let data = self.mapping.start().as_ptr().add(PAGE).cast_const();
            std::ptr::copy_nonoverlapping(data.add(at), to_end.as_mut_ptr(), to_end.len());
            std::ptr::copy_nonoverlapping(data, from_start.as_mut_ptr(), from_start.len());
        }
    }
}

impl Layout {
    /// From the tracepoint's own description.
    fn read(text: &str) -> Option<Layout> {
        let offset = |name: &str| {
            let field = |line: &str| {
                let (declared, rest) = line.trim().strip_prefix("field:")?.split_once(';')?;
                let word = declared.rsplit([' ', '*']).next()?.split('[').next()?;
                (word == name).then_some(())?;
                rest.trim().strip_prefix("offset:")?.split(';').next()?.parse::<usize>().ok()
            };
            text.lines().find_map(field)
        };
        Some(Layout {
            socket: offset("skaddr")?,
            old: offset("oldstate")?,
            new: offset("newstate")?,
            source_port: offset("sport")?,
            target_port: offset("dport")?,
            protocol: offset("protocol")?,
            family: offset("family")?,
            source: offset("saddr")?,
            target: offset("daddr")?,
            source_v6: offset("saddr_v6")?,
            target_v6: offset("daddr_v6")?,
        })
    }

    /// A sample: process, thread, time, and the record with its length before it.
    fn told(&self, sample: &[u8], offset: i64) -> Option<Told> {
        let pid = u32_at(sample, 0)?;
        let nanoseconds = i64::try_from(u64_at(sample, 8)?).ok()?;
        let len = u32_at(sample, 16)? as usize;
        let record = sample.get(20..20_usize.checked_add(len)?)?;
        let protocol = u16_at(record, self.protocol)?;
        if protocol != TCP && protocol != MPTCP {
            return None;
        }
        let v4 = u16_at(record, self.family)? == libc::AF_INET as u16;
        let (source, target) = match v4 {
            true => (v4_at(record, self.source)?, v4_at(record, self.target)?),
            false => (v6_at(record, self.source_v6)?, v6_at(record, self.target_v6)?),
        };
        Some(Told {
            time: Time((nanoseconds + offset) / 1_000),
            pid,
            socket: u64_at(record, self.socket)?,
            source,
            source_port: u16_at(record, self.source_port)?,
            target,
            target_port: u16_at(record, self.target_port)?,
            begins: u32_at(record, self.new)? == SYN_SENT,
        })
    }
}

/// Number and layout of the tracepoint.
fn tracepoint() -> io::Result<(u64, Layout)> {
    let mounted = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"].map(str::to_owned);
    for root in mounted {
        if let Some(found) = described(&root) {
            return Ok(found);
        }
    }
    // Not mounted: a mount that only this descriptor knows, and that goes with it.
    let tree = sys::detached_mount(c"tracefs")?;
    let root = format!("/proc/thread-self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&tree));
    described(&root).ok_or_else(|| io::Error::other("the kernel has no tracepoint inet_sock_set_state"))
}

fn described(root: &str) -> Option<(u64, Layout)> {
    let read = |name: &str| fs::read_to_string(format!("{root}/{TRACEPOINT}/{name}")).ok();
    Some((read("id")?.trim().parse().ok()?, Layout::read(&read("format")?)?))
}

/// `0-3,5`
fn processors(text: &str) -> Vec<u32> {
    let range = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some(from.parse::<u32>().ok()?..=to.parse::<u32>().ok()?)
    };
    text.trim().split(',').filter_map(range).flat_map(|range| range.take(PROCESSORS)).collect()
}

/// Nanoseconds from the clock of the samples to 1970.
fn since_boot_to_1970() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_nanos()).unwrap_or(i64::MAX).saturating_sub(sys::monotonic_nanoseconds())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes)
}

fn v4_at(bytes: &[u8], at: usize) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes.get(at..at + 4)?).ok().map(|bytes| Ipv4Addr::from(bytes).into())
}

/// An IPv6 socket may speak IPv4.
fn v6_at(bytes: &[u8], at: usize) -> Option<IpAddr> {
    let address = Ipv6Addr::from(<[u8; 16]>::try_from(bytes.get(at..at + 16)?).ok()?);
    Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::TcpStream;

    const FORMAT: &str = "name: inet_sock_set_state\nformat:\n\
        \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\
        \tfield:const void * skaddr;\toffset:8;\tsize:8;\tsigned:0;\n\
        \tfield:int oldstate;\toffset:16;\tsize:4;\tsigned:1;\n\
        \tfield:int newstate;\toffset:20;\tsize:4;\tsigned:1;\n\
        \tfield:__u16 sport;\toffset:24;\tsize:2;\tsigned:0;\n\
        \tfield:__u16 dport;\toffset:26;\tsize:2;\tsigned:0;\n\
        \tfield:__u16 family;\toffset:28;\tsize:2;\tsigned:0;\n\
        \tfield:__u16 protocol;\toffset:30;\tsize:2;\tsigned:0;\n\
        \tfield:__u8 saddr[4];\toffset:32;\tsize:4;\tsigned:0;\n\
        \tfield:__u8 daddr[4];\toffset:36;\tsize:4;\tsigned:0;\n\
        \tfield:__u8 saddr_v6[16];\toffset:40;\tsize:16;\tsigned:0;\n\
        \tfield:__u8 daddr_v6[16];\toffset:56;\tsize:16;\tsigned:0;\n\nprint fmt: \"\"\n";

    #[test]
    fn the_layout_is_the_kernels_own() {
        let layout = Layout::read(FORMAT).unwrap();
        assert_eq!((layout.socket, layout.new, layout.source, layout.target_v6), (8, 20, 32, 56));
        assert_eq!(Layout::read(&FORMAT.replace("skaddr", "other")), None);
        assert_eq!(Layout::read(""), None);
    }

    #[test]
    fn cut_samples_tell_nothing() {
        let layout = Layout::read(FORMAT).unwrap();
        let mut sample = vec![0; 20 + 72];
        sample[0..4].copy_from_slice(&7_u32.to_ne_bytes());
        sample[8..16].copy_from_slice(&5_000_u64.to_ne_bytes());
        sample[16..20].copy_from_slice(&72_u32.to_ne_bytes());
        sample[20 + 20] = 2;
        sample[20 + 28] = libc::AF_INET6 as u8;
        sample[20 + 30] = 6;
        sample[20 + 56 + 10..20 + 72].copy_from_slice(&[0xff, 0xff, 10, 0, 0, 2]);
        let told = layout.told(&sample, 1_000_000).unwrap();
        assert_eq!((told.pid, told.time, told.begins), (7, Time(1_005), true));
        assert_eq!(told.target, "10.0.0.2".parse::<IpAddr>().unwrap());
        for end in 0..sample.len() {
            assert_eq!(layout.told(&sample[..end], 0), None);
        }
        sample[16..20].copy_from_slice(&u32::MAX.to_ne_bytes());
        assert_eq!(layout.told(&sample, 0), None);
        assert_eq!(processors("0-3,5\n"), [0, 1, 2, 3, 5]);
        assert_eq!(processors("x,1-,7"), [7]);
    }

    #[test]
    fn a_connection_that_is_refused_at_once_is_told_with_its_process() {
        let mut trace = match Trace::open() {
            Ok(trace) => trace,
            Err(error) => return println!("skipped: {error}"),
        };
        // A port that nobody serves: it was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let begun = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64;
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
        let mut told = Vec::new();
        trace.drain(|one| told.extend((one.target_port == port).then_some(*one)));
        let first = told.iter().find(|one| one.begins).unwrap();
        assert_eq!(first.pid, std::process::id());
        assert!((first.time.0 - begun).abs() < 1_000_000, "{first:?} {begun}");
        let end = told.iter().find(|one| !one.begins).unwrap();
        assert!(end.socket == first.socket && end.source_port != 0, "{told:?}");
    }
}
