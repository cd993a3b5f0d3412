//! The handler for syslog: RFC 3164, RFC 5424, or the bytes that Python's `SysLogHandler` sends; to a local socket, over
//! UDP, TCP or TLS (RFC 5425).
//!
//! A stream needs frames, which Python does not have: ours counts octets (RFC 6587) unless it is told otherwise. On a local
//! socket RFC 3164 goes without a host name, which rsyslogd would take for the tag.

use std::fmt::Write;
use std::time::Duration;

use super::{
    Address, Entry, Handler, Progress, QueueOptions, TlsOptions,
    socket::{DatagramPeer, StreamPeer},
    syslog_names::{FACILITIES, FACILITY_DEFAULT, check_facility, priority_of_level, priority_of_name},
    worker::Worker,
};
use crate::{
    error::{Error, ErrorKind, Result},
    format::{level_name, text_of},
    record::Record,
    sys::{BrokenTime, pattern},
};

/// The shape of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyslogFormat {
    /// RFC 5424, with the fields of the record as structured data.
    #[default]
    Rfc5424,
    /// RFC 3164.
    Rfc3164,
    /// The priority, `ident` and the text, as Python's handler sends them.
    Python,
}

/// What separates messages on a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyslogFraming {
    /// The length before each message.
    #[default]
    OctetCounting,
    /// A newline after each message; newlines within become `#012`.
    Newline,
    /// A zero byte after each message.
    Nul,
}

/// How messages reach the peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyslogTransport {
    /// Datagrams, over UDP or a local socket.
    #[default]
    Datagram,
    /// A stream, over TCP or a local socket.
    Stream,
    /// A stream over TLS, with octet counting.
    Tls,
}

/// How a syslog handler works.
///
/// ```
/// use stratd_logging::{Address, SyslogOptions};
///
/// let options = SyslogOptions::new(Address::parse("/dev/log")?);
/// assert_eq!(options.facility, 1);
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogOptions {
    /// Where to.
    pub address: Address,
    /// Datagrams or a stream.
    pub transport: SyslogTransport,
    /// The shape of a message.
    pub format: SyslogFormat,
    /// What separates messages on a stream.
    pub framing: SyslogFraming,
    /// The facility, 0 to 23.
    pub facility: u8,
    /// Name of the program.
    pub app_name: String,
    /// Name of the host; empty for none.
    pub host_name: String,
    /// Put before each text in the format of Python.
    pub ident: String,
    /// Put a zero byte after each text in the format of Python.
    pub append_nul: bool,
    /// Put a byte order mark before texts that are not ASCII (RFC 5424).
    pub bom: bool,
    /// Name of the structured data with the fields of the record, with an `@` and an enterprise number; None for none.
    pub structured_data: Option<String>,
    /// Whom to trust, for TLS.
    pub tls: TlsOptions,
    /// What waits while the peer is away.
    pub queue: QueueOptions,
}

