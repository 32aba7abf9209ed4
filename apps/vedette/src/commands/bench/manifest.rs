//! The labels of a folder of captures: `manifest.tsv`, one line a scenario, columns by name.
//!
//! Belongs here: reading labels. Does not belong here: what follows from a command line
//! (see [`super::expect`]).

use std::net::{IpAddr, Ipv4Addr};

/// More sources than this are not listed one by one.
const MOST_SOURCES: u32 = 4_096;

/// Who sent the scan, as the label says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sources {
    /// Not said, or invented.
    Unknown,
    One(IpAddr),
    /// The real one, hidden among this many others.
    AmongDecoys(IpAddr),
    Several(Vec<IpAddr>),
}

/// One line of a manifest.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: String,
    pub file: String,
    pub positive: bool,
    pub what: String,
    pub sources: Sources,
    pub victim: String,
    pub command: String,
    /// Columns `types` and `shape` where the manifest has them; empty otherwise.
    pub types: String,
    pub shape: String,
    /// Alerts that are right for a scan: one, unless column `alerts` says that it is several.
    pub alerts: usize,
}

/// Reads a manifest.
///
/// # Errors
/// The line, and what is wrong with it.
pub fn parse(text: &str) -> Result<Vec<Scenario>, String> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (_, head) = lines.next().ok_or("the manifest is empty")?;
    let columns: Vec<&str> = head.split('\t').map(str::trim).collect();
    for needed in ["scenario", "file", "kind"] {
        if !columns.contains(&needed) {
            return Err(format!("the manifest's first line names no column {needed:?}"));
        }
    }
    lines
        .map(|(number, line)| scenario(&columns, line).map_err(|e| format!("line {}: {e}", number + 1)))
        .collect()
}

fn scenario(columns: &[&str], line: &str) -> Result<Scenario, String> {
    let cells: Vec<&str> = line.split('\t').collect();
    let cell = |name: &str| -> String {
        let position = columns.iter().position(|&column| column == name);
        position.and_then(|position| cells.get(position)).map_or("", |cell| cell.trim()).to_owned()
    };
    let file = cell("file");
    if file.is_empty() || file.contains('/') || file.contains('\\') {
        return Err(format!("{file:?} is not the name of a file beside the manifest"));
    }
    let positive = match &cell("kind")[..] {
        "positive" => true,
        "negative" => false,
        other => return Err(format!("kind is {other:?}; give positive or negative")),
    };
    let alerts = match &cell("alerts")[..] {
        "" => 1,
        text => text.parse().map_err(|_| format!("alerts is {text:?}; give a number"))?,
    };
    Ok(Scenario {
        name: cell("scenario"),
        file,
        positive,
        what: cell("what"),
        sources: sources(&cell("sources"))?,
        victim: cell("victim"),
        command: cell("command"),
        types: cell("types"),
        shape: cell("shape"),
        alerts,
    })
}

/// `A`, `A + 10 decoys: …`, `A..B (20)`, `random (…)`, or nothing.
fn sources(text: &str) -> Result<Sources, String> {
    let address = |text: &str| {
        text.trim().parse::<IpAddr>().map_err(|_| format!("{:?} is not an address", text.trim()))
    };
    let text = text.split('(').next().unwrap_or("").trim();
    if text.is_empty() || text.starts_with("random") {
        return Ok(Sources::Unknown);
    }
    if let Some((real, _)) = text.split_once('+') {
        return address(real).map(Sources::AmongDecoys);
    }
    let Some((first, last)) = text.split_once("..") else { return address(text).map(Sources::One) };
    match (address(first)?, address(last)?) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            let (first, last) = (first.to_bits(), last.to_bits());
            if last < first || last - first >= MOST_SOURCES {
                return Err(format!("{text:?} is not a range of at most {MOST_SOURCES} addresses"));
            }
            Ok(Sources::Several((first..=last).map(|bits| Ipv4Addr::from_bits(bits).into()).collect()))
        }
        _ => Err(format!("{text:?}: ranges are of IPv4 addresses")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sources_in_every_form() {
        let real: IpAddr = "10.0.0.9".parse().unwrap();
        assert_eq!(sources(""), Ok(Sources::Unknown));
        assert_eq!(sources("random (19999)"), Ok(Sources::Unknown));
        assert_eq!(sources("10.0.0.9"), Ok(Sources::One(real)));
        assert_eq!(sources("fd50::9"), Ok(Sources::One("fd50::9".parse().unwrap())));
        assert_eq!(sources("10.0.0.9 + 2 decoys: 1.1.1.1,2.2.2.2"), Ok(Sources::AmongDecoys(real)));
        assert!(matches!(sources("10.0.0.9..10.0.0.28 (20)"), Ok(Sources::Several(all)) if all.len() == 20));
        for wrong in ["someone", "10.0.0.9..10.0.0.1", "0.0.0.0..255.255.255.255", "fd50::1..fd50::9"] {
            assert!(sources(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn errors_name_the_line() {
        let head = "scenario\tfile\tkind\n";
        assert_eq!(parse(&format!("{head}a\ta.pcap\tpositive\n")).unwrap().len(), 1);
        let error = parse(&format!("{head}a\ta.pcap\tpositive\nb\t../b\tpositive\n")).unwrap_err();
        assert!(error.starts_with("line 3"), "{error}");
        assert!(parse(&format!("{head}a\ta.pcap\tmaybe\n")).unwrap_err().contains("maybe"));
        assert!(parse("scenario\tfile\n").unwrap_err().contains("kind"));
        assert!(parse("").is_err());
    }
}
