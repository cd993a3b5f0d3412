//! `[logging.receivers.NAME]`

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::section::Section;
use crate::{
    receiver::{
        Access, CONNECTIONS, CONNECTIONS_MAX, Content, FRAME_BYTES, FRAME_BYTES_MAX, Place, ReceiverSpec,
        Settings,
    },
    tree::LOGGER_NAME_MAX,
    wire::Codec,
};

/// The ports of Python's `logging.handlers`.
const TCP_PORT: u16 = 9020;
const UDP_PORT: u16 = 9021;
const SYSLOG_PORT: u16 = 514;
/// The shortest limit of a frame that makes sense.
const FRAME_BYTES_MIN: usize = 64;

/// What an address is of.
enum Where {
    Network(IpAddr, Option<u16>),
    Path(PathBuf),
}

/// Reads a receiver.
pub(super) fn read(name: &str, section: &Section<'_>) -> Option<ReceiverSpec> {
    let kinds =
        [("socket", "socket"), ("datagram", "datagram"), ("json_lines", "json_lines"), ("syslog", "syslog")];
    let Some(kind) = section.required("kind", section.choice("kind", &kinds)) else {
        section.rest();
        return None;
    };
    let address = read_address(section);
    let (is_stream, default_port) = match kind {
        "socket" => (true, Some(TCP_PORT)),
        "datagram" => (false, Some(UDP_PORT)),
        "json_lines" => (true, None),
        _ => (is_syslog_stream(section, &address), Some(SYSLOG_PORT)),
    };
    let place = address.and_then(|address| place(section, address, is_stream, default_port));
    let is_path = matches!(place, Some(Place::UnixStream(_) | Place::UnixDatagram(_)));
    let access = if is_path { read_access(section) } else { Access::default() };
    let content = match kind {
        "json_lines" => Content::JsonLines,
        "syslog" => Content::Syslog,
        _ => {
            let codecs = [("pickle", Codec::Pickle), ("json", Codec::Json), ("cbor", Codec::Cbor)];
            Content::Records(section.choice("codec", &codecs).unwrap_or_default())
        }
    };
    let settings = read_settings(section, content, is_stream);
    section.finish();
    Some(ReceiverSpec { name: name.to_owned(), kind: kind.to_owned(), place: place?, access, settings })
}

fn read_settings(section: &Section<'_>, content: Content, is_stream: bool) -> Settings {
    let size = |key: &str, min: usize, max: usize, default: usize| {
        let bounds = i64::try_from(min).unwrap_or(0)..=i64::try_from(max).unwrap_or(i64::MAX);
        section.number(key, bounds).and_then(|number| usize::try_from(number).ok()).unwrap_or(default)
    };
    let logger = section.text("logger").map(str::to_owned);
    if logger.as_ref().is_some_and(|name| name.len() > LOGGER_NAME_MAX) {
        section.problem("logger", format!("a name of more than {LOGGER_NAME_MAX} bytes"));
    }
    let frame_bytes = size("max_frame", FRAME_BYTES_MIN, FRAME_BYTES_MAX, FRAME_BYTES);
    let (mut connections, mut idle) = (CONNECTIONS, None);
    if is_stream {
        connections = size("max_connections", 1, CONNECTIONS_MAX, CONNECTIONS);
        idle = section.duration("idle_timeout").filter(|idle| !idle.is_zero());
    }
    Settings { content, logger, frame_bytes, connections, idle }
}

/// An address of the network, with or without its port, or a path; this machine alone if there is none.
fn read_address(section: &Section<'_>) -> Option<Where> {
    let Some(text) = section.text("address") else {
        return (!section.has("address")).then_some(Where::Network(IpAddr::V4(Ipv4Addr::LOCALHOST), None));
    };
    if text.starts_with('/') {
        return Some(Where::Path(PathBuf::from(text)));
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(Where::Network(address.ip(), Some(address.port())));
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(Where::Network(ip, None));
    }
    let accepted = "an IP address, one with its port, or the path of a socket that begins with /";
    section.problem("address", format!("found {text:?} (accepted: {accepted})"));
    None
}

fn is_syslog_stream(section: &Section<'_>, address: &Option<Where>) -> bool {
    let choices = match address {
        Some(Where::Path(_)) => [("unix", false), ("unix_stream", true)],
        _ => [("udp", false), ("tcp", true)],
    };
    section.choice("transport", &choices).unwrap_or(false)
}

fn place(section: &Section<'_>, address: Where, is_stream: bool, default: Option<u16>) -> Option<Place> {
    let (ip, port) = match address {
        Where::Path(path) if is_stream => return Some(Place::UnixStream(path)),
        Where::Path(path) => return Some(Place::UnixDatagram(path)),
        Where::Network(ip, port) => (ip, port),
    };
    let own = section.number("port", 0..=i64::from(u16::MAX)).and_then(|port| u16::try_from(port).ok());
    if own.is_some() && port.is_some() {
        section.problem("port", "address has a port already");
    }
    let is_named = section.has("port") || port.is_some() || default.is_some();
    let port = if is_named { own.or(port).or(default) } else { section.required("port", None) };
    let address = SocketAddr::new(ip, port?);
    Some(if is_stream { Place::Tcp(address) } else { Place::Udp(address) })
}

