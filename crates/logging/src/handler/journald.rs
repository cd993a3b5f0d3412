//! The handler for systemd's journal, in its native protocol: the text and every attribute and field as fields of the
//! journal. An entry that is too large for a datagram goes as a sealed file in memory.

use std::io::{self, IoSlice, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::socket::{ControlMessage, MsgFlags, UnixAddr, sendmsg};

use super::{
    Entry, Handler, Progress, QueueOptions,
    socket::PEER_TIMEOUT,
    syslog_names::{FACILITY_DEFAULT, check_facility, priority_of_level},
    worker::{Transport, Undelivered, Worker, only},
};
use crate::{error::Result, format::text_of, record::Record, value::Value};

/// The longest name of a field that the journal takes.
const NAME_MAX: usize = 64;

/// How a journal handler works.
///
/// ```
/// use stratd_logging::JournaldOptions;
///
/// assert_eq!(JournaldOptions::default().field_prefix, "F_");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournaldOptions {
    /// The socket of the journal.
    pub socket: PathBuf,
    /// `SYSLOG_IDENTIFIER`
    pub identifier: String,
    /// `SYSLOG_FACILITY`, 0 to 23.
    pub facility: u8,
    /// Put before the names of a record's own fields, so that they cannot be taken for the journal's.
    pub field_prefix: String,
    /// What waits while the journal is away.
    pub queue: QueueOptions,
}

impl Default for JournaldOptions {
    fn default() -> Self {
        Self {
            socket: PathBuf::from("/run/systemd/journal/socket"),
            identifier: "stratd".to_owned(),
            facility: FACILITY_DEFAULT,
            field_prefix: "F_".to_owned(),
            queue: QueueOptions::default(),
        }
    }
}

impl JournaldOptions {
    /// The bytes of a record's entry.
    ///
    /// ```
    /// use stratd_logging::{JournaldOptions, Level, Record};
    ///
    /// let entry = JournaldOptions::default().entry(&Record::new("a", Level::ERROR, "hello"), "hello");
    /// let entry = String::from_utf8(entry).unwrap();
    /// assert!(entry.starts_with("MESSAGE=hello\nPRIORITY=3\n"));
    /// ```
    #[must_use]
    pub fn entry(&self, record: &Record<'_>, text: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(256 + text.len());
        let mut put = |name: &str, value: &str| put_field(&mut out, name, value);
        put("MESSAGE", text);
        put("PRIORITY", &priority_of_level(record.level).to_string());
        put("SYSLOG_FACILITY", &self.facility.to_string());
        put("SYSLOG_IDENTIFIER", &self.identifier);
        put("LOGGER", &record.name);
        put("TID", &record.thread.to_string());
        put("THREAD_NAME", &record.thread_name);
        if !record.pathname.is_empty() {
            put("CODE_FILE", &record.pathname);
            put("CODE_LINE", &record.lineno.to_string());
        }
        if !record.function.is_empty() {
            put("CODE_FUNC", &record.function);
        }
        for (key, value) in record.fields.iter() {
            let name = journal_name(&self.field_prefix, key);
            match &value {
                Value::Text(text) => put(&name, text),
                other => put(&name, &text_of(other)),
            }
        }
        out
    }
}

/// A value without a newline on its line, any other after its length.
fn put_field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        out.push(b'\n');
        out.extend_from_slice(&u64::try_from(value.len()).unwrap_or(u64::MAX).to_le_bytes());
    } else {
        out.push(b'=');
    }
    out.extend_from_slice(value.as_bytes());
    out.push(b'\n');
}

/// A name that the journal takes: capital letters, digits and underscores, not beginning with either of the latter. It
/// drops a field of any other name without a word.
fn journal_name(prefix: &str, key: &str) -> String {
    let name = prefix.chars().chain(key.chars()).map(|c| match c.to_ascii_uppercase() {
        c if c.is_ascii_uppercase() || c.is_ascii_digit() => c,
        _ => '_',
    });
    let name: String = name.skip_while(|c| !c.is_ascii_uppercase()).take(NAME_MAX).collect();
    if name.is_empty() { "FIELD".to_owned() } else { name }
}

struct Journal {
    path: PathBuf,
    /// not connected, so that a journal that was restarted is found
    socket: Option<UnixDatagram>,
}

impl Journal {
    fn deliver(&mut self, item: &[u8]) -> io::Result<()> {
        let socket = match &self.socket {
            Some(socket) => socket,
            None => {
                let socket = UnixDatagram::unbound()?;
                socket.set_write_timeout(Some(PEER_TIMEOUT))?;
                self.socket.insert(socket)
            }
        };
        match socket.send_to(item, &self.path) {
            Err(error) if matches!(error.raw_os_error(), Some(libc::EMSGSIZE | libc::ENOBUFS)) => {
                deliver_large(socket, &self.path, item)
            }
            other => other.map(|_| ()),
        }
    }
}