impl SyslogOptions {
    /// Facility `user`; to a network in RFC 5424, to a local socket in RFC 3164, because journald and rsyslogd take nothing
    /// else apart that comes through one.
    ///
    /// ```
    /// # use stratd_logging::{Address, SyslogFormat, SyslogOptions};
    /// assert_eq!(SyslogOptions::new(Address::parse("localhost:514")?).format, SyslogFormat::Rfc5424);
    /// assert_eq!(SyslogOptions::new(Address::parse("/dev/log")?).format, SyslogFormat::Rfc3164);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn new(address: Address) -> Self {
        let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
        let format = match address {
            Address::Unix(_) => SyslogFormat::Rfc3164,
            Address::Network(_) => SyslogFormat::Rfc5424,
        };
        Self {
            address,
            transport: SyslogTransport::Datagram,
            format,
            framing: SyslogFraming::OctetCounting,
            facility: FACILITY_DEFAULT,
            app_name: "stratd".to_owned(),
            host_name: host.unwrap_or_default(),
            ident: String::new(),
            append_nul: true,
            bom: false,
            structured_data: None,
            tls: TlsOptions::default(),
            queue: QueueOptions::default(),
        }
    }

    /// The number of a facility, by its name.
    ///
    /// # Errors
    /// If there is none of this name.
    ///
    /// ```
    /// # use stratd_logging::SyslogOptions;
    /// assert_eq!(SyslogOptions::facility_of("local7")?, 23);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn facility_of(name: &str) -> Result<u8> {
        FACILITIES.iter().find(|(known, _)| *known == name).map(|&(_, number)| number).ok_or_else(|| {
            let names: Vec<&str> = FACILITIES.iter().map(|&(name, _)| name).collect();
            Error::new(ErrorKind::Handler, format!("facility {name:?} (accepted: {})", names.join(", ")))
        })
    }

    /// The bytes of a record's message, without the frame of a stream.
    ///
    /// ```
    /// use stratd_logging::{Address, Level, Record, SyslogFormat, SyslogOptions};
    ///
    /// let options = SyslogOptions {
    ///     format: SyslogFormat::Python,
    ///     ident: "stratd: ".into(),
    ///     append_nul: false,
    ///     ..SyslogOptions::new(Address::parse("/dev/log")?)
    /// };
    /// let record = Record::new("a", Level::ERROR, "hello");
    /// assert_eq!(options.message(&record, "hello"), b"<11>stratd: hello");
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn message(&self, record: &Record<'_>, text: &str) -> Vec<u8> {
        let by_name = self.format == SyslogFormat::Python;
        let priority =
            if by_name { priority_of_name(&level_name(record)) } else { priority_of_level(record.level) };
        let mut out = format!("<{}>", (u32::from(self.facility) << 3) | u32::from(priority));
        match self.format {
            SyslogFormat::Python => {
                out.push_str(&self.ident);
                out.push_str(text);
                if self.append_nul {
                    out.push('\0');
                }
            }
            SyslogFormat::Rfc3164 => {
                write_time(&mut out, "%b %e %H:%M:%S ", BrokenTime::local(seconds(record)));
                if matches!(self.address, Address::Network(_)) && !self.host_name.is_empty() {
                    write_name(&mut out, &self.host_name, 255);
                    out.push(' ');
                }
                write_name(&mut out, &self.app_name, 48);
                // writing to a String cannot fail
                let _ = write!(out, "[{}]: {text}", record.process);
            }
            SyslogFormat::Rfc5424 => self.write_5424(&mut out, record, text),
        }
        out.into_bytes()
    }

    fn write_5424(&self, out: &mut String, record: &Record<'_>, text: &str) {
        out.push_str("1 ");
        write_time(out, "%Y-%m-%dT%H:%M:%S", BrokenTime::utc(seconds(record)));
        // writing to a String cannot fail
        let _ = write!(out, ".{:06}Z ", record.created_ns.rem_euclid(1_000_000_000) / 1000);
        write_name(out, &self.host_name, 255);
        out.push(' ');
        write_name(out, &self.app_name, 48);
        let _ = write!(out, " {} ", record.process);
        write_name(out, &record.name, 32);
        out.push(' ');
        match &self.structured_data {
            Some(id) if !record.fields.is_empty() => {
                out.push('[');
                write_sd_name(out, id);
                for (key, value) in record.fields.iter() {
                    out.push(' ');
                    write_sd_name(out, key);
                    out.push_str("=\"");
                    for c in text_of(&value).chars() {
                        if matches!(c, '"' | '\\' | ']') {
                            out.push('\\');
                        }
                        out.push(c);
                    }
                    out.push('"');
                }
                out.push(']');
            }
            _ => out.push('-'),
        }
        if !text.is_empty() {
            out.push(' ');
            if self.bom && !text.is_ascii() {
                out.push('\u{feff}');
            }
            out.push_str(text);
        }
    }

    /// The bytes of a record's message in the frame of its transport.
    ///
    /// ```
    /// use stratd_logging::{Address, Level, Record, SyslogFormat, SyslogOptions, SyslogTransport};
    ///
    /// let options = SyslogOptions {
    ///     format: SyslogFormat::Python,
    ///     append_nul: false,
    ///     transport: SyslogTransport::Stream,
    ///     ..SyslogOptions::new(Address::parse("localhost:514")?)
    /// };
    /// assert_eq!(options.frame(&Record::new("a", Level::INFO, "x"), "x"), b"5 <14>x");
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn frame(&self, record: &Record<'_>, text: &str) -> Vec<u8> {
        let message = self.message(record, text);
        if self.transport == SyslogTransport::Datagram {
            return message;
        }
        match self.framing {
            SyslogFraming::OctetCounting => {
                let mut out = format!("{} ", message.len()).into_bytes();
                out.extend_from_slice(&message);
                out
            }
            SyslogFraming::Newline => {
                let mut out = Vec::with_capacity(message.len() + 1);
                for byte in message {
                    if byte == b'\n' { out.extend_from_slice(b"#012") } else { out.push(byte) }
                }
                out.push(b'\n');
                out
            }
            SyslogFraming::Nul => {
                let mut out = message;
                if out.last() != Some(&0) {
                    out.push(0);
                }
                out
            }
        }
    }
}

