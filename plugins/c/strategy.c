// Momentum in C: holds `quantity` of an instrument while its price is above that of `lookback` trades ago.
//
// A complete plugin against <stratd/plugin.h>: manifest, configuration, handlers, orders, logs. Everything that the
// strategy knows of its orders it learns from order events, so it reads no view inside market handlers and may
// declare BATCH_SAFE.
#include <stratd/plugin.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    INSTRUMENTS_MAX = 256, // beyond it the strategy refuses to go on
    LOOKBACK_MAX = 250,
    DECIMALS_MAX = 8,
    STOP_LOSS_BP_MAX = 9999,
    BP = 10000,
    TEXT_MAX = 256, // of a log line or error
};

// ---- configuration ----

typedef struct {
    int64_t mantissa; // quantity = mantissa / 10^decimals
    int decimals;
    int lookback;
    int stop_loss_bp; // distance of the stop below the entry, in hundredths of a percent; 0 = no stop
} config_t;

static const char SCHEMA[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"quantity\":{\"type\":[\"number\",\"string\"],\"default\":\"1\","
    "\"pattern\":\"^[0-9]+(\\\\.[0-9]{1,8})?$\",\"description\":\"Size of the position.\"},"
    "\"lookback\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":250,\"default\":20,"
    "\"description\":\"Trades between the two prices that are compared.\"},"
    "\"stop_loss_bp\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":9999,\"default\":0,"
    "\"description\":\"Distance of a stop below each entry, in hundredths of a percent; 0 for none.\"}}}";

// A place in a text that ends at `end`; never read beyond it: the host's texts have no null at the end.
typedef struct {
    const char *at;
    const char *end;
} cursor_t;

static void skip_spaces(cursor_t *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r')) {
        c->at++;
    }
}

static bool take(cursor_t *c, char wanted) {
    skip_spaces(c);
    if (c->at >= c->end || *c->at != wanted) {
        return false;
    }
    c->at++;
    return true;
}

// Copies a string without escapes; none of our keys and values needs one.
static bool take_string(cursor_t *c, char *out, size_t capacity) {
    if (!take(c, '"')) {
        return false;
    }
    size_t length = 0;
    while (c->at < c->end && *c->at != '"') {
        if (*c->at == '\\' || (unsigned char)*c->at < 0x20 || length + 1 >= capacity) {
            return false;
        }
        out[length++] = *c->at++;
    }
    out[length] = '\0';
    return take(c, '"');
}

// Copies a number, in quotes or not.
static bool take_number(cursor_t *c, char *out, size_t capacity) {
    skip_spaces(c);
    if (c->at < c->end && *c->at == '"') {
        return take_string(c, out, capacity);
    }
    size_t length = 0;
    while (c->at < c->end && strchr("+-.eE0123456789", *c->at) != NULL && *c->at != '\0') {
        if (length + 1 >= capacity) {
            return false;
        }
        out[length++] = *c->at++;
    }
    out[length] = '\0';
    return length > 0;
}

// Reads "12" or "0.25" exactly: no sign, no exponent, at most DECIMALS_MAX decimals.
static bool parse_decimal(const char *text, int64_t *mantissa, int *decimals) {
    bool has_point = false;
    int digits = 0;
    *mantissa = 0;
    *decimals = 0;
    for (; *text != '\0'; text++) {
        if (*text == '.' && !has_point && digits > 0) {
            has_point = true;
            continue;
        }
        if (*text < '0' || *text > '9' || (has_point && *decimals == DECIMALS_MAX)) {
            return false;
        }
        if (__builtin_mul_overflow(*mantissa, 10, mantissa) ||
            __builtin_add_overflow(*mantissa, *text - '0', mantissa)) {
            return false;
        }
        *decimals += has_point ? 1 : 0;
        digits++;
    }
    return digits > 0 && (!has_point || *decimals > 0);
}

static bool set_quantity(const char *value, config_t *config, char *error) {
    if (!parse_decimal(value, &config->mantissa, &config->decimals) || config->mantissa == 0) {
        snprintf(error, TEXT_MAX, "quantity is `%s` (expected more than 0, with at most %d decimals)", value,
                 DECIMALS_MAX);
        return false;
    }
    return true;
}

