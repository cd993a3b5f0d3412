//! The handler that sends each text as a mail.
//!
//! The conversation with the server is ours; encryption is not. A program that wants `starttls` hands over a way to
//! connect whose links can do it ([`SmtpHandler::with_connect`]).

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::{
    Entry, Handler, Progress,
    http::base64,
    socket::PEER_TIMEOUT,
    worker::{QueueOptions, Transport, Undelivered, Worker},
};
use crate::{
    error::{Error, ErrorKind, Result},
    record::Record,
    sys::{BrokenTime, pattern},
};

/// Lines of one answer that are read at most.
const ANSWER_LINES_MAX: usize = 100;

/// How a mail handler works.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpOptions {
    /// `host:port`
    pub host: String,
    /// The sender.
    pub from: String,
    /// The receivers.
    pub to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// User and password.
    pub credentials: Option<(String, String)>,
    /// Encrypt before anything else is said.
    pub starttls: bool,
    /// What waits while the server is away.
    pub queue: QueueOptions,
}

impl std::fmt::Debug for SmtpOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // a password has no place in a log
        f.debug_struct("SmtpOptions").field("host", &self.host).field("to", &self.to).finish_non_exhaustive()
    }
}

/// A link to a mail server: lines both ways.
pub trait SmtpLink: Send {
    /// Reads a line with its end.
    ///
    /// # Errors
    /// If the server is gone.
    fn read_line(&mut self, line: &mut String) -> io::Result<()>;

    /// Writes bytes.
    ///
    /// # Errors
    /// If the server is gone.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Encrypts everything from here on.
    ///
    /// # Errors
    /// If it cannot, or the server is not who it says.
    fn start_tls(&mut self, host: &str) -> io::Result<()>;
}

struct PlainLink(BufReader<TcpStream>);

impl SmtpLink for PlainLink {
    fn read_line(&mut self, line: &mut String) -> io::Result<()> {
        self.0.read_line(line).map(|_| ())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    fn start_tls(&mut self, _: &str) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this link cannot encrypt"))
    }
}

fn connect_plain(host: &str) -> io::Result<Box<dyn SmtpLink>> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address"));
    for address in host.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PEER_TIMEOUT) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PEER_TIMEOUT))?;
                stream.set_write_timeout(Some(PEER_TIMEOUT))?;
                return Ok(Box::new(PlainLink(BufReader::new(stream))));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl SmtpOptions {
    /// Mails without credentials and encryption.
    ///
    /// ```
    /// use stratd_logging::SmtpOptions;
    ///
    /// let options = SmtpOptions::new("localhost:25", "stratd@example.org", &["ops@example.org"], "Alert");
    /// assert!(options.credentials.is_none());
    /// ```
    #[must_use]
    pub fn new(host: &str, from: &str, to: &[&str], subject: &str) -> Self {
        Self {
            host: host.to_owned(),
            from: from.to_owned(),
            to: to.iter().map(|&to| to.to_owned()).collect(),
            subject: subject.to_owned(),
            credentials: None,
            starttls: false,
            queue: QueueOptions::default(),
        }
    }

    fn check(&self) -> Result<()> {
        let addresses = std::iter::once(&self.from).chain(&self.to);
        let is_good = |text: &String| !text.is_empty() && !text.contains(['\r', '\n', '<', '>']);
        if self.to.is_empty() || !addresses.clone().all(is_good) || self.subject.contains(['\r', '\n']) {
            return Err(Error::new(
                ErrorKind::Handler,
                format!(
                    "mail from {:?} to {:?}: an address or the subject is empty or holds a newline",
                    self.from, self.to
                ),
            ));
        }
        Ok(())
    }

    /// The mail for a text, with its headers; lines end with CR LF.
    ///
    /// ```
    /// # use stratd_logging::{Level, Record, SmtpOptions};
    /// let options = SmtpOptions::new("localhost:25", "me@z", &["a@x", "b@y"], "Alert");
    /// let mail = options.mail(&Record::new("a", Level::ERROR, "hello"), "hello");
    /// assert!(mail.contains("To: a@x, b@y\r\n") && mail.ends_with("\r\n\r\nhello\r\n"));
    /// ```
    #[must_use]
    pub fn mail(&self, record: &Record<'_>, text: &str) -> String {
        let mut date = String::new();
        let time = BrokenTime::utc(record.created_ns.div_euclid(1_000_000_000));
        if let (Some(time), Some(format)) = (time, pattern("%a, %d %b %Y %H:%M:%S +0000")) {
            time.write(&format, &mut date);
        }
        let encoding = if text.is_ascii() { "7bit" } else { "8bit" };
        let mut mail = format!(
            "From: {}\r\nTo: {}\r\nSubject: {}\r\nDate: {date}\r\nContent-Type: text/plain; charset=\"utf-8\"\r\n\
             Content-Transfer-Encoding: {encoding}\r\nMIME-Version: 1.0\r\n\r\n",
            self.from,
            self.to.join(", "),
            self.subject
        );
        for line in text.lines() {
            mail.push_str(line);
            mail.push_str("\r\n");
        }
        mail
    }

    /// Hands one mail to the server at the other end of a link.
    ///
    /// # Errors
    /// If the server refuses or is gone.
    ///
    /// ```no_run
    /// # use stratd_logging::{SmtpLink, SmtpOptions};
    /// # fn example(link: &mut dyn SmtpLink) -> std::io::Result<()> {
    /// SmtpOptions::new("localhost:25", "me@z", &["a@x"], "Alert").converse(link, "Subject: x\r\n\r\nhello\r\n")
    /// # }
    /// ```
    pub fn converse(&self, link: &mut dyn SmtpLink, mail: &str) -> io::Result<()> {
        expect(link, "220")?;
        let hello = format!("EHLO {}", host_name());
        command(link, &hello, "250")?;
        if self.starttls {
            command(link, "STARTTLS", "220")?;
            link.start_tls(self.host.rsplit_once(':').map_or(&*self.host, |(host, _)| host))?;
            // what the server said before it could be somebody else's
            command(link, &hello, "250")?;
        }
        if let Some((user, password)) = &self.credentials {
            let token = base64(format!("\0{user}\0{password}").as_bytes());
            command(link, &format!("AUTH PLAIN {token}"), "235")?;
        }
        command(link, &format!("MAIL FROM:<{}>", self.from), "250")?;
        for to in &self.to {
            command(link, &format!("RCPT TO:<{to}>"), "25")?;
        }
        command(link, "DATA", "354")?;
        for line in mail.lines() {
            // a line that is a dot would end the mail
            let dot = if line.starts_with('.') { "." } else { "" };
            link.write_all(format!("{dot}{line}\r\n").as_bytes())?;
        }
        command(link, ".", "250")?;
        // the mail is delivered: what the server says to the farewell changes nothing
        let _ = command(link, "QUIT", "221");
        Ok(())
    }
}

