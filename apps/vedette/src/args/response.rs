//! `vedette response` as users type it.

use super::{ListFormat, ServerArgs, TextOrJson};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use std::net::IpAddr;
use std::str::FromStr;

#[derive(Subcommand)]
pub enum ResponseCommand {
    /// Whether sources can be blocked, what is allowed, and who is never blocked
    Status {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
        format: TextOrJson,
    },
    /// Sources that are blocked now
    List {
        #[command(flatten)]
        target: ServerArgs,
        /// Also those that are over
        #[arg(long)]
        all: bool,
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Block a source for a time
    Block(BlockArgs),
    /// End a block before its time
    Undo {
        #[command(flatten)]
        target: ServerArgs,
        /// Number of the block, or the address
        #[arg(value_name = "ID|IP")]
        block: String,
    },
    /// On another host: block there whatever that server blocks, until it is stopped
    Follow(FollowArgs),
    /// End all blocks and take Vedette's table out of the firewall; works without a server too
    Clear {
        #[command(flatten)]
        target: ServerArgs,
    },
    /// Change what is allowed
    Set {
        #[command(flatten)]
        target: ServerArgs,
        /// Let sources be blocked
        #[arg(long, conflicts_with = "off")]
        on: bool,
        /// End all blocks and let none be made
        #[arg(long)]
        off: bool,
        /// Networks that are never blocked, instead of those set before (comma-separated; empty for none)
        #[arg(long, value_name = "IP|NETWORK")]
        never_block: Option<String>,
        /// Block confirmed sources without a person
        #[arg(long, value_enum)]
        automatic: Option<Switch>,
        /// … of scans of this severity or above
        #[arg(long, value_name = "WORD", requires = "automatic")]
        min_severity: Option<String>,
        /// … for so long: 30m, 12h, 7d
        #[arg(long = "for", value_name = "TIME", requires = "automatic")]
        span: Option<Span>,
    },
}

#[derive(ClapArgs)]
pub struct BlockArgs {
    #[command(flatten)]
    pub target: ServerArgs,
    /// The source; without it the only source of --alert
    #[arg(value_name = "IP", required_unless_present = "alert")]
    pub address: Option<IpAddr>,
    /// The alert that is the evidence; without it a confirmed one of the last 7 days is looked for
    #[arg(long, value_name = "ID")]
    pub alert: Option<i64>,
    /// How long: 30m, 12h, 7d
    #[arg(long = "for", value_name = "TIME", default_value = "1h")]
    pub span: Span,
    /// Why
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    pub reason: Option<String>,
    /// Show exactly what would happen, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do without confirmed evidence (administrators)
    #[arg(long)]
    pub force: bool,
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub format: TextOrJson,
}

#[derive(ClapArgs)]
pub struct FollowArgs {
    #[command(flatten)]
    pub target: ServerArgs,
    /// What this host is called there [default: its host name]
    #[arg(long, value_name = "TEXT")]
    pub host: Option<String>,
    /// Networks that are never blocked here, whatever the server says (comma-separated)
    #[arg(long, value_name = "IP|NETWORK", value_delimiter = ',')]
    pub never_block: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

/// A span of time, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span(pub u64);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let wrong = || "give a time like 30m, 12h or 7d".to_owned();
        let unit = text.chars().last().ok_or_else(wrong)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(wrong()),
        };
        let number: u64 =
            text.get(..text.len() - 1).and_then(|digits| digits.parse().ok()).ok_or_else(wrong)?;
        number.checked_mul(seconds).filter(|all| *all > 0).map(Span).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_nonsense_is_not() {
        assert_eq!(
            ("90s".parse(), "2h".parse(), "7d".parse()),
            (Ok(Span(90)), Ok(Span(7200)), Ok(Span(604_800)))
        );
        for wrong in ["", "h", "0m", "-1h", "1y", "1é", "99999999999999999999d", "18446744073709551615d"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }
}
