// A connector whose threads call the host at any time: inside of a call that waits for them, and after it.
#include <stratd/plugin.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS 10000
#define THREADS 4

typedef struct {
    const stratd_exchange_host_v1_t *host;
    uint64_t correlation;
} chatty_t;

// Everything a connector may call, in order; the request that it answers waits for this thread.
static void *answer_all(void *argument) {
    chatty_t *chatty = argument;
    const stratd_exchange_host_v1_t *h = chatty->host;
    stratd_instrument_record_t instrument = {.tick = 1, .lot = 1, .multiplier = 100000000};
    instrument.symbol = h->intern(h->ctx, stratd_str("CHAT"));
    stratd_account_record_t account = {.id = h->intern(h->ctx, stratd_str("account-é"))};
    stratd_order_record_t order = {.client_order_id = 7};
    stratd_fill_record_t fill = {.client_order_id = 7, .quantity = 3};
    static stratd_event_t events[EVENTS];
    stratd_order_event_t order_event = {.client_order_id = 7};
    stratd_log_record_t record = {.level = 20, .message = stratd_str("from a thread")};
    uint32_t id = h->instrument(h->ctx, chatty->correlation, &instrument);
    for (int i = 0; i < EVENTS; i++) {
        events[i] = (stratd_event_t){.ts = i, .kind = STRATD_EVENT_KIND_TRADE, .instrument = id};
    }
    h->account(h->ctx, chatty->correlation, &account);
    h->open_order(h->ctx, chatty->correlation, &order);
    h->fill(h->ctx, chatty->correlation, &fill);
    h->log(h->ctx, &record);
    char text[64];
    uint64_t length = h->text(h->ctx, account.id, (uint8_t *)text, sizeof text);
    // the longest payload comes back whole, and a longer one is refused
    static char news[STRATD_PAYLOAD_BYTES_MAX + 1], back[STRATD_PAYLOAD_BYTES_MAX];
    memset(news, 'n', sizeof news);
    news[STRATD_PAYLOAD_BYTES_MAX - 1] = '.';
    stratd_text_handle_t handle = h->payload(h->ctx, (stratd_str_t){(uint8_t *)news, STRATD_PAYLOAD_BYTES_MAX});
    int is_whole = h->text(h->ctx, handle, (uint8_t *)back, sizeof back) == sizeof back &&
                   memcmp(news, back, sizeof back) == 0 &&
                   h->payload(h->ctx, (stratd_str_t){(uint8_t *)news, sizeof news}) == 0;
    // what is reserved is 0
    stratd_instrument_record_t other = instrument;
    other.reserved[5] = 1;
    is_whole = is_whole && h->instrument(h->ctx, chatty->correlation, &other) == 0;
    stratd_position_record_t held = {.instrument = id, .size = -5};
    h->position(h->ctx, chatty->correlation, &held);
    int is_good = length == 10 && is_whole && h->emit(h->ctx, events, EVENTS) == EVENTS && h->emit_orders(h->ctx, &order_event, 1) == 1;
    h->answer(h->ctx, chatty->correlation, is_good ? 0 : -1, stratd_str("something was not taken"));
    return NULL;
}

static void *emit_some(void *argument) {
    chatty_t *chatty = argument;
    stratd_event_t event = {.kind = STRATD_EVENT_KIND_TRADE, .instrument = 1};
    for (int i = 0; i < 500; i++) {
        chatty->host->emit(chatty->host->ctx, &event, 1);
    }
    return NULL;
}

static void *create(const stratd_exchange_host_v1_t *host, stratd_str_t config, const stratd_sink_t *errors) {
    (void)config, (void)errors;
    chatty_t *chatty = calloc(1, sizeof *chatty);
    if (chatty != NULL) {
        chatty->host = host;
    }
    return chatty;
}

static void destroy(void *instance) { free(instance); }

// The call returns only when another thread has had the host's answers.
static int64_t connect_(void *instance, uint64_t correlation) {
    chatty_t *chatty = instance;
    pthread_t thread;
    chatty->correlation = correlation;
    if (pthread_create(&thread, NULL, answer_all, chatty) != 0) {
        return -1;
    }
    pthread_join(thread, NULL);
    const stratd_exchange_host_v1_t *h = chatty->host;
    stratd_log_record_t record = {.level = 20, .message = stratd_str("from the call")};
    h->log(h->ctx, &record);
    return 0;
}

// Many threads at once, beside the calling one.
static int64_t instruments(void *instance, uint64_t correlation) {
    chatty_t *chatty = instance;
    pthread_t threads[THREADS];
    int started = 0;
    while (started < THREADS && pthread_create(&threads[started], NULL, emit_some, chatty) == 0) {
        started++;
    }
    emit_some(chatty);
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    chatty->host->answer(chatty->host->ctx, correlation, 0, stratd_str(""));
    return 0;
}

static int64_t lookup(void *instance, uint64_t correlation, stratd_str_t symbol) {
    const stratd_exchange_host_v1_t *h = ((chatty_t *)instance)->host;
    (void)correlation;
    h->error(h->ctx, symbol);
    return -(int64_t)STRATD_REASON_HANDLER_ERROR;
}

static int64_t subscribe(void *instance, uint64_t correlation, uint32_t instrument) {
    (void)instance, (void)correlation, (void)instrument;
    abort();
}

static int64_t stop(void *instance) {
    (void)instance;
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
};

#define TEXT(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}

static const stratd_manifest_v1_t MANIFEST = {
    .size = STRATD_SIZE(stratd_manifest_v1_t),
    .abi = STRATD_ABI,
    .kind = STRATD_PLUGIN_KIND_EXCHANGE,
    .panic_unwinds = 1,
    .flags = STRATD_PLUGIN_FLAG_MARKET_DATA | STRATD_PLUGIN_FLAG_SPAWNS_THREADS,
    .trading_types = STRATD_TRADING_TYPE_SANDBOX,
    .name = TEXT("exchange-chatty-c"),
    .version = TEXT("1.0.0"),
};

static const stratd_plugin_v1_t PLUGIN = {
    .size = STRATD_SIZE(stratd_plugin_v1_t),
    .abi = STRATD_ABI,
    .manifest = &MANIFEST,
    .exchange = &EXCHANGE,
};

const stratd_plugin_v1_t *stratd_plugin_v1(void) { return &PLUGIN; }
