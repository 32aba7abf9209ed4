//! Scans as other products log them, from lines made by the layouts: one alert each, with the right
//! source and kind; and what must stay quiet.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod logs;

use logs::{Read, lines};
use vedette_event::{Attribution, Detection, ScanType, Shape};
use vedette_parse::log::Format;

const FROM: &str = "203.0.113.9";
const HOST: &str = "10.0.0.5";

#[track_caller]
fn one(read: &Read) -> &Detection {
    assert_eq!(read.bad, Vec::<String>::new());
    let [scan] = &read.scans[..] else { panic!("{:#?}", read.scans) };
    scan
}

fn text(lines: impl Iterator<Item = String>) -> Vec<u8> {
    lines.collect::<Vec<_>>().join("\n").into_bytes()
}

fn netfilter(prefix: &str, target: &str, port: u32, second: u32) -> String {
    format!(
        "Nov 20 10:{:02}:{:02} fw kernel: [1.5] {prefix} IN=eth0 OUT= MAC= SRC={FROM} DST={target} LEN=60 TOS=0x00 PREC=0x00 TTL=52 ID=7 DF PROTO=TCP SPT={} DPT={port} WINDOW=64240 RES=0x00 SYN URGP=0",
        second / 60 % 60,
        second % 60,
        30_000 + port % 20_000
    )
}

fn pfirewall(action: &str, target: &str, port: u32, second: u32) -> String {
    format!(
        "2026-11-20 10:{:02}:{:02} {action} TCP {FROM} {target} {} {port} 52 S 1 0 64240 - - - RECEIVE",
        second / 60,
        second % 60,
        30_000 + port
    )
}

fn zeek(target: &str, port: u32, second: u32, state: &str, history: &str, rest: &str) -> String {
    format!(
        r#"{{"ts":{}.5,"uid":"C{port}","id.orig_h":"{FROM}","id.orig_p":{},"id.resp_h":"{target}","id.resp_p":{port},"proto":"tcp","conn_state":"{state}","history":"{history}","orig_pkts":1{rest}}}"#,
        1_795_000_000 + second,
        30_000 + port % 20_000
    )
}

fn suricata(target: &str, port: u32, second: u32, flags: (&str, &str), back: u32) -> String {
    let (min, sec) = (second / 60, second % 60);
    format!(
        r#"{{"timestamp":"2026-11-20T11:00:00.000000+0000","event_type":"flow","src_ip":"{FROM}","src_port":{},"dest_ip":"{target}","dest_port":{port},"proto":"TCP","flow":{{"pkts_toserver":1,"bytes_toserver":60,"pkts_toclient":{back},"bytes_toclient":{},"start":"2026-11-20T10:{min:02}:{sec:02}.000000+0000","end":"2026-11-20T10:{min:02}:{sec:02}.010000+0000","state":"closed","reason":"timeout"}},"tcp":{{"tcp_flags_ts":"{}","tcp_flags_tc":"{}"}}}}"#,
        30_000 + port,
        back * 60,
        flags.0,
        flags.1
    )
}

fn traffic(
    target: &str,
    port: u32,
    second: u32,
    action: &str,
    kind: &str,
    end: &str,
    packets: (u32, u32),
) -> String {
    let at = format!("2026/11/20 10:{:02}:{:02}", second / 60 % 60, second % 60);
    format!(
        "1,{at},007200001056,TRAFFIC,{kind},2305,{at},{FROM},{target},0.0.0.0,0.0.0.0,rule,,,incomplete,vsys1,untrust,trust,ethernet1/1,ethernet1/2,log,{at},0,1,{},{port},0,0,0x0,tcp,{action},{},{},{},{},{at},0,any,0,77,0x0,XX,YY,0,{},{},{end},0,0,0,0,,PA-VM,from-policy",
        30_000 + port,
        (packets.0 + packets.1) * 60,
        packets.0 * 60,
        packets.1 * 60,
        packets.0 + packets.1,
        packets.0,
        packets.1
    )
}

fn threat(source: &str, target: &str, port: u32, second: u32, name: &str) -> String {
    let at = format!("2026/11/20 10:{:02}:{:02}", second / 60 % 60, second % 60);
    format!(
        "1,{at},007200001056,THREAT,scan,2561,{at},{source},{target},0.0.0.0,0.0.0.0,rule,,,not-applicable,vsys1,untrust,trust,ethernet1/1,ethernet1/2,log,{at},0,1,40000,{port},0,0,0x0,tcp,alert,\"\",{name},any,medium,client-to-server,1,0x0,XX,YY,0,,0,,,0,,,,,,,,0,0,0,0,0,,PA-VM"
    )
}

