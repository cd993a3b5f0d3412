// A strategy that logs through the log table in every phase of its life, with texts that are no texts among them.
//
// -DBUILD=n   a number in each message, so that two builds of it can be told apart
// -DFLAGS=n   flags of the manifest
#include <stratd/plugin.h>

#include <stdio.h>
#include <stdlib.h>

#ifndef BUILD
#define BUILD 1
#endif
#ifndef FLAGS
#define FLAGS 0
#endif

// what everybody sees, and what only a flight recorder keeps
enum { DEBUG = 10, INFO = 20 };

typedef struct {
    const stratd_log_host_v1_t *log;
    int has_spoken;
} talker_t;

// The places are texts of this library, which must be copied: it may be unmapped before they are written.
static void say(const talker_t *t, int32_t level, stratd_str_t message, const stratd_log_field_t *fields,
                uint32_t count) {
    stratd_log_entry_t entry = {
        .logger = STRATD_LOGGER_ID_OWN,
        .level = level,
        .line = __LINE__,
        .event = STRATD_LOGGER_ID_NO_EVENT,
        .message = message,
        .file = stratd_str(__FILE__),
        .function = stratd_str(__func__),
        .module = stratd_str("c_talker"),
        .fields = fields,
        .field_count = count,
    };
    t->log->log(t->log->ctx, &entry);
}

static void say_phase(const talker_t *t, const char *phase) {
    char text[64];
    snprintf(text, sizeof text, "build %d in %s", BUILD, phase);
    say(t, INFO, stratd_str(text), NULL, 0);
}

// A byte that begins no character, one that goes on with none, and a character that is not finished.
static void say_no_text(const talker_t *t) {
    static const uint8_t BAD[] = {'a', 0xff, 'b', 0x80, 'c', 0xe2, 0x82};
    static const uint64_t ALIGNED[40];
    const void *odd = (const uint8_t *)ALIGNED + 1;
    stratd_str_t bad = {BAD, sizeof BAD};
    stratd_str_t nothing = {NULL, 0};
    stratd_str_t null_text = {NULL, 5};
    stratd_log_field_t fields[] = {
        {.key = bad, .text = bad, .kind = STRATD_LOG_VALUE_TEXT},
        {.key = stratd_str("good"), .text = stratd_str("kept"), .kind = STRATD_LOG_VALUE_TEXT},
        {.key = stratd_str("null"), .text = null_text, .kind = STRATD_LOG_VALUE_TEXT},
        {.key = stratd_str("json"), .text = bad, .kind = STRATD_LOG_VALUE_JSON},
        {.key = stratd_str("future"), .bits = 1, .kind = 4711},
    };
    say(t, INFO, bad, fields, sizeof fields / sizeof *fields);
    stratd_log_entry_t entry = {
        .logger = 4711, // never given
        .level = INFO,
        .event = 4711,
        .target = bad,
        .message = stratd_str("everything else"),
        .file = bad,
        .function = null_text,
        .module = nothing,
        .exception = bad,
        .fields = NULL,
        .field_count = 3,
    };
    t->log->log(t->log->ctx, &entry);
    t->log->log(t->log->ctx, NULL);
    t->log->log(t->log->ctx, (const stratd_log_entry_t *)odd);
}

static void *create(const stratd_host_v1_t *host, stratd_str_t config, const stratd_sink_t *errors) {
    (void)config, (void)errors;
    talker_t *talker = calloc(1, sizeof *talker);
    if (talker == NULL) {
        return NULL;
    }
    talker->log = host->get_extension(host->ctx, stratd_str(STRATD_LOG_EXTENSION));
    if (talker->log == NULL) {
        free(talker);
        return NULL;
    }
    say_phase(talker, "create");
    return talker;
}

static void destroy(void *instance) {
    say_phase(instance, "destroy");
    free(instance);
}

static int64_t on_events(void *instance, const stratd_event_t *events, uint64_t count, uint64_t *failed_index) {
    (void)failed_index;
    talker_t *talker = instance;
    if (!talker->has_spoken && events[0].kind == STRATD_EVENT_KIND_TRADE) {
        talker->has_spoken = 1;
        say_phase(talker, "on_events");
        say(talker, DEBUG, stratd_str("a detail of the first event"), NULL, 0);
        say_no_text(talker);
    }
    return (int64_t)count;
}

static int64_t on_orders(void *instance, const stratd_order_event_t *events, uint64_t count, uint64_t *failed_index) {
    (void)instance, (void)events, (void)failed_index;
    return (int64_t)count;
}

static int64_t save(void *instance, const stratd_sink_t *state) {
    say_phase(instance, "save");
    state->write(state->ctx, (const uint8_t *)"x", 1);
    return 1;
}

static int64_t restore(void *instance, uint32_t state_version, const uint8_t *data, uint64_t length,
                       const stratd_sink_t *errors) {
    (void)state_version, (void)data, (void)length, (void)errors;
    say_phase(instance, "restore");
    return 0;
}

static const stratd_strategy_v1_t STRATEGY = {
    .size = STRATD_SIZE(stratd_strategy_v1_t),
    .abi = STRATD_ABI,
    .create = create,
    .destroy = destroy,
    .on_events = on_events,
    .on_orders = on_orders,
    .save = save,
    .restore = restore,
};

#define TEXT(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}

static const stratd_manifest_v1_t MANIFEST = {
    .size = STRATD_SIZE(stratd_manifest_v1_t),
    .abi = STRATD_ABI,
    .kind = STRATD_PLUGIN_KIND_STRATEGY,
    .state_version = 1,
    .state_compat_min = 1,
    .panic_unwinds = 1,
    .flags = FLAGS,
    .name = TEXT("strategy-c-talker"),
    .version = TEXT("1.0.0"),
};

static const stratd_plugin_v1_t PLUGIN = {
    .size = STRATD_SIZE(stratd_plugin_v1_t),
    .abi = STRATD_ABI,
    .manifest = &MANIFEST,
    .strategy = &STRATEGY,
};

const stratd_plugin_v1_t *stratd_plugin_v1(void) { return &PLUGIN; }
