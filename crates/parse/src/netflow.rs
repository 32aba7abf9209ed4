//! Flow records of routers and firewalls: NetFlow 5 and 9, and IPFIX.
//!
//! Input is a capture of the datagrams, or the datagrams themselves one after the other. A record
//! is one direction of a flow, mostly: [`pairs`] puts both together before the detector hears of
//! them.
//!
//! Belongs here: the order of things. Does not belong here: the layout of datagrams
//! ([`datagram`]), what fields mean ([`flow`]), templates ([`template`]).

mod datagram;
mod flow;
mod pairs;
mod template;

use crate::log::{Context, Format, LogError, Maker, Record, RowOf, transport_name, transport_of};
use crate::packet::{Body, Frame, decode};
use crate::pcap::{self, CaptureError};
use flow::Flow;
use pairs::Pairs;
use std::net::IpAddr;
use template::Templates;
use vedette_event::datasets::netflow::DATASET;
use vedette_event::{Observation, Time, Transport};

const FORMAT: &str = "NetFlow or IPFIX";
/// Versions of datagrams that are read.
const VERSIONS: [u16; 3] = [5, 9, 10];

/// Input that gave no record, with the reason.
#[derive(Clone, Debug)]
pub struct Bad {
    pub raw: Vec<u8>,
    pub why: LogError,
}

/// What some input gave.
#[derive(Debug, Default)]
pub struct Output {
    /// Without anything seen: that is in `seen`, because it takes several records to see it.
    pub records: Vec<Record>,
    pub bad: Vec<Bad>,
    pub seen: Vec<Observation>,
}

/// Bytes to be read: a capture (pcap, pcapng) of datagrams, or datagrams one after the other.
pub struct Input<'a> {
    rest: Rest<'a>,
}

enum Rest<'a> {
    Capture(Box<pcap::Reader<'a>>),
    Datagrams(&'a [u8]),
}

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Input<'a> {
        let rest = match pcap::Reader::new(bytes) {
            Ok(capture) => Rest::Capture(Box::new(capture)),
            Err(_) => Rest::Datagrams(bytes),
        };
        Input { rest }
    }
}

/// Reads the datagrams of one or more exporters in order.
pub struct Reader {
    maker: Maker,
    templates: Templates,
    pairs: Pairs,
}

/// Whose datagram it is, and when it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exporter {
    pub(crate) address: Option<IpAddr>,
    /// For records that carry no time at all.
    pub(crate) received: Time,
}

/// Whether the bytes are NetFlow datagrams by their beginning. A capture is a capture, whatever
/// is in it.
pub(crate) fn looks_like(bytes: &[u8]) -> bool {
    datagram::begins(bytes)
}

impl Reader {
    pub fn new(context: &Context) -> Reader {
        let maker = Maker::new(Format::Netflow, &context.origin);
        Reader { maker, templates: Templates::default(), pairs: Pairs::default() }
    }

    /// Reads the next datagram; false when there is none. `now` is for datagrams that carry no time.
    pub fn step(&mut self, input: &mut Input<'_>, now: Time, out: &mut Output) -> bool {
        match &mut input.rest {
            Rest::Capture(capture) => match capture.next() {
                Some(frame) => self.read_frame(frame, out),
                None => return false,
            },
            Rest::Datagrams([]) => return false,
            Rest::Datagrams(rest) => {
                let from = Exporter { address: None, received: now };
                *rest = self.read_datagram(rest, from, out);
            }
        }
        true
    }

    /// Reads all of an input.
    pub fn read(&mut self, input: &[u8], now: Time) -> Output {
        let (mut input, mut out) = (Input::new(input), Output::default());
        while self.step(&mut input, now, &mut out) {}
        out
    }

    /// The input ends: what waits for its other half is told as it is, and data whose template
    /// never came is given back.
    pub fn finish(&mut self, out: &mut Output) {
        self.pairs.finish(&mut self.maker, &mut out.seen);
        let why = LogError::Missing {
            name: "the template of a data set (it is sent now and then; read more of this exporter)",
        };
        out.bad.extend(self.templates.orphans().map(|raw| Bad { raw, why: why.clone() }));
    }