static bool set_integer(const char *key, const char *value, int min, int max, int *out, char *error) {
    int64_t number;
    int decimals;
    if (!parse_decimal(value, &number, &decimals) || decimals != 0 || number < min || number > max) {
        snprintf(error, TEXT_MAX, "%s is `%s` (expected %d to %d)", key, value, min, max);
        return false;
    }
    *out = (int)number;
    return true;
}

// Reads a flat JSON object. The host has checked it against SCHEMA; a host that has not must do no harm either.
static bool parse_config(stratd_str_t text, config_t *config, char *error) {
    cursor_t c = {(const char *)text.data, (const char *)text.data + text.length};
    char key[32];
    char value[64];
    *config = (config_t){.mantissa = 1, .decimals = 0, .lookback = 20};
    snprintf(error, TEXT_MAX, "the configuration is no flat JSON object of numbers");
    if (!take(&c, '{')) {
        return false;
    }
    bool is_first = true;
    while (!take(&c, '}')) {
        if (!is_first && !take(&c, ',')) {
            return false;
        }
        is_first = false;
        if (!take_string(&c, key, sizeof key) || !take(&c, ':') || !take_number(&c, value, sizeof value)) {
            return false;
        }
        bool is_taken;
        if (strcmp(key, "quantity") == 0) {
            is_taken = set_quantity(value, config, error);
        } else if (strcmp(key, "lookback") == 0) {
            is_taken = set_integer(key, value, 1, LOOKBACK_MAX, &config->lookback, error);
        } else if (strcmp(key, "stop_loss_bp") == 0) {
            is_taken = set_integer(key, value, 0, STOP_LOSS_BP_MAX, &config->stop_loss_bp, error);
        } else {
            snprintf(error, TEXT_MAX, "unknown key `%s` (expected quantity, lookback or stop_loss_bp)", key);
            is_taken = false;
        }
        if (!is_taken) {
            return false;
        }
    }
    skip_spaces(&c);
    return c.at == c.end;
}

// ---- the strategy ----

typedef struct {
    uint32_t id;
    char symbol[STRATD_TEXT_BYTES_MAX + 1];
    int price_decimals;
    int64_t quantity; // to hold, in units of the instrument
    int64_t position; // held, by our own fills
    int64_t tick;     // prices are multiples of it
    uint64_t order;   // the last order for the position
    uint64_t stop;    // the stop that is attached to it; 0 = none
    bool is_pending;  // an order is on its way: wait for its end
    bool is_refused;  // the same order would be refused again
    int64_t prices[LOOKBACK_MAX];
    int price_count;
    int price_next; // the oldest price once the ring is full
} instrument_t;

typedef struct {
    const stratd_host_v1_t *host;
    const stratd_log_host_v1_t *log; // the log with levels; NULL for a host without the extension
    stratd_logger_ref_t logger;      // strategy.INSTANCE
    config_t config;
    int instrument_count;
    instrument_t instruments[INSTRUMENTS_MAX];
} momentum_t;

enum { LOG_INFO = 20, LOG_WARNING = 30 };

__attribute__((format(printf, 3, 4))) static void log_line(const momentum_t *m, uint32_t level,
                                                           const char *format, ...) {
    // a level that nobody takes costs this load, and no text is put together
    if (m->log != NULL && (int32_t)level < __atomic_load_n(m->logger.threshold, __ATOMIC_RELAXED)) {
        return;
    }
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (m->log == NULL) {
        stratd_log_record_t record = {.level = level, .message = stratd_str(text)};
        m->host->log(m->host->ctx, &record);
        return;
    }
    const stratd_log_field_t lookback = {.key = stratd_str("lookback"),
                                         .bits = (uint64_t)m->config.lookback,
                                         .kind = STRATD_LOG_VALUE_INTEGER};
    // the host adds instrument and order of the event in hand, which it knows because a slice is of one event
    const stratd_log_entry_t entry = {.logger = m->logger.id,
                                      .level = (int32_t)level,
                                      .event = STRATD_LOGGER_ID_NO_EVENT,
                                      .message = stratd_str(text),
                                      .file = stratd_str(__FILE__),
                                      .fields = &lookback,
                                      .field_count = 1};
    m->log->log(m->log->ctx, &entry);
}