fn read_access(section: &Section<'_>) -> Access {
    Access {
        owner: section.text("owner").map(str::to_owned),
        group: section.text("group").map(str::to_owned),
        permissions: section.number("permissions", 0..=0o777).and_then(|mode| u32::try_from(mode).ok()),
    }
}

/// Two receivers with one address: the second could not listen.
pub(super) fn check_places(specs: &[ReceiverSpec], section: &Section<'_>) {
    for (index, spec) in specs.iter().enumerate() {
        let is_chosen =
            matches!(&spec.place, Place::Tcp(address) | Place::Udp(address) if address.port() == 0);
        let paths = |place: &Place| match place {
            Place::UnixStream(path) | Place::UnixDatagram(path) => Some(path.clone()),
            Place::Tcp(_) | Place::Udp(_) => None,
        };
        let same = |other: &&ReceiverSpec| {
            other.place == spec.place
                || (paths(&spec.place).is_some() && paths(&other.place) == paths(&spec.place))
        };
        let other = specs.iter().take(index).find(same);
        if let Some(other) = other.filter(|_| !is_chosen) {
            let text = format!("{} is where receiver {:?} listens", spec.place, other.name);
            section.add(format!("receivers.{:?}.address", spec.name), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Config, Kinds};

    /// What is wrong with `[receivers.r]`, each problem without the receiver's path.
    fn problems(text: &str) -> Vec<String> {
        let table = toml::from_str(&format!("[receivers.r]\n{text}")).unwrap();
        let problems = Config::check_table(&table, &Kinds::default()).err().unwrap_or_default();
        let short = |path: &str| path.trim_start_matches("receivers.r.").to_owned();
        problems.into_iter().map(|(path, text)| format!("{}: {text}", short(&path))).collect()
    }

    #[test]
    fn every_kind_has_its_own_keys_and_defaults() {
        let good = [
            "kind = \"socket\"",
            "kind = \"socket\"\naddress = \"[::1]:9020\"\ncodec = \"cbor\"\nidle_timeout = \"1h\"\nmax_connections = 10000",
            "kind = \"datagram\"\naddress = \"0.0.0.0\"\nport = 1\nlogger = \"fleet\"\nmax_frame = 65536",
            "kind = \"json_lines\"\nport = 0",
            "kind = \"json_lines\"\naddress = \"/run/x\"\nowner = \"root\"\ngroup = \"adm\"\npermissions = 0o666",
            "kind = \"syslog\"",
            "kind = \"syslog\"\ntransport = \"tcp\"\nidle_timeout = \"10m\"",
            "kind = \"syslog\"\naddress = \"/dev/log\"\ntransport = \"unix\"",
        ];
        for text in good {
            assert_eq!(problems(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_problem_says_what_is_accepted() {
        let cases = [
            ("port = 1", "kind: is missing"),
            ("kind = \"pipe\"", "kind: found \"pipe\" (accepted: socket, datagram, json_lines, syslog)"),
            ("kind = \"json_lines\"", "port: is missing"),
            (
                "kind = \"socket\"\nport = 70000",
                "port: found 70000 (accepted: a whole number from 0 to 65535)",
            ),
            (
                "kind = \"socket\"\naddress = \"localhost\"",
                "address: found \"localhost\" (accepted: an IP address, one with its port, or the path of a socket that begins with /)",
            ),
            ("kind = \"socket\"\naddress = \"127.0.0.1:1\"\nport = 2", "port: address has a port already"),
            ("kind = \"socket\"\ncodec = \"xml\"", "codec: found \"xml\" (accepted: pickle, json, cbor)"),
            (
                "kind = \"socket\"\nmax_connections = 10001",
                "max_connections: found 10001 (accepted: a whole number from 1 to 10000)",
            ),
            ("kind = \"syslog\"\ntransport = \"unix\"", "transport: found \"unix\" (accepted: udp, tcp)"),
        ];
        for (text, expected) in cases {
            assert_eq!(problems(text), [expected], "{text}");
        }
        // only a path has an owner, only a stream has connections
        for text in ["kind = \"socket\"\nowner = \"root\"", "kind = \"datagram\"\nmax_connections = 1"] {
            assert!(problems(text)[0].contains("unknown key (accepted: "), "{text}");
        }
        let two = problems("kind = \"socket\"\n[receivers.s]\nkind = \"json_lines\"\nport = 9020");
        assert_eq!(two, ["receivers.\"s\".address: tcp 127.0.0.1:9020 is where receiver \"r\" listens"]);
    }
}
