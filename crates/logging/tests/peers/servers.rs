//! Servers of tests, each on a port of the loopback and with threads of its own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[cfg(feature = "tls")]
pub(crate) use authority::{Authority, TlsServer};

/// Waits for something, and returns it.
pub(crate) fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    #[expect(clippy::disallowed_methods, reason = "a deadline of a test")]
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "it never came");
        std::thread::yield_now();
    }
}

/// Listens, and answers each connection on a thread of its own.
pub(crate) fn listen(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || answer(stream));
        }
    });
    port
}

/// Reads a request of HTTP to its end.
pub(crate) fn read_request(stream: &mut dyn Read, out: &mut Vec<u8>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        out.extend_from_slice(line.as_bytes());
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim().parse().expect("a length");
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    out.extend_from_slice(&body);
    Ok(())
}

/// Says yes to a request.
pub(crate) fn answer_200(stream: &mut dyn ReadWrite, out: &mut Vec<u8>) -> io::Result<()> {
    read_request(stream, out)?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
    stream.flush()
}

pub(crate) trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

/// What a mail server was told on one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct MailTranscript {
    pub(crate) clear: Vec<String>,
    pub(crate) encrypted: Vec<String>,
}

/// A mail server that says yes to everything but, perhaps, STARTTLS.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    transcripts: Arc<Mutex<Vec<MailTranscript>>>,
}

impl MailServer {
    #[cfg(feature = "tls")]
    pub(crate) fn new(tls: Option<&Arc<rustls::ServerConfig>>, offer: &'static str) -> Self {
        let (transcripts, tls) = (Arc::<Mutex<Vec<MailTranscript>>>::default(), tls.cloned());
        let for_thread = Arc::clone(&transcripts);
        let port = listen(move |mut stream| {
            let mut transcript = MailTranscript::default();
            let _ = stream.write_all(b"220 ready\r\n");
            let wants_tls =
                converse(&mut stream, tls.is_some(), offer, &mut transcript.clear).unwrap_or(false);
            if let Some(tls) = tls.as_ref().filter(|_| wants_tls) {
                let connection = rustls::ServerConnection::new(Arc::clone(tls)).expect("the config is good");
                let mut stream = rustls::StreamOwned::new(connection, stream);
                let _ = converse(&mut stream, false, offer, &mut transcript.encrypted);
            }
            for_thread.lock().expect("no holder panics").push(transcript);
        });
        Self { port, transcripts }
    }

    pub(crate) fn plain() -> Self {
        let transcripts = Arc::<Mutex<Vec<MailTranscript>>>::default();
        let for_thread = Arc::clone(&transcripts);
        let port = listen(move |mut stream| {
            let mut transcript = MailTranscript::default();
            let _ = stream.write_all(b"220 ready\r\n");
            let _ = converse(&mut stream, false, "8BITMIME", &mut transcript.clear);
            for_thread.lock().expect("no holder panics").push(transcript);
        });
        Self { port, transcripts }
    }

    pub(crate) fn all(&self) -> Vec<MailTranscript> {
        self.transcripts.lock().expect("no holder panics").clone()
    }

    /// The first conversation, when it is over.
    pub(crate) fn first(&self) -> MailTranscript {
        wait_for(|| self.all().into_iter().next())
    }
}

/// True at the end if encryption is to begin.
fn converse(
    stream: &mut dyn ReadWrite,
    has_tls: bool,
    offer: &str,
    heard: &mut Vec<String>,
) -> io::Result<bool> {
    let mut in_mail = false;
    loop {
        let Some(line) = read_line(stream)? else { return Ok(false) };
        heard.push(line.clone());
        let word = line.split(' ').next().unwrap_or_default();
        let answer = match word {
            _ if in_mail && line != "." => continue,
            "EHLO" => format!("250-hello\r\n250 {offer}\r\n"),
            "STARTTLS" if has_tls => "220 go on\r\n".to_owned(),
            "STARTTLS" => "454 not now\r\n".to_owned(),
            "AUTH" if line.starts_with("AUTH LOGIN") => "334 UGFzc3dvcmQ6\r\n".to_owned(),
            "AUTH" | "cA==" => "235 welcome\r\n".to_owned(),
            "DATA" => "354 go on\r\n".to_owned(),
            "QUIT" => "221 bye\r\n".to_owned(),
            _ => "250 yes\r\n".to_owned(),
        };
        in_mail = word == "DATA";
        stream.write_all(answer.as_bytes())?;
        stream.flush()?;
        match word {
            "STARTTLS" if has_tls => return Ok(true),
            "QUIT" => return Ok(false),
            _ => {}
        }
    }
}

