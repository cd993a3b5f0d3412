// A strategy that tries at each trade what a confined process may and may not do, and says what came of it.
// A price of 1 only prints, and one of 9 ends the process.

// for clone flags, pthread and memfd
#define _GNU_SOURCE

#include "frame.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const stratd_host_v1_t *host;

static void say(const char *text) {
    stratd_log_record_t record = {.level = 20, .message = stratd_str(text)};
    host->log(host->ctx, &record);
}

static const char *outcome(long result) { return result >= 0 ? "done" : strerrorname_np(errno); }

static void *on_thread(void *argument) {
    (void)argument;
    say("a thread of its own");
    return NULL;
}

static void try_all(void) {
    char text[512];
    int n = 0;
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    n += snprintf(text + n, sizeof text - n, "fork %s", outcome(child));
    if (child > 0) {
        waitpid(child, NULL, 0);
    }
    char *arguments[] = {"/bin/true", NULL};
    n += snprintf(text + n, sizeof text - n, ", exec %s", outcome(access("/bin/true", X_OK) == 0 ? execv("/bin/true", arguments) : 0));
    n += snprintf(text + n, sizeof text - n, ", kill %s", outcome(kill(getppid(), 0)));
    n += snprintf(text + n, sizeof text - n, ", itself %s", outcome(kill(getpid(), 0)));
    n += snprintf(text + n, sizeof text - n, ", trace %s", outcome(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL)));
    n += snprintf(text + n, sizeof text - n, ", mount %s", outcome(mount("none", "/tmp", "tmpfs", 0, NULL)));
    n += snprintf(text + n, sizeof text - n, ", user %s", outcome(setuid(0)));
    n += snprintf(text + n, sizeof text - n, ", signal %s", outcome(prctl(PR_SET_PDEATHSIG, 0)));
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    n += snprintf(text + n, sizeof text - n, ", limit %s", outcome(setrlimit(RLIMIT_AS, &limit)));
    n += snprintf(text + n, sizeof text - n, ", file %s", outcome(open("/dev/null", O_RDONLY)));
    n += snprintf(text + n, sizeof text - n, ", socket %s", outcome(socket(AF_UNIX, SOCK_STREAM, 0)));
    say(text);
    pthread_t thread;
    if (pthread_create(&thread, NULL, on_thread, NULL) == 0) {
        pthread_join(thread, NULL);
    }
    char in[8];
    snprintf(text, sizeof text, "secret %s, standard input %ld bytes, descriptor 9 %s", getenv("STRATD_SECRET") ? "seen" : "absent",
             (long)read(0, in, sizeof in), outcome(fcntl(9, F_GETFD)));
    say(text);
}

static void *create(const stratd_host_v1_t *given, stratd_str_t config, const stratd_sink_t *errors) {
    (void)config, (void)errors;
    host = given;
    return malloc(1);
}

static void destroy(void *instance) { free(instance); }

static int64_t on_events(void *instance, const stratd_event_t *events, uint64_t count, uint64_t *failed_index) {
    (void)instance, (void)failed_index;
    if (events[0].data[0] == 1) {
        fprintf(stderr, "to standard error\n");
        printf("to standard output\n");
        fflush(stdout);
    } else if (events[0].data[0] == 9) {
        abort();
    } else {
        try_all();
    }
    return (int64_t)count;
}

STRATEGY_OF_TESTS("strategy-confined-c")
