/*
 * The only program of a seed for another machine, without a C library. As `sh FILE` it runs each line of the file: a
 * program and its arguments. Under any other name it writes to the file in its argument what it sees of itself: its
 * name, the machine, the effective user, and MIRRORCTL_EMULATED.
 */
enum {
    open_at = 56, read_file = 63, write_file = 64, leave = 93, machine_of = 160, effective_user = 175, new_process = 220,
    execute = 221, wait_for = 260
};
enum { here = -100, create = 1 | 0100 | 01000, child_signal = 17, longest = 4096, words = 16, field = 65 };

#if defined(__aarch64__)
__asm__(".globl _start\n_start:\n mov x0, sp\n bl begin\n");
static long call(long number, long a, long b, long c, long d) {
    register long n __asm__("x8") = number;
    register long w __asm__("x0") = a;
    register long x __asm__("x1") = b;
    register long y __asm__("x2") = c;
    register long z __asm__("x3") = d;
    register long last __asm__("x4") = 0;
    __asm__ volatile("svc 0" : "+r"(w) : "r"(n), "r"(x), "r"(y), "r"(z), "r"(last) : "memory");
    return w;
}
#elif defined(__riscv)
__asm__(".globl _start\n_start:\n mv a0, sp\n call begin\n");
static long call(long number, long a, long b, long c, long d) {
    register long n __asm__("a7") = number;
    register long w __asm__("a0") = a;
    register long x __asm__("a1") = b;
    register long y __asm__("a2") = c;
    register long z __asm__("a3") = d;
    register long last __asm__("a4") = 0;
    __asm__ volatile("ecall" : "+r"(w) : "r"(n), "r"(x), "r"(y), "r"(z), "r"(last) : "memory");
    return w;
}
#endif

static char text[longest], names[6 * field];

static const char *base(const char *path) {
    const char *name = path;
    for (; *path; path++)
        if (*path == '/') name = path + 1;
    return name;
}

/* The rest of a string after a prefix; null if it does not begin with it. */
static const char *after(const char *string, const char *prefix) {
    while (*prefix)
        if (*string++ != *prefix++) return 0;
    return string;
}

static void say(long file, const char *string) {
    long length = 0;
    while (string[length]) length++;
    call(write_file, file, (long)string, length, 0);
}

static void tell(char *const *arguments, char *const *environment) {
    const long file = call(open_at, here, (long)arguments[1], create, 0644);
    char digits[] = " 000 ";
    const long user = call(effective_user, 0, 0, 0, 0);
    if (file < 0) call(leave, 2, 0, 0, 0);
    call(machine_of, (long)names, 0, 0, 0);
    digits[1] = (char)('0' + user / 100 % 10);
    digits[2] = (char)('0' + user / 10 % 10);
    digits[3] = (char)('0' + user % 10);
    say(file, arguments[0]);
    say(file, " ");
    say(file, names + 4 * field);
    say(file, digits);
    for (; *environment; environment++) {
        const char *value = after(*environment, "MIRRORCTL_EMULATED=");
        if (value) say(file, value);
    }
    say(file, "\n");
}

static void run(char *line, char *const *environment) {
    char *arguments[words];
    int count = 0, status = 1;
    const char *path = line;
    if (*line == '#' || *line == 0) return;
    for (arguments[count++] = line; *line; line++)
        if (*line == ' ' && count < words - 1) {
            *line = 0;
            arguments[count++] = line + 1;
        }
    arguments[count] = 0;
    /* A name that is not the path, as a login shell has. */
    arguments[0] = (char *)base(path);
    const long child = call(new_process, child_signal, 0, 0, 0);
    if (child == 0) {
        call(execute, (long)path, (long)arguments, (long)environment, 0);
        call(leave, 127, 0, 0, 0);
    }
    call(wait_for, child, (long)&status, 0, 0);
    if (status != 0) call(leave, 1, 0, 0, 0);
}

__attribute__((used)) void begin(long *stack) {
    char **arguments = (char **)(stack + 1), **environment = arguments + stack[0] + 1;
    const char *rest = after(base(arguments[0]), "sh");
    if (rest == 0 || *rest) {
        tell(arguments, environment);
    } else {
        const long file = call(open_at, here, (long)arguments[1], 0, 0);
        const long size = call(read_file, file, (long)text, longest - 1, 0);
        if (size < 0) call(leave, 2, 0, 0, 0);
        char *line = text;
        for (char *end = text; end < text + size; end++)
            if (*end == '\n') {
                *end = 0;
                run(line, environment);
                line = end + 1;
            }
    }
    call(leave, 0, 0, 0, 0);
}
