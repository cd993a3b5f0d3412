//! Cells of tables, and what they can be.

use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result};
use csv::StringRecord;
use teafile::{FieldType, TimeScale, Value};

use crate::times;

/// A row of a table that is longer is refused: it would have to be in memory as a whole. It may have several lines, where
/// they are quoted; a quote that nobody closes would make one row of the rest of the file.
const ROW_BYTES_MAX: usize = 1 << 20;

/// The type of bytes that are carried as they are, of those that the format leaves to everyone.
pub(crate) const BYTES_TYPE: i32 = 0x1000;

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Time,
    Number(FieldType),
    /// So many bytes, of what is no number; a table of text has none of these.
    #[cfg_attr(not(feature = "arrow"), expect(dead_code, reason = "Parquet has them"))]
    Bytes(u32),
}

/// The names of types on the command line, beside the characters of Python and the names of the format.
const NAMES: [(&str, FieldType); 10] = [
    ("i8", FieldType::Int8),
    ("i16", FieldType::Int16),
    ("i32", FieldType::Int32),
    ("i64", FieldType::Int64),
    ("u8", FieldType::UInt8),
    ("u16", FieldType::UInt16),
    ("u32", FieldType::UInt32),
    ("u64", FieldType::UInt64),
    ("f32", FieldType::Float),
    ("f64", FieldType::Double),
];

impl Kind {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "time" {
            return Some(Self::Time);
        }
        let mut characters = text.chars();
        if let (Some(character), None) = (characters.next(), characters.next()) {
            return FieldType::from_char(character).map(Self::Number);
        }
        let by_name =
            |(name, kind): &&(&str, FieldType)| *name == text || kind.name().eq_ignore_ascii_case(text);
        NAMES.iter().find(by_name).map(|(_, kind)| Self::Number(*kind))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Number(kind) => {
                NAMES.iter().find(|(_, known)| *known == kind).map_or(kind.name(), |(name, _)| name)
            }
            Self::Bytes(_) => "bytes",
        }
    }

    pub(crate) fn field_type(self) -> FieldType {
        match self {
            Self::Time => FieldType::Int64,
            Self::Number(kind) => kind,
            Self::Bytes(_) => FieldType::Opaque(BYTES_TYPE),
        }
    }

    /// The value of a cell, or what would have been one.
    pub(crate) fn read(self, cell: &str, scale: TimeScale) -> Result<Value<'static>, String> {
        let kind = match self {
            Self::Time => {
                let ticks = times::parse_exact(scale, cell);
                return ticks.map(Value::Int).map_err(|error| format!("a time; {error}"));
            }
            Self::Number(kind) => kind,
            Self::Bytes(_) => self.field_type(),
        };
        let (least, greatest): (i128, i128) = match kind {
            FieldType::Int8 => (i8::MIN.into(), i8::MAX.into()),
            FieldType::Int16 => (i16::MIN.into(), i16::MAX.into()),
            FieldType::Int32 => (i32::MIN.into(), i32::MAX.into()),
            FieldType::Int64 => (i64::MIN.into(), i64::MAX.into()),
            FieldType::UInt8 => (0, u8::MAX.into()),
            FieldType::UInt16 => (0, u16::MAX.into()),
            FieldType::UInt32 => (0, u32::MAX.into()),
            FieldType::UInt64 => (0, u64::MAX.into()),
            FieldType::Float | FieldType::Double if cell.is_empty() => return Ok(Value::Double(f64::NAN)),
            // as a float at once: through a double it would be rounded twice
            FieldType::Float => return cell.parse().map(Value::Float).map_err(|_| "a number".to_owned()),
            FieldType::Double => return cell.parse().map(Value::Double).map_err(|_| "a number".to_owned()),
            FieldType::NetDecimal | FieldType::Opaque(_) => {
                return Err(format!("a column without this one: {} has no text", kind.name()));
            }
        };
        let refused = || format!("a whole number from {least} to {greatest}");
        let number = cell.parse::<i128>().map_err(|_| refused())?;
        if !(least..=greatest).contains(&number) {
            return Err(refused());
        }
        i64::try_from(number)
            .map(Value::Int)
            .or_else(|_| u64::try_from(number).map(Value::UInt))
            .map_err(|_| refused())
    }
}

/// Reads `--separator`.
pub(crate) fn separator(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" | b"tab" => Ok(b'\t'),
        [byte] if !byte.is_ascii_alphanumeric() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err(format!("'{text}' (expected one character such as ';', or tab)")),
    }
}

/// A table, read line by line.
pub(crate) struct Table {
    path: String,
    reader: csv::Reader<Limited<Box<dyn Read>>>,
    head: Vec<String>,
    record: StringRecord,
}

impl Table {
    /// `-` is standard input.
    pub(crate) fn open(path: &Path, separator: u8) -> Result<Self> {
        let name = path.display().to_string();
        let input: Box<dyn Read> = if is_stdin(path) {
            Box::new(io::stdin())
        } else {
            Box::new(std::fs::File::open(path).with_context(|| name.clone())?)
        };
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .trim(csv::Trim::All)
            .from_reader(Limited { input, taken: 0 });
        let head = reader.headers().with_context(|| format!("{name}:1"))?;
        // some programs begin a file with a mark of its encoding
        let head: Vec<String> =
            head.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
        Ok(Self { path: name, reader, head, record: StringRecord::new() })
    }

    /// The names of the columns.
    pub(crate) fn head(&self) -> &[String] {
        &self.head
    }

    /// The place of a column.
    pub(crate) fn column(&self, name: &str) -> Result<usize> {
        self.head.iter().position(|column| column == name).with_context(|| {
            format!("{}: there is no column '{name}' (expected one of {})", self.path, self.head.join(", "))
        })
    }

    /// Whether there is one more row; its cells are then [`cell`](Self::cell).
    pub(crate) fn next(&mut self) -> Result<bool> {
        self.reader.get_mut().taken = 0;
        let line = self.reader.position().line();
        self.reader.read_record(&mut self.record).with_context(|| format!("{}:{line}", self.path))
    }

    pub(crate) fn cell(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or_default()
    }

    /// `prices.csv:7`.
    pub(crate) fn place(&self) -> String {
        let line = self.record.position().map_or(0, csv::Position::line);
        format!("{}:{line}", self.path)
    }

    /// Reads a cell, or tells where it is, what it is, and what it could be.
    pub(crate) fn read(&self, column: usize, kind: Kind, scale: TimeScale) -> Result<Value<'static>> {
        let cell = self.cell(column);
        kind.read(cell, scale).map_err(|expected| {
            let name = self.head.get(column).map_or("", String::as_str);
            anyhow::anyhow!(
                "{}: column {} ({name}): found '{cell}' (expected {expected})",
                self.place(),
                column + 1
            )
        })
    }
}

pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Refuses rows that are too long, so that a file of one does not fill the memory.
struct Limited<R> {
    input: R,
    /// What was read since the row began. What the reader of rows has in its buffer then is not counted, and what it reads
    /// ahead is: both are far less than the limit.
    taken: usize,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(room)?;
        self.taken = self.taken.saturating_add(count);
        if self.taken > ROW_BYTES_MAX {
            let what = format!(
                "a row of more than {ROW_BYTES_MAX} bytes (expected a table whose quotes are closed)"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        Ok(count)
    }
}
