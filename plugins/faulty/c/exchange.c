// A connector that delivers two events and takes no orders; it goes on to emit after it was stopped.
//
// -DDECLARES_ORDERS   declares order entry and has no entry for it
// -DTAKES   says that it takes what the fake exchange takes
// -DNAME="…" -DSTATE_VERSION=n   what the manifest says; a state of that version is taken and not looked at
#include <stratd/plugin.h>

#include <stdlib.h>

#ifndef NAME
#define NAME "exchange-faulty-c"
#endif
#ifndef STATE_VERSION
#define STATE_VERSION 0
#endif

typedef struct {
    const stratd_exchange_host_v1_t *host;
    uint32_t instrument;
    int polls;
} connector_t;

static void *create(const stratd_exchange_host_v1_t *host, stratd_str_t config, const stratd_sink_t *errors) {
    (void)config, (void)errors;
    connector_t *connector = calloc(1, sizeof *connector);
    if (connector != NULL) {
        connector->host = host;
    }
    return connector;
}

static void destroy(void *instance) {
    connector_t *connector = instance;
    const stratd_exchange_host_v1_t *h = connector->host;
    stratd_event_t event = {.kind = STRATD_EVENT_KIND_TRADE, .instrument = connector->instrument};
    stratd_log_record_t record = {.level = 20, .message = stratd_str("taken after stop: nothing")};
    if (h->emit(h->ctx, &event, 1) == 0) {
        h->log(h->ctx, &record);
    }
    free(connector);
}

static int64_t connect_(void *instance, uint64_t correlation) {
    const stratd_exchange_host_v1_t *h = ((connector_t *)instance)->host;
    h->answer(h->ctx, correlation, 0, stratd_str(""));
    return 0;
}

static int64_t instruments(void *instance, uint64_t correlation) {
    connector_t *connector = instance;
    const stratd_exchange_host_v1_t *h = connector->host;
    stratd_instrument_record_t record = {
        .instrument_type = STRATD_INSTRUMENT_TYPE_EQUITY,
        .symbol = h->intern(h->ctx, stratd_str("AAPL")),
        .tick = 1,
        .lot = 1,
        .multiplier = 100000000,
    };
    connector->instrument = h->instrument(h->ctx, correlation, &record);
    h->answer(h->ctx, correlation, -1, stratd_str("only one is known"));
    return 0;
}

static int64_t lookup(void *instance, uint64_t correlation, stratd_str_t symbol) {
    const stratd_exchange_host_v1_t *h = ((connector_t *)instance)->host;
    (void)correlation;
    h->error(h->ctx, symbol);
    return -(int64_t)STRATD_REASON_HANDLER_ERROR;
}

static int64_t subscribe(void *instance, uint64_t correlation, uint32_t instrument) {
    const stratd_exchange_host_v1_t *h = ((connector_t *)instance)->host;
    stratd_event_t event = {.kind = STRATD_EVENT_KIND_TRADE, .instrument = instrument};
    (void)correlation;
    return h->emit(h->ctx, &event, 1) == 1 && h->emit(h->ctx, NULL, 7) == 0 ? 0 : -1;
}

static int64_t stop(void *instance) {
    (void)instance;
    return 0;
}

static int64_t poll_(void *instance, stratd_event_t *out, uint64_t capacity) {
    connector_t *connector = instance;
    connector->polls++;
    if (connector->polls > 2) {
        return (int64_t)capacity + 1; // more than there is room for
    }
    if (connector->polls > 1) {
        return 0;
    }
    for (uint64_t i = 0; i < capacity && i < 2; i++) {
        out[i] = (stratd_event_t){.ts = (int64_t)i, .kind = STRATD_EVENT_KIND_TRADE};
    }
    return capacity < 2 ? (int64_t)capacity : 2;
}

static int64_t restore(void *instance, uint32_t state_version, const uint8_t *data, uint64_t length,
                       const stratd_sink_t *errors) {
    (void)instance, (void)state_version, (void)data, (void)length, (void)errors;
    return 0;
}

static const stratd_exchange_v1_t EXCHANGE = {
    .size = STRATD_SIZE(stratd_exchange_v1_t),
    .abi = STRATD_ABI,
    .create = create,
    .destroy = destroy,
    .connect = connect_,
    .instruments = instruments,
    .lookup = lookup,
    .subscribe = subscribe,
    .stop = stop,
    .poll = poll_,
    .restore = restore,
};

#define TEXT(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}

static const stratd_manifest_v1_t MANIFEST = {
    .size = STRATD_SIZE(stratd_manifest_v1_t),
    .abi = STRATD_ABI,
    .kind = STRATD_PLUGIN_KIND_EXCHANGE,
    .panic_unwinds = 1,
#ifdef DECLARES_ORDERS
    .flags = STRATD_PLUGIN_FLAG_MARKET_DATA | STRATD_PLUGIN_FLAG_ORDER_ENTRY,
    .order_types = 1u << STRATD_ORDER_TYPE_MARKET,
    .order_lifetimes = 1u << STRATD_ORDER_LIFETIME_GTC,
#else
    .flags = STRATD_PLUGIN_FLAG_MARKET_DATA | STRATD_PLUGIN_FLAG_HISTORICAL,
#endif
#ifdef TAKES
    .order_types = 1u << STRATD_ORDER_TYPE_MARKET | 1u << STRATD_ORDER_TYPE_LIMIT,
    .order_flags = STRATD_ORDER_FLAG_POST_ONLY,
    .order_lifetimes = 1u << STRATD_ORDER_LIFETIME_GTC,
#endif
    .trading_types = STRATD_TRADING_TYPE_BACKTEST,
    .name = TEXT(NAME),
    .state_version = STATE_VERSION,
    .state_compat_min = STATE_VERSION,
    .version = TEXT("1.0.0"),
};

static const stratd_plugin_v1_t PLUGIN = {
    .size = STRATD_SIZE(stratd_plugin_v1_t),
    .abi = STRATD_ABI,
    .manifest = &MANIFEST,
    .exchange = &EXCHANGE,
};

const stratd_plugin_v1_t *stratd_plugin_v1(void) { return &PLUGIN; }
