//! Logging with the meaning of Python's `logging` package.
#![deny(unsafe_code)]
#![deny(missing_docs)]

mod adapter;
mod backend;
mod clock;
mod config;
mod control;
mod encoding;
mod error;
mod fields;
mod filter;
mod format;
mod handler;
mod inspect;
mod level;
mod logger;
mod logging;
mod record;
mod ring;
mod sys;
mod tree;
mod value;
mod wire;

pub use adapter::Adapter;
pub use backend::{FLUSH_INTERVAL_MS, HandlerStatus};
pub use config::{Config, Kinds};
pub use control::{FilterId, MemoryOptions};
pub use encoding::{Location, RECORD_TEXT_MAX};
pub use error::{Error, ErrorKind, Result};
pub use fields::{FIELD_KEY_MAX, Fields};
pub use filter::{Filter, NameFilter, Operand, Predicate};
pub use format::{
    ExceptionText, Formatter, FormatterOptions, Layout, MSEC_FORMAT, Style, TIME_FORMAT, WIDTH_MAX, Zone,
    format_batch,
};
pub use handler::{
    Address, BACKLOG_BYTES_MAX, Backoff, Capture, Captured, Clock, Compression, Entry, FileHandler,
    FileOptions, Handler, JournaldHandler, JournaldOptions, NullHandler, PEER_TIMEOUT, Progress,
    QUEUE_BYTES_MAX, QUEUE_RECORDS, QueueOptions, QueueOverflow, RotateBySize, RotateByTime,
    RotatingFileHandler, SocketHandler, SocketOptions, StreamHandler, StreamTarget, SyslogFormat,
    SyslogFraming, SyslogHandler, SyslogOptions, SyslogTransport, TimedFileHandler, When,
};
pub use inspect::{LoggerStatus, Reach, Resolution};
pub use level::{LEVEL_NAMES_MAX, Level, LevelNames};
pub use logger::{Event, Logger};
pub use logging::{Logging, LoggingOptions, SHUTDOWN_TIMEOUT, Shutdown};
pub use record::Record;
pub use ring::{LARGE_BYTES_MAX, Overflow, RING_BYTES};
pub use tree::{LOGGER_NAME_MAX, LOGGERS_MAX};
pub use value::Value;
pub use wire::{Codec, PICKLE_BYTES_MAX, PICKLE_DEPTH_MAX, decode_pickle, frame};
