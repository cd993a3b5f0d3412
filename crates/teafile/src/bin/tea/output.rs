//! Where answers go.

use std::io::{self, BufWriter, StdoutLock, Write};

/// Standard output, and how it is wanted.
pub(crate) struct Output {
    writer: BufWriter<StdoutLock<'static>>,
    pub(crate) json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { writer: BufWriter::with_capacity(64 << 10, io::stdout().lock()), json }
    }

    /// One answer, for people to read as well.
    pub(crate) fn object(&mut self, value: &serde_json::Value) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut self.writer, value)?;
        writeln!(self.writer)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
