/* Physical limits beside the benchmark of reloads: what the kernel and the memory need for the parts that no design
 * can do without. Usage: limits LIBRARY COUNT. Writes lines "NAME MICROSECONDS", COUNT values of each name. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __x86_64__
#include <emmintrin.h>
#endif

#define LARGEST ((size_t)1 << 20)

static double now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void process(void) {
    double start = now_us();
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/true", "true", (char *)NULL);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        perror("starting /bin/true");
        exit(1);
    }
    printf("fork_exec_exit %.2f\n", now_us() - start);
}

static void library(const char *path) {
    double start = now_us();
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL || dlclose(handle) != 0) {
        fprintf(stderr, "opening %s: %s\n", path, dlerror());
        exit(1);
    }
    printf("dlopen_dlclose %.2f\n", now_us() - start);
}

/* A state is copied twice: out of the old instance and into the new one. */
static void copy(const char *name, size_t size, char *from, char *between, char *to) {
    double start = now_us();
    memcpy(between, from, size);
    /* the compiler must not join the copies */
    __asm__ volatile("" : : "r"(between) : "memory");
    memcpy(to, between, size);
    __asm__ volatile("" : : "r"(to) : "memory");
    printf("copy_twice_%s %.2f\n", name, now_us() - start);
}

/* A state that nobody looked at for a while is in no cache. Without an instruction that empties them, it is as before. */
static void forget(const char *memory, size_t size) {
#ifdef __x86_64__
    for (size_t at = 0; at < size; at += 64) {
        _mm_clflush(memory + at);
    }
    _mm_mfence();
#else
    (void)memory;
    (void)size;
#endif
}

static void copy_cold(const char *name, size_t size, char *from, char *between, char *to) {
    forget(from, size);
    forget(between, size);
    forget(to, size);
    copy(name, size, from, between, to);
}

static char *mapped(void) {
    char *memory = mmap(NULL, LARGEST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mapping memory");
        exit(1);
    }
    return memory;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: %s LIBRARY COUNT\n", argv[0]);
        return 2;
    }
    long count = strtol(argv[2], NULL, 10);
    char *from = mapped(), *between = mapped(), *to = mapped();
    memset(from, 1, LARGEST);
    memset(between, 2, LARGEST);
    memset(to, 3, LARGEST);
    /* before anything forks: afterwards the first write to each page copies it */
    for (long i = 0; i < count; i++) {
        copy("24b", 24, from, between, to);
        copy("64k", (size_t)64 << 10, from, between, to);
        copy("1m", LARGEST, from, between, to);
        copy_cold("64k_cold", (size_t)64 << 10, from, between, to);
        copy_cold("1m_cold", LARGEST, from, between, to);
        char *fresh = mapped();
        copy("1m_into_fresh_memory", LARGEST, from, fresh, to);
        munmap(fresh, LARGEST);
    }
    for (long i = 0; i < count; i++) {
        library(argv[1]);
    }
    for (long i = 0; i < count; i++) {
        process();
    }
    return 0;
}
