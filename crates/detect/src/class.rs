//! Classes of discovery that are no reason for an alert: kinds of benign software, and scanners that
//! somebody has approved. Each is a file with its reasoning (`classes/`, and an administrator's own).
//!
//! What a class covers is told as benign discovery, with all figures, and becomes a scan with the first
//! probe that the class does not cover.
//!
//! Belongs here: reading a class, and whether a probe is covered. Does not belong here: evidence; a
//! class never changes what a contact weighs.

use crate::fingerprint::{self, FINGERPRINTS};
use crate::networks::{Networks, within};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use vedette_event::{Event, Time, Transport};

/// Shipped with the program.
const SHIPPED: [&str; 3] = [
    include_str!("../classes/printers.json"),
    include_str!("../classes/names.json"),
    include_str!("../classes/device_discovery.json"),
];
const DAY: i64 = 86_400;
const MINUTE: i64 = 60;

/// A class as its file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    /// Why it is benign; for people.
    why: String,
    #[serde(default = "yes")]
    enabled: bool,
    /// RFC 3339; the class covers nothing from then on.
    expires: Option<Time>,
    /// Addresses or prefixes; none for anybody.
    #[serde(default)]
    sources: Vec<String>,
    /// Only sources in the internal networks.
    #[serde(default)]
    internal: bool,
    /// `udp/161`; none for every service.
    #[serde(default)]
    services: Vec<String>,
    /// Of the services at least so many must have been tried: a sweep of one port is a sweep.
    #[serde(default)]
    at_least: usize,
    shape: Option<ClassShape>,
    /// The network card its packets come from, on the same LAN.
    mac: Option<String>,
    /// Lowest and highest TTL or hop limit of its packets as received.
    ttl: Option<(u8, u8)>,
    /// Tools whose fingerprints its packets may bear; none for any.
    #[serde(default)]
    tools: Vec<String>,
    /// When it may, in UTC; none for always.
    #[serde(default)]
    calendar: Vec<Window>,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClassShape {
    /// Few services of many hosts.
    Horizontal,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    /// None for every day.
    #[serde(default)]
    days: Vec<Day>,
    /// `22:00`. A window whose end is not after its begin goes on into the next day.
    from: String,
    to: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// Days, and minutes of the day.
#[derive(Clone, Debug)]
struct Span {
    days: Vec<Day>,
    from: i64,
    to: i64,
}

/// A class that can be asked.
#[derive(Clone, Debug)]
pub struct Class {
    pub name: String,
    pub why: String,
    pub enabled: bool,
    expires: Option<Time>,
    sources: Vec<(IpAddr, u8)>,
    internal: bool,
    services: Vec<(Transport, u16)>,
    pub(crate) at_least: usize,
    pub(crate) shape: Option<ClassShape>,
    mac: Option<[u8; 6]>,
    ttl: Option<(u8, u8)>,
    tools: Vec<String>,
    calendar: Vec<Span>,
}

/// What a campaign keeps of the class that covers it, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Covering {
    pub(crate) name: String,
    pub(crate) why: String,
    /// It speaks for named sources, whatever they try.
    pub(crate) scanner: bool,
}

impl Covering {
    pub(crate) fn by(class: &Class) -> Covering {
        let scanner = !class.sources.is_empty() && class.covers_all_services();
        Covering { name: class.name.clone(), why: class.why.clone(), scanner }
    }
}

/// Whether a class speaks for a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cover {
    No,
    Yes,
    /// It is the address of one that is named, and this does not fit.
    Impostor(&'static str),
}

impl Class {
    /// Whether it names this address among the sources it speaks for, now.
    pub fn names(&self, address: IpAddr, now: Time) -> bool {
        let over = self.expires.is_some_and(|end| end <= now);
        let address = address.to_canonical();
        self.enabled && !over && self.sources.iter().any(|&(base, length)| within(address, base, length))
    }

    /// The classes that are shipped.
    pub fn shipped() -> Vec<Class> {
        // A test reads them all.
        SHIPPED.iter().filter_map(|text| Class::parse(text).ok()).collect()
    }

