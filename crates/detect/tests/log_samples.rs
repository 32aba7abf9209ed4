//! Real logs of other products from the shared samples: every line gives a row, the scans in them
//! raise one alert each with the right source and kind, and nothing else does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod logs;

use logs::{Read, lines, sample};
use vedette_event::{Detection, ScanType, Shape};
use vedette_parse::log::Format;

#[track_caller]
fn scans(read: &Read) -> Vec<&Detection> {
    read.scans.iter().collect()
}

#[track_caller]
fn one(format: Format, name: &str, source: &str, kind: ScanType, shape: Shape) {
    let Some(bytes) = sample(name) else { return };
    let read = lines(format, &bytes);
    assert_eq!(read.bad, Vec::<String>::new(), "{name}");
    let found = scans(&read);
    let [scan] = found[..] else { panic!("{name}: {found:#?}") };
    assert_eq!(scan.source_ips, [source.parse::<std::net::IpAddr>().unwrap()], "{name}");
    assert!(scan.scan_types.first() == Some(&kind), "{name}: {:?}", scan.scan_types);
    assert_eq!(scan.shape, shape, "{name}");
}

#[test]
fn scans_in_netfilter_logs() {
    use ScanType::*;
    let nmap = "192.168.10.55";
    for (name, source, kind, shape) in [
        ("psad_iptables_syn_scan_1000_1500", nmap, TcpSyn, Shape::Vertical),
        ("psad_iptables_fin_scan_1000_1150", nmap, TcpFin, Shape::Vertical),
        ("psad_iptables_xmas_scan_1000_1150", nmap, TcpXmas, Shape::Vertical),
        ("psad_iptables_ack_scan_1000_1150", nmap, TcpAck, Shape::Vertical),
        ("psad_iptables_proto_scan", nmap, IpProtocol, Shape::Vertical),
        ("psad_iptables_syn_sweep", nmap, TcpSyn, Shape::Horizontal),
        ("psad_iptables_topera_ipv6_syn_scan_no_ip_opts", "2012:1234:1234::1", TcpSyn, Shape::Vertical),
    ] {
        one(Format::Netfilter, &format!("other/{name}"), source, kind, shape);
    }
}

#[test]
fn two_scans_and_an_audit_in_one_netfilter_log() {
    let Some(bytes) = sample("other/crowdsec_iptables-scan-multi-port.log") else { return };
    let read = lines(Format::Netfilter, &bytes);
    assert_eq!(read.bad, Vec::<String>::new());
    let sources: Vec<String> = scans(&read).iter().map(|scan| scan.source_ips[0].to_string()).collect();
    assert_eq!(sources, ["62.34.17.168", "127.0.0.2"], "127.0.0.1 was only watched, its flags not told");
}

#[test]
fn benign_logs_raise_nothing() {
    for (format, name) in [
        (Format::Netfilter, "other/psad_iptables_ipv4_valid_ping"),
        (Format::Netfilter, "other/psad_iptables_invalid_icmp_type_code"),
        (Format::Netfilter, "other/psad_iptables_fwknop_spa_pkt"),
        (Format::Netfilter, "other/psad_iptables_syslog_time_fmt1.log"),
        // Two ports of one host, one of them ten times: two first contacts, which decide nothing whoever
        // made them. The same over several hosts is a sweep.
        (Format::Netfilter, "other/psad_iptables_mirai_default_credentials_scan"),
        (Format::Netfilter, "other/elastic_iptables.log"),
        (Format::Netfilter, "other/crowdsec_proxmox-iptables-logs.proxmox-iptables.log"),
        (Format::Pfirewall, "windows/pfirewall_parsefirewalllog.log"),
        (Format::Zeek, "other/zeek_rita_conn_json.log"),
        (Format::Zeek, "other/zeek_apt29_day1_NASHUA_conn.log"),
        (Format::Suricata, "other/elastic_suricata_eve_small.ndjson"),
    ] {
        let Some(bytes) = sample(name) else { return };
        let read = lines(format, &bytes);
        assert_eq!(read.bad, Vec::<String>::new(), "{name}");
        assert!(read.records > 0, "{name}");
        assert!(read.scans.is_empty(), "{name}: {:#?}", read.scans);
    }
}

