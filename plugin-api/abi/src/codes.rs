//! Every discriminant that crosses the boundary, one module per field.
//!
//! They are integers rather than `enum`s: a value that the receiver does not know must be handled, and an
//! out-of-range Rust `enum` would be undefined behaviour before it could be looked at.
//! A number never changes its meaning and is never used again; a list may get further ones.

/// [`crate::Event::kind`]. The five numbers of `data` are named beside each kind; – is 0, and may tell something later.
pub mod event_kind {
    /// price, quantity, trade id (text handle), receive time, –
    pub const TRADE: u16 = 1;
    /// bid, bid quantity, ask, ask quantity, receive time
    pub const QUOTE: u16 = 2;
    /// open, high, low, close, volume
    pub const BAR: u16 = 3;
    /// price, quantity, order id (text handle; 0 = a whole level), receive time, the feed's own number of the update (0 =
    /// it has none; otherwise that of the one before, or one more)
    pub const BOOK_UPDATE: u16 = 4;
    /// payload (text handle, see `ExchangeHostV1::payload`), –, –, receive time, –
    pub const DATA: u16 = 5;
    /// timer id, tag, due time, –, –
    pub const TIMER: u16 = 6;
    /// reason code, reason text (text handle), –, –, – (instrument 0 = everything)
    pub const HALT: u16 = 7;
    /// as [`HALT`]
    pub const CONTINUE: u16 = 8;
    /// reason code, message (text handle), –, –, –
    pub const ERROR: u16 = 9;
    /// all zero
    pub const START: u16 = 10;
    /// reason code, –, –, –, –
    pub const EXIT: u16 = 11;
}

/// Bits of [`crate::Event::flags`].
pub mod event_flag {
    /// Trade: the aggressor bought. BookUpdate: the bid side.
    pub const BUY: u16 = 1;
    /// Trade: the aggressor sold. BookUpdate: the ask side.
    pub const SELL: u16 = 2;
    /// Trade: made from the close of the Bar before it; no execution took place at this instant.
    pub const FROM_BAR: u16 = 4;
    /// BookUpdate: first of a snapshot, forget the book.
    pub const SNAPSHOT: u16 = 8;
    /// BookUpdate: something before it was lost, and its own numbers do not count; the book is stale until a snapshot.
    /// The host sets it, too, where the numbers of a feed tell so.
    pub const GAP: u16 = 16;
    /// BookUpdate: further ones belong to it, and the book is not whole until the one without this flag.
    pub const MORE: u16 = 32;
    /// It happened before the run began, and is told to warm a strategy up: no order passes.
    pub const HISTORY: u16 = 64;
    /// Bar: the number of its subscription, times 256; 0 = a bar of the exchange.
    pub const BAR_SERIES: u16 = 65280;
}

/// [`crate::BookRecord::state`].
pub mod book_state {
    /// The source never showed one.
    pub const NONE: u8 = 0;
    /// Parts of an update or snapshot have come, and others follow.
    pub const PARTIAL: u8 = 1;
    /// As the source shows it.
    pub const LIVE: u8 = 2;
    /// Something was lost: there is nothing to see until a snapshot comes.
    pub const STALE: u8 = 3;
}

/// [`crate::BookRecord::source`].
pub mod book_source {
    /// Nothing yet.
    pub const NONE: u8 = 0;
    /// Quotes: one level a side.
    pub const QUOTES: u8 = 1;
    /// Order events of the feed.
    pub const ORDERS: u8 = 2;
    /// Book updates, by level or by order.
    pub const UPDATES: u8 = 3;
}

/// [`crate::BarSpec::kind`].
pub mod bar_kind {
    /// Intervals of time, counted from midnight UTC.
    pub const TIME: u32 = 1;
    /// So many trades.
    pub const TICK: u32 = 2;
    /// So much quantity; a trade across the boundary is divided.
    pub const VOLUME: u32 = 3;
}

