//! The system calls the sensor makes without a safe wrapper, each in one small function.
//!
//! Belongs here: `unsafe` calls into libc and the reasons why they are sound. Does not belong
//! here: what to do with the results. The capture ring's memory is in [`crate::ring`].

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::time::Duration;

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// A socket that is closed on exec.
pub fn socket(family: libc::c_int, kind: libc::c_int, protocol: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: no pointers; the result is checked before it is used.
    let fd = check(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, protocol) })?;
    // SAFETY: `fd` is a fresh descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Sets a socket option whose value is the bytes of `value`.
///
/// `T` must be the plain C type that the option takes.
pub fn set_option<T: Copy>(
    fd: BorrowedFd<'_>,
    level: libc::c_int,
    name: libc::c_int,
    value: &T,
) -> io::Result<()> {
    // SAFETY: pointer and length describe `value`, which outlives the call; the kernel only reads.
    let result = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            name,
            std::ptr::from_ref(value).cast(),
            size_of::<T>() as libc::socklen_t,
        )
    };
    check(result).map(drop)
}

/// Attaches a classic BPF program, in place of one attached before.
pub fn attach_filter(fd: BorrowedFd<'_>, program: &[libc::sock_filter]) -> io::Result<()> {
    let len = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let fprog = libc::sock_fprog { len, filter: program.as_ptr().cast_mut() };
    // The kernel copies the program and does not write through `filter`.
    set_option(fd, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &fprog)
}

/// Packets and drops since the last call: reading resets the kernel's counters.
pub fn packet_statistics(fd: BorrowedFd<'_>) -> io::Result<libc::tpacket_stats_v3> {
    let mut stats = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
    let mut len = size_of::<libc::tpacket_stats_v3>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes to `stats`, a plain C struct of integers.
    let result = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            std::ptr::from_mut(&mut stats).cast(),
            &mut len,
        )
    };
    check(result)?;
    Ok(stats)
}