/// Sends the descriptor of a sealed file: the journal takes no other, because it must not change while it is read.
fn deliver_large(socket: &UnixDatagram, path: &std::path::Path, item: &[u8]) -> io::Result<()> {
    let memory = memfd_create("stratd-log", MFdFlags::MFD_ALLOW_SEALING | MFdFlags::MFD_CLOEXEC)?;
    let mut file = std::fs::File::from(memory);
    file.write_all(item)?;
    let seals =
        SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SEAL;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    let address = UnixAddr::new(path)?;
    let descriptors = [file.as_raw_fd()];
    let control = [ControlMessage::ScmRights(&descriptors)];
    sendmsg(socket.as_raw_fd(), &[IoSlice::new(&[])], &control, MsgFlags::empty(), Some(&address))?;
    Ok(())
}

impl Transport for Journal {
    fn send(&mut self, items: &[Vec<u8>]) -> Result<(), Undelivered> {
        self.deliver(only(items)).map_err(Undelivered::Later)
    }
}

/// Writes each record to the journal.
///
/// ```
/// use stratd_logging::{JournaldHandler, JournaldOptions};
///
/// let _ = JournaldHandler::new(JournaldOptions::default())?;
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub struct JournaldHandler {
    options: JournaldOptions,
    worker: Worker,
}

impl JournaldHandler {
    /// A handler for the journal.
    ///
    /// # Errors
    /// If the facility is unknown or its thread cannot be started.
    ///
    /// ```
    /// # use stratd_logging::{JournaldHandler, JournaldOptions};
    /// let _ = JournaldHandler::new(JournaldOptions { identifier: "mine".into(), ..JournaldOptions::default() })?;
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn new(options: JournaldOptions) -> Result<Self> {
        check_facility(options.facility)?;
        let journal = Journal { path: options.socket.clone(), socket: None };
        let worker = Worker::start("journald", journal, options.queue)?;
        Ok(Self { options, worker })
    }
}

impl Handler for JournaldHandler {
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        self.worker.push(Some(entry.record.level), self.options.entry(entry.record, entry.text))
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

#[cfg(test)]
mod tests {
    use super::{JournaldHandler, JournaldOptions, journal_name};
    use crate::{
        handler::{Entry, Handler},
        level::Level,
        record::Record,
        value::Value,
    };
    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;

    #[test]
    fn names_that_the_journal_would_drop_are_made_ones_that_it_takes() {
        assert_eq!(journal_name("F_", "order-id"), "F_ORDER_ID");
        assert_eq!(journal_name("", "_private"), "PRIVATE");
        assert_eq!(journal_name("", "9"), "FIELD");
        assert_eq!(journal_name("F_", &"x".repeat(100)).len(), 64);
    }

    #[test]
    fn a_facility_that_syslog_does_not_have_is_refused() {
        let options = JournaldOptions { facility: 24, ..JournaldOptions::default() };
        let refusal = JournaldHandler::new(options).err().map(|error| error.to_string());
        assert_eq!(refusal.as_deref(), Some("facility 24 (accepted: 0 to 23)"));
    }

    #[test]
    fn an_entry_arrives_with_its_fields_and_a_text_of_several_lines_after_its_length() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("journal");
        let journal = UnixDatagram::bind(&socket).unwrap();
        let mut handler =
            JournaldHandler::new(JournaldOptions { socket, facility: 19, ..JournaldOptions::default() })
                .unwrap();
        let mut record = Record::new("a.b", Level::WARNING, "two\nlines");
        record.fields.add("qty", Value::from(5));
        handler.emit(&Entry::new(&record, "two\nlines")).unwrap();
        handler.close(Duration::from_secs(10)).unwrap();
        let mut buffer = [0; 4096];
        let length = journal.recv(&mut buffer).unwrap();
        let entry = &buffer[..length];
        let message = [b"MESSAGE\n".as_slice(), &9_u64.to_le_bytes(), b"two\nlines\nPRIORITY=4\n"].concat();
        assert!(entry.starts_with(&message), "{entry:?}");
        let text = String::from_utf8_lossy(entry);
        assert!(text.contains("\nSYSLOG_FACILITY=19\n"), "{text}");
        assert!(text.contains("\nLOGGER=a.b\n") && text.contains("\nF_QTY=5\n"), "{text}");
    }
}
