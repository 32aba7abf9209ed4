//! Writes databases in the MaxMind format, for tests: what its public specification asks for and no more.

use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// A database over IPv4 networks (`10.0.0.0/8`) and their records. Numbers become 32-bit integers or
/// doubles.
pub fn database(kind: &str, networks: &[(&str, Value)]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut tree = Tree { nodes: vec![[None, None]] };
    for (network, record) in networks {
        let (address, length) = network.split_once('/').unwrap();
        let bits = u32::from(address.parse::<Ipv4Addr>().unwrap());
        tree.insert(bits, length.parse().unwrap(), data.len());
        write(record, &mut data);
    }
    let mut file = tree.bytes();
    file.extend([0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    let meta = json!({
        "node_count": tree.nodes.len(), "record_size": 24, "ip_version": 4, "database_type": kind,
        "languages": ["en"], "binary_format_major_version": 2, "binary_format_minor_version": 0,
        "build_epoch": 1_769_860_800u64, "description": {"en": "made by a test"},
    });
    write(&meta, &mut file);
    file
}

#[derive(Clone, Copy)]
enum To {
    Node(usize),
    Data(usize),
}

struct Tree {
    nodes: Vec<[Option<To>; 2]>,
}

impl Tree {
    fn insert(&mut self, bits: u32, length: u32, data: usize) {
        let mut node = 0;
        for at in 0..length {
            let side = (bits >> (31 - at) & 1) as usize;
            if at + 1 == length {
                self.nodes[node][side] = Some(To::Data(data));
                return;
            }
            node = match self.nodes[node][side] {
                Some(To::Node(next)) => next,
                _ => {
                    self.nodes.push([None, None]);
                    let next = self.nodes.len() - 1;
                    self.nodes[node][side] = Some(To::Node(next));
                    next
                }
            };
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let count = self.nodes.len();
        let record = |to: &Option<To>| match to {
            None => count,
            Some(To::Node(node)) => *node,
            Some(To::Data(offset)) => count + 16 + offset,
        };
        let records = self.nodes.iter().flatten().map(record);
        records.flat_map(|record| (record as u32).to_be_bytes()[1..].to_vec()).collect()
    }
}

/// Of 16 bits, where other numbers have 32.
const SHORT: [&str; 4] =
    ["record_size", "ip_version", "binary_format_major_version", "binary_format_minor_version"];

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            head(2, text.len(), out);
            out.extend(text.as_bytes());
        }
        Value::Number(number) if number.is_f64() => {
            head(3, 8, out);
            out.extend(number.as_f64().unwrap().to_be_bytes());
        }
        Value::Number(number) => {
            let number = number.as_u64().unwrap();
            // The one number that the specification wants longer is the time of the build.
            let (kind, bytes) = if number > 1_000_000_000 { (9, 8) } else { (6, 4) };
            head(kind, bytes, out);
            out.extend(&number.to_be_bytes()[8 - bytes..]);
        }
        Value::Object(map) => {
            head(7, map.len(), out);
            for (key, value) in map {
                write(&Value::from(key.as_str()), out);
                match value.as_u64().filter(|_| SHORT.contains(&key.as_str())) {
                    Some(number) => {
                        head(5, 2, out);
                        out.extend(&number.to_be_bytes()[6..]);
                    }
                    None => write(value, out),
                }
            }
        }
        Value::Array(items) => {
            head(11, items.len(), out);
            items.iter().for_each(|item| write(item, out));
        }
        other => panic!("{other} has no form here"),
    }
}

fn head(kind: u8, size: usize, out: &mut Vec<u8>) {
    assert!(size < 29 + 256, "a longer value than tests need");
    let (short, rest) = if size < 29 { (size as u8, None) } else { (29, Some((size - 29) as u8)) };
    if kind < 8 {
        out.push(kind << 5 | short);
    } else {
        out.extend([short, kind - 7]);
    }
    out.extend(rest);
}
