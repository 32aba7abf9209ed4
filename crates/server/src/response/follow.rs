//! A host that carries out another server's blocks in its own firewall.
//!
//! ```text
//! server: Order (whom, how long) ─> here: spared? ─> nftables, with a time-out ─> Carried ─> server
//! ```
//!
//! The host decides for itself whom it spares: whoever rules the server, or its name, can make it drop
//! packets of strangers for a time, and neither cut it off from its routers, its resolvers and the server
//! nor do anything else to it. What was ordered ends by itself, whether the server is there or not.

use super::policy::LONGEST;
use super::spare::{Seats, Spared, Surroundings};
use super::{FirewallError, MOST_BLOCKS, firewall};
use crate::clock;
use crate::prefix::Prefix;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use utoipa::ToSchema;

/// Seconds by which the kernel's time and the ordered one may differ.
const CLOSE: u64 = 30;

/// What a server wants of the hosts that follow it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ResponseOrder)]
pub struct Order {
    /// When false, all blocks end.
    pub enabled: bool,
    pub blocks: Vec<Ordered>,
    /// Networks that the server's administrator never blocks.
    #[schema(value_type = Vec<String>)]
    pub never_block: Vec<Prefix>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ResponseOrdered)]
pub struct Ordered {
    #[schema(value_type = String)]
    pub address: IpAddr,
    /// From now.
    pub seconds: u64,
}

/// What a host made of an order, and what the server is told of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResponseCarried)]
pub struct Carried {
    /// Why nothing can be blocked there; absent when it can.
    #[serde(default)]
    pub trouble: Option<String>,
    /// Blocked in its kernel.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub blocked: Vec<IpAddr>,
    /// Ordered, and not carried out.
    #[serde(default)]
    pub spared: Vec<SparedOrder>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResponseSpared)]
pub struct SparedOrder {
    #[schema(value_type = String)]
    pub address: IpAddr,
    /// The end of a sentence that begins with the address.
    pub why: String,
}

/// Whom this host spares besides those it always does: the server, and what its own administrator says.
#[derive(Clone, Debug, Default)]
pub struct Own {
    pub server: Vec<IpAddr>,
    pub never_block: Vec<Prefix>,
}

impl Own {
    /// # Errors
    /// A sentence that names what is no address and no network.
    pub fn new(server: Vec<IpAddr>, never_block: &[String]) -> Result<Own, String> {
        let networks =
            never_block.iter().map(|text| text.parse::<Prefix>().map_err(|error| error.to_string()));
        Ok(Own { server, never_block: networks.collect::<Result<_, _>>()? })
    }

    /// Whether the server is this host: it blocks here already.
    pub fn is_here(&self) -> bool {
        let own = Surroundings::read().own;
        self.server.iter().any(|server| server.is_loopback() || own.contains(&server.to_canonical()))
    }
}

/// Takes everything out of this host's firewall again. Whether there was something.
pub fn let_go() -> Result<bool, String> {
    firewall::clear().map_err(|error| format!("{error}. {}", error.help()))
}

/// Makes this host's firewall do what is ordered. Blocks the thread.
pub fn carry_out(order: &Order, own: &Own) -> Carried {
    let (wanted, spared) = sifted(order, own, &Surroundings::read());
    match enforce(order.enabled, &wanted) {
        Ok(blocked) => Carried { trouble: None, blocked, spared },
        Err(error) => {
            let trouble = crate::api::error::capitalised(&format!("{error}. {}", error.help()));
            Carried { trouble: Some(trouble), blocked: Vec::new(), spared }
        }
    }
}

