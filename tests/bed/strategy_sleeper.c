// A strategy that does not return from its first market event; with any configuration, it cannot be made.
#include <stratd/plugin.h>

#include <unistd.h>

static int instance_;

static void *create(const stratd_host_v1_t *host, stratd_str_t config, const stratd_sink_t *errors) {
    (void)host;
    static const char REASON[] = "no keys are accepted";
    // an empty table is `{}`
    if (config.length > 2) {
        errors->write(errors->ctx, (const uint8_t *)REASON, sizeof REASON - 1);
        return NULL;
    }
    return &instance_;
}

static void destroy(void *instance) { (void)instance; }

static int64_t on_events(void *instance, const stratd_event_t *events, uint64_t count, uint64_t *failed_index) {
    (void)instance, (void)failed_index;
    int is_market = events[0].kind <= STRATD_EVENT_KIND_BOOK_UPDATE;
    // a signal that is handled wakes it, and it sleeps again
    while (is_market && pause() == -1) {
    }
    return (int64_t)count;
}

static int64_t on_orders(void *instance, const stratd_order_event_t *events, uint64_t count, uint64_t *failed_index) {
    (void)instance, (void)events, (void)failed_index;
    return (int64_t)count;
}

static const stratd_strategy_v1_t STRATEGY = {
    .size = STRATD_SIZE(stratd_strategy_v1_t),
    .abi = STRATD_ABI,
    .create = create,
    .destroy = destroy,
    .on_events = on_events,
    .on_orders = on_orders,
};

#define TEXT(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}

static const stratd_manifest_v1_t MANIFEST = {
    .size = STRATD_SIZE(stratd_manifest_v1_t),
    .abi = STRATD_ABI,
    .kind = STRATD_PLUGIN_KIND_STRATEGY,
    .panic_unwinds = 1,
    .name = TEXT("strategy-sleeper"),
    .version = TEXT("1.0.0"),
};

static const stratd_plugin_v1_t PLUGIN = {
    .size = STRATD_SIZE(stratd_plugin_v1_t),
    .abi = STRATD_ABI,
    .manifest = &MANIFEST,
    .strategy = &STRATEGY,
};

const stratd_plugin_v1_t *stratd_plugin_v1(void) { return &PLUGIN; }
