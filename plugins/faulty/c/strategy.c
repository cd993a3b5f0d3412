// A strategy that is wrong in one way: at load time as the macros say, at run time as the price of a trade says.
//
// -DNAME="…" -DVERSION="…"   what the manifest says
// -DNO_SYMBOL                exports nothing
// -DABI_NUMBER=3             another ABI number
// -DTABLE_SIZE=88            another size of the strategy table
// -DNULL_ENTRY               the table has no on_orders
// -DNO_TABLE, -DBOTH_TABLES  tables that do not fit the kind
// -DNULL_PLUGIN              the exported function returns null
// -DUNDEFINED                needs a symbol that nobody has
// -DCONSTRUCTOR=n            while the library is opened: 1 crashes, 2 hangs, 3 ends the process, 4 prints, 5 starts a thread
// -DCREATE=n                 while an instance is created: 1 crashes, 2 hangs, 3 wants 8 GiB
// -DFLAGS=n                  flags of the manifest
// for pause, usleep, _exit and threads
#define _GNU_SOURCE

#include <stratd/plugin.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef NAME
#define NAME "strategy-faulty-c"
#endif
#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef ABI_NUMBER
#define ABI_NUMBER STRATD_ABI
#endif
#ifndef TABLE_SIZE
#define TABLE_SIZE STRATD_SIZE(stratd_strategy_v1_t)
#endif

#ifdef CONSTRUCTOR
#if CONSTRUCTOR == 5
static void *stay(void *nothing) {
    for (;;) {
        pause();
    }
    return nothing;
}
#endif

__attribute__((constructor)) static void construct(void) {
#if CONSTRUCTOR == 1
    abort();
#elif CONSTRUCTOR == 2
    for (;;) {
        pause();
    }
#elif CONSTRUCTOR == 3
    _exit(3);
#elif CONSTRUCTOR == 4
    printf("{\"accepted\": \"by myself\"}\n");
    fflush(stdout);
#else
    pthread_t thread;
    if (pthread_create(&thread, NULL, stay, NULL) == 0) {
        pthread_detach(thread);
    }
#endif
}
#endif

#ifdef UNDEFINED
extern int stratd_has_no_such_function(void);
int needs_it(void);
int needs_it(void) { return stratd_has_no_such_function(); }
#endif

typedef struct {
    const stratd_host_v1_t *host;
} faulty_t;

static void say(const stratd_host_v1_t *host, const char *text) {
    stratd_log_record_t record = {.level = 20, .message = stratd_str(text)};
    host->log(host->ctx, &record);
}

