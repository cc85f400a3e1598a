#pragma once
/*
 * Linux calls that Swift's Glibc module does not provide, or that are simpler in C. Unless stated otherwise, a function
 * returns the result of its system call and leaves errno unchanged after it.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "Namespaces.h"
#include "Windows.h"

/* openat2(2) has no function in glibc: the only open that can refuse symbolic links in every component. */
int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

/* Flags of openat2(2), in a header that Glibc omits: stay below the directory, follow no link. */
extern const uint64_t CLINUX_NO_LINKS;
/* Do not enter another file system. */
extern const uint64_t CLINUX_NO_MOUNTS;
/* Links are followed as if the directory were the root. */
extern const uint64_t CLINUX_IN_ROOT;

/* Flags of open(2) and lseek(2) that require _GNU_SOURCE. */
extern const int CLINUX_O_NOATIME, CLINUX_O_PATH, CLINUX_SEEK_DATA, CLINUX_SEEK_HOLE;

/* The flag of calls such as fchownat(2) that makes the descriptor itself their subject. */
extern const int CLINUX_EMPTY_PATH;

/* The version of the C library, such as `2.36`: gnu_get_libc_version(3). */
const char *clinux_libc_version(void);

/* getdents64(2), behind _GNU_SOURCE: readdir(3) without its hidden buffer and its rewinds. */
long clinux_getdents64(int directory, void *buffer, size_t bytes);

/* The parts of statx(2) that mirrorctl needs; Swift cannot import its bit fields. Nanoseconds since the epoch. */
struct clinux_status {
    uint64_t device, inode, size, blocks;
    int64_t mtime, ctime;
    uint32_t mode, uid, gid, links;
};

/* For a name below a directory, without following links; for the descriptor itself if path is "". */
int clinux_status(int directory, const char *path, struct clinux_status *out);

/* Distinguishes a directory from a later one with the same name. */
struct clinux_place {
    uint64_t device, inode;
    /* Nanoseconds since the epoch; 0 if the file system does not record it. */
    int64_t birth;
    int is_directory, is_mount_root;
};

/* statx(2) of a name below a directory, without following links. */
int clinux_place(int directory, const char *path, struct clinux_place *out);

/* statx(2) of a node of a tree; with separate seconds, since a far time in nanoseconds exceeds 64 bits. */
struct clinux_node {
    uint64_t device, inode, size, blocks;
    int64_t mtime, ctime;
    uint32_t mtime_ns, ctime_ns, mode, uid, gid, links, major, minor;
};

int clinux_node(int file, struct clinux_node *out);

/* Nanoseconds since the epoch; a time before 1677 or after 2262 is clamped. */
int64_t clinux_nanoseconds(int64_t seconds, uint32_t nanoseconds);

/* futimens(2) of only the modification time, which needs the macro UTIME_OMIT. Nanoseconds since the epoch. */
int clinux_set_mtime(int file, int64_t mtime);

/* utimensat(2) of only the modification time, without following links; of the descriptor if name is "". */
int clinux_touch(int directory, const char *name, int64_t seconds, uint32_t nanoseconds);

/* mknodat(2), whose device number is computed by a macro. */
int clinux_make_node(int directory, const char *name, uint32_t mode, uint32_t major, uint32_t minor);

/* syncfs(2), behind _GNU_SOURCE. */
int clinux_sync_file_system(int file);

/* Whether a time service keeps the system clock right, as adjtimex(2) tells everybody; -1 if that is not known. */
int clinux_clock_is_synchronized(void);

/* memfd_create(2), behind _GNU_SOURCE: an unnamed file in memory that no other program inherits. */
int clinux_memory_file(const char *name);

/* pipe2(2), behind _GNU_SOURCE: a pipe whose ends no other program inherits. */
int clinux_pipe(int *ends);

/* eventfd(2), in a header that Glibc omits: readable once it is raised; no other program inherits it. */
int clinux_event(void);
int clinux_raise_event(int event);

/* ppoll(2), behind _GNU_SOURCE, of an array of pollfd; a negative limit waits forever. */
int clinux_poll(void *polled, size_t count, int64_t nanoseconds);

/* pidfd_send_signal(2), in glibc since 2.36. */
int clinux_signal_process(int handle, int signal);

/*
 * fork(2) of a process that waits in flock(2) for an exclusive lock, and exits with 0 once it has it: a lock belongs to
 * the open file, which both processes share. Returns its pid, or -1.
 */
int clinux_wait_for_lock(int file);

/* sigaction(2), whose handler is in a union: whether a signal is ignored, as those of nohup(1) are. */
int clinux_is_ignored(int signal);

/* sched_getaffinity(2), whose sets are macros: the number of CPUs that this process may use; 0 if unknown. */
int clinux_processors(void);

/* The command line as passed by the kernel: the Swift library reads it from /proc, which may be missing. */
int clinux_argument_count(void);
const char *clinux_argument(int index);

/* getauxval(3), AT_EXECFN: the path by which the kernel found the program; null if unknown. */
const char *clinux_program(void);

/*
 * fork(2) and execvpe(3) of a program that is killed when the thread that started it ends, which posix_spawn(3) does
 * not support. With a `group` of 0 or more, it gets its own process group, which ends with it; that descriptor is
 * closed everywhere when the group is gone. A `mask` of 0 or more is its umask. Returns its pid, or -1; if it cannot be
 * run, errno is written to `failure`, which closes at exec.
 */
int clinux_spawn(char *const *arguments, char *const *environment, int input, int output, int errors, int failure,
                 int group, int mask);
