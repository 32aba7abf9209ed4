//! Response with the real binary, real nftables and real nmap, in the lab: the scanner is cut off, others are
//! not, and everything ends. Skips itself without root, nft or nmap.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};
use vedette_lab::{Lab, Running, ethernet, ipv4, tcp};

const BINARY: &str = env!("CARGO_BIN_EXE_vedette");
const SCANNER: usize = 0;
const WATCHED: usize = 1;
const BYSTANDER: usize = 2;
const VICTIM: usize = 3;
const OPEN_PORT: u16 = 2222;

/// A host that runs Vedette and has one open port, a scanner, and two who have nothing to do with it.
struct Scene {
    server: Option<Running>,
    _service: TcpListener,
    dir: tempfile::TempDir,
    lab: Lab,
    listen: String,
}

impl Scene {
    fn begin() -> Option<Scene> {
        Scene::begin_with("127.0.0.1:0", |_| ())
    }

    /// `prepare` gets the data folder before the server starts.
    fn begin_with(listen: &str, prepare: impl FnOnce(&Path)) -> Option<Scene> {
        let lab = Lab::or_skip(4, &["nmap", "nft"])?;
        let anywhere: IpAddr = "::".parse().unwrap();
        let service = lab.enter(WATCHED, || TcpListener::bind((anywhere, OPEN_PORT)).unwrap());
        let listen = listen.replace("WATCHED", &lab.host(WATCHED).v4.to_string());
        let dir = tempfile::tempdir().unwrap();
        std::fs::DirBuilder::new().mode(0o700).create(dir.path().join("data")).unwrap();
        prepare(&dir.path().join("data"));
        let mut scene = Scene { server: None, _service: service, dir, lab, listen };
        scene.start();
        Some(scene)
    }

    fn start(&mut self) {
        let dir = self.data_dir();
        let up = [BINARY, "up", "--response", "--data-dir", &dir, "--listen", &self.listen];
        self.server = Some(self.lab.spawn(WATCHED, &up));
        let file = self.dir.path().join("data/run/server.json");
        self.wait("the server", || file.exists().then_some(()));
        self.wait("an answer", || self.vedette(&["response", "status"]).0.then_some(()));
    }

    fn data_dir(&self) -> String {
        self.dir.path().join("data").to_string_lossy().into_owned()
    }

    fn vedette(&self, arguments: &[&str]) -> (bool, String) {
        let dir = self.data_dir();
        let output = self.lab.run(WATCHED, &[&[BINARY], arguments, &["--data-dir", &dir]].concat());
        (output.success(), output.stdout.clone() + &output.stderr)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let dir = self.data_dir();
        let all = [&[BINARY], arguments, &["--format", "json", "--data-dir", &dir]].concat();
        let output = self.lab.run(WATCHED, &all);
        serde_json::from_str(&output.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output:?}"))
    }