/// Bits of [`crate::BarSpec::flags`].
pub mod bar_flag {
    /// TIME: an interval without trades gives a bar, too, at the price before it.
    pub const FLAT: u32 = 1;
    /// TIME: the interval that has begun already counts, with its trades from now on; else the first bar is of the first
    /// interval that is whole.
    pub const PARTIAL: u32 = 2;
}

/// [`crate::OrderEvent::kind`].
pub mod order_event_kind {
    /// Feed, anyone's order: it rests in the book.
    pub const OPEN: u16 = 1;
    /// Feed, anyone's order: it left the book unfilled.
    pub const CANCEL: u16 = 2;
    /// Feed, anyone's order: partly filled or changed.
    pub const CHANGE: u16 = 3;
    /// Feed, anyone's order: completely filled.
    pub const FILL: u16 = 4;
    /// Own order: the exchange has it.
    pub const RECEIVED: u16 = 5;
    /// Own order: refused, by our risk (status Denied) or the exchange (status Rejected).
    pub const REJECTED: u16 = 6;
    /// Own order: canceled or expired.
    pub const CANCELED: u16 = 7;
    /// Own order: an execution, we bought.
    pub const BOUGHT: u16 = 8;
    /// Own order: an execution, we sold.
    pub const SOLD: u16 = 9;
    /// Own order: a cancel or change request was refused; the order is as it was.
    pub const REQUEST_REJECTED: u16 = 10;
}

/// Side of an order; 0 where none applies.
pub mod side {
    /// Buy.
    pub const BUY: u8 = 1;
    /// Sell.
    pub const SELL: u8 = 2;
}

/// [`crate::AccountRecord::oms_type`]: how executions make positions.
pub mod oms_type {
    /// One position for each instrument.
    pub const NETTING: u16 = 0;
    /// A long and a short position side by side for each instrument: an order opens its own side, or with
    /// `REDUCE_ONLY` closes the other.
    pub const HEDGING: u16 = 1;
}

/// [`crate::PositionRecord::side`].
pub mod position_side {
    /// The only one of its instrument: positions are netted.
    pub const NET: u16 = 0;
    /// The long one.
    pub const LONG: u16 = 1;
    /// The short one.
    pub const SHORT: u16 = 2;
}

/// Order types.
pub mod order_type {
    /// Executes at once at the best prices.
    pub const MARKET: u8 = 1;
    /// Executes at `price` or better, rests otherwise.
    pub const LIMIT: u8 = 2;
    /// Becomes a market order once the last price reaches `stop_price`.
    pub const STOP_MARKET: u8 = 3;
    /// Becomes a limit order at `price` once the last price reaches `stop_price`.
    pub const STOP_LIMIT: u8 = 4;
    /// Becomes a market order once the last price is at `stop_price` or better.
    pub const MARKET_IF_TOUCHED: u8 = 5;
    /// Becomes a limit order at `price` once the last price is at `stop_price` or better.
    pub const LIMIT_IF_TOUCHED: u8 = 6;
    /// A stop whose price follows the best price at the distance `trail`.
    pub const TRAILING_STOP: u8 = 7;
}

/// Bits of an order's flags.
pub mod order_flag {
    /// All at once or nothing.
    pub const FILL_OR_KILL: u8 = 1;
    /// One counterparty fills all of it or nothing.
    pub const ALL_OR_NONE: u8 = 2;
    /// What is there now; the rest is canceled.
    pub const IMMEDIATE_OR_CANCEL: u8 = 4;
    /// Refused rather than executed on entry.
    pub const POST_ONLY: u8 = 8;
    /// Never opens or grows a position. Where positions are hedged, it says that the order closes: a buy the short
    /// position, a sell the long one.
    pub const REDUCE_ONLY: u8 = 16;
    /// `group` is the client order id of an order that works or was requested before: this one waits until that one is
    /// filled, and trades no more than was. All that are attached to one order exclude each other. No exchange gets it.
    pub const ATTACHED: u8 = 32;
}

