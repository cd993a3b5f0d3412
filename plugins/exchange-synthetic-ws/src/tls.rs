//! Whom the connector trusts behind `wss://`, and what it says of a venue that it does not trust.
//!
//! TLS is rustls with ring. There is no way to switch the check of the venue's certificate off: `ca_file` is for venues
//! whose certificate is nobody else's business.

use std::{io, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// What an encrypted connection is made with: the authorities of a PEM file, or those of the system.
///
/// # Errors
/// The file cannot be read or has no certificate, or the system has no authority.
pub(crate) fn client(ca_file: Option<&str>) -> Result<Arc<ClientConfig>, String> {
    let roots = match ca_file {
        Some(path) => of_file(path)?,
        None => of_system()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS: {error}"))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

fn of_file(path: &str) -> Result<RootCertStore, String> {
    let unreadable = |why: &str| format!("ca_file {path}: {why} (accepted: a PEM file of certificates)");
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.map_err(|error| unreadable(&error.to_string()))?;
    if certificates.is_empty() {
        return Err(unreadable("it holds no certificate"));
    }
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate).map_err(|error| unreadable(&error.to_string()))?;
    }
    Ok(roots)
}

fn of_system() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    // some system holds a root that rustls does not read; the others count all the same
    let (good, _) = roots.add_parsable_certificates(system.certs);
    if good > 0 {
        return Ok(roots);
    }
    let why = system.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
    Err(format!("this system has no authorities that it trusts{why} (accepted: ca_file)"))
}

/// What a failure of the encryption means; `None` if an error is of another kind.
pub(crate) fn words(error: &io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(match error {
        // of an authority that we do not know, or of another one that has the name of one that we know
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "the venue's certificate is of an authority that is not trusted (accepted: those of ca_file, or without it those of the system)".to_owned()
        }
        rustls::Error::InvalidCertificate(why) => format!("the venue's certificate is refused: {why}"),
        rustls::Error::InvalidMessage(_) => {
            "the venue does not speak TLS (accepted: ws:// for one that does not)".to_owned()
        }
        other => format!("TLS: {other}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_authorities_is_refused_by_its_key_and_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem").display().to_string();
        let why = client(Some(&path)).unwrap_err();
        assert!(why.starts_with(&format!("ca_file {path}: ")), "{why}");
        std::fs::write(&path, "no certificate\n").unwrap();
        let why = client(Some(&path)).unwrap_err();
        let expected =
            format!("ca_file {path}: it holds no certificate (accepted: a PEM file of certificates)");
        assert_eq!(why, expected);
    }

    #[test]
    fn another_failure_is_none_of_the_encryption() {
        assert_eq!(words(&io::Error::from(io::ErrorKind::ConnectionRefused)), None);
    }
}
