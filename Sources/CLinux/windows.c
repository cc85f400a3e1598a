#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/uio.h>

/*
 * Few windows at a time: mapped pages count as memory of the process, and each window that ends must be forgotten by the
 * other CPUs.
 */
enum { slots = 12 };

/*
 * A used slot is the address of a window plus its number of pages, which fits into the bits below the page size. In one
 * word, so that the handler never sees half of a change. Only the owner of a window changes its slot.
 */
static _Atomic(uintptr_t) windows[slots];
static atomic_bool faults[slots];

static size_t page;
static struct sigaction previous;
static bool has_handler;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *start(uintptr_t window) { return (void *)(window & ~(page - 1)); }
static size_t size(uintptr_t window) { return (window & (page - 1)) * page; }

/*
 * Maps zeros over the window that contains the address, so that the thread goes on; false if there is none. All of it,
 * since a fault is seldom alone. mmap(2) is a plain system call, and so safe in a handler.
 */
static bool cover(const void *address) {
    for (int slot = 0; slot < slots; slot++) {
        const uintptr_t window = atomic_load(&windows[slot]);
        if (window == 0 || (uintptr_t)address - (uintptr_t)start(window) >= size(window)) continue;
        atomic_store(&faults[slot], true);
        const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
        return mmap(start(window), size(window), PROT_READ, flags, -1, 0) != MAP_FAILED;
    }
    return false;
}

/* Does what would have happened without this handler. */
static void pass_on(int signal, siginfo_t *info, void *context) {
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(signal, info, context);
    } else if (previous.sa_handler == SIG_DFL || (previous.sa_handler == SIG_IGN && info->si_code > 0)) {
        /* A fault happens again when the handler returns; a signal that was sent must be repeated. */
        const struct sigaction standard = {.sa_handler = SIG_DFL};
        sigaction(signal, &standard, NULL);
        if (info->si_code <= 0) raise(signal);
    } else if (previous.sa_handler != SIG_IGN) {
        previous.sa_handler(signal);
    }
}

static void handle(int signal, siginfo_t *info, void *context) {
    const int before = errno;
    /* The kernel's own codes are positive: only its faults have an address. */
    if (info->si_code <= 0 || !cover(info->si_addr)) pass_on(signal, info, context);
    errno = before;
}

static void install(void) {
    page = (size_t)sysconf(_SC_PAGESIZE);
    if (sigaction(SIGBUS, NULL, &previous) != 0) return;
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigemptyset(&action.sa_mask);
    has_handler = sigaction(SIGBUS, &action, NULL) == 0;
}

int clinux_map_window(int file, int64_t offset, size_t bytes, const void **content) {
    pthread_once(&once, install);
    const size_t pages = bytes / page + (bytes % page != 0);
    if (!has_handler || pages == 0 || pages >= page) return -1;
    void *const map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, file, (off_t)offset);
    if (map == MAP_FAILED) return -1;
    for (int slot = 0; slot < slots; slot++) {
        uintptr_t free = 0;
        if (!atomic_compare_exchange_strong(&windows[slot], &free, (uintptr_t)map + pages)) continue;
        *content = map;
        return slot;
    }
    munmap(map, bytes);
    return -1;
}

bool clinux_has_faulted(int slot) { return atomic_load(&faults[slot]); }

void clinux_unmap_window(int slot) {
    const uintptr_t window = atomic_load(&windows[slot]);
    atomic_store(&faults[slot], false);
    /* Before the addresses can belong to something else. */
    atomic_store(&windows[slot], 0);
    munmap(start(window), size(window));
}

int clinux_is_cached(int file, int64_t offset) {
    char byte;
    const struct iovec place = {.iov_base = &byte, .iov_len = 1};
    const ssize_t count = preadv2(file, &place, 1, (off_t)offset, RWF_NOWAIT);
    return count >= 0 ? count > 0 : errno == EAGAIN ? 0 : -1;
}
