#pragma once
/*
 * Linux calls that the Glibc module hides or that are awkward from Swift.
 * Each wrapper returns what its system call returns and leaves errno as it is.
 */
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "Namespaces.h"

/* openat2(2): the only open that can refuse symbolic links in every component. */
static inline int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode,
                                 uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

static const uint64_t CLINUX_NO_LINKS = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
static const uint64_t CLINUX_NO_MOUNTS = RESOLVE_NO_XDEV;
/* O_NOATIME stands behind _GNU_SOURCE. */
static const int CLINUX_O_NOATIME = 01000000;

/* getdents64(2): readdir without its hidden buffer and its rewinds. */
static inline long clinux_getdents64(int directory, void *buffer, size_t bytes) {
    return syscall(SYS_getdents64, directory, buffer, bytes);
}

/* What mirrorctl wants of statx(2); times in nanoseconds since the epoch. */
struct clinux_status {
    uint64_t device, inode, size, blocks;
    int64_t mtime, ctime;
    uint32_t mode, uid, gid, links;
};

/* statx(2) of a name below a directory (never through a link), or of the descriptor itself if path is "". */
static inline int clinux_status(int directory, const char *path, struct clinux_status *out) {
    struct statx s;
    const int at = 0x100 /* AT_SYMLINK_NOFOLLOW */ | 0x800 /* AT_NO_AUTOMOUNT */ |
                   (path[0] == 0 ? 0x1000 /* AT_EMPTY_PATH */ : 0);
    const long result = syscall(SYS_statx, directory, path, at, STATX_BASIC_STATS, &s);
    if (result != 0) return -1;
    out->device = ((uint64_t)s.stx_dev_major << 32) | s.stx_dev_minor;
    out->inode = s.stx_ino;
    out->size = s.stx_size;
    out->blocks = s.stx_blocks;
    out->mtime = s.stx_mtime.tv_sec * 1000000000LL + s.stx_mtime.tv_nsec;
    out->ctime = s.stx_ctime.tv_sec * 1000000000LL + s.stx_ctime.tv_nsec;
    out->mode = s.stx_mode;
    out->uid = s.stx_uid;
    out->gid = s.stx_gid;
    out->links = s.stx_nlink;
    return 0;
}

/* futimens(2) of the modification time alone, in nanoseconds since the epoch. */
static inline int clinux_set_mtime(int file, int64_t mtime) {
    const int64_t second = 1000000000, rest = ((mtime % second) + second) % second;
    const struct timespec times[2] = {{.tv_nsec = (1L << 30) - 2 /* UTIME_OMIT */},
                                      {.tv_sec = (mtime - rest) / second, .tv_nsec = rest}};
    return futimens(file, times);
}

/* The processors that this process may run on; 0 if they cannot be told. sched_getaffinity(2), as nproc(1). */
static inline int clinux_processors(void) {
    unsigned long mask[128];
    const long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    int count = 0;
    for (long i = 0; i < bytes / (long)sizeof mask[0]; i++) count += __builtin_popcountl(mask[i]);
    return count;
}

/* pipe2(2) whose ends no other program inherits; behind _GNU_SOURCE. */
static inline int clinux_pipe(int *ends) {
    return (int)syscall(SYS_pipe2, ends, 02000000 /* O_CLOEXEC */);
}

/* memfd_create(2): a file without a name, in memory. */
static inline int clinux_memory_file(const char *name) {
    return (int)syscall(SYS_memfd_create, name, 1u /* MFD_CLOEXEC */);
}
