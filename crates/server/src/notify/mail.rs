//! Alerts by mail: one message for all receivers, as plain text and as HTML.

use super::channel::{Address, Mail, Secrets, Settings, Transport};
use super::send::{Failure, LONGEST};
use super::shapes::facts;
use super::template;
use crate::state::AlertRecord;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport as _};
use std::net::SocketAddr;

/// Receivers of one channel.
const MOST_RECEIVERS: usize = 20;

impl Mail {
    /// What is wrong with sender and receivers, for the user.
    pub fn check(&self) -> Result<(), String> {
        let wrong = |text: &str| format!("{text:?} is no mail address");
        self.from.parse::<Mailbox>().map_err(|_| wrong(&self.from))?;
        if self.to.is_empty() || self.to.len() > MOST_RECEIVERS {
            return Err(format!("mail has 1 to {MOST_RECEIVERS} receivers"));
        }
        self.to.iter().try_for_each(|to| to.parse::<Mailbox>().map(|_| ()).map_err(|_| wrong(to)))
    }
}

/// Sends an alert to `target`, which was checked; names of certificates are held against `to.host`.
pub fn send(
    settings: &Settings,
    secrets: &Secrets,
    (to, target): (&Address, SocketAddr),
    alert: &AlertRecord,
    id: &str,
    hostname: &str,
) -> Result<(), Failure> {
    let message = message(settings, alert, id, hostname).map_err(Failure::never)?;
    let transport = transport(secrets, to, target).map_err(Failure::never)?;
    match transport.send(&message) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure {
            // A mailbox that does not exist, a sender that may not: trying again changes nothing.
            final_: error.is_permanent(),
            why: told(&error),
        }),
    }
}

/// An error with its causes: the library's own words leave them out.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    text.chars().filter(|letter| !letter.is_control()).take(400).collect()
}

fn transport(secrets: &Secrets, to: &Address, target: SocketAddr) -> Result<SmtpTransport, String> {
    let tls = || {
        // The library takes the process's; an error says that there is one already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let parameters = TlsParameters::builder(to.host.clone());
        let parameters = match &secrets.trust {
            Some(pem) => {
                let authority = Certificate::from_pem(pem.as_bytes()).map_err(|error| told(&error))?;
                parameters.certificate_store(CertificateStore::None).add_root_certificate(authority)
            }
            None => parameters.certificate_store(CertificateStore::WebpkiRoots),
        };
        parameters.build_rustls().map_err(|error| told(&error))
    };
    // The address was looked up and checked: the library must not look it up again.
    let builder = SmtpTransport::builder_dangerous(target.ip().to_string())
        .port(target.port())
        .timeout(Some(LONGEST))
        .tls(match to.transport {
            Transport::MailTls => Tls::Wrapper(tls()?),
            Transport::MailStartTls => Tls::Required(tls()?),
            _ => Tls::None,
        });
    let builder = match (&secrets.username, &secrets.password) {
        (Some(user), Some(password)) => builder.credentials(Credentials::new(user.clone(), password.clone())),
        _ => builder,
    };
    Ok(builder.build())
}

/// The message. Its number is that of the delivery: one that is sent twice shows once.
fn message(settings: &Settings, alert: &AlertRecord, id: &str, hostname: &str) -> Result<Message, String> {
    let mail = settings.mail.as_ref().ok_or("the channel has no sender and receivers")?;
    let title = settings.title.as_deref().unwrap_or("[$severity] $name");
    let subject = template::title(title, alert);
    let text = match &settings.body {
        Some(template) => template::body(template, alert),
        None => plain(alert),
    };
    let mailbox = |text: &str| text.parse::<Mailbox>().map_err(|error| format!("{text:?}: {error}"));
    let host: String = hostname.chars().filter(|c| c.is_ascii_alphanumeric() || "-.".contains(*c)).collect();
    let host = if host.is_empty() { "vedette".to_owned() } else { host };
    let mut builder = Message::builder()
        .from(mailbox(&mail.from)?)
        .subject(subject)
        .message_id(Some(format!("<{id}@{host}>")));
    for to in &mail.to {
        builder = builder.to(mailbox(to)?);
    }
    let html = html(&text);
    builder.multipart(MultiPart::alternative_plain_html(text, html)).map_err(|error| told(&error))
}

