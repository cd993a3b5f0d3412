// stratd: the binary contract between the daemon and its plugins, for C11 and C++17.
//
// A plugin is a shared library that exports one function, `stratd_plugin_v1`. It returns static data: a manifest and
// the table of a strategy or of an exchange connector. `plugins/c/strategy.c` is a complete strategy.
//
//   gcc -std=c11 -O2 -Wall -Wextra -fPIC -shared -Iplugin-api/abi/include strategy.c -o libstrategy_mine.so
//
// Rules that hold for every type and function:
// - V1 is a draft: STRATD_ABI changes with every change of a type until the freeze.
// - Prices and quantities are integers scaled by the decimals of their instrument. Money is a 128-bit integer in
//   units of 1e-8 of its currency. Time is in nanoseconds since 1970-01-01 UTC.
// - A number that says which one of several (a kind, a side, a status) may have a value that you do not know. Ignore
//   such an event or record; do not guess.
// - Texts and arrays that cross the boundary are borrowed for the duration of the call. Texts are UTF-8 and not
//   null-terminated. Texts that outlive a call are handles; the host's `text` copies them out.
// - Nothing allocated on one side is freed on the other. No exception crosses: a C++ plugin catches all of its own.
// - Every function pointer of a table is present unless its comment says that it may be null.
// - The host calls the functions of one instance one at a time.
// - Set `size` and `abi` of every record that has them: STRATD_SIZE(type) and STRATD_ABI.
#ifndef STRATD_PLUGIN_H
#define STRATD_PLUGIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#define STRATD_STATIC_ASSERT(condition, message) static_assert(condition, message)
#define STRATD_ALIGN_OF(type) alignof(type)
#else
#define STRATD_STATIC_ASSERT(condition, message) _Static_assert(condition, message)
#define STRATD_ALIGN_OF(type) _Alignof(type)
#endif

