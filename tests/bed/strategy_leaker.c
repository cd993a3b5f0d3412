// A strategy that keeps a mebibyte of every event.
#include "../../plugins/faulty/c/frame.h"

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

STRATEGY_OF_TESTS("strategy-leaker")
