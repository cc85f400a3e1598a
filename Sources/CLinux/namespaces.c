#define _GNU_SOURCE
#include "Namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/loop.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

const int CLINUX_NEW_MOUNTS = CLONE_NEWNS, CLINUX_NEW_HOST_NAME = CLONE_NEWUTS, CLINUX_NEW_IPC = CLONE_NEWIPC,
          CLINUX_NEW_USERS = CLONE_NEWUSER, CLINUX_NEW_PROCESSES = CLONE_NEWPID, CLINUX_NEW_NETWORK = CLONE_NEWNET;

const uint64_t CLINUX_READ_ONLY = MOUNT_ATTR_RDONLY, CLINUX_NO_SETUID = MOUNT_ATTR_NOSUID,
               CLINUX_NO_DEVICES = MOUNT_ATTR_NODEV, CLINUX_NO_PROGRAMS = MOUNT_ATTR_NOEXEC;

const uint64_t CLINUX_NO_LINK_FOLLOWED = MOUNT_ATTR_NOSYMFOLLOW;

int clinux_unshare(int flags) { return unshare(flags); }

int clinux_enter_namespace(int file, int type) { return setns(file, type); }

int clinux_become_root(void) {
    if (setgroups(0, NULL) != 0) return -1;
    if (setresgid(0, 0, 0) != 0) return -1;
    return setresuid(0, 0, 0);
}

int clinux_fork(void) { return fork(); }

int clinux_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }

int clinux_process_handle(int pid) { return pidfd_open(pid, 0); }

int clinux_hide_descriptors(unsigned first) { return close_range(first, ~0u, CLOSE_RANGE_CLOEXEC); }

int clinux_close_descriptors(unsigned first) { return close_range(first, ~0u, 0); }

void clinux_reset_signals(void) {
    /* glibc's function rejects its own two signals. The kernel's structure, all zeros: SIG_DFL, no flags, no mask. */
    const unsigned long none[8] = {0};
    for (int number = 1; number < NSIG; number++) syscall(SYS_rt_sigaction, number, none, NULL, sizeof(unsigned long));
}

int clinux_set_host_name(const char *name, size_t length) { return sethostname(name, length); }

int clinux_become_32bit(void) { return personality(PER_LINUX32); }

int clinux_loopback_up(void) {
    struct ifreq request = {.ifr_flags = IFF_UP};
    strcpy(request.ifr_name, "lo");
    const int handle = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (handle < 0) return -1;
    const int result = ioctl(handle, SIOCSIFFLAGS, &request);
    close(handle);
    return result;
}

int clinux_make_private(void) { return mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL); }

int clinux_copy_mounts(int directory, const char *path) {
    return open_tree(directory, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
}

int clinux_attach_mount(int mount, int target) {
    return move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int clinux_restrict_mount(int mount, uint64_t attributes) {
    struct mount_attr change = {.attr_set = attributes};
    return mount_setattr(mount, "", AT_EMPTY_PATH | AT_RECURSIVE, &change, sizeof change);
}

int clinux_restrict_all_mounts(uint64_t attributes) {
    struct mount_attr change = {.attr_set = attributes};
    return mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &change, sizeof change);
}

int clinux_map_mount(int mount, int users, uint64_t attributes) {
    struct mount_attr change = {.attr_set = MOUNT_ATTR_IDMAP | attributes, .userns_fd = (uint64_t)users};
    return mount_setattr(mount, "", AT_EMPTY_PATH | AT_RECURSIVE, &change, sizeof change);
}

int clinux_file_system(const char *type) { return fsopen(type, FSOPEN_CLOEXEC); }

int clinux_file_system_option(int context, const char *name, const char *value) {
    return fsconfig(context, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, name, value, 0);
}

int clinux_file_system_mount(int context, uint64_t attributes) {
    if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0) return -1;
    return fsmount(context, FSMOUNT_CLOEXEC, (unsigned)attributes);
}

int clinux_loop_device(int file, int *number) {
    const int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (control < 0) return -1;
    int device = -1;
    /* Another program may take the free device before us. */
    for (int attempt = 0; attempt < 16 && device < 0; attempt++) {
        *number = ioctl(control, LOOP_CTL_GET_FREE);
        if (*number < 0) break;
        char path[32];
        snprintf(path, sizeof path, "/dev/loop%d", *number);
        device = open(path, O_RDONLY | O_CLOEXEC);
        if (device < 0) break;
        struct loop_config config = {
            .fd = (unsigned)file, .info = {.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR}};
        if (ioctl(device, LOOP_CONFIGURE, &config) == 0) break;
        const int fault = errno;
        close(device);
        device = -1;
        errno = fault;
        if (fault != EBUSY) break;
    }
    const int fault = errno;
    close(control);
    errno = fault;
    return device;
}

int clinux_pivot_to_current_directory(void) {
    /* As in the last example of pivot_root(2). */
    if (syscall(SYS_pivot_root, ".", ".") != 0) return -1;
    if (umount2(".", MNT_DETACH) != 0) return -1;
    return chdir("/");
}

int clinux_has_capabilities(const char *path) { return getxattr(path, "security.capability", NULL, 0) > 0; }

int clinux_is_set(const char *path, const char *attribute) {
    char value;
    return getxattr(path, attribute, &value, 1) == 1 && value == '1';
}