#[test]
fn a_scan_that_a_host_firewall_drops() {
    let read = lines(Format::Netfilter, &text((0..30).map(|n| netfilter("[UFW BLOCK]", HOST, 20 + n, n))));
    let scan = one(&read);
    assert_eq!(scan.source_ips, [FROM.parse::<std::net::IpAddr>().unwrap()]);
    assert_eq!(
        (scan.scan_types[0], scan.shape, &*scan.direction),
        (ScanType::TcpSyn, Shape::Vertical, "inbound")
    );
    assert_eq!((scan.observers.as_slice(), scan.open_ports.len()), (&["netfilter:fw".to_owned()][..], 0));
    assert_eq!(scan.tool.name, "", "a log that tells no options names no tool");
    let read = lines(Format::Pfirewall, &text((0..30).map(|n| pfirewall("DROP", HOST, 20 + n, n))));
    assert_eq!((one(&read).scan_types[0], one(&read).distinct_ports), (ScanType::TcpSyn, 30));
}

#[test]
fn sweeps_over_many_hosts() {
    let hosts = (0..30).map(|n| netfilter("DROP", &format!("10.0.1.{n}"), 445, n));
    let read = lines(Format::Netfilter, &text(hosts));
    assert_eq!((one(&read).shape, one(&read).distinct_hosts), (Shape::Horizontal, 30));
    let hosts = (0..30).map(|n| zeek(&format!("10.0.1.{n}"), 445, n, "S0", "S", ""));
    let read = lines(Format::Zeek, &text(hosts));
    assert_eq!((one(&read).shape, one(&read).ports.as_str()), (Shape::Horizontal, "445"));
}

#[test]
fn what_zeek_saw_of_a_half_open_and_a_connect_scan() {
    let half_open = (0..30).map(|n| match n {
        7 => zeek(HOST, 20 + n, n, "RSTO", "ShR", ",\"resp_pkts\":1"),
        n => zeek(HOST, 20 + n, n, "REJ", "Sr", ",\"resp_pkts\":1"),
    });
    let read = lines(Format::Zeek, &text(half_open));
    let scan = one(&read);
    assert_eq!(
        (scan.scan_types.as_slice(), scan.open_ports.as_slice()),
        (&[ScanType::TcpSyn][..], &[27][..])
    );
    assert_eq!(scan.attribution, Attribution::Unconfirmed, "a reset proves that a host lives there, no more");
    let connect = (0..30).map(|n| match n {
        7 => zeek(HOST, 20 + n, n, "RSTO", "ShAR", ",\"resp_pkts\":1"),
        n => zeek(HOST, 20 + n, n, "REJ", "Sr", ",\"resp_pkts\":1"),
    });
    let read = lines(Format::Zeek, &text(connect));
    assert_eq!(
        (one(&read).scan_types[0], one(&read).open_ports.as_slice()),
        (ScanType::TcpConnect, &[27][..])
    );
}

#[test]
fn flags_that_no_stack_sends_in_suricata_flows() {
    let xmas = (0..20).map(|n| suricata(HOST, 20 + n, n, ("29", "14"), 1));
    assert_eq!(one(&lines(Format::Suricata, &text(xmas))).scan_types, [ScanType::TcpXmas]);
    let syn = (0..20).map(|n| suricata(HOST, 20 + n, n, ("02", "14"), 1));
    assert_eq!(one(&lines(Format::Suricata, &text(syn))).scan_types, [ScanType::TcpSyn]);
}

#[test]
fn sessions_that_panos_denies_or_sees_refused() {
    let denied = (0..30).map(|n| traffic(HOST, 20 + n, n, "deny", "drop", "policy-deny", (1, 0)));
    assert_eq!(one(&lines(Format::Panos, &text(denied))).distinct_ports, 30);
    let refused = (0..30).map(|n| traffic(HOST, 20 + n, n, "allow", "end", "tcp-rst-from-server", (1, 1)));
    let read = lines(Format::Panos, &text(refused));
    assert_eq!(
        (one(&read).distinct_ports, one(&read).observers.as_slice()),
        (30, &["panos:PA-VM".to_owned()][..])
    );
}

#[test]
fn the_firewalls_own_verdict_joins_the_campaign() {
    let mut log: Vec<String> =
        (0..30).map(|n| traffic(HOST, 20 + n, n, "deny", "drop", "policy-deny", (1, 0))).collect();
    log.insert(3, threat(FROM, HOST, 22, 3, "SCAN: TCP Port Scan(8001)"));
    log.push(threat(FROM, HOST, 49, 30, "SCAN: TCP Port Scan(8001)"));
    let read = lines(Format::Panos, &text(log.into_iter()));
    let scan = one(&read);
    assert_eq!(scan.reasons[0], "PAN-OS says: SCAN: TCP Port Scan (8001), alert (2 times)");
    assert_eq!((scan.distinct_ports, scan.probes >= 30), (30, true));
    // Our own evidence first, the verdict later.
    let mut log: Vec<String> =
        (0..30).map(|n| traffic(HOST, 20 + n, n, "deny", "drop", "policy-deny", (1, 0))).collect();
    log.push(threat(FROM, HOST, 49, 30, "SCAN: TCP Port Scan(8001)"));
    let read = lines(Format::Panos, &text(log.into_iter()));
    let scan = one(&read);
    assert!(scan.reasons.iter().any(|reason| reason.starts_with("PAN-OS says")), "{:?}", scan.reasons);
    assert!(scan.score >= scan.threshold && scan.threshold > 0.0, "the score stays ours");
}