    /// Reads a class as shipped, or as [`Class::parse_own`] without its duty to expire.
    ///
    /// # Errors
    /// What is wrong, and what to write instead.
    pub fn parse(text: &str) -> Result<Class, String> {
        let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if file.name.trim().is_empty() || file.why.trim().is_empty() {
            return Err("\"name\" and \"why\" must say something".to_owned());
        }
        if file.sources.is_empty() && file.services.is_empty() {
            return Err("without \"sources\" or \"services\" it would cover everything".to_owned());
        }
        Ok(Class {
            sources: file.sources.iter().map(|text| prefix(text)).collect::<Result<_, _>>()?,
            services: file.services.iter().map(|text| service(text)).collect::<Result<_, _>>()?,
            mac: file.mac.as_deref().map(card).transpose()?,
            tools: file.tools.into_iter().map(tool).collect::<Result<_, _>>()?,
            calendar: file.calendar.iter().map(span).collect::<Result<_, _>>()?,
            name: file.name,
            why: file.why,
            enabled: file.enabled,
            expires: file.expires,
            internal: file.internal,
            at_least: file.at_least,
            shape: file.shape,
            ttl: file.ttl,
        })
    }

    /// Reads a class that an administrator wrote: it must say when it ends, so that no exception
    /// outlives its reason.
    ///
    /// # Errors
    /// As [`Class::parse`].
    pub fn parse_own(text: &str) -> Result<Class, String> {
        let class = Class::parse(text)?;
        match class.expires {
            Some(_) => Ok(class),
            None => Err("\"expires\" is missing: give a time like \"2027-01-31T00:00:00Z\"".to_owned()),
        }
    }

    pub(crate) fn covers_all_services(&self) -> bool {
        self.services.is_empty()
    }

    pub(crate) fn covers_service(&self, transport: Transport, port: u16) -> bool {
        self.services.is_empty() || self.services.contains(&(transport, port))
    }

    /// Whether it speaks for the sender of this event, now.
    pub(crate) fn covers_sender(&self, event: &Event, networks: &Networks) -> Cover {
        let named = self.sources.iter().any(|&(base, length)| within(event.source, base, length));
        let theirs = if self.sources.is_empty() {
            !self.internal || networks.is_internal(event.source)
        } else {
            named
        };
        if !self.enabled || !theirs || self.expires.is_some_and(|end| event.time >= end) {
            return Cover::No;
        }
        if !self.calendar.is_empty() && !self.calendar.iter().any(|span| span.holds(event.time)) {
            return if named { Cover::Impostor("it scans outside of its hours") } else { Cover::No };
        }
        let other_card = self.mac.is_some_and(|card| event.source_mac.is_some_and(|seen| seen != card));
        let other_ttl = self.ttl.is_some_and(|(least, most)| !(least..=most).contains(&event.first.ttl));
        // Most logs do not tell it.
        let other_ttl = other_ttl && !(event.first.partial && event.first.ttl == 0);
        let fits = |tool: &str| self.tools.iter().any(|known| known.eq_ignore_ascii_case(tool));
        let other_tool =
            !self.tools.is_empty() && fingerprint::of(event).is_some_and(|row| !fits(FINGERPRINTS[row].tool));
        match (other_card, other_ttl, other_tool) {
            (false, false, false) => Cover::Yes,
            _ if !named => Cover::No,
            (true, ..) => Cover::Impostor("its packets come from another network card"),
            (_, true, _) => Cover::Impostor("its packets come from another distance (TTL)"),
            _ => Cover::Impostor("its packets come from another tool"),
        }
    }

    /// When it ends; the shipped ones do not.
    pub fn expires(&self) -> Option<Time> {
        self.expires
    }
}

impl Span {
    fn holds(&self, time: Time) -> bool {
        const DAYS: [Day; 7] = [Day::Thu, Day::Fri, Day::Sat, Day::Sun, Day::Mon, Day::Tue, Day::Wed];
        // 1970-01-01 was a Thursday.
        let day = |seconds: i64| DAYS[seconds.div_euclid(DAY).rem_euclid(7) as usize];
        let minute = time.seconds().rem_euclid(DAY) / MINUTE;
        let on = |day: Day| self.days.is_empty() || self.days.contains(&day);
        let today = on(day(time.seconds()));
        if self.from < self.to {
            return today && (self.from..self.to).contains(&minute);
        }
        let yesterday = on(day(time.seconds().saturating_sub(DAY)));
        (today && minute >= self.from) || (yesterday && minute < self.to)
    }
}

fn prefix(text: &str) -> Result<(IpAddr, u8), String> {
    let wrong = || format!("{text:?} is no address or prefix like 10.0.0.0/24");
    let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    let length = length.map_or(Ok(whole), str::parse).map_err(|_| wrong())?;
    if length > whole { Err(wrong()) } else { Ok((address, length)) }
}

