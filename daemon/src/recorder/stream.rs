//! The files of one run: what came in, what came out, and what a replay needs besides.
//!
//! A batch is written in such an order that every input in `inputs.tea` has its companions and every output before it,
//! wherever the process is killed: texts, reports, bytes and outputs come first, inputs last.
#![expect(
    clippy::cast_possible_truncation,
    reason = "no input has 2^32 parts, and a part has at most 64 bytes"
)]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Result;
use stratd_plugin_api::TextTable;

use super::{
    forms,
    output_row::OUTPUT_BYTES,
    row::{ROW_BYTES, Row, kind},
    tea::TeaWriter,
};
use crate::runtime::Services;

/// Bytes of a row of a file of bytes.
pub(crate) const PART_BYTES: usize = 64;

/// A file, and what is to be written to it next.
struct Lane {
    path: PathBuf,
    form: forms::Form,
    /// Nothing after an error, until the disk has space again.
    file: Option<TeaWriter>,
    waiting: Vec<u8>,
    /// Rows so far, those that wait included.
    rows: u64,
}

impl Lane {
    fn create(folder: &Path, form: forms::Form) -> Result<Self> {
        let path = folder.join(format!("{}.tea", form.name));
        let file = Some(TeaWriter::create(&path, &form)?);
        Ok(Self { path, form, file, waiting: Vec::new(), rows: 0 })
    }

    fn put(&mut self, row: &[u8]) {
        self.waiting.extend_from_slice(row);
        self.rows += 1;
    }

    /// Adds bytes that belong to a row of another file.
    fn put_parts(&mut self, of: u64, bytes: &[u8]) {
        for (number, part) in bytes.chunks(PART_BYTES).enumerate() {
            let mut row = [0; PART_BYTES + 16];
            row[..8].copy_from_slice(&of.to_le_bytes());
            row[8..12].copy_from_slice(&(number as u32).to_le_bytes());
            row[12..16].copy_from_slice(&(part.len() as u32).to_le_bytes());
            row[16..16 + part.len()].copy_from_slice(part);
            self.put(&row);
        }
    }

    fn write(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(again(&self.path, &self.form, self.rows, &mut self.waiting)?),
        };
        if let Err(error) = file.write(&self.waiting) {
            // how many rows it took is seen when it is opened again
            self.file = None;
            return Err(error);
        }
        self.waiting.clear();
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        let synced = self.file.as_mut().map_or(Ok(()), TeaWriter::sync);
        if synced.is_err() {
            self.file = None;
        }
        synced
    }
}

/// Opens a file again after an error; what it has taken waits no more.
fn again(path: &Path, form: &forms::Form, rows: u64, waiting: &mut Vec<u8>) -> Result<TeaWriter> {
    let (file, kept) = TeaWriter::append(path, form)?;
    let before = rows.saturating_sub((waiting.len() / form.size) as u64);
    let taken = usize::try_from(kept.saturating_sub(before)).unwrap_or(usize::MAX);
    waiting.drain(..taken.saturating_mul(form.size).min(waiting.len()));
    Ok(file)
}

/// The files of a run.
pub(super) struct Stream {
    texts: Lane,
    reports: Lane,
    bytes: Lane,
    said: Lane,
    outputs: Lane,
    inputs: Lane,
    services: Arc<Services>,
    /// How many texts are written.
    known: u64,
    /// How many payloads are written.
    payloads: u64,
}

impl Stream {
    pub(super) fn create(folder: &Path, services: &Arc<Services>) -> Result<Self> {
        let lane = |form: forms::Form| Lane::create(folder, form);
        Ok(Self {
            texts: lane(forms::texts())?,
            reports: lane(forms::reports())?,
            bytes: lane(forms::bytes("bytes"))?,
            said: lane(forms::bytes("said"))?,
            outputs: lane(forms::outputs())?,
            inputs: lane(forms::inputs())?,
            services: Arc::clone(services),
            known: 0,
            payloads: 0,
        })
    }

    /// Takes a row with the bytes that belong to it.
    pub(super) fn take(&mut self, row: &Row, payload: &[u8]) {
        match row.kind() {
            kind::OUTPUT => {
                let (output, said) = payload.split_at(payload.len().min(OUTPUT_BYTES));
                self.said.put_parts(self.outputs.rows, said);
                self.outputs.put(output);
                return;
            }
            kind::ORDER => {
                self.reports.waiting.extend_from_slice(&self.inputs.rows.to_le_bytes());
                self.reports.put(payload);
            }
            _ => self.bytes.put_parts(self.inputs.rows, payload),
        }
        self.inputs.put(&row.to_bytes());
    }

    /// How many bytes wait.
    pub(super) fn waiting(&self) -> usize {
        self.inputs.waiting.len() + self.outputs.waiting.len()
    }

    /// Hands everything to the system.
    pub(super) fn write(&mut self) -> Result<()> {
        self.put_texts();
        for lane in self.lanes() {
            lane.write()?;
        }
        Ok(())
    }

    /// As [`Self::write`]; after it, a failure of power harms nothing of it.
    pub(super) fn sync(&mut self) -> Result<()> {
        self.write()?;
        for lane in self.lanes() {
            lane.sync()?;
        }
        Ok(())
    }

    /// How many inputs there are.
    pub(super) fn inputs(&self) -> u64 {
        self.inputs.rows
    }

    /// Texts are made before the events that speak of them, so that those of a batch are known by now.
    fn put_texts(&mut self) {
        let count = self.services.texts().count() as u64;
        while self.known < count {
            self.known += 1;
            let text = self.services.text_of(self.known);
            self.texts.put_parts(self.known, text.as_bytes());
        }
        let texts = self.services.texts();
        let mut lost = 0u64;
        for place in self.payloads..texts.payload_count() {
            let handle = TextTable::payload_at(place);
            match texts.get(handle) {
                Some(text) => self.texts.put_parts(handle, text.as_bytes()),
                None => lost += 1,
            }
            self.payloads = place + 1;
        }
        if lost > 0 {
            tracing::warn!(
                logger = "recorder",
                "{lost} payloads of data events came faster than they were written, and are not recorded: a replay has them empty"
            );
        }
    }

    /// In the order in which they must be written.
    fn lanes(&mut self) -> [&mut Lane; 6] {
        [
            &mut self.texts,
            &mut self.reports,
            &mut self.bytes,
            &mut self.said,
            &mut self.outputs,
            &mut self.inputs,
        ]
    }
}

const _: () = assert!(ROW_BYTES == 72);
