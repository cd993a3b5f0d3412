//! The listener on TCP: who is let in, and what is refused at the start.

use std::{
    fs,
    io::Write as _,
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};

use super::{PATIENCE, Place, fake::Fake, options, read_all, split};
use crate::control::{Control, ControlOptions, Role, SOCKET_MODE, TcpOptions, limits::Limits};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A folder with a token, an authority, and certificates of a server and of a client that it has signed.
struct Keys {
    folder: tempfile::TempDir,
}

impl Keys {
    fn new() -> Self {
        let keys = Self { folder: tempfile::tempdir().unwrap() };
        keys.write("token", TOKEN);
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        keys.write("ca.pem", &authority.pem());
        for (name, purpose) in
            [("server", ExtendedKeyUsagePurpose::ServerAuth), ("client", ExtendedKeyUsagePurpose::ClientAuth)]
        {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            params.extended_key_usages = vec![purpose];
            keys.write(&format!("{name}.pem"), &params.signed_by(&key, &authority).unwrap().pem());
            keys.write(&format!("{name}.key"), &key.serialize_pem());
        }
        keys
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn plain(&self) -> TcpOptions {
        TcpOptions {
            address: "127.0.0.1:0".parse().unwrap(),
            role: Role::Operator,
            token_file: Some(self.path("token")),
            identity: None,
            client_ca_file: None,
        }
    }

    /// With TLS, and with certificates of clients in the place of a token.
    fn certified(&self) -> TcpOptions {
        let identity = Some((self.path("server.pem"), self.path("server.key")));
        let client_ca_file = Some(self.path("ca.pem"));
        TcpOptions { token_file: None, identity, client_ca_file, ..self.plain() }
    }

    /// A connection that trusts the authority, and shows this certificate.
    fn connect(&self, address: SocketAddr, client: Option<&str>) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.path("ca.pem")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match client {
            None => builder.with_no_client_auth(),
            Some(name) => {
                let certificate = CertificateDer::from_pem_file(self.path(&format!("{name}.pem"))).unwrap();
                let key = PrivateKeyDer::from_pem_file(self.path(&format!("{name}.key"))).unwrap();
                builder.with_client_auth_cert(vec![certificate], key).unwrap()
            }
        };
        let name = ServerName::try_from("localhost").unwrap();
        StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), connect(address))
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn place(tcp: TcpOptions) -> (Place, SocketAddr) {
    let place =
        Place::of(Limits::default(), |path| ControlOptions { tcp: Some(tcp), ..options(path, SOCKET_MODE) });
    let address = place.control.as_ref().unwrap().address().unwrap();
    (place, address)
}

fn request(authorization: &str) -> String {
    format!(
        "POST /v1/plugins/ema-cross/stop HTTP/1.1\r\nhost: x\r\nconnection: close\r\nif-match: *\r\n{authorization}\r\n"
    )
}

/// The status and the body of the answer to a change with this header line.
fn ask(address: SocketAddr, authorization: &str) -> String {
    let mut stream = connect(address);
    stream.write_all(request(authorization).as_bytes()).unwrap();
    let (head, body) = split(&read_all(&mut stream));
    if head.starts_with("HTTP/1.1 401 ") {
        assert!(head.contains("\r\nwww-authenticate: Bearer\r\n"), "{head}");
    }
    format!("{} {body}", head.split(' ').nth(1).unwrap_or_default())
}

#[test]
fn whoever_knows_the_token_has_the_role_of_the_listener() {
    let keys = Keys::new();
    let (place, address) = place(keys.plain());
    for line in [
        "",
        "authorization: Bearer x\r\n",
        &format!("authorization: Basic {TOKEN}\r\n"),
        &format!("authorization: {TOKEN}\r\n"),
    ] {
        let answer = ask(address, line);
        assert!(answer.starts_with("401 ") && answer.contains("urn:stratd:problem:unauthorized"), "{answer}");
        assert!(!answer.contains(TOKEN), "{answer}");
    }
    assert!(place.fake.done().is_empty());
    let answer = ask(address, &format!("authorization: bearer {TOKEN}\r\n"));
    assert!(answer.starts_with("200 "), "{answer}");
    assert_eq!(place.fake.done(), ["stop ema-cross"]);
}

#[test]
fn a_listener_for_readers_has_readers() {
    let keys = Keys::new();
    let (place, address) = place(TcpOptions { role: Role::Reader, ..keys.plain() });
    let answer = ask(address, &format!("authorization: Bearer {TOKEN}\r\n"));
    assert!(answer.starts_with("403 ") && answer.contains("127.0.0.1:"), "{answer}");
    assert!(place.fake.done().is_empty());
}

