//! Several files in the order of time.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::{self, File},
    io::{self, Read},
};

use stratd_plugin_api::Timestamp;

use super::{InstrumentTable, OnBadRow, Row, RowCounts, RowOptions, RowReader, error::Error};

/// The rows of several files merged by time; rows of the same time come in the order of the files, then of their lines.
///
/// One row per file is held, so memory does not grow with the files' length.
pub struct MergedRows<R> {
    readers: Vec<RowReader<R>>,
    instruments: InstrumentTable,
    /// The row of each file that is in `heads`.
    pending: Vec<Option<Row>>,
    heads: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// Files whose next row is still to be read, the next one last.
    to_read: Vec<usize>,
}

impl<R: Read> MergedRows<R> {
    /// Merges `readers`; new instruments are added to `instruments`.
    #[must_use]
    pub fn new(readers: Vec<RowReader<R>>, instruments: InstrumentTable) -> Self {
        Self {
            pending: readers.iter().map(|_| None).collect(),
            heads: BinaryHeap::with_capacity(readers.len()),
            to_read: (0..readers.len()).rev().collect(),
            readers,
            instruments,
        }
    }

    /// The next row; `None` at the end of the last file.
    ///
    /// # Errors
    /// As [`RowReader::next_row`]: after a bad row the next call goes on behind it.
    pub fn next_row(&mut self) -> Result<Option<Row>, Error> {
        while let Some(&file) = self.to_read.last() {
            // an error leaves the file where it is: its next row is still to be read
            let row = self.readers[file].next_row(&mut self.instruments)?;
            self.to_read.pop();
            if let Some(row) = row {
                self.heads.push(Reverse((row.ts, file)));
                self.pending[file] = Some(row);
            }
        }
        let Some(Reverse((_, file))) = self.heads.pop() else { return Ok(None) };
        self.to_read.push(file);
        Ok(self.pending[file].take())
    }

    /// The next row that the policy lets pass; `skipped` is told of each bad row that is left out.
    ///
    /// # Errors
    /// A bad row under [`OnBadRow::Stop`], and what [`Error::is_bad_row`] denies under both policies.
    pub fn next_row_by(
        &mut self,
        policy: OnBadRow,
        mut skipped: impl FnMut(&Error),
    ) -> Result<Option<Row>, Error> {
        loop {
            match self.next_row() {
                Err(error) if policy == OnBadRow::Skip && error.is_bad_row() => skipped(&error),
                result => return result,
            }
        }
    }

    /// The instruments that rows named so far.
    #[must_use]
    pub fn instruments(&self) -> &InstrumentTable {
        &self.instruments
    }

    /// The instruments that rows named, to read the same files again.
    #[must_use]
    pub fn into_instruments(self) -> InstrumentTable {
        self.instruments
    }

    /// How many rows were seen so far, of all files.
    #[must_use]
    pub fn counts(&self) -> RowCounts {
        self.readers.iter().map(RowReader::counts).fold(RowCounts::default(), |sum, one| RowCounts {
            read: sum.read + one.read,
            taken: sum.taken + one.taken,
            bad: sum.bad + one.bad,
        })
    }
}

impl RowReader<File> {
    /// Opens a regular file: not a pipe, because callers read twice, first for the instruments and then for the rows.
    ///
    /// # Errors
    /// As [`RowReader::new`].
    pub fn open(path: &str, options: &RowOptions) -> Result<Self, Error> {
        let open = || {
            // asked first: opening a pipe waits for its writer
            if fs::metadata(path)?.is_file() {
                return File::open(path);
            }
            Err(io::Error::other("not a regular file"))
        };
        let file = open().map_err(|e| Error::reading(&e).in_file(&path.into(), 0))?;
        Self::new(path, file, options)
    }
}

impl MergedRows<File> {
    /// Opens all files.
    ///
    /// # Errors
    /// The first file that cannot be read, as [`RowReader::open`].
    pub fn open(paths: &[String], options: &RowOptions, instruments: InstrumentTable) -> Result<Self, Error> {
        let readers = paths.iter().map(|path| RowReader::open(path, options)).collect::<Result<_, _>>()?;
        Ok(Self::new(readers, instruments))
    }
}
