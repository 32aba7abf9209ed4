//! What a detector must say of a scenario: from its label's own columns, or from the command that
//! was run.
//!
//! Belongs here: the options of scanning tools. Does not belong here: scores.

use super::manifest::{Scenario, Sources};
use vedette_event::{ScanType, Shape};

/// Types of which each must be told; of the alternatives of one, any.
pub type Types = Vec<Vec<ScanType>>;

#[derive(Clone, Debug, PartialEq, Default)]
pub struct Expected {
    /// Empty where nothing says which.
    pub types: Types,
    pub shape: Option<Shape>,
}

/// # Errors
/// A word of the label's columns that is no type or shape.
pub fn of(scenario: &Scenario) -> Result<Expected, String> {
    let types = match &scenario.types[..] {
        "" => of_command(&scenario.command),
        written => {
            let each = |word: &str| word.split('|').map(named::<ScanType>).collect();
            written.split(',').map(each).collect::<Result<Types, String>>()?
        }
    };
    let shape = match &scenario.shape[..] {
        "" => Some(shape(scenario, &types)),
        written => Some(named::<Shape>(written)?),
    };
    Ok(Expected { types, shape })
}

fn named<T: serde::de::DeserializeOwned>(word: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::String(word.trim().to_owned()))
        .map_err(|_| format!("{word:?} is no type or shape of a scan"))
}

fn of_command(command: &str) -> Types {
    let words: Vec<&str> = command.split_whitespace().collect();
    let position = |name: &str| words.iter().position(|word| word.rsplit('/').next() == Some(name));
    let after = |position: usize| &words[position + 1..];
    let one = |kind: ScanType| vec![vec![kind]];
    if let Some(at) = position("nmap") {
        return nmap(after(at));
    }
    if let Some(at) = position("hping3") {
        return vec![vec![hping(after(at))]];
    }
    if position("masscan").is_some() || position("zmap").is_some() {
        return one(ScanType::TcpSyn);
    }
    if position("fping").is_some() {
        return one(ScanType::PingSweep);
    }
    if position("arp-scan").is_some() {
        return one(ScanType::ArpSweep);
    }
    if position("nbtscan").is_some() {
        return one(ScanType::Udp);
    }
    if position("ncat").is_some() || position("nc").is_some() || command.contains("/dev/tcp/") {
        return one(ScanType::TcpConnect);
    }
    Types::new()
}

fn nmap(options: &[&str]) -> Types {
    let has = |option: &str| options.contains(&option);
    let mut types = Types::new();
    for (option, kind) in [
        ("-sS", ScanType::TcpSyn),
        ("-sT", ScanType::TcpConnect),
        ("-sU", ScanType::Udp),
        ("-sF", ScanType::TcpFin),
        ("-sN", ScanType::TcpNull),
        ("-sX", ScanType::TcpXmas),
        ("-sA", ScanType::TcpAck),
        ("-sW", ScanType::TcpWindow),
        ("-sM", ScanType::TcpMaimon),
        ("-sY", ScanType::SctpInit),
        ("-sZ", ScanType::SctpCookieEcho),
        ("-sO", ScanType::IpProtocol),
        ("-sI", ScanType::Idle),
    ] {
        if has(option) && !has("--scanflags") {
            types.push(vec![kind]);
        }
    }
    if has("-sn") {
        types.push(vec![ScanType::PingSweep, ScanType::ArpSweep]);
    }
    if has("-O") || has("-A") {
        types.push(vec![ScanType::OsDetection]);
    }
    if has("-sV") || has("-A") {
        types.push(vec![ScanType::VersionDetection]);
    }
    if has("-sC") || has("-A") || has("--script") {
        types.push(vec![ScanType::ScriptScan]);
    }
    types
}

fn hping(options: &[&str]) -> ScanType {
    let has = |short: &str, long: &str| options.contains(&short) || options.contains(&long);
    let flags = (
        has("-S", "--syn"),
        has("-F", "--fin"),
        has("-A", "--ack"),
        has("-P", "--push") && has("-U", "--urg"),
    );
    match flags {
        _ if has("-2", "--udp") => ScanType::Udp,
        _ if has("-1", "--icmp") => ScanType::PingSweep,
        (true, false, false, false) => ScanType::TcpSyn,
        (false, true, false, true) => ScanType::TcpXmas,
        (false, true, false, false) => ScanType::TcpFin,
        (false, true, true, false) => ScanType::TcpMaimon,
        (false, false, true, false) => ScanType::TcpAck,
        (false, false, false, false) => ScanType::TcpNull,
        _ => ScanType::TcpOther,
    }
}

/// Sweeps are horizontal; several victims with several ports make a block.
fn shape(scenario: &Scenario, types: &Types) -> Shape {
    let sweep =
        |kind: &ScanType| matches!(kind, ScanType::PingSweep | ScanType::ArpSweep | ScanType::HostSweep);
    let many_victims = scenario.victim.contains('-') || scenario.victim.contains('/');
    match &scenario.sources {
        Sources::AmongDecoys(_) => Shape::Decoy,
        Sources::Several(_) => Shape::Distributed,
        _ if many_victims || types.iter().flatten().any(sweep) => Shape::Horizontal,
        _ => Shape::Vertical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tells_the_type() {
        use ScanType::*;
        for (command, types) in [
            ("nmap -n -sS 10.0.0.5", vec![vec![TcpSyn]]),
            ("sleep 1; nmap -n -Pn -sI 10.0.0.9:80 10.0.0.5", vec![vec![Idle]]),
            ("nmap -A 10.0.0.5", vec![vec![OsDetection], vec![VersionDetection], vec![ScriptScan]]),
            ("hping3 -q -S -p 80 10.0.0.5", vec![vec![TcpSyn]]),
            ("hping3 -F -P -U 10.0.0.5", vec![vec![TcpXmas]]),
            ("/usr/sbin/fping -g 10.0.0.0/24", vec![vec![PingSweep]]),
            ("for p in 1 2; do (exec 3<>/dev/tcp/10.0.0.5/$p); done", vec![vec![TcpConnect]]),
            ("for p in 1 2; do ncat -z 10.0.0.5 $p; done", vec![vec![TcpConnect]]),
            ("dist.sh", vec![]),
        ] {
            assert_eq!(of_command(command), types, "{command}");
        }
    }

    #[test]
    fn written_types_go_first_and_must_exist() {
        let mut scenario = super::super::manifest::parse(
            "scenario\tfile\tkind\tcommand\ttypes\tshape\na\ta.pcap\tpositive\tnmap -sS\tudp|tcp_syn,os_detection\tblock",
        )
        .unwrap_or_default()
        .remove(0);
        let expected = of(&scenario);
        let types = vec![vec![ScanType::Udp, ScanType::TcpSyn], vec![ScanType::OsDetection]];
        assert_eq!(expected, Ok(Expected { types, shape: Some(Shape::Block) }));
        scenario.types = "port_scan".to_owned();
        assert!(of(&scenario).is_err());
    }
}
