#define _GNU_SOURCE
#include "Namespaces.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <seccomp.h>

/* Other ABIs of the same kernel: a program may use each of them. */
static const uint32_t siblings[] = {
#if defined(__x86_64__)
    SCMP_ARCH_X86, SCMP_ARCH_X32,
#elif defined(__aarch64__)
    SCMP_ARCH_ARM,
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    SCMP_ARCH_PPC,
#elif defined(__s390x__)
    SCMP_ARCH_S390,
#elif defined(__mips64)
    SCMP_ARCH_MIPS, SCMP_ARCH_MIPS64N32,
#endif
    SCMP_ARCH_NATIVE,
};

/* A call that an ABI does not have is left out there. */
static const int forbidden[] = {
    SCMP_SYS(add_key),         SCMP_SYS(request_key),       SCMP_SYS(keyctl),        SCMP_SYS(init_module),
    SCMP_SYS(finit_module),    SCMP_SYS(delete_module),     SCMP_SYS(kexec_load),    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),          SCMP_SYS(clock_settime),     SCMP_SYS(clock_settime64), SCMP_SYS(clock_adjtime),
    SCMP_SYS(clock_adjtime64), SCMP_SYS(settimeofday),      SCMP_SYS(stime),         SCMP_SYS(adjtimex),
    SCMP_SYS(swapon),          SCMP_SYS(swapoff),           SCMP_SYS(acct),          SCMP_SYS(open_by_handle_at),
};

/* Both put characters into the input of a terminal. */
static const uint64_t typing[] = {TIOCSTI, TIOCLINUX};

static int add_rules(scmp_filter_ctx filter) {
    const uint32_t refusal = SCMP_ACT_ERRNO(EPERM);
    /* no_new_privs would disable set-user-ID programs. */
    int result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
    for (size_t i = 0; result == 0 && i < sizeof siblings / sizeof *siblings; i++) {
        if (siblings[i] == SCMP_ARCH_NATIVE) continue;
        result = seccomp_arch_add(filter, siblings[i]);
    }
    for (size_t i = 0; result == 0 && i < sizeof forbidden / sizeof *forbidden; i++)
        result = seccomp_rule_add(filter, refusal, forbidden[i], 0);
    /* The kernel looks at 32 bits of the request only. */
    for (size_t i = 0; result == 0 && i < sizeof typing / sizeof *typing; i++)
        result = seccomp_rule_add(filter, refusal, SCMP_SYS(ioctl), 1,
                                  SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, typing[i]));
    return result;
}

int clinux_host_call_filter(int file) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL) {
        errno = ENOMEM;
        return -1;
    }
    int result = add_rules(filter);
    if (result == 0) result = seccomp_export_bpf(filter, file);
    seccomp_release(filter);
    if (result == 0) return 0;
    errno = -result;
    return -1;
}

long clinux_seccomp_version(void) {
    const struct scmp_version *version = seccomp_version();
    return version ? (version->major * 1000L + version->minor) * 1000L + version->micro : 0;
}