/// One byte at a time, so that nothing of what comes encrypted is taken.
fn read_line(stream: &mut dyn ReadWrite) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.last() != Some(&b'\n') {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        line.push(byte[0]);
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
}

#[cfg(feature = "tls")]
mod authority {
    use std::path::PathBuf;

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
    use rustls::server::WebPkiClientVerifier;
    use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

    use super::{Arc, Mutex, ReadWrite, io, listen, wait_for};

    /// Signs certificates.
    pub(crate) struct Authority {
        issuer: CertifiedIssuer<'static, KeyPair>,
        folder: tempfile::TempDir,
    }

    impl Authority {
        pub(crate) fn new() -> Self {
            let mut params = CertificateParams::new(Vec::new()).expect("no names are good names");
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let key = KeyPair::generate().expect("a key");
            let issuer = CertifiedIssuer::self_signed(params, key).expect("it signs itself");
            let folder = tempfile::tempdir().expect("a folder can be made");
            std::fs::write(folder.path().join("ca.pem"), issuer.pem()).expect("it can be written");
            Self { issuer, folder }
        }

        pub(crate) fn path(&self) -> PathBuf {
            self.folder.path().join("ca.pem")
        }

        fn sign(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
            let key = KeyPair::generate().expect("a key");
            let params = CertificateParams::new(vec![name.to_owned()]).expect("a good name");
            (params.signed_by(&key, &self.issuer).expect("it signs"), key)
        }

        /// What a server of this name needs, and whose clients it lets in.
        pub(crate) fn server(&self, name: &str, clients: Option<&Authority>) -> Arc<ServerConfig> {
            let (certificate, key) = self.sign(name);
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()
                .expect("there are versions");
            let builder = match clients {
                None => builder.with_no_client_auth(),
                Some(authority) => {
                    let mut roots = RootCertStore::empty();
                    roots.add(authority.issuer.der().clone()).expect("a good root");
                    let verifier =
                        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                    builder.with_client_cert_verifier(verifier.expect("it has a root"))
                }
            };
            let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("a good key");
            Arc::new(builder.with_single_cert(vec![certificate.der().clone()], key).expect("they fit"))
        }

        /// The files of a client: its certificate and its key.
        pub(crate) fn client(&self) -> (PathBuf, PathBuf) {
            let (certificate, key) = self.sign("client");
            let path = |name| self.folder.path().join(name);
            std::fs::write(path("client.pem"), certificate.pem()).expect("it can be written");
            std::fs::write(path("client.key"), key.serialize_pem()).expect("it can be written");
            (path("client.pem"), path("client.key"))
        }
    }

    /// A server behind TLS.
    pub(crate) struct TlsServer {
        pub(crate) port: u16,
        heard: Arc<Mutex<Vec<String>>>,
    }

    impl TlsServer {
        /// Each connection is answered by `answer`, which keeps what it heard.
        pub(crate) fn new(
            config: &Arc<ServerConfig>,
            answer: impl Fn(&mut dyn ReadWrite, &mut Vec<u8>) -> io::Result<()> + Send + Sync + 'static,
        ) -> Self {
            let (heard, config) = (Arc::<Mutex<Vec<String>>>::default(), Arc::clone(config));
            let for_thread = Arc::clone(&heard);
            let port = listen(move |stream| {
                let connection = ServerConnection::new(Arc::clone(&config)).expect("the config is good");
                let mut stream = StreamOwned::new(connection, stream);
                let mut out = Vec::new();
                // a client that leaves in the middle has said what it has said
                let _ = answer(&mut stream, &mut out);
                if !out.is_empty() {
                    let text = String::from_utf8_lossy(&out).into_owned();
                    for_thread.lock().expect("no holder panics").push(text);
                }
            });
            Self { port, heard }
        }

        pub(crate) fn heard(&self) -> Vec<String> {
            self.heard.lock().expect("no holder panics").clone()
        }

        /// What the first connection said, when it is over.
        pub(crate) fn first(&self) -> String {
            wait_for(|| self.heard().into_iter().next())
        }
    }
}
