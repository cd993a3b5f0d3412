/*
 * A disk that stands still, fails or is full when somebody says so: preloaded into a daemon (LD_PRELOAD) by
 * `cargo xtask soak kill` and by the tests of what cannot be written. Nothing of it is in stratd.
 *
 * STRATD_DISK names a file of three 64-bit words in this machine's order:
 *   0: what the disk does, an enum below; 0 = what it always does
 *   1: how many calls were hit since; whoever waits for a hit reads it
 *   2: (SLOW) how many microseconds a sync takes more
 * It is mapped, so that writing to the file is enough. Only files whose path has "/state.db" in it are meant; those of
 * state.db-wal alone where the list says so. What is held is held until word 0 is another one, or the process is killed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    HOLD_WRITE = 1,  /* a write to state.db-wal waits before anything of it is written */
    HOLD_SYNCED = 2, /* a sync of state.db-wal is done, and does not return */
    FAIL_SYNC = 3,   /* a sync fails: EIO */
    FULL = 4,        /* a write finds no room: ENOSPC */
    SLOW = 5         /* a sync takes word 2 microseconds longer */
};

static volatile uint64_t nothing[3];
static volatile uint64_t *words = nothing;

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("STRATD_DISK");
    int file = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map != MAP_FAILED)
        words = map;
    close(file);
}

static void pause_us(uint64_t us) {
    struct timespec time = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
    nanosleep(&time, NULL);
}

/* 0: another file; 1: state.db or what lies beside it; 2: state.db-wal */
static int which(int file) {
    char link[32] = "/proc/self/fd/", path[4096], digits[12];
    int saved = errno, count = 0, end = 14;
    if (file < 0)
        return 0;
    do
        digits[count++] = (char)('0' + file % 10);
    while ((file /= 10) > 0);
    while (count > 0)
        link[end++] = digits[--count];
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (length <= 0)
        return 0;
    path[length] = 0;
    const char *name = strrchr(path, '/');
    if (name == NULL || strncmp(name, "/state.db", 9) != 0)
        return 0;
    return strcmp(name, "/state.db-wal") == 0 ? 2 : 1;
}

static void hold(uint64_t aim) {
    __atomic_fetch_add(&words[1], 1, __ATOMIC_SEQ_CST);
    while (words[0] == aim)
        pause_us(100);
}

/* whether the write may be done */
static int may_write(int file) {
    uint64_t aim = words[0];
    if (aim == HOLD_WRITE && which(file) == 2)
        hold(aim);
    if (aim == FULL && which(file) != 0) {
        __atomic_fetch_add(&words[1], 1, __ATOMIC_SEQ_CST);
        errno = ENOSPC;
        return 0;
    }
    return 1;
}

ssize_t write(int file, const void *bytes, size_t count) {
    return may_write(file) ? syscall(SYS_write, file, bytes, count) : -1;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
    return may_write(file) ? syscall(SYS_pwrite64, file, bytes, count, at) : -1;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off_t at) {
    return may_write(file) ? syscall(SYS_pwrite64, file, bytes, count, at) : -1;
}

static int synced(int file, long call) {
    uint64_t aim = words[0];
    int is_meant = aim != 0 ? which(file) : 0;
    if (aim == FAIL_SYNC && is_meant != 0) {
        __atomic_fetch_add(&words[1], 1, __ATOMIC_SEQ_CST);
        errno = EIO;
        return -1;
    }
    int result = (int)syscall(call, file);
    if (aim == SLOW && is_meant != 0)
        pause_us(words[2]);
    if (aim == HOLD_SYNCED && is_meant == 2)
        hold(aim);
    return result;
}

int fsync(int file) { return synced(file, SYS_fsync); }

int fdatasync(int file) { return synced(file, SYS_fdatasync); }
