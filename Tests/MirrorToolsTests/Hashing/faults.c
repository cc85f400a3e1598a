// What becomes of SIGBUS once a window is mapped. The exit status is 0 if all is as it should be; a signal ends it if
// that is what the argument asks for.
#include "Windows.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { bytes = 1 << 16 };
static sigjmp_buf back;
static volatile sig_atomic_t seen;

static void expect(int condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "not so: %s\n", what);
    exit(1);
}

static int new_file(void) {
    FILE *const file = tmpfile();
    expect(file != NULL, "a temporary file");
    for (int i = 0; i < bytes; i++) fputc('x', file);
    fflush(file);
    return fileno(file);
}

// The first byte of a mapping whose file is gone.
static volatile const char *lost_mapping(void) {
    const int file = new_file();
    const char *const map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, file, 0);
    ftruncate(file, 0);
    return map;
}

static void jump(int signal) { siglongjmp(back, signal); }

static void note(int signal, siginfo_t *info, void *context) {
    (void)context;
    seen = info->si_code;
    siglongjmp(back, signal);
}

static void in_windows(void) {
    const void *content[2];
    const int file = new_file(), other = new_file();
    const int first = clinux_map_window(file, 0, bytes, &content[0]);
    const int second = clinux_map_window(other, 4096, bytes - 4096, &content[1]);
    expect(first >= 0 && second >= 0 && first != second, "two windows");
    const char *const lost = content[0], *const kept = content[1];
    expect(lost[bytes - 1] == 'x' && !clinux_has_faulted(first), "the content of the file");
    ftruncate(file, 4096);
    expect(lost[bytes - 1] == 0 && lost[8192] == 0, "zeros beyond the end");
    expect(clinux_has_faulted(first), "a record of the fault");
    expect(!clinux_has_faulted(second) && kept[bytes - 4097] == 'x', "the other window as it was");
    clinux_unmap_window(first);
    clinux_unmap_window(second);
    const int third = clinux_map_window(other, 0, bytes, &content[0]);
    expect(third == first && !clinux_has_faulted(third), "a number used again, without its record");
    clinux_unmap_window(third);
}

static void set(int flags, void (*plain)(int), void (*informed)(int, siginfo_t *, void *)) {
    struct sigaction action = {.sa_flags = flags | SA_NODEFER};
    if (informed) action.sa_sigaction = informed; else action.sa_handler = plain;
    expect(sigaction(SIGBUS, &action, NULL) == 0, "a handler");
}

int main(int count, char **arguments) {
    const char *const want = count > 1 ? arguments[1] : "";
    if (!strcmp(want, "plain")) set(0, jump, NULL);
    if (!strcmp(want, "informed")) set(SA_SIGINFO, NULL, note);
    if (!strcmp(want, "ignored")) set(0, SIG_IGN, NULL);
    in_windows();
    if (!strcmp(want, "sent")) raise(SIGBUS);
    if (!strcmp(want, "ignored")) raise(SIGBUS);
    if (!strcmp(want, "plain") || !strcmp(want, "informed")) {
        if (sigsetjmp(back, 1) == 0) {
            (void)*lost_mapping();
            expect(0, "a fault in the handler that was there before");
        }
        expect(want[0] == 'p' || seen == BUS_ADRERR, "the cause of the fault");
        in_windows();
    }
    if (!strcmp(want, "fault")) (void)*lost_mapping();
    return 0;
}