    fn wait<T>(&self, what: &str, find: impl Fn() -> Option<T>) -> T {
        let begin = Instant::now();
        loop {
            if let Some(found) = find() {
                return found;
            }
            assert!(begin.elapsed() < Duration::from_secs(30), "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn address(&self, host: usize) -> String {
        self.lab.host(host).v4.to_string()
    }

    /// Whether a host reaches the open port.
    fn reaches(&self, host: usize, v6: bool) -> bool {
        let watched = self.lab.host(WATCHED);
        let address: IpAddr = if v6 { watched.v6.into() } else { watched.v4.into() };
        let target = SocketAddr::new(address, OPEN_PORT);
        self.lab.enter(host, || TcpStream::connect_timeout(&target, Duration::from_millis(700)).is_ok())
    }

    fn scan(&self, options: &[&str]) {
        let target = self.address(WATCHED);
        let output = self.lab.run(
            SCANNER,
            &[&["nmap", "-n", "-Pn", "-p1-200,2222", "--max-retries", "1"], options, &[&target]].concat(),
        );
        assert!(output.success(), "{output:?}");
    }

    /// The alert of which `is` holds.
    fn alert(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        self.wait(what, || {
            let alerts = self.json(&["alerts", "list"]);
            alerts.as_array().unwrap().iter().find(|alert| is(alert)).cloned()
        })
    }

    fn blocked(&self) -> Vec<String> {
        let blocks = self.json(&["response", "list"]);
        blocks.as_array().unwrap().iter().map(|block| block["address"].as_str().unwrap().to_owned()).collect()
    }

    fn table(&self) -> String {
        self.lab.run(WATCHED, &["nft", "list", "table", "inet", "vedette"]).stdout
    }
}

#[test]
fn a_scanner_is_cut_off_and_nobody_else() {
    let Some(mut scene) = Scene::begin() else { return };
    let (scanner, bystander) = (scene.address(SCANNER), scene.address(BYSTANDER));
    scene.scan(&["-sS"]);
    scene.alert("a confirmed source", |alert| alert["attribution"] == "confirmed");
    // Off by default, and it says so.
    let plan = scene.json(&["response", "block", &scanner, "--for", "1h", "--dry-run"]);
    assert_eq!((&plan["would_block"], &plan["refusals"][0]["code"]), (&json!(false), &json!("response_off")));
    let (ok, text) = scene.vedette(&["response", "block", &scanner, "--reason", "x"]);
    assert!(!ok && text.contains("switched off") && scene.table().is_empty(), "{text}");
    let (ok, text) = scene.vedette(&["response", "set", "--on", "--never-block", "198.18.0.200,10.9.0.0/16"]);
    assert!(ok && text.contains("Response is on"), "{text}");

    let plan = scene.json(&["response", "block", &scanner, "--for", "1h", "--dry-run"]);
    assert_eq!(plan["would_block"], true, "{plan}");
    assert_eq!(plan["warnings"].as_array().unwrap().len(), 1, "a reset is all there is: {plan}");
    assert!(scene.table().is_empty() && scene.reaches(SCANNER, false), "a dry run does nothing");
    let (ok, text) = scene.vedette(&["response", "block", &scanner, "--for", "1h", "--reason", "it scans"]);
    assert!(ok && text.contains("is cut off until"), "{text}");
    assert!(!scene.reaches(SCANNER, false), "the scanner is cut off");
    assert!(scene.reaches(BYSTANDER, false), "nobody else is");
    assert!(scene.reaches(SCANNER, true), "an address is blocked, not a machine");
    assert!(scene.table().contains(&scanner));

    // Not without evidence; nobody gets at those who are spared, not even an administrator.
    let (ok, text) = scene.vedette(&["response", "block", &bystander, "--reason", "x"]);
    assert!(!ok && text.contains("No alert"), "{text}");
    let watched = scene.address(WATCHED);
    for spared in ["127.0.0.1", watched.as_str(), "198.18.0.200", "10.9.1.2", "224.0.0.1"] {
        let (ok, text) = scene.vedette(&["response", "block", spared, "--reason", "x", "--force"]);
        assert!(!ok && text.contains("never blocked"), "{spared}: {text}");
    }
    let v6 = scene.lab.host(SCANNER).v6.to_string();
    let (ok, text) = scene.vedette(&["response", "block", &v6, "--reason", "the same machine", "--force"]);
    assert!(ok && !scene.reaches(SCANNER, true), "{text}");

    // The server goes and comes; the kernel forgets everything meanwhile.
    drop(scene.server.take());
    assert!(!scene.reaches(SCANNER, false), "blocks outlive the server");
    assert!(scene.lab.run(WATCHED, &["nft", "flush", "ruleset"]).success());
    std::fs::remove_file(scene.dir.path().join("data/run/server.json")).unwrap();
    scene.start();
    scene.wait("the blocks to come back", || (!scene.reaches(SCANNER, false)).then_some(()));
    assert!(scene.reaches(BYSTANDER, false));

    let (ok, text) = scene.vedette(&["response", "undo", &scanner]);
    assert!(ok && scene.reaches(SCANNER, false) && !scene.reaches(SCANNER, true), "{text}");
    let (ok, text) = scene.vedette(&["response", "clear"]);
    assert!(ok && scene.reaches(SCANNER, true) && scene.table().is_empty(), "{text}");
    let log = scene
        .json(&["query", "dataset = audit_logs | filter type = \"RESPONSE\" | fields sub_type, description"]);
    let acts = log.to_string();
    for act in ["Edit", "Block", "Undo", "Clear", "without confirmed evidence"] {
        assert!(acts.contains(act), "{act} is not in {acts}");
    }
}

#[test]
fn decoys_are_not_cut_off() {
    let Some(scene) = Scene::begin() else { return };
    let bystander = scene.address(BYSTANDER);
    let set = ["response", "set", "--on", "--automatic", "on", "--min-severity", "low", "--for", "1m"];
    assert!(scene.vedette(&set).0);
    // Among decoys, one of them a live host that resets what it did not ask for.
    scene.scan(&["-sS", "-D", &format!("198.18.0.77,{bystander},ME")]);
    let decoys = scene.alert("the decoys", |alert| alert["shape"] == "decoy");
    assert_ne!(decoys["attribution"], "confirmed");
    for address in ["198.18.0.77", bystander.as_str()] {
        let plan =
            scene.json(&["response", "block", address, "--alert", &decoys["id"].to_string(), "--dry-run"]);
        assert_eq!(plan["would_block"], false, "{plan}");
    }
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(scene.blocked(), [""; 0]);
    assert!(scene.reaches(BYSTANDER, false));
}

#[test]
fn the_policy_blocks_who_is_proven_and_the_block_ends() {
    let Some(scene) = Scene::begin() else { return };
    let scanner = scene.address(SCANNER);
    let set = ["response", "set", "--on", "--automatic", "on", "--min-severity", "low", "--for", "1m"];
    assert!(scene.vedette(&set).0);
    // Connections prove who it is, and the policy acts.
    scene.scan(&["-sT"]);
    scene.wait("the policy", || (scene.blocked() == [scanner.clone()]).then_some(()));
    assert!(!scene.reaches(SCANNER, false) && scene.reaches(BYSTANDER, false));
    let block = scene.json(&["response", "list"])[0].clone();
    assert_eq!((&block["automatic"], &block["created_by"]), (&json!(true), &json!("vedette")));
    let begin = Instant::now();
    while !scene.reaches(SCANNER, false) {
        assert!(begin.elapsed() < Duration::from_secs(80), "the block does not end");
        std::thread::sleep(Duration::from_millis(500));
    }
    assert!(scene.reaches(SCANNER, false), "after a minute it is over by itself");
    let ended = scene.json(&["response", "list", "--all"]);
    scene.wait("the record", || {
        (scene.json(&["response", "list", "--all"])[0]["ending"] == "expired").then_some(())
    });
    assert!(ended.as_array().unwrap().len() == 1, "{ended}");
}

/// A segment with the checksum that its addresses ask for.
fn with_checksum(mut segment: Vec<u8>, from: Ipv4Addr, to: Ipv4Addr) -> Vec<u8> {
    let pseudo = [&from.octets()[..], &to.octets(), &[0, 6, 0, segment.len() as u8], &segment].concat();
    let words = pseudo.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    segment[16..18].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    segment
}

#[test]
fn a_forged_address_moves_no_policy() {
    let Some(scene) = Scene::begin() else { return };
    let set = ["response", "set", "--on", "--automatic", "on", "--min-severity", "informational"];
    assert!(scene.vedette(&set).0);
    // Packets that bear the address of a live host that has nothing to do with them; it resets our answers.
    let victim = scene.address(VICTIM);
    let (watched, forged) = (scene.lab.host(WATCHED), scene.lab.host(VICTIM).v4);
    let syn = |port: u16| {
        let segment = with_checksum(tcp(40_000 + port, port, 0x02, 7, &[]), forged, watched.v4);
        ethernet(watched.mac, scene.lab.host(SCANNER).mac, 0x0800, &ipv4(6, forged, watched.v4, &segment))
    };
    let sender = scene.lab.sender(SCANNER, "eth0");
    for port in (1..300).chain([OPEN_PORT]) {
        sender.send(&[syn(port)]);
        std::thread::sleep(Duration::from_millis(5));
    }
    let forged = scene.alert("the forged scan", |alert| alert["probes"].as_u64().unwrap() > 200);
    println!("forged: {} {} {}", forged["attribution"], forged["source_ips"], forged["summary"]);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(scene.blocked(), [""; 0], "no policy cuts off whom somebody else points at");
    assert!(scene.reaches(VICTIM, false));
    let plan = scene.json(&["response", "block", &victim, "--dry-run"]);
    let told = plan["would_block"] == false || plan["warnings"].as_array().is_some_and(|all| !all.is_empty());
    assert!(told, "whoever does it by hand is warned: {plan}");
}

#[test]
fn an_uninstalled_vedette_leaves_nothing_behind() {
    let Some(mut scene) = Scene::begin() else { return };
    assert!(scene.vedette(&["response", "set", "--on"]).0);
    let scanner = scene.address(SCANNER);
    let (ok, text) =
        scene.vedette(&["response", "block", &scanner, "--reason", "x", "--force", "--for", "1d"]);
    assert!(ok && !scene.reaches(SCANNER, false), "{text}");
    drop(scene.server.take());
    std::fs::remove_file(scene.dir.path().join("data/run/server.json")).unwrap();
    let (ok, text) = scene.vedette(&["response", "clear"]);
    assert!(ok && text.contains("1 blocks are ended") && scene.table().is_empty(), "{text}");
    assert!(scene.reaches(SCANNER, false));
    let (ok, text) = scene.vedette(&["response", "clear"]);
    assert!(ok && text.contains("no table"), "{text}");
    scene.start();
    std::thread::sleep(Duration::from_secs(1));
    assert!(scene.reaches(SCANNER, false) && scene.blocked().is_empty(), "it does not come back");
}

#[test]
fn a_hook_is_told_of_a_block_and_its_end() {
    let mut told = std::path::PathBuf::new();
    let scene = Scene::begin_with("127.0.0.1:0", |data| {
        told = data.join("told.ndjson");
        let script = format!("cat >> {0}; echo >> {0}; env | sort; echo thanks", told.display());
        let hook = data.join("response-hook.json");
        std::fs::write(&hook, json!({"command": ["/bin/sh", "-c", script]}).to_string()).unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o600)).unwrap();
    });
    let Some(scene) = scene else { return };
    assert!(scene.vedette(&["response", "set", "--on"]).0);
    let scanner = scene.address(SCANNER);
    let hostile = "$(touch /tmp/owned); \"quoted\" <b>";
    assert!(scene.vedette(&["response", "block", &scanner, "--reason", hostile, "--force"]).0);
    assert!(scene.vedette(&["response", "undo", &scanner]).0);
    let lines = scene.wait("the hook", || {
        let text = std::fs::read_to_string(&told).unwrap_or_default();
        let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        (lines.len() == 2).then_some(lines)
    });
    let of = |n: usize, name: &str| lines[n][name].as_str().unwrap_or_default().to_owned();
    assert_eq!((of(0, "action"), of(1, "action")), ("block".to_owned(), "undo".to_owned()));
    assert_eq!((of(0, "address"), of(0, "reason")), (scanner, hostile.to_owned()));
    let block = scene.wait("what it said", || {
        let block = scene.json(&["response", "list", "--all"])[0].clone();
        block["hook"].as_str().is_some_and(|said| said.starts_with("undo")).then_some(block)
    });
    let said = block["hook"].as_str().unwrap();
    assert!(said.contains("thanks") && !said.contains("VEDETTE") && !said.contains("HOME="), "{said}");
}

