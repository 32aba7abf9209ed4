//! Secrets: how they are made, and what is kept of them.
//!
//! A token has 256 random bits, so that a plain SHA-256 of it is enough to keep; passwords have
//! fewer and go through argon2id (`state/users.rs`).

use sha2::{Digest, Sha256};
use std::fmt;
use std::fmt::Write as _;
use subtle::ConstantTimeEq;

/// A secret in clear. Its debug form does not show it, so that no log line can.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// 256 random bits as 64 hexadecimal digits.
    pub fn random() -> Secret {
        Secret(hex(&rand::random::<[u8; 32]>()))
    }

    /// The same behind a prefix that tells a reader (and a secret scanner) what it is.
    pub fn random_with_prefix(prefix: &str) -> Secret {
        Secret(format!("{prefix}{}", hex(&rand::random::<[u8; 32]>())))
    }

    /// 512 random bits as 128 hexadecimal digits: the length of the keys that clients of the Cortex
    /// API expect.
    pub fn random_key() -> Secret {
        Secret(hex(&rand::random::<[u8; 32]>()) + &hex(&rand::random::<[u8; 32]>()))
    }

    /// A secret that was kept.
    pub fn from_text(text: String) -> Secret {
        Secret(text)
    }

    /// The secret itself; the name makes every use easy to find.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn digest(&self) -> [u8; 32] {
        digest(&self.0)
    }

    /// Whether `given` is this secret, in a time that does not depend on where they differ.
    pub fn matches(&self, given: &str) -> bool {
        bool::from(self.digest().ct_eq(&digest(given)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// SHA-256 of a token as given.
pub fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_itself_only_and_hides_itself() {
        let secret = Secret::random_with_prefix("vdt_");
        assert!(secret.matches(secret.reveal()));
        assert!(!secret.matches("vdt_"));
        assert!(!secret.matches(Secret::random().reveal()));
        assert_eq!(secret.reveal().len(), 68);
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
