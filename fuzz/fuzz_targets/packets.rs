//! Any frames, through the decoder, the flow table and the detector.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use vedette_detect::{Config, Detector};
use vedette_event::{Observer, ObserverKind, Time};
use vedette_parse::flow::{FlowFolder, FolderConfig};
use vedette_parse::packet::{Frame, Link, Way, decode_inside};
use vedette_parse::probes::ProbeKeeper;

const LINKS: [Link; 7] =
    [Link::Ethernet, Link::Sll, Link::Sll2, Link::RawIp, Link::Null, Link::Ppp, Link::Nflog];
const WAYS: [Way; 3] = [Way::In, Way::Out, Way::Unknown];

fuzz_target!(|data: &[u8]| {
    let observer = Observer { id: "f".to_owned(), hostname: "f".to_owned(), kind: ObserverKind::Sensor };
    let mut folder = FlowFolder::new(FolderConfig::new(Arc::new(observer)));
    let mut keeper = ProbeKeeper::new(16);
    let mut detector = Detector::new(Config { memory: 4 << 20, ..Config::default() });
    let (mut events, mut told, mut time) = (Vec::new(), Vec::new(), 0_i64);
    let mut rest = data;
    // A frame: its link and way, how much later it comes, its length, its bytes.
    while let [kind, later, length, tail @ ..] = rest {
        let (bytes, next) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = next;
        time += i64::from(*later).pow(4);
        let frame = Frame {
            time: Time(time),
            link: LINKS[usize::from(*kind) % LINKS.len()],
            way: WAYS[usize::from(*kind) / 8 % WAYS.len()],
            data: bytes,
            wire_len: bytes.len() as u32 + u32::from(*kind / 64) * 700,
            interface: u32::from(*kind % 3),
            checksum_pending: kind % 2 == 1,
        };
        if let Ok((frame, packet)) = decode_inside(&frame) {
            folder.push(&packet, &mut events);
            keeper.keep(&frame, &packet, folder.began_flow());
        }
        for event in events.drain(..) {
            detector.observe(&event, &mut told);
        }
    }
    folder.finish(&mut events);
    for event in events.drain(..) {
        detector.observe(&event, &mut told);
    }
    if let Some(state) = detector.checkpoint() {
        assert!(Detector::restore(Config::default(), &state).is_ok());
    }
    detector.finish(&mut told);
});
