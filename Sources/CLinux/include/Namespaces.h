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

/*
 * Runs `body` in a process of its own that borrows our memory, like vfork(2), but may do anything except return from us:
 * we wait for its end. If it was killed, our memory is not consistent, and we end too. Returns 0, or -1 with errno.
 */
int clinux_run_borrowing(void (*body)(void *), void *argument);

/* clone3(2): fork(2) whose child is one of our parent's. */
int clinux_fork_sibling(void);

/* setns(2), behind _GNU_SOURCE. */
int clinux_enter_namespace(int file, int type);

/* setgroups(2), setresgid(2) and setresuid(2), behind _GNU_SOURCE: becomes user and group 0 without other groups. */
int clinux_become_root(void);

/* prctl(2) has variable arguments, which Swift cannot pass: SIGKILL when the thread that started us ends. */
int clinux_die_with_parent(void);

/* pidfd_open(2), in glibc since 2.36: a descriptor that is readable once the process has ended. */
int clinux_process_handle(int pid);

/* close_range(2), behind _GNU_SOURCE: marks all descriptors from `first` up so that no other program inherits them. */
int clinux_hide_descriptors(unsigned first);

/* close_range(2), behind _GNU_SOURCE: closes all descriptors from `first` up. */
int clinux_close_descriptors(unsigned first);

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

/* mount_setattr(2): adds attributes to every mount of this namespace. */
int clinux_restrict_all_mounts(uint64_t attributes);

/* mount_setattr(2): maps the owners in a mount by a user namespace, and adds attributes; see CLINUX_NO_DEVICES. */
int clinux_map_mount(int mount, int users, uint64_t attributes);

/* fsopen(2), in glibc since 2.36. */
int clinux_file_system(const char *type);

/* fsconfig(2), in glibc since 2.36: an option of a file system to be created; `value` is null for a flag. */
int clinux_file_system_option(int context, const char *name, const char *value);

/* fsconfig(2) and fsmount(2): creates the file system and a detached mount of it. */
int clinux_file_system_mount(int context, uint64_t attributes);

/*
 * loop(4): a read-only block device with the bytes of an open file, which is released with its last user. Returns its
 * descriptor, or -1 with errno; `number` is that of its name, /dev/loopN.
 */
int clinux_loop_device(int file, int *number);

/* pivot_root(2) has no function in glibc: makes the current directory the root and detaches the old one. */
int clinux_pivot_to_current_directory(void);

/* getxattr(2) of security.capability: 1 if a program file has capabilities, see capabilities(7). */
int clinux_has_capabilities(const char *path);

/* getxattr(2): 1 if an extended attribute is "1". */
int clinux_is_set(const char *path, const char *attribute);

/* The version of libseccomp as a number: 2005004 for 2.5.4. */
long clinux_seccomp_version(void);

/*
 * seccomp(2) by libseccomp: writes a filter to a file, for struct clinux_step. It forbids what no step of a build needs
 * and what reaches beyond it: input typed into a terminal, keyrings, kernel modules, another kernel, clocks, and files by
 * handle. Returns 0, or -1 with errno.
 */
int clinux_host_call_filter(int file);

/* How a step's program runs. */
struct clinux_step {
    /* What clinux_host_call_filter wrote, and its size. Programs gain privileges as before. */
    const void *filter;
    size_t filter_bytes;
    /* Whether standard input is to be the controlling terminal. */
    int takes_terminal;
    /* Whether uname(2) reports the 32-bit machine. */
    int is_32bit;
    /* The error of execve(2) after which another program is tried; 0 for every error. */
    int fallback_error;
};

/*
 * Starts a program in a session of its own, with the default signals, in "/", and without our descriptors except for the
 * first three; or, after the fallback error, the one of `otherwise`, if any. It borrows our memory until it runs, like
 * vfork(2). Returns its pid; or -1 with errno, and `failed` set to the name of the call that failed.
 */
int clinux_start_step(char *const *arguments, char *const *otherwise, char *const *environment,
                      const struct clinux_step *step, const char **failed);

/*
 * A new user namespace with these maps of users and groups, see user_namespaces(7): its descriptor; or -1 with errno, and
 * `failed` set to "clone" or the name of the file under /proc. We must be allowed to map the ids.
 */
int clinux_new_users(const char *user_map, const char *group_map, const char **failed);

/* ioctl(2) has variable arguments: makes the terminal the controlling one of this session. */
int clinux_take_terminal(int terminal);

/*
 * posix_openpt(3) and its companions: a new terminal with the size and modes of another. Returns the end of its user and
 * stores the end of its programs; both are closed at exec.
 */
int clinux_new_terminal(int like, int *programs);

/* Passes the window size of one terminal on to another. */
int clinux_copy_window_size(int from, int to);

/* A pair of connected sockets that keep the bounds of messages; no other program inherits them. */
int clinux_socket_pair(int *ends);

/* Sends one byte and up to 4 descriptors. */
int clinux_send(int socket, char byte, const int *files, int count);

/* Receives what clinux_send sent: the byte, or 0 at the end. Missing descriptors are -1. */
int clinux_receive(int socket, int files[4]);
