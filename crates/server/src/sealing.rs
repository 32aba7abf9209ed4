//! Secrets that must be read again (advanced API keys, answers kept for a repeated call), under a key
//! that lies beside the state and not in it: whoever gets a copy of the database alone has nothing.
//!
//! AES-256-GCM of aws-lc-rs, a fresh random nonce each; what a secret belongs to is bound into it, so
//! that it opens in its own row only.

use crate::files;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use std::io;
use std::path::Path;

/// The file in the data folder, mode 0600.
pub const KEY_FILE: &str = "secrets.key";
const KEY_BYTES: usize = 32;

pub struct Sealer(RandomizedNonceKey);

impl Sealer {
    /// Reads the key file, or makes it when there is none.
    pub fn open(data_dir: &Path) -> io::Result<Sealer> {
        let path = data_dir.join(KEY_FILE);
        let key = match std::fs::read(&path) {
            Ok(key) if key.len() == KEY_BYTES => key,
            Ok(_) => {
                let why = format!("{} is not a key of {KEY_BYTES} bytes", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = rand::random::<[u8; KEY_BYTES]>().to_vec();
                files::write_private(&path, &key)?;
                key
            }
            Err(error) => return Err(error),
        };
        files::private_file(&path)?;
        Sealer::new(&key)
    }

    fn new(key: &[u8]) -> io::Result<Sealer> {
        let wrong = |_| io::Error::other("the key cannot be used for AES-256-GCM");
        RandomizedNonceKey::new(&AES_256_GCM, key).map(Sealer).map_err(wrong)
    }

    /// `owner` says whose it is: it must be the same to open it. `None` only when the system gives no
    /// random numbers.
    pub fn seal(&self, owner: &str, secret: &[u8]) -> Option<Vec<u8>> {
        let mut text = secret.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(owner.as_bytes()), &mut text).ok()?;
        Some([nonce.as_ref().as_slice(), &text].concat())
    }

    /// `None` when it was sealed under another key or for another owner, or was changed.
    pub fn open_sealed(&self, owner: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let opened = self.0.open_in_place(nonce, Aad::from(owner.as_bytes()), &mut text).ok()?;
        Some(opened.to_vec())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    pub(crate) fn sealer() -> Sealer {
        Sealer::new(&[7; KEY_BYTES]).unwrap()
    }

    #[test]
    fn opens_what_it_sealed_for_the_same_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let sealer = Sealer::open(dir.path()).unwrap();
        let mode = std::fs::metadata(dir.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let sealed = sealer.seal("api_key:1", b"secret").unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_ne!(sealer.seal("api_key:1", b"secret").unwrap(), sealed, "a fresh nonce each");
        let again = Sealer::open(dir.path()).unwrap();
        assert_eq!(again.open_sealed("api_key:1", &sealed).as_deref(), Some(b"secret".as_slice()));
        assert_eq!(again.open_sealed("api_key:2", &sealed), None);
        assert_eq!(super::tests::sealer().open_sealed("api_key:1", &sealed), None);
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(again.open_sealed("api_key:1", &changed), None);
        for short in [&sealed[..0], &sealed[..5], &sealed[..NONCE_LEN]] {
            assert_eq!(again.open_sealed("api_key:1", short), None);
        }
    }

    #[test]
    fn a_damaged_key_file_is_said_and_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(KEY_FILE), "short").unwrap();
        assert!(Sealer::open(dir.path()).is_err());
        assert_eq!(std::fs::read(dir.path().join(KEY_FILE)).unwrap(), b"short");
    }
}
