// A strategy that keeps a mebibyte of every event.
#include <stratd/plugin.h>

#include <stdlib.h>
#include <string.h>

enum { BYTES = 1 << 20 };

static int instance_;

static void *create(const stratd_host_v1_t *host, stratd_str_t config, const stratd_sink_t *errors) {
    (void)host, (void)config, (void)errors;
    return &instance_;
}

static void destroy(void *instance) { (void)instance; }

static int64_t on_events(void *instance, const stratd_event_t *events, uint64_t count, uint64_t *failed_index) {
    (void)instance, (void)events, (void)failed_index;
    for (uint64_t i = 0; i < count; i++) {
        char *kept = malloc(BYTES);
        if (kept != NULL) {
            // every page is touched, or it would cost nothing
            memset(kept, 1, BYTES);
            __asm__ volatile("" : : "r"(kept) : "memory");
        }
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
    .name = TEXT("strategy-leaker"),
    .version = TEXT("1.0.0"),
};

static const stratd_plugin_v1_t PLUGIN = {
    .size = STRATD_SIZE(stratd_plugin_v1_t),
    .abi = STRATD_ABI,
    .manifest = &MANIFEST,
    .strategy = &STRATEGY,
};

const stratd_plugin_v1_t *stratd_plugin_v1(void) { return &PLUGIN; }
