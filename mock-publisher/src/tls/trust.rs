use std::path::Path;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::{ALPN, Authority, TlsError};

/// Which authorities a client believes. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Trust {
    chosen: RootCertStore,
    with_system: bool,
    /// Made when it is first needed: what the system trusts takes a while to read, and most receivers have no TLS.
    connector: Arc<OnceLock<Result<TlsConnector, rustls::Error>>>,
}

impl Trust {
    /// Those that the system trusts, and those whose certificates are in files, in PEM.
    pub(crate) fn system_and(files: &[PathBuf]) -> Result<Self, TlsError> {
        Self { with_system: true, ..Self::nobody() }.with_files(files)
    }

    /// Those whose certificates are in a file, in PEM, and nobody else.
    pub(crate) fn only(file: &Path) -> Result<Self, TlsError> {
        Self::nobody().with_files(&[file.to_owned()])
    }

    /// Nobody: for servers without TLS.
    pub(crate) fn nobody() -> Self {
        Self { chosen: RootCertStore::empty(), with_system: false, connector: Arc::default() }
    }

    /// And another one.
    pub(crate) fn and(mut self, authority: &Authority) -> Result<Self, TlsError> {
        self.chosen.add(authority.certificate().clone())?;
        Ok(Self { connector: Arc::default(), ..self })
    }

    fn with_files(mut self, files: &[PathBuf]) -> Result<Self, TlsError> {
        for path in files {
            let unusable = |cause| TlsError::File { path: path.clone(), cause };
            let no_certificate = |reason: String| TlsError::NoCertificate { path: path.clone(), reason };
            let pem = std::fs::read(path).map_err(unusable)?;
            let before = self.chosen.len();
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let certificate = certificate.map_err(|error| no_certificate(error.to_string()))?;
                self.chosen.add(certificate).map_err(|error| no_certificate(error.to_string()))?;
            }
            if self.chosen.len() == before {
                return Err(no_certificate("there is none".to_owned()));
            }
        }
        Ok(self)
    }

    /// What makes connections with servers that are believed.
    pub(crate) fn connector(&self) -> Result<TlsConnector, rustls::Error> {
        self.connector.get_or_init(|| self.made()).clone()
    }

    fn made(&self) -> Result<TlsConnector, rustls::Error> {
        let mut roots = self.chosen.clone();
        if self.with_system {
            let found = rustls_native_certs::load_native_certs();
            for error in found.errors {
                tracing::warn!(%error, "some authorities of the system cannot be read, and are not trusted");
            }
            roots.add_parsable_certificates(found.certs);
        }
        let mut client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = vec![ALPN.to_vec()];
        Ok(TlsConnector::from(Arc::new(client)))
    }
}

/// What is trusted is long, and of no interest in a log.
impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust").field("with_system", &self.with_system).finish_non_exhaustive()
    }
}
