//! https for clients that insist on it. At every start the program makes an authority and a certificate of its own; their keys are never
//! written anywhere. A client trusts the simulator when it is given the authority's file.

use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use chrono::{Datelike, Days, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// Clients refuse certificates that are valid for much longer than a year.
const VALID: Days = Days::new(365);

/// What a listener needs for https, and the authority's certificate for clients.
pub struct Tls {
    /// Takes connections.
    pub acceptor: TlsAcceptor,
    /// The authority's certificate, PEM.
    pub authority: String,
}

fn params(names: Vec<String>, title: &str) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, title);
    // Clocks of clients in containers may be behind.
    let from = Utc::now().date_naive() - Days::new(1);
    let until = from + VALID;
    let day = |day: chrono::NaiveDate| date_time_ymd(day.year(), day.month() as u8, day.day() as u8);
    (params.not_before, params.not_after) = (day(from), day(until));
    Ok(params)
}

impl Tls {
    /// An authority and a certificate for the listener's address, for this machine's names, and for the account's own host.
    pub fn new(address: IpAddr, account: &str) -> Result<Tls> {
        let mut authority = params(Vec::new(), "RetailCRM simulator")?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned(), address.to_string(), account.to_owned()];
        names.retain(|name| !name.is_empty());
        names.sort();
        names.dedup();
        let mut own = params(names, "RetailCRM simulator on this machine")?;
        own.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        own.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        own.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = own.signed_by(&key, &authority)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), authority: authority.pem() })
    }

    /// Writes the authority's certificate for clients: into the file that was asked for, else into one of the folder for temporary files
    /// that is named for the port.
    pub fn write(&self, file: Option<&Path>, port: u16) -> Result<PathBuf> {
        let path = file.map_or_else(|| std::env::temp_dir().join(format!("retailcrm-simulator-{port}.pem")), Path::to_path_buf);
        // A new file: nobody's link at this place is followed.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).with_context(|| path.display().to_string()),
            _ => {}
        }
        let written = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
        written.and_then(|mut file| file.write_all(self.authority.as_bytes())).with_context(|| path.display().to_string())?;
        Ok(path)
    }
}