#[test]
fn what_the_host_hands_on_is_dropped_too() {
    let Some(scene) = Scene::begin() else { return };
    // The watched host is a router between the scanner and a service behind it.
    let behind: Ipv4Addr = "10.77.0.1".parse().unwrap();
    let run = |host: usize, words: &str| {
        let words: Vec<&str> = words.split_whitespace().collect();
        let output = scene.lab.run(host, &words);
        assert!(output.success(), "{words:?}: {output:?}");
    };
    run(VICTIM, "ip address add 10.77.0.1/32 dev lo");
    run(WATCHED, &format!("ip route add 10.77.0.1 via {}", scene.address(VICTIM)));
    for (name, value) in [("ip_forward", 1), ("conf.all.send_redirects", 0), ("conf.eth0.send_redirects", 0)]
    {
        let file = format!("/proc/sys/net/ipv4/{}", name.replace('.', "/"));
        let output = scene.lab.run(WATCHED, &["sh", "-c", &format!("echo {value} > {file}")]);
        assert!(output.success(), "{file}: {output:?}");
    }
    for host in [SCANNER, BYSTANDER] {
        run(host, &format!("ip route add 10.77.0.1 via {}", scene.address(WATCHED)));
    }
    let _service = scene.lab.enter(VICTIM, || TcpListener::bind((behind, OPEN_PORT)).unwrap());
    let reaches = |host: usize| {
        let target = SocketAddr::new(behind.into(), OPEN_PORT);
        scene.lab.enter(host, || TcpStream::connect_timeout(&target, Duration::from_millis(700)).is_ok())
    };
    assert!(reaches(SCANNER) && reaches(BYSTANDER), "the lab is a router");
    assert!(scene.vedette(&["response", "set", "--on"]).0);
    let scanner = scene.address(SCANNER);
    let (ok, text) = scene.vedette(&["response", "block", &scanner, "--reason", "x", "--force"]);
    assert!(ok && !reaches(SCANNER), "{text}");
    assert!(reaches(BYSTANDER) && !scene.reaches(SCANNER, false));
    assert!(scene.vedette(&["response", "undo", &scanner]).0 && reaches(SCANNER));
}

