//! This host's firewall: a table of our own in nftables, through the program `nft`.
//!
//! ```text
//! table inet vedette { set blocked4, blocked6 (with time-outs); chains input, forward: from those sets drop }
//! ```
//!
//! Nothing but this table is ever touched; the kernel ends each block by itself when its time is over,
//! whether Vedette runs or not.

use serde_json::{Value, json};
use std::net::IpAddr;
use std::time::Duration;
use vedette_sensor::program::{self, Program};

const TABLE: &str = "vedette";
const SETS: [&str; 2] = ["blocked4", "blocked6"];
/// What comes to this host, and what it hands on: to containers, or as a router.
const CHAINS: [&str; 2] = ["input", "forward"];
/// Before the rules of others, which may accept.
const PRIORITY: i64 = -10;
const TIME_OUT: Duration = Duration::from_secs(10);
const OUTPUT: usize = 4 << 20;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FirewallError {
    #[error("the program nft is not installed")]
    Absent,
    #[error("Vedette may not change this host's firewall")]
    NotPermitted,
    #[error("nft: {0}")]
    Failed(String),
}

impl FirewallError {
    pub fn help(&self) -> &'static str {
        match self {
            FirewallError::Absent => "Install nftables, for example: apt-get install nftables",
            FirewallError::NotPermitted => {
                "Start Vedette with `vedette up --response`, as root or with the right CAP_NET_ADMIN: \
                 sudo setcap cap_net_raw,cap_net_admin+ep /path/to/vedette"
            }
            FirewallError::Failed(_) => {
                "The kernel must know nftables; `nft list ruleset` as root shows more."
            }
        }
    }
}

/// Whether blocks can be made here.
pub fn ready() -> Result<(), FirewallError> {
    if program::find("nft").is_none() {
        return Err(FirewallError::Absent);
    }
    if !program::may_administer_network() {
        return Err(FirewallError::NotPermitted);
    }
    Ok(())
}

/// What a block does, for people: nft's own language.
pub fn in_words(address: IpAddr, seconds: u64) -> String {
    let (set, family) = if address.is_ipv4() { (SETS[0], "ip") } else { (SETS[1], "ip6") };
    format!(
        "add element inet {TABLE} {set} {{ {address} timeout {seconds}s }}\n\
         # its rule, in the chains input and forward (priority filter - 10): {family} saddr @{set} counter drop"
    )
}

/// Blocks these addresses, each for so many seconds from now; what was blocked gets the new time.
pub fn block(addresses: &[(IpAddr, u64)]) -> Result<(), FirewallError> {
    let mut commands = table();
    for (address, seconds) in addresses {
        // Adding what is there changes nothing, removing what is not fails: so all three.
        commands.push(element("add", *address, json!(address.to_string())));
        commands.push(element("delete", *address, json!(address.to_string())));
        let timed = json!({"elem": {"val": address.to_string(), "timeout": seconds}});
        commands.push(element("add", *address, timed));
    }
    load(&commands).map(drop)
}

pub fn unblock(address: IpAddr) -> Result<(), FirewallError> {
    let mut commands = table();
    commands.push(element("add", address, json!(address.to_string())));
    commands.push(element("delete", address, json!(address.to_string())));
    load(&commands).map(drop)
}

/// The addresses that are blocked in the kernel, and the seconds left; `None` without our table.
pub fn blocked() -> Result<Option<Vec<(IpAddr, u64)>>, FirewallError> {
    let mut all = Vec::new();
    for set in SETS {
        let listed = nft(&["-j", "list", "set", "inet", TABLE, set], &[]);
        let text = match listed {
            Ok(text) => text,
            Err(FirewallError::Failed(why)) if why.contains("No such file or directory") => return Ok(None),
            Err(error) => return Err(error),
        };
        let answer: Value =
            serde_json::from_str(&text).map_err(|error| FirewallError::Failed(error.to_string()))?;
        all.extend(elements(&answer));
    }
    Ok(Some(all))
}

/// Takes our table away, with everything in it. False when there was none.
pub fn clear() -> Result<bool, FirewallError> {
    match nft(&["delete", "table", "inet", TABLE], &[]) {
        Ok(_) => Ok(true),
        Err(FirewallError::Failed(why)) if why.contains("No such file or directory") => Ok(false),
        Err(error) => Err(error),
    }
}

