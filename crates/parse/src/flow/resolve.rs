//! ARP and IPv6 neighbour discovery: who has this address?

use super::FlowFolder;
use super::key::{Key, RESOLVE};
use super::state::Opening;
use crate::packet::{Packet, Resolve};
use std::net::{IpAddr, Ipv6Addr};
use vedette_event::Event;

impl FlowFolder {
    pub(super) fn resolve(&mut self, packet: &Packet<'_>, resolve: Resolve, out: &mut Vec<Event>) {
        if resolve.request {
            self.asks(packet, out);
        } else {
            self.answers(packet, resolve, out);
        }
    }

    /// An address that announces itself asks nothing.
    fn asks(&mut self, packet: &Packet<'_>, out: &mut Vec<Event>) {
        if packet.source == packet.target {
            self.stats.housekeeping += 1;
            return;
        }
        let key = Key::with_roles(packet.source, packet.target, 0, RESOLVE);
        self.converse(key, Opening::Request, packet, out);
    }

    fn answers(&mut self, packet: &Packet<'_>, resolve: Resolve, out: &mut Vec<Event>) {
        // An advertisement to everyone may answer a host that has no address yet.
        let everyone = matches!(packet.target, IpAddr::V6(address) if address.is_multicast());
        let asker = if everyone { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { packet.target };
        let (key, asker_low) = Key::with_roles(asker, resolve.asked, 0, RESOLVE);
        let known = self.table.find(&key).is_some();
        if !known && (everyone || packet.source == packet.target) {
            self.stats.housekeeping += 1;
            return;
        }
        self.converse((key, !asker_low), Opening::Answer, packet, out);
    }
}
