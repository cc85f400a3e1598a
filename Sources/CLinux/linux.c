#define _GNU_SOURCE
#include "CLinux.h"

#include <dirent.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>

const uint64_t CLINUX_NO_LINKS = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
const uint64_t CLINUX_NO_MOUNTS = RESOLVE_NO_XDEV;
const uint64_t CLINUX_IN_ROOT = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
const int CLINUX_O_NOATIME = O_NOATIME, CLINUX_O_PATH = O_PATH;
const int CLINUX_SEEK_DATA = SEEK_DATA, CLINUX_SEEK_HOLE = SEEK_HOLE;
const int CLINUX_EMPTY_PATH = AT_EMPTY_PATH;

static const int64_t second = 1000000000;

int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

long clinux_getdents64(int directory, void *buffer, size_t bytes) { return getdents64(directory, buffer, bytes); }

int64_t clinux_nanoseconds(int64_t seconds, uint32_t nanoseconds) {
    int64_t result;
    if (__builtin_mul_overflow(seconds, second, &result) ||
        __builtin_add_overflow(result, (int64_t)nanoseconds, &result)) {
        return seconds < 0 ? INT64_MIN : INT64_MAX;
    }
    return result;
}

static uint64_t device(const struct statx *s) { return (uint64_t)s->stx_dev_major << 32 | s->stx_dev_minor; }

int clinux_status(int directory, const char *path, struct clinux_status *out) {
    struct statx s;
    const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (path[0] == 0 ? AT_EMPTY_PATH : 0);
    if (statx(directory, path, flags, STATX_BASIC_STATS, &s) != 0) return -1;
    *out = (struct clinux_status){
        .device = device(&s),
        .inode = s.stx_ino,
        .size = s.stx_size,
        .blocks = s.stx_blocks,
        .mtime = clinux_nanoseconds(s.stx_mtime.tv_sec, s.stx_mtime.tv_nsec),
        .ctime = clinux_nanoseconds(s.stx_ctime.tv_sec, s.stx_ctime.tv_nsec),
        .mode = s.stx_mode,
        .uid = s.stx_uid,
        .gid = s.stx_gid,
        .links = s.stx_nlink,
    };
    return 0;
}

int clinux_place(int directory, const char *path, struct clinux_place *out) {
    struct statx s;
    const unsigned mask = STATX_TYPE | STATX_INO | STATX_BTIME;
    if (statx(directory, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, mask, &s) != 0) return -1;
    const int hasBirth = (s.stx_mask & STATX_BTIME) != 0;
    *out = (struct clinux_place){
        .device = device(&s),
        .inode = s.stx_ino,
        .birth = hasBirth ? clinux_nanoseconds(s.stx_btime.tv_sec, s.stx_btime.tv_nsec) : 0,
        .is_directory = S_ISDIR(s.stx_mode),
        .is_mount_root = (s.stx_attributes & s.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0,
    };
    return 0;
}

int clinux_node(int file, struct clinux_node *out) {
    struct statx s;
    if (statx(file, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &s) != 0) return -1;
    *out = (struct clinux_node){
        .device = device(&s),
        .inode = s.stx_ino,
        .size = s.stx_size,
        .blocks = s.stx_blocks,
        .mtime = s.stx_mtime.tv_sec,
        .ctime = s.stx_ctime.tv_sec,
        .mtime_ns = s.stx_mtime.tv_nsec,
        .ctime_ns = s.stx_ctime.tv_nsec,
        .mode = s.stx_mode,
        .uid = s.stx_uid,
        .gid = s.stx_gid,
        .links = s.stx_nlink,
        .major = s.stx_rdev_major,
        .minor = s.stx_rdev_minor,
    };
    return 0;
}

int clinux_set_mtime(int file, int64_t mtime) {
    const int64_t rest = ((mtime % second) + second) % second;
    return clinux_touch(file, "", (mtime - rest) / second, (uint32_t)rest);
}

int clinux_sync_file_system(int file) { return syncfs(file); }

int clinux_touch(int directory, const char *name, int64_t seconds, uint32_t nanoseconds) {
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds, .tv_nsec = nanoseconds}};
    if (name[0] == 0) return futimens(directory, times);
    return utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW);
}

int clinux_make_node(int directory, const char *name, uint32_t mode, uint32_t major, uint32_t minor) {
    return mknodat(directory, name, mode, makedev(major, minor));
}

int clinux_clock_is_synchronized(void) {
    struct timex clock = {.modes = 0};
    if (adjtimex(&clock) < 0) return -1;
    return (clock.status & STA_UNSYNC) == 0;
}

int clinux_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int clinux_processors(void) {
    /* glibc's fixed set is limited to 1024 CPUs. */
    unsigned long mask[128];
    const int bytes = sched_getaffinity(0, sizeof mask, (cpu_set_t *)mask) == 0 ? sizeof mask : 0;
    return CPU_COUNT_S(bytes, (cpu_set_t *)mask);
}

const char *clinux_libc_version(void) { return gnu_get_libc_version(); }
