//! `vedette response follow`: this host blocks whatever another server blocks.

use super::super::table::cell;
use crate::args::FollowArgs;
use crate::client::{Client, json};
use crate::failure::Failure;
use serde_json::json;
use std::net::{IpAddr, ToSocketAddrs};
use std::time::Duration;
use vedette_sensor::privilege;
use vedette_server::follow::{Carried, Order, Own, carry_out, let_go};

/// How often the server is asked: a block is carried out, and ended, no later.
const EVERY: Duration = Duration::from_secs(3);

/// Goes on until it is stopped; what is blocked then ends when its time is over.
pub fn run(args: &FollowArgs) -> Result<u8, Failure> {
    let url = args.target.server.as_deref().ok_or_else(|| {
        Failure::Usage(
            "name the server: --server https://…, with a token of the role ingest in VEDETTE_TOKEN"
                .to_owned(),
        )
    })?;
    privilege::give_up_all_but(&privilege::FOLLOWER_NEEDS)
        .map_err(|error| Failure::Ours(error.to_string()))?;
    let own = Own::new(addresses(url)?, &args.never_block).map_err(Failure::Usage)?;
    if own.is_here() {
        return Err(Failure::Input("that server is this host: it blocks here by itself".to_owned()));
    }
    let host = args.host.clone().unwrap_or_else(host_name);
    let client = Client::need(&args.target)?;
    let (mut carried, mut said) = (Carried::default(), String::new());
    loop {
        let before = carried.clone();
        let now = match asked(&client, &host, &carried) {
            Ok(order) => {
                carried = carry_out(&order, &own);
                standing(&carried)
            }
            // A refused token cannot become right; a server that is away comes back.
            Err(Failure::Input(why)) => {
                let _ = let_go();
                return Err(Failure::Input(why));
            }
            Err(error) => format!("The server cannot be asked: {error} What is blocked ends by itself."),
        };
        if now != said {
            eprintln!("{now}");
            said = now;
        }
        // What changed is told at once.
        if carried == before {
            std::thread::sleep(EVERY);
        }
    }
}

fn asked(client: &Client, host: &str, carried: &Carried) -> Result<Order, Failure> {
    let answer = json(client.post("/response/follow", &json!({"host": host, "carried": carried}))?)?;
    serde_json::from_value(answer).map_err(|error| Failure::Ours(format!("the server's answer: {error}.")))
}

/// How it stands, in a line.
fn standing(carried: &Carried) -> String {
    if let Some(trouble) = &carried.trouble {
        return format!("No source can be blocked: {trouble}");
    }
    let list = |addresses: Vec<IpAddr>| match addresses.as_slice() {
        [] => "none".to_owned(),
        some => some.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", "),
    };
    let mut text = format!("Blocked here: {}.", list(carried.blocked.clone()));
    for one in &carried.spared {
        text.push_str(&format!(" {} {}: it is not blocked here.", one.address, cell(&json!(one.why))));
    }
    text
}

/// The addresses of a server: none of them is ever blocked.
fn addresses(url: &str) -> Result<Vec<IpAddr>, Failure> {
    let wrong = |why: String| Failure::Usage(format!("--server {url:?}: {why}"));
    let uri: ureq::http::Uri =
        url.parse().map_err(|error: ureq::http::uri::InvalidUri| wrong(error.to_string()))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(wrong("it begins with https:// or http://".to_owned()));
    }
    let host = uri.host().ok_or_else(|| wrong("it names no host".to_owned()))?.trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    let found = (host, port).to_socket_addrs().map_err(|error| wrong(error.to_string()))?;
    Ok(found.map(|address| address.ip()).collect())
}

fn host_name() -> String {
    let text = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = text.trim();
    if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use vedette_server::follow::SparedOrder;

    #[test]
    fn the_server_is_known_by_its_addresses() {
        assert_eq!(addresses("https://192.0.2.7:8750/").unwrap(), ["192.0.2.7".parse::<IpAddr>().unwrap()]);
        assert_eq!(addresses("https://[2001:db8::7]").unwrap(), ["2001:db8::7".parse::<IpAddr>().unwrap()]);
        for wrong in ["", "192.0.2.7:x", "/path"] {
            assert!(matches!(addresses(wrong), Err(Failure::Usage(_))), "{wrong}");
        }
    }

    #[test]
    fn says_who_is_blocked_and_who_is_not() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let spared =
            vec![SparedOrder { address: address("10.0.0.1"), why: "is a router of this host".into() }];
        let carried = Carried { trouble: None, blocked: vec![address("10.0.0.9")], spared };
        assert_eq!(
            standing(&carried),
            "Blocked here: 10.0.0.9. 10.0.0.1 is a router of this host: it is not blocked here."
        );
        let trouble = Carried { trouble: Some("nft is missing".into()), ..Carried::default() };
        assert!(standing(&trouble).contains("nft is missing"));
    }
}