fn service(text: &str) -> Result<(Transport, u16), String> {
    let wrong = || format!("{text:?} is no service like tcp/443");
    let (transport, port) = text.split_once('/').ok_or_else(wrong)?;
    let transport = match transport {
        "tcp" => Transport::Tcp,
        "udp" => Transport::Udp,
        "sctp" => Transport::Sctp,
        _ => return Err(wrong()),
    };
    Ok((transport, port.parse().map_err(|_| wrong())?))
}

fn tool(name: String) -> Result<String, String> {
    if FINGERPRINTS.iter().any(|row| row.tool.eq_ignore_ascii_case(&name)) {
        return Ok(name);
    }
    let mut known: Vec<&str> = FINGERPRINTS.iter().map(|row| row.tool).collect();
    known.sort_unstable();
    known.dedup();
    Err(format!("{name:?} is no tool with a fingerprint: {}", known.join(", ")))
}

fn card(text: &str) -> Result<[u8; 6], String> {
    let bytes: Result<Vec<u8>, _> = text.split([':', '-']).map(|byte| u8::from_str_radix(byte, 16)).collect();
    bytes
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| format!("{text:?} is no hardware address like 02:00:00:00:00:01"))
}

fn span(window: &Window) -> Result<Span, String> {
    Ok(Span { days: window.days.clone(), from: minutes(&window.from)?, to: minutes(&window.to)? })
}

fn minutes(text: &str) -> Result<i64, String> {
    let parts =
        text.split_once(':').and_then(|(h, m)| Some((h.parse::<i64>().ok()?, m.parse::<i64>().ok()?)));
    match parts {
        Some((hour @ 0..=23, minute @ 0..=59)) => Ok(hour * 60 + minute),
        Some((24, 0)) => Ok(24 * 60),
        _ => Err(format!("{text:?} is no time of day like 22:30")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_shipped_class_reads() {
        assert_eq!(Class::shipped().len(), SHIPPED.len());
        assert!(Class::shipped().iter().all(|class| class.why.len() > 80), "each says why");
    }

    #[test]
    fn mistakes_are_refused_with_what_to_write() {
        let own = |rest: &str| {
            Class::parse_own(&format!(r#"{{"name":"n","why":"w"{rest}}}"#)).err().unwrap_or_default()
        };
        assert!(own("").contains("cover everything"));
        assert!(own(r#","sources":["10.0.0.9"]"#).contains("expires"));
        let until = r#","expires":"2027-01-01T00:00:00Z""#;
        assert_eq!(own(&format!(r#"{until},"sources":["10.0.0.9","fd00::/8"]"#)), "");
        for (wrong, said) in [
            (r#","sources":["10.0.0.0/33"]"#, "10.0.0.0/33"),
            (r#","services":["http"]"#, "tcp/443"),
            (r#","services":["tcp/99999"]"#, "tcp/99999"),
            (r#","sources":["10.0.0.9"],"mac":"02:00""#, "hardware"),
            (r#","sources":["10.0.0.9"],"calendar":[{"from":"25:00","to":"26:00"}]"#, "25:00"),
            (r#","sources":["10.0.0.9"],"colour":"red""#, "colour"),
            (r#","sources":["10.0.0.9"],"tools":["nessus"]"#, "masscan, naabu, nmap"),
        ] {
            assert!(own(&format!("{until}{wrong}")).contains(said), "{wrong}: {}", own(wrong));
        }
    }

    #[test]
    fn windows_of_the_calendar() {
        let at = |text: &str| Time::parse(text).unwrap();
        let holds = |days: Vec<Day>, from, to, text| Span { days, from, to }.holds(at(text));
        // 2026-11-21 was a Saturday.
        assert!(holds(vec![Day::Sat], 60, 300, "2026-11-21T04:59:00Z"));
        assert!(!holds(vec![Day::Sat], 60, 300, "2026-11-21T05:00:00Z"));
        assert!(!holds(vec![Day::Sun], 60, 300, "2026-11-21T04:59:00Z"));
        assert!(holds(vec![Day::Sat], 22 * 60, 120, "2026-11-22T01:00:00Z"), "into Sunday");
        assert!(!holds(vec![Day::Sat], 22 * 60, 120, "2026-11-21T01:00:00Z"), "that is Friday's night");
        assert!(holds(vec![], 0, 24 * 60, "2026-11-24T23:59:59Z"));
    }
}
