#pragma once
/* Calls for namespaces, mounts and processes that Swift's Glibc module does not provide. All exist in Linux 5.12. */
#include <stddef.h>
#include <stdint.h>

/* Flags of unshare(2), behind _GNU_SOURCE. */
extern const int CLINUX_NEW_MOUNTS, CLINUX_NEW_HOST_NAME, CLINUX_NEW_IPC, CLINUX_NEW_USERS, CLINUX_NEW_PROCESSES,
    CLINUX_NEW_NETWORK;

/* unshare(2), behind _GNU_SOURCE. */
int clinux_unshare(int flags);

/* fork(2): Swift hides it, since only a single-threaded process may continue in Swift after it. */
int clinux_fork(void);

/* prctl(2) has variable arguments, which Swift cannot pass: SIGKILL when the thread that started us ends. */
int clinux_die_with_parent(void);

/* pidfd_open(2), in glibc since 2.36: a descriptor that is readable once the process has ended. */
int clinux_process_handle(int pid);

/* close_range(2), behind _GNU_SOURCE: marks all descriptors from `first` up so that no other program inherits them. */
int clinux_hide_descriptors(unsigned first);

/* Resets every signal to its default action, including glibc's own two, which posix_spawn(3) leaves ignored. */
void clinux_reset_signals(void);

/* sethostname(2), behind _GNU_SOURCE. */
int clinux_set_host_name(const char *name, size_t length);

/* personality(2) has its own header: PER_LINUX32, so that uname reports the 32-bit machine. */
int clinux_become_32bit(void);

/* netdevice(7), whose request is a union of macros: brings up `lo` in this network namespace. */
int clinux_loopback_up(void);

/* mount(2) with flags that are an enumeration: makes every mount of this namespace private. */
int clinux_make_private(void);

/* open_tree(2), in glibc since 2.36: a detached copy of the mounts at a path and below it. */
int clinux_copy_mounts(int directory, const char *path);

/* move_mount(2), in glibc since 2.36: attaches a detached mount over an open file or directory. */
int clinux_attach_mount(int mount, int target);

/* Attributes of mounts, in headers that exclude each other. */
extern const uint64_t CLINUX_READ_ONLY, CLINUX_NO_SETUID, CLINUX_NO_DEVICES, CLINUX_NO_PROGRAMS;

/* No symbolic link of the mount is followed, although it can be read. Since Linux 5.14. */
extern const uint64_t CLINUX_NO_LINK_FOLLOWED;

/* mount_setattr(2), in glibc since 2.36: adds attributes to a mount and all below it. */
int clinux_restrict_mount(int mount, uint64_t attributes);

/* fsopen(2), in glibc since 2.36. */
int clinux_file_system(const char *type);

/* fsconfig(2), in glibc since 2.36: an option of a file system to be created; `value` is null for a flag. */
int clinux_file_system_option(int context, const char *name, const char *value);

/* fsconfig(2) and fsmount(2): creates the file system and a detached mount of it. */
int clinux_file_system_mount(int context, uint64_t attributes);

/* pivot_root(2) has no function in glibc: makes the current directory the root and detaches the old one. */
int clinux_pivot_to_current_directory(void);

/* getxattr(2) of security.capability: 1 if a program file has capabilities, see capabilities(7). */
int clinux_has_capabilities(const char *path);