/// Bits of [`crate::OrderEvent::flags`] beside those of [`order_flag`]: on an own execution, how it came about.
/// Neither bit = the exchange does not tell.
pub mod order_event_flag {
    /// The order rested and was met.
    pub const MAKER: u8 = 64;
    /// The order took what was there.
    pub const TAKER: u8 = 128;
}

/// [`crate::FillRecord::liquidity`]: how an own execution came about.
pub mod liquidity {
    /// The exchange does not tell.
    pub const UNKNOWN: u8 = 0;
    /// The order rested and was met.
    pub const MAKER: u8 = 1;
    /// The order took what was there.
    pub const TAKER: u8 = 2;
}

/// [`crate::OrderRecord::held`]: an order that the host holds is not at its exchange; its status is `OPEN`.
pub mod order_held {
    /// Sent, or finished.
    pub const NONE: u8 = 0;
    /// Until the price reaches it.
    pub const FOR_PRICE: u8 = 1;
    /// Until the order that it is attached to is filled.
    pub const FOR_ENTRY: u8 = 2;
    /// The price reached it; until the orders that it excludes have left the exchange.
    pub const FOR_GROUP: u8 = 3;
}

/// How long an order lives.
pub mod order_lifetime {
    /// Good till canceled.
    pub const GTC: u8 = 0;
    /// Until the end of the trading day.
    pub const DAY: u8 = 1;
    /// Until `expires`.
    pub const GTD: u8 = 2;
}

/// Order status.
pub mod order_status {
    /// Sent or about to be sent; the exchange has not answered.
    pub const PENDING_NEW: u8 = 1;
    /// Working, nothing filled.
    pub const OPEN: u8 = 2;
    /// Working, partly filled.
    pub const PARTIALLY_FILLED: u8 = 3;
    /// Completely filled.
    pub const FILLED: u8 = 4;
    /// A cancel was sent; fills may still come.
    pub const PENDING_CANCEL: u8 = 5;
    /// Canceled; may have fills.
    pub const CANCELED: u8 = 6;
    /// Refused by the exchange.
    pub const REJECTED: u8 = 7;
    /// Refused by our own risk.
    pub const DENIED: u8 = 8;
    /// Its lifetime ended.
    pub const EXPIRED: u8 = 9;
    /// The exchange did not answer in time; reconciliation decides.
    pub const UNKNOWN: u8 = 10;
}