    fn read_frame(&mut self, frame: Result<Frame<'_>, CaptureError>, out: &mut Output) {
        let wrong = |expected| LogError::NotThis { format: FORMAT, expected };
        {
            let Ok(frame) = frame else {
                out.bad.push(Bad { raw: Vec::new(), why: wrong("the capture is damaged") });
                return;
            };
            match decode(&frame) {
                Ok(packet) if matches!(packet.body, Body::Udp(_)) => {
                    let from = Exporter { address: Some(packet.source), received: packet.time };
                    let payload = packet.segment.get(8..).unwrap_or(&[]);
                    let rest = self.read_datagram(payload, from, out);
                    if !rest.is_empty() {
                        out.bad.push(Bad { raw: rest.to_vec(), why: wrong("bytes behind the last record") });
                    }
                }
                _ => out
                    .bad
                    .push(Bad { raw: frame.data.to_vec(), why: wrong("a packet that is no UDP datagram") }),
            }
        }
    }

    /// Reads one datagram and gives back what follows it.
    fn read_datagram<'a>(&mut self, bytes: &'a [u8], from: Exporter, out: &mut Output) -> &'a [u8] {
        let mut flows = Vec::new();
        let (rest, trouble) = datagram::read(bytes, from, &mut self.templates, &mut flows);
        for flow in flows {
            out.records.push(record(&flow));
            self.pairs.take(flow, &mut self.maker, &mut out.seen);
        }
        if let Some(why) = trouble {
            let used = bytes.len() - rest.len();
            out.bad.push(Bad { raw: bytes[..used].to_vec(), why });
        }
        rest
    }
}

fn record(flow: &Flow) -> Record {
    let transport = flow.protocol.map(transport_of);
    let v6 = flow.source.or(flow.target).is_some_and(|address| address.is_ipv6());
    let ports = matches!(transport, Some(Transport::Tcp | Transport::Udp | Transport::Sctp));
    let mut row =
        RowOf::new(&DATASET, "NetFlow", if flow.version == 10 { "IPFIX" } else { "NetFlow" }, flow.start);
    row.set("version", flow.version);
    row.set("exporter_ip", flow.exporter);
    row.set("exporter_id", flow.domain);
    row.set("source_ip", flow.source);
    row.set("dest_ip", flow.target);
    row.set("source_port", flow.source_port.filter(|_| ports));
    row.set("dest_port", flow.target_port.filter(|_| ports));
    row.set("protocol", transport.map(|transport| transport_name(transport, v6)));
    row.set("bytes_sent", flow.bytes);
    row.set("packets_sent", flow.packets);
    row.set("bytes_received", flow.bytes_back);
    row.set("packets_received", flow.packets_back);
    row.set("start_time", flow.start);
    row.set("end_time", flow.end);
    row.set("tcp_flags", flow.flags);
    row.set("tos", flow.tos);
    row.set("icmp_type", flow.icmp.map(|(kind, _)| kind));
    row.set("icmp_code", flow.icmp.map(|(_, code)| code));
    row.set("inbound_if", flow.inbound);
    row.set("outbound_if", flow.outbound);
    row.set("source_as", flow.source_as);
    row.set("dest_as", flow.target_as);
    row.set("next_hop", flow.next_hop);
    row.set("nat_source", flow.nat_source);
    row.set("nat_dest", flow.nat_target);
    row.set("action", flow.event.and_then(flow::event_name).map(str::to_owned));
    row.set("flow_end_reason", flow.end_reason);
    row.set("sampling", flow.sampling.filter(|one_in| *one_in > 1));
    row.set("vlan", flow.vlan);
    row.done(Vec::new())
}

#[cfg(test)]
#[path = "netflow/tests.rs"]
mod tests;