/// Who is to be blocked here, and who is spared.
fn sifted(order: &Order, own: &Own, surroundings: &Surroundings) -> (Vec<Ordered>, Vec<SparedOrder>) {
    let listed: Vec<Prefix> = own.never_block.iter().chain(&order.never_block).copied().collect();
    let seats = Seats::default();
    let spared = Spared { surroundings, listed: &listed, classes: &[], seats: &seats, asker: None };
    let (mut wanted, mut left_out) = (Vec::new(), Vec::new());
    for one in order.blocks.iter().take(MOST_BLOCKS) {
        let address = one.address.to_canonical();
        let server = own.server.iter().any(|server| server.to_canonical() == address);
        let why = if server { Some("is the server".to_owned()) } else { spared.why(address, clock::now()) };
        match why {
            Some(why) => left_out.push(SparedOrder { address, why }),
            None => wanted.push(Ordered { address, seconds: one.seconds.clamp(1, LONGEST) }),
        }
    }
    (wanted, left_out)
}

fn enforce(enabled: bool, wanted: &[Ordered]) -> Result<Vec<IpAddr>, FirewallError> {
    firewall::ready()?;
    let kernel = firewall::blocked()?;
    if !enabled || wanted.is_empty() {
        if kernel.is_some() {
            firewall::clear()?;
        }
        return Ok(Vec::new());
    }
    let kernel = kernel.unwrap_or_default();
    let (missing, over) = differences(&kernel, wanted);
    if !missing.is_empty() {
        firewall::block(&missing)?;
    }
    for address in over {
        firewall::unblock(address)?;
    }
    Ok(wanted.iter().map(|one| one.address).collect())
}

/// What is to be blocked, or for another time, and what is to be let go.
fn differences(kernel: &[(IpAddr, u64)], wanted: &[Ordered]) -> (Vec<(IpAddr, u64)>, Vec<IpAddr>) {
    let stands = |one: &Ordered| {
        let known = kernel.iter().find(|(address, _)| *address == one.address);
        known.is_some_and(|(_, left)| left.abs_diff(one.seconds) <= CLOSE)
    };
    let missing = wanted.iter().filter(|one| !stands(one)).map(|one| (one.address, one.seconds)).collect();
    let over = kernel.iter().map(|(address, _)| *address);
    (missing, over.filter(|address| !wanted.iter().any(|one| one.address == *address)).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn ordered(address: &str, seconds: u64) -> Ordered {
        Ordered { address: ip(address), seconds }
    }

    #[test]
    fn a_host_spares_what_it_needs_whatever_the_server_orders() {
        let surroundings = Surroundings {
            own: vec![ip("10.0.0.5")],
            gateways: vec![ip("10.0.0.1")],
            resolvers: vec![ip("10.0.0.2")],
        };
        let own = Own { server: vec![ip("10.0.0.9")], never_block: vec!["192.0.2.0/24".parse().unwrap()] };
        let all = [
            "127.0.0.1",
            "10.0.0.5",
            "10.0.0.1",
            "10.0.0.2",
            "::ffff:10.0.0.9",
            "192.0.2.7",
            "198.51.100.3",
            "224.0.0.1",
        ];
        let mut blocks: Vec<Ordered> = all.iter().map(|address| ordered(address, 60)).collect();
        blocks.push(ordered("203.0.113.9", u64::MAX));
        let never_block = vec!["198.51.100.0/24".parse().unwrap()];
        let order = Order { enabled: true, blocks, never_block };
        let (wanted, spared) = sifted(&order, &own, &surroundings);
        assert_eq!(wanted, [ordered("203.0.113.9", LONGEST)], "for a time, never for good");
        assert_eq!(spared.len(), all.len(), "{spared:?}");
    }

    #[test]
    fn the_kernel_is_told_what_changed_alone() {
        let kernel = [(ip("10.0.0.1"), 595), (ip("10.0.0.2"), 60), (ip("10.0.0.3"), 60)];
        let wanted = [ordered("10.0.0.1", 600), ordered("10.0.0.2", 3_600), ordered("10.0.0.4", 60)];
        let (missing, over) = differences(&kernel, &wanted);
        assert_eq!(missing, [(ip("10.0.0.2"), 3_600), (ip("10.0.0.4"), 60)]);
        assert_eq!(over, [ip("10.0.0.3")]);
    }
}