/// Binds a packet socket to every interface, for every protocol.
pub fn bind_packet(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: all-zero bytes are a valid sockaddr_ll.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    // SAFETY: pointer and length describe `address`, which outlives the call.
    let result = unsafe {
        libc::bind(
            fd.as_raw_fd(),
            std::ptr::from_ref(&address).cast(),
            size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    };
    check(result).map(drop)
}

/// Waits until `fd` is readable or `timeout` has passed. True when there is something to look at.
/// An interrupted wait counts as a time-out.
pub fn wait_readable(fd: BorrowedFd<'_>, timeout: Duration) -> io::Result<bool> {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let millis = libc::c_int::try_from(timeout.as_millis()).unwrap_or(libc::c_int::MAX);
    // SAFETY: `poll` is one valid pollfd and the count says so.
    match check(unsafe { libc::poll(&mut poll, 1, millis) }) {
        Ok(ready) => Ok(ready > 0),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes the pending error of a socket, if there is one (for example ENETDOWN).
pub fn take_socket_error(fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut code: libc::c_int = 0;
    let mut len = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes to `code`.
    let result = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ERROR,
            std::ptr::from_mut(&mut code).cast(),
            &mut len,
        )
    };
    check(result)?;
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
}

/// A shared, writable mapping of a packet socket's ring; unmapped on drop.
pub struct Mapping {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping is plain memory without ties to a thread.
unsafe impl Send for Mapping {}

impl Mapping {
    pub fn new(fd: BorrowedFd<'_>, len: usize) -> io::Result<Mapping> {
        // SAFETY: a new mapping at an address of the kernel's choice overlaps nothing.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                fd.as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Mapping { start, len })
    }

    pub fn start(&self) -> NonNull<u8> {
        self.start
    }

    pub fn len(&self) -> usize {
        self.len
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: exactly the mapping made in `new`; borrows of it cannot outlive `self`.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

/// Opens a tracepoint on one processor for all processes, filtered in the kernel, with a ring to be
/// mapped. Samples are: process and thread, time (CLOCK_MONOTONIC), the tracepoint's record.
pub fn trace_event(tracepoint: u64, processor: u32, filter: &CStr) -> io::Result<OwnedFd> {
    const ENABLE: libc::Ioctl = 0x2400;
    const SET_FILTER: libc::Ioctl = 0x4008_2406;
    let attributes = TraceAttributes {
        kind: 2,
        size: size_of::<TraceAttributes>() as u32,
        config: tracepoint,
        sample_period: 1,
        // Process and thread, time, record.
        sample_type: 1 << 1 | 1 << 2 | 1 << 10,
        read_format: 0,
        // Disabled at first; with a clock of our choice.
        flags: 1 | 1 << 25,
        wakeup_events: 0,
        rest: [0; 10],
        clock: libc::CLOCK_MONOTONIC,
        regs: 0,
    };
    let cpu = libc::c_int::try_from(processor).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the kernel reads `size` bytes of the structure, which is as `linux/perf_event.h` has it.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attributes,
            -1,
            cpu,
            -1,
            8_u64, /* close on exec */
        )
    };
    let fd = check(libc::c_int::try_from(fd).unwrap_or(-1))?;
    // SAFETY: `fd` is a fresh descriptor that nobody else owns.
    let event = unsafe { OwnedFd::from_raw_fd(fd) };
    // SAFETY: the kernel reads a C string.
    check(unsafe { libc::ioctl(event.as_raw_fd(), SET_FILTER, filter.as_ptr()) })?;
    // SAFETY: takes no pointer.
    check(unsafe { libc::ioctl(event.as_raw_fd(), ENABLE, 0) })?;
    Ok(event)
}

/// `struct perf_event_attr` in its third version, the first with a clock.
#[repr(C)]
struct TraceAttributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    /// Break points, branches and registers: from `bp_type` to `sample_stack_user`.
    rest: [u32; 10],
    clock: i32,
    regs: u64,
}

/// A file system that is mounted nowhere: only this descriptor leads into it.
pub fn detached_mount(kind: &CStr) -> io::Result<OwnedFd> {
    const CLOSE_ON_EXEC: libc::c_uint = 1;
    const CREATE: libc::c_uint = 6;
    // Read-only, no set-uid, no devices, no programs.
    const RESTRICTED: libc::c_uint = 0xf;
    let own = |result: libc::c_long| {
        let fd = check(libc::c_int::try_from(result).unwrap_or(-1))?;
        // SAFETY: `fd` is a fresh descriptor that nobody else owns.
        io::Result::Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    };
    // SAFETY: the kernel reads a C string; the other calls take descriptors, integers and null.
    unsafe {
        let context = own(libc::syscall(libc::SYS_fsopen, kind.as_ptr(), CLOSE_ON_EXEC))?;
        let none = std::ptr::null::<libc::c_void>();
        let made = libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), CREATE, none, none, 0);
        check(libc::c_int::try_from(made).unwrap_or(-1))?;
        own(libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), CLOSE_ON_EXEC, RESTRICTED))
    }
}

/// Nanoseconds of CLOCK_MONOTONIC.
pub fn monotonic_nanoseconds() -> i64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes to `now`.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    now.tv_sec.saturating_mul(1_000_000_000).saturating_add(now.tv_nsec)
}

/// Bars this thread, and what it starts, from gaining rights by executing a file.
pub fn no_new_privileges() -> io::Result<()> {
    // SAFETY: prctl with integer arguments only.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }).map(drop)
}

/// The effective user id.
pub fn effective_uid() -> u32 {
    // SAFETY: cannot fail and takes nothing.
    unsafe { libc::geteuid() }
}

/// Whether a child of this process has ended. It stays to be waited for, so that its number is nobody
/// else's meanwhile.
pub fn has_ended(child: u32) -> io::Result<bool> {
    // SAFETY: all-zero bytes are a valid siginfo_t.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: `info` outlives the call.
    check(unsafe { libc::waitid(libc::P_PID, child, &mut info, options) })?;
    // SAFETY: filled in for a child that ended; zero otherwise.
    Ok(unsafe { info.si_pid() } != 0)
}

/// Ends all processes of a group that a child of ours, not yet waited for, was made to lead.
pub fn end_group(leader: u32) {
    if let Ok(group) = i32::try_from(leader) {
        // SAFETY: no pointers. The leader's number is taken as long as nobody waited for it.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
}
