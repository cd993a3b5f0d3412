//! A file of rows, `orders.csv` or `fills.csv`: a busy run has little else to do.
//!
//! The run notes the values of a row, which takes it a fraction of what their text does. The text of a full block is made
//! and written by the thread of the file; that of the rows of a run that fills none, at its end, by the run itself.

use std::{io, path::Path, sync::Arc};

use super::{
    printer::Printer,
    row_writer::RowWriter,
    rows::{Named, Names, Noted},
};

/// Rows are handed to the thread of the file in blocks of so many: it is woken for each.
const BLOCK: usize = 512;

/// The file. Dropped, it hands over what it can: the rows before a failure tell what led to it.
pub(super) struct RowFile<R: Noted> {
    way: Way<R>,
    block: Block<R>,
    /// So many names are known to whoever makes the text, those of the block included.
    names: usize,
}

/// Rows that were noted, and the names in them that are new.
pub(super) struct Block<R> {
    pub(super) rows: Vec<R>,
    pub(super) names: Vec<Arc<Named>>,
}

impl<R> Default for Block<R> {
    fn default() -> Self {
        Self { rows: Vec::new(), names: Vec::new() }
    }
}

/// Who writes the file.
enum Way<R> {
    /// Nobody else: no block was full since the last flush.
    Own(Printer),
    Thread(RowWriter<R>),
    /// It failed, and was told.
    Failed,
}

impl<R: Noted> RowFile<R> {
    /// Creates the file with its header.
    pub(super) fn create(path: &Path, header: &[&str]) -> io::Result<Self> {
        Ok(Self { way: Way::Own(Printer::create(path, header)?), block: Block::default(), names: 0 })
    }

    /// Notes a row with its names. An error may be that of an earlier block.
    #[inline]
    pub(super) fn push(&mut self, row: R, names: &Names) -> io::Result<()> {
        if row.names() >= self.names {
            self.take_names(names);
        }
        self.block.rows.push(row);
        if self.block.rows.len() >= BLOCK { self.hand_over() } else { Ok(()) }
    }

    #[cold]
    fn take_names(&mut self, names: &Names) {
        self.block.names.extend(names.from(self.names));
        self.names = names.len();
    }

    /// Hands a full block to the thread of the file.
    #[cold]
    fn hand_over(&mut self) -> io::Result<()> {
        let mut writer = match std::mem::replace(&mut self.way, Way::Failed) {
            Way::Own(printer) => RowWriter::start(printer)?,
            Way::Thread(writer) => writer,
            Way::Failed => {
                self.block.rows.clear();
                return Ok(());
            }
        };
        let full = std::mem::take(&mut self.block);
        let Some(emptied) = writer.exchange(full) else { return writer.end().map(drop) };
        self.way = Way::Thread(writer);
        self.block = emptied;
        self.block.rows.reserve_exact(BLOCK);
        Ok(())
    }

    /// Hands everything to the system.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut printer = match std::mem::replace(&mut self.way, Way::Failed) {
            Way::Own(printer) => printer,
            Way::Thread(writer) => writer.end()?,
            Way::Failed => return Ok(()),
        };
        printer.print(&mut self.block)?;
        self.way = Way::Own(printer);
        Ok(())
    }
}

impl<R: Noted> Drop for RowFile<R> {
    fn drop(&mut self) {
        // whoever cares for an error has flushed
        let _ = self.flush();
    }
}