/// Reason codes of refusals, cancels and halts.
pub mod reason {
    /// None.
    pub const NONE: u32 = 0;
    /// The instrument is not known to the host.
    pub const UNKNOWN_INSTRUMENT: u32 = 1;
    /// Price is not a multiple of the tick.
    pub const OFF_TICK: u32 = 2;
    /// Quantity is not a multiple of the lot.
    pub const OFF_LOT: u32 = 3;
    /// Quantity is not positive.
    pub const BAD_QUANTITY: u32 = 4;
    /// The order type or one of its fields is not usable.
    pub const BAD_ORDER: u32 = 5;
    /// No such order, or it is finished.
    pub const UNKNOWN_ORDER: u32 = 6;
    /// The limit of one order's quantity.
    pub const MAX_ORDER_QUANTITY: u32 = 7;
    /// The limit of one order's notional.
    pub const MAX_ORDER_NOTIONAL: u32 = 8;
    /// The limit of the position.
    pub const MAX_POSITION: u32 = 9;
    /// The limit of open orders.
    pub const MAX_OPEN_ORDERS: u32 = 10;
    /// The limit of orders in a time.
    pub const ORDER_RATE: u32 = 11;
    /// Too far from the last price.
    pub const PRICE_COLLAR: u32 = 12;
    /// The limit of the day's loss.
    pub const MAX_DAILY_LOSS: u32 = 13;
    /// The limit of the fall from the highest equity.
    pub const MAX_DRAWDOWN: u32 = 14;
    /// Outside the trading hours.
    pub const TRADING_HOURS: u32 = 15;
    /// Trading is halted.
    pub const HALTED: u32 = 16;
    /// Only reducing orders are accepted.
    pub const REDUCING: u32 = 17;
    /// The instrument cannot be traded, or not on this exchange.
    pub const NOT_TRADABLE: u32 = 18;
    /// No price is known yet, so the order's notional cannot be judged.
    pub const NO_PRICE: u32 = 19;
    /// An amount exceeds what the numbers can hold.
    pub const OVERFLOW: u32 = 20;
    /// Canceled on request.
    pub const REQUESTED: u32 = 21;
    /// Canceled because the rest could not be filled at once.
    pub const UNFILLED: u32 = 22;
    /// Refused because it would have executed on entry (post-only).
    pub const WOULD_EXECUTE: u32 = 23;
    /// The strategy failed or was stopped.
    pub const STRATEGY_STOPPED: u32 = 24;
    /// The run ended.
    pub const RUN_ENDED: u32 = 25;
    /// The data ended.
    pub const DATA_ENDED: u32 = 26;
    /// Self-trade prevention.
    pub const SELF_TRADE: u32 = 27;
    /// The exchange's own reason; the text says which.
    pub const EXCHANGE: u32 = 28;
    /// An id that was used before.
    pub const DUPLICATE_ID: u32 = 29;
    /// A changed volume at or below what is filled.
    pub const VOLUME_NOT_ABOVE_FILLED: u32 = 30;
    /// A limit of the host was reached (orders, requests of one event, timers).
    pub const HOST_LIMIT: u32 = 31;
    /// The plugin panicked.
    pub const PANIC: u32 = 32;
    /// A handler returned an error.
    pub const HANDLER_ERROR: u32 = 33;
    /// The process of the isolated plugin ended.
    pub const CRASHED: u32 = 34;
    /// The isolated plugin did not answer in time.
    pub const DEADLINE: u32 = 35;
    /// The cash or margin of the account does not suffice.
    pub const BUYING_POWER: u32 = 36;
    /// The account may not sell more than it holds.
    pub const SHORT_SALE: u32 = 37;
    /// The strategy is being warmed up with history: no order passes.
    pub const WARM_UP: u32 = 38;
    /// The instrument has expired.
    pub const EXPIRED: u32 = 39;
    /// Other orders of its group were filled.
    pub const GROUP: u32 = 40;
    /// What must be kept of an order could not be written, so that it was not sent.
    pub const NOT_STORED: u32 = 41;
}

/// [`crate::RiskLimitRecord::scope`].
pub mod risk_scope {
    /// All strategies together.
    pub const RUN: u32 = 0;
    /// The asking strategy.
    pub const STRATEGY: u32 = 1;
    /// The asked instrument, all strategies together.
    pub const INSTRUMENT: u32 = 2;
}

/// Instrument types.
pub mod instrument_type {
    /// Anything else.
    pub const OTHER: u8 = 0;
    /// A share.
    pub const EQUITY: u8 = 1;
    /// A bond.
    pub const BOND: u8 = 2;
    /// An option.
    pub const OPTION: u8 = 3;
    /// A future.
    pub const FUTURE: u8 = 4;
    /// Two currencies.
    pub const PAIR: u8 = 5;
    /// Two legs with sides.
    pub const SPREAD: u8 = 6;
    /// An option on a future.
    pub const FUTURE_OPTION: u8 = 7;
    /// A fund.
    pub const MUTUAL_FUND: u8 = 8;
    /// A good.
    pub const COMMODITY: u8 = 9;
    /// A currency; not tradable itself.
    pub const CURRENCY: u8 = 10;
    /// An index; not tradable itself.
    pub const INDEX: u8 = 11;
}

