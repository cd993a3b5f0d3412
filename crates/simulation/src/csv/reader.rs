//! Reads one file, row by row.

use std::{
    io::{self, Read},
    str,
    sync::Arc,
};

use csv::{ByteRecord, ReaderBuilder, Terminator};
use stratd_plugin_api::Timestamp;

use super::{
    InstrumentTable, Row, RowOptions,
    columns::Columns,
    error::{Error, ErrorKind},
    line_reader::LineReader,
    parse::Fields,
    time::parse_time,
};

/// A row of more bytes than this is refused, which ends the reading: it is no market data, and it bounds the memory.
pub const ROW_BYTES_MAX: usize = 1024 * 1024;

/// The rows of one file. See [`crate::csv`] for what it accepts.
pub struct RowReader<R> {
    file: Arc<str>,
    reader: csv::Reader<LineReader<R>>,
    record: ByteRecord,
    columns: Columns,
    options: RowOptions,
    ts_last: Option<Timestamp>,
    state: State,
    counts: RowCounts,
}

/// How many rows a reader has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Rows that were read, the header and blank lines not counted.
    pub read: u64,
    /// Of these, rows that were handed out.
    pub taken: u64,
    /// Of these, rows that were bad.
    pub bad: u64,
}

enum State {
    Reading,
    Ended,
    /// Every further call fails in the same way, so that no caller mistakes it for the end.
    Failed(Error),
}

/// What became of a good row.
enum Found {
    Row(Row),
    /// Another symbol, or before the start.
    NotSelected,
    /// At or after the end.
    Beyond,
}

impl<R: Read> RowReader<R> {
    /// Reads the header; `file` is what messages call it.
    ///
    /// # Errors
    /// It cannot be read, or its first row names no usable columns.
    pub fn new(file: &str, source: R, options: &RowOptions) -> Result<Self, Error> {
        let file: Arc<str> = file.into();
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            // a row with another number of fields gets our own message
            .flexible(true)
            // the carriage return of CRLF is trimmed with the spaces; alone it ends no row, see `LineReader`
            .terminator(Terminator::Any(b'\n'))
            .from_reader(LineReader::new(source, ROW_BYTES_MAX));
        let mut record = ByteRecord::new();
        if !read_record(&mut reader, &mut record).map_err(|e| e.in_file(&file, row_line(&reader)))? {
            let empty = Error::new(ErrorKind::Header, "the file is empty", "a header and rows");
            return Err(empty.in_file(&file, 0));
        }
        let columns = Columns::detect(&record, options).map_err(|e| e.in_file(&file, row_line(&reader)))?;
        Ok(Self {
            file,
            reader,
            record,
            columns,
            options: options.clone(),
            ts_last: None,
            state: State::Reading,
            counts: RowCounts::default(),
        })
    }

    /// The next row that is selected; `None` at the end.
    ///
    /// # Errors
    /// [`Error::is_bad_row`] tells whether the next call goes on behind the row, or fails again.
    pub fn next_row(&mut self, instruments: &mut InstrumentTable) -> Result<Option<Row>, Error> {
        match &self.state {
            State::Reading => {}
            State::Ended => return Ok(None),
            State::Failed(error) => return Err(error.clone()),
        }
        loop {
            match self.read_row(instruments) {
                Ok(Some(Found::Row(row))) => {
                    self.counts.taken += 1;
                    return Ok(Some(row));
                }
                Ok(Some(Found::NotSelected)) => {}
                Ok(None | Some(Found::Beyond)) => {
                    self.state = State::Ended;
                    return Ok(None);
                }
                Err(error) => {
                    if error.is_bad_row() {
                        self.counts.bad += 1;
                    } else {
                        self.state = State::Failed(error.clone());
                    }
                    return Err(error);
                }
            }
        }
    }

    /// How many rows were seen so far.
    #[must_use]
    pub fn counts(&self) -> RowCounts {
        self.counts
    }

    fn read_row(&mut self, instruments: &mut InstrumentTable) -> Result<Option<Found>, Error> {
        let has_row = read_record(&mut self.reader, &mut self.record)
            .map_err(|e| e.in_file(&self.file, row_line(&self.reader)))?;
        if !has_row {
            return Ok(None);
        }
        self.counts.read += 1;
        match self.checked(instruments) {
            Ok(found) => Ok(Some(found)),
            Err(error) => Err(error.in_file(&self.file, row_line(&self.reader))),
        }
    }