// Says why the call fails and returns the status for it.
static int64_t fail(const momentum_t *m, const char *text) {
    m->host->error(m->host->ctx, stratd_str(text));
    return -(int64_t)STRATD_REASON_HANDLER_ERROR;
}

static const char *scaled(char *out, size_t capacity, int64_t value, int decimals) {
    int64_t unit = 1;
    for (int i = 0; i < decimals; i++) {
        unit *= 10;
    }
    if (decimals == 0) {
        snprintf(out, capacity, "%" PRId64, value);
    } else {
        snprintf(out, capacity, "%s%lld.%0*lld", value < 0 ? "-" : "", llabs(value / unit), decimals,
                 llabs(value % unit));
    }
    return out;
}

// The configured quantity in units of an instrument; 0 if it does not lie on the instrument's grid.
static int64_t quantity_of(const config_t *config, const stratd_instrument_record_t *record) {
    int64_t quantity = config->mantissa;
    for (int i = config->decimals; i < record->quantity_decimals; i++) {
        if (__builtin_mul_overflow(quantity, 10, &quantity)) {
            return 0;
        }
    }
    for (int i = record->quantity_decimals; i < config->decimals; i++) {
        if (quantity % 10 != 0) {
            return 0;
        }
        quantity /= 10;
    }
    return record->lot > 0 && quantity % record->lot == 0 ? quantity : 0;
}

static instrument_t *find(momentum_t *m, uint32_t id) {
    for (int i = 0; i < m->instrument_count; i++) {
        if (m->instruments[i].id == id) {
            return &m->instruments[i];
        }
    }
    return NULL;
}

// Looks an instrument up that was not seen before; null with the reason in `error`.
static instrument_t *add(momentum_t *m, uint32_t id, char *error) {
    stratd_filter_t filter = {.instrument = id};
    stratd_instrument_record_t record = {0};
    if (m->instrument_count == INSTRUMENTS_MAX) {
        snprintf(error, TEXT_MAX, "more than %d instruments", INSTRUMENTS_MAX);
        return NULL;
    }
    if (m->host->instruments(m->host->ctx, &filter, &record, 1) != 1) {
        snprintf(error, TEXT_MAX, "there is no instrument %" PRIu32, id);
        return NULL;
    }
    instrument_t *instrument = &m->instruments[m->instrument_count];
    *instrument = (instrument_t){.id = id, .price_decimals = record.price_decimals, .tick = record.tick};
    m->host->text(m->host->ctx, record.symbol, (uint8_t *)instrument->symbol, STRATD_TEXT_BYTES_MAX);
    instrument->quantity = quantity_of(&m->config, &record);
    if (instrument->quantity == 0) {
        snprintf(error, TEXT_MAX, "the quantity does not lie on the grid of %s", instrument->symbol);
        return NULL;
    }
    m->instrument_count++;
    return instrument;
}

// Notes a price; true with the price of `lookback` trades ago once there is one.
static bool push_price(instrument_t *instrument, int lookback, int64_t price, int64_t *before) {
    bool is_full = instrument->price_count == lookback;
    *before = instrument->prices[instrument->price_next];
    instrument->prices[instrument->price_next] = price;
    instrument->price_next = (instrument->price_next + 1) % lookback;
    instrument->price_count += is_full ? 0 : 1;
    return is_full;
}

// Attaches a stop to an entry: it waits until the entry is filled, and sells no more than was bought.
static bool attach_stop(momentum_t *m, instrument_t *instrument, int64_t quantity, int64_t price) {
    // in two parts, because price times BP might not fit
    int64_t distance = price / BP * m->config.stop_loss_bp + price % BP * m->config.stop_loss_bp / BP;
    int64_t stop_price = price - distance;
    const stratd_order_request_t request = {
        .instrument = instrument->id,
        .side = STRATD_SIDE_SELL,
        .order_type = STRATD_ORDER_TYPE_STOP_MARKET,
        .flags = STRATD_ORDER_FLAG_ATTACHED | STRATD_ORDER_FLAG_REDUCE_ONLY,
        .quantity = quantity,
        .stop_price = instrument->tick > 0 ? stop_price - stop_price % instrument->tick : stop_price,
        .group = instrument->order,
    };
    instrument->stop = m->host->submit(m->host->ctx, &request);
    return instrument->stop != 0;
}

