//! Logging with the meaning of Python's `logging` package and the speed of rings of bytes.
//!
//! ```
//! use stratd_logging::{Config, Level, Logging, log};
//!
//! let logging = Logging::new();
//! logging.apply(Config::parse(
//!     r#"
//!     [formatters.brief]
//!     format = "%(name)-12s: %(levelname)-8s %(message)s"
//!     [handlers.console]
//!     kind = "stream"
//!     formatter = "brief"
//!     [root]
//!     level = "INFO"
//!     handlers = ["console"]
//!     "#,
//! )?)?;
//! let logger = logging.logger("myapp.area1")?;
//! log!(logger, Level::INFO, ["order_id" => 17], "filled at {}", 101.25);
//! # Ok::<(), stratd_logging::Error>(())
//! ```
//!
//! # The way of a record
//! A thread asks its [`Logger`] whether the level is enabled: one relaxed load. It prints the record into room of its own
//! and copies it into its ring. One thread, the back end, merges the rings by time, asks the filters of the logger, and
//! brings the record to each handler that hangs on the logger or above it, as far as records propagate: level, filters,
//! text (made once for each formatter), handler. Handlers that may have to wait for a peer have a thread and a bounded
//! queue of their own; all others write many texts with one call.
//!
//! # What is promised
//! - A record is lost only where a limit says so, and then it is counted and told in the log ([`Overflow`],
//!   [`HandlerStatus`]).
//! - Records of one thread keep their order. Those of several are in the order of their times, but for a tenth of a
//!   millisecond.
//! - A change of configuration is in force for every record logged after it, and for none logged before; one that is
//!   refused has changed nothing.
//! - A record of ERROR and above is written before the next one is looked at; any other within a fifth of a second.
//! - Nothing of the code that logged is kept: everything is copied.
//! - A handler or filter that fails or panics harms no other.
//!
//! # Differences from Python
//! They are refusals where Python loses records later: unknown fields, unknown keys, conversions that do not fit. The
//! change that a handler's filter makes is that handler's alone. Sizes are bytes. Fields that are called like attributes
//! arrive as `x_NAME`.
#![deny(unsafe_code)]
#![deny(missing_docs)]

mod adapter;
mod backend;
#[cfg(any(feature = "log", feature = "tracing"))]
mod bridge;
mod clock;
mod config;
mod control;
mod encoding;
mod error;
mod fields;
mod filter;
mod flight;
mod format;
mod front;
mod handler;
mod head;
mod inspect;
mod last_words;
mod level;
mod logger;
mod logging;
mod loss;
mod receiver;
mod record;
mod ring;
mod scope;
mod stderr;
mod sys;
mod tap;
mod temporary;
mod tree;
mod value;
mod wire;

pub use adapter::Adapter;
pub use backend::{FLUSH_INTERVAL_MS, HandlerStatus};
#[cfg(feature = "log")]
pub use bridge::LogBridge;
#[cfg(feature = "tracing")]
pub use bridge::TracingLayer;
pub use config::{Config, Kinds};
pub use control::{FilterId, MemoryOptions};
pub use encoding::{Location, RECORD_TEXT_MAX};
pub use error::{Error, ErrorKind, Result};
pub use fields::{FIELD_KEY_MAX, Fields};
pub use filter::{Filter, NameFilter, Operand, Predicate};
pub use flight::{FLIGHTS_MAX, Flight, FlightOptions};
pub use format::{
    ExceptionText, Formatter, FormatterOptions, Layout, MSEC_FORMAT, NamedZone, Render, Renderer, Style,
    TIME_FORMAT, WIDTH_MAX, Zone, format_batch,
};
pub use front::{Front, STRAY_LOGGER, Target};
pub use handler::{
    Address, BACKLOG_BYTES_MAX, BATCH_RECORDS_MAX, Backoff, BatchOptions, COMMAND_TIMEOUT, Capture, Captured,
    Clock, CommandHandler, CommandOptions, Compression, Entry, FileHandler, FileOptions, Handler,
    HttpHandler, HttpMethod, HttpOptions, JournaldHandler, JournaldOptions, NullHandler, PEER_TIMEOUT,
    Progress, QUEUE_BYTES_MAX, QUEUE_RECORDS, QUEUE_WAIT_MAX, QueueOptions, QueueOverflow, RATE_COUNT_MAX,
    RateLimit, RotateBySize, RotateByTime, RotatingFileHandler, SmtpConnect, SmtpHandler, SmtpLink,
    SmtpOptions, SocketHandler, SocketOptions, StreamHandler, StreamTarget, SyslogFormat, SyslogFraming,
    SyslogHandler, SyslogOptions, SyslogTransport, TimedFileHandler, TlsOptions, When,
};
pub use inspect::{LoggerStatus, Reach, Resolution};
pub use last_words::LastWords;
pub use level::{LEVEL_NAMES_MAX, Level, LevelNames};
pub use logger::{Event, Logger};
pub use logging::{Logging, LoggingOptions, SHUTDOWN_TIMEOUT, Shutdown};
pub use receiver::{
    BUFFERED_BYTES_MAX, CONNECTIONS_MAX, FRAME_BYTES_MAX, KEPT_NAME_MAX, RECEIVED_NAMES_MAX, RECEIVERS_MAX,
    ReceiverStatus, STALL_TIMEOUT, SocketKeeper,
};
pub use record::Record;
pub use ring::{LARGE_BYTES_MAX, Overflow, RING_BYTES};
pub use scope::{Buffer, Scope};
pub use stderr::{
    LINE_BYTES_MAX, LINES_PER_SECOND, STDERR_LOGGER, StandardError, StderrCapture, rescue_stderr,
};
pub use tap::{TAP_RECORDS, Tap, TapGuard, TapOptions};
pub use temporary::{TEMPORARY_LEVELS_MAX, TemporaryLevel};
pub use tree::{LOGGER_NAME_MAX, LOGGERS_MAX};
pub use value::Value;
pub use wire::{
    Codec, PICKLE_BYTES_MAX, PICKLE_DEPTH_MAX, PICKLE_VALUES_MAX, SYSLOG_PARAMETERS_MAX, decode_pickle,
    decode_record, decode_syslog, frame,
};
