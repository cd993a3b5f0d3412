//! The handler that sends each text as a mail.
//!
//! Each mail is a connection of its own, as in Python; a batch makes one mail of many records, and a rate limit keeps a
//! failure from filling mailboxes. The conversation (`smtp_talk.rs`) is written by hand: its order, its headers and its
//! body are what Python's handler makes, which tests compare, and a library would choose its own.
//!
//! Unlike Python, `secure` encrypts without credentials too: there it is ignored then, and mails go out in clear.

use std::io;
use std::time::Duration;

use super::{
    BatchOptions, Entry, Handler, Progress, QueueOptions, RateLimit, SmtpConnect, TlsOptions,
    delivery::Delivery,
    smtp_talk,
    worker::{Transport, Undelivered, Worker},
};
use crate::{
    error::{Error, ErrorKind, Result},
    record::Record,
    sys::{BrokenTime, pattern},
};

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
    /// Encrypt before anything else is said, with `STARTTLS`.
    pub secure: bool,
    /// Whom to trust, if `secure`.
    pub tls: TlsOptions,
    /// How many records make one mail; None for one. Its date is that of the last.
    pub batch: Option<BatchOptions>,
    /// How many mails may be sent.
    pub rate: Option<RateLimit>,
    /// What waits while the server is away.
    pub queue: QueueOptions,
}

impl std::fmt::Debug for SmtpOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // a password has no place in a log
        f.debug_struct("SmtpOptions").field("host", &self.host).field("to", &self.to).finish_non_exhaustive()
    }
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
            secure: false,
            tls: TlsOptions::default(),
            batch: None,
            rate: None,
            queue: QueueOptions::default(),
        }
    }

    /// Checks everything that does not need the server.
    pub(crate) fn check(&self) -> Result<()> {
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
        self.mail_at(record.created_ns, text)
    }

    fn mail_at(&self, created_ns: i64, text: &str) -> String {
        let mut date = String::new();
        let time = BrokenTime::utc(created_ns.div_euclid(1_000_000_000));
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
}

struct MailServer {
    options: SmtpOptions,
    connect: SmtpConnect,
}

impl MailServer {
    /// The mail for items, each of which is a time and a text.
    fn mail(&self, items: &[Vec<u8>]) -> String {
        let mut last_ns = 0;
        let mut texts = Vec::new();
        for (created_ns, text) in items.iter().filter_map(|item| item.split_first_chunk()) {
            last_ns = i64::from_le_bytes(*created_ns);
            texts.push(String::from_utf8_lossy(text));
        }
        let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
        match &self.options.batch {
            None => self.options.mail_at(last_ns, &texts.concat()),
            Some(batch) => self.options.mail_at(last_ns, &batch.join(&texts)),
        }
    }
}

impl Transport for MailServer {
    fn send(&mut self, items: &[Vec<u8>]) -> Result<(), Undelivered> {
        let mut link = (self.connect)(&self.options.host).map_err(Undelivered::Later)?;
        self.options.converse(&mut *link, &self.mail(items)).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => Undelivered::Never(error),
            _ => Undelivered::Later(error),
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
    worker: Worker,
}

impl SmtpHandler {
    /// A handler for mails. It connects with the first record.
    ///
    /// # Errors
    /// If an address is bad, if a file for TLS cannot be read, or if its thread cannot be started.
    ///
    /// ```
    /// # use stratd_logging::{SmtpHandler, SmtpOptions};
    /// let options = SmtpOptions::new("localhost:25", "me@z", &["a@x\r\nRCPT TO:<b@x>"], "Alert");
    /// assert!(SmtpHandler::new(options).is_err());
    /// ```
    pub fn new(options: SmtpOptions) -> Result<Self> {
        let tls = if options.secure { Some(options.tls.client()?) } else { None };
        Self::with_connect(options, Box::new(move |host| smtp_talk::connect(host, tls.as_ref())))
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
    /// let _ = SmtpHandler::with_connect(SmtpOptions { secure: true, ..options }, Box::new(connect))?;
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn with_connect(options: SmtpOptions, connect: SmtpConnect) -> Result<Self> {
        options.check()?;
        let delivery = Delivery { queue: options.queue, batch: options.batch.clone(), rate: options.rate };
        let worker = Worker::start("smtp", MailServer { options, connect }, delivery)?;
        Ok(Self { worker })
    }
}

impl Handler for SmtpHandler {
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        let mut item = entry.record.created_ns.to_le_bytes().to_vec();
        item.extend_from_slice(entry.text.as_bytes());
        self.worker.push(Some(entry.record.level), item)
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
