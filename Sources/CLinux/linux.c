#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>

static int argument_count;
static char **arguments;

/* Before main and before anything else opens a file: glibc gives constructors what it gives main. */
__attribute__((constructor)) static void begin(int count, char **values) {
    argument_count = count;
    arguments = values;
    /* A closed standard descriptor would be given to the next file, and messages would be written to it. */
    for (int number = 0; number <= 2; number++)
        if (fcntl(number, F_GETFD) < 0 && errno == EBADF) (void)!open("/dev/null", O_RDWR);
}

int clinux_argument_count(void) { return argument_count; }

const char *clinux_argument(int index) { return index < argument_count ? arguments[index] : (const char *)0; }

const char *clinux_program(void) { return (const char *)getauxval(AT_EXECFN); }
