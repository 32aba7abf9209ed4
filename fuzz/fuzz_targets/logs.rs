//! Any bytes as a log of every format, and as flow records.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vedette_event::Time;
use vedette_parse::log::{Context, Format, LineReader, sniff};
use vedette_parse::netflow;

/// 2026-11-24T12:00:00Z
const NOW: Time = Time(1_795_521_600_000_000);

fuzz_target!(|data: &[u8]| {
    let context = Context::utc(NOW, "f");
    for format in Format::ALL {
        match LineReader::new(format, context.clone()) {
            Some(mut reader) => data.split(|byte| *byte == b'\n').for_each(|line| {
                let _ = reader.read(line);
            }),
            None => {
                let mut reader = netflow::Reader::new(&context);
                let mut out = reader.read(data, NOW);
                reader.finish(&mut out);
            }
        }
    }
    let _ = sniff(data, NOW);
});
