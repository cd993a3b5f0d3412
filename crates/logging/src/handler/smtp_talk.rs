//! What is said to a mail server, line by line.
//!
//! Encryption is never given up: a server that refuses `STARTTLS` gets no mail, and neither does one that said something
//! between its answer and the first encrypted byte, which could be somebody else's.

use std::io::{self, BufRead, BufReader, Read, Write};

use super::{
    SmtpOptions,
    http_body::base64,
    link::{Link, host_of},
    tls::TlsClient,
};

/// Lines of one answer that are read at most.
const ANSWER_LINES_MAX: usize = 100;
/// The longest line of an answer that is read.
const ANSWER_LINE_BYTES_MAX: u64 = 4096;

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

/// Makes links to a mail server.
pub type SmtpConnect = Box<dyn Fn(&str) -> io::Result<Box<dyn SmtpLink>> + Send>;

/// A link to a server of the network.
struct ServerLink {
    /// None while it is being encrypted, and after that failed
    link: Option<BufReader<Link>>,
    tls: Option<TlsClient>,
}

/// Connects to `host:port`.
pub(super) fn connect(host: &str, tls: Option<&TlsClient>) -> io::Result<Box<dyn SmtpLink>> {
    let link = Link::Tcp(Link::connect(host)?);
    Ok(Box::new(ServerLink { link: Some(BufReader::new(link)), tls: tls.cloned() }))
}

impl ServerLink {
    fn link(&mut self) -> io::Result<&mut BufReader<Link>> {
        self.link.as_mut().ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))
    }
}

impl SmtpLink for ServerLink {
    fn read_line(&mut self, line: &mut String) -> io::Result<()> {
        match self.link()?.take(ANSWER_LINE_BYTES_MAX).read_line(line)? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the mail server closed the connection")),
            _ => Ok(()),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let link = self.link()?.get_mut();
        link.write_all(bytes)?;
        link.flush()
    }

    fn start_tls(&mut self, host: &str) -> io::Result<()> {
        let (Some(tls), Some(link)) = (&self.tls, self.link.take()) else {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "this link cannot encrypt"));
        };
        if !link.buffer().is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the server spoke before encryption began",
            ));
        }
        let Link::Tcp(stream) = link.into_inner() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the link is encrypted already"));
        };
        let stream = tls.start(stream, host)?;
        self.link = Some(BufReader::new(Link::Tls(Box::new(stream))));
        Ok(())
    }
}

impl SmtpOptions {
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
        let mut offers = greet(link)?;
        if self.secure {
            command(link, "STARTTLS", "220")?;
            link.start_tls(host_of(&self.host))?;
            // what the server said before it could be somebody else's
            offers = greet(link)?;
        }
        if let Some((user, password)) = &self.credentials {
            log_in(link, &offers, user, password)?;
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

/// Greets, and returns what the server offers; an old one does not know the new greeting.
fn greet(link: &mut dyn SmtpLink) -> io::Result<Vec<String>> {
    let name = host_name();
    link.write_all(format!("EHLO {name}\r\n").as_bytes())?;
    match expect(link, "250") {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            command(link, &format!("HELO {name}"), "250").map(|()| Vec::new())
        }
        offers => offers,
    }
}

/// Says who we are: with PLAIN, or with LOGIN to a server that offers nothing else we know. There is no CRAM-MD5: it needs
/// the password in clear on the server, and protects nothing that TLS does not.
fn log_in(link: &mut dyn SmtpLink, offers: &[String], user: &str, password: &str) -> io::Result<()> {
    let offers_auth = |name: &str| {
        let mut lines = offers.iter().filter_map(|line| line.strip_prefix("AUTH"));
        lines.any(|names| names.split([' ', '=']).any(|offered| offered.eq_ignore_ascii_case(name)))
    };
    if offers_auth("LOGIN") && !offers_auth("PLAIN") {
        command(link, &format!("AUTH LOGIN {}", base64(user.as_bytes())), "334")?;
        return command(link, &base64(password.as_bytes()), "235");
    }
    let token = base64(format!("\0{user}\0{password}").as_bytes());
    command(link, &format!("AUTH PLAIN {token}"), "235")
}

fn host_name() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".to_owned())
}

fn command(link: &mut dyn SmtpLink, text: &str, code: &str) -> io::Result<()> {
    link.write_all(format!("{text}\r\n").as_bytes())?;
    expect(link, code).map(|_| ())
}

/// Reads an answer, of which all lines but the last have a hyphen after the code; returns its lines without code.
fn expect(link: &mut dyn SmtpLink, code: &str) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    for _ in 0..ANSWER_LINES_MAX {
        let mut line = String::new();
        link.read_line(&mut line)?;
        lines.push(line.get(4..).unwrap_or_default().trim_end().to_owned());
        if line.get(3..4) == Some("-") {
            continue;
        }
        if line.starts_with(code) {
            return Ok(lines);
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
