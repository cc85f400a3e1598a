#pragma once
/*
 * Namespaces, mounts and processes: what the Glibc module hides of them.
 * The mount calls are of Linux 5.2, mount_setattr(2) of 5.12.
 */
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Source: <linux/sched.h>, clone(2). */
static const unsigned long CLINUX_NEW_MOUNTS = 0x00020000;
static const unsigned long CLINUX_NEW_HOST_NAME = 0x04000000;
static const unsigned long CLINUX_NEW_IPC = 0x08000000;
static const unsigned long CLINUX_NEW_USERS = 0x10000000;
static const unsigned long CLINUX_NEW_PROCESSES = 0x20000000;
static const unsigned long CLINUX_NEW_NETWORK = 0x40000000;

/* unshare(2) */
static inline int clinux_unshare(unsigned long flags) { return (int)syscall(SYS_unshare, flags); }

/* fork(2): Swift hides it, as only a process of one thread may go on in Swift after it. */
static inline int clinux_fork(void) { return fork(); }

/* Has the kernel end this process by SIGKILL when the thread that started it ends. PR_SET_PDEATHSIG, prctl(2). */
static inline int clinux_die_with_parent(void) { return (int)syscall(SYS_prctl, 1, 9, 0, 0, 0); }

/* pidfd_open(2): a descriptor that is readable once the process has ended. */
static inline int clinux_process_handle(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

/* Marks every descriptor from `first` on so that no other program inherits it. close_range(2), CLOSE_RANGE_CLOEXEC. */
static inline int clinux_hide_descriptors(unsigned first) {
    return (int)syscall(SYS_close_range, first, ~0u, 4u);
}

/* Gives every signal its default action, glibc's own two as well: posix_spawn(3) leaves those ignored. */
static inline void clinux_reset_signals(void) {
    const unsigned long none[8] = {0};
    for (int number = 1; number <= 64; number++) syscall(SYS_rt_sigaction, number, none, (void *)0, 8UL);
}

/* sethostname(2) */
static inline int clinux_set_host_name(const char *name, size_t length) {
    return (int)syscall(SYS_sethostname, name, length);
}

/* PER_LINUX32 of personality(2): uname tells of the 32-bit machine. */
static inline int clinux_become_32bit(void) { return (int)syscall(SYS_personality, 8UL); }

/* Brings `lo` of this network namespace up. Source: netdevice(7), SIOCSIFFLAGS and IFF_UP. */
static inline int clinux_loopback_up(void) {
    struct {
        char name[16];
        short flags;
        char rest[22];
    } request = {.name = "lo", .flags = 1};
    const int handle = (int)syscall(SYS_socket, 2 /* AF_INET */, 2 | 02000000 /* SOCK_DGRAM | SOCK_CLOEXEC */, 0);
    if (handle < 0) return -1;
    const int result = (int)syscall(SYS_ioctl, handle, 0x8914UL, &request);
    close(handle);
    return result;
}

/* Makes every mount of this namespace private: MS_REC | MS_PRIVATE, mount(2). */
static inline int clinux_make_private(void) {
    return (int)syscall(SYS_mount, "", "/", (char *)0, 0x4000UL | 0x40000UL, (char *)0);
}

/* A detached copy of what is mounted at a path, and below it. open_tree(2). */
static inline int clinux_copy_mounts(int directory, const char *path) {
    return (int)syscall(SYS_open_tree, directory, path,
                        OPEN_TREE_CLONE | 02000000u /* OPEN_TREE_CLOEXEC */ | 0x8000u /* AT_RECURSIVE */);
}

/* Attaches a detached mount over an open file or directory. move_mount(2). */
static inline int clinux_attach_mount(int mount, int target) {
    return (int)syscall(SYS_move_mount, mount, "", target, "",
                        MOVE_MOUNT_F_EMPTY_PATH | 0x00000040u /* MOVE_MOUNT_T_EMPTY_PATH */);
}

static const uint64_t CLINUX_READ_ONLY = MOUNT_ATTR_RDONLY;
static const uint64_t CLINUX_NO_SETUID = MOUNT_ATTR_NOSUID;
static const uint64_t CLINUX_NO_DEVICES = MOUNT_ATTR_NODEV;
static const uint64_t CLINUX_NO_PROGRAMS = MOUNT_ATTR_NOEXEC;

/* Adds attributes to a mount and all below it. mount_setattr(2), AT_EMPTY_PATH | AT_RECURSIVE. */
static inline int clinux_restrict_mount(int mount, uint64_t attributes) {
    const uint64_t change[4] = {attributes, 0, 0, 0};
    return (int)syscall(SYS_mount_setattr, mount, "", 0x1000u | 0x8000u, change, sizeof change);
}

/* fsopen(2) */
static inline int clinux_file_system(const char *type) { return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC); }

/* An option of a file system that is not made yet; `value` is null for a flag. fsconfig(2). */
static inline int clinux_file_system_option(int context, const char *name, const char *value) {
    return (int)syscall(SYS_fsconfig, context, value ? 1 /* SET_STRING */ : 0 /* SET_FLAG */, name, value, 0);
}

/* Makes the file system and a detached mount of it. fsconfig(2), fsmount(2). */
static inline int clinux_file_system_mount(int context, uint64_t attributes) {
    if (syscall(SYS_fsconfig, context, 6 /* CMD_CREATE */, (char *)0, (char *)0, 0) != 0) return -1;
    return (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, (unsigned)attributes);
}

/* Makes the current directory the root and detaches the old one. pivot_root(2), its last example. */
static inline int clinux_pivot_to_current_directory(void) {
    if (syscall(SYS_pivot_root, ".", ".") != 0) return -1;
    if (syscall(SYS_umount2, ".", 2 /* MNT_DETACH */) != 0) return -1;
    return chdir("/");
}

/* openat2(2) flags: links are followed as if the directory were the root. */
static const uint64_t CLINUX_IN_ROOT = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

/* Whether a program has capabilities of its own: 1 if so. getxattr(2), capabilities(7). */
static inline int clinux_has_capabilities(const char *path) {
    return syscall(SYS_getxattr, path, "security.capability", (void *)0, 0UL) > 0;
}
