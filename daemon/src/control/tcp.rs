//! The listener on TCP, which is off unless it is configured: with TLS, or on a loopback address with a token.
//!
//! Who comes in has proved something: that a certificate is signed by `client_ca_file`, that the token is known, or
//! both, as configured. The kernel says nothing of a peer over TCP, so all of them have the one role that the listener
//! was given. What would let anybody in is refused at the start, by the check of the configuration and here again.

use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener},
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response,
};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    peer::{Peer, Role, Who},
    problem::{ProblemKind, problem},
    token::Token,
};

/// How long a wrong token is thought about: with the limit on connections, that is how many can be tried a second.
const WRONG_TOKEN_PAUSE: Duration = Duration::from_millis(500);
/// So many bytes of the hash of a certificate name it.
const FINGERPRINT_BYTES: usize = 16;

/// How to listen on TCP.
#[derive(Clone, Debug)]
pub struct TcpOptions {
    /// Where.
    pub address: SocketAddr,
    /// What those who come in may do.
    pub role: Role,
    /// The file of the token that requests must send.
    pub token_file: Option<PathBuf>,
    /// What the listener identifies itself with: the files of its certificates and of their key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Who signs the certificates of clients.
    pub client_ca_file: Option<PathBuf>,
}

/// The listener, and who it lets in.
pub(super) struct TcpDoor {
    pub(super) listener: StdListener,
    pub(super) gate: TcpGate,
    address: SocketAddr,
}

/// Lets in who has proved what is asked for.
#[derive(Clone)]
pub(super) struct TcpGate {
    role: Role,
    token: Option<Token>,
    tls: Option<TlsAcceptor>,
}

impl TcpDoor {
    /// Listens. Refuses what would let anybody in, or anybody listen.
    pub(super) fn new(options: &TcpOptions) -> Result<Self> {
        let TcpOptions { address, role, token_file, identity, client_ca_file } = options;
        let has_certificates = identity.is_some() && client_ca_file.is_some();
        if token_file.is_none() && !has_certificates {
            bail!(
                "control.tcp: anyone could use it (accepted: token_file; or cert_file, key_file and client_ca_file)"
            );
        }
        if identity.is_none() && !address.ip().is_loopback() {
            bail!(
                "control.tcp: {address} without TLS (accepted: a loopback address; or cert_file and key_file)"
            );
        }
        let token = token_file.as_deref().map(Token::read).transpose()?;
        let tls =
            identity.as_ref().map(|identity| acceptor(identity, client_ca_file.as_deref())).transpose()?;
        let attempt = || format!("control.tcp.address {address}");
        let listener = StdListener::bind(address).with_context(attempt)?;
        listener.set_nonblocking(true).with_context(attempt)?;
        let address = listener.local_addr().with_context(attempt)?;
        Ok(Self { listener, gate: TcpGate { role: *role, token, tls }, address })
    }

    /// Where it is; the port was chosen by the system if 0 was asked for.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

fn acceptor(
    (cert_file, key_file): &(PathBuf, PathBuf),
    client_ca_file: Option<&Path>,
) -> Result<TlsAcceptor> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = certificates("cert_file", cert_file)?;
    let attempt = || format!("control.tcp.key_file {}", key_file.display());
    let key = PrivateKeyDer::from_pem_file(key_file)
        .map_err(|error| anyhow::anyhow!("{}: {error} (accepted: a PEM file)", attempt()))?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .context("control.tcp: TLS")?;
    let builder = match client_ca_file {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let attempt = || format!("control.tcp.client_ca_file {}", path.display());
            let mut roots = RootCertStore::empty();
            for certificate in certificates("client_ca_file", path)? {
                roots.add(certificate).with_context(attempt)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().with_context(attempt)?)
        }
    };
    // fails for a key that is not that of the certificate
    let config = builder.with_single_cert(chain, key).with_context(attempt)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(key: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let attempt = || format!("control.tcp.{key} {}", path.display());
    let read = || CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    let list = read().map_err(|error| anyhow::anyhow!("{}: {error} (accepted: a PEM file)", attempt()))?;
    if list.is_empty() {
        bail!("{}: it holds no certificate (accepted: a PEM file)", attempt());
    }
    Ok(list)
}

impl TcpGate {
    pub(super) fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Shakes hands, if that is asked for, and says who it is.
    pub(super) async fn meet(&self, stream: TcpStream) -> io::Result<(TcpTalk, Peer)> {
        let address = stream.peer_addr()?;
        // an answer is written in one piece
        stream.set_nodelay(true)?;
        let (talk, certificate) = match &self.tls {
            None => (TcpTalk::Plain(stream), None),
            Some(acceptor) => {
                let stream = acceptor.accept(stream).await?;
                let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
                let fingerprint = certificate.map(fingerprint);
                (TcpTalk::Tls(Box::new(stream)), fingerprint)
            }
        };
        Ok((talk, Peer { who: Who::Network { address, certificate }, role: self.role }))
    }

    /// The routes behind the token, if there is one.
    pub(super) fn demand_token(self, router: Router) -> Router {
        match self.token {
            None => router,
            Some(token) => router.layer(middleware::from_fn_with_state(token, demand)),
        }
    }
}

fn fingerprint(certificate: &CertificateDer<'_>) -> Arc<str> {
    let hash = Sha256::digest(certificate);
    hash.iter().take(FINGERPRINT_BYTES).map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// Lets a request pass that has the token. What it has otherwise is told nobody.
async fn demand(State(token): State<Token>, request: Request, next: Next) -> Response {
    let sent = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let sent = sent.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
    });
    if sent.is_some_and(|sent| token.is(sent)) {
        return next.run(request).await;
    }
    let detail = match sent {
        None => "there is no token (accepted: the header Authorization: Bearer TOKEN)",
        Some(_) => "the token is another one (accepted: that of control.tcp.token_file)",
    };
    tracing::warn!(logger = "control", "{} {} over TCP: {detail}", request.method(), request.uri().path());
    time::sleep(WRONG_TOKEN_PAUSE).await;
    let mut response = problem(ProblemKind::Unauthorized, detail.to_owned());
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// A connection over TCP.
pub(super) enum TcpTalk {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for TcpTalk {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl AsyncWrite for TcpTalk {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, from),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, from),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
