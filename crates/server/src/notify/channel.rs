//! What a channel is: where alerts are told, in which shape, and which of them.

use super::reach::is_inside;
use jiff::civil::Time as Clock;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use utoipa::ToSchema;
use vedette_event::{AlertSource, Severity, Time};

/// The shape of what is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// The alert as the API shows it.
    #[default]
    Json,
    /// OCSF 1.8 Detection Finding (2004).
    Ocsf,
    /// A message for an incoming webhook of Slack, or of what understands it.
    Slack,
    /// An adaptive card for a workflow webhook of Teams.
    Teams,
    /// ArcSight CEF, in syslog.
    Cef,
}

/// Hours in which only critical alerts are told at once; the others wait for their end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// `22:00`
    pub from: String,
    /// `06:30`; may be the next day.
    pub to: String,
    /// `Europe/Rome`
    pub timezone: String,
}

/// What of a channel is no secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    #[serde(default)]
    pub shape: Shape,
    /// Alerts below it are not told: `informational` (when absent) to `critical`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub min_severity: Option<Severity>,
    /// Only alerts of these: `detection`, `correlation`, `external`; all when absent.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub sources: Option<Vec<AlertSource>>,
    #[serde(default)]
    pub quiet_hours: Option<QuietHours>,
    /// Addresses of this host and of private networks may be reached.
    #[serde(default)]
    pub allow_private: bool,
    /// Of mail channels: sender and receivers.
    #[serde(default)]
    pub mail: Option<Mail>,
    /// Title of chat messages and mail, with fields: `[$severity] $name`.
    #[serde(default)]
    pub title: Option<String>,
    /// Text of chat messages and mail, with the same fields.
    #[serde(default)]
    pub body: Option<String>,
}

/// Sender and receivers: `ops@example.com` or `Operations <ops@example.com>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
}

/// Where it goes, and what nobody else may know of it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Secrets {
    pub url: String,
    /// Of webhooks: base64, as after `whsec_`.
    pub key: String,
    /// Of mail servers.
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub password: Option<String>,
    /// The certificate authority of the receiver (PEM), where it is not a public one.
    #[serde(default)]
    pub trust: Option<String>,
}

/// The transport of a channel's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Http,
    SyslogUdp,
    SyslogTcp,
    SyslogTls,
    /// Without encryption.
    Mail,
    MailStartTls,
    /// Encrypted from the first byte.
    MailTls,
}

impl Transport {
    pub fn is_mail(self) -> bool {
        matches!(self, Transport::Mail | Transport::MailStartTls | Transport::MailTls)
    }

    /// A login is sent there: to mail servers, and only encrypted.
    pub fn has_login(self) -> bool {
        matches!(self, Transport::MailStartTls | Transport::MailTls)
    }

    /// Always encrypted; webhooks are by `https`.
    pub fn has_trust(self) -> bool {
        self == Transport::SyslogTls || self.has_login()
    }

    fn is_syslog(self) -> bool {
        matches!(self, Transport::SyslogUdp | Transport::SyslogTcp | Transport::SyslogTls)
    }
}

/// An address in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub transport: Transport,
    pub host: String,
    pub port: u16,
}

