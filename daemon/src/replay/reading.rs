//! The files of a recording, read from the first row to the last in blocks.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::recorder::{
    Form, ORDER_EVENT_WORDS, OUTPUT_BYTES, OutputRow, PART_BYTES, PAYLOAD_BYTES_MAX, ROW_BYTES, Row,
    TeaReader, bytes_form, inputs_form, kind, outputs_form, reports_form,
};

/// Rows that are read in one go.
const BLOCK: usize = 4_096;
/// Bytes of a part: the row that it belongs to, its number, its length, and the bytes.
const PART: usize = PART_BYTES + 16;
/// Bytes of an order event with the row that it belongs to.
const REPORT: usize = ORDER_EVENT_WORDS * 8 + 8;

/// One file.
struct Rows {
    reader: TeaReader,
    name: String,
    size: usize,
    block: Vec<u8>,
    at: usize,
    end: usize,
    /// Rows that were taken.
    taken: u64,
}

impl Rows {
    fn open(folder: &Path, form: &Form) -> Result<Self> {
        let name = format!("{}.tea", form.name);
        let reader = TeaReader::open(&folder.join(&name), form)?;
        Ok(Self { reader, name, size: form.size, block: vec![0; BLOCK * form.size], at: 0, end: 0, taken: 0 })
    }

    /// The rows at hand, whole ones only; nothing at the end.
    fn at_hand(&mut self) -> Result<&[u8]> {
        if self.at == self.end {
            self.at = 0;
            let filled =
                self.reader.read(&mut self.block).with_context(|| format!("reading {}", self.name))?;
            // what was being written when the daemon was killed
            self.end = filled - filled % self.size;
        }
        Ok(self.block.get(self.at..self.end).unwrap_or_default())
    }

    fn take(&mut self, rows: usize) {
        self.at += rows * self.size;
        self.taken += rows as u64;
    }
}

/// A file of bytes that belong to rows of another one.
pub(super) struct Parts(Rows);

impl Parts {
    pub(super) fn open(folder: &Path, form: &Form) -> Result<Self> {
        Ok(Self(Rows::open(folder, form)?))
    }

    /// The bytes of the next row that has some; nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Vec<u8>)>> {
        let mut all = Vec::new();
        let mut of = None;
        loop {
            let Some(part) = self.0.at_hand()?.first_chunk::<PART>() else { break };
            let word = |at: usize| {
                part.get(at..).and_then(<[u8]>::first_chunk::<8>).map_or(0, |b| u64::from_le_bytes(*b))
            };
            let (row, what) = (word(0), word(8));
            let (number, length) = (what & 0xffff_ffff, usize::try_from(what >> 32)?);
            let is_first = number == 0;
            if is_first != of.is_none() {
                break;
            }
            let Some(bytes) = part.get(16..16 + length) else {
                bail!("{}: a part of {length} bytes (accepted: at most {PART_BYTES})", self.0.name);
            };
            of = Some(row);
            all.extend_from_slice(bytes);
            self.0.take(1);
            if length < PART_BYTES {
                break;
            }
        }
        Ok(of.map(|row| (row, all)))
    }

    /// The bytes of this row.
    fn of(&mut self, row: u64, length: u64) -> Result<Vec<u8>> {
        let (mut bytes, name) = (Vec::new(), self.0.name.clone());
        if length > PAYLOAD_BYTES_MAX {
            bail!("{name}: {length} bytes of row {row} (accepted: at most {PAYLOAD_BYTES_MAX})");
        }
        let length = usize::try_from(length)?;
        while bytes.len() < length {
            let Some(part) = self.0.at_hand()?.first_chunk::<PART>() else {
                bail!("{name} ends before the bytes of row {row}");
            };
            let word = |at: usize| {
                part.get(at..).and_then(<[u8]>::first_chunk::<8>).map_or(0, |b| u64::from_le_bytes(*b))
            };
            let count = usize::try_from(word(8) >> 32)?;
            let of = word(0);
            match part.get(16..16 + count) {
                Some(more) if of == row && count > 0 => bytes.extend_from_slice(more),
                Some(_) | None => bail!("{name} has bytes of row {of} in the place of those of row {row}"),
            }
            self.0.take(1);
        }
        bytes.truncate(length);
        Ok(bytes)
    }
}

/// What came in.
pub(super) struct Inputs {
    rows: Rows,
    reports: Rows,
    bytes: Parts,
}

impl Inputs {
    pub(super) fn open(folder: &Path) -> Result<Self> {
        Ok(Self {
            rows: Rows::open(folder, &inputs_form())?,
            reports: Rows::open(folder, &reports_form())?,
            bytes: Parts::open(folder, &bytes_form("bytes"))?,
        })
    }

    /// The rows at hand; nothing at the end.
    pub(super) fn at_hand(&mut self) -> Result<impl Iterator<Item = Row>> {
        let (rows, _) = self.rows.at_hand()?.as_chunks::<ROW_BYTES>();
        Ok(rows.iter().map(Row::from_bytes))
    }

    /// Takes so many market events.
    pub(super) fn take_market(&mut self, count: usize) {
        self.rows.take(count);
    }

    /// Takes one row with the bytes that belong to it.
    pub(super) fn take(&mut self, row: &Row) -> Result<Vec<u8>> {
        let index = self.rows.taken;
        self.rows.take(1);
        if row.kind() != kind::ORDER {
            return if row.payload() == 0 { Ok(Vec::new()) } else { self.bytes.of(index, row.payload()) };
        }
        let Some(report) = self.reports.at_hand()?.first_chunk::<REPORT>() else {
            bail!("{} ends before the report of row {index}", self.reports.name);
        };
        let (of, words) = report.split_at(8);
        if *of != index.to_le_bytes() {
            bail!("{} has another report in the place of that of row {index}", self.reports.name);
        }
        let words = words.to_vec();
        self.reports.take(1);
        Ok(words)
    }
}

/// What came out.
pub(super) struct Outputs {
    rows: Rows,
    said: Parts,
    next: Option<(OutputRow, Vec<u8>)>,
    /// How many were taken.
    pub(super) count: u64,
}

impl Outputs {
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let mut outputs = Self {
            rows: Rows::open(folder, &outputs_form())?,
            said: Parts::open(folder, &bytes_form("said"))?,
            next: None,
            count: 0,
        };
        outputs.next = outputs.read()?;
        Ok(outputs)
    }

    /// The next one, which stays.
    pub(super) fn peek(&self) -> Option<&(OutputRow, Vec<u8>)> {
        self.next.as_ref()
    }

    /// Takes it.
    pub(super) fn take(&mut self) -> Result<()> {
        self.count += 1;
        self.next = self.read()?;
        Ok(())
    }

    fn read(&mut self) -> Result<Option<(OutputRow, Vec<u8>)>> {
        let index = self.rows.taken;
        let Some(bytes) = self.rows.at_hand()?.first_chunk::<OUTPUT_BYTES>() else { return Ok(None) };
        let row = OutputRow::from_bytes(bytes);
        self.rows.take(1);
        let said = if row.said() == 0 { Vec::new() } else { self.said.of(index, row.said())? };
        Ok(Some((row, said)))
    }
}