// Calls what works only during a call of the host, and says what came of it.
static void *try_everything(void *argument) {
    const stratd_host_v1_t *h = argument;
    char text[512];
    stratd_order_request_t request = {
        .instrument = 1, .side = STRATD_SIDE_BUY, .order_type = STRATD_ORDER_TYPE_MARKET, .quantity = 1};
    stratd_filter_t all = {0};
    stratd_instrument_record_t instrument;
    stratd_portfolio_record_t portfolio;
    stratd_risk_record_t risk;
    stratd_price_point_t points[2];
    stratd_schedule_t schedule = {.kind = STRATD_SCHEDULE_KIND_PERIODIC, .interval = 1};
    int n = snprintf(text, sizeof text, "submit %d", (int)h->submit(h->ctx, &request));
    n += snprintf(text + n, sizeof text - n, " cancel %d", (int)h->cancel(h->ctx, 1));
    n += snprintf(text + n, sizeof text - n, " change %d", (int)h->change(h->ctx, 1, 2, 3));
    n += snprintf(text + n, sizeof text - n, " cancel_all %d", (int)h->cancel_all(h->ctx, 0));
    n += snprintf(text + n, sizeof text - n, " close_all %d", (int)h->close_all(h->ctx, 0));
    n += snprintf(text + n, sizeof text - n, " subscribe %d", (int)h->subscribe(h->ctx, 1, 0));
    n += snprintf(text + n, sizeof text - n, " lookup %d", (int)h->lookup(h->ctx, stratd_str("AAPL"), 0));
    n += snprintf(text + n, sizeof text - n, " instruments %d", (int)h->instruments(h->ctx, &all, &instrument, 1));
    n += snprintf(text + n, sizeof text - n, " portfolio %d", (int)h->portfolio(h->ctx, &portfolio));
    n += snprintf(text + n, sizeof text - n, " risk %d", (int)h->risk(h->ctx, 0, &risk, NULL, 0));
    n += snprintf(text + n, sizeof text - n, " history %d", (int)h->price_history(h->ctx, 1, points, 2));
    stratd_book_query_t query = {.instrument = 1, .depth = 20};
    stratd_book_record_t book = {0};
    stratd_book_level_record_t levels[3] = {{0}};
    n += snprintf(text + n, sizeof text - n, " book %d", (int)h->book(h->ctx, &query, &book, levels, 3));
    n += snprintf(text + n, sizeof text - n, " of %d gaps %d third %d", (int)book.instrument, (int)book.gaps,
                  (int)levels[2].quantity);
    query.reserved[5] = 1;
    n += snprintf(text + n, sizeof text - n, " reserved %d", (int)h->book(h->ctx, &query, &book, levels, 3));
    const stratd_bar_spec_t bars = {.kind = STRATD_BAR_KIND_TICK, .step = 5};
    n += snprintf(text + n, sizeof text - n, " bars %d", (int)h->subscribe_bars(h->ctx, 1, &bars));
    n += snprintf(text + n, sizeof text - n, " timer %d", (int)h->timer(h->ctx, &schedule));
    n += snprintf(text + n, sizeof text - n, " timer_cancel %d", (int)h->timer_cancel(h->ctx, 1));
    n += snprintf(text + n, sizeof text - n, " extension %d", h->get_extension(h->ctx, stratd_str("x")) != NULL);
    h->metric(h->ctx, stratd_str("m"), stratd_money_bits(-5));
    h->stop(h->ctx, stratd_str("enough"));
    snprintf(text + n, sizeof text - n, " trading_type %u now %lld", (unsigned)h->trading_type(h->ctx),
             (long long)h->now(h->ctx));
    say(h, text);
    return NULL;
}

// Goes on calling for about a second, whatever becomes of the instance.
static void *go_on(void *argument) {
    for (int round = 0; round < 1000; round++) {
        try_everything(argument);
        usleep(1000);
    }
    return NULL;
}

// Hands over null, odd addresses and impossible lengths.
static void pass_nonsense(const stratd_host_v1_t *h) {
    char text[128];
    static const uint8_t bad[4] = {'a', 0xff, 'b', 0};
    uint64_t aligned[40] = {0};
    void *odd = (uint8_t *)aligned + 1;
    stratd_str_t null_text = {NULL, 5};
    stratd_str_t bad_text = {bad, 3};
    stratd_key_value_t fields[1] = {{bad_text, null_text}};
    stratd_log_record_t record = {.level = 30, .field_count = 1, .message = bad_text, .fields = fields};
    stratd_log_record_t no_fields = {.level = 30, .field_count = 9, .message = null_text, .fields = NULL};
    stratd_filter_t all = {0};
    h->log(h->ctx, NULL);
    h->log(h->ctx, odd);
    h->log(h->ctx, &record);
    h->log(h->ctx, &no_fields);
    h->error(h->ctx, null_text);
    h->stop(h->ctx, null_text);
    h->metric(h->ctx, bad_text, stratd_money_bits(0));
    h->text(h->ctx, 999, NULL, 10);
    int submitted = (int)h->submit(h->ctx, NULL) + (int)h->submit(h->ctx, odd);
    int queried = (int)h->orders(h->ctx, NULL, NULL, 10) + (int)h->instruments(h->ctx, &all, odd, 10);
    int found = (int)h->lookup(h->ctx, null_text, 0) + (int)h->lookup(h->ctx, bad_text, 0);
    int timed = (int)h->timer(h->ctx, NULL) + (int)h->portfolio(h->ctx, NULL) + (int)h->risk(h->ctx, 0, NULL, NULL, 9);
    snprintf(text, sizeof text, "submitted %d queried %d found %d timed %d", submitted, queried, found, timed);
    say(h, text);
}

