//! Test support: a switch and some hosts in network namespaces, where real tools scan real hosts
//! and no packet leaves.
//!
//! Belongs here: making and removing labs, running programs in them, sending frames. Does not
//! belong here: anything of Vedette itself. As test support it panics where a test could not go
//! on; what merely cannot run on this machine is a [`Skip`].
//!
//! ```no_run
//! # fn main() {
//! let Some(lab) = vedette_lab::Lab::or_skip(2, &["nmap"]) else { return };
//! let target = lab.host(1).v4.to_string();
//! let output = lab.run(0, &["nmap", "-sS", "-n", "-p1-100", &target]);
//! # }
//! ```

#![allow(clippy::expect_used, clippy::panic)]

mod command;
mod frames;
mod namespace;

pub use command::{Output, Running};
pub use frames::{Sender, ethernet, ipv4, ipv6, tcp, udp, vlan};

use namespace::ip;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How long a program may run in the lab unless the test says otherwise.
pub const TIME_OUT: Duration = Duration::from_secs(60);

/// Why the lab cannot be had on this machine.
#[derive(Debug)]
pub struct Skip(pub String);

/// One host of a lab. Its first interface is `eth0`.
#[derive(Clone, Debug)]
pub struct Host {
    /// Name of its network namespace.
    pub namespace: String,
    pub v4: Ipv4Addr,
    pub v6: Ipv6Addr,
    pub mac: [u8; 6],
}

/// A switch and its hosts; all of it is gone when this is dropped.
#[derive(Debug)]
pub struct Lab {
    switch: String,
    hosts: Vec<Host>,
    ports: AtomicU32,
    segments: Mutex<Vec<u8>>,
}

/// Whether a lab can be made here: the rights and the programs `ip` and `nsenter`.
pub fn available() -> Result<(), String> {
    namespace::available()
}

/// Whether a program is installed.
pub fn installed(program: &str) -> bool {
    command::find(program).is_some()
}

