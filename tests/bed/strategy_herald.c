// A strategy that says what the acceptance tests look for.
//
// At the first event it says a script: every level, texts of several lines, bytes that are no UTF-8, names of fields that
// a journal refuses, and a record of a mebibyte. Each event after that is one `tick N` at DEBUG under the logger `tick`,
// N without a gap, so that a test sees what was lost.
#include "../../plugins/faulty/c/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIELDS_MAX = 64,            // what the host takes of one record
    TEXT_BYTES_MAX = 16 * 1024, // and of one text
};

typedef struct {
    const stratd_host_v1_t *host;
    uint64_t ticks;
    int has_said;
} herald_t;

static void say(const herald_t *herald, uint32_t level, const char *target, const char *message,
                const stratd_key_value_t *fields, uint32_t count) {
    stratd_log_record_t record = {
        .level = level,
        .target = stratd_str(target),
        .message = stratd_str(message),
        .fields = fields,
        .field_count = count,
    };
    herald->host->log(herald->host->ctx, &record);
}

static stratd_key_value_t field(const char *key, const char *value) {
    return (stratd_key_value_t){.key = stratd_str(key), .value = stratd_str(value)};
}

static void say_levels(const herald_t *herald) {
    static const uint32_t LEVELS[] = {1, 5, 10, 15, 20, 24, 25, 29, 30, 39, 40, 49, 50, 60};
    for (size_t i = 0; i < sizeof LEVELS / sizeof *LEVELS; i++) {
        char text[32], number[16];
        snprintf(text, sizeof text, "level %u", (unsigned)LEVELS[i]);
        snprintf(number, sizeof number, "%u", (unsigned)LEVELS[i]);
        stratd_key_value_t fields[] = {field("number", number)};
        say(herald, LEVELS[i], "levels", text, fields, 1);
    }
}

static void say_texts(const herald_t *herald) {
    stratd_key_value_t lines[] = {field("detail", "one\ntwo")};
    say(herald, 20, "lines", "first\n  second\nthird", lines, 1);
    say(herald, 20, "bytes", "caf\xe9 \xff end", NULL, 0);
    say(herald, 20, "unicode", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\x88", NULL, 0);
    char longest[81];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    stratd_key_value_t names[] = {
        field("order-id", "A-7"), field("_private", "p"), field("9", "nine"),
        field("MESSAGE", "mine"), field("PRIORITY", "0"), field(longest, "long"),
    };
    say(herald, 20, "names", "names of fields", names, sizeof names / sizeof *names);
}

// As many fields as the host takes, each as long as it takes: a mebibyte together.
static void say_much(const herald_t *herald) {
    static char value[TEXT_BYTES_MAX + 1];
    static char keys[FIELDS_MAX][8];
    stratd_key_value_t fields[FIELDS_MAX];
    memset(value, 'm', TEXT_BYTES_MAX);
    for (int i = 0; i < FIELDS_MAX; i++) {
        snprintf(keys[i], sizeof keys[i], "k%02d", i);
        fields[i] = field(keys[i], value);
    }
    say(herald, 20, "much", "a mebibyte", fields, FIELDS_MAX);
}

static void *create(const stratd_host_v1_t *host, stratd_str_t config, const stratd_sink_t *errors) {
    (void)config, (void)errors;
    herald_t *herald = calloc(1, sizeof *herald);
    if (herald != NULL) {
        herald->host = host;
    }
    return herald;
}

static void destroy(void *instance) { free(instance); }

static int64_t on_events(void *instance, const stratd_event_t *events, uint64_t count, uint64_t *failed_index) {
    (void)events, (void)failed_index;
    herald_t *herald = instance;
    if (!herald->has_said) {
        herald->has_said = 1;
        say_levels(herald);
        say_texts(herald);
        say_much(herald);
        say(herald, 20, "", "said", NULL, 0);
    }
    for (uint64_t i = 0; i < count; i++) {
        char text[32];
        snprintf(text, sizeof text, "tick %llu", (unsigned long long)++herald->ticks);
        say(herald, 10, "tick", text, NULL, 0);
    }
    return (int64_t)count;
}

STRATEGY_OF_TESTS("strategy-herald")
