//! ATT&CK identifiers, version 19.2.
//!
//! A scan from one of our own hosts is Discovery (TA0007): Network Service Discovery (T1046) when
//! services are probed, Remote System Discovery (T1018) when hosts are looked for. A scan from the
//! Internet is Reconnaissance (TA0043): Scanning IP Blocks (T1595.001) when addresses are swept,
//! Vulnerability Scanning (T1595.002) when services are probed beyond being there.

use vedette_event::{Mitre, ScanType};

pub(crate) fn of(internal: bool, scan_types: &[ScanType], hosts: u32) -> Mitre {
    let has = |kinds: &[ScanType]| kinds.iter().any(|kind| scan_types.contains(kind));
    let sweeps = has(&[ScanType::PingSweep, ScanType::ArpSweep, ScanType::HostSweep]);
    let only_hosts = scan_types.iter().all(|kind| matches!(kind, ScanType::PingSweep | ScanType::ArpSweep));
    let services = has(&[ScanType::OsDetection, ScanType::VersionDetection, ScanType::ScriptScan]);
    let mut techniques = Vec::new();
    if internal {
        if !only_hosts {
            techniques.push("T1046");
        }
        if sweeps {
            techniques.push("T1018");
        }
    } else {
        // Ports of one host are a block of one address; the sub-technique says "IP blocks".
        if sweeps || hosts > 1 || !services {
            techniques.push("T1595.001");
        }
        if services {
            techniques.push("T1595.002");
        }
    }
    let tactic = if internal { "TA0007" } else { "TA0043" };
    Mitre {
        tactics: vec![tactic.to_owned()],
        techniques: techniques.into_iter().map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_where_it_comes_from_and_what_it_asks() {
        let techniques = |internal, kinds: &[ScanType], hosts| of(internal, kinds, hosts).techniques;
        assert_eq!(techniques(true, &[ScanType::TcpSyn], 1), ["T1046"]);
        assert_eq!(techniques(true, &[ScanType::ArpSweep], 254), ["T1018"]);
        assert_eq!(techniques(true, &[ScanType::TcpSyn, ScanType::HostSweep], 64), ["T1046", "T1018"]);
        assert_eq!(techniques(false, &[ScanType::TcpSyn], 1), ["T1595.001"]);
        assert_eq!(techniques(false, &[ScanType::VersionDetection], 1), ["T1595.002"]);
        assert_eq!(of(false, &[], 1).tactics, ["TA0043"]);
    }
}
