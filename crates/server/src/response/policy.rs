//! What an administrator allows: whether sources are blocked at all, which never, and when by itself.

use crate::prefix::Prefix;
use crate::state::{StateError, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vedette_event::Severity;

/// Networks of the never-block list.
const MOST_SPARED: usize = 200;
/// A block lasts at least a minute and at most 30 days, in seconds.
pub const SHORTEST: u64 = 60;
pub const LONGEST: u64 = 30 * 86_400;
/// As a setting, in JSON.
const SETTING: &str = "response_policy";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Sources may be blocked. Off until somebody switches it on; switching it off ends all blocks.
    pub enabled: bool,
    /// Addresses and networks that are never blocked, besides those that never are.
    #[schema(value_type = Vec<String>)]
    pub never_block: Vec<Prefix>,
    pub automatic: Automatic,
}

/// Blocks without a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Automatic {
    pub enabled: bool,
    /// Scans of this severity or above, of sources that completed a handshake.
    #[schema(value_type = String)]
    pub min_severity: Severity,
    /// How long, in seconds: 60 to 2,592,000.
    pub seconds: u64,
}

impl Default for Automatic {
    fn default() -> Automatic {
        Automatic { enabled: false, min_severity: Severity::High, seconds: 3600 }
    }
}

impl Policy {
    /// Why it cannot be: a sentence.
    pub fn mistake(&self) -> Option<String> {
        if self.never_block.len() > MOST_SPARED {
            return Some(format!("`never_block` has more than {MOST_SPARED} entries."));
        }
        if !(SHORTEST..=LONGEST).contains(&self.automatic.seconds) {
            return Some(format!("A block lasts {SHORTEST} to {LONGEST} seconds."));
        }
        None
    }
}

impl Store {
    pub fn response_policy(&self) -> Result<Policy, StateError> {
        match self.setting(SETTING)? {
            Some(text) => Ok(serde_json::from_str(&text)?),
            None => Ok(Policy::default()),
        }
    }

    pub fn set_response_policy(&self, policy: &Policy) -> Result<(), StateError> {
        self.set_setting(SETTING, &serde_json::to_string(policy)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn is_off_until_somebody_says_otherwise() {
        let store = Store::in_memory();
        let policy = store.response_policy().unwrap();
        assert!(!policy.enabled && !policy.automatic.enabled && policy.mistake().is_none());
        let on = Policy { enabled: true, never_block: vec!["10.0.0.0/8".parse().unwrap()], ..policy };
        store.set_response_policy(&on).unwrap();
        assert_eq!(store.response_policy().unwrap(), on);
        let long = Automatic { seconds: LONGEST + 1, ..Automatic::default() };
        assert!(Policy { automatic: long, ..on }.mistake().is_some());
    }
}
