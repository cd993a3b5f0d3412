//! The binary contract between `stratd` and its plugins.
//!
//! Only `repr(C)` plain data and tables of `extern "C"` functions live here, no logic.
//! C and C++ authors use the same types through `include/stratd/plugin.h`; Rust authors use the SDK
//! `stratd-plugin-api`, which fills the tables for them.
//!
//! **V1 is frozen.** No published type, table or number changes any more, and none grows; anything new is a further
//! number of a list, or an extension table found through `get_extension`. `docs/plugin-compatibility.md` has what
//! authors can rely on.
//!
//! Rules that hold for every type and function:
//! - Prices and quantities are `i64` scaled by the decimals of their instrument. Money is a 128-bit integer
//!   in units of 1e-8 of its currency. Time is `i64` nanoseconds since 1970-01-01 UTC.
//! - A discriminant is a plain integer. The receiver handles values it does not know, and never trusts one.
//! - A [`Str`] or slice that crosses the boundary is borrowed for the duration of the call only.
//! - Texts that outlive a call (symbols, currencies, venue ids) are interned by the host and travel as a
//!   [`TextHandle`]; 0 is the empty text.
//! - Nothing allocated on one side is freed on the other. No panic and no exception crosses.
//! - A table starts with its `size` in bytes and the `abi` number it follows; whoever gets one compares both with its
//!   own before it reads on. What is lent for one call ([`Sink`], [`LogEdit`]) has neither.
//!   A function pointer that may be null says so; all others are present.
//! - Where there is a negative status, every negative number is a failure, and every other one a success.
//! - What is reserved is 0. The host refuses a request (an order, a schedule, a query of a book, an instrument) in which
//!   it is not, so that a later host may give it a meaning; of what comes from the host, ignore it.
//! - An extension is a table with an id, `stratd.NAME/VERSION`, that the other side is asked for: `get_extension` of
//!   [`HostV1`] and [`ExchangeHostV1`], of [`StrategyV1`], [`ExchangeV1`] and [`PluginV1`]. Null = it has none.
#![warn(missing_docs)]
#![forbid(unsafe_code)]

mod codes;
mod door;
mod event;
mod exchange;
mod host;
mod instrument;
mod log;
mod manifest;
mod market;
mod order;
mod record;
mod strategy;
mod text;

pub use codes::{
    bar_flag, bar_kind, book_source, book_state, event_flag, event_kind, instrument_type, liquidity,
    log_flag, log_part, log_value, logger_id, oms_type, option_type, order_event_flag, order_event_kind,
    order_flag, order_held, order_lifetime, order_status, order_type, plugin_flag, plugin_kind,
    position_side, reason, risk_scope, schedule_kind, side, trading_type,
};
pub use door::{PLUGIN_ENTRY, PLUGIN_ENTRY_WITH_NUL, PluginEntry, PluginModule, PluginModule_Ref};
pub use event::{Event, OrderEvent};
pub use exchange::{ExchangeHostV1, ExchangeV1};
pub use host::{HostV1, KeyValue, LogRecord, Schedule};
pub use instrument::{InstrumentRecord, Session};
pub use log::{
    LOG_EXTENSION, LogEdit, LogEntry, LogField, LogHostV1, LogPartV1, LogPartsV1, LogView, LoggerRef,
};
pub use manifest::{ManifestV1, PluginV1};
pub use market::{BarSpec, BookLevelRecord, BookQuery, BookRecord};
pub use order::{OrderCommand, OrderRequest};
pub use record::{
    AccountRecord, ExchangeRecord, FillRecord, Filter, OrderRecord, PortfolioRecord, PositionRecord,
    PricePoint, RiskLimitRecord, RiskRecord,
};
pub use strategy::StrategyV1;
pub use text::{MoneyBits, Sink, Str, TextHandle};

/// The ABI number of V1: what [`PluginV1::abi`] and every table carries. Lower numbers were drafts.
pub const ABI: u32 = 100;

/// Venue ids and other interned texts are at most this many bytes long.
pub const TEXT_BYTES_MAX: usize = 64;

/// The payload of a DATA event is at most this many bytes long.
pub const PAYLOAD_BYTES_MAX: usize = 65536;

/// Version of this crate: what a manifest's `abi_crate` carries.
pub const CRATE_VERSION: &str = env!("CARGO_PKG_VERSION");
