#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <time.h>

static int argument_count;
static char **arguments;

/* Runs before main and before anything opens a file: glibc passes constructors the arguments of main. */
__attribute__((constructor)) static void begin(int count, char **values) {
    argument_count = count;
    arguments = values;
    /* The next file would get the number of a closed standard descriptor, and messages would be written to it. */
    for (int number = 0; number <= 2; number++)
        if (fcntl(number, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) < 0 && open("/", O_PATH) < 0)
            _exit(1);
    /* Inherited as ignored, this would discard the exit statuses of our children. */
    signal(SIGCHLD, SIG_DFL);
    /* A file that exceeds ulimit -f is an error of the write, like a full disk. */
    signal(SIGXFSZ, SIG_IGN);
}

int clinux_argument_count(void) { return argument_count; }

const char *clinux_argument(int index) { return index < argument_count ? arguments[index] : NULL; }

const char *clinux_program(void) { return (const char *)getauxval(AT_EXECFN); }

int clinux_pipe(int *ends) { return pipe2(ends, O_CLOEXEC); }

int clinux_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int clinux_raise_event(int event) { return eventfd_write(event, 1); }

int clinux_poll(void *polled, size_t count, int64_t nanoseconds) {
    const struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    return ppoll(polled, count, nanoseconds < 0 ? NULL : &limit, NULL);
}

int clinux_is_ignored(int number) {
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int clinux_signal_process(int handle, int signal) { return pidfd_send_signal(handle, signal, NULL, 0); }

int clinux_wait_for_lock(int file) {
    const int parent = getpid();
    const int pid = fork();
    if (pid != 0) return pid;
    clinux_die_with_parent();
    if (getppid() != parent) _exit(1);
    while (flock(file, LOCK_EX) != 0)
        if (errno != EINTR) _exit(1);
    _exit(0);
}

/* Whether a process group ends within `steps` times 50 ms. */
static int group_ends(int leader, int steps) {
    const struct timespec pause = {.tv_nsec = 50000000};
    for (int i = 0; i < steps; i++) {
        if (kill(-leader, 0) != 0) return 1;
        nanosleep(&pause, NULL);
    }
    return 0;
}

/*
 * Starts a process that ends the rest of the caller's group when the caller, its leader, has ended: children of a
 * program that is killed with its starter would otherwise go on. They have a second to end by themselves before they
 * get a signal, and four more to clean up: rsync needs up to three to keep partial files. The process keeps `ended`
 * open until the group is gone. Returns -1 if it cannot be started.
 */
static int end_group_with_us(int ended) {
    const int leader = getpid();
    sigset_t wake;
    sigemptyset(&wake);
    sigaddset(&wake, SIGUSR1);
    /* May be called between fork and exec, as fork(2) of a process with threads may not. */
    const int pid = _Fork();
    if (pid != 0) return pid < 0 ? -1 : 0;
    setpgid(0, 0);
    dup2(ended, STDIN_FILENO);
    close_range(STDIN_FILENO + 1, ~0u, 0);
    sigprocmask(SIG_BLOCK, &wake, NULL);
    prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0);
    while (getppid() == leader) sigwaitinfo(&wake, NULL);
    if (!group_ends(leader, 20)) kill(-leader, SIGTERM);
    if (!group_ends(leader, 80)) kill(-leader, SIGKILL);
    _exit(0);
}

int clinux_spawn(char *const *arguments, char *const *environment, int input, int output, int errors, int failure,
                 int group, int mask) {
    const int parent = getpid();
    const int pid = fork();
    if (pid != 0) return pid;
    /* We block signals to receive them on a thread; the program must not inherit that. */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    const int survives_hangup = clinux_is_ignored(SIGHUP);
    clinux_reset_signals();
    if (survives_hangup) signal(SIGHUP, SIG_IGN);
    clinux_hide_descriptors(3);
    clinux_die_with_parent();
    if (mask >= 0) umask((mode_t)mask);
    if ((group < 0 || (setpgid(0, 0) == 0 && end_group_with_us(group) == 0)) && getppid() == parent &&
        dup2(input, STDIN_FILENO) == STDIN_FILENO && dup2(output, STDOUT_FILENO) == STDOUT_FILENO &&
        dup2(errors, STDERR_FILENO) == STDERR_FILENO)
        execvpe(arguments[0], arguments, environment);
    const int number = errno;
    _exit(write(failure, &number, sizeof number) < 0 ? 126 : 127);
}