#[test]
fn another_host_carries_blocks_out_and_spares_what_it_needs() {
    let Some(scene) = Scene::begin_with("WATCHED:8750", |_| ()) else { return };
    let (scanner, watched, follower) =
        (scene.address(SCANNER), scene.address(WATCHED), scene.address(BYSTANDER));
    let local: Value =
        serde_json::from_slice(&std::fs::read(scene.dir.path().join("data/run/server.json")).unwrap())
            .unwrap();
    let ca = scene.dir.path().join("data/tls/ca.pem").to_string_lossy().into_owned();
    let url = format!("https://{watched}:8750");
    let bearer = format!("Authorization: Bearer {}", local["token"].as_str().unwrap());
    let new = r#"{"name": "followers", "role": "ingest"}"#;
    let tokens = format!("{url}/api/v1/tokens");
    let curl = [
        "curl",
        "-s",
        "--cacert",
        &ca,
        "-H",
        &bearer,
        "-H",
        "content-type: application/json",
        "-d",
        new,
        &tokens,
    ];
    let made: Value = serde_json::from_str(&scene.lab.run(WATCHED, &curl).stdout).unwrap();
    let token = format!("VEDETTE_TOKEN={}", made["token"].as_str().unwrap());
    assert!(scene.vedette(&["response", "set", "--on"]).0);

    // The server itself may not follow itself.
    let follow = ["env", &token, BINARY, "response", "follow", "--server", &url, "--ca", &ca];
    let refused = scene.lab.run(WATCHED, &follow);
    assert!(!refused.success() && refused.stderr.contains("this host"), "{refused:?}");
    let _service = scene.lab.enter(BYSTANDER, || TcpListener::bind(("0.0.0.0", OPEN_PORT)).unwrap());
    let reaches = |host: usize| {
        let target = SocketAddr::new(follower.parse().unwrap(), OPEN_PORT);
        scene.lab.enter(host, || TcpStream::connect_timeout(&target, Duration::from_millis(700)).is_ok())
    };
    let running = scene
        .lab
        .spawn(BYSTANDER, &[&follow[..], &["--host", "web-2", "--never-block", "10.66.0.0/16"]].concat());
    assert!(reaches(SCANNER));
    for address in [scanner.as_str(), "10.66.1.1"] {
        let (ok, text) =
            scene.vedette(&["response", "block", address, "--reason", "x", "--force", "--for", "1h"]);
        assert!(ok, "{address}: {text}");
    }
    let host = scene.wait("the other host", || {
        let status = scene.json(&["response", "status"]);
        let host = status["followers"][0].clone();
        (host["blocked"].as_array().is_some_and(|blocked| !blocked.is_empty())
            && host["spared"].as_array().is_some_and(|spared| spared.len() == 1))
        .then_some(host)
    });
    assert_eq!((&host["host"], &host["address"]), (&json!("web-2"), &json!(follower)), "{host}");
    assert_eq!(host["blocked"], json!([scanner]), "{host}");
    assert!(!reaches(SCANNER) && reaches(VICTIM), "cut off there too, and nobody else is");
    let (_, text) = scene.vedette(&["response", "status"]);
    assert!(text.contains("Also on web-2") && text.contains("1 blocked, 1 spared"), "{text}");
    assert!(scene.vedette(&["response", "undo", &scanner]).0);
    scene.wait("the end there", || reaches(SCANNER).then_some(()));
    let query = "dataset = audit_logs | filter type = \"RESPONSE\" | fields description";
    for told in ["blocks", "no longer blocks"] {
        let told = format!("The host web-2 {told} {scanner}");
        scene.wait(&told, || scene.json(&["query", query]).to_string().contains(&told).then_some(()));
    }
    drop(running);
}

#[test]
fn without_the_right_it_says_so() {
    let Some(lab) = Lab::or_skip(1, &["nft"]) else { return };
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").to_string_lossy().into_owned();
    let _server =
        lab.spawn(0, &[BINARY, "up", "--no-sensor", "--data-dir", &data, "--listen", "127.0.0.1:0"]);
    let run = |arguments: &[&str]| {
        let output = lab.run(0, &[&[BINARY], arguments, &["--data-dir", &data]].concat());
        (output.success(), output.stdout + &output.stderr)
    };
    let begin = Instant::now();
    while !run(&["response", "status"]).0 {
        assert!(begin.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(50));
    }
    let (ok, text) = run(&["response", "set", "--on"]);
    assert!(!ok && text.contains("--response") && text.contains("CAP_NET_ADMIN"), "{text}");
    let (_, text) = run(&["response", "status"]);
    assert!(text.contains("Response is off") && text.contains("No source can be blocked"), "{text}");
}