#[test]
fn a_certificate_of_the_authority_lets_in() {
    let keys = Keys::new();
    let (place, address) = place(keys.certified());
    let mut stream = keys.connect(address, Some("client"));
    stream.write_all(request("").as_bytes()).unwrap();
    let answer = read_all(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(place.fake.done(), ["stop ema-cross"]);
    // without one, and with one that is for servers, there is no connection
    for client in [None, Some("server")] {
        let mut stream = keys.connect(address, client);
        let talked = stream
            .write_all(request("").as_bytes())
            .and_then(|()| std::io::Read::read_to_string(&mut stream, &mut String::new()));
        assert!(talked.is_err(), "{client:?}");
    }
    // nor without TLS
    let mut plain = connect(address);
    plain.write_all(request("").as_bytes()).unwrap();
    let mut seen = Vec::new();
    let _ = std::io::Read::read_to_end(&mut plain, &mut seen);
    assert!(!seen.starts_with(b"HTTP"), "{:?}", String::from_utf8_lossy(&seen));
    assert_eq!(place.fake.done().len(), 1);
}

#[test]
fn a_certificate_and_a_token_are_both_asked_for_if_both_are_configured() {
    let keys = Keys::new();
    let (_place, address) = place(TcpOptions { token_file: Some(keys.path("token")), ..keys.certified() });
    let ask = |line: &str| {
        let mut stream = keys.connect(address, Some("client"));
        stream.write_all(request(line).as_bytes()).unwrap();
        read_all(&mut stream)
    };
    assert!(ask("").starts_with("HTTP/1.1 401 "));
    assert!(ask(&format!("authorization: Bearer {TOKEN}\r\n")).starts_with("HTTP/1.1 200 "));
}

fn refused(keys: &Keys, tcp: TcpOptions, expected: expect_test::Expect) {
    let socket = keys.path("control.sock");
    let options = ControlOptions { tcp: Some(tcp), ..options(&socket, SOCKET_MODE) };
    let error = Control::start(options, Arc::new(Fake::default())).unwrap_err();
    let text = format!("{error:#}").replace(&keys.folder.path().display().to_string(), "DIR");
    assert!(!text.contains(TOKEN), "{text}");
    expected.assert_eq(&text);
    assert!(!Path::new(&socket).exists(), "nothing was made");
}

#[test]
fn a_listener_that_anyone_could_use_is_not_started() {
    use expect_test::expect;
    let keys = Keys::new();
    refused(
        &keys,
        TcpOptions { token_file: None, ..keys.plain() },
        expect![
            "control.tcp: anyone could use it (accepted: token_file; or cert_file, key_file and client_ca_file)"
        ],
    );
    refused(
        &keys,
        TcpOptions { address: "0.0.0.0:0".parse().unwrap(), ..keys.plain() },
        expect![
            "control.tcp: 0.0.0.0:0 without TLS (accepted: a loopback address; or cert_file and key_file)"
        ],
    );
    refused(
        &keys,
        TcpOptions { client_ca_file: None, ..keys.certified() },
        expect![
            "control.tcp: anyone could use it (accepted: token_file; or cert_file, key_file and client_ca_file)"
        ],
    );
    refused(
        &keys,
        TcpOptions { token_file: Some(keys.path("none")), ..keys.plain() },
        expect!["control.tcp.token_file DIR/none: No such file or directory (os error 2)"],
    );
    keys.write("short", "secret");
    refused(
        &keys,
        TcpOptions { token_file: Some(keys.path("short")), ..keys.plain() },
        expect![
            "control.tcp.token_file DIR/short: it holds 6 characters (accepted: 32 to 1024, as of `openssl rand -hex 32`)"
        ],
    );
    let swapped = Some((keys.path("server.pem"), keys.path("client.key")));
    refused(
        &keys,
        TcpOptions { identity: swapped, ..keys.certified() },
        expect!["control.tcp.key_file DIR/client.key: keys may not be consistent: KeyMismatch"],
    );
    let no_certificate = Some((keys.path("token"), keys.path("server.key")));
    refused(
        &keys,
        TcpOptions { identity: no_certificate, ..keys.certified() },
        expect!["control.tcp.cert_file DIR/token: it holds no certificate (accepted: a PEM file)"],
    );
    let no_key = Some((keys.path("server.pem"), keys.path("token")));
    refused(
        &keys,
        TcpOptions { identity: no_key, ..keys.certified() },
        expect!["control.tcp.key_file DIR/token: no items found (accepted: a PEM file)"],
    );
    refused(
        &keys,
        TcpOptions { client_ca_file: Some(keys.path("none")), ..keys.certified() },
        expect![
            "control.tcp.client_ca_file DIR/none: I/O error: No such file or directory (os error 2) (accepted: a PEM file)"
        ],
    );
}
