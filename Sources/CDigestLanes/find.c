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

/// The compiler's own test does not know the SHA extensions everywhere. They use
/// the registers of SSE, which every operating system saves.
static int has_shani(void) {
    unsigned a, b, c, d;
    return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
           (b & bit_SHA) != 0;
}

/// `__builtin_cpu_supports` answers no for vector registers that the operating
/// system does not save (XGETBV).
static int is_supported(cdl_isa isa) {
    __builtin_cpu_init();
    switch (isa) {
    case CDL_ISA_NONE:
        return 0;
    case CDL_ISA_SCALAR:
        return 1;
    case CDL_ISA_SHANI:
        return has_shani();
    case CDL_ISA_AVX2:
        return __builtin_cpu_supports("avx2");
    case CDL_ISA_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl");
    }
    return 0;
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

cdl_isa cdl_best_isa(void) {
    if (is_supported(CDL_ISA_AVX512))
        return CDL_ISA_AVX512;
    return is_supported(CDL_ISA_AVX2) ? CDL_ISA_AVX2 : CDL_ISA_NONE;
}
