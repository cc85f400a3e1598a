#pragma once
/*
 * Linux calls that Swift's Glibc module does not show, or that C says better. A function returns what its system call
 * returns, and leaves errno as that left it, unless it says otherwise.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "Namespaces.h"

/* openat2(2) has no function in glibc: the only open that can refuse symbolic links in every component. */
int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

/* Flags of openat2(2), in a header that Glibc leaves out: below the directory, through no link. */
extern const uint64_t CLINUX_NO_LINKS;
/* Not into another file system. */
extern const uint64_t CLINUX_NO_MOUNTS;
/* Links are followed as if the directory were the root. */
extern const uint64_t CLINUX_IN_ROOT;

/* Flags of open(2) and lseek(2) that only _GNU_SOURCE shows. */
extern const int CLINUX_O_NOATIME, CLINUX_O_PATH, CLINUX_SEEK_DATA, CLINUX_SEEK_HOLE;

/* getdents64(2), behind _GNU_SOURCE: readdir(3) without its hidden buffer and its rewinds. */
long clinux_getdents64(int directory, void *buffer, size_t bytes);

/* What mirrorctl wants of statx(2), whose bit fields and macros Swift does not import. Nanoseconds since the epoch. */
struct clinux_status {
    uint64_t device, inode, size, blocks;
    int64_t mtime, ctime;
    uint32_t mode, uid, gid, links;
};

/* Of a name below a directory, never through a link; of the descriptor itself if path is "". */
int clinux_status(int directory, const char *path, struct clinux_status *out);

/* What tells a directory from another one that has its name later. */
struct clinux_place {
    uint64_t device, inode;
    /* Nanoseconds since the epoch; 0 where the file system does not keep it. */
    int64_t birth;
    int is_directory, is_mount_root;
};

/* statx(2) of a name below a directory, never through a link. */
int clinux_place(int directory, const char *path, struct clinux_place *out);

/* statx(2) of a node of a tree; seconds and nanoseconds apart, as a far time in nanoseconds exceeds 64 bits. */
struct clinux_node {
    uint64_t device, inode, size, blocks;
    int64_t mtime, ctime;
    uint32_t mtime_ns, ctime_ns, mode, uid, gid, links, major, minor;
};

int clinux_node(int file, struct clinux_node *out);

/* Nanoseconds since the epoch; a time before 1677 or after 2262 becomes the nearest one that fits. */
int64_t clinux_nanoseconds(int64_t seconds, uint32_t nanoseconds);

/* futimens(2) of the modification time alone, which needs a macro, UTIME_OMIT. Nanoseconds since the epoch. */
int clinux_set_mtime(int file, int64_t mtime);

/* utimensat(2) of the modification time alone, never through a link; of the descriptor itself if name is "". */
int clinux_touch(int directory, const char *name, int64_t seconds, uint32_t nanoseconds);

/* mknodat(2), whose device number a macro makes. */
int clinux_make_node(int directory, const char *name, uint32_t mode, uint32_t major, uint32_t minor);

/* memfd_create(2), behind _GNU_SOURCE: a file without a name, in memory, that no other program inherits. */
int clinux_memory_file(const char *name);

/* pipe2(2), behind _GNU_SOURCE: a pipe whose ends no other program inherits. */
int clinux_pipe(int *ends);

/* sched_getaffinity(2), whose sets are macros: the processors that this process may run on; 0 if none can be told. */
int clinux_processors(void);

/* The command line as the kernel handed it over: the Swift library reads it from /proc, which may be missing. */
int clinux_argument_count(void);
const char *clinux_argument(int index);

/* getauxval(3), AT_EXECFN: the path by which the kernel found the program; null if it does not say. */
const char *clinux_program(void);

/*
 * fork(2) and execvpe(3) of a program that is killed when the thread that started it ends, which posix_spawn(3) cannot
 * ask for. `leads` gives it a process group of its own, which ends with it; a `mask` of 0 or more is its umask. Gives
 * its pid, or -1; of an exec that fails, errno is written to `failure`, which closes at exec.
 */
int clinux_spawn(char *const *arguments, char *const *environment, int input, int output, int errors, int failure,
                 int leads, int mask);
