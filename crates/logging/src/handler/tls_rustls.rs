//! TLS by rustls.
//!
//! Files are read when a handler is opened, so that a wrong path is an error of the configuration; a certificate that is
//! refused is an error of the connection, which is tried again: it may be renewed meanwhile.
//!
//! A server that asks for a certificate judges it after our side of the handshake is done. Whoever gets no answers to what
//! it writes, as with syslog, would lose its first bytes to a server that then closes, and so waits for the verdict
//! ([`TlsStream::confirm`]).

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, RootCertStore, SignatureScheme};

use super::{super::link::read_ready, TlsOptions};
use crate::error::{Error, ErrorKind, Result};

/// How long a server may take to refuse our certificate. One that is content mostly says nothing.
const VERDICT_TIME: Duration = Duration::from_secs(1);

/// Makes encrypted streams.
#[derive(Clone)]
pub(in crate::handler) struct TlsClient {
    config: Arc<ClientConfig>,
    server_name: Option<String>,
}

/// An encrypted stream.
pub(in crate::handler) struct TlsStream {
    connection: ClientConnection,
    stream: TcpStream,
    /// the server asked for a certificate, and has not been heard of since
    awaits_verdict: bool,
}

/// Finds our certificate as before, and remembers that the server asked for one.
#[derive(Debug)]
struct Asked {
    certificates: Arc<dyn ResolvesClientCert>,
    is_asked: AtomicBool,
}

impl ResolvesClientCert for Asked {
    fn resolve(&self, hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.is_asked.store(true, Ordering::Relaxed);
        self.certificates.resolve(hints, schemes)
    }

    fn has_certs(&self) -> bool {
        self.certificates.has_certs()
    }
}

impl TlsOptions {
    /// Reads the files.
    pub(in crate::handler) fn client(&self) -> Result<TlsClient> {
        let wrong = |error: rustls::Error| Error::new(ErrorKind::Handler, format!("TLS: {error}"));
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(wrong)?
            .with_root_certificates(self.roots()?);
        let config = match (&self.cert_file, &self.key_file) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let key = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| unreadable("key_file", key, &error.to_string()))?;
                let chain = certificates("cert_file", certificate)?;
                builder.with_client_auth_cert(chain, key).map_err(wrong)?
            }
            _ => {
                return Err(Error::new(
                    ErrorKind::Handler,
                    "TLS: one of cert_file and key_file (accepted: both or none)",
                ));
            }
        };
        if let Some(name) = &self.server_name {
            parse_name(name).map_err(|error| Error::new(ErrorKind::Handler, error.to_string()))?;
        }
        Ok(TlsClient { config: Arc::new(config), server_name: self.server_name.clone() })
    }

    fn roots(&self) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        if let Some(path) = &self.ca_file {
            for certificate in certificates("ca_file", path)? {
                roots.add(certificate).map_err(|error| unreadable("ca_file", path, &error.to_string()))?;
            }
            return Ok(roots);
        }
        let system = rustls_native_certs::load_native_certs();
        // some system holds a root that rustls does not read; the others count all the same
        let (good, _) = roots.add_parsable_certificates(system.certs);
        if good > 0 {
            return Ok(roots);
        }
        let reason = system.errors.first().map(ToString::to_string).unwrap_or_default();
        Err(Error::new(
            ErrorKind::Handler,
            format!("TLS: this system has no roots of trust (accepted: ca_file) {reason}")
                .trim_end()
                .to_owned(),
        ))
    }
}

fn certificates(key: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = || CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    let list = read().map_err(|error| unreadable(key, path, &error.to_string()))?;
    if list.is_empty() {
        return Err(unreadable(key, path, "it holds no certificate"));
    }
    Ok(list)
}

fn unreadable(key: &str, path: &Path, why: &str) -> Error {
    Error::new(ErrorKind::Handler, format!("{key} {}: {why} (accepted: a PEM file)", path.display()))
}

fn parse_name(name: &str) -> io::Result<ServerName<'static>> {
    ServerName::try_from(name.to_owned()).map_err(|error| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("server name {name:?}: {error}"))
    })
}

impl TlsClient {
    /// Encrypts a stream to a host: afterwards the server is who it says, or there is no stream.
    pub(in crate::handler) fn start(&self, mut stream: TcpStream, host: &str) -> io::Result<TlsStream> {
        let name = parse_name(self.server_name.as_deref().unwrap_or(host))?;
        let wrong = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        let asked = Arc::new(Asked {
            certificates: Arc::clone(&self.config.client_auth_cert_resolver),
            is_asked: AtomicBool::new(false),
        });
        let mut config = ClientConfig::clone(&self.config);
        config.client_auth_cert_resolver = Arc::<Asked>::clone(&asked);
        let mut connection = ClientConnection::new(Arc::new(config), name).map_err(wrong)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(TlsStream { connection, stream, awaits_verdict: asked.is_asked.load(Ordering::Relaxed) })
    }
}

impl TlsStream {
    fn inner(&mut self) -> rustls::Stream<'_, ClientConnection, TcpStream> {
        rustls::Stream::new(&mut self.connection, &mut self.stream)
    }

    /// Waits for what the server says to our certificate, or to our having none, if it asked for one. Silence is consent.
    ///
    /// # Errors
    /// If the server refuses.
    pub(in crate::handler) fn confirm(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.awaits_verdict) {
            return Ok(());
        }
        let usual = self.stream.read_timeout()?;
        self.stream.set_read_timeout(Some(VERDICT_TIME))?;
        let read = self.connection.read_tls(&mut self.stream);
        self.stream.set_read_timeout(usual)?;
        let refused = |why: &str| {
            io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!(
                    "the server asked for a certificate, and {why} (accepted: cert_file and key_file of a client it knows)"
                ),
            )
        };
        match read {
            Ok(0) => Err(refused("closed")),
            Ok(_) => match self.connection.process_new_packets() {
                Ok(state) if !state.peer_has_closed() => Ok(()),
                Ok(_) => Err(refused("closed")),
                Err(error) => Err(refused(&error.to_string())),
            },
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Ok(())
            }
            Err(error) => Err(refused(&error.to_string())),
        }
    }

    /// True if the peer has said that it closes, or has closed.
    pub(in crate::handler) fn is_closed(&mut self) -> bool {
        loop {
            let mut ready = Ready(&self.stream);
            match self.connection.read_tls(&mut ready) {
                Ok(0) => return true,
                Ok(_) => match self.connection.process_new_packets() {
                    Ok(state) if !state.peer_has_closed() => {}
                    _ => return true,
                },
                Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
            }
        }
    }
}

/// What has come already.
struct Ready<'a>(&'a TcpStream);

impl Read for Ready<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_ready(self.0.as_fd(), buffer)
    }
}

impl Read for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner().read(buffer)
    }
}

impl Write for TlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner().flush()
    }
}

impl Drop for TlsStream {
    fn drop(&mut self) {
        // politeness: the peer may tell an end from a cut; it is gone already if this fails
        self.connection.send_close_notify();
        let _ = self.connection.write_tls(&mut self.stream);
    }
}