static void *create(const stratd_host_v1_t *host, stratd_str_t config, const stratd_sink_t *errors) {
    if (config.length > 2) {
        // the reason in two parts, to see that they are joined
        errors->write(errors->ctx, (const uint8_t *)"no keys are ", 12);
        errors->write(errors->ctx, (const uint8_t *)"accepted", 8);
        return NULL;
    }
#if CREATE == 1
    abort();
#elif CREATE == 2
    for (;;) {
        pause();
    }
#elif CREATE == 3
    void *much = malloc((size_t)8 << 30);
    errors->write(errors->ctx, (const uint8_t *)(much == NULL ? "no memory" : "memory"), much == NULL ? 9 : 6);
    free(much);
    return NULL;
#endif
    faulty_t *faulty = calloc(1, sizeof *faulty);
    if (faulty != NULL) {
        faulty->host = host;
    }
    return faulty;
}

static void destroy(void *instance) {
    faulty_t *faulty = instance;
    try_everything((void *)faulty->host);
    free(faulty);
}

static int64_t on_events(void *instance, const stratd_event_t *events, uint64_t count, uint64_t *failed_index) {
    faulty_t *faulty = instance;
    const stratd_host_v1_t *h = faulty->host;
    pthread_t thread;
    switch (events[0].data[0]) {
    case 1:
        return 0;
    case 2:
        return (int64_t)count + 5;
    case 3:
        return -(int64_t)STRATD_REASON_HANDLER_ERROR;
    case 4:
        *failed_index = 99;
        h->error(h->ctx, stratd_str("the first text"));
        h->error(h->ctx, stratd_str("the last text"));
        return -1;
    case 5:
        if (pthread_create(&thread, NULL, try_everything, (void *)h) == 0) {
            pthread_join(thread, NULL);
        }
        return (int64_t)count;
    case 6:
        return INT64_MIN;
    case 7:
        pass_nonsense(h);
        return (int64_t)count;
    case 8:
        try_everything((void *)h);
        return (int64_t)count;
    case 9:
        h->error(h->ctx, stratd_str("said, but the call succeeds"));
        return (int64_t)count;
    case 11:
        if (pthread_create(&thread, NULL, go_on, (void *)h) == 0) {
            pthread_detach(thread);
        }
        return (int64_t)count;
    default:
        say(h, "code of version " VERSION);
        return (int64_t)count;
    }
}

#ifndef NULL_ENTRY
static int64_t on_orders(void *instance, const stratd_order_event_t *events, uint64_t count, uint64_t *failed_index) {
    (void)instance, (void)events, (void)failed_index;
    return (int64_t)count;
}
#endif

static const stratd_strategy_v1_t STRATEGY = {
    .size = TABLE_SIZE,
    .abi = STRATD_ABI,
    .create = create,
    .destroy = destroy,
    .on_events = on_events,
#ifndef NULL_ENTRY
    .on_orders = on_orders,
#endif
};

#define TEXT(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}

static const stratd_manifest_v1_t MANIFEST = {
    .size = STRATD_SIZE(stratd_manifest_v1_t),
    .abi = STRATD_ABI,
    .kind = STRATD_PLUGIN_KIND_STRATEGY,
    .panic_unwinds = 1,
#ifdef FLAGS
    .flags = FLAGS,
#endif
    .name = TEXT(NAME),
    .version = TEXT(VERSION),
};

#ifdef BOTH_TABLES
static const stratd_exchange_v1_t EXCHANGE = {0};
#endif

static const stratd_plugin_v1_t PLUGIN = {
    .size = STRATD_SIZE(stratd_plugin_v1_t),
    .abi = ABI_NUMBER,
    .manifest = &MANIFEST,
#ifndef NO_TABLE
    .strategy = &STRATEGY,
#endif
#ifdef BOTH_TABLES
    .exchange = &EXCHANGE,
#endif
};

#ifdef NO_SYMBOL
#define stratd_plugin_v1 another_name
const stratd_plugin_v1_t *another_name(void);
#endif

const stratd_plugin_v1_t *stratd_plugin_v1(void) {
#ifdef NO_TABLE
    (void)STRATEGY;
#endif
#ifdef NULL_PLUGIN
    (void)PLUGIN;
    return NULL;
#else
    return &PLUGIN;
#endif
}
