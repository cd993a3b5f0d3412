//! Logging with the meaning of Python's `logging` package.
#![deny(unsafe_code)]
#![deny(missing_docs)]

mod clock;
mod error;
mod fields;
mod format;
mod level;
mod record;
mod sys;
mod value;

pub use error::{Error, ErrorKind, Result};
pub use fields::{FIELD_KEY_MAX, Fields};
pub use format::{
    ExceptionText, Formatter, FormatterOptions, Layout, MSEC_FORMAT, Style, TIME_FORMAT, WIDTH_MAX, Zone,
    format_batch,
};
pub use level::{LEVEL_NAMES_MAX, Level, LevelNames};
pub use record::Record;
pub use value::Value;
