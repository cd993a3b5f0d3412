//! The handler that sends each record to a web server: as a form, as Python's `HTTPHandler` does, or as a JSON object.
//!
//! Requests are HTTP/1.1, one connection each, over TLS if that is asked for. An answer of 2xx is a delivery; after 408,
//! 429 and 5xx the records are sent again later, after any other never. Redirects are not followed, which would tell
//! somebody else what was meant for this server.
//!
//! The protocol is written by hand: what Python's handler sends is part of what this crate promises, to the byte, and a
//! library would write headers of its own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::Duration;

use super::{
    BatchOptions, Entry, Handler, Progress, QueueOptions, RateLimit, TlsOptions,
    delivery::Delivery,
    http_body::{base64, form, json},
    link::Link,
    tls::TlsClient,
    worker::{Transport, Undelivered, Worker},
};
use crate::{
    error::{Error, ErrorKind, Result},
    record::Record,
};

/// The longest first line of an answer that is read.
const STATUS_LINE_MAX: u64 = 1024;

/// How a request carries the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpMethod {
    /// In the address.
    #[default]
    Get,
    /// In the body, as a form.
    PostForm,
    /// In the body, as a JSON object; a batch is a list of them.
    PostJson,
    /// In the body, as a line of JSON; a batch is many lines.
    PostNdjson,
}

/// How an HTTP handler works.
///
/// ```
/// use stratd_logging::{HttpMethod, HttpOptions, Level, Record};
///
/// let options = HttpOptions { method: HttpMethod::PostForm, ..HttpOptions::new("127.0.0.1:8080", "/log")? };
/// let request = String::from_utf8(options.request(&Record::new("a", Level::INFO, "hello there"))).unwrap();
/// assert!(request.starts_with("POST /log HTTP/1.1\r\n") && request.contains("&msg=hello+there&"));
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct HttpOptions {
    /// `host:port`
    pub host: String,
    /// The path, with a query if need be.
    pub url: String,
    /// How a request carries the record.
    pub method: HttpMethod,
    /// User and password.
    pub credentials: Option<(String, String)>,
    /// Over TLS.
    pub secure: bool,
    /// Whom to trust, for TLS.
    pub tls: TlsOptions,
    /// How many records go with one request, for JSON; None for one. Header, footer and terminator are not used.
    pub batch: Option<BatchOptions>,
    /// How many requests may be made.
    pub rate: Option<RateLimit>,
    /// What waits while the server is away.
    pub queue: QueueOptions,
}

impl std::fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // a password has no place in a log
        let user = self.credentials.as_ref().map(|(user, _)| user);
        f.debug_struct("HttpOptions")
            .field("host", &self.host)
            .field("url", &self.url)
            .field("user", &user)
            .finish()
    }
}

impl HttpOptions {
    /// Requests of the method GET.
    ///
    /// # Errors
    /// If the host has no port, or the path does not begin with a slash or holds spaces.
    ///
    /// ```
    /// # use stratd_logging::HttpOptions;
    /// assert!(HttpOptions::new("localhost:80", "log").is_err());
    /// ```
    pub fn new(host: &str, url: &str) -> Result<Self> {
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let is_good = |text: &str| text.chars().all(|c| c.is_ascii_graphic());
        if !has_port || !url.starts_with('/') || !is_good(url) || !is_good(host) {
            return Err(Error::new(
                ErrorKind::Handler,
                format!("http://{host}{url} (accepted: host:port and a path that begins with /)"),
            ));
        }
        Ok(Self {
            host: host.to_owned(),
            url: url.to_owned(),
            method: HttpMethod::Get,
            credentials: None,
            secure: false,
            tls: TlsOptions::default(),
            batch: None,
            rate: None,
            queue: QueueOptions::default(),
        })
    }

    /// Reads `http://host:port/path` or `https://host/path`.
    ///
    /// # Errors
    /// If it is neither.
    ///
    /// ```
    /// # use stratd_logging::HttpOptions;
    /// let options = HttpOptions::from_address("https://logs.example.org/in?x=1")?;
    /// assert!(options.secure && options.host == "logs.example.org:443" && options.url == "/in?x=1");
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn from_address(address: &str) -> Result<Self> {
        let wrong = || {
            Error::new(
                ErrorKind::Handler,
                format!("address {address:?} (accepted: http://host:port/path, https://…)"),
            )
        };
        let (secure, rest) = match (address.strip_prefix("https://"), address.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(wrong()),
        };
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        // a password in an address ends up in logs
        if host.is_empty() || host.contains('@') {
            return Err(wrong());
        }
        let has_port = !host.ends_with(']') && host.contains(':');
        let host = match (has_port, secure) {
            (true, _) => host.to_owned(),
            (false, true) => format!("{host}:443"),
            (false, false) => format!("{host}:80"),
        };
        let options = Self::new(&host, if path.is_empty() { "/" } else { path })?;
        Ok(Self { secure, ..options })
    }