#[test]
fn a_signature_that_names_a_port_scanner_is_a_verdict_and_others_are_not() {
    let signature = |name: &str| {
        let line = threat(FROM, HOST, 80, 1, name).replace("THREAT,scan,", "THREAT,vulnerability,");
        lines(Format::Panos, &text(std::iter::once(line))).scans
    };
    let found = signature("Nmap Scripting Engine Detection(58433)");
    assert_eq!(found.len(), 1);
    assert!(found[0].reasons[0].contains("Nmap Scripting Engine"), "{:?}", found[0].reasons);
    assert!(signature("Apache Log4j Remote Code Execution(91991)").is_empty());
}

#[test]
fn the_firewalls_verdict_alone_opens_one_alert_a_source() {
    let log = (0..5).map(|n| threat(FROM, HOST, 22, n, "SCAN: TCP Port Scan(8001)"));
    let read = lines(Format::Panos, &text(log));
    let scan = one(&read);
    assert_eq!((scan.source_ips.len(), scan.target_ips.len(), scan.shape), (1, 1, Shape::Vertical));
    assert!(scan.reasons.iter().any(|reason| reason.contains("enough by itself")), "{:?}", scan.reasons);
    let log = (0..5).map(|n| threat(FROM, &format!("10.0.0.{n}"), 445, n, "SCAN: Host Sweep(8002)"));
    let read = lines(Format::Panos, &text(log));
    assert_eq!((one(&read).shape, one(&read).distinct_hosts), (Shape::Horizontal, 5));
    let log = [
        threat(FROM, HOST, 22, 0, "SCAN: TCP Port Scan(8001)"),
        threat("203.0.113.8", HOST, 22, 1, "SCAN: UDP Port Scan(8003)"),
    ];
    assert_eq!(lines(Format::Panos, &text(log.into_iter())).scans.len(), 2);
}

#[test]
fn an_approved_scanner_stays_approved_whatever_the_firewall_says() {
    use vedette_detect::{Class, Config, TimeLine};
    use vedette_parse::log::LineReader;
    let class =
        Class::parse(&format!(r#"{{"name":"our scanner","why":"weekly audit","sources":["{FROM}"]}}"#));
    let mut config = Config::default();
    config.classes.push(class.unwrap());
    let (mut line, mut told) = (TimeLine::new(config), Vec::new());
    let mut reader = LineReader::new(Format::Panos, logs::context()).unwrap();
    let text = threat(FROM, HOST, 22, 0, "SCAN: TCP Port Scan(8001)");
    for seen in reader.read(text.as_bytes()).unwrap().unwrap().seen {
        line.take(seen, &mut told);
    }
    line.finish(&mut told);
    assert!(
        !told.is_empty() && told.iter().all(|d| d.kind == vedette_event::DetectionKind::BenignDiscovery),
        "{told:#?}"
    );
}

#[test]
fn daily_life_in_logs_of_what_was_let_through() {
    // A client of many web servers; a firewall that logs all it lets through.
    let web = (0..300).map(|n| netfilter("[UFW ALLOW]", &format!("198.51.100.{}", n % 250), 443, n * 5));
    assert!(lines(Format::Netfilter, &text(web)).scans.is_empty());
    let web = (0..300).map(|n| pfirewall("ALLOW", &format!("198.51.100.{}", n % 250), 443, n * 5));
    assert!(lines(Format::Pfirewall, &text(web)).scans.is_empty());
    // A client that talks to a few services of one host.
    let services = (0..200).map(|n| {
        zeek(
            HOST,
            [80, 443, 445, 88, 389][n as usize % 5],
            n,
            "SF",
            "ShADadFf",
            ",\"resp_pkts\":4,\"orig_bytes\":300,\"resp_bytes\":900",
        )
    });
    assert!(lines(Format::Zeek, &text(services)).scans.is_empty());
    // The same dead service again and again.
    let retries = (0..200).map(|n| zeek(HOST, 8_080, n * 30, "REJ", "Sr", ",\"resp_pkts\":1"));
    assert!(lines(Format::Zeek, &text(retries)).scans.is_empty());
}

#[test]
fn a_log_read_backwards_gives_the_same_alert() {
    let log: Vec<String> = (0..60).map(|n| zeek(HOST, 20 + n, n, "REJ", "Sr", ",\"resp_pkts\":1")).collect();
    let forward = lines(Format::Zeek, &text(log.iter().cloned()));
    let backward = lines(Format::Zeek, &text(log.iter().rev().cloned()));
    assert_eq!(one(&forward), one(&backward));
}