/// Reads an address. An error is a sentence for the user.
pub fn address(url: &str) -> Result<Address, String> {
    let help = "give https://…, http://…, syslog+udp://host:514, syslog+tcp://host:601, syslog+tls://host:6514, \
                smtp://host:587 (STARTTLS), smtps://host:465 or smtp+plain://host:25";
    let uri: axum::http::Uri = url.parse().map_err(|_| format!("this is no address: {help}"))?;
    let (transport, usual) = match uri.scheme_str() {
        Some("https") => (Transport::Http, 443),
        Some("http") => (Transport::Http, 80),
        Some("syslog+udp") => (Transport::SyslogUdp, 514),
        Some("syslog+tcp") => (Transport::SyslogTcp, 601),
        Some("syslog+tls") => (Transport::SyslogTls, 6514),
        Some("smtp") => (Transport::MailStartTls, 587),
        Some("smtps") => (Transport::MailTls, 465),
        Some("smtp+plain") => (Transport::Mail, 25),
        _ => return Err(format!("this address has no scheme that is known: {help}")),
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    if host.is_empty() || url.len() > 2_000 {
        return Err(format!("this address names no host, or is too long: {help}"));
    }
    Ok(Address { transport, host, port: uri.port_u16().unwrap_or(usual) })
}

impl Settings {
    /// What is wrong with the settings, for the user.
    pub fn check(&self, url: &str) -> Result<(), String> {
        let address = address(url)?;
        let syslog = address.transport.is_syslog();
        self.check_mail(address.transport)?;
        self.check_texts(syslog)?;
        if syslog && matches!(self.shape, Shape::Slack | Shape::Teams) {
            return Err("syslog carries the shapes json, ocsf and cef".to_owned());
        }
        if !syslog && self.shape == Shape::Cef {
            return Err("CEF goes by syslog: give an address that begins with syslog+tcp://".to_owned());
        }
        let inside = address.host.parse::<IpAddr>().is_ok_and(is_inside) || address.host == "localhost";
        if inside && !self.allow_private {
            return Err(PRIVATE.to_owned());
        }
        self.quiet_hours.as_ref().map_or(Ok(()), |hours| hours.read().map(|_| ()))
    }

    fn check_mail(&self, transport: Transport) -> Result<(), String> {
        match (&self.mail, transport.is_mail()) {
            (None, true) => Err("mail needs `mail`: {\"from\": …, \"to\": […]}".to_owned()),
            (Some(_), false) => {
                Err("`mail` goes with an address that begins with smtp:// or smtps://".to_owned())
            }
            (Some(mail), true) if self.shape == Shape::Json => mail.check(),
            (Some(_), true) => {
                Err("mail has no shape: leave `shape` out, and use `title` and `body`".to_owned())
            }
            (None, false) => Ok(()),
        }
    }

    fn check_texts(&self, syslog: bool) -> Result<(), String> {
        let texts = [("title", &self.title), ("body", &self.body)];
        let machine = self.mail.is_none() && !matches!(self.shape, Shape::Slack | Shape::Teams);
        for (what, text) in texts {
            let Some(text) = text else { continue };
            if syslog || machine {
                return Err(format!(
                    "`{what}` is for mail and the shapes slack and teams: the others are read by programs"
                ));
            }
            super::template::check(what, text)?;
        }
        Ok(())
    }

    /// When an alert is told: now, at the end of the quiet hours, or never.
    pub fn due(&self, severity: Severity, source: AlertSource, self_test: bool, now: Time) -> Option<Time> {
        let least = self.min_severity.unwrap_or(Severity::Informational);
        let wanted = self.sources.as_ref().is_none_or(|sources| sources.contains(&source));
        if self_test || severity < least || !wanted {
            return None;
        }
        let quiet = self.quiet_hours.as_ref().filter(|_| severity < Severity::Critical);
        Some(quiet.and_then(|hours| hours.end(now)).unwrap_or(now))
    }
}

pub const PRIVATE: &str = "this address is of this host or of a private network: allow it with allow_private";

impl QuietHours {
    fn read(&self) -> Result<(Clock, Clock, TimeZone), String> {
        let clock = |text: &str| {
            Clock::strptime("%H:%M", text).map_err(|_| format!("{text:?} is no time of day like 22:00"))
        };
        let zone = TimeZone::get(&self.timezone)
            .map_err(|_| format!("there is no time zone {:?}: give one like Europe/Rome", self.timezone))?;
        let (from, to) = (clock(&self.from)?, clock(&self.to)?);
        if from == to {
            return Err("quiet hours that begin and end at the same time are none".to_owned());
        }
        Ok((from, to, zone))
    }

    /// When the quiet hours end that `now` lies in; `None` outside them.
    fn end(&self, now: Time) -> Option<Time> {
        let (from, to, zone) = self.read().ok()?;
        let here = jiff::Timestamp::from_microsecond(now.0).ok()?.to_zoned(zone.clone());
        let (time, date) = (here.time(), here.date());
        let inside = if from < to { from <= time && time < to } else { time >= from || time < to };
        if !inside {
            return None;
        }
        let day = if from > to && time >= from { date.tomorrow().ok()? } else { date };
        let end = day.to_datetime(to).to_zoned(zone).ok()?;
        Some(Time(end.timestamp().as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    #[test]
    fn addresses_are_read_and_wrong_ones_are_named() {
        let read = address("syslog+tls://siem.example:6514").unwrap();
        assert_eq!(
            (read.transport, read.host.as_str(), read.port),
            (Transport::SyslogTls, "siem.example", 6514)
        );
        assert_eq!(address("https://hooks.example/a?b=c").unwrap().port, 443);
        assert_eq!(address("http://[::1]:80/").unwrap().host, "::1");
        for wrong in
            ["", "example.com", "ftp://a", "https://", "file:///etc/passwd", "gopher://x", "https://a b"]
        {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn private_addresses_must_be_allowed_and_shapes_must_fit() {
        let open = Settings::default();
        for inside in [
            "http://127.0.0.1/",
            "http://[::1]/",
            "https://10.0.0.5/",
            "http://169.254.169.254/",
            "http://localhost/",
        ] {
            assert_eq!(open.check(inside), Err(PRIVATE.to_owned()), "{inside}");
        }
        let allowed = Settings { allow_private: true, ..Settings::default() };
        assert_eq!(allowed.check("http://127.0.0.1/"), Ok(()));
        let cef = Settings { shape: Shape::Cef, ..Settings::default() };
        assert!(cef.check("https://a.example/").is_err() && cef.check("syslog+tcp://a.example").is_ok());
        let slack = Settings { shape: Shape::Slack, ..Settings::default() };
        assert!(slack.check("syslog+udp://a.example").is_err());
    }

    #[test]
    fn mail_needs_both_ends_and_texts_are_for_people() {
        let mail = Mail { from: "a@b.example".into(), to: vec!["c@d.example".into()] };
        let whole = Settings { mail: Some(mail), ..Settings::default() };
        for url in ["smtp://mail.example", "smtps://mail.example:465", "smtp+plain://mail.example:25"] {
            assert_eq!(whole.check(url), Ok(()), "{url}");
            assert!(Settings::default().check(url).is_err(), "{url} without receivers");
        }
        assert!(whole.check("https://a.example/").is_err());
        assert!(Settings { shape: Shape::Ocsf, ..whole.clone() }.check("smtp://mail.example").is_err());
        let titled = Settings { title: Some("$name".into()), ..whole };
        assert_eq!(titled.check("smtp://mail.example"), Ok(()));
        let wrong = Settings { title: Some("$nome".into()), ..titled };
        assert!(wrong.check("smtp://mail.example").unwrap_err().contains("$nome"));
        let program = Settings { body: Some("$name".into()), ..Settings::default() };
        assert!(program.check("https://a.example/").is_err());
        let chat = Settings { shape: Shape::Teams, ..program };
        assert_eq!(chat.check("https://a.example/"), Ok(()));
    }

    #[test]
    fn quiet_hours_hold_back_all_but_critical_until_they_end() {
        let hours = QuietHours { from: "22:00".into(), to: "06:30".into(), timezone: "Europe/Rome".into() };
        let settings = Settings { quiet_hours: Some(hours), ..Settings::default() };
        let due = |severity, now| settings.due(severity, AlertSource::Detection, false, at(now));
        let evening = "2026-01-31T21:30:00Z";
        assert_eq!(due(Severity::High, evening), Some(at("2026-02-01T05:30:00Z")));
        assert_eq!(due(Severity::Critical, evening), Some(at(evening)));
        assert_eq!(due(Severity::Low, "2026-02-01T04:00:00Z"), Some(at("2026-02-01T05:30:00Z")));
        assert_eq!(due(Severity::Low, "2026-02-01T06:00:00Z"), Some(at("2026-02-01T06:00:00Z")));
    }

    #[test]
    fn filters_leave_out_and_self_tests_are_never_told() {
        let settings = Settings {
            min_severity: Some(Severity::Medium),
            sources: Some(vec![AlertSource::Correlation]),
            ..Settings::default()
        };
        let due = |severity, source, test| settings.due(severity, source, test, Time(5));
        assert_eq!(due(Severity::High, AlertSource::Correlation, false), Some(Time(5)));
        assert_eq!(due(Severity::Low, AlertSource::Correlation, false), None);
        assert_eq!(due(Severity::High, AlertSource::Detection, false), None);
        assert_eq!(due(Severity::High, AlertSource::Correlation, true), None);
        for wrong in [("25:00", "06:00", "UTC"), ("22:00", "22:00", "UTC"), ("22:00", "06:00", "Mars")] {
            let hours = QuietHours { from: wrong.0.into(), to: wrong.1.into(), timezone: wrong.2.into() };
            let settings = Settings { quiet_hours: Some(hours), ..Settings::default() };
            assert!(settings.check("https://a.example/").is_err(), "{wrong:?}");
        }
    }
}
