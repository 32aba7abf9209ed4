//! What can be set about detection. Every setting has a default that suits a company network.

use crate::class::Class;
use crate::networks::Networks;

/// How much evidence it takes to raise an alert. Moves one number, [`Sensitivity::margin`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub enum Sensitivity {
    Low,
    #[default]
    Medium,
    High,
}

impl Sensitivity {
    pub fn as_str(self) -> &'static str {
        match self {
            Sensitivity::Low => "low",
            Sensitivity::Medium => "medium",
            Sensitivity::High => "high",
        }
    }

    pub fn parse(text: &str) -> Option<Sensitivity> {
        match text {
            "low" => Some(Sensitivity::Low),
            "medium" => Some(Sensitivity::Medium),
            "high" => Some(Sensitivity::High),
            _ => None,
        }
    }

    /// Evidence, in nats, that a source must gather within a minute before it is called a
    /// scanner. By Wald's bound a benign source gets that far with a probability below
    /// exp(-margin): about 1 in 1,100, 1 in 8,100 and 1 in 163,000.
    pub fn margin(self) -> f64 {
        match self {
            Sensitivity::High => 7.0,
            Sensitivity::Medium => 9.0,
            Sensitivity::Low => 12.0,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Config {
    pub sensitivity: Sensitivity,
    /// Bytes the detector may use for what it remembers. Least-suspected sources are forgotten
    /// first when it is reached. At least 4 MiB are used whatever it says.
    pub memory: usize,
    /// Which addresses are our own. The default counts every address that is not routed on the
    /// Internet.
    pub networks: Networks,
    /// Discovery that raises no alert. The default are the shipped classes.
    pub classes: Vec<Class>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            sensitivity: Sensitivity::Medium,
            memory: 256 << 20,
            networks: Networks::default(),
            classes: Class::shipped(),
        }
    }
}
