//! HTTPS on every address that is not loopback.

use crate::harness::{Host, config};
use std::sync::Arc;
use std::time::Duration;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use vedette_server::LocalServer;

fn agent(authority: Option<&std::path::Path>) -> ureq::Agent {
    let mut tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let roots = match authority {
        Some(path) => vec![Certificate::from_pem(&std::fs::read(path).unwrap()).unwrap()],
        None => Vec::new(),
    };
    tls = tls.root_certs(RootCerts::Specific(Arc::new(roots)));
    ureq::Agent::config_builder()
        .tls_config(tls.build())
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into()
}

#[test]
fn other_addresses_speak_tls_with_our_own_authority() {
    let host = Host::start_with(|config| {
        config.listen = "0.0.0.0:0".parse().unwrap();
        config.names = vec!["vedette.test".to_owned()];
    });
    let local = LocalServer::find(host.dir.path()).unwrap().unwrap();
    assert!(local.url.starts_with("https://127.0.0.1:"));
    let authority = local.ca.clone().unwrap();
    assert_eq!(local.ca_sha256.as_ref().unwrap().len(), 64);
    let get = |agent: &ureq::Agent, url: &str| {
        agent.get(url).header("authorization", format!("Bearer {}", local.token)).call()
    };
    let trusting = agent(Some(&authority));
    let mut answer = get(&trusting, &format!("{}/api/v1/session", local.url)).unwrap();
    assert_eq!(answer.status(), 200, "{:?}", answer.body_mut().read_to_string());
    assert!(answer.headers().contains_key("strict-transport-security"));
    let named = format!("https://localhost:{}/livez", host.server().address().port());
    assert_eq!(get(&trusting, &named).unwrap().status(), 200);
    assert!(get(&agent(None), &format!("{}/livez", local.url)).is_err(), "an unknown authority");
    let plain = local.url.replace("https", "http");
    assert!(get(&trusting, &format!("{plain}/livez")).is_err(), "no plain HTTP");
    let (outcome, _) = host.server().authority().unwrap();
    assert_eq!(outcome, authority);
}

#[test]
fn the_newest_tls_is_spoken() {
    use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
    let host = Host::start_with(|config| config.listen = "0.0.0.0:0".parse().unwrap());
    let local = LocalServer::find(host.dir.path()).unwrap().unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(local.ca.unwrap()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", host.server().address().port())).unwrap();
    while client.is_handshaking() {
        client.complete_io(&mut stream).unwrap();
    }
    assert_eq!(client.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
}

#[test]
fn the_authority_outlives_a_restart() {
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let start = |dir: &Arc<tempfile::TempDir>| {
        Host::start_in(dir.clone(), |config| config.listen = "0.0.0.0:0".parse().unwrap())
    };
    let mut host = start(&dir);
    let first = host.server().authority().unwrap();
    host.stop();
    assert_eq!(start(&dir).server().authority().unwrap(), first);
}

#[test]
fn the_configuration_is_plain_on_loopback() {
    let dir = tempfile::tempdir().unwrap();
    assert!(config(&dir).listen.ip().is_loopback());
    let host = Host::start();
    assert!(host.server().authority().is_none() && host.base.starts_with("http://"));
}
