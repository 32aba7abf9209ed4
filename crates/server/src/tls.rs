//! HTTPS without a certificate from anyone else: a certificate authority of our own, made on the
//! first start, signs the server's certificate, which is renewed at every start and while running.
//! rustls with aws-lc-rs, TLS 1.2 and 1.3.

mod addresses;

pub use addresses::{every_address, local_addresses};

use crate::files;
use crate::secret::hex;
use parking_lot::RwLock;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vedette_event::Time;

/// Days a certificate is valid, and the age at which a running server makes a new one. Some
/// clients refuse certificates that are valid for more than 398 days.
const SERVER_DAYS: i64 = 397;
const RENEW_DAYS: i64 = 30;
const CA_DAYS: i64 = 3650;

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
    #[error("making a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("{path} holds no certificate that can be read")]
    Damaged { path: String },
}

/// The only crypto provider of this program.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The certificate authority in `<data-dir>/tls`.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    file: PathBuf,
}

impl Authority {
    /// Reads it, or makes it when there is none. The key has mode 0600.
    pub fn open(data_dir: &Path, now: Time) -> Result<Authority, TlsError> {
        let folder = data_dir.join("tls");
        let (key_file, file) = (folder.join("ca-key.pem"), folder.join("ca.pem"));
        let io = |path: &Path| {
            let path = path.display().to_string();
            move |source| TlsError::Io { path, source }
        };
        files::private_dir(&folder).map_err(io(&folder))?;
        let key = if key_file.exists() {
            KeyPair::from_pem(&std::fs::read_to_string(&key_file).map_err(io(&key_file))?)?
        } else {
            let key = KeyPair::generate()?;
            files::write_private(&key_file, key.serialize_pem().as_bytes()).map_err(io(&key_file))?;
            key
        };
        let params = authority_params(&key, now);
        if !file.exists() {
            let pem = params.self_signed(&key)?.pem();
            files::write_public(&file, pem.as_bytes()).map_err(io(&file))?;
        }
        let text = std::fs::read(&file).map_err(io(&file))?;
        let certificate = rustls_pemfile::certs(&mut text.as_slice())
            .next()
            .and_then(Result::ok)
            .ok_or_else(|| TlsError::Damaged { path: file.display().to_string() })?;
        Ok(Authority { issuer: Issuer::new(params, key), certificate, file })
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// SHA-256 of the certificate, hexadecimal: what a person compares.
    pub fn fingerprint(&self) -> String {
        hex(&Sha256::digest(&self.certificate))
    }

    /// A server certificate for these names, with a new key.
    fn issue(&self, names: &Names, now: Time) -> Result<CertifiedKey, TlsError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        params.subject_alt_names = names.alternatives()?;
        params.distinguished_name.push(DnType::CommonName, names.first());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, now, SERVER_DAYS);
        let certificate = params.signed_by(&key, &self.issuer)?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        Ok(CertifiedKey::from_der(chain, private, &provider())?)
    }
}

/// The same for the same key, so that the authority can be put together again from its files.
fn authority_params(key: &KeyPair, now: Time) -> CertificateParams {
    let mut params = CertificateParams::default();
    let id = hex(&Sha256::digest(key.public_key_raw()));
    let name = format!("Vedette certificate authority {}", id.get(..8).unwrap_or_default());
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut params, now, CA_DAYS);
    params
}

/// From yesterday (clocks differ) for so many days, at midnight UTC.
fn set_validity(params: &mut CertificateParams, now: Time, days: i64) {
    let day = |offset: i64| {
        let stamp =
            jiff::Timestamp::from_microsecond(now.plus(offset * 86_400_000_000).0).unwrap_or_default();
        let date = stamp.to_zoned(jiff::tz::TimeZone::UTC).date();
        date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    (params.not_before, params.not_after) = (day(-1), day(days - 1));
}

/// What the server is called: host names and addresses.
#[derive(Clone, Debug, Default)]
pub struct Names {
    hosts: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl Names {
    /// `given` may hold addresses too. Every host also gets its `api-` name: one well-known
    /// client of the Cortex API puts it before the name it is given.
    pub fn new(hostname: &str, given: &[String], addresses: Vec<IpAddr>) -> Names {
        let mut names = Names { hosts: Vec::new(), addresses };
        for name in [hostname, "localhost"].into_iter().chain(given.iter().map(String::as_str)) {
            match name.parse::<IpAddr>() {
                Ok(address) => names.addresses.push(address),
                Err(_) if is_host_name(name) => {
                    let name = name.to_ascii_lowercase();
                    names.hosts.push(format!("api-{name}"));
                    names.hosts.push(name);
                }
                Err(_) => tracing::warn!(name, "not a host name: left out of the certificate"),
            }
        }
        names.hosts.sort();
        names.hosts.dedup();
        names.addresses.sort();
        names.addresses.dedup();
        names
    }

    fn first(&self) -> &str {
        self.hosts.iter().find(|name| !name.starts_with("api-")).map_or("localhost", String::as_str)
    }

    fn alternatives(&self) -> Result<Vec<SanType>, TlsError> {
        let mut all = Vec::new();
        for name in &self.hosts {
            all.push(SanType::DnsName(name.as_str().try_into()?));
        }
        all.extend(self.addresses.iter().copied().map(SanType::IpAddress));
        Ok(all)
    }
}

fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 249 && name.trim_end_matches('.').split('.').all(label)
}

/// The server's current certificate, renewed while it runs.
pub struct Certificate {
    authority: Authority,
    names: Names,
    current: RwLock<(Arc<CertifiedKey>, Time)>,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Certificate {
    pub fn new(authority: Authority, names: Names, now: Time) -> Result<Arc<Certificate>, TlsError> {
        let first = Arc::new(authority.issue(&names, now)?);
        Ok(Arc::new(Certificate { authority, names, current: RwLock::new((first, now)) }))
    }

    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Makes a new certificate when the current one is a month old; call it now and then.
    pub fn renew(&self, now: Time) -> Result<(), TlsError> {
        if now.since(self.current.read().1) < RENEW_DAYS * 86_400_000_000 {
            return Ok(());
        }
        let next = Arc::new(self.authority.issue(&self.names, now)?);
        *self.current.write() = (next, now);
        Ok(())
    }

    /// What the listener needs.
    pub fn server_config(self: &Arc<Certificate>) -> Result<Arc<ServerConfig>, TlsError> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().0.clone())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_authority_stays_and_its_key_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let one = Authority::open(dir.path(), Time(1_800_000_000_000_000)).unwrap();
        let two = Authority::open(dir.path(), Time(1_900_000_000_000_000)).unwrap();
        assert_eq!(one.fingerprint(), two.fingerprint());
        let mode = std::fs::metadata(dir.path().join("tls/ca-key.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(dir.path().join("tls/ca.pem"), "nonsense").unwrap();
        assert!(matches!(Authority::open(dir.path(), Time(1)), Err(TlsError::Damaged { .. })));
    }

    #[test]
    fn names_are_host_names_or_addresses() {
        let given = ["10.1.2.3".to_owned(), "Vedette.Example".to_owned(), "no good".to_owned()];
        let names = Names::new("host", &given, vec!["::1".parse().unwrap()]);
        assert_eq!(
            names.hosts,
            ["api-host", "api-localhost", "api-vedette.example", "host", "localhost", "vedette.example"]
        );
        assert_eq!(names.addresses.len(), 2);
    }
}