    /// The bytes of the request for a record.
    ///
    /// ```
    /// # use stratd_logging::{HttpOptions, Level, Record};
    /// let options = HttpOptions::new("localhost:80", "/log?x=1")?;
    /// let request = options.request(&Record::new("a", Level::INFO, "hello"));
    /// assert!(request.starts_with(b"GET /log?x=1&name=a&msg=hello&"));
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn request(&self, record: &Record<'_>) -> Vec<u8> {
        self.request_of(&[self.item(record)])
    }

    /// A record in the form in which it waits.
    fn item(&self, record: &Record<'_>) -> Vec<u8> {
        match self.method {
            HttpMethod::Get | HttpMethod::PostForm => form(record),
            HttpMethod::PostJson => json(record),
            // a field that holds JSON may be printed over several lines; within texts newlines are escaped
            HttpMethod::PostNdjson => json(record).replace(['\n', '\r'], " "),
        }
        .into_bytes()
    }

    /// The bytes of the request for items.
    fn request_of(&self, items: &[Vec<u8>]) -> Vec<u8> {
        let (body, kind) = match self.method {
            HttpMethod::Get => (items.concat(), None),
            HttpMethod::PostForm => (items.concat(), Some("application/x-www-form-urlencoded")),
            HttpMethod::PostJson if self.batch.is_none() => (items.concat(), Some("application/json")),
            HttpMethod::PostJson => {
                let list = [b"[".as_slice(), &items.join(b",".as_slice()), b"]"].concat();
                (list, Some("application/json"))
            }
            HttpMethod::PostNdjson => {
                let mut lines = items.join(b"\n".as_slice());
                lines.push(b'\n');
                (lines, Some("application/x-ndjson"))
            }
        };
        let mut request = match kind {
            Some(_) => format!("POST {}", self.url).into_bytes(),
            None => {
                let separator = if self.url.contains('?') { '&' } else { '?' };
                [format!("GET {}{separator}", self.url).as_bytes(), &body].concat()
            }
        };
        let mut head = format!(" HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.host);
        if let Some(kind) = kind {
            head.push_str(&format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len()));
        }
        if let Some((user, password)) = &self.credentials {
            let token = base64(format!("{user}:{password}").as_bytes());
            head.push_str(&format!("Authorization: Basic {token}\r\n"));
        }
        head.push_str("\r\n");
        request.extend_from_slice(head.as_bytes());
        if kind.is_some() {
            request.extend_from_slice(&body);
        }
        request
    }
}

struct Server {
    options: HttpOptions,
    tls: Option<TlsClient>,
}

impl Server {
    /// Sends a request and returns the status of the answer.
    fn exchange(&self, request: &[u8]) -> io::Result<u16> {
        let mut link = Link::connect_with(&self.options.host, self.tls.as_ref())?;
        link.write_all(request)?;
        link.flush()?;
        let mut line = String::new();
        BufReader::new(link.take(STATUS_LINE_MAX)).read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("answer {line:?}")))
    }
}

impl Transport for Server {
    fn send(&mut self, items: &[Vec<u8>]) -> Result<(), Undelivered> {
        let status = self.exchange(&self.options.request_of(items)).map_err(Undelivered::Later)?;
        let error = || io::Error::other(format!("the server answered {status}"));
        match status {
            200..=299 => Ok(()),
            408 | 429 | 500..=599 => Err(Undelivered::Later(error())),
            _ => Err(Undelivered::Never(error())),
        }
    }
}

/// Sends each record to a web server.
///
/// ```
/// use stratd_logging::{HttpHandler, HttpOptions};
///
/// let _ = HttpHandler::new(HttpOptions::new("127.0.0.1:8080", "/log")?)?;
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub struct HttpHandler {
    options: HttpOptions,
    worker: Worker,
}

impl HttpHandler {
    /// A handler for a web server. It connects with the first record.
    ///
    /// # Errors
    /// If a batch goes with a method that has none, if a file for TLS cannot be read, or if its thread cannot be started.
    ///
    /// ```
    /// # use stratd_logging::{HttpHandler, HttpOptions};
    /// assert!(HttpHandler::new(HttpOptions::new("localhost:80", "/")?).is_ok());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn new(options: HttpOptions) -> Result<Self> {
        if options.batch.is_some() && matches!(options.method, HttpMethod::Get | HttpMethod::PostForm) {
            return Err(Error::new(
                ErrorKind::Handler,
                "batch: a form holds one record (accepted: methods post_json and post_ndjson)",
            ));
        }
        let tls = if options.secure { Some(options.tls.client()?) } else { None };
        let delivery = Delivery { queue: options.queue, batch: options.batch.clone(), rate: options.rate };
        let worker = Worker::start("http", Server { options: options.clone(), tls }, delivery)?;
        Ok(Self { options, worker })
    }
}

impl Handler for HttpHandler {
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        self.worker.push(Some(entry.record.level), self.options.item(entry.record))
    }

    fn close(&mut self, within: Duration) -> Result<()> {
        self.worker.close(within)
    }

    fn needs_text(&self) -> bool {
        false
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
