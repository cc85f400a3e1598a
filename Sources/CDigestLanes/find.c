/// The choice of a kernel by what this CPU and its operating system support.
#include "kernels.h"

static const cdl_kernel *const kernels[] = {
    &cdl_sha256_scalar, &cdl_sha512_scalar, &cdl_blake2b_scalar,
#if defined(__x86_64__)
    &cdl_sha256_shani,
    &cdl_sha256_avx2,   &cdl_sha512_avx2,   &cdl_blake2b_avx2,
    &cdl_sha256_avx512, &cdl_sha512_avx512, &cdl_blake2b_avx512,
#endif
};

#if defined(__x86_64__)

#include <cpuid.h>
#include <stdatomic.h>

/// The compiler's own test does not know the SHA extensions everywhere. They use
/// the registers of SSE, which every operating system saves.
static int has_shani(void) {
    unsigned a, b, c, d;
    return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
           (b & bit_SHA) != 0;
}

/// `__builtin_cpu_supports` answers no for vector registers that the operating
/// system does not save (XGETBV).
static int has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl");
}

/// Asked once, for CPUID takes microseconds in a virtual machine.
static int is_supported(cdl_isa isa) {
    static atomic_uint known;
    unsigned set = atomic_load_explicit(&known, memory_order_relaxed);
    if (set == 0) {
        __builtin_cpu_init();
        set = 1u << CDL_ISA_SCALAR;
        set |= has_shani() ? 1u << CDL_ISA_SHANI : 0;
        set |= __builtin_cpu_supports("avx2") ? 1u << CDL_ISA_AVX2 : 0;
        set |= has_avx512() ? 1u << CDL_ISA_AVX512 : 0;
        atomic_store_explicit(&known, set, memory_order_relaxed);
    }
    return set >> isa & 1;
}

#else

static int is_supported(cdl_isa isa) {
    return isa == CDL_ISA_SCALAR;
}

#endif

const cdl_kernel *cdl_find(cdl_algorithm algorithm, cdl_isa isa) {
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
        if (kernels[i]->algorithm == algorithm && kernels[i]->isa == isa)
            return is_supported(isa) ? kernels[i] : NULL;
    }
    return NULL;
}

const cdl_kernel *cdl_portable(cdl_algorithm algorithm) {
    return cdl_find(algorithm, CDL_ISA_SCALAR);
}

const cdl_kernel *cdl_find_lone(cdl_algorithm algorithm) {
    const cdl_kernel *const shani = cdl_find(algorithm, CDL_ISA_SHANI);
    return shani != NULL ? shani : cdl_find(algorithm, CDL_ISA_SCALAR);
}