fn plain(alert: &AlertRecord) -> String {
    let subject = &alert.subject;
    let mut text = format!("{}\n\n", subject.name());
    if !subject.summary().is_empty() {
        text.push_str(&format!("{}\n\n", subject.summary()));
    }
    for (name, value) in facts(alert) {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text
}

/// The same text; nothing of it is read as a mark.
fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    format!(
        "<!doctype html><meta charset=\"utf-8\"><pre style=\"font:inherit;white-space:pre-wrap\">{escaped}</pre>"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::send::send as deliver;
    use super::super::shapes::tests::alert;
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use vedette_event::Time;

    fn settings() -> Settings {
        let mail = Mail { from: "Vedette <v@here.example>".into(), to: vec!["ops@here.example".into()] };
        Settings { mail: Some(mail), allow_private: true, ..Settings::default() }
    }

    /// Plays a mail server for one message; gives what the client said. `refuse` answers RCPT.
    fn server(refuse: Option<&'static str>) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("smtp+plain://{}", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let (mut said, mut data) = (String::new(), false);
            stream.write_all(b"220 here ESMTP\r\n").unwrap();
            while let Some(Ok(line)) = lines.next() {
                said.push_str(&line);
                said.push('\n');
                let answer = match line.split(' ').next().unwrap() {
                    "." if data => {
                        data = false;
                        "250 queued"
                    }
                    _ if data => continue,
                    "EHLO" => "250-here\r\n250 8BITMIME",
                    "RCPT" => refuse.unwrap_or("250 ok"),
                    "DATA" => {
                        data = true;
                        "354 go on"
                    }
                    "QUIT" => {
                        let _ = stream.write_all(b"221 bye\r\n");
                        break;
                    }
                    _ => "250 ok",
                };
                stream.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
            }
            said
        });
        (url, thread)
    }

    fn secrets(url: String) -> Secrets {
        Secrets { url, ..Secrets::default() }
    }

    #[test]
    fn an_alert_goes_out_as_one_message() {
        let (url, thread) = server(None);
        let sent = deliver(&settings(), &secrets(url), &alert("scan"), "msg_1_7", "host 1", Time(0));
        assert_eq!(sent, Ok(()));
        let said = thread.join().unwrap();
        assert!(
            said.contains("MAIL FROM:<v@here.example>") && said.contains("RCPT TO:<ops@here.example>"),
            "{said}"
        );
        assert!(
            said.contains("Subject: [medium] scan\n") && said.contains("Message-ID: <msg_1_7@host1>"),
            "{said}"
        );
        assert!(said.contains("text/plain") && said.contains("text/html"), "{said}");
        assert!(said.contains("&lt;b&gt;line&lt;/b&gt;"), "the alert's text has marks in it: {said}");
    }

    #[test]
    fn nothing_from_outside_becomes_a_header_or_a_mark() {
        let hostile = alert("scan\r\nBcc: evil@evil.example\r\n\r\n<script>alert(1)</script>");
        let text = String::from_utf8(message(&settings(), &hostile, "m", "h").unwrap().formatted()).unwrap();
        let head = text.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        assert!(!text.split("text/html").nth(1).unwrap().contains("<script"), "{text}");
        let templated = Settings { title: Some("$name".into()), body: Some("$name".into()), ..settings() };
        let text = String::from_utf8(message(&templated, &hostile, "m", "h").unwrap().formatted()).unwrap();
        assert!(
            !text.split("\r\n\r\n").next().unwrap().lines().any(|line| line.starts_with("Bcc")),
            "{text}"
        );
    }

    #[test]
    fn what_cannot_help_later_is_final() {
        for (answer, final_) in [("550 no such user", true), ("451 later", false)] {
            let (url, thread) = server(Some(answer));
            let failed = deliver(&settings(), &secrets(url), &alert("x"), "m", "h", Time(0)).unwrap_err();
            assert_eq!(failed.final_, final_, "{}", failed.why);
            assert!(failed.why.contains(&answer[4..]), "{}", failed.why);
            thread.join().unwrap();
        }
        let closed =
            deliver(&settings(), &secrets("smtp+plain://127.0.0.1:1".into()), &alert("x"), "m", "h", Time(0));
        assert!(!closed.unwrap_err().final_);
    }

    #[test]
    fn a_server_without_encryption_gets_no_password() {
        // It does not offer STARTTLS: the client hangs up before it says who it is.
        let (url, thread) = server(None);
        let mut secret = secrets(url.replace("smtp+plain", "smtp"));
        secret.username = Some("user".into());
        secret.password = Some("hunter2".into());
        let failed = deliver(&settings(), &secret, &alert("x"), "m", "h", Time(0)).unwrap_err();
        assert!(!failed.why.is_empty());
        let said = thread.join().unwrap();
        assert!(!said.contains("AUTH") && !said.contains("MAIL"), "{said}");
    }

    #[test]
    fn addresses_are_checked() {
        let mail = |from: &str, to: &[&str]| Mail {
            from: from.to_owned(),
            to: to.iter().map(|to| (*to).to_owned()).collect(),
        };
        assert_eq!(mail("a@b.example", &["Ops <c@d.example>"]).check(), Ok(()));
        for wrong in [
            mail("nobody", &["c@d.example"]),
            mail("a@b.example", &[]),
            mail("a@b.example", &["c@d.example\r\nBcc: x@y.example"]),
            mail("a@b.example", &["x@y.example"; 21]),
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
