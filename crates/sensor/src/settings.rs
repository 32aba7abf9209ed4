//! What can be set about the sensor; everything has a default that suits a host under watch.

use crate::CaptureError;
use crate::filter::MAX_INTERFACES;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SensorConfig {
    /// Names of the interfaces to observe; empty for all, including those that appear later. A
    /// named interface need not exist yet.
    pub interfaces: Vec<String>,
    /// Observe loopback too: what local programs send each other, and the self-test.
    pub loopback: bool,
    /// Size of the capture ring. It holds what arrives while the sensor does not get to run: 8 MiB
    /// are half a second at 100,000 SYN/s, and 1.28 s at most.
    pub ring_bytes: usize,
    /// How long a packet may wait in the ring before the sensor sees it, in milliseconds.
    pub block_timeout_ms: u32,
    /// Events waiting for a sink that is behind, about 400 bytes each; more are dropped and counted.
    pub queue_events: usize,
    /// Find out which local process an attempt belongs to.
    pub owners: bool,
}

impl Default for SensorConfig {
    fn default() -> SensorConfig {
        SensorConfig {
            interfaces: Vec::new(),
            loopback: true,
            ring_bytes: 8 << 20,
            block_timeout_ms: 10,
            queue_events: 131_072,
            owners: true,
        }
    }
}

impl SensorConfig {
    pub(crate) fn check(&self) -> Result<(), CaptureError> {
        let fault = |text: String| Err(CaptureError::Setting(text));
        if self.interfaces.len() > MAX_INTERFACES {
            return fault(format!(
                "at most {MAX_INTERFACES} interfaces can be named; name none to observe all"
            ));
        }
        // Linux: 15 bytes, no slash, no white space.
        let bad =
            |name: &&String| name.is_empty() || name.len() > 15 || name.contains(['/', ' ', '\n', '\0']);
        if let Some(name) = self.interfaces.iter().find(bad) {
            return fault(format!("{name:?} is not an interface name"));
        }
        if !(1..=1 << 30).contains(&self.ring_bytes) {
            return fault(format!("a ring of {} bytes; up to 1 GiB is possible", self.ring_bytes));
        }
        if !(1..=1000).contains(&self.block_timeout_ms) {
            return fault(format!(
                "a block time-out of {} ms; 1 to 1000 are possible",
                self.block_timeout_ms
            ));
        }
        Ok(())
    }

    /// Whether this interface is to be observed.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.interfaces.is_empty() || self.interfaces.iter().any(|wanted| wanted == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_make_no_sense_are_named() {
        let checked = |change: fn(&mut SensorConfig)| {
            let mut config = SensorConfig::default();
            change(&mut config);
            config.check().err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(checked(|_| ()), "");
        assert!(checked(|c| c.interfaces = vec!["a/b".into()]).contains("\"a/b\" is not an interface"));
        assert!(checked(|c| c.interfaces = vec!["eth0".into(); 101]).contains("at most 100"));
        assert!(checked(|c| c.ring_bytes = usize::MAX).contains("ring of"));
        assert!(checked(|c| c.block_timeout_ms = 0).contains("time-out of 0 ms"));
    }
}