impl Lab {
    /// Makes a lab of `hosts` hosts (at most 200): 198.18.0.N/24 and fd00:5e::N/64 on `eth0`, with
    /// N from 1, MAC 02:00:00:00:00:N. There is no default route.
    ///
    /// # Errors
    /// [`Skip`] when this machine cannot have one. Panics when making it fails half-way.
    pub fn new(hosts: usize) -> Result<Lab, Skip> {
        available().map_err(Skip)?;
        assert!((1..=200).contains(&hosts), "a lab has 1 to 200 hosts");
        namespace::sweep();
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("{}{}x{}", namespace::PREFIX, std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut lab = Lab {
            switch: format!("{name}s"),
            hosts: Vec::new(),
            ports: AtomicU32::new(0),
            segments: Mutex::default(),
        };
        namespace::add(&lab.switch);
        // A switch has no addresses: its ports say nothing of their own.
        namespace::enter(&lab.switch, || {
            std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").expect("IPv6 settings");
        });
        lab.segment(0);
        for number in 1..=hosts as u8 {
            let host = Host {
                namespace: format!("{name}h{number}"),
                v4: Ipv4Addr::new(198, 18, 0, number),
                v6: Ipv6Addr::new(0xfd00, 0x5e, 0, 0, 0, 0, 0, number.into()),
                mac: [2, 0, 0, 0, 0, number],
            };
            namespace::add(&host.namespace);
            // Known from here on, so that a panic below removes it.
            lab.hosts.push(host);
            let index = lab.hosts.len() - 1;
            lab.plug(index, "eth0", 0);
            ip(&["-n", &lab.hosts[index].namespace, "link", "set", "lo", "up"]);
        }
        Ok(lab)
    }

    /// A lab, or a printed reason why the test is skipped: no rights, or one of `programs` is not
    /// installed. With the environment variable `VEDETTE_LAB=required` that is a failure.
    pub fn or_skip(hosts: usize, programs: &[&str]) -> Option<Lab> {
        let missing = programs.iter().find(|program| !installed(program));
        let made = match missing {
            Some(program) => Err(Skip(format!("{program} is not installed"))),
            None => Lab::new(hosts),
        };
        match made {
            Ok(lab) => Some(lab),
            Err(Skip(reason)) if std::env::var_os("VEDETTE_LAB").is_some_and(|value| value == "required") => {
                panic!("a lab is required, yet: {reason}")
            }
            Err(Skip(reason)) => {
                eprintln!("skipped: no lab here: {reason}");
                None
            }
        }
    }

    pub fn host(&self, index: usize) -> &Host {
        &self.hosts[index]
    }

    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Gives a host one more interface, on the network segment `subnet` (S, not 0, which is that of
    /// `eth0`), with 198.18.S.N/24, fd00:5e:S::N/64 and MAC 02:00:00:S:00:N.
    pub fn add_interface(&self, host: usize, name: &str, subnet: u8) {
        assert_ne!(subnet, 0, "subnet 0 is the one of eth0");
        let mut segments = self.segments.lock().expect("no holder panics");
        if !segments.contains(&subnet) {
            segments.push(subnet);
            self.segment(subnet);
        }
        self.plug(host, name, subnet);
    }

    /// A bridge in the switch. Each segment has its own: on a shared one Linux would answer for
    /// an address with the MAC of any interface.
    fn segment(&self, subnet: u8) {
        let bridge = format!("br{subnet}");
        ip(&["-n", &self.switch, "link", "add", &bridge, "type", "bridge", "mcast_snooping", "0"]);
        ip(&["-n", &self.switch, "link", "set", &bridge, "up"]);
    }

    fn plug(&self, host: usize, name: &str, subnet: u8) {
        let namespace = &self.hosts[host].namespace;
        let number = host + 1;
        let port = format!("p{}", self.ports.fetch_add(1, Ordering::Relaxed));
        let mac = format!("02:00:00:{subnet:02x}:00:{number:02x}");
        let v4 = format!("198.18.{subnet}.{number}/24");
        let v6 = match subnet {
            0 => format!("fd00:5e::{number:x}/64"),
            _ => format!("fd00:5e:{subnet:x}::{number:x}/64"),
        };
        let switch = &self.switch;
        ip(&["-n", switch, "link", "add", &port, "type", "veth", "peer", "name", name, "netns", namespace]);
        ip(&["-n", switch, "link", "set", &port, "master", &format!("br{subnet}"), "up"]);
        ip(&["-n", namespace, "link", "set", name, "address", &mac]);
        // Addresses are usable at once: nobody else can have them.
        self.enter(host, || {
            let setting = format!("/proc/sys/net/ipv6/conf/{name}/accept_dad");
            std::fs::write(setting, "0").expect("IPv6 settings of the namespace");
        });
        ip(&["-n", namespace, "addr", "add", &v4, "dev", name]);
        ip(&["-n", namespace, "addr", "add", &v6, "dev", name, "nodad"]);
        ip(&["-n", namespace, "link", "set", name, "up"]);
    }

    /// Takes an interface away again.
    pub fn remove_interface(&self, host: usize, name: &str) {
        ip(&["-n", &self.hosts[host].namespace, "link", "del", name]);
    }

    /// Runs a program on a host, to its end or for [`TIME_OUT`].
    pub fn run(&self, host: usize, command: &[&str]) -> Output {
        self.run_for(host, TIME_OUT, command)
    }

    /// The same with a time-out of its own. A program that runs longer is ended.
    pub fn run_for(&self, host: usize, time_out: Duration, command: &[&str]) -> Output {
        self.spawn(host, command).wait(time_out)
    }

    /// Starts a program on a host; it is ended when what comes back is dropped.
    pub fn spawn(&self, host: usize, command: &[&str]) -> Running {
        let namespace = &self.hosts[host].namespace;
        namespace::refuse_default_route(namespace);
        Running::start(namespace, command)
    }

    /// Calls `work` in a thread inside the host's network namespace. Threads and sockets that it
    /// makes belong to the host.
    pub fn enter<T: Send>(&self, host: usize, work: impl FnOnce() -> T + Send) -> T {
        namespace::enter(&self.hosts[host].namespace, work)
    }

    /// Lets the host's firewall drop everything that comes in.
    pub fn nft_drop_all(&self, host: usize) {
        self.nft(host, "table inet lab { chain input { type filter hook input priority 0; policy drop; }; }");
    }

    /// The same, earlier: at the ingress hook of `eth0`, before the IP stack.
    pub fn nft_drop_at_ingress(&self, host: usize) {
        let hook = "type filter hook ingress device \"eth0\" priority 0; policy drop;";
        self.nft(host, &format!("table netdev lab {{ chain ingress {{ {hook} }}; }}"));
    }

    /// Loads a piece of nftables ruleset on a host.
    pub fn nft(&self, host: usize, ruleset: &str) {
        let output = self.run(host, &["nft", ruleset]);
        assert!(output.success(), "nft: {}", output.stderr);
    }

    /// A socket that sends frames out of an interface of a host.
    pub fn sender(&self, host: usize, interface: &str) -> Sender {
        self.enter(host, || Sender::open(interface))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for host in &self.hosts {
            namespace::remove(&host.namespace);
        }
        namespace::remove(&self.switch);
    }
}