// Requests what makes the position the wanted one; false if the host takes no more requests.
static bool request_position(momentum_t *m, instrument_t *instrument, int64_t wanted, int64_t price, char *error) {
    int64_t difference = wanted - instrument->position;
    bool is_entry = difference > 0;
    bool has_stops = m->config.stop_loss_bp > 0;
    const stratd_order_request_t request = {
        .instrument = instrument->id,
        .side = is_entry ? STRATD_SIDE_BUY : STRATD_SIDE_SELL,
        .order_type = STRATD_ORDER_TYPE_MARKET,
        // the stop may have gone out with this very price: then this order is refused, and the stop does its work
        .flags = has_stops && !is_entry ? STRATD_ORDER_FLAG_REDUCE_ONLY : 0,
        .quantity = llabs(difference),
    };
    bool is_taken = is_entry || instrument->stop == 0 || m->host->cancel(m->host->ctx, instrument->stop) == 0;
    if (is_taken) {
        instrument->order = m->host->submit(m->host->ctx, &request);
        is_taken = instrument->order != 0 &&
                   (!has_stops || !is_entry || attach_stop(m, instrument, request.quantity, price));
    }
    if (!is_taken) {
        snprintf(error, TEXT_MAX, "an order was refused: the host's limit of requests per event is reached");
    }
    instrument->is_pending = is_taken;
    return is_taken;
}

// Handles a trade: 1 if an order was requested, 0 if not, negative if the strategy cannot go on.
static int on_trade(momentum_t *m, const stratd_event_t *event, char *error) {
    instrument_t *instrument = find(m, event->instrument);
    if (instrument == NULL) {
        instrument = add(m, event->instrument, error);
    }
    if (instrument == NULL) {
        return -1;
    }
    int64_t price = event->data[0];
    int64_t before;
    if (!push_price(instrument, m->config.lookback, price, &before)) {
        return 0;
    }
    int64_t wanted = price > before ? instrument->quantity : 0;
    if (wanted == instrument->position || instrument->is_pending || instrument->is_refused) {
        return 0;
    }
    return request_position(m, instrument, wanted, price, error) ? 1 : -1;
}

static void on_order(momentum_t *m, const stratd_order_event_t *event) {
    instrument_t *instrument = find(m, event->instrument);
    if (instrument == NULL || event->client_order_id == 0) {
        return; // the feed reports orders of others, too
    }
    char price[32];
    bool is_own_end = false; // whether the order that it tells of has ended
    switch (event->kind) {
    case STRATD_ORDER_EVENT_KIND_BOUGHT:
    case STRATD_ORDER_EVENT_KIND_SOLD: {
        bool is_buy = event->kind == STRATD_ORDER_EVENT_KIND_BOUGHT;
        instrument->position += is_buy ? event->last_quantity : -event->last_quantity;
        is_own_end = event->status == STRATD_ORDER_STATUS_FILLED;
        log_line(m, LOG_INFO, "%s %s @ %s", is_buy ? "bought" : "sold", instrument->symbol,
                 scaled(price, sizeof price, event->last_price, instrument->price_decimals));
        break;
    }
    case STRATD_ORDER_EVENT_KIND_REJECTED:
        is_own_end = true;
        if (event->reason == STRATD_REASON_REDUCING) {
            break; // its stop was faster
        }
        instrument->is_refused = true;
        log_line(m, LOG_WARNING, "%s: order %" PRIu64 " was refused for reason %" PRIu32 "; no more orders",
                 instrument->symbol, event->client_order_id, event->reason);
        break;
    case STRATD_ORDER_EVENT_KIND_CANCELED:
        is_own_end = true;
        break;
    case STRATD_ORDER_EVENT_KIND_CHANGE:
        // its price came: now the stop is the order for the position
        if (event->client_order_id == instrument->stop && event->status == STRATD_ORDER_STATUS_PENDING_NEW) {
            instrument->order = instrument->stop;
            instrument->stop = 0;
            instrument->is_pending = true;
        }
        break;
    default:
        break; // nothing to learn from it, or a kind of a newer host
    }
    if (is_own_end && event->client_order_id == instrument->order) {
        instrument->is_pending = false;
    }
    if (is_own_end && event->client_order_id == instrument->stop) {
        instrument->stop = 0;
    }
}

