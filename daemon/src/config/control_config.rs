//! `[control]`: who may look at the daemon and command it while it runs, and over which sockets.

use std::{net::SocketAddr, path::PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{origin::Finding, own_rules::value_finding};

/// Where the keys of the listener stand.
const TCP_AT: &str = "/control/tcp";

/// Who may command the daemon while it runs.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ControlConfig {
    /// The path of the control socket. Without this key it is `control.sock` in the folder that systemd names in
    /// `RUNTIME_DIRECTORY`, and without that there is none.
    /// A relative path starts in the folder of the configuration file.
    #[schemars(with = "String", extend("format" = "path"))]
    pub socket: Option<PathBuf>,
    /// The group that owns the socket and whose members may use it, besides root and the daemon's own user.
    pub group: String,
    /// The path of a second socket, on which nobody may change anything.
    /// Without this key there is one only if systemd hands over a socket of the name `control-ro`.
    #[schemars(with = "String", extend("format" = "path"))]
    pub read_only_socket: Option<PathBuf>,
    /// The group that owns the second socket and whose members may use it.
    pub read_only_group: String,
    /// A listener for other machines, or for programs that cannot use a Unix socket; there is none without this table.
    #[schemars(with = "TcpConfig")]
    pub tcp: Option<TcpConfig>,
}

/// A listener on TCP: with TLS, or on a loopback address with a token.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TcpConfig {
    /// An IP address and a port, as `127.0.0.1:9443`. Any but a loopback address needs TLS.
    pub address: String,
    /// What those who connect may do.
    #[serde(default)]
    pub role: TcpRole,
    /// A file that holds the token which requests send as `Authorization: Bearer TOKEN`: 32 to 1,024 visible characters in
    /// one line. It must not be readable for others. Needed without `client_ca_file`.
    #[serde(default)]
    #[schemars(with = "String", extend("format" = "path"))]
    pub token_file: Option<PathBuf>,
    /// The certificates of the listener, its own first, in PEM: this and `key_file` make it speak TLS.
    #[serde(default)]
    #[schemars(with = "String", extend("format" = "path"))]
    pub cert_file: Option<PathBuf>,
    /// The private key of the listener in PEM.
    #[serde(default)]
    #[schemars(with = "String", extend("format" = "path"))]
    pub key_file: Option<PathBuf>,
    /// Who signed the certificates of clients, in PEM: a client without such a certificate is turned away.
    #[serde(default)]
    #[schemars(with = "String", extend("format" = "path"))]
    pub client_ca_file: Option<PathBuf>,
}

/// What those who connect over TCP may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum TcpRole {
    /// Look at everything.
    #[default]
    Reader,
    /// Change what runs.
    Operator,
    /// Everything.
    Admin,
}

impl Default for ControlConfig {
    fn default() -> Self {
        Self {
            socket: None,
            group: "stratd".to_owned(),
            read_only_socket: None,
            read_only_group: "stratd-ro".to_owned(),
            tcp: None,
        }
    }
}

/// What a listener lacks; of values that have the wrong type the schema speaks.
pub(super) fn findings(value: &Value) -> Vec<Finding> {
    let Some(tcp) = value.pointer(TCP_AT).and_then(Value::as_object) else { return Vec::new() };
    let mut findings = Vec::new();
    let address = tcp.get("address").and_then(Value::as_str);
    let parsed = address.map(str::parse::<SocketAddr>);
    if let (Some(Err(_)), Some(found)) = (&parsed, tcp.get("address")) {
        let accepted = "an IP address and a port, as 127.0.0.1:9443 or [::1]:9443";
        findings.push(value_finding(&format!("{TCP_AT}/address"), found, accepted));
    }
    let has = |key: &str| tcp.contains_key(key);
    findings.extend(lacks_half(tcp));
    let has_tls = has("cert_file") && has("key_file");
    if has("client_ca_file") && !has_tls {
        findings.push(lacks("client_ca_file", "a listener without TLS", "with cert_file and key_file"));
    }
    let knows_who = has("token_file") || has_tls && has("client_ca_file");
    if !knows_who {
        let accepted = "token_file; or cert_file, key_file and client_ca_file";
        findings.push(lacks("address", "a listener that anyone could use", accepted));
    }
    if let Some(Ok(address)) = parsed
        && !address.ip().is_loopback()
        && !has_tls
    {
        let found = format!("{address}, which others can reach and read, without TLS");
        findings.push(lacks("address", &found, "a loopback address; or cert_file and key_file"));
    }
    findings
}

/// One of the certificate and its key without the other.
fn lacks_half(tcp: &Map<String, Value>) -> Option<Finding> {
    let (there, missing) = match (tcp.contains_key("cert_file"), tcp.contains_key("key_file")) {
        (true, false) => ("cert_file", "key_file"),
        (false, true) => ("key_file", "cert_file"),
        (true, true) | (false, false) => return None,
    };
    Some(lacks(there, &format!("{there} without {missing}"), "both or none"))
}

fn lacks(key: &str, found: &str, accepted: &str) -> Finding {
    Finding::conflict(format!("{TCP_AT}/{key}"), found, accepted)
}
