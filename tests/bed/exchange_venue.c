// A connector that logs in at 127.0.0.1:8081 with the key of its configuration, `{"api_key": "…"}`, and says the key in
// the reason when it is told to refuse: what the acceptance test of keys looks for, and where it may not be found.
//
// It has one instrument, and nothing ever happens there.
#include <stratd/plugin.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PORT = 8081,
    KEY_BYTES_MAX = 128,
};

typedef struct {
    const stratd_exchange_host_v1_t *host;
    char key[KEY_BYTES_MAX];
} venue_t;

// The text behind `"api_key":`, which is the only text of this configuration; 0 = there is none.
static int key_of(stratd_str_t config, char *key) {
    static const char NAME[] = "\"api_key\":\"";
    char text[1024];
    if (config.length >= sizeof text) {
        return 0;
    }
    memcpy(text, config.data, config.length);
    text[config.length] = '\0';
    const char *found = strstr(text, NAME);
    const char *end = found == NULL ? NULL : strchr(found + sizeof NAME - 1, '"');
    if (end == NULL || end - found - (sizeof NAME - 1) >= KEY_BYTES_MAX) {
        return 0;
    }
    found += sizeof NAME - 1;
    memcpy(key, found, (size_t)(end - found));
    key[end - found] = '\0';
    return 1;
}

static void *create(const stratd_exchange_host_v1_t *host, stratd_str_t config, const stratd_sink_t *errors) {
    venue_t *venue = calloc(1, sizeof *venue);
    if (venue == NULL) {
        return NULL;
    }
    venue->host = host;
    if (!key_of(config, venue->key) || strstr(venue->key, "wrong") != NULL) {
        char text[KEY_BYTES_MAX + 32];
        int length = snprintf(text, sizeof text, "the key %s opens nothing", venue->key);
        errors->write(errors->ctx, (const uint8_t *)text, (uint64_t)length);
        free(venue);
        return NULL;
    }
    return venue;
}

static void destroy(void *instance) { free(instance); }

static int64_t connect_(void *instance, uint64_t correlation) {
    const venue_t *venue = instance;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    char login[KEY_BYTES_MAX + 16];
    int length = snprintf(login, sizeof login, "login %s\n", venue->key);
    int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int is_in = sock >= 0 && connect(sock, (struct sockaddr *)&address, sizeof address) == 0 &&
                write(sock, login, (size_t)length) == length;
    if (sock >= 0) {
        close(sock);
    }
    venue->host->answer(venue->host->ctx, correlation, is_in ? 0 : -1,
                        stratd_str(is_in ? "" : "nobody is at 127.0.0.1:8081"));
    return 0;
}

static int64_t instruments(void *instance, uint64_t correlation) {
    const stratd_exchange_host_v1_t *h = ((venue_t *)instance)->host;
    stratd_instrument_record_t record = {
        .instrument_type = STRATD_INSTRUMENT_TYPE_EQUITY,
        .symbol = h->intern(h->ctx, stratd_str("VENUE")),
        .currency = h->intern(h->ctx, stratd_str("USD")),
        .tick = 1,
        .lot = 1,
        .multiplier = 100000000,
    };
    h->instrument(h->ctx, correlation, &record);
    h->answer(h->ctx, correlation, 0, stratd_str(""));
    return 0;
}

static int64_t lookup(void *instance, uint64_t correlation, stratd_str_t symbol) {
    const stratd_exchange_host_v1_t *h = ((venue_t *)instance)->host;
    (void)symbol;
    h->answer(h->ctx, correlation, -1, stratd_str("only what is reported is known"));
    return 0;
}

static int64_t subscribe(void *instance, uint64_t correlation, uint32_t instrument) {
    const stratd_exchange_host_v1_t *h = ((venue_t *)instance)->host;
    (void)instrument;
    h->answer(h->ctx, correlation, 0, stratd_str(""));
    return 0;
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
    .flags = STRATD_PLUGIN_FLAG_MARKET_DATA,
    .trading_types = STRATD_TRADING_TYPE_SIMULATION | STRATD_TRADING_TYPE_SANDBOX,
    .name = TEXT("exchange-venue"),
    .version = TEXT("1.0.0"),
};

static const stratd_plugin_v1_t PLUGIN = {
    .size = STRATD_SIZE(stratd_plugin_v1_t),
    .abi = STRATD_ABI,
    .manifest = &MANIFEST,
    .exchange = &EXCHANGE,
};

const stratd_plugin_v1_t *stratd_plugin_v1(void) { return &PLUGIN; }
