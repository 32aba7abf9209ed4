//! The connections that the kernel told of lately, and who made them.
//!
//! The kernel tells twice: when a process begins to connect, which is said in the name of that
//! process and mostly before the socket has a port; and when the attempt is over, which is said by
//! whoever happens to run, with the port. The socket's address in the kernel joins the two.
//!
//! A pure table: what is told goes in, questions about events come out. Two generations bound it.

use std::collections::HashMap;
use std::net::IpAddr;
use vedette_event::{Event, Time};

/// Connections of one generation, and how long one lasts at least, in microseconds.
const MOST: usize = 32_768;
const LASTS: i64 = 10_000_000;
/// The first packet is not earlier than its connect by more than this, nor later: clocks are read
/// at different moments.
const EARLY: i64 = 50_000;
const LATE: i64 = 2_000_000;

/// What the kernel said of a TCP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub time: Time,
    /// The process that ran; the one that connects only where `begins`.
    pub pid: u32,
    /// The socket's address in the kernel: only good for telling sockets apart.
    pub socket: u64,
    pub source: IpAddr,
    /// 0: not chosen yet.
    pub source_port: u16,
    pub target: IpAddr,
    pub target_port: u16,
    /// It begins to connect; otherwise the attempt is over, one way or another.
    pub begins: bool,
}

type Aim = (IpAddr, IpAddr, u16);

#[derive(Clone, Copy)]
struct Made {
    socket: u64,
    pid: u32,
    time: Time,
}

#[derive(Default)]
struct Generation {
    /// Sockets that are connecting.
    begun: HashMap<u64, Aim>,
    aims: HashMap<Aim, Vec<Made>>,
    /// Those of which the port is known.
    whole: HashMap<(Aim, u16), Made>,
    since: Option<Time>,
    count: usize,
}

/// See the module.
#[derive(Default)]
pub struct Connects {
    now: Generation,
    before: Generation,
}

impl Connects {
    pub fn take(&mut self, told: &Told) {
        let aim = (told.source, told.target, told.target_port);
        if told.begins {
            self.make_room(told.time);
            let made = Made { socket: told.socket, pid: told.pid, time: told.time };
            if told.source_port != 0 {
                self.now.whole.insert((aim, told.source_port), made);
            }
            self.now.begun.insert(told.socket, aim);
            self.now.aims.entry(aim).or_default().push(made);
            self.now.count += 1;
            return;
        }
        for generation in [&mut self.now, &mut self.before] {
            if let Some(aim) = generation.begun.remove(&told.socket) {
                let made = generation
                    .aims
                    .get(&aim)
                    .and_then(|all| all.iter().rev().find(|made| made.socket == told.socket));
                if let Some(&made) = made {
                    generation.whole.insert((aim, told.source_port), made);
                }
                return;
            }
        }
    }

    /// Who made this attempt.
    pub fn owner(&self, event: &Event) -> Option<u32> {
        let aim = (event.source, event.target, event.target_port);
        let generations = [&self.now, &self.before];
        let near = |made: &&Made| {
            let late = event.time.since(made.time);
            (-EARLY..=LATE).contains(&late)
        };
        let whole =
            |one: &&Generation| one.whole.get(&(aim, event.source_port)).filter(near).map(|made| made.pid);
        generations.iter().find_map(whole).or_else(|| {
            // Of those whose port is not known yet, the one next in time.
            let all = generations.iter().filter_map(|one| one.aims.get(&aim)).flatten();
            let open = all.filter(|made| generations.iter().any(|one| one.begun.contains_key(&made.socket)));
            open.filter(near).min_by_key(|made| event.time.since(made.time).abs()).map(|made| made.pid)
        })
    }

    fn make_room(&mut self, now: Time) {
        let since = *self.now.since.get_or_insert(now);
        if self.now.count >= MOST || now.since(since) > LASTS {
            self.before = std::mem::take(&mut self.now);
            self.now.since = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests_support::attempt;
    use super::*;

    fn told(socket: u64, pid: u32, port: u16, at: i64) -> Told {
        Told {
            time: Time(at),
            pid,
            socket,
            source: "10.0.0.1".parse().unwrap(),
            source_port: 0,
            target: "10.0.0.2".parse().unwrap(),
            target_port: port,
            begins: true,
        }
    }

    #[test]
    fn a_connection_is_known_before_and_after_it_has_a_port() {
        let mut connects = Connects::default();
        connects.take(&told(1, 7, 80, 1_000));
        let event = attempt("10.0.0.1", 40_000, "10.0.0.2", 80, 1_010);
        assert_eq!(connects.owner(&event), Some(7));
        // Refused: told by whoever runs.
        connects.take(&Told { begins: false, pid: 0, source_port: 40_000, ..told(1, 0, 80, 1_020) });
        assert_eq!(connects.owner(&event), Some(7));
        let other = attempt("10.0.0.1", 40_001, "10.0.0.2", 80, 1_010);
        assert_eq!(connects.owner(&other), None, "another port is another connection");
    }

    #[test]
    fn two_programs_that_connect_to_the_same_place_are_told_apart() {
        let mut connects = Connects::default();
        connects.take(&told(1, 7, 80, 1_000));
        connects.take(&told(2, 8, 80, 5_000));
        connects.take(&Told { begins: false, source_port: 1001, ..told(1, 0, 80, 9_000) });
        connects.take(&Told { begins: false, source_port: 1002, ..told(2, 0, 80, 9_000) });
        assert_eq!(connects.owner(&attempt("10.0.0.1", 1001, "10.0.0.2", 80, 5_001)), Some(7));
        assert_eq!(connects.owner(&attempt("10.0.0.1", 1002, "10.0.0.2", 80, 1_001)), Some(8));
    }

    #[test]
    fn an_old_connection_says_nothing_of_a_new_one() {
        let mut connects = Connects::default();
        connects.take(&told(1, 7, 80, 0));
        assert_eq!(connects.owner(&attempt("10.0.0.1", 40_000, "10.0.0.2", 80, LATE + 1)), None);
        assert_eq!(connects.owner(&attempt("10.0.0.1", 40_000, "10.0.0.9", 80, 10)), None);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut connects = Connects::default();
        for n in 0..200_000_u32 {
            connects.take(&told(n.into(), n, (n % 60_000) as u16, i64::from(n)));
        }
        let kept: usize = [&connects.now, &connects.before].iter().map(|one| one.begun.len()).sum();
        assert!(kept <= 2 * MOST, "{kept}");
        assert_eq!(connects.owner(&attempt("10.0.0.1", 1, "10.0.0.2", 19_999, 199_999)), Some(199_999));
    }
}
