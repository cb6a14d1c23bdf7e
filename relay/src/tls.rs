//! `[relay.tls]`: certificate and key from PEM files.

use std::sync::Arc;

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;

/// Reads the files.
///
/// # Errors
///
/// A file is not there or is not what it should be; in words for an admin.
pub fn acceptor(files: &TlsFiles) -> anyhow::Result<TlsAcceptor> {
    let cert = &files.cert;
    let chain: Vec<_> = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect)
        .with_context(|| {
            format!(
                "could not read the certificate {} (relay.tls.cert)",
                cert.display()
            )
        })?;
    let key = PrivateKeyDer::from_pem_file(&files.key).with_context(|| {
        format!(
            "could not read the key {} (relay.tls.key)",
            files.key.display()
        )
    })?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("the certificate and the key of relay.tls do not fit together")?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
