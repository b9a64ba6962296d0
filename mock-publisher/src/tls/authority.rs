use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;

use super::{ALPN, TlsError};
use crate::private_file::{create_private_folder, write_private};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the authority is valid.
const AUTHORITY_DAYS: u32 = 3650;
/// How long a certificate is valid. One is made whenever a server starts, and some clients want no longer ones.
const CERTIFICATE_DAYS: u32 = 397;

/// A certificate authority for servers on this machine. Whoever trusts it trusts nothing else: its certificate says that it
/// vouches for servers at `localhost` and loopback addresses only (RFC 5280 sections 4.2.1.10 and 4.2.1.12), so a stolen key is of no use elsewhere.
pub(crate) struct Authority {
    certificate: CertificateDer<'static>,
    key: KeyPair,
    file: PathBuf,
    /// Where it is kept if nothing is to be kept.
    _passing: Option<TempDir>,
}

impl Authority {
    /// The one that is kept in a folder, or a new one.
    pub(crate) fn open(folder: &Path) -> Result<Self, TlsError> {
        let path = folder.join("authority.pem");
        let unusable = |cause| TlsError::File { path: path.clone(), cause };
        // Key and certificate are in one file, so that neither is ever there without the other.
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create_private_folder(folder).map_err(unusable)?;
                let text = made()?;
                write_private(&path, &text).map_err(unusable)?;
                text
            }
            Err(error) => return Err(unusable(error)),
        };
        Self::of(&text, folder, &path)
    }

    /// One that is gone when this is dropped. Its certificate is in a folder for passing things meanwhile, and its key nowhere.
    pub(crate) fn passing() -> Result<Self, TlsError> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = builder.prefix("mock-publisher-").tempdir();
        let folder = folder.map_err(|cause| TlsError::File { path: std::env::temp_dir(), cause })?;
        let authority = Self::of(&made()?, folder.path(), folder.path())?;
        Ok(Self { _passing: Some(folder), ..authority })
    }

    /// From its PEM, which was at `path`; what others are to trust is put into a folder.
    fn of(text: &str, folder: &Path, path: &Path) -> Result<Self, TlsError> {
        let damaged = |reason: String| TlsError::Authority { path: path.to_owned(), reason };
        let no_key = |error: pem::Error| damaged(format!("its key: {error}"));
        let key = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).map_err(no_key)?;
        let key = KeyPair::try_from(&key).map_err(|error| damaged(error.to_string()))?;
        let no_certificate = |error: pem::Error| damaged(format!("its certificate: {error}"));
        let certificate = CertificateDer::from_pem_slice(text.as_bytes()).map_err(no_certificate)?;
        let file = folder.join("ca.pem");
        let unusable = |cause| TlsError::File { path: file.clone(), cause };
        write_private(&file, &certificate_in_pem(&certificate)).map_err(unusable)?;
        // Whoever reads of it may be somewhere else.
        let file = std::path::absolute(&file).map_err(unusable)?;
        Ok(Self { certificate, key, file, _passing: None })
    }

    /// Where its certificate is, for others to trust.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// For a server at an address of this machine, with a certificate of its own.
    pub(crate) fn server(&self, address: IpAddr) -> Result<Arc<ServerConfig>, TlsError> {
        let key = KeyPair::generate()?;
        let certificate = server_params(address).signed_by(&key, &Issuer::new(authority_params(), &self.key))?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let mut server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into())?;
        server.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Arc::new(server))
    }
}

/// A new authority: its certificate and its key, in PEM.
fn made() -> Result<String, TlsError> {
    let key = KeyPair::generate()?;
    let certificate: Certificate = authority_params().self_signed(&key)?;
    Ok(certificate.pem() + &key.serialize_pem())
}

fn authority_params() -> CertificateParams {
    let mut params = params("mock-publisher: authority for this machine", AUTHORITY_DAYS);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix(Ipv4Addr::LOCALHOST.octets(), 8)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(Ipv6Addr::LOCALHOST.octets(), 128)),
        ],
        excluded_subtrees: Vec::new(),
    });
    params
}

fn server_params(address: IpAddr) -> CertificateParams {
    let mut params = params("mock-publisher", CERTIFICATE_DAYS);
    let addresses = BTreeSet::from([Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into(), address]);
    params.subject_alt_names = addresses.into_iter().map(SanType::IpAddress).collect();
    params.subject_alt_names.extend("localhost".try_into().map(SanType::DnsName));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

/// From yesterday on, because clocks differ.
fn params(name: &str, days: u32) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let now = SystemTime::now();
    params.not_before = (now - DAY).into();
    params.not_after = (now + DAY * (days - 1)).into();
    params
}

fn certificate_in_pem(certificate: &CertificateDer<'_>) -> String {
    ::pem::encode(&::pem::Pem::new("CERTIFICATE", certificate.as_ref()))
}
