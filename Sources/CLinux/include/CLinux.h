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
#include <sys/sysmacros.h>
#include <sys/xattr.h>
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

/* Nanoseconds since the epoch; a time before 1677 or after 2262 becomes the nearest one that fits. */
static inline int64_t clinux_nanoseconds(int64_t seconds, uint32_t nanoseconds) {
    int64_t result;
    if (__builtin_mul_overflow(seconds, (int64_t)1000000000, &result) ||
        __builtin_add_overflow(result, (int64_t)nanoseconds, &result)) {
        return seconds < 0 ? INT64_MIN : INT64_MAX;
    }
    return result;
}

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
    out->mtime = clinux_nanoseconds(s.stx_mtime.tv_sec, s.stx_mtime.tv_nsec);
    out->ctime = clinux_nanoseconds(s.stx_ctime.tv_sec, s.stx_ctime.tv_nsec);
    out->mode = s.stx_mode;
    out->uid = s.stx_uid;
    out->gid = s.stx_gid;
    out->links = s.stx_nlink;
    return 0;
}

/* What tells a directory from another one that has its name later. */
struct clinux_place {
    uint64_t device, inode;
    /* Nanoseconds since the epoch; 0 where the file system does not keep it. */
    int64_t birth;
    int is_directory, is_mount_root;
};

/* statx(2) of a name below a directory, never through a link. */
static inline int clinux_place(int directory, const char *path, struct clinux_place *out) {
    struct statx s;
    const int at = 0x100 /* AT_SYMLINK_NOFOLLOW */ | 0x800 /* AT_NO_AUTOMOUNT */;
    const unsigned mask = STATX_TYPE | STATX_INO | STATX_BTIME;
    if (syscall(SYS_statx, directory, path, at, mask, &s) != 0) return -1;
    out->device = ((uint64_t)s.stx_dev_major << 32) | s.stx_dev_minor;
    out->inode = s.stx_ino;
    out->birth = s.stx_mask & STATX_BTIME ? s.stx_btime.tv_sec * 1000000000LL + s.stx_btime.tv_nsec : 0;
    out->is_directory = (s.stx_mode & S_IFMT) == S_IFDIR;
    out->is_mount_root = (s.stx_attributes & s.stx_attributes_mask & 0x2000 /* STATX_ATTR_MOUNT_ROOT */) != 0;
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

/* statx(2) of a node of a tree; seconds and nanoseconds apart, as a far time in nanoseconds exceeds 64 bits. */
struct clinux_node {
    uint64_t device, inode, size, blocks;
    int64_t mtime, ctime;
    uint32_t mtime_ns, ctime_ns, mode, uid, gid, links, major, minor;
};

static inline int clinux_node(int file, struct clinux_node *out) {
    struct statx s;
    const long result = syscall(SYS_statx, file, "", 0x1000 /* AT_EMPTY_PATH */, STATX_BASIC_STATS, &s);
    if (result != 0) return -1;
    *out = (struct clinux_node){
        .device = ((uint64_t)s.stx_dev_major << 32) | s.stx_dev_minor,
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

/* utimensat(2) of the modification time alone, never through a link; of the descriptor itself if name is "". */
static inline int clinux_touch(int directory, const char *name, int64_t seconds, uint32_t nanoseconds) {
    const struct timespec times[2] = {{.tv_nsec = (1L << 30) - 2 /* UTIME_OMIT */},
                                      {.tv_sec = seconds, .tv_nsec = nanoseconds}};
    if (name[0] == 0) return futimens(directory, times);
    return utimensat(directory, name, times, 0x100 /* AT_SYMLINK_NOFOLLOW */);
}

/* mknodat(2), whose device number a macro makes. */
static inline int clinux_make_node(int directory, const char *name, uint32_t mode, uint32_t major,
                                   uint32_t minor) {
    return mknodat(directory, name, mode, makedev(major, minor));
}

/* O_PATH stands behind _GNU_SOURCE; SEEK_DATA and SEEK_HOLE too. */
static const int CLINUX_O_PATH = 010000000;
static const int CLINUX_SEEK_DATA = 3, CLINUX_SEEK_HOLE = 4;

/* Behind _GNU_SOURCE, and errno.h hides errno from Swift. */
int execvpe(const char *, char *const[], char *const[]);
int *__errno_location(void);

/* The command line as the kernel handed it over: the Swift library reads it from /proc, which may be missing. */
int clinux_argument_count(void);
const char *clinux_argument(int index);

/* The path by which the kernel found the program; null if it does not say. AT_EXECFN, getauxval(3). */
const char *clinux_program(void);

/* fork(2) that may be called between fork and exec; behind _GNU_SOURCE. */
int _Fork(void);

/* Whether a process group is gone before `steps` times 50 ms are over. */
static inline int clinux_group_ends(int leader, int steps) {
    const long pause[2] = {0, 50000000};
    for (int i = 0; i < steps; i++) {
        if (syscall(SYS_kill, -leader, 0) != 0) return 1;
        syscall(SYS_nanosleep, pause, (void *)0);
    }
    return 0;
}

/*
 * Leaves a process behind that ends what remains of the caller's group when the caller, who leads it, has ended:
 * children of a program that is killed with its starter would go on. They have a second to end by themselves
 * before they are asked, and four more to clear up: rsync takes up to three to keep what came in part.
 */
static inline void clinux_end_group_with_us(void) {
    const int leader = getpid();
    const int wake = 10 /* SIGUSR1 */;
    const unsigned long set = 1UL << (wake - 1);
    if (_Fork() != 0) return;
    setpgid(0, 0);
    syscall(SYS_close_range, 0u, ~0u, 0u);
    syscall(SYS_rt_sigprocmask, 0 /* SIG_BLOCK */, &set, (void *)0, 8UL);
    syscall(SYS_prctl, 1 /* PR_SET_PDEATHSIG */, wake, 0, 0, 0);
    while (getppid() == leader) syscall(SYS_rt_sigtimedwait, &set, (void *)0, (void *)0, 8UL);
    if (!clinux_group_ends(leader, 20)) syscall(SYS_kill, -leader, 15);
    if (!clinux_group_ends(leader, 80)) syscall(SYS_kill, -leader, 9);
    _exit(0);
}

/*
 * fork(2) and execvpe(3) of a program that is killed when the thread that started it ends, which
 * posix_spawn(3) cannot ask for. `leads` gives it a process group of its own, which ends with it; a
 * `mask` of 0 or more is its umask. Gives its pid, or -1; of an exec that fails, errno is written to `failure`,
 * which closes at exec.
 */
static inline int clinux_spawn(char *const *arguments, char *const *environment, int input, int output,
                               int errors, int failure, int leads, int mask) {
    int parent = getpid();
    int pid = fork();
    if (pid != 0) return pid;
    /* We block signals to hear them on a thread; the program shall not. */
    const unsigned long none = 0;
    syscall(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, &none, (void *)0, 8UL);
    clinux_reset_signals();
    clinux_hide_descriptors(3);
    clinux_die_with_parent();
    if (mask >= 0) syscall(SYS_umask, mask);
    if (leads && setpgid(0, 0) == 0) clinux_end_group_with_us();
    if (getppid() == parent && dup2(input, 0) == 0 && dup2(output, 1) == 1 && dup2(errors, 2) == 2)
        execvpe(arguments[0], arguments, environment);
    int number = *__errno_location();
    _exit(write(failure, &number, sizeof number) < 0 ? 126 : 127);
}