// ---- the table ----

static void *create(const stratd_host_v1_t *host, stratd_str_t text, const stratd_sink_t *errors) {
    char error[TEXT_MAX];
    config_t config;
    if (!parse_config(text, &config, error)) {
        errors->write(errors->ctx, (const uint8_t *)error, strlen(error));
        return NULL;
    }
    momentum_t *m = calloc(1, sizeof *m);
    if (m != NULL) {
        m->host = host;
        m->config = config;
        m->log = host->get_extension(host->ctx, stratd_str(STRATD_LOG_EXTENSION));
        if (m->log != NULL && (m->log->abi != STRATD_ABI || m->log->size < STRATD_SIZE(stratd_log_host_v1_t))) {
            m->log = NULL; // a table of another kind of host: plain records do
        }
        if (m->log != NULL) {
            m->log->logger(m->log->ctx, STRATD_LOGGER_ID_OWN, stratd_str(""), &m->logger);
        }
    }
    return m;
}

static void destroy(void *instance) { free(instance); }

static int64_t on_events(void *instance, const stratd_event_t *events, uint64_t count, uint64_t *failed_index) {
    momentum_t *m = instance;
    char error[TEXT_MAX];
    for (uint64_t i = 0; i < count; i++) {
        *failed_index = i; // what the host is asked meanwhile is about this event
        if (events[i].kind == STRATD_EVENT_KIND_START) {
            log_line(m, LOG_INFO, "compares prices over %d trades", m->config.lookback);
        }
        if (events[i].kind != STRATD_EVENT_KIND_TRADE) {
            continue;
        }
        int result = on_trade(m, &events[i], error);
        if (result < 0) {
            return fail(m, error);
        }
        if (result > 0) {
            // the host carries the order out before it delivers the rest
            return (int64_t)(i + 1);
        }
    }
    return (int64_t)count;
}

static int64_t on_orders(void *instance, const stratd_order_event_t *events, uint64_t count,
                         uint64_t *failed_index) {
    (void)failed_index;
    for (uint64_t i = 0; i < count; i++) {
        on_order(instance, &events[i]);
    }
    return (int64_t)count;
}

// Entries that are not named are null: no new configuration while running, no cost model, no state.
static const stratd_strategy_v1_t STRATEGY = {
    .size = STRATD_SIZE(stratd_strategy_v1_t),
    .abi = STRATD_ABI,
    .create = create,
    .destroy = destroy,
    .on_events = on_events,
    .on_orders = on_orders,
};

#ifdef __clang__
#define COMPILER __VERSION__ // it has its own name in it
#else
#define COMPILER "gcc " __VERSION__
#endif

#define TEXT(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}

static const stratd_manifest_v1_t MANIFEST = {
    .size = STRATD_SIZE(stratd_manifest_v1_t),
    .abi = STRATD_ABI,
    .kind = STRATD_PLUGIN_KIND_STRATEGY,
    .panic_unwinds = 1, // C has no panics
    .flags = STRATD_PLUGIN_FLAG_BATCH_SAFE | STRATD_PLUGIN_FLAG_UNLOAD_SAFE,
    .name = TEXT("strategy-c-momentum"),
    .version = TEXT("0.1.0"),
    .description = TEXT("Holds while the price is above that of some trades ago"),
    .compiler = TEXT(COMPILER),
    .abi_crate = TEXT(STRATD_CRATE_VERSION),
    .config_schema = TEXT(SCHEMA),
};

static const stratd_plugin_v1_t PLUGIN = {
    .size = STRATD_SIZE(stratd_plugin_v1_t),
    .abi = STRATD_ABI,
    .manifest = &MANIFEST,
    .strategy = &STRATEGY,
};

STRATD_EXPORT const stratd_plugin_v1_t *stratd_plugin_v1(void) { return &PLUGIN; }