fn host_name() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".to_owned())
}

fn command(link: &mut dyn SmtpLink, text: &str, code: &str) -> io::Result<()> {
    link.write_all(format!("{text}\r\n").as_bytes())?;
    expect(link, code)
}

/// Reads an answer, of which all lines but the last have a hyphen after the code.
fn expect(link: &mut dyn SmtpLink, code: &str) -> io::Result<()> {
    for _ in 0..ANSWER_LINES_MAX {
        let mut line = String::new();
        link.read_line(&mut line)?;
        if line.get(3..4) == Some("-") {
            continue;
        }
        if line.starts_with(code) {
            return Ok(());
        }
        // 5xx is for good, anything else may be over later
        let kind = if line.starts_with('5') { io::ErrorKind::PermissionDenied } else { io::ErrorKind::Other };
        return Err(io::Error::new(
            kind,
            format!("the mail server answered {:?} (expected {code})", line.trim_end()),
        ));
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "an answer without end"))
}

/// Makes links to a mail server.
pub type SmtpConnect = Box<dyn Fn(&str) -> io::Result<Box<dyn SmtpLink>> + Send>;

struct MailServer {
    options: SmtpOptions,
    connect: SmtpConnect,
}

impl Transport for MailServer {
    fn send(&mut self, item: &[u8]) -> Result<(), Undelivered> {
        let mut link = (self.connect)(&self.options.host).map_err(Undelivered::Later)?;
        self.options.converse(&mut *link, &String::from_utf8_lossy(item)).map_err(|error| {
            match error.kind() {
                io::ErrorKind::PermissionDenied => Undelivered::Never(error),
                _ => Undelivered::Later(error),
            }
        })
    }
}

/// Sends each text as a mail.
///
/// ```
/// use stratd_logging::{SmtpHandler, SmtpOptions};
///
/// let _ = SmtpHandler::new(SmtpOptions::new("localhost:25", "me@z", &["a@x"], "Alert"))?;
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub struct SmtpHandler {
    options: SmtpOptions,
    worker: Worker,
}

impl SmtpHandler {
    /// A handler for mails over plain links. It connects with the first record.
    ///
    /// # Errors
    /// If an address is bad, if `starttls` is asked for, which plain links cannot do, or if its thread cannot be started.
    ///
    /// ```
    /// # use stratd_logging::{SmtpHandler, SmtpOptions};
    /// let options = SmtpOptions::new("localhost:25", "me@z", &["a@x"], "Alert");
    /// assert!(SmtpHandler::new(SmtpOptions { starttls: true, ..options }).is_err());
    /// ```
    pub fn new(options: SmtpOptions) -> Result<Self> {
        if options.starttls {
            return Err(Error::new(
                ErrorKind::Handler,
                "starttls: this program brings no encryption for mails (accepted: starttls = false)",
            ));
        }
        Self::with_connect(options, Box::new(connect_plain))
    }

    /// As [`SmtpHandler::new`], with links of the program's own.
    ///
    /// # Errors
    /// If an address is bad, or its thread cannot be started.
    ///
    /// ```
    /// # use stratd_logging::{SmtpHandler, SmtpOptions};
    /// let options = SmtpOptions::new("localhost:25", "me@z", &["a@x"], "Alert");
    /// let connect = |_: &str| Err(std::io::Error::other("no encryption here either"));
    /// let _ = SmtpHandler::with_connect(SmtpOptions { starttls: true, ..options }, Box::new(connect))?;
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn with_connect(options: SmtpOptions, connect: SmtpConnect) -> Result<Self> {
        options.check()?;
        let worker = Worker::start("smtp", MailServer { options: options.clone(), connect }, options.queue)?;
        Ok(Self { options, worker })
    }
}

impl Handler for SmtpHandler {
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        self.worker.push(self.options.mail(entry.record, entry.text).into_bytes())
    }

    fn close(&mut self, within: Duration) -> Result<()> {
        self.worker.close(within)
    }

    fn take_progress(&mut self) -> Progress {
        self.worker.take_progress()
    }
}