fn seconds(record: &Record<'_>) -> i64 {
    record.created_ns.div_euclid(1_000_000_000)
}

fn write_time(out: &mut String, format: &str, time: Option<BrokenTime>) {
    if let (Some(time), Some(format)) = (time, pattern(format)) {
        time.write(&format, out);
    }
}

/// A name of the header: printable ASCII without spaces, `-` if there is none.
fn write_name(out: &mut String, name: &str, max: usize) {
    if name.is_empty() {
        out.push('-');
    }
    out.extend(name.chars().take(max).map(|c| if c.is_ascii_graphic() { c } else { '?' }));
}

/// A name in structured data: as in the header, without `=`, `]` and `"`.
fn write_sd_name(out: &mut String, name: &str) {
    let accepted = |c: char| c.is_ascii_graphic() && !matches!(c, '=' | ']' | '"');
    out.push_str(if name.is_empty() { "-" } else { "" });
    out.extend(name.chars().take(32).map(|c| if accepted(c) { c } else { '_' }));
}

/// Sends each text to syslog.
///
/// ```
/// use stratd_logging::{Address, SyslogHandler, SyslogOptions};
///
/// let _ = SyslogHandler::new(SyslogOptions::new(Address::parse("/dev/log")?))?;
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub struct SyslogHandler {
    options: SyslogOptions,
    worker: Worker,
}

impl SyslogHandler {
    /// A handler for syslog. It connects with the first record.
    ///
    /// # Errors
    /// If the facility is unknown, if TLS lacks a network, octet counting or a file, or if its thread cannot be started.
    ///
    /// ```
    /// # use stratd_logging::{Address, SyslogHandler, SyslogOptions};
    /// let options = SyslogOptions { facility: 24, ..SyslogOptions::new(Address::parse("/dev/log")?) };
    /// assert!(SyslogHandler::new(options).is_err());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn new(options: SyslogOptions) -> Result<Self> {
        check_facility(options.facility)?;
        let (address, queue) = (options.address.clone(), options.queue);
        let worker = match options.transport {
            SyslogTransport::Datagram => Worker::start("syslog", DatagramPeer::new(address), queue)?,
            SyslogTransport::Stream => Worker::start("syslog", StreamPeer::new(address, None), queue)?,
            SyslogTransport::Tls => {
                let is_network = matches!(address, Address::Network(_));
                if !is_network || options.framing != SyslogFraming::OctetCounting {
                    return Err(Error::new(
                        ErrorKind::Handler,
                        "syslog over TLS (accepted: an address host:port and framing by octet counting)",
                    ));
                }
                let tls = options.tls.client()?;
                Worker::start("syslog", StreamPeer::new(address, Some(tls)), queue)?
            }
        };
        Ok(Self { options, worker })
    }
}

impl Handler for SyslogHandler {
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        self.worker.push(Some(entry.record.level), self.options.frame(entry.record, entry.text))
    }

    fn close(&mut self, within: Duration) -> Result<()> {
        self.worker.close(within)
    }

    fn take_waiting(&mut self) -> Vec<Vec<u8>> {
        self.worker.take_waiting()
    }

    fn put_waiting(&mut self, items: Vec<Vec<u8>>) {
        self.worker.put_waiting(items);
    }

    fn counts_written(&self) -> bool {
        true
    }

    fn take_progress(&mut self) -> Progress {
        self.worker.take_progress()
    }
}
