//! What nothing on this machine can be faster than on the way of an order: bytes that reach the disk, a transaction of SQLite,
//! and a message over a WebSocket and back.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, params};
use tokio_tungstenite::tungstenite::{self, Message, stream::MaybeTlsStream};

use crate::figures::Sample;
use crate::live::now;

/// Of each.
const COUNT: u64 = 1_000;
/// About as long as an order's row, or its message.
const BYTES: usize = 400;

/// Times in microseconds.
pub(super) struct Limits {
    pub(super) fdatasync: Sample,
    pub(super) sqlite: Sample,
    pub(super) echo: Sample,
}

impl Limits {
    /// Measures in that folder, on whose disk `state.db` is.
    pub(super) fn measure(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        Ok(Self { fdatasync: fdatasync(folder)?, sqlite: sqlite(folder)?, echo: echo()? })
    }
}

fn microseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e6
}

/// Appends a row's bytes and waits for the disk.
fn fdatasync(folder: &Path) -> Result<Sample> {
    let path = folder.join("bare.bin");
    let mut file = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
    let mut sample = Sample::default();
    for _ in 0..COUNT {
        let began = now();
        file.write_all(&[1; BYTES])?;
        file.sync_data()?;
        sample.add(microseconds(began));
    }
    fs::remove_file(&path)?;
    Ok(sample)
}

/// One row in one transaction, with the settings of `state.db`.
fn sqlite(folder: &Path) -> Result<Sample> {
    let path = folder.join("bare.db");
    let mut database = Connection::open(&path).with_context(|| format!("creating {}", path.display()))?;
    database.pragma_update(None, "journal_mode", "wal")?;
    database.pragma_update(None, "synchronous", "full")?;
    database.execute_batch("CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")?;
    let text = "x".repeat(BYTES);
    let mut sample = Sample::default();
    for id in 0..COUNT {
        let began = now();
        let transaction = database.transaction()?;
        transaction.prepare_cached("INSERT INTO row VALUES (?1, ?2)")?.execute(params![id, text])?;
        transaction.commit()?;
        sample.add(microseconds(began));
    }
    drop(database);
    for name in ["bare.db", "bare.db-wal", "bare.db-shm"] {
        // those beside it may be gone with the last connection
        let _ = fs::remove_file(folder.join(name));
    }
    Ok(sample)
}

/// A text over loopback and back, each end with a thread of its own that waits.
fn echo() -> Result<Sample> {
    let listener = TcpListener::bind("127.0.0.1:0").context("listening")?;
    let address = listener.local_addr()?;
    let server = thread::spawn(move || -> Result<()> {
        let (stream, _) = listener.accept().context("accepting")?;
        stream.set_nodelay(true)?;
        let mut socket = tungstenite::accept(stream).context("a handshake")?;
        for _ in 0..COUNT {
            let message = socket.read()?;
            socket.send(message)?;
        }
        Ok(())
    });
    let (mut socket, _) = tungstenite::connect(format!("ws://{address}/")).context("connecting")?;
    match socket.get_mut() {
        MaybeTlsStream::Plain(stream) => TcpStream::set_nodelay(stream, true)?,
        _ => bail!("the connection is no plain one"),
    }
    let text = "x".repeat(BYTES);
    let mut sample = Sample::default();
    for _ in 0..COUNT {
        let began = now();
        socket.send(Message::text(text.as_str()))?;
        socket.read()?;
        sample.add(microseconds(began));
    }
    match server.join() {
        Ok(ended) => ended?,
        Err(_) => bail!("the other end of the echo panicked"),
    }
    Ok(sample)
}