/// Option types.
pub mod option_type {
    /// Not an option.
    pub const NONE: u8 = 0;
    /// The right to buy.
    pub const CALL: u8 = 1;
    /// The right to sell.
    pub const PUT: u8 = 2;
}

/// Trading types, as bits: a manifest declares a set of them.
pub mod trading_type {
    /// Offline on historical data.
    pub const BACKTEST: u32 = 1;
    /// Live data, our own fill model executes.
    pub const SIMULATION: u32 = 2;
    /// The exchange's paper endpoint.
    pub const SANDBOX: u32 = 4;
    /// Real orders.
    pub const LIVE: u32 = 8;
}

/// [`crate::ManifestV1::kind`].
pub mod plugin_kind {
    /// A trading strategy.
    pub const STRATEGY: u32 = 1;
    /// An exchange connector.
    pub const EXCHANGE: u32 = 2;
    /// Filters, handlers and formatters of the log.
    pub const LOG: u32 = 3;
}

/// Bits of [`crate::ManifestV1::flags`].
pub mod plugin_flag {
    /// Starts threads of its own.
    pub const SPAWNS_THREADS: u64 = 1;
    /// Promises to leave nothing behind that points into the library.
    pub const UNLOAD_SAFE: u64 = 2;
    /// Reads no view inside market handlers, so that slices of many events are allowed; `on_events` says when to return
    /// before the last of them.
    pub const BATCH_SAFE: u64 = 4;
    /// Exchange: delivers market data.
    pub const MARKET_DATA: u64 = 8;
    /// Exchange: takes orders.
    pub const ORDER_ENTRY: u64 = 16;
    /// Exchange: market data is pulled in batches through `poll` (else pushed through `emit`).
    pub const HISTORICAL: u64 = 32;
    /// Exchange: two connections of one account may live side by side (make before break).
    pub const MAKE_BEFORE_BREAK: u64 = 64;
}

/// [`crate::Schedule::kind`].
pub mod schedule_kind {
    /// Once, at `time`.
    pub const ONCE: u32 = 1;
    /// Whenever the UTC wall clock matches `hour`, `minute` and `second` (-1 = every).
    pub const AT: u32 = 2;
    /// Every `interval`, first one interval from now.
    pub const PERIODIC: u32 = 3;
    /// `interval` before the close of `instrument`'s trading session.
    pub const BEFORE_CLOSE: u32 = 4;
}

/// [`crate::LogField::kind`].
pub mod log_value {
    /// Nothing.
    pub const NONE: u32 = 0;
    /// `text`.
    pub const TEXT: u32 = 1;
    /// `bits` as a signed integer.
    pub const INTEGER: u32 = 2;
    /// `bits` as an unsigned integer.
    pub const UNSIGNED: u32 = 3;
    /// `bits` as a double.
    pub const FLOAT: u32 = 4;
    /// `bits` is 0 or 1.
    pub const BOOL: u32 = 5;
    /// `text` is JSON: a list or a table.
    pub const JSON: u32 = 6;
}

/// Numbers of loggers that need not be asked for, for [`crate::LogEntry::logger`].
pub mod logger_id {
    /// The instance's own logger.
    pub const OWN: u32 = 0;
    /// The logger of the instance of the same plugin that this thread is inside a call of; the instance's own if it is
    /// in none. For code that several instances share.
    pub const IN_HAND: u32 = 4294967295;
    /// [`crate::LogEntry::event`]: of no known event.
    pub const NO_EVENT: u32 = 4294967295;
}

/// Bits of [`crate::LogEntry::flags`].
pub mod log_flag {
    /// The plugin lets the record pass whatever the level of its logger is: handlers have levels still.
    pub const FORCED: u32 = 1;
}

/// [`crate::LogPartV1::kind`].
pub mod log_part {
    /// Decides about records, and may change them.
    pub const FILTER: u32 = 1;
    /// Takes records.
    pub const HANDLER: u32 = 2;
    /// Makes texts of records.
    pub const FORMATTER: u32 = 3;
}
