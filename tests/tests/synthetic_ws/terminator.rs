//! TLS before the venue, as a proxy does it: encrypted on its outside, plain on the side of the venue.

use std::{fs, net::SocketAddr, sync::Arc, thread};

use rcgen::{CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use stratd_tests::Place;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    runtime,
    sync::Notify,
};
use tokio_rustls::TlsAcceptor;

/// Who signs certificates.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// One of this name, with its own certificate in this file.
    pub(crate) fn new(place: &Place, file: &str, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(place.path().join(file), issuer.pem()).unwrap();
        Self { issuer }
    }

    /// A server with a certificate of this host.
    fn server(&self, host: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth();
        Arc::new(config.with_single_cert(vec![certificate], key).unwrap())
    }
}

/// What ends the encryption, until the test ends.
pub(crate) struct Terminator {
    port: u16,
    cut: Arc<Notify>,
}

impl Terminator {
    /// Listens on the loopback, with a certificate of this host.
    pub(crate) fn start(authority: &Authority, host: &str, venue: &str) -> Self {
        let venue: SocketAddr = venue.trim_start_matches("ws://").trim_end_matches('/').parse().unwrap();
        let acceptor = TlsAcceptor::from(authority.server(host));
        let runtime = runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = Arc::new(Notify::new());
        let for_links = Arc::clone(&cut);
        thread::spawn(move || {
            runtime.block_on(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (acceptor, cut) = (acceptor.clone(), Arc::clone(&for_links));
                    tokio::spawn(async move {
                        tokio::select! {
                            // whatever ends it, both sides see the end of their connection
                            _ = carry(stream, &acceptor, venue) => {}
                            () = cut.notified() => {}
                        }
                    });
                }
            });
        });
        Self { port, cut }
    }

    pub(crate) fn url(&self) -> String {
        format!("wss://localhost:{}/", self.port)
    }

    /// Cuts every connection, without the goodbye of TLS.
    pub(crate) fn cuts(&self) {
        self.cut.notify_waiters();
    }
}

async fn carry(stream: TcpStream, acceptor: &TlsAcceptor, venue: SocketAddr) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut outside = acceptor.accept(stream).await?;
    let mut inside = TcpStream::connect(venue).await?;
    inside.set_nodelay(true)?;
    copy_bidirectional(&mut outside, &mut inside).await.map(drop)
}
