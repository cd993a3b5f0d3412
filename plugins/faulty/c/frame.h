// The tables of a strategy for tests: what is the same in all of them. Included behind the functions that differ:
// `create`, `destroy` and `on_events`.
#ifndef STRATD_FAULTY_FRAME_H
#define STRATD_FAULTY_FRAME_H

#include <stratd/plugin.h>

#define TEXT(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}

// A strategy of this name, which takes no notice of orders.
#define STRATEGY_OF_TESTS(plugin_name)                                                                                 \
    static int64_t on_orders(void *instance, const stratd_order_event_t *events, uint64_t count,                       \
                             uint64_t *failed_index) {                                                                 \
        (void)instance, (void)events, (void)failed_index;                                                              \
        return (int64_t)count;                                                                                         \
    }                                                                                                                  \
    static const stratd_strategy_v1_t STRATEGY = {                                                                     \
        .size = STRATD_SIZE(stratd_strategy_v1_t),                                                                     \
        .abi = STRATD_ABI,                                                                                             \
        .create = create,                                                                                              \
        .destroy = destroy,                                                                                            \
        .on_events = on_events,                                                                                        \
        .on_orders = on_orders,                                                                                        \
    };                                                                                                                 \
    static const stratd_manifest_v1_t MANIFEST = {                                                                     \
        .size = STRATD_SIZE(stratd_manifest_v1_t),                                                                     \
        .abi = STRATD_ABI,                                                                                             \
        .kind = STRATD_PLUGIN_KIND_STRATEGY,                                                                           \
        .panic_unwinds = 1,                                                                                            \
        .name = TEXT(plugin_name),                                                                                     \
        .version = TEXT("1.0.0"),                                                                                      \
    };                                                                                                                 \
    static const stratd_plugin_v1_t PLUGIN = {                                                                         \
        .size = STRATD_SIZE(stratd_plugin_v1_t),                                                                       \
        .abi = STRATD_ABI,                                                                                             \
        .manifest = &MANIFEST,                                                                                         \
        .strategy = &STRATEGY,                                                                                         \
    };                                                                                                                 \
    const stratd_plugin_v1_t *stratd_plugin_v1(void) { return &PLUGIN; }

#endif