/// The table, its sets, its chains and their rules, made where they are missing.
fn table() -> Vec<Value> {
    let of = |more: Value| {
        let mut object = json!({"family": "inet", "table": TABLE});
        for (name, value) in more.as_object().into_iter().flatten() {
            object[name] = value.clone();
        }
        object
    };
    let set = |name: &str, kind: &str| json!({"add": {"set": of(json!({"name": name, "type": kind, "flags": ["timeout"]}))}});
    let rule = |chain: &str, protocol: &str, set: &str| {
        let source = json!({"payload": {"protocol": protocol, "field": "saddr"}});
        let from_set = json!({"match": {"op": "==", "left": source, "right": format!("@{set}")}});
        let rule = json!({"chain": chain, "expr": [from_set, {"counter": null}, {"drop": null}]});
        json!({"add": {"rule": of(rule)}})
    };
    let mut all = vec![
        json!({"add": {"table": {"family": "inet", "name": TABLE}}}),
        set(SETS[0], "ipv4_addr"),
        set(SETS[1], "ipv6_addr"),
    ];
    for chain in CHAINS {
        let hook =
            json!({"name": chain, "type": "filter", "hook": chain, "prio": PRIORITY, "policy": "accept"});
        all.push(json!({"add": {"chain": of(hook)}}));
        all.push(json!({"flush": {"chain": of(json!({"name": chain}))}}));
        all.push(rule(chain, "ip", SETS[0]));
        all.push(rule(chain, "ip6", SETS[1]));
    }
    all
}

fn element(verb: &str, address: IpAddr, element: Value) -> Value {
    let set = if address.is_ipv4() { SETS[0] } else { SETS[1] };
    json!({verb: {"element": {"family": "inet", "table": TABLE, "name": set, "elem": [element]}}})
}

fn elements(answer: &Value) -> Vec<(IpAddr, u64)> {
    let sets = answer["nftables"].as_array().into_iter().flatten();
    let entries = sets.filter_map(|part| part["set"]["elem"].as_array()).flatten();
    let one = |entry: &Value| {
        let inner = &entry["elem"];
        let (value, left) =
            if inner.is_object() { (&inner["val"], &inner["expires"]) } else { (entry, inner) };
        Some((value.as_str()?.parse().ok()?, left.as_u64().unwrap_or(0)))
    };
    entries.filter_map(one).collect()
}

/// All commands take effect together, or none.
fn load(commands: &[Value]) -> Result<String, FirewallError> {
    nft(&["-j", "-f", "-"], json!({"nftables": commands}).to_string().as_bytes())
}

fn nft(arguments: &[&str], input: &[u8]) -> Result<String, FirewallError> {
    ready()?;
    let path = program::find("nft").ok_or(FirewallError::Absent)?;
    let mut command = vec![path.display().to_string()];
    command.extend(arguments.iter().map(ToString::to_string));
    let program =
        Program { command, input: input.to_vec(), time_out: TIME_OUT, output: OUTPUT, net_admin: true };
    let ended = program.run().map_err(|error| FirewallError::Failed(error.to_string()))?;
    if ended.success() {
        return Ok(ended.stdout);
    }
    let why = if ended.status.is_none() { "it took too long".to_owned() } else { ended.stderr };
    Err(FirewallError::Failed(
        why.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(500).collect(),
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_what_nft_lists() {
        let answer = json!({"nftables": [{"metainfo": {}}, {"set": {"name": "blocked4", "elem": [
            {"elem": {"val": "10.0.0.9", "timeout": 900, "expires": 899}}, "10.0.0.8", {"elem": {"val": {"range": []}}}
        ]}}]});
        let found = elements(&answer);
        assert_eq!(found, [("10.0.0.9".parse().unwrap(), 899), ("10.0.0.8".parse().unwrap(), 0)]);
        assert!(elements(&json!({"nftables": [{"set": {"name": "blocked4"}}]})).is_empty());
    }

    #[test]
    fn an_address_is_written_as_one_whatever_it_is() {
        let text = in_words("fd00::9".parse().unwrap(), 60);
        assert!(text.starts_with("add element inet vedette blocked6 { fd00::9 timeout 60s }"), "{text}");
    }
}
