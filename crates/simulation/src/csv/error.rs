//! What can be wrong with a file or one of its rows.

use std::{fmt, io, sync::Arc};

/// A file or row that cannot be used: where, what was found, what would be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    /// File and line; 0 = the file as a whole.
    place: Option<(Arc<str>, u64)>,
    column: Option<String>,
    found: String,
    accepted: String,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file cannot be read.
    Io,
    /// The first row names no usable columns.
    Header,
    /// A row is longer than the limit.
    RowTooLong,
    /// More symbols than the limit.
    TooManySymbols,
    /// A row has another number of fields than the header.
    FieldCount,
    /// A quoted field holds a line break.
    LineBreak,
    /// A field is not UTF-8.
    Encoding,
    /// A field is empty.
    MissingField,
    /// Not a number.
    Number,
    /// More digits than the grid.
    OffGrid,
    /// A number that cannot be: high below low, a negative volume.
    Range,
    /// Not a time.
    Time,
    /// Time goes backwards.
    TimeOrder,
    /// Not usable as a symbol.
    Symbol,
    /// Not an instrument type.
    InstrumentType,
    /// Not a side.
    Side,
    /// Not usable as a trade id.
    TradeId,
}

/// How much of a file's text a message repeats.
const QUOTED_CHARS_MAX: usize = 80;

impl Error {
    pub(super) fn new(kind: ErrorKind, found: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self { kind, place: None, column: None, found: found.into(), accepted: accepted.into() }
    }

    pub(super) fn reading(error: &io::Error) -> Self {
        Self::new(ErrorKind::Io, error.to_string(), "a file that can be read")
    }

    pub(super) fn in_column(mut self, column: &str) -> Self {
        self.column = Some(column.to_owned());
        self
    }

    pub(super) fn in_file(mut self, file: &Arc<str>, line: u64) -> Self {
        self.place = Some((Arc::clone(file), line));
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether only this row is unusable, so that the next call reads on behind it.
    #[must_use]
    pub fn is_bad_row(&self) -> bool {
        self.kind.is_bad_row()
    }

    /// The file, as it was named to the reader.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.place.as_ref().map(|(file, _)| &**file)
    }

    /// The line in the file, from 1; `None` if the file as a whole is meant.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        self.place.as_ref().map(|(_, line)| *line).filter(|line| *line > 0)
    }

    /// The column, as the file's header names it.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.column.as_deref()
    }
}

impl ErrorKind {
    pub(super) fn is_bad_row(self) -> bool {
        match self {
            Self::Io | Self::Header | Self::RowTooLong | Self::TooManySymbols => false,
            Self::FieldCount
            | Self::LineBreak
            | Self::Encoding
            | Self::MissingField
            | Self::Number
            | Self::OffGrid
            | Self::Range
            | Self::Time
            | Self::TimeOrder
            | Self::Symbol
            | Self::InstrumentType
            | Self::Side
            | Self::TradeId => true,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((file, line)) = &self.place {
            write!(f, "reading {file}: ")?;
            if *line > 0 {
                write!(f, "line {line}: ")?;
            }
        }
        if let Some(column) = &self.column {
            write!(f, "column {}: ", quoted(column))?;
        }
        write!(f, "{} (accepted: {})", self.found, self.accepted)
    }
}

impl std::error::Error for Error {}

/// A file's text for a message: control characters escaped, so that a file cannot forge log lines, and cut.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("`");
    for (count, character) in text.chars().enumerate() {
        if count == QUOTED_CHARS_MAX {
            out.push('…');
            break;
        }
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out.push('`');
    out
}