#[test]
fn what_is_no_connection_of_zeek_is_kept_with_the_reason() {
    let Some(bytes) = sample("other/zeek_wrccdc_notice.log") else { return };
    let read = lines(Format::Zeek, &bytes);
    assert_eq!((read.records, read.bad.len()), (0, 207));
    assert!(read.bad[0].contains("names another log"), "{}", read.bad[0]);
    // One line is wrapped by another product.
    let Some(bytes) = sample("other/elastic_zeek_conn.ndjson") else { return };
    let read = lines(Format::Zeek, &bytes);
    assert_eq!((read.bad.len(), read.scans.len()), (1, 0), "{:?}", read.bad);
}

#[test]
fn flow_records_of_every_exporter_are_read() {
    // The numbers are those of another reader of the same files.
    for (names, records, bad) in [
        (&["graylog_netflow5.pcap"][..], 4, 0),
        (&["graylog_pmacctd-netflow5.pcap"], 42, 0),
        (&["graylog_netflow9.pcap"], 21, 0),
        (&["graylog_nprobe-netflow9.pcap"], 152, 0),
        (&["graylog_cisco-asa-netflowv9.pcap"], 139, 0),
        (&["graylog_netflow-v5-1.dat"], 30, 0),
        (&["logstash_netflow5.dat"], 30, 0),
        (&["logstash_netflow5_test_invalid01.dat"], 0, 1),
        (
            &["logstash_netflow9_test_cisco_asa_1_tpl.dat", "logstash_netflow9_test_cisco_asa_1_data.dat"],
            14,
            0,
        ),
        (&["logstash_ipfix_test_openbsd_pflow_tpl.dat", "logstash_ipfix_test_openbsd_pflow_data.dat"], 26, 0),
        (&["logstash_ipfix_test_mikrotik_tpl.dat", "logstash_ipfix_test_mikrotik_data258.dat"], 28, 0),
        (&["netflow9_test_paloalto_panos_tpl.dat", "netflow9_test_paloalto_panos_data.dat"], 8, 0),
    ] {
        let read = |name: &&str| sample(&format!("other/netflow_{name}"));
        let Some(bytes) = names.iter().map(read).collect::<Option<Vec<_>>>() else { return };
        let read = logs::flows(&bytes.concat());
        assert_eq!((read.records, read.bad.len()), (records, bad), "{names:?} {:?}", read.bad);
        assert!(read.scans.is_empty(), "{names:?}: {:#?}", read.scans);
    }
}

#[test]
fn panos_verdicts_raise_one_alert_for_each_source() {
    let Some(bytes) = sample("panos/crowdsec_palo-alto-threat.log") else { return };
    let read = lines(Format::Panos, &bytes);
    let sources: std::collections::BTreeSet<_> =
        read.scans.iter().flat_map(|scan| scan.source_ips.clone()).collect();
    assert_eq!(sources.len(), read.scans.len(), "{:#?}", read.scans);
    for name in ["panos/elastic_panos_inc-traffic-sample.log", "panos/elastic_panos_threat-sample.log"] {
        let Some(bytes) = sample(name) else { return };
        let read = lines(Format::Panos, &bytes);
        assert!(read.records > 50 && read.scans.is_empty(), "{name}: {} {:#?}", read.records, read.scans);
    }
}

#[test]
fn formats_are_recognised_by_their_content() {
    for (name, want) in [
        ("other/psad_iptables_syn_sweep", Some(Format::Netfilter)),
        ("windows/pfirewall_parsefirewalllog.log", Some(Format::Pfirewall)),
        ("other/zeek_rita_conn_json.log", Some(Format::Zeek)),
        ("other/elastic_suricata_eve_small.ndjson", Some(Format::Suricata)),
        ("other/netflow_logstash_netflow5.dat", Some(Format::Netflow)),
        ("panos/elastic_panos_threat-sample.log", Some(Format::Panos)),
        ("other/zeek_wrccdc_notice.log", None),
        ("other/elastic_cisco_asa.log", None),
        ("other/elastic_juniper_srx_ids.log", None),
    ] {
        let Some(bytes) = sample(name) else { return };
        assert_eq!(vedette_parse::log::sniff(&bytes, logs::NOW), want, "{name}");
    }
}
