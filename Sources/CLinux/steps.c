#define _GNU_SOURCE
#include "Namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * These processes share our memory, since a copy of the page tables of a large program takes longer than many a step.
 * The stacks of those that run C alone are on ours.
 */

enum { STACK = 64 << 10, LARGE_STACK = 1 << 20 };

struct call {
    void (*body)(void *);
    void *argument;
};

static int run_call(void *argument) {
    const struct call *call = argument;
    call->body(call->argument);
    return 0;
}

int clinux_run_borrowing(void (*body)(void *), void *argument) {
    struct call call = {body, argument};
    char *stack = mmap(NULL, LARGE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return -1;
    const int pid = clone(run_call, stack + LARGE_STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, &call);
    const int error = errno;
    int status = 0;
    if (pid > 0 && (waitpid(pid, &status, 0) != pid || WIFSIGNALED(status))) _exit(1);
    munmap(stack, LARGE_STACK);
    errno = error;
    return pid < 0 ? -1 : 0;
}

int clinux_fork_sibling(void) {
    struct clone_args arguments = {.flags = CLONE_PARENT};
    return (int)syscall(SYS_clone3, &arguments, sizeof arguments);
}

struct start {
    char *const *arguments, *const *otherwise, *const *environment;
    const struct clinux_step *step;
    const char *failed;
    int error;
};

static int try(struct start *start, const char *name, int result) {
    if (result >= 0) return 1;
    start->failed = name;
    start->error = errno;
    return 0;
}

/*
 * Returns only with an error. What we unpacked may still be open for writing in a process that another thread has just
 * started, until that runs its program.
 */
static void execute(char *const *arguments, char *const *environment) {
    const struct timespec pause = {.tv_nsec = 10000000};
    for (int i = 0; i < 200; i++) {
        execve(arguments[0], arguments, environment);
        if (errno != ETXTBSY) return;
        nanosleep(&pause, NULL);
    }
}

static int run_step(void *argument) {
    struct start *start = argument;
    const struct clinux_step *step = start->step;
    const struct sock_fprog filter = {
        .len = (unsigned short)(step->filter_bytes / sizeof(struct sock_filter)),
        .filter = (struct sock_filter *)step->filter,
    };
    sigset_t none;
    sigemptyset(&none);
    umask(022);
    if (!try(start, "setsid", setsid())) return 127;
    if (step->takes_terminal && !try(start, "ioctl", clinux_take_terminal(STDIN_FILENO))) return 127;
    if (!try(start, "chdir", chdir("/"))) return 127;
    if (step->is_32bit && !try(start, "personality", clinux_become_32bit())) return 127;
    if (!try(start, "close_range", clinux_hide_descriptors(3))) return 127;
    clinux_reset_signals();
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* Last, since it cannot be undone. Without no_new_privs, which would disable set-user-ID programs. */
    if (!try(start, "seccomp", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0))) return 127;
    execute(start->arguments, start->environment);
    if (start->otherwise[0] != NULL && (step->fallback_error == 0 || errno == step->fallback_error))
        execute(start->otherwise, start->environment);
    try(start, "execve", -1);
    return 127;
}

int clinux_start_step(char *const *arguments, char *const *otherwise, char *const *environment,
                      const struct clinux_step *step, const char **failed) {
    _Alignas(16) char stack[STACK];
    struct start start = {.arguments = arguments, .otherwise = otherwise, .environment = environment, .step = step};
    const int pid = clone(run_step, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &start);
    if (pid < 0) {
        *failed = "clone";
        return -1;
    }
    if (start.failed == NULL) return pid;
    waitpid(pid, NULL, 0);
    *failed = start.failed;
    errno = start.error;
    return -1;
}

static int hold(void *parent) {
    /* The parent may have ended before the call. */
    if (clinux_die_with_parent() == 0 && getppid() == *(const pid_t *)parent)
        while (1) pause();
    return 0;
}

static int write_file(const char *path, const char *text) {
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    const ssize_t written = write(file, text, strlen(text));
    const int error = errno;
    close(file);
    errno = error;
    return written < 0 ? -1 : 0;
}

int clinux_new_users(const char *user_map, const char *group_map, const char **failed) {
    _Alignas(16) char stack[STACK];
    const pid_t parent = getpid();
    const int pid = clone(hold, stack + sizeof stack, CLONE_VM | CLONE_NEWUSER | SIGCHLD, (void *)&parent);
    *failed = "clone";
    if (pid < 0) return -1;
    char users[64], groups[64], namespace[64];
    snprintf(users, sizeof users, "/proc/%d/uid_map", pid);
    snprintf(groups, sizeof groups, "/proc/%d/gid_map", pid);
    snprintf(namespace, sizeof namespace, "/proc/%d/ns/user", pid);
    *failed = "uid_map";
    int result = write_file(users, user_map);
    if (result == 0) {
        *failed = "gid_map";
        result = write_file(groups, group_map);
    }
    if (result == 0) {
        *failed = "ns/user";
        result = open(namespace, O_RDONLY | O_CLOEXEC);
    }
    const int error = errno;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    errno = error;
    return result;
}