#define STRATD_ASSERT_TYPE(type, size, align)                                                                         \
    STRATD_STATIC_ASSERT(sizeof(type) == (size) && STRATD_ALIGN_OF(type) == (align), #type " has another layout")
#define STRATD_ASSERT_FIELD(type, field, offset)                                                                      \
    STRATD_STATIC_ASSERT(offsetof(type, field) == (offset), #type "." #field " is elsewhere")

// The size of a record or table, as its field `size` wants it.
#define STRATD_SIZE(type) ((uint32_t)sizeof(type))

// Makes a function visible outside of a library that is compiled with -fvisibility=hidden.
#define STRATD_EXPORT __attribute__((visibility("default")))

// ---- generated from the Rust types; do not edit ----
// The ABI number of V1: what stratd_plugin_v1_t.abi and every table carries. Lower numbers were drafts.
#define STRATD_ABI UINT32_C(100)

// Venue ids and other interned texts are at most this many bytes long.
#define STRATD_TEXT_BYTES_MAX 64

// The payload of a DATA event is at most this many bytes long.
#define STRATD_PAYLOAD_BYTES_MAX 65536

// Version of this crate: what a manifest's `abi_crate` carries.
#define STRATD_CRATE_VERSION "1.0.0"

// stratd_event_t.kind. The five numbers of `data` are named beside each kind; – is 0, and may tell something later.
// price, quantity, trade id (text handle), receive time, –
#define STRATD_EVENT_KIND_TRADE UINT16_C(1)
// bid, bid quantity, ask, ask quantity, receive time
#define STRATD_EVENT_KIND_QUOTE UINT16_C(2)
// open, high, low, close, volume
#define STRATD_EVENT_KIND_BAR UINT16_C(3)
// price, quantity, order id (text handle; 0 = a whole level), receive time, the feed's own number of the update (0 =
// it has none; otherwise that of the one before, or one more)
#define STRATD_EVENT_KIND_BOOK_UPDATE UINT16_C(4)
// payload (text handle, see stratd_exchange_host_v1_t.payload), –, –, receive time, –
#define STRATD_EVENT_KIND_DATA UINT16_C(5)
// timer id, tag, due time, –, –
#define STRATD_EVENT_KIND_TIMER UINT16_C(6)
// reason code, reason text (text handle), –, –, – (instrument 0 = everything)
#define STRATD_EVENT_KIND_HALT UINT16_C(7)
// as `HALT`
#define STRATD_EVENT_KIND_CONTINUE UINT16_C(8)
// reason code, message (text handle), –, –, –
#define STRATD_EVENT_KIND_ERROR UINT16_C(9)
// all zero
#define STRATD_EVENT_KIND_START UINT16_C(10)
// reason code, –, –, –, –
#define STRATD_EVENT_KIND_EXIT UINT16_C(11)

// Bits of stratd_event_t.flags.
// Trade: the aggressor bought. BookUpdate: the bid side.
#define STRATD_EVENT_FLAG_BUY UINT16_C(1)
// Trade: the aggressor sold. BookUpdate: the ask side.
#define STRATD_EVENT_FLAG_SELL UINT16_C(2)
// Trade: made from the close of the Bar before it; no execution took place at this instant.
#define STRATD_EVENT_FLAG_FROM_BAR UINT16_C(4)
// BookUpdate: first of a snapshot, forget the book.
#define STRATD_EVENT_FLAG_SNAPSHOT UINT16_C(8)
// BookUpdate: something before it was lost, and its own numbers do not count; the book is stale until a snapshot.
// The host sets it, too, where the numbers of a feed tell so.
#define STRATD_EVENT_FLAG_GAP UINT16_C(16)
// BookUpdate: further ones belong to it, and the book is not whole until the one without this flag.
#define STRATD_EVENT_FLAG_MORE UINT16_C(32)
// It happened before the run began, and is told to warm a strategy up: no order passes.
#define STRATD_EVENT_FLAG_HISTORY UINT16_C(64)
// Bar: the number of its subscription, times 256; 0 = a bar of the exchange.
#define STRATD_EVENT_FLAG_BAR_SERIES UINT16_C(65280)

// stratd_book_record_t.state.
// The source never showed one.
#define STRATD_BOOK_STATE_NONE UINT8_C(0)
// Parts of an update or snapshot have come, and others follow.
#define STRATD_BOOK_STATE_PARTIAL UINT8_C(1)
// As the source shows it.
#define STRATD_BOOK_STATE_LIVE UINT8_C(2)
// Something was lost: there is nothing to see until a snapshot comes.
#define STRATD_BOOK_STATE_STALE UINT8_C(3)

// stratd_book_record_t.source.
// Nothing yet.
#define STRATD_BOOK_SOURCE_NONE UINT8_C(0)
// Quotes: one level a side.
#define STRATD_BOOK_SOURCE_QUOTES UINT8_C(1)
// Order events of the feed.
#define STRATD_BOOK_SOURCE_ORDERS UINT8_C(2)
// Book updates, by level or by order.
#define STRATD_BOOK_SOURCE_UPDATES UINT8_C(3)

// stratd_bar_spec_t.kind.
// Intervals of time, counted from midnight UTC.
#define STRATD_BAR_KIND_TIME UINT32_C(1)
// So many trades.
#define STRATD_BAR_KIND_TICK UINT32_C(2)
// So much quantity; a trade across the boundary is divided.
#define STRATD_BAR_KIND_VOLUME UINT32_C(3)

// Bits of stratd_bar_spec_t.flags.
// TIME: an interval without trades gives a bar, too, at the price before it.
#define STRATD_BAR_FLAG_FLAT UINT32_C(1)
// TIME: the interval that has begun already counts, with its trades from now on; else the first bar is of the first
// interval that is whole.
#define STRATD_BAR_FLAG_PARTIAL UINT32_C(2)

// stratd_order_event_t.kind.
// Feed, anyone's order: it rests in the book.
#define STRATD_ORDER_EVENT_KIND_OPEN UINT16_C(1)
// Feed, anyone's order: it left the book unfilled.
#define STRATD_ORDER_EVENT_KIND_CANCEL UINT16_C(2)
// Feed, anyone's order: partly filled or changed.
#define STRATD_ORDER_EVENT_KIND_CHANGE UINT16_C(3)
// Feed, anyone's order: completely filled.
#define STRATD_ORDER_EVENT_KIND_FILL UINT16_C(4)
// Own order: the exchange has it.
#define STRATD_ORDER_EVENT_KIND_RECEIVED UINT16_C(5)
// Own order: refused, by our risk (status Denied) or the exchange (status Rejected).
#define STRATD_ORDER_EVENT_KIND_REJECTED UINT16_C(6)
// Own order: canceled or expired.
#define STRATD_ORDER_EVENT_KIND_CANCELED UINT16_C(7)
// Own order: an execution, we bought.
#define STRATD_ORDER_EVENT_KIND_BOUGHT UINT16_C(8)
// Own order: an execution, we sold.
#define STRATD_ORDER_EVENT_KIND_SOLD UINT16_C(9)
// Own order: a cancel or change request was refused; the order is as it was.
#define STRATD_ORDER_EVENT_KIND_REQUEST_REJECTED UINT16_C(10)

// Side of an order; 0 where none applies.
// Buy.
#define STRATD_SIDE_BUY UINT8_C(1)
// Sell.
#define STRATD_SIDE_SELL UINT8_C(2)

// stratd_account_record_t.oms_type: how executions make positions.
// One position for each instrument.
#define STRATD_OMS_TYPE_NETTING UINT16_C(0)
// A long and a short position side by side for each instrument: an order opens its own side, or with
// `REDUCE_ONLY` closes the other.
#define STRATD_OMS_TYPE_HEDGING UINT16_C(1)

// stratd_position_record_t.side.
// The only one of its instrument: positions are netted.
#define STRATD_POSITION_SIDE_NET UINT16_C(0)
// The long one.
#define STRATD_POSITION_SIDE_LONG UINT16_C(1)
// The short one.
#define STRATD_POSITION_SIDE_SHORT UINT16_C(2)

// Order types.
// Executes at once at the best prices.
#define STRATD_ORDER_TYPE_MARKET UINT8_C(1)
// Executes at `price` or better, rests otherwise.
#define STRATD_ORDER_TYPE_LIMIT UINT8_C(2)
// Becomes a market order once the last price reaches `stop_price`.
#define STRATD_ORDER_TYPE_STOP_MARKET UINT8_C(3)
// Becomes a limit order at `price` once the last price reaches `stop_price`.
#define STRATD_ORDER_TYPE_STOP_LIMIT UINT8_C(4)
// Becomes a market order once the last price is at `stop_price` or better.
#define STRATD_ORDER_TYPE_MARKET_IF_TOUCHED UINT8_C(5)
// Becomes a limit order at `price` once the last price is at `stop_price` or better.
#define STRATD_ORDER_TYPE_LIMIT_IF_TOUCHED UINT8_C(6)
// A stop whose price follows the best price at the distance `trail`.
#define STRATD_ORDER_TYPE_TRAILING_STOP UINT8_C(7)

// Bits of an order's flags.
// All at once or nothing.
#define STRATD_ORDER_FLAG_FILL_OR_KILL UINT8_C(1)
// One counterparty fills all of it or nothing.
#define STRATD_ORDER_FLAG_ALL_OR_NONE UINT8_C(2)
// What is there now; the rest is canceled.
#define STRATD_ORDER_FLAG_IMMEDIATE_OR_CANCEL UINT8_C(4)
// Refused rather than executed on entry.
#define STRATD_ORDER_FLAG_POST_ONLY UINT8_C(8)
// Never opens or grows a position. Where positions are hedged, it says that the order closes: a buy the short
// position, a sell the long one.
#define STRATD_ORDER_FLAG_REDUCE_ONLY UINT8_C(16)
// `group` is the client order id of an order that works or was requested before: this one waits until that one is
// filled, and trades no more than was. All that are attached to one order exclude each other. No exchange gets it.
#define STRATD_ORDER_FLAG_ATTACHED UINT8_C(32)

// Bits of stratd_order_event_t.flags beside those of `order_flag`: on an own execution, how it came about.
// Neither bit = the exchange does not tell.
// The order rested and was met.
#define STRATD_ORDER_EVENT_FLAG_MAKER UINT8_C(64)
// The order took what was there.
#define STRATD_ORDER_EVENT_FLAG_TAKER UINT8_C(128)

// stratd_fill_record_t.liquidity: how an own execution came about.
// The exchange does not tell.
#define STRATD_LIQUIDITY_UNKNOWN UINT8_C(0)
// The order rested and was met.
#define STRATD_LIQUIDITY_MAKER UINT8_C(1)
// The order took what was there.
#define STRATD_LIQUIDITY_TAKER UINT8_C(2)

// stratd_order_record_t.held: an order that the host holds is not at its exchange; its status is `OPEN`.
// Sent, or finished.
#define STRATD_ORDER_HELD_NONE UINT8_C(0)
// Until the price reaches it.
#define STRATD_ORDER_HELD_FOR_PRICE UINT8_C(1)
// Until the order that it is attached to is filled.
#define STRATD_ORDER_HELD_FOR_ENTRY UINT8_C(2)
// The price reached it; until the orders that it excludes have left the exchange.
#define STRATD_ORDER_HELD_FOR_GROUP UINT8_C(3)

// How long an order lives.
// Good till canceled.
#define STRATD_ORDER_LIFETIME_GTC UINT8_C(0)
// Until the end of the trading day.
#define STRATD_ORDER_LIFETIME_DAY UINT8_C(1)
// Until `expires`.
#define STRATD_ORDER_LIFETIME_GTD UINT8_C(2)

// Order status.
// Sent or about to be sent; the exchange has not answered.
#define STRATD_ORDER_STATUS_PENDING_NEW UINT8_C(1)
// Working, nothing filled.
#define STRATD_ORDER_STATUS_OPEN UINT8_C(2)
// Working, partly filled.
#define STRATD_ORDER_STATUS_PARTIALLY_FILLED UINT8_C(3)
// Completely filled.
#define STRATD_ORDER_STATUS_FILLED UINT8_C(4)
// A cancel was sent; fills may still come.
#define STRATD_ORDER_STATUS_PENDING_CANCEL UINT8_C(5)
// Canceled; may have fills.
#define STRATD_ORDER_STATUS_CANCELED UINT8_C(6)
// Refused by the exchange.
#define STRATD_ORDER_STATUS_REJECTED UINT8_C(7)
// Refused by our own risk.
#define STRATD_ORDER_STATUS_DENIED UINT8_C(8)
// Its lifetime ended.
#define STRATD_ORDER_STATUS_EXPIRED UINT8_C(9)
// The exchange did not answer in time; reconciliation decides.
#define STRATD_ORDER_STATUS_UNKNOWN UINT8_C(10)

// Reason codes of refusals, cancels and halts.
// None.
#define STRATD_REASON_NONE UINT32_C(0)
// The instrument is not known to the host.
#define STRATD_REASON_UNKNOWN_INSTRUMENT UINT32_C(1)
// Price is not a multiple of the tick.
#define STRATD_REASON_OFF_TICK UINT32_C(2)
// Quantity is not a multiple of the lot.
#define STRATD_REASON_OFF_LOT UINT32_C(3)
// Quantity is not positive.
#define STRATD_REASON_BAD_QUANTITY UINT32_C(4)
// The order type or one of its fields is not usable.
#define STRATD_REASON_BAD_ORDER UINT32_C(5)
// No such order, or it is finished.
#define STRATD_REASON_UNKNOWN_ORDER UINT32_C(6)
// The limit of one order's quantity.
#define STRATD_REASON_MAX_ORDER_QUANTITY UINT32_C(7)
// The limit of one order's notional.
#define STRATD_REASON_MAX_ORDER_NOTIONAL UINT32_C(8)
// The limit of the position.
#define STRATD_REASON_MAX_POSITION UINT32_C(9)
// The limit of open orders.
#define STRATD_REASON_MAX_OPEN_ORDERS UINT32_C(10)
// The limit of orders in a time.
#define STRATD_REASON_ORDER_RATE UINT32_C(11)
// Too far from the last price.
#define STRATD_REASON_PRICE_COLLAR UINT32_C(12)
// The limit of the day's loss.
#define STRATD_REASON_MAX_DAILY_LOSS UINT32_C(13)
// The limit of the fall from the highest equity.
#define STRATD_REASON_MAX_DRAWDOWN UINT32_C(14)
// Outside the trading hours.
#define STRATD_REASON_TRADING_HOURS UINT32_C(15)
// Trading is halted.
#define STRATD_REASON_HALTED UINT32_C(16)
// Only reducing orders are accepted.
#define STRATD_REASON_REDUCING UINT32_C(17)
// The instrument cannot be traded, or not on this exchange.
#define STRATD_REASON_NOT_TRADABLE UINT32_C(18)
// No price is known yet, so the order's notional cannot be judged.
#define STRATD_REASON_NO_PRICE UINT32_C(19)
// An amount exceeds what the numbers can hold.
#define STRATD_REASON_OVERFLOW UINT32_C(20)
// Canceled on request.
#define STRATD_REASON_REQUESTED UINT32_C(21)
// Canceled because the rest could not be filled at once.
#define STRATD_REASON_UNFILLED UINT32_C(22)
// Refused because it would have executed on entry (post-only).
#define STRATD_REASON_WOULD_EXECUTE UINT32_C(23)
// The strategy failed or was stopped.
#define STRATD_REASON_STRATEGY_STOPPED UINT32_C(24)
// The run ended.
#define STRATD_REASON_RUN_ENDED UINT32_C(25)
// The data ended.
#define STRATD_REASON_DATA_ENDED UINT32_C(26)
// Self-trade prevention.
#define STRATD_REASON_SELF_TRADE UINT32_C(27)
// The exchange's own reason; the text says which.
#define STRATD_REASON_EXCHANGE UINT32_C(28)
// An id that was used before.
#define STRATD_REASON_DUPLICATE_ID UINT32_C(29)
// A changed volume at or below what is filled.
#define STRATD_REASON_VOLUME_NOT_ABOVE_FILLED UINT32_C(30)
// A limit of the host was reached (orders, requests of one event, timers).
#define STRATD_REASON_HOST_LIMIT UINT32_C(31)
// The plugin panicked.
#define STRATD_REASON_PANIC UINT32_C(32)
// A handler returned an error.
#define STRATD_REASON_HANDLER_ERROR UINT32_C(33)
// The process of the isolated plugin ended.
#define STRATD_REASON_CRASHED UINT32_C(34)
// The isolated plugin did not answer in time.
#define STRATD_REASON_DEADLINE UINT32_C(35)
// The cash or margin of the account does not suffice.
#define STRATD_REASON_BUYING_POWER UINT32_C(36)
// The account may not sell more than it holds.
#define STRATD_REASON_SHORT_SALE UINT32_C(37)
// The strategy is being warmed up with history: no order passes.
#define STRATD_REASON_WARM_UP UINT32_C(38)
// The instrument has expired.
#define STRATD_REASON_EXPIRED UINT32_C(39)
// Other orders of its group were filled.
#define STRATD_REASON_GROUP UINT32_C(40)
// What must be kept of an order could not be written, so that it was not sent.
#define STRATD_REASON_NOT_STORED UINT32_C(41)

// stratd_risk_limit_record_t.scope.
// All strategies together.
#define STRATD_RISK_SCOPE_RUN UINT32_C(0)
// The asking strategy.
#define STRATD_RISK_SCOPE_STRATEGY UINT32_C(1)
// The asked instrument, all strategies together.
#define STRATD_RISK_SCOPE_INSTRUMENT UINT32_C(2)

// Instrument types.
// Anything else.
#define STRATD_INSTRUMENT_TYPE_OTHER UINT8_C(0)
// A share.
#define STRATD_INSTRUMENT_TYPE_EQUITY UINT8_C(1)
// A bond.
#define STRATD_INSTRUMENT_TYPE_BOND UINT8_C(2)
// An option.
#define STRATD_INSTRUMENT_TYPE_OPTION UINT8_C(3)
// A future.
#define STRATD_INSTRUMENT_TYPE_FUTURE UINT8_C(4)
// Two currencies.
#define STRATD_INSTRUMENT_TYPE_PAIR UINT8_C(5)
// Two legs with sides.
#define STRATD_INSTRUMENT_TYPE_SPREAD UINT8_C(6)
// An option on a future.
#define STRATD_INSTRUMENT_TYPE_FUTURE_OPTION UINT8_C(7)
// A fund.
#define STRATD_INSTRUMENT_TYPE_MUTUAL_FUND UINT8_C(8)
// A good.
#define STRATD_INSTRUMENT_TYPE_COMMODITY UINT8_C(9)
// A currency; not tradable itself.
#define STRATD_INSTRUMENT_TYPE_CURRENCY UINT8_C(10)
// An index; not tradable itself.
#define STRATD_INSTRUMENT_TYPE_INDEX UINT8_C(11)

// Option types.
// Not an option.
#define STRATD_OPTION_TYPE_NONE UINT8_C(0)
// The right to buy.
#define STRATD_OPTION_TYPE_CALL UINT8_C(1)
// The right to sell.
#define STRATD_OPTION_TYPE_PUT UINT8_C(2)

// Trading types, as bits: a manifest declares a set of them.
// Offline on historical data.
#define STRATD_TRADING_TYPE_BACKTEST UINT32_C(1)
// Live data, our own fill model executes.
#define STRATD_TRADING_TYPE_SIMULATION UINT32_C(2)
// The exchange's paper endpoint.
#define STRATD_TRADING_TYPE_SANDBOX UINT32_C(4)
// Real orders.
#define STRATD_TRADING_TYPE_LIVE UINT32_C(8)

// stratd_manifest_v1_t.kind.
// A trading strategy.
#define STRATD_PLUGIN_KIND_STRATEGY UINT32_C(1)
// An exchange connector.
#define STRATD_PLUGIN_KIND_EXCHANGE UINT32_C(2)
// Filters, handlers and formatters of the log.
#define STRATD_PLUGIN_KIND_LOG UINT32_C(3)

// Bits of stratd_manifest_v1_t.flags.
// Starts threads of its own.
#define STRATD_PLUGIN_FLAG_SPAWNS_THREADS UINT64_C(1)
// Promises to leave nothing behind that points into the library.
#define STRATD_PLUGIN_FLAG_UNLOAD_SAFE UINT64_C(2)
// Reads no view inside market handlers, so that slices of many events are allowed; `on_events` says when to return
// before the last of them.
#define STRATD_PLUGIN_FLAG_BATCH_SAFE UINT64_C(4)
// Exchange: delivers market data.
#define STRATD_PLUGIN_FLAG_MARKET_DATA UINT64_C(8)
// Exchange: takes orders.
#define STRATD_PLUGIN_FLAG_ORDER_ENTRY UINT64_C(16)
// Exchange: market data is pulled in batches through `poll` (else pushed through `emit`).
#define STRATD_PLUGIN_FLAG_HISTORICAL UINT64_C(32)
// Exchange: two connections of one account may live side by side (make before break).
#define STRATD_PLUGIN_FLAG_MAKE_BEFORE_BREAK UINT64_C(64)

// stratd_schedule_t.kind.
// Once, at `time`.
#define STRATD_SCHEDULE_KIND_ONCE UINT32_C(1)
// Whenever the UTC wall clock matches `hour`, `minute` and `second` (-1 = every).
#define STRATD_SCHEDULE_KIND_AT UINT32_C(2)
// Every `interval`, first one interval from now.
#define STRATD_SCHEDULE_KIND_PERIODIC UINT32_C(3)
// `interval` before the close of `instrument`'s trading session.
#define STRATD_SCHEDULE_KIND_BEFORE_CLOSE UINT32_C(4)

// stratd_log_field_t.kind.
// Nothing.
#define STRATD_LOG_VALUE_NONE UINT32_C(0)
// `text`.
#define STRATD_LOG_VALUE_TEXT UINT32_C(1)
// `bits` as a signed integer.
#define STRATD_LOG_VALUE_INTEGER UINT32_C(2)
// `bits` as an unsigned integer.
#define STRATD_LOG_VALUE_UNSIGNED UINT32_C(3)
// `bits` as a double.
#define STRATD_LOG_VALUE_FLOAT UINT32_C(4)
// `bits` is 0 or 1.
#define STRATD_LOG_VALUE_BOOL UINT32_C(5)
// `text` is JSON: a list or a table.
#define STRATD_LOG_VALUE_JSON UINT32_C(6)

// Numbers of loggers that need not be asked for, for stratd_log_entry_t.logger.
// The instance's own logger.
#define STRATD_LOGGER_ID_OWN UINT32_C(0)
// The logger of the instance of the same plugin that this thread is inside a call of; the instance's own if it is
// in none. For code that several instances share.
#define STRATD_LOGGER_ID_IN_HAND UINT32_C(4294967295)
// stratd_log_entry_t.event: of no known event.
#define STRATD_LOGGER_ID_NO_EVENT UINT32_C(4294967295)

// Bits of stratd_log_entry_t.flags.
// The plugin lets the record pass whatever the level of its logger is: handlers have levels still.
#define STRATD_LOG_FLAG_FORCED UINT32_C(1)

// stratd_log_part_v1_t.kind.
// Decides about records, and may change them.
#define STRATD_LOG_PART_FILTER UINT32_C(1)
// Takes records.
#define STRATD_LOG_PART_HANDLER UINT32_C(2)
// Makes texts of records.
#define STRATD_LOG_PART_FORMATTER UINT32_C(3)

// A text interned by the host; 0 is the empty text. stratd_host_v1_t.text copies it out.
//
// A handle with the highest bit set stands for the decimal text of its lower 63 bits: ids that are numbers need no
// entry in the host's table, and a plugin may make such a handle itself. Nothing else can be read from a handle.
typedef uint64_t stratd_text_handle_t;

// UTF-8 text, borrowed for the duration of the call; not null-terminated.
//
// `data` may be null when `length` is 0.
typedef struct stratd_str {
    // First byte.
    const uint8_t *data;
    // Length in bytes.
    uint64_t length;
} stratd_str_t;

// Where a callee writes bytes of a length that the caller does not know: saved states, error texts.
//
// `write` copies; it may be called any number of times, the parts are concatenated.
// It returns 0, or a negative number if the receiver's limit is reached and nothing more is taken.
typedef struct stratd_sink {
    // Handed back to `write`.
    void *ctx;
    // Appends `length` bytes.
    int64_t (*write)(void *ctx, const uint8_t *data, uint64_t length);
} stratd_sink_t;

// A signed 128-bit amount of money in units of 1e-8 of its currency, as two's complement halves:
// C has no portable 128-bit integer.
typedef struct stratd_money_bits {
    // Lower 64 bits.
    uint64_t lo;
    // Upper 64 bits with the sign.
    int64_t hi;
} stratd_money_bits_t;

// A market event: 64 bytes, one cache line.
//
// What the five numbers of `data` mean depends on `kind`, see STRATD_EVENT_KIND_*.
typedef struct stratd_event {
    // Time at the exchange.
    int64_t ts;
    // Position in the engine's order of all inputs; 0 until the engine assigned it.
    uint64_t seq;
    // The instrument's id; 0 where none applies.
    uint32_t instrument;
    // One of STRATD_EVENT_KIND_*.
    uint16_t kind;
    // Bits of STRATD_EVENT_FLAG_*.
    uint16_t flags;
    // Five numbers, by kind.
    int64_t data[5];
} stratd_event_t;

// An order event: 128 bytes.
//
// The feed reports anyone's orders (kinds OPEN, CANCEL, CHANGE, FILL); own orders have kinds of their own.
typedef struct stratd_order_event {
    // Time at the exchange.
    int64_t ts;
    // Position in the engine's order of all inputs; 0 until the engine assigned it.
    uint64_t seq;
    // Our id; 0 for orders of others.
    uint64_t client_order_id;
    // The exchange's id.
    stratd_text_handle_t exchange_order_id;
    // The instrument's id.
    uint32_t instrument;
    // One of STRATD_ORDER_EVENT_KIND_*.
    uint16_t kind;
    // One of STRATD_ORDER_STATUS_*: the status after this event.
    uint8_t status;
    // One of STRATD_SIDE_*.
    uint8_t side;
    // Price of the order; 0 for a market order.
    int64_t price;
    // Total quantity of the order.
    int64_t quantity;
    // Price of this execution; 0 without one.
    int64_t last_price;
    // Quantity of this execution; 0 without one.
    int64_t last_quantity;
    // Quantity executed so far, this execution included.
    int64_t cumulative_quantity;
    // The exchange's fee of this execution, positive when we pay, in the currency of the instrument.
    stratd_money_bits_t fee;
    // The exchange's id of this execution.
    stratd_text_handle_t trade_id;
    // One of STRATD_REASON_*.
    uint32_t reason;
    // Handle of the exchange.
    uint16_t exchange;
    // One of STRATD_ORDER_TYPE_*.
    uint8_t order_type;
    // Bits of STRATD_ORDER_FLAG_*; on an own execution also one of STRATD_ORDER_EVENT_FLAG_*.
    uint8_t flags;
    // Time of receipt.
    int64_t ts_recv;
    // The request that this answers; 0 for unsolicited reports.
    uint64_t correlation;
} stratd_order_event_t;

// A strategy's request for a new order. A request is only a request: the outcome comes as order events.
typedef struct stratd_order_request {
    // The instrument's id.
    uint32_t instrument;
    // Handle of the exchange; 0 = the host chooses: the instrument's own, or by the routing that is configured.
    uint16_t exchange;
    // One of STRATD_SIDE_*.
    uint8_t side;
    // One of STRATD_ORDER_TYPE_*.
    uint8_t order_type;
    // Bits of STRATD_ORDER_FLAG_*.
    uint8_t flags;
    // One of STRATD_ORDER_LIFETIME_*.
    uint8_t lifetime;
    // Zero.
    uint16_t reserved;
    // A number of the author's choice, kept with the order.
    uint32_t tag;
    // Quantity; 0 if `notional` is given.
    int64_t quantity;
    // Limit price; for a MARKET order 0 = none, for every other type 0 is a price.
    int64_t price;
    // Stop or touch price.
    int64_t stop_price;
    // Distance of a trailing stop.
    int64_t trail;
    // End of a `GTD` lifetime.
    int64_t expires;
    // MARKET only: spend or raise at most this much.
    stratd_money_bits_t notional;
    // Orders of a strategy of one group exclude each other (OCO): together they trade no more than the largest of them;
    // 0 = none. The author's own numbers are 1 to 4294967295. With `ATTACHED`, the id of the order that it waits for.
    uint64_t group;
} stratd_order_request_t;

// What an exchange connector is told to do with an order.
typedef struct stratd_order_command {
    // Answers carry this number.
    uint64_t correlation;
    // Our id of the order: unique over all runs, never 0, and not used again. At the exchange it is this number in
    // decimal digits, at most 20 of them, with a prefix where the connector needs one.
    uint64_t client_order_id;
    // The exchange's id (text handle); 0 for a new order.
    uint64_t exchange_order_id;
    // No answer by this time means that the outcome is unknown.
    int64_t deadline;
    // The order as it shall be; for a change, `quantity` is the new total.
    stratd_order_request_t order;
} stratd_order_command_t;

// One trading session of a day, in seconds after midnight of the instrument's time zone.
// A session that ends before it opens ends on the next day.
typedef struct stratd_session {
    // Opening second, 0..=86_399.
    uint32_t open;
    // Closing second, 1..=86_400.
    uint32_t close;
} stratd_session_t;

// An instrument. The host assigns `id`; a connector leaves it 0.
typedef struct stratd_instrument_record {
    // The host's number of the instrument, from 1.
    uint32_t id;
    // Handle of the exchange, from 1.
    uint16_t exchange;
    // One of STRATD_INSTRUMENT_TYPE_*.
    uint8_t instrument_type;
    // One of STRATD_OPTION_TYPE_*.
    uint8_t option_type;
    // Symbol, e.g. "AAPL".
    stratd_text_handle_t symbol;
    // Currency of its prices, e.g. "USD".
    stratd_text_handle_t currency;
    // The exchange's own id of the instrument, if it differs from the symbol.
    stratd_text_handle_t broker_id;
    // Prices are integers in units of 10^-price_decimals.
    uint8_t price_decimals;
    // Quantities are integers in units of 10^-quantity_decimals.
    uint8_t quantity_decimals;
    // Sides of the legs of a SPREAD, one of STRATD_SIDE_*.
    uint8_t leg1_side;
    // As `leg1_side`.
    uint8_t leg2_side;
    // The option's or future's underlying; 0 = none or unknown.
    uint32_t underlying;
    // First leg of a PAIR or SPREAD; 0 = none.
    uint32_t leg1;
    // Second leg of a PAIR or SPREAD; 0 = none.
    uint32_t leg2;
    // Smallest step of the price, in units of the price scale; at least 1.
    int64_t tick;
    // Smallest step of the quantity, in units of the quantity scale; at least 1.
    int64_t lot;
    // Value of one point per unit of quantity, in units of 1e-8 (100_000_000 = 1).
    int64_t multiplier;
    // Strike of an option, in units of the price scale.
    int64_t strike;
    // Expiry time; 0 = none.
    int64_t expiry;
    // IANA name of the time zone of `sessions`; empty = UTC.
    stratd_text_handle_t timezone;
    // The first `session_count` are used; none = around the clock.
    stratd_session_t sessions[4];
    // How many of `sessions` are used.
    uint8_t session_count;
    // Bit 0 = Monday … bit 6 = Sunday; 0 = every day.
    uint8_t weekdays;
    // Zero.
    uint8_t reserved[6];
} stratd_instrument_record_t;

// Narrows a query; zero fields match everything.
typedef struct stratd_filter {
    // The instrument's id.
    uint32_t instrument;
    // Handle of the exchange.
    uint16_t exchange;
    // One of STRATD_SIDE_*.
    uint8_t side;
    // One plus one of STRATD_INSTRUMENT_TYPE_*.
    uint8_t instrument_type_plus_one;
} stratd_filter_t;

// An exchange that the run has.
typedef struct stratd_exchange_record {
    // Name of the exchange instance.
    stratd_text_handle_t name;
    // Handle, from 1.
    uint16_t id;
    // Zero.
    uint16_t reserved[3];
    // Bits 1 << instrument type.
    uint32_t instrument_types;
    // Bits of STRATD_TRADING_TYPE_*.
    uint32_t trading_types;
} stratd_exchange_record_t;

// An order of the asking strategy.
typedef struct stratd_order_record {
    // Our id.
    uint64_t client_order_id;
    // The exchange's id; 0 until known.
    stratd_text_handle_t exchange_order_id;
    // The instrument's id.
    uint32_t instrument;
    // Handle of the exchange.
    uint16_t exchange;
    // One of STRATD_SIDE_*.
    uint8_t side;
    // One of STRATD_ORDER_TYPE_*.
    uint8_t order_type;
    // Bits of STRATD_ORDER_FLAG_*.
    uint8_t flags;
    // One of STRATD_ORDER_LIFETIME_*.
    uint8_t lifetime;
    // One of STRATD_ORDER_STATUS_*.
    uint8_t status;
    // One of STRATD_ORDER_HELD_*: whether the host holds the order, and for what.
    uint8_t held;
    // The author's number of the order.
    uint32_t tag;
    // Total quantity.
    int64_t quantity;
    // Executed so far.
    int64_t filled;
    // Limit price.
    int64_t price;
    // Stop or touch price.
    int64_t stop_price;
    // Time of the request.
    int64_t created;
    // Time of the last event.
    int64_t updated;
    // One of STRATD_REASON_*.
    uint32_t reason;
    // Zero.
    uint32_t reserved;
    // The group of the request.
    uint64_t group;
    // Distance of a trailing stop.
    int64_t trail;
    // End of a `GTD` lifetime.
    int64_t expires;
} stratd_order_record_t;

// An own execution.
typedef struct stratd_fill_record {
    // Time at the exchange.
    int64_t ts;
    // Our id of the order.
    uint64_t client_order_id;
    // The exchange's id of the order.
    stratd_text_handle_t exchange_order_id;
    // The exchange's id of the execution.
    stratd_text_handle_t trade_id;
    // The instrument's id.
    uint32_t instrument;
    // Handle of the exchange.
    uint16_t exchange;
    // One of STRATD_SIDE_*.
    uint8_t side;
    // One of STRATD_LIQUIDITY_*.
    uint8_t liquidity;
    // Price.
    int64_t price;
    // Quantity.
    int64_t quantity;
    // The exchange's fee, positive when we pay, in the currency of the instrument.
    stratd_money_bits_t fee;
    // Modelled slippage, positive when it costs us.
    stratd_money_bits_t slippage;
    // Modelled transaction cost, positive when it costs us.
    stratd_money_bits_t transaction_cost;
} stratd_fill_record_t;

// A position of the asking strategy, or what an account at an exchange holds.
typedef struct stratd_position_record {
    // The instrument's id.
    uint32_t instrument;
    // Handle of the exchange.
    uint16_t exchange;
    // One of STRATD_POSITION_SIDE_*.
    uint16_t side;
    // Signed size: negative is short.
    int64_t size;
    // Average entry price, rounded to the price scale for display.
    int64_t price_average;
    // Last price of the instrument; 0 until one is known.
    int64_t price_last;
    // Signed cost of what is open.
    stratd_money_bits_t cost;
    // Signed value of what is open at the last price.
    stratd_money_bits_t notional;
    // Realized on what was closed, before fees.
    stratd_money_bits_t realized;
    // `notional - cost`.
    stratd_money_bits_t unrealized;
    // Fees and costs paid.
    stratd_money_bits_t fees;
} stratd_position_record_t;

// An account.
typedef struct stratd_account_record {
    // The exchange's id of the account.
    stratd_text_handle_t id;
    // Currency.
    stratd_text_handle_t currency;
    // Handle of the exchange; 0 = the run's own account.
    uint16_t exchange;
    // One of STRATD_OMS_TYPE_*.
    uint16_t oms_type;
    // 1 = an exchange reports with it all that it holds: what is not reported, it does not hold. 0 = it does not tell.
    uint16_t has_positions;
    // Zero.
    uint16_t reserved;
    // Cash.
    stratd_money_bits_t cash;
    // Cash plus the value of all positions.
    stratd_money_bits_t equity;
    // Margin in use.
    stratd_money_bits_t margin;
} stratd_account_record_t;

// The portfolio of the asking strategy.
typedef struct stratd_portfolio_record {
    // Currency of the amounts.
    stratd_text_handle_t currency;
    // Cash moved by this strategy's fills and fees: starts at 0.
    stratd_money_bits_t cash;
    // Value of its positions at the last prices.
    stratd_money_bits_t notional;
    // Realized on what was closed, before fees.
    stratd_money_bits_t realized;
    // Value of positions less their cost.
    stratd_money_bits_t unrealized;
    // Fees and costs paid.
    stratd_money_bits_t fees;
    // Equity of the whole run.
    stratd_money_bits_t equity_run;
} stratd_portfolio_record_t;

// Risk figures of the asking strategy, of one instrument or of all.
typedef struct stratd_risk_record {
    // Sum of the absolute values of positions.
    stratd_money_bits_t exposure;
    // Signed sum of the values of positions.
    stratd_money_bits_t notional;
    // Realized on what was closed, before fees.
    stratd_money_bits_t realized;
    // Value of positions less their cost.
    stratd_money_bits_t unrealized;
    // Fall of the PnL from its highest value so far; not negative.
    stratd_money_bits_t drawdown;
    // Loss since the start of the UTC day; not negative.
    stratd_money_bits_t day_loss;
    // Value of all working orders at their limit or the last price.
    stratd_money_bits_t open_order_exposure;
} stratd_risk_record_t;

// One limit and how much of it is used.
typedef struct stratd_risk_limit_record {
    // The code of STRATD_REASON_* that a breach gives.
    uint32_t limit_code;
    // The instrument that it is for; 0 = all.
    uint32_t instrument;
    // One of STRATD_RISK_SCOPE_*: whose limit it is.
    uint32_t scope;
    // Zero.
    uint32_t reserved;
    // In the unit of the limit: quantity, money or a count.
    stratd_money_bits_t used;
    // The limit.
    stratd_money_bits_t limit;
    // `limit - used`.
    stratd_money_bits_t headroom;
} stratd_risk_limit_record_t;

// One entry of an instrument's price history.
typedef struct stratd_price_point {
    // Time at the exchange.
    int64_t ts;
    // Price.
    int64_t price;
    // Quantity.
    int64_t quantity;
} stratd_price_point_t;

// What of a book is asked for.
typedef struct stratd_book_query {
    // The instrument's id.
    uint32_t instrument;
    // At most this many levels a side; 0 = none, 4294967295 = all.
    uint32_t depth;
    // One of STRATD_SIDE_*; 0 = both.
    uint8_t side;
    // 1 = only the level at `price`, 0 = the best levels.
    uint8_t has_price;
    // Zero.
    uint8_t reserved[6];
    // The price of the one level that is asked for.
    int64_t price;
} stratd_book_query_t;

// What is known of a book.
typedef struct stratd_book_record {
    // The instrument's id.
    uint32_t instrument;
    // One of STRATD_BOOK_STATE_*.
    uint8_t state;
    // One of STRATD_BOOK_SOURCE_*.
    uint8_t source;
    // 1 = the best bid is at or above the best offer.
    uint8_t is_crossed;
    // Zero.
    uint8_t reserved;
    // Time of the last change at the exchange.
    int64_t ts;
    // Number of the input that changed it last.
    uint64_t seq;
    // Levels of the bid side.
    uint32_t bid_levels;
    // Levels of the ask side.
    uint32_t ask_levels;
    // Single orders that are known; 0 where the source shows levels only.
    uint64_t orders;
    // How often something was lost, since the start of the run.
    uint64_t gaps;
    // How often the sides came to cross, since the start of the run.
    uint64_t crossings;
    // Updates that found no room, since the start of the run.
    uint64_t left_out;
} stratd_book_record_t;

// A level of a book.
typedef struct stratd_book_level_record {
    // Price.
    int64_t price;
    // Quantity of all orders there.
    int64_t quantity;
    // How many orders; 0 where the source shows levels only.
    uint32_t orders;
    // One of STRATD_SIDE_*.
    uint8_t side;
    // Zero.
    uint8_t reserved[3];
} stratd_book_level_record_t;

// How bars are made of trades.
typedef struct stratd_bar_spec {
    // One of STRATD_BAR_KIND_*.
    uint32_t kind;
    // Bits of STRATD_BAR_FLAG_*.
    uint32_t flags;
    // TIME: nanoseconds, a divisor of a day or whole days. TICK: trades. VOLUME: quantity, in units of the instrument.
    int64_t step;
    // TIME: how long after its end a bar waits for trades that come late, in nanoseconds.
    int64_t delay;
} stratd_bar_spec_t;

// A key with its value, both as text.
typedef struct stratd_key_value {
    // Key.
    stratd_str_t key;
    // Value.
    stratd_str_t value;
} stratd_key_value_t;

// A log record, borrowed for the call; the host copies.
typedef struct stratd_log_record {
    // CPython's numbers: 10 debug, 20 info, 30 warning, 40 error, 50 critical; any other is allowed.
    uint32_t level;
    // Length of `fields`.
    uint32_t field_count;
    // Logger name below the plugin instance's own; empty = the instance's.
    stratd_str_t target;
    // Message.
    stratd_str_t message;
    // Key-values.
    const stratd_key_value_t *fields;
} stratd_log_record_t;

// When a timer fires.
typedef struct stratd_schedule {
    // One of STRATD_SCHEDULE_KIND_*.
    uint32_t kind;
    // The instrument whose session counts (BEFORE_CLOSE); else 0.
    uint32_t instrument;
    // ONCE: the time.
    int64_t time;
    // PERIODIC, BEFORE_CLOSE: nanoseconds.
    int64_t interval;
    // AT: 0..=23, -1 = every.
    int8_t hour;
    // AT: 0..=59, -1 = every.
    int8_t minute;
    // AT: 0..=59, -1 = every.
    int8_t second;
    // Zero.
    uint8_t reserved[5];
    // A number of the author's choice, handed back with the event.
    int64_t tag;
} stratd_schedule_t;

// The host's functions. Lives as long as the process; the plugin may keep the pointer.
//
// Only `log`, `error`, `text`, `now` and `trading_type` may be called from any thread and at any time.
// Everything else works only during a call of the strategy's table, on the calling thread; outside of it the
// call does nothing and returns its failure value.
//
// Queries fill at most `capacity` records of `out` in a stable order and return how many there are,
// so that a caller with too small a buffer can come back with a larger one.
typedef struct stratd_host_v1 {
    // Size of this table in bytes.
    uint32_t size;
    // STRATD_ABI.
    uint32_t abi;
    // First argument of every function.
    void *ctx;
    // Logs a record.
    void (*log)(void *ctx, const stratd_log_record_t *record);
    // Says why the call that is about to return failed; the last text before the return counts.
    void (*error)(void *ctx, stratd_str_t message);
    // Copies the text of a handle to `out`, as far as `capacity` goes, and returns its whole length in bytes; 0 for an
    // unknown handle. The payload of a DATA event has at most STRATD_PAYLOAD_BYTES_MAX bytes and is there during the
    // call that brings the event; every other text has at most STRATD_TEXT_BYTES_MAX and stays.
    uint64_t (*text)(void *ctx, stratd_text_handle_t handle, uint8_t *out, uint64_t capacity);
    // The time of the event in work, or the host's clock outside of one.
    int64_t (*now)(void *ctx);
    // The bit of STRATD_TRADING_TYPE_* of this run.
    uint32_t (*trading_type)(void *ctx);
    // Requests an order; returns our id, or 0 if the host's limit of requests per event is reached.
    uint64_t (*submit)(void *ctx, const stratd_order_request_t *request);
    // Requests to cancel an order; 0, or negative if the limit of requests is reached.
    int64_t (*cancel)(void *ctx, uint64_t client_order_id);
    // Requests another price and total quantity (filled included); as `cancel`.
    int64_t (*change)(void *ctx, uint64_t client_order_id, int64_t price, int64_t quantity);
    // Requests to cancel all own orders (of an instrument, 0 = all); as `cancel`.
    int64_t (*cancel_all)(void *ctx, uint32_t instrument);
    // Requests to cancel all own orders and close all own positions (of an instrument, 0 = all); as `cancel`.
    int64_t (*close_all)(void *ctx, uint32_t instrument);
    // Narrows the market events to subscribed instruments (0 = all of them).
    // A strategy that never subscribes gets everything. `kinds` has bit 1 << event kind; 0 = every kind.
    int64_t (*subscribe)(void *ctx, uint32_t instrument, uint32_t kinds);
    // Looks a symbol up; `exchange` 0 = any. Returns the instrument's id, 0 if unknown.
    uint32_t (*lookup)(void *ctx, stratd_str_t symbol, uint16_t exchange);
    // Instruments that match.
    uint64_t (*instruments)(void *ctx, const stratd_filter_t *filter, stratd_instrument_record_t *out,
        uint64_t capacity);
    // Exchanges that match.
    uint64_t (*exchanges)(void *ctx, const stratd_filter_t *filter, stratd_exchange_record_t *out,
        uint64_t capacity);
    // Own working orders.
    uint64_t (*orders)(void *ctx, const stratd_filter_t *filter, stratd_order_record_t *out,
        uint64_t capacity);
    // Own finished orders.
    uint64_t (*past_orders)(void *ctx, const stratd_filter_t *filter, stratd_order_record_t *out,
        uint64_t capacity);
    // Own executions.
    uint64_t (*fills)(void *ctx, const stratd_filter_t *filter, stratd_fill_record_t *out, uint64_t capacity);
    // Own positions, closed ones with their realized PnL included.
    uint64_t (*positions)(void *ctx, const stratd_filter_t *filter, stratd_position_record_t *out,
        uint64_t capacity);
    // Accounts.
    uint64_t (*accounts)(void *ctx, const stratd_filter_t *filter, stratd_account_record_t *out,
        uint64_t capacity);
    // The strategy's portfolio; 0, or negative outside of a call.
    int64_t (*portfolio)(void *ctx, stratd_portfolio_record_t *out);
    // Risk figures (instrument 0 = all) and the limits that apply; negative outside of a call.
    int64_t (*risk)(void *ctx, uint32_t instrument, stratd_risk_record_t *out,
        stratd_risk_limit_record_t *limits, uint64_t capacity);
    // The latest prices of an instrument, oldest first; the host keeps a limited number.
    uint64_t (*price_history)(void *ctx, uint32_t instrument, stratd_price_point_t *out, uint64_t capacity);
    // What is known of an instrument's book, and levels of it: bids from the highest, then offers from the lowest.
    // Returns how many levels were asked for and are there; negative outside of a call.
    int64_t (*book)(void *ctx, const stratd_book_query_t *query, stratd_book_record_t *out,
        stratd_book_level_record_t *levels, uint64_t capacity);
    // Bars of an instrument, made of its trades from the next one on; they come as events of kind BAR. Returns the
    // number that they carry, from 1, the same for the same `spec`; negative if it is not usable or a limit is reached.
    int64_t (*subscribe_bars)(void *ctx, uint32_t instrument, const stratd_bar_spec_t *spec);
    // Sets a timer; returns its id, 0 if the schedule is not usable or the limit of timers is reached.
    uint64_t (*timer)(void *ctx, const stratd_schedule_t *schedule);
    // Cancels a timer; 0, or negative if there is none of this id.
    int64_t (*timer_cancel)(void *ctx, uint64_t timer);
    // Ends this strategy after the call.
    void (*stop)(void *ctx, stratd_str_t reason);
    // Ends the run after the call, if the configuration permits it; otherwise only this strategy.
    void (*shutdown)(void *ctx, stratd_str_t reason);
    // Reports a figure of the strategy's own: `value` in units of 1e-8.
    void (*metric)(void *ctx, stratd_str_t name, stratd_money_bits_t value);
    // An extension table by id ("stratd.NAME/1"); null if unknown.
    const void *(*get_extension)(void *ctx, stratd_str_t id);
} stratd_host_v1_t;

// Id of the extension: of the host's stratd_log_host_v1_t and of a plugin's stratd_log_parts_v1_t.
#define STRATD_LOG_EXTENSION "stratd.log/1"

// A key with its value.
typedef struct stratd_log_field {
    // Key.
    stratd_str_t key;
    // The value, if it is a text.
    stratd_str_t text;
    // The value, if it is no text: the two's complement of an integer, the bits of a double, 0 or 1.
    uint64_t bits;
    // One of STRATD_LOG_VALUE_*.
    uint32_t kind;
    // Zero.
    uint32_t reserved;
} stratd_log_field_t;

// A logger of an instance.
typedef struct stratd_logger_ref {
    // The lowest level that anybody takes: to be read with a relaxed atomic load at each use, because it changes at any
    // time. Valid as long as the process.
    const int32_t *threshold;
    // The number of the logger, for stratd_log_entry_t.logger; the same for the same name as long as the process lives.
    uint32_t id;
    // Zero.
    uint32_t reserved;
} stratd_logger_ref_t;

// A log record, borrowed for the call; the host copies.
typedef struct stratd_log_entry {
    // A number that stratd_log_host_v1_t.logger gave, or one of STRATD_LOGGER_ID_*.
    uint32_t logger;
    // CPython's numbers: 10 debug, 20 info, 30 warning, 40 error, 50 critical; any other is allowed.
    int32_t level;
    // Line in the source; 0 = unknown.
    uint32_t line;
    // The place, in the slice of the call in hand, of the event that the record is about.
    // STRATD_LOGGER_ID_* = unknown: then the host names the instrument if the slice is of one.
    uint32_t event;
    // Name below the logger, looked up by the host; empty = the logger itself.
    stratd_str_t target;
    // Message.
    stratd_str_t message;
    // Source file.
    stratd_str_t file;
    // Function.
    stratd_str_t function;
    // Module.
    stratd_str_t module;
    // The error that is reported, with its causes or its stack; may have several lines.
    stratd_str_t exception;
    // Key-values.
    const stratd_log_field_t *fields;
    // Length of `fields`.
    uint32_t field_count;
    // Bits of STRATD_LOG_FLAG_*.
    uint32_t flags;
} stratd_log_entry_t;

// What the host offers to whoever logs: its `get_extension` of `LOG_EXTENSION`. Lives as long as the process; every
// function may be called from any thread and at any time, `create`, `save` and `destroy` included.
typedef struct stratd_log_host_v1 {
    // Size of this table in bytes.
    uint32_t size;
    // STRATD_ABI.
    uint32_t abi;
    // First argument of every function.
    void *ctx;
    // No record of a lower level is of interest to anybody; to be read as stratd_logger_ref_t.threshold.
    const int32_t *lowest;
    // Finds the logger `name` below `parent` (a number that this function gave, or one of STRATD_LOGGER_ID_*; the
    // empty name is the parent itself) and writes it to `out`. 0, or negative if the name is not usable or the limit of
    // loggers is reached; `out` is then the instance's own logger.
    int64_t (*logger)(void *ctx, uint32_t parent, stratd_str_t name, stratd_logger_ref_t *out);
    // Logs a record.
    void (*log)(void *ctx, const stratd_log_entry_t *entry);
    // Sets a field that every later record of this instance has, unless it brings its own of that key; the kind NONE
    // takes it away. 0, or negative if the limit of fields is reached.
    int64_t (*context_set)(void *ctx, const stratd_log_field_t *field);
    // Waits until everything that was logged is written; negative if that took too long. It may take long: never on
    // the way of an event.
    int64_t (*flush)(void *ctx);
} stratd_log_host_v1_t;

// A record on its way through the log, lent for the call.
typedef struct stratd_log_view {
    // Nanoseconds since 1970-01-01 UTC.
    int64_t created;
    // Number of the thread that logged.
    uint64_t thread;
    // Number of the process that logged.
    uint32_t process;
    // Level.
    int32_t level;
    // Line in the source.
    uint32_t line;
    // Length of `fields`.
    uint32_t field_count;
    // Name of the logger.
    stratd_str_t name;
    // Name of the level.
    stratd_str_t level_name;
    // Message.
    stratd_str_t message;
    // Source file.
    stratd_str_t file;
    // Function.
    stratd_str_t function;
    // Module.
    stratd_str_t module;
    // Name of the thread.
    stratd_str_t thread_name;
    // Text of the error; empty if there is none.
    stratd_str_t exception;
    // Text of the stack; empty if there is none.
    stratd_str_t stack;
    // Fields.
    const stratd_log_field_t *fields;
} stratd_log_view_t;

// How a filter changes the record that it was handed; works during the call only.
typedef struct stratd_log_edit {
    // First argument of every function.
    void *ctx;
    // Replaces the message.
    void (*message)(void *ctx, stratd_str_t message);
    // Replaces the level.
    void (*level)(void *ctx, int32_t level);
    // Sets a field.
    void (*field)(void *ctx, const stratd_log_field_t *field);
} stratd_log_edit_t;

// A filter, a handler or a formatter. Its functions are called one at a time.
typedef struct stratd_log_part_v1 {
    // Size of this record in bytes.
    uint32_t size;
    // STRATD_ABI.
    uint32_t abi;
    // One of STRATD_LOG_PART_*.
    uint32_t kind;
    // Filter: 1 if it may change records, else 0.
    uint32_t changes_records;
    // Name, for `name` in a configuration.
    stratd_str_t name;
    // One sentence.
    stratd_str_t description;
    // JSON schema of the options.
    stratd_str_t options_schema;
    // Makes a part from its options (JSON, validated against the schema). Null if refused; the reason goes to `errors`.
    void *(*create)(stratd_str_t options, const stratd_sink_t *errors);
    // Ends a part; nothing of it is used afterwards.
    void (*destroy)(void *part);
    // Filter: 1 = the record goes on, 0 = it does not, negative = error. Null for other kinds.
    int64_t (*filter)(void *part, const stratd_log_view_t *record, const stratd_log_edit_t *edit,
        const stratd_sink_t *errors);
    // Handler: takes a record with the text that its formatter made. 0, negative = the record is lost. Null for other
    // kinds.
    int64_t (*handle)(void *part, const stratd_log_view_t *record, stratd_str_t text,
        const stratd_sink_t *errors);
    // Handler: hands over what it kept. 0, negative = something is lost. May be null.
    int64_t (*flush)(void *part, const stratd_sink_t *errors);
    // Formatter: writes the text of a record. 0, negative = error. Null for other kinds.
    int64_t (*format)(void *part, const stratd_log_view_t *record, const stratd_sink_t *text,
        const stratd_sink_t *errors);
} stratd_log_part_v1_t;

// What a plugin offers to the log: its stratd_plugin_v1_t.get_extension of `LOG_EXTENSION`. Static data of the
// library.
typedef struct stratd_log_parts_v1 {
    // Size of this record in bytes.
    uint32_t size;
    // STRATD_ABI.
    uint32_t abi;
    // Length of `parts`.
    uint64_t count;
    // The parts; names are unique within a kind.
    const stratd_log_part_v1_t *parts;
} stratd_log_parts_v1_t;

// A strategy's functions. The host never calls two of them at once for one instance, and calls all of one
// instance's functions on one thread at a time.
typedef struct stratd_strategy_v1 {
    // Size of this table in bytes.
    uint32_t size;
    // STRATD_ABI.
    uint32_t abi;
    // Makes an instance from its configuration (JSON, validated against the manifest's schema).
    // Null if refused; the reason goes to `errors`.
    void *(*create)(const stratd_host_v1_t *host, stratd_str_t config, const stratd_sink_t *errors);
    // Ends an instance; nothing of it is used afterwards.
    void (*destroy)(void *instance);
    // Takes market events in engine order. Returns how many were consumed (at least 1), or a negative number for an
    // error, with the index of the event that failed in `failed_index` and the text through stratd_host_v1_t.error. Minus the
    // number of STRATD_REASON_* ends the instance without `on_error`; every other negative number is an error of
    // the handler.
    // Return right after an event at which you made a request or set a timer (the SDK does): the host carries the request
    // out, lets timers fire that are due, and calls again with the rest. What you take beyond that event has happened
    // before the request is sent, and a timer that is due between two of these events fires after the last of them.
    // `failed_index` starts at 0. A plugin that calls the host while it handles several events keeps it at the index
    // of the event in work: stratd_host_v1_t.now, timers and records of the log go by it.
    int64_t (*on_events)(void *instance, const stratd_event_t *events, uint64_t count,
        uint64_t *failed_index);
    // Takes order events in engine order; returns as `on_events`.
    int64_t (*on_orders)(void *instance, const stratd_order_event_t *events, uint64_t count,
        uint64_t *failed_index);
    // Takes a new configuration while running: 0 taken, negative refused (the old one stays). May be null.
    int64_t (*on_config)(void *instance, stratd_str_t config, const stratd_sink_t *errors);
    // Models the slippage of an own fill: 1 and `out`, 0 = no opinion (the configured model decides),
    // negative = error. May be null.
    int64_t (*slippage)(void *instance, const stratd_fill_record_t *fill, stratd_money_bits_t *out);
    // Models the transaction cost of an own fill, as `slippage`. May be null.
    int64_t (*transaction_cost)(void *instance, const stratd_fill_record_t *fill, stratd_money_bits_t *out);
    // Writes the state: 1 written, 0 there is none, negative = error. May be null.
    int64_t (*save)(void *instance, const stratd_sink_t *state);
    // Takes over a state that `save` of version `state_version` wrote: 0, negative = refused. May be null.
    int64_t (*restore)(void *instance, uint32_t state_version, const uint8_t *data, uint64_t length,
        const stratd_sink_t *errors);
    // Prepares for being replaced or stopped, by `deadline`: 0, negative = error. May be null.
    int64_t (*quiesce)(void *instance, int64_t deadline);
    // An extension table by id; null if unknown. May be null.
    const void *(*get_extension)(void *instance, stratd_str_t id);
} stratd_strategy_v1_t;

// The host's functions for a connector. Lives as long as the process; every function may be called from any
// thread until `stop` has returned.
typedef struct stratd_exchange_host_v1 {
    // Size of this table in bytes.
    uint32_t size;
    // STRATD_ABI.
    uint32_t abi;
    // First argument of every function.
    void *ctx;
    // Logs a record.
    void (*log)(void *ctx, const stratd_log_record_t *record);
    // Says why the call that is about to return failed.
    void (*error)(void *ctx, stratd_str_t message);
    // The host's clock.
    int64_t (*now)(void *ctx);
    // The bit of STRATD_TRADING_TYPE_* of this run.
    uint32_t (*trading_type)(void *ctx);
    // Interns a text of at most STRATD_TEXT_BYTES_MAX bytes; 0 if it is longer or the host's limit is reached.
    stratd_text_handle_t (*intern)(void *ctx, stratd_str_t text);
    // Hands over the text of one DATA event, at most STRATD_PAYLOAD_BYTES_MAX bytes, and returns the handle that the
    // event carries; 0 if it is empty, longer, or not UTF-8. The host keeps a payload until its event was handled, and no
    // less than the latest 4096 of them: emit the event before you hand over so many others.
    stratd_text_handle_t (*payload)(void *ctx, stratd_str_t text);
    // As stratd_host_v1_t.text.
    uint64_t (*text)(void *ctx, stratd_text_handle_t handle, uint8_t *out, uint64_t capacity);
    // Pushes market events; returns how many the inbox took (fewer when it is full).
    uint64_t (*emit)(void *ctx, const stratd_event_t *events, uint64_t count);
    // Pushes order events; never blocks, because a connector may report from inside a call of the host. Returns how
    // many were taken: fewer only when a limit far above any burst is reached, and the host then ends the run, or
    // while it shuts down.
    uint64_t (*emit_orders)(void *ctx, const stratd_order_event_t *events, uint64_t count);
    // Registers an instrument (or finds the one of the same symbol and type) and returns its id; 0 if the
    // record is not usable. `correlation` is that of the request it answers, or 0.
    uint32_t (*instrument)(void *ctx, uint64_t correlation, const stratd_instrument_record_t *record);
    // Reports an account.
    void (*account)(void *ctx, uint64_t correlation, const stratd_account_record_t *record);
    // Reports what an account holds of an instrument: `instrument`, `side` and `size` count, `price_average` and `cost` if
    // they are known.
    void (*position)(void *ctx, uint64_t correlation, const stratd_position_record_t *record);
    // Reports an open order.
    void (*open_order)(void *ctx, uint64_t correlation, const stratd_order_record_t *record);
    // Reports a past execution.
    void (*fill)(void *ctx, uint64_t correlation, const stratd_fill_record_t *record);
    // Ends the answer to a request: 0 = complete, negative = failed with the message.
    void (*answer)(void *ctx, uint64_t correlation, int64_t status, stratd_str_t message);
    // An extension table by id; null if unknown.
    const void *(*get_extension)(void *ctx, stratd_str_t id);
} stratd_exchange_host_v1_t;

// A connector's functions. Requests return at once: 0 = accepted, negative = refused with a text through
// stratd_exchange_host_v1_t.error; the answer comes through the host's functions with the request's correlation number.
typedef struct stratd_exchange_v1 {
    // Size of this table in bytes.
    uint32_t size;
    // STRATD_ABI.
    uint32_t abi;
    // Makes an instance from its configuration (JSON, validated against the manifest's schema).
    // Null if refused; the reason goes to `errors`.
    void *(*create)(const stratd_exchange_host_v1_t *host, stratd_str_t config, const stratd_sink_t *errors);
    // Ends an instance; nothing of it is used afterwards.
    void (*destroy)(void *instance);
    // Connects. A reconnect is another call.
    int64_t (*connect)(void *instance, uint64_t correlation);
    // Reports all instruments.
    int64_t (*instruments)(void *instance, uint64_t correlation);
    // Finds one instrument by its symbol.
    int64_t (*lookup)(void *instance, uint64_t correlation, stratd_str_t symbol);
    // Starts market data of an instrument (0 = all). Asked again while the run goes on, a snapshot of its book is wanted.
    int64_t (*subscribe)(void *instance, uint64_t correlation, uint32_t instrument);
    // Ends all activity: after it returned, the connector calls the host no more.
    int64_t (*stop)(void *instance);
    // Historical sources: writes up to `capacity` events with rising time and returns how many; 0 = the end,
    // negative = error. Null for live sources.
    int64_t (*poll)(void *instance, stratd_event_t *out, uint64_t capacity);
    // Sends an order. Null without order entry.
    int64_t (*new_order)(void *instance, const stratd_order_command_t *command);
    // Cancels an order. Null without order entry.
    int64_t (*cancel_order)(void *instance, const stratd_order_command_t *command);
    // Changes price and total quantity of an order. Null if the exchange cannot (the host then cancels and
    // sends anew).
    int64_t (*change_order)(void *instance, const stratd_order_command_t *command);
    // Reports all accounts and, where their `has_positions` says so, all that they hold. Null without order entry.
    int64_t (*accounts)(void *instance, uint64_t correlation);
    // Reports all own open orders. Null without order entry.
    int64_t (*open_orders)(void *instance, uint64_t correlation);
    // Reports all own executions since a time. Null without order entry.
    int64_t (*fills_since)(void *instance, uint64_t correlation, int64_t since);
    // Reports one own order through `open_order`, whatever its status: what ended is asked for as well. A complete
    // answer without a report = the exchange does not have it, and will not get it any more; who cannot be sure of that
    // fails. `exchange_order_id` is 0 until known. Null if the exchange cannot be asked for one order.
    int64_t (*find_order)(void *instance, uint64_t correlation, uint64_t client_order_id,
        stratd_text_handle_t exchange_order_id);
    // As stratd_strategy_v1_t.on_config. May be null.
    int64_t (*on_config)(void *instance, stratd_str_t config, const stratd_sink_t *errors);
    // As stratd_strategy_v1_t.save. May be null.
    int64_t (*save)(void *instance, const stratd_sink_t *state);
    // As stratd_strategy_v1_t.restore. May be null.
    int64_t (*restore)(void *instance, uint32_t state_version, const uint8_t *data, uint64_t length,
        const stratd_sink_t *errors);
    // As stratd_strategy_v1_t.quiesce. May be null.
    int64_t (*quiesce)(void *instance, int64_t deadline);
    // An extension table by id; null if unknown. May be null.
    const void *(*get_extension)(void *instance, stratd_str_t id);
} stratd_exchange_v1_t;

// A plugin's description. Static data of the library.
typedef struct stratd_manifest_v1 {
    // Size of this record in bytes.
    uint32_t size;
    // STRATD_ABI.
    uint32_t abi;
    // One of STRATD_PLUGIN_KIND_*.
    uint32_t kind;
    // Version of the saved state; 0 = the plugin saves none.
    uint32_t state_version;
    // The oldest state version that `restore` understands.
    uint32_t state_compat_min;
    // 1 if panics unwind (Rust) or cannot occur (C); 0 if a panic would end the process.
    uint32_t panic_unwinds;
    // Bits of STRATD_PLUGIN_FLAG_*.
    uint64_t flags;
    // Exchange: bits of STRATD_TRADING_TYPE_* that it serves.
    uint32_t trading_types;
    // Exchange: bits 1 << STRATD_INSTRUMENT_TYPE_* that it serves.
    uint32_t instrument_types;
    // Exchange with order entry: bits 1 << STRATD_ORDER_TYPE_* that it takes, at least one. The host holds back
    // what it can emulate of the others, and denies the rest.
    uint32_t order_types;
    // Exchange with order entry: bits of STRATD_ORDER_FLAG_* that it takes; `ATTACHED` is the host's.
    uint32_t order_flags;
    // Exchange with order entry: bits 1 << STRATD_ORDER_LIFETIME_* that it takes, at least one.
    uint32_t order_lifetimes;
    // Exchange with order entry: 1 if orders of one `group` exclude each other there; 0 = the host sees to it, and
    // the exchange gets no group.
    uint32_t order_groups;
    // Name, e.g. "strategy-ema-cross": 1..=64 of `a-z 0-9 -`.
    stratd_str_t name;
    // Version of the plugin.
    stratd_str_t version;
    // One sentence.
    stratd_str_t description;
    // Build id; empty = the one of the ELF note counts.
    stratd_str_t build_id;
    // Compiler, e.g. "rustc 1.95.0" or "gcc 12.2.0".
    stratd_str_t compiler;
    // Version of the ABI crate or header.
    stratd_str_t abi_crate;
    // JSON schema of the configuration.
    stratd_str_t config_schema;
} stratd_manifest_v1_t;

// What the exported function returns: the manifest and the one table that the kind needs.
// Static data of the library.
typedef struct stratd_plugin_v1 {
    // Size of this record in bytes.
    uint32_t size;
    // STRATD_ABI.
    uint32_t abi;
    // Description.
    const stratd_manifest_v1_t *manifest;
    // The table of a strategy; null for other kinds.
    const stratd_strategy_v1_t *strategy;
    // The table of a connector; null for other kinds.
    const stratd_exchange_v1_t *exchange;
    // An extension table of the library by id ("stratd.NAME/1"), static data; null if unknown. May be null.
    const void *(*get_extension)(stratd_str_t id);
} stratd_plugin_v1_t;

// What the host was compiled with. An assertion that fails means that this compiler lays a struct
// out differently; such a plugin cannot work.
STRATD_ASSERT_TYPE(stratd_str_t, 16, 8);
STRATD_ASSERT_FIELD(stratd_str_t, data, 0);
STRATD_ASSERT_FIELD(stratd_str_t, length, 8);
STRATD_ASSERT_TYPE(stratd_sink_t, 16, 8);
STRATD_ASSERT_FIELD(stratd_sink_t, ctx, 0);
STRATD_ASSERT_FIELD(stratd_sink_t, write, 8);
STRATD_ASSERT_TYPE(stratd_money_bits_t, 16, 8);
STRATD_ASSERT_FIELD(stratd_money_bits_t, lo, 0);
STRATD_ASSERT_FIELD(stratd_money_bits_t, hi, 8);
STRATD_ASSERT_TYPE(stratd_event_t, 64, 8);
STRATD_ASSERT_FIELD(stratd_event_t, ts, 0);
STRATD_ASSERT_FIELD(stratd_event_t, seq, 8);
STRATD_ASSERT_FIELD(stratd_event_t, instrument, 16);
STRATD_ASSERT_FIELD(stratd_event_t, kind, 20);
STRATD_ASSERT_FIELD(stratd_event_t, flags, 22);
STRATD_ASSERT_FIELD(stratd_event_t, data, 24);
STRATD_ASSERT_TYPE(stratd_order_event_t, 128, 8);
STRATD_ASSERT_FIELD(stratd_order_event_t, ts, 0);
STRATD_ASSERT_FIELD(stratd_order_event_t, seq, 8);
STRATD_ASSERT_FIELD(stratd_order_event_t, client_order_id, 16);
STRATD_ASSERT_FIELD(stratd_order_event_t, exchange_order_id, 24);
STRATD_ASSERT_FIELD(stratd_order_event_t, instrument, 32);
STRATD_ASSERT_FIELD(stratd_order_event_t, kind, 36);
STRATD_ASSERT_FIELD(stratd_order_event_t, status, 38);
STRATD_ASSERT_FIELD(stratd_order_event_t, side, 39);
STRATD_ASSERT_FIELD(stratd_order_event_t, price, 40);
STRATD_ASSERT_FIELD(stratd_order_event_t, quantity, 48);
STRATD_ASSERT_FIELD(stratd_order_event_t, last_price, 56);
STRATD_ASSERT_FIELD(stratd_order_event_t, last_quantity, 64);
STRATD_ASSERT_FIELD(stratd_order_event_t, cumulative_quantity, 72);
STRATD_ASSERT_FIELD(stratd_order_event_t, fee, 80);
STRATD_ASSERT_FIELD(stratd_order_event_t, trade_id, 96);
STRATD_ASSERT_FIELD(stratd_order_event_t, reason, 104);
STRATD_ASSERT_FIELD(stratd_order_event_t, exchange, 108);
STRATD_ASSERT_FIELD(stratd_order_event_t, order_type, 110);
STRATD_ASSERT_FIELD(stratd_order_event_t, flags, 111);
STRATD_ASSERT_FIELD(stratd_order_event_t, ts_recv, 112);
STRATD_ASSERT_FIELD(stratd_order_event_t, correlation, 120);
STRATD_ASSERT_TYPE(stratd_order_request_t, 80, 8);
STRATD_ASSERT_FIELD(stratd_order_request_t, instrument, 0);
STRATD_ASSERT_FIELD(stratd_order_request_t, exchange, 4);
STRATD_ASSERT_FIELD(stratd_order_request_t, side, 6);
STRATD_ASSERT_FIELD(stratd_order_request_t, order_type, 7);
STRATD_ASSERT_FIELD(stratd_order_request_t, flags, 8);
STRATD_ASSERT_FIELD(stratd_order_request_t, lifetime, 9);
STRATD_ASSERT_FIELD(stratd_order_request_t, reserved, 10);
STRATD_ASSERT_FIELD(stratd_order_request_t, tag, 12);
STRATD_ASSERT_FIELD(stratd_order_request_t, quantity, 16);
STRATD_ASSERT_FIELD(stratd_order_request_t, price, 24);
STRATD_ASSERT_FIELD(stratd_order_request_t, stop_price, 32);
STRATD_ASSERT_FIELD(stratd_order_request_t, trail, 40);
STRATD_ASSERT_FIELD(stratd_order_request_t, expires, 48);
STRATD_ASSERT_FIELD(stratd_order_request_t, notional, 56);
STRATD_ASSERT_FIELD(stratd_order_request_t, group, 72);
STRATD_ASSERT_TYPE(stratd_order_command_t, 112, 8);
STRATD_ASSERT_FIELD(stratd_order_command_t, correlation, 0);
STRATD_ASSERT_FIELD(stratd_order_command_t, client_order_id, 8);
STRATD_ASSERT_FIELD(stratd_order_command_t, exchange_order_id, 16);
STRATD_ASSERT_FIELD(stratd_order_command_t, deadline, 24);
STRATD_ASSERT_FIELD(stratd_order_command_t, order, 32);
STRATD_ASSERT_TYPE(stratd_session_t, 8, 4);
STRATD_ASSERT_FIELD(stratd_session_t, open, 0);
STRATD_ASSERT_FIELD(stratd_session_t, close, 4);
STRATD_ASSERT_TYPE(stratd_instrument_record_t, 136, 8);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, id, 0);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, exchange, 4);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, instrument_type, 6);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, option_type, 7);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, symbol, 8);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, currency, 16);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, broker_id, 24);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, price_decimals, 32);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, quantity_decimals, 33);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, leg1_side, 34);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, leg2_side, 35);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, underlying, 36);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, leg1, 40);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, leg2, 44);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, tick, 48);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, lot, 56);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, multiplier, 64);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, strike, 72);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, expiry, 80);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, timezone, 88);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, sessions, 96);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, session_count, 128);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, weekdays, 129);
STRATD_ASSERT_FIELD(stratd_instrument_record_t, reserved, 130);
STRATD_ASSERT_TYPE(stratd_filter_t, 8, 4);
STRATD_ASSERT_FIELD(stratd_filter_t, instrument, 0);
STRATD_ASSERT_FIELD(stratd_filter_t, exchange, 4);
STRATD_ASSERT_FIELD(stratd_filter_t, side, 6);
STRATD_ASSERT_FIELD(stratd_filter_t, instrument_type_plus_one, 7);
STRATD_ASSERT_TYPE(stratd_exchange_record_t, 24, 8);
STRATD_ASSERT_FIELD(stratd_exchange_record_t, name, 0);
STRATD_ASSERT_FIELD(stratd_exchange_record_t, id, 8);
STRATD_ASSERT_FIELD(stratd_exchange_record_t, reserved, 10);
STRATD_ASSERT_FIELD(stratd_exchange_record_t, instrument_types, 16);
STRATD_ASSERT_FIELD(stratd_exchange_record_t, trading_types, 20);
STRATD_ASSERT_TYPE(stratd_order_record_t, 112, 8);
STRATD_ASSERT_FIELD(stratd_order_record_t, client_order_id, 0);
STRATD_ASSERT_FIELD(stratd_order_record_t, exchange_order_id, 8);
STRATD_ASSERT_FIELD(stratd_order_record_t, instrument, 16);
STRATD_ASSERT_FIELD(stratd_order_record_t, exchange, 20);
STRATD_ASSERT_FIELD(stratd_order_record_t, side, 22);
STRATD_ASSERT_FIELD(stratd_order_record_t, order_type, 23);
STRATD_ASSERT_FIELD(stratd_order_record_t, flags, 24);
STRATD_ASSERT_FIELD(stratd_order_record_t, lifetime, 25);
STRATD_ASSERT_FIELD(stratd_order_record_t, status, 26);
STRATD_ASSERT_FIELD(stratd_order_record_t, held, 27);
STRATD_ASSERT_FIELD(stratd_order_record_t, tag, 28);
STRATD_ASSERT_FIELD(stratd_order_record_t, quantity, 32);
STRATD_ASSERT_FIELD(stratd_order_record_t, filled, 40);
STRATD_ASSERT_FIELD(stratd_order_record_t, price, 48);
STRATD_ASSERT_FIELD(stratd_order_record_t, stop_price, 56);
STRATD_ASSERT_FIELD(stratd_order_record_t, created, 64);
STRATD_ASSERT_FIELD(stratd_order_record_t, updated, 72);
STRATD_ASSERT_FIELD(stratd_order_record_t, reason, 80);
STRATD_ASSERT_FIELD(stratd_order_record_t, reserved, 84);
STRATD_ASSERT_FIELD(stratd_order_record_t, group, 88);
STRATD_ASSERT_FIELD(stratd_order_record_t, trail, 96);
STRATD_ASSERT_FIELD(stratd_order_record_t, expires, 104);
STRATD_ASSERT_TYPE(stratd_fill_record_t, 104, 8);
STRATD_ASSERT_FIELD(stratd_fill_record_t, ts, 0);
STRATD_ASSERT_FIELD(stratd_fill_record_t, client_order_id, 8);
STRATD_ASSERT_FIELD(stratd_fill_record_t, exchange_order_id, 16);
STRATD_ASSERT_FIELD(stratd_fill_record_t, trade_id, 24);
STRATD_ASSERT_FIELD(stratd_fill_record_t, instrument, 32);
STRATD_ASSERT_FIELD(stratd_fill_record_t, exchange, 36);
STRATD_ASSERT_FIELD(stratd_fill_record_t, side, 38);
STRATD_ASSERT_FIELD(stratd_fill_record_t, liquidity, 39);
STRATD_ASSERT_FIELD(stratd_fill_record_t, price, 40);
STRATD_ASSERT_FIELD(stratd_fill_record_t, quantity, 48);
STRATD_ASSERT_FIELD(stratd_fill_record_t, fee, 56);
STRATD_ASSERT_FIELD(stratd_fill_record_t, slippage, 72);
STRATD_ASSERT_FIELD(stratd_fill_record_t, transaction_cost, 88);
STRATD_ASSERT_TYPE(stratd_position_record_t, 112, 8);
STRATD_ASSERT_FIELD(stratd_position_record_t, instrument, 0);
STRATD_ASSERT_FIELD(stratd_position_record_t, exchange, 4);
STRATD_ASSERT_FIELD(stratd_position_record_t, side, 6);
STRATD_ASSERT_FIELD(stratd_position_record_t, size, 8);
STRATD_ASSERT_FIELD(stratd_position_record_t, price_average, 16);
STRATD_ASSERT_FIELD(stratd_position_record_t, price_last, 24);
STRATD_ASSERT_FIELD(stratd_position_record_t, cost, 32);
STRATD_ASSERT_FIELD(stratd_position_record_t, notional, 48);
STRATD_ASSERT_FIELD(stratd_position_record_t, realized, 64);
STRATD_ASSERT_FIELD(stratd_position_record_t, unrealized, 80);
STRATD_ASSERT_FIELD(stratd_position_record_t, fees, 96);
STRATD_ASSERT_TYPE(stratd_account_record_t, 72, 8);
STRATD_ASSERT_FIELD(stratd_account_record_t, id, 0);
STRATD_ASSERT_FIELD(stratd_account_record_t, currency, 8);
STRATD_ASSERT_FIELD(stratd_account_record_t, exchange, 16);
STRATD_ASSERT_FIELD(stratd_account_record_t, oms_type, 18);
STRATD_ASSERT_FIELD(stratd_account_record_t, has_positions, 20);
STRATD_ASSERT_FIELD(stratd_account_record_t, reserved, 22);
STRATD_ASSERT_FIELD(stratd_account_record_t, cash, 24);
STRATD_ASSERT_FIELD(stratd_account_record_t, equity, 40);
STRATD_ASSERT_FIELD(stratd_account_record_t, margin, 56);
STRATD_ASSERT_TYPE(stratd_portfolio_record_t, 104, 8);
STRATD_ASSERT_FIELD(stratd_portfolio_record_t, currency, 0);
STRATD_ASSERT_FIELD(stratd_portfolio_record_t, cash, 8);
STRATD_ASSERT_FIELD(stratd_portfolio_record_t, notional, 24);
STRATD_ASSERT_FIELD(stratd_portfolio_record_t, realized, 40);
STRATD_ASSERT_FIELD(stratd_portfolio_record_t, unrealized, 56);
STRATD_ASSERT_FIELD(stratd_portfolio_record_t, fees, 72);
STRATD_ASSERT_FIELD(stratd_portfolio_record_t, equity_run, 88);
STRATD_ASSERT_TYPE(stratd_risk_record_t, 112, 8);
STRATD_ASSERT_FIELD(stratd_risk_record_t, exposure, 0);
STRATD_ASSERT_FIELD(stratd_risk_record_t, notional, 16);
STRATD_ASSERT_FIELD(stratd_risk_record_t, realized, 32);
STRATD_ASSERT_FIELD(stratd_risk_record_t, unrealized, 48);
STRATD_ASSERT_FIELD(stratd_risk_record_t, drawdown, 64);
STRATD_ASSERT_FIELD(stratd_risk_record_t, day_loss, 80);
STRATD_ASSERT_FIELD(stratd_risk_record_t, open_order_exposure, 96);
STRATD_ASSERT_TYPE(stratd_risk_limit_record_t, 64, 8);
STRATD_ASSERT_FIELD(stratd_risk_limit_record_t, limit_code, 0);
STRATD_ASSERT_FIELD(stratd_risk_limit_record_t, instrument, 4);
STRATD_ASSERT_FIELD(stratd_risk_limit_record_t, scope, 8);
STRATD_ASSERT_FIELD(stratd_risk_limit_record_t, reserved, 12);
STRATD_ASSERT_FIELD(stratd_risk_limit_record_t, used, 16);
STRATD_ASSERT_FIELD(stratd_risk_limit_record_t, limit, 32);
STRATD_ASSERT_FIELD(stratd_risk_limit_record_t, headroom, 48);
STRATD_ASSERT_TYPE(stratd_price_point_t, 24, 8);
STRATD_ASSERT_FIELD(stratd_price_point_t, ts, 0);
STRATD_ASSERT_FIELD(stratd_price_point_t, price, 8);
STRATD_ASSERT_FIELD(stratd_price_point_t, quantity, 16);
STRATD_ASSERT_TYPE(stratd_book_query_t, 24, 8);
STRATD_ASSERT_FIELD(stratd_book_query_t, instrument, 0);
STRATD_ASSERT_FIELD(stratd_book_query_t, depth, 4);
STRATD_ASSERT_FIELD(stratd_book_query_t, side, 8);
STRATD_ASSERT_FIELD(stratd_book_query_t, has_price, 9);
STRATD_ASSERT_FIELD(stratd_book_query_t, reserved, 10);
STRATD_ASSERT_FIELD(stratd_book_query_t, price, 16);
STRATD_ASSERT_TYPE(stratd_book_record_t, 64, 8);
STRATD_ASSERT_FIELD(stratd_book_record_t, instrument, 0);
STRATD_ASSERT_FIELD(stratd_book_record_t, state, 4);
STRATD_ASSERT_FIELD(stratd_book_record_t, source, 5);
STRATD_ASSERT_FIELD(stratd_book_record_t, is_crossed, 6);
STRATD_ASSERT_FIELD(stratd_book_record_t, reserved, 7);
STRATD_ASSERT_FIELD(stratd_book_record_t, ts, 8);
STRATD_ASSERT_FIELD(stratd_book_record_t, seq, 16);
STRATD_ASSERT_FIELD(stratd_book_record_t, bid_levels, 24);
STRATD_ASSERT_FIELD(stratd_book_record_t, ask_levels, 28);
STRATD_ASSERT_FIELD(stratd_book_record_t, orders, 32);
STRATD_ASSERT_FIELD(stratd_book_record_t, gaps, 40);
STRATD_ASSERT_FIELD(stratd_book_record_t, crossings, 48);
STRATD_ASSERT_FIELD(stratd_book_record_t, left_out, 56);
STRATD_ASSERT_TYPE(stratd_book_level_record_t, 24, 8);
STRATD_ASSERT_FIELD(stratd_book_level_record_t, price, 0);
STRATD_ASSERT_FIELD(stratd_book_level_record_t, quantity, 8);
STRATD_ASSERT_FIELD(stratd_book_level_record_t, orders, 16);
STRATD_ASSERT_FIELD(stratd_book_level_record_t, side, 20);
STRATD_ASSERT_FIELD(stratd_book_level_record_t, reserved, 21);
STRATD_ASSERT_TYPE(stratd_bar_spec_t, 24, 8);
STRATD_ASSERT_FIELD(stratd_bar_spec_t, kind, 0);
STRATD_ASSERT_FIELD(stratd_bar_spec_t, flags, 4);
STRATD_ASSERT_FIELD(stratd_bar_spec_t, step, 8);
STRATD_ASSERT_FIELD(stratd_bar_spec_t, delay, 16);
STRATD_ASSERT_TYPE(stratd_key_value_t, 32, 8);
STRATD_ASSERT_FIELD(stratd_key_value_t, key, 0);
STRATD_ASSERT_FIELD(stratd_key_value_t, value, 16);
STRATD_ASSERT_TYPE(stratd_log_record_t, 48, 8);
STRATD_ASSERT_FIELD(stratd_log_record_t, level, 0);
STRATD_ASSERT_FIELD(stratd_log_record_t, field_count, 4);
STRATD_ASSERT_FIELD(stratd_log_record_t, target, 8);
STRATD_ASSERT_FIELD(stratd_log_record_t, message, 24);
STRATD_ASSERT_FIELD(stratd_log_record_t, fields, 40);
STRATD_ASSERT_TYPE(stratd_schedule_t, 40, 8);
STRATD_ASSERT_FIELD(stratd_schedule_t, kind, 0);
STRATD_ASSERT_FIELD(stratd_schedule_t, instrument, 4);
STRATD_ASSERT_FIELD(stratd_schedule_t, time, 8);
STRATD_ASSERT_FIELD(stratd_schedule_t, interval, 16);
STRATD_ASSERT_FIELD(stratd_schedule_t, hour, 24);
STRATD_ASSERT_FIELD(stratd_schedule_t, minute, 25);
STRATD_ASSERT_FIELD(stratd_schedule_t, second, 26);
STRATD_ASSERT_FIELD(stratd_schedule_t, reserved, 27);
STRATD_ASSERT_FIELD(stratd_schedule_t, tag, 32);
STRATD_ASSERT_TYPE(stratd_host_v1_t, 256, 8);
STRATD_ASSERT_FIELD(stratd_host_v1_t, size, 0);
STRATD_ASSERT_FIELD(stratd_host_v1_t, abi, 4);
STRATD_ASSERT_FIELD(stratd_host_v1_t, ctx, 8);
STRATD_ASSERT_FIELD(stratd_host_v1_t, log, 16);
STRATD_ASSERT_FIELD(stratd_host_v1_t, error, 24);
STRATD_ASSERT_FIELD(stratd_host_v1_t, text, 32);
STRATD_ASSERT_FIELD(stratd_host_v1_t, now, 40);
STRATD_ASSERT_FIELD(stratd_host_v1_t, trading_type, 48);
STRATD_ASSERT_FIELD(stratd_host_v1_t, submit, 56);
STRATD_ASSERT_FIELD(stratd_host_v1_t, cancel, 64);
STRATD_ASSERT_FIELD(stratd_host_v1_t, change, 72);
STRATD_ASSERT_FIELD(stratd_host_v1_t, cancel_all, 80);
STRATD_ASSERT_FIELD(stratd_host_v1_t, close_all, 88);
STRATD_ASSERT_FIELD(stratd_host_v1_t, subscribe, 96);
STRATD_ASSERT_FIELD(stratd_host_v1_t, lookup, 104);
STRATD_ASSERT_FIELD(stratd_host_v1_t, instruments, 112);
STRATD_ASSERT_FIELD(stratd_host_v1_t, exchanges, 120);
STRATD_ASSERT_FIELD(stratd_host_v1_t, orders, 128);
STRATD_ASSERT_FIELD(stratd_host_v1_t, past_orders, 136);
STRATD_ASSERT_FIELD(stratd_host_v1_t, fills, 144);
STRATD_ASSERT_FIELD(stratd_host_v1_t, positions, 152);
STRATD_ASSERT_FIELD(stratd_host_v1_t, accounts, 160);
STRATD_ASSERT_FIELD(stratd_host_v1_t, portfolio, 168);
STRATD_ASSERT_FIELD(stratd_host_v1_t, risk, 176);
STRATD_ASSERT_FIELD(stratd_host_v1_t, price_history, 184);
STRATD_ASSERT_FIELD(stratd_host_v1_t, book, 192);
STRATD_ASSERT_FIELD(stratd_host_v1_t, subscribe_bars, 200);
STRATD_ASSERT_FIELD(stratd_host_v1_t, timer, 208);
STRATD_ASSERT_FIELD(stratd_host_v1_t, timer_cancel, 216);
STRATD_ASSERT_FIELD(stratd_host_v1_t, stop, 224);
STRATD_ASSERT_FIELD(stratd_host_v1_t, shutdown, 232);
STRATD_ASSERT_FIELD(stratd_host_v1_t, metric, 240);
STRATD_ASSERT_FIELD(stratd_host_v1_t, get_extension, 248);
STRATD_ASSERT_TYPE(stratd_log_field_t, 48, 8);
STRATD_ASSERT_FIELD(stratd_log_field_t, key, 0);
STRATD_ASSERT_FIELD(stratd_log_field_t, text, 16);
STRATD_ASSERT_FIELD(stratd_log_field_t, bits, 32);
STRATD_ASSERT_FIELD(stratd_log_field_t, kind, 40);
STRATD_ASSERT_FIELD(stratd_log_field_t, reserved, 44);
STRATD_ASSERT_TYPE(stratd_logger_ref_t, 16, 8);
STRATD_ASSERT_FIELD(stratd_logger_ref_t, threshold, 0);
STRATD_ASSERT_FIELD(stratd_logger_ref_t, id, 8);
STRATD_ASSERT_FIELD(stratd_logger_ref_t, reserved, 12);
STRATD_ASSERT_TYPE(stratd_log_entry_t, 128, 8);
STRATD_ASSERT_FIELD(stratd_log_entry_t, logger, 0);
STRATD_ASSERT_FIELD(stratd_log_entry_t, level, 4);
STRATD_ASSERT_FIELD(stratd_log_entry_t, line, 8);
STRATD_ASSERT_FIELD(stratd_log_entry_t, event, 12);
STRATD_ASSERT_FIELD(stratd_log_entry_t, target, 16);
STRATD_ASSERT_FIELD(stratd_log_entry_t, message, 32);
STRATD_ASSERT_FIELD(stratd_log_entry_t, file, 48);
STRATD_ASSERT_FIELD(stratd_log_entry_t, function, 64);
STRATD_ASSERT_FIELD(stratd_log_entry_t, module, 80);
STRATD_ASSERT_FIELD(stratd_log_entry_t, exception, 96);
STRATD_ASSERT_FIELD(stratd_log_entry_t, fields, 112);
STRATD_ASSERT_FIELD(stratd_log_entry_t, field_count, 120);
STRATD_ASSERT_FIELD(stratd_log_entry_t, flags, 124);
STRATD_ASSERT_TYPE(stratd_log_host_v1_t, 56, 8);
STRATD_ASSERT_FIELD(stratd_log_host_v1_t, size, 0);
STRATD_ASSERT_FIELD(stratd_log_host_v1_t, abi, 4);
STRATD_ASSERT_FIELD(stratd_log_host_v1_t, ctx, 8);
STRATD_ASSERT_FIELD(stratd_log_host_v1_t, lowest, 16);
STRATD_ASSERT_FIELD(stratd_log_host_v1_t, logger, 24);
STRATD_ASSERT_FIELD(stratd_log_host_v1_t, log, 32);
STRATD_ASSERT_FIELD(stratd_log_host_v1_t, context_set, 40);
STRATD_ASSERT_FIELD(stratd_log_host_v1_t, flush, 48);
STRATD_ASSERT_TYPE(stratd_log_view_t, 184, 8);
STRATD_ASSERT_FIELD(stratd_log_view_t, created, 0);
STRATD_ASSERT_FIELD(stratd_log_view_t, thread, 8);
STRATD_ASSERT_FIELD(stratd_log_view_t, process, 16);
STRATD_ASSERT_FIELD(stratd_log_view_t, level, 20);
STRATD_ASSERT_FIELD(stratd_log_view_t, line, 24);
STRATD_ASSERT_FIELD(stratd_log_view_t, field_count, 28);
STRATD_ASSERT_FIELD(stratd_log_view_t, name, 32);
STRATD_ASSERT_FIELD(stratd_log_view_t, level_name, 48);
STRATD_ASSERT_FIELD(stratd_log_view_t, message, 64);
STRATD_ASSERT_FIELD(stratd_log_view_t, file, 80);
STRATD_ASSERT_FIELD(stratd_log_view_t, function, 96);
STRATD_ASSERT_FIELD(stratd_log_view_t, module, 112);
STRATD_ASSERT_FIELD(stratd_log_view_t, thread_name, 128);
STRATD_ASSERT_FIELD(stratd_log_view_t, exception, 144);
STRATD_ASSERT_FIELD(stratd_log_view_t, stack, 160);
STRATD_ASSERT_FIELD(stratd_log_view_t, fields, 176);
STRATD_ASSERT_TYPE(stratd_log_edit_t, 32, 8);
STRATD_ASSERT_FIELD(stratd_log_edit_t, ctx, 0);
STRATD_ASSERT_FIELD(stratd_log_edit_t, message, 8);
STRATD_ASSERT_FIELD(stratd_log_edit_t, level, 16);
STRATD_ASSERT_FIELD(stratd_log_edit_t, field, 24);
STRATD_ASSERT_TYPE(stratd_log_part_v1_t, 112, 8);
STRATD_ASSERT_FIELD(stratd_log_part_v1_t, size, 0);
STRATD_ASSERT_FIELD(stratd_log_part_v1_t, abi, 4);
STRATD_ASSERT_FIELD(stratd_log_part_v1_t, kind, 8);
STRATD_ASSERT_FIELD(stratd_log_part_v1_t, changes_records, 12);
STRATD_ASSERT_FIELD(stratd_log_part_v1_t, name, 16);
STRATD_ASSERT_FIELD(stratd_log_part_v1_t, description, 32);
STRATD_ASSERT_FIELD(stratd_log_part_v1_t, options_schema, 48);
STRATD_ASSERT_FIELD(stratd_log_part_v1_t, create, 64);
STRATD_ASSERT_FIELD(stratd_log_part_v1_t, destroy, 72);
STRATD_ASSERT_FIELD(stratd_log_part_v1_t, filter, 80);
STRATD_ASSERT_FIELD(stratd_log_part_v1_t, handle, 88);
STRATD_ASSERT_FIELD(stratd_log_part_v1_t, flush, 96);
STRATD_ASSERT_FIELD(stratd_log_part_v1_t, format, 104);
STRATD_ASSERT_TYPE(stratd_log_parts_v1_t, 24, 8);
STRATD_ASSERT_FIELD(stratd_log_parts_v1_t, size, 0);
STRATD_ASSERT_FIELD(stratd_log_parts_v1_t, abi, 4);
STRATD_ASSERT_FIELD(stratd_log_parts_v1_t, count, 8);
STRATD_ASSERT_FIELD(stratd_log_parts_v1_t, parts, 16);
STRATD_ASSERT_TYPE(stratd_strategy_v1_t, 96, 8);
STRATD_ASSERT_FIELD(stratd_strategy_v1_t, size, 0);
STRATD_ASSERT_FIELD(stratd_strategy_v1_t, abi, 4);
STRATD_ASSERT_FIELD(stratd_strategy_v1_t, create, 8);
STRATD_ASSERT_FIELD(stratd_strategy_v1_t, destroy, 16);
STRATD_ASSERT_FIELD(stratd_strategy_v1_t, on_events, 24);
STRATD_ASSERT_FIELD(stratd_strategy_v1_t, on_orders, 32);
STRATD_ASSERT_FIELD(stratd_strategy_v1_t, on_config, 40);
STRATD_ASSERT_FIELD(stratd_strategy_v1_t, slippage, 48);
STRATD_ASSERT_FIELD(stratd_strategy_v1_t, transaction_cost, 56);
STRATD_ASSERT_FIELD(stratd_strategy_v1_t, save, 64);
STRATD_ASSERT_FIELD(stratd_strategy_v1_t, restore, 72);
STRATD_ASSERT_FIELD(stratd_strategy_v1_t, quiesce, 80);
STRATD_ASSERT_FIELD(stratd_strategy_v1_t, get_extension, 88);
STRATD_ASSERT_TYPE(stratd_exchange_host_v1_t, 144, 8);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, size, 0);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, abi, 4);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, ctx, 8);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, log, 16);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, error, 24);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, now, 32);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, trading_type, 40);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, intern, 48);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, payload, 56);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, text, 64);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, emit, 72);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, emit_orders, 80);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, instrument, 88);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, account, 96);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, position, 104);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, open_order, 112);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, fill, 120);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, answer, 128);
STRATD_ASSERT_FIELD(stratd_exchange_host_v1_t, get_extension, 136);
STRATD_ASSERT_TYPE(stratd_exchange_v1_t, 168, 8);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, size, 0);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, abi, 4);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, create, 8);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, destroy, 16);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, connect, 24);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, instruments, 32);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, lookup, 40);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, subscribe, 48);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, stop, 56);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, poll, 64);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, new_order, 72);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, cancel_order, 80);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, change_order, 88);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, accounts, 96);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, open_orders, 104);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, fills_since, 112);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, find_order, 120);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, on_config, 128);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, save, 136);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, restore, 144);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, quiesce, 152);
STRATD_ASSERT_FIELD(stratd_exchange_v1_t, get_extension, 160);
STRATD_ASSERT_TYPE(stratd_manifest_v1_t, 168, 8);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, size, 0);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, abi, 4);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, kind, 8);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, state_version, 12);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, state_compat_min, 16);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, panic_unwinds, 20);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, flags, 24);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, trading_types, 32);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, instrument_types, 36);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, order_types, 40);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, order_flags, 44);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, order_lifetimes, 48);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, order_groups, 52);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, name, 56);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, version, 72);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, description, 88);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, build_id, 104);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, compiler, 120);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, abi_crate, 136);
STRATD_ASSERT_FIELD(stratd_manifest_v1_t, config_schema, 152);
STRATD_ASSERT_TYPE(stratd_plugin_v1_t, 40, 8);
STRATD_ASSERT_FIELD(stratd_plugin_v1_t, size, 0);
STRATD_ASSERT_FIELD(stratd_plugin_v1_t, abi, 4);
STRATD_ASSERT_FIELD(stratd_plugin_v1_t, manifest, 8);
STRATD_ASSERT_FIELD(stratd_plugin_v1_t, strategy, 16);
STRATD_ASSERT_FIELD(stratd_plugin_v1_t, exchange, 24);
STRATD_ASSERT_FIELD(stratd_plugin_v1_t, get_extension, 32);
// ---- end of the generated part ----

// The one function that a plugin exports: returns data that lives as long as the library, or null if the plugin
// cannot work here. The host calls it from one thread.
STRATD_EXPORT const stratd_plugin_v1_t *stratd_plugin_v1(void);

// Borrows a null-terminated text.
static inline stratd_str_t stratd_str(const char *text) {
    stratd_str_t borrowed = {(const uint8_t *)text, (uint64_t)strlen(text)};
    return borrowed;
}

// An amount of money from units of 1e-8 that fit 64 bits.
static inline stratd_money_bits_t stratd_money_bits(int64_t units) {
    stratd_money_bits_t money = {(uint64_t)units, units < 0 ? -1 : 0};
    return money;
}

#ifdef __cplusplus
}
#endif

#endif
