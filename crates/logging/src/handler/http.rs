//! The handler that sends each record to a web server: as a form, as Python's `HTTPHandler` does, or as a JSON object.
//!
//! Requests are plain HTTP/1.1, one connection each; a server behind TLS needs a proxy on this host. An answer of 2xx or
//! 3xx is a delivery; after 5xx the record is sent again later, after 4xx never.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::{
    Entry, Handler, Progress,
    socket::PEER_TIMEOUT,
    worker::{QueueOptions, Transport, Undelivered, Worker},
};
use crate::{
    error::{Error, ErrorKind, Result},
    format::{structured::write_json_value, text_of},
    record::Record,
    value::Value,
    wire::attributes,
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
    /// In the body, as a JSON object.
    PostJson,
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
        if !has_port || !url.starts_with('/') || !url.chars().all(|c| c.is_ascii_graphic()) {
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
            queue: QueueOptions::default(),
        })
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
        let body = match self.method {
            HttpMethod::Get | HttpMethod::PostForm => form(record),
            HttpMethod::PostJson => json(record),
        };
        let (method, path, kind) = match self.method {
            HttpMethod::Get => {
                let separator = if self.url.contains('?') { '&' } else { '?' };
                ("GET", format!("{}{separator}{body}", self.url), None)
            }
            HttpMethod::PostForm => ("POST", self.url.clone(), Some("application/x-www-form-urlencoded")),
            HttpMethod::PostJson => ("POST", self.url.clone(), Some("application/json")),
        };
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.host);
        if let Some(kind) = kind {
            request.push_str(&format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len()));
        }
        if let Some((user, password)) = &self.credentials {
            request.push_str(&format!(
                "Authorization: Basic {}\r\n",
                base64(format!("{user}:{password}").as_bytes())
            ));
        }
        request.push_str("\r\n");
        if kind.is_some() {
            request.push_str(&body);
        }
        request.into_bytes()
    }
}

fn form(record: &Record<'_>) -> String {
    let mut out = String::new();
    attributes::visit(record, &mut |key, value| {
        out.push_str(if out.is_empty() { "" } else { "&" });
        push_quoted(&mut out, key);
        out.push('=');
        // Python's record has its arguments there, of which a finished text has none
        push_quoted(&mut out, if key == "args" { "()".into() } else { text_of(value) }.as_str());
    });
    out
}

fn json(record: &Record<'_>) -> String {
    let mut out = String::from("{");
    attributes::visit(record, &mut |key, value| {
        out.push_str(if out.len() > 1 { "," } else { "" });
        write_json_value(&mut out, &Value::from(key));
        out.push(':');
        write_json_value(&mut out, value);
    });
    out.push('}');
    out
}

/// As Python's `quote_plus`.
fn push_quoted(out: &mut String, text: &str) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                out.push(DIGITS[usize::from(byte >> 4)]);
                out.push(DIGITS[usize::from(byte & 15)]);
            }
        }
    }
}

/// Base 64 with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (index, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = DIGITS[(bits >> shift & 63) as usize];
            out.push(if index <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

struct Server {
    host: String,
}

impl Server {
    /// Sends a request and returns the status of the answer.
    fn exchange(&self, request: &[u8]) -> io::Result<u16> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, format!("{} has no address", self.host));
        for address in self.host.to_socket_addrs()? {
            let mut stream = match TcpStream::connect_timeout(&address, PEER_TIMEOUT) {
                Ok(stream) => stream,
                Err(error) => {
                    last = error;
                    continue;
                }
            };
            stream.set_write_timeout(Some(PEER_TIMEOUT))?;
            stream.set_read_timeout(Some(PEER_TIMEOUT))?;
            stream.write_all(request)?;
            let mut line = String::new();
            BufReader::new(stream.take(STATUS_LINE_MAX)).read_line(&mut line)?;
            let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
            return status
                .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("answer {line:?}")));
        }
        Err(last)
    }
}

impl Transport for Server {
    fn send(&mut self, item: &[u8]) -> Result<(), Undelivered> {
        match self.exchange(item).map_err(Undelivered::Later)? {
            200..=399 => Ok(()),
            status @ 400..=499 => {
                Err(Undelivered::Never(io::Error::other(format!("the server answered {status}"))))
            }
            status => Err(Undelivered::Later(io::Error::other(format!("the server answered {status}")))),
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
    /// If its thread cannot be started.
    ///
    /// ```
    /// # use stratd_logging::{HttpHandler, HttpOptions};
    /// assert!(HttpHandler::new(HttpOptions::new("localhost:80", "/")?).is_ok());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn new(options: HttpOptions) -> Result<Self> {
        let worker = Worker::start("http", Server { host: options.host.clone() }, options.queue)?;
        Ok(Self { options, worker })
    }
}

impl Handler for HttpHandler {
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        self.worker.push(self.options.request(entry.record))
    }

    fn close(&mut self, within: Duration) -> Result<()> {
        self.worker.close(within)
    }

    fn needs_text(&self) -> bool {
        false
    }

    fn take_progress(&mut self) -> Progress {
        self.worker.take_progress()
    }
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base_64_is_that_of_the_standard_s_examples() {
        let cases = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (text, expected) in cases {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }
}
