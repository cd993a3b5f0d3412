//! `kind = "syslog"`, `"journald"`, `"socket"`, `"datagram"`, `"http"`, `"smtp"`

use super::{
    delivery::{read_batch, read_credentials, read_queue, read_rate, read_tls},
    section::Section,
};
use crate::{
    handler::{
        Address, HttpMethod, HttpOptions, JournaldOptions, SmtpOptions, SocketOptions, SyslogFormat,
        SyslogFraming, SyslogOptions, SyslogTransport,
    },
    wire::Codec,
};

pub(super) fn read_syslog(section: &Section<'_>) -> Option<SyslogOptions> {
    let address = section.parsed("address", Address::parse);
    let mut options = SyslogOptions::new(address.unwrap_or(Address::Unix("/dev/log".into())));
    let transports = [
        ("unix", SyslogTransport::Datagram),
        ("udp", SyslogTransport::Datagram),
        ("tcp", SyslogTransport::Stream),
        ("unix_stream", SyslogTransport::Stream),
        ("tls", SyslogTransport::Tls),
    ];
    let transport = section.choice("transport", &transports);
    let is_network = matches!(options.address, Address::Network(_));
    let wants_network = matches!(section.text("transport"), Some("udp" | "tcp" | "tls"));
    if transport.is_some() && is_network != wants_network {
        section.problem("address", "a path goes with transport unix, host:port with udp, tcp or tls");
    }
    options.transport = transport.unwrap_or_default();
    let formats = [
        ("rfc5424", SyslogFormat::Rfc5424),
        ("rfc3164", SyslogFormat::Rfc3164),
        ("python", SyslogFormat::Python),
    ];
    options.format = section.choice("format", &formats).unwrap_or(options.format);
    let framings = [
        ("octet", SyslogFraming::OctetCounting),
        ("lf", SyslogFraming::Newline),
        ("nul", SyslogFraming::Nul),
    ];
    options.framing = section.choice("framing", &framings).unwrap_or_default();
    options.facility = section.parsed("facility", SyslogOptions::facility_of).unwrap_or(options.facility);
    let set = |key: &str, slot: &mut String| {
        if let Some(text) = section.text(key) {
            text.clone_into(slot);
        }
    };
    set("app_name", &mut options.app_name);
    set("host_name", &mut options.host_name);
    set("ident", &mut options.ident);
    options.append_nul = section.flag("append_nul").unwrap_or(options.append_nul);
    options.bom = section.flag("bom").unwrap_or(false);
    options.structured_data = section.text("sd").map(str::to_owned);
    for key in ["bom", "sd"] {
        if section.has(key) && options.format != SyslogFormat::Rfc5424 {
            section.problem(
                key,
                "only RFC 5424 has it (accepted: with format = \"rfc5424\", which a network has by itself)",
            );
        }
    }
    if options.structured_data.as_ref().is_some_and(|id| !id.contains('@')) {
        section.problem("sd", "a name of one's own has an enterprise number: fields@32473");
    }
    options.tls = read_tls(section, options.transport == SyslogTransport::Tls);
    if options.transport == SyslogTransport::Tls && options.framing != SyslogFraming::OctetCounting {
        section.problem("framing", "found another one than TLS has (accepted: octet)");
    }
    options.queue = read_queue(section);
    Some(options)
}

pub(super) fn read_journald(section: &Section<'_>) -> JournaldOptions {
    let default = JournaldOptions::default();
    let text = |key: &str, default: String| section.text(key).map_or(default, str::to_owned);
    JournaldOptions {
        socket: section.text("socket").map_or(default.socket, Into::into),
        identifier: text("identifier", default.identifier),
        facility: section.parsed("facility", SyslogOptions::facility_of).unwrap_or(default.facility),
        field_prefix: text("field_prefix", default.field_prefix),
        queue: read_queue(section),
    }
}

pub(super) fn read_socket(section: &Section<'_>) -> Option<SocketOptions> {
    let address = section.required("address", section.parsed("address", Address::parse));
    let codecs = [("pickle", Codec::Pickle), ("json", Codec::Json), ("cbor", Codec::Cbor)];
    let codec = section.choice("codec", &codecs).unwrap_or_default();
    let queue = read_queue(section);
    Some(SocketOptions { address: address?, codec, queue })
}

pub(super) fn read_http(section: &Section<'_>) -> Option<HttpOptions> {
    let (host, url) = (section.text("host"), section.text("url").unwrap_or("/"));
    let methods = [
        ("get", HttpMethod::Get),
        ("post_form", HttpMethod::PostForm),
        ("post_json", HttpMethod::PostJson),
        ("post_ndjson", HttpMethod::PostNdjson),
    ];
    let method = section.choice("method", &methods).unwrap_or_default();
    let secure = section.flag("secure");
    let is_address = url.starts_with("http://") || url.starts_with("https://");
    let options = match (host, is_address) {
        (None, true) => {
            HttpOptions::from_address(url).map_err(|error| section.problem("url", error.to_string()))
        }
        (Some(_), true) => {
            section.problem("host", "url names the host already (accepted: one of them)");
            Err(())
        }
        (None, false) if section.has("url") && !url.starts_with('/') => {
            let accepted = "http://host:port/path, https://…, or a path with the key host";
            section.problem("url", format!("found {url:?} (accepted: {accepted})"));
            Err(())
        }
        (None, false) => {
            section.problem("host", "is missing");
            Err(())
        }
        (Some(host), false) => {
            HttpOptions::new(host, url).map_err(|error| section.problem("host", error.to_string()))
        }
    };
    if is_address && secure.is_some() {
        section.problem("secure", "url says that already (accepted: url = \"https://…\" alone)");
    }
    let batch = read_batch(section, false);
    if batch.is_some() && matches!(method, HttpMethod::Get | HttpMethod::PostForm) {
        section.problem(
            "batch",
            "a form holds one record (accepted: method = \"post_json\" or \"post_ndjson\")",
        );
    }
    let credentials = read_credentials(section);
    let (queue, rate) = (read_queue(section), read_rate(section));
    let secure = secure.unwrap_or(options.as_ref().is_ok_and(|options| options.secure));
    let tls = read_tls(section, secure);
    Some(HttpOptions { method, secure, tls, batch, rate, credentials, queue, ..options.ok()? })
}

pub(super) fn read_smtp(section: &Section<'_>) -> Option<SmtpOptions> {
    let host = section.required("host", section.text("host"));
    let from = section.required("from", section.text("from"));
    let to = section.required("to", section.texts("to"));
    let subject = section.text("subject").unwrap_or("stratd");
    let secure = section.flag("secure").unwrap_or(false);
    let credentials = read_credentials(section);
    let (queue, rate, batch) = (read_queue(section), read_rate(section), read_batch(section, true));
    let tls = read_tls(section, secure);
    let options = SmtpOptions::new(host?, from?, &[], subject);
    let options = SmtpOptions { to: to?, secure, tls, batch, rate, credentials, queue, ..options };
    if options.to.is_empty() {
        section.problem("to", "found an empty list (accepted: one address at least)");
    } else if let Err(error) = options.check() {
        section.problem("to", error.to_string());
    }
    Some(options)
}
