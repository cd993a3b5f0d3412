//! Counts lines and bounds rows, below the CSV parser.

use std::io::{self, BufRead, BufReader, Read};

/// Bytes read ahead per file.
const BUFFER_BYTES: usize = 64 * 1024;

/// Hands the parser at most one line per call.
///
/// The parser asks again only after it used up what it has, and ends rows at line ends only. So when it returns a row,
/// the lines that were handed out since [`LineReader::begin_row`] are that row's, after empty ones that it passed over
/// (its own position lies before those). And no row longer than the limit is ever held in memory.
pub(super) struct LineReader<R> {
    inner: BufReader<R>,
    line: u64,
    is_line_start: bool,
    /// The first line of the row; 0 until a line came that is not blank.
    row_line: u64,
    row_bytes: usize,
    row_bytes_max: usize,
    is_row_too_long: bool,
}

impl<R: Read> LineReader<R> {
    pub(super) fn new(inner: R, row_bytes_max: usize) -> Self {
        Self {
            inner: BufReader::with_capacity(BUFFER_BYTES, inner),
            line: 0,
            is_line_start: true,
            row_line: 0,
            row_bytes: 0,
            row_bytes_max,
            is_row_too_long: false,
        }
    }

    /// The bytes from here on belong to the next row.
    pub(super) fn begin_row(&mut self) {
        self.row_bytes = 0;
        self.row_line = 0;
    }

    /// The line on which the row begins, from 1; 0 before the first line that is not blank.
    pub(super) fn row_line(&self) -> u64 {
        self.row_line
    }

    /// The line on which the row ends.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Whether reading failed because a row is longer than the limit.
    pub(super) fn is_row_too_long(&self) -> bool {
        self.is_row_too_long
    }
}

impl<R: Read> Read for LineReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let available = self.inner.fill_buf()?;
        let window = &available[..available.len().min(out.len())];
        if window.is_empty() {
            return Ok(0);
        }
        let line_end = window.iter().position(|&byte| byte == b'\n');
        let count = line_end.map_or(window.len(), |at| at + 1);
        self.line += u64::from(self.is_line_start);
        self.is_line_start = line_end.is_some();
        if self.row_line == 0 && window[..count] != *b"\n" {
            self.row_line = self.line;
        }
        if count > self.row_bytes_max - self.row_bytes {
            self.is_row_too_long = true;
            return Err(io::Error::other("the row is longer than the limit"));
        }
        out[..count].copy_from_slice(&window[..count]);
        self.inner.consume(count);
        self.row_bytes += count;
        Ok(count)
    }
}