    /// The order matters: what tells whether the row is selected comes first, so that symbols that nobody wants may be
    /// broken or unsorted, and numbers are read only for rows that are taken.
    fn checked(&mut self, instruments: &mut InstrumentTable) -> Result<Found, Error> {
        self.check_shape()?;
        let fields = Fields { record: &self.record, options: &self.options };
        let Some(instrument) = resolve(&fields, &self.columns, instruments)? else {
            return Ok(Found::NotSelected);
        };
        let time = &self.columns.time;
        let text = fields.required(time, "a time")?;
        let ts = parse_time(text, self.options.time_unit).map_err(|e| e.in_column(&time.name))?;
        if let Some(last) = self.ts_last.filter(|last| ts < *last) {
            return Err(Error::new(
                ErrorKind::TimeOrder,
                format!("time goes backwards to {ts}"),
                format!("{last} or later: a file sorted by time"),
            )
            .in_column(&time.name));
        }
        if self.options.end.is_some_and(|end| ts >= end) {
            return Ok(Found::Beyond);
        }
        if self.options.start.is_some_and(|start| ts < start) {
            self.ts_last = Some(ts);
            return Ok(Found::NotSelected);
        }
        let data = fields.data(&self.columns.form, instruments.get(instrument).instrument_type)?;
        // a bad row must not set the time that good ones are measured against
        self.ts_last = Some(ts);
        Ok(Found::Row(Row { ts, instrument, data }))
    }

    fn check_shape(&self) -> Result<(), Error> {
        if self.record.as_slice().contains(&b'\n') {
            return Err(Error::new(
                ErrorKind::LineBreak,
                format!("a quoted field goes on to line {}", self.reader.get_ref().line()),
                "a row on one line; is a quote not closed?",
            ));
        }
        if self.record.len() != self.columns.count {
            return Err(Error::new(
                ErrorKind::FieldCount,
                format!("{} fields", self.record.len()),
                format!("{}, as in the header", self.columns.count),
            ));
        }
        Ok(())
    }
}

/// The instrument of a row; `None` if it is not selected.
fn resolve(
    fields: &Fields<'_>,
    columns: &Columns,
    instruments: &mut InstrumentTable,
) -> Result<Option<usize>, Error> {
    let (symbol, name) = match &columns.symbol {
        Some(column) => (fields.required(column, "a symbol such as AAPL-EQUITY")?, column.name.as_str()),
        // `Columns::detect` made sure that one of the two is there
        None => (fields.options.symbol.as_deref().unwrap_or_default(), "symbol"),
    };
    let type_column = columns.instrument_type.as_ref();
    let instrument_type = type_column.map(|column| fields.text(column)).transpose()?;
    instruments.resolve(symbol, instrument_type).map_err(|error| match (error.kind(), type_column) {
        (ErrorKind::InstrumentType, Some(column)) => error.in_column(&column.name),
        _ => error.in_column(name),
    })
}

/// Reads a record that is not blank; false at the end.
fn read_record<R: Read>(
    reader: &mut csv::Reader<LineReader<R>>,
    record: &mut ByteRecord,
) -> Result<bool, Error> {
    loop {
        reader.get_mut().begin_row();
        match reader.read_byte_record(record) {
            Ok(false) => return Ok(false),
            // spaces alone are a blank line too; the parser itself passes over empty ones
            Ok(true) if record.len() == 1 && record.as_slice().trim_ascii().is_empty() => {}
            Ok(true) => return Ok(true),
            Err(_) if reader.get_ref().is_row_too_long() => {
                return Err(Error::new(
                    ErrorKind::RowTooLong,
                    format!("a row of more than {ROW_BYTES_MAX} bytes"),
                    format!("rows of at most {ROW_BYTES_MAX} bytes; is a quote not closed?"),
                ));
            }
            Err(error) => return Err(io_error(error)),
        }
    }
}

fn io_error(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Error::reading(&error),
        // with byte records of any length, the parser itself accepts everything
        kind => Error::reading(&io::Error::other(format!("{kind:?}"))),
    }
}

/// The line on which the row begins, for messages.
fn row_line<R: Read>(reader: &csv::Reader<LineReader<R>>) -> u64 {
    reader.get_ref().row_line()
}
