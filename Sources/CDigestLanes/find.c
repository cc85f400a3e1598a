/// Selects a kernel that this CPU and its operating system support.
#include "kernels.h"

enum { SHANI = 1, AVX = 2, AVX2 = 4, AVX512 = 8, BMI2 = 16, ASKED = 32, ARM_SHA256 = 64, ARM_SHA512 = 128 };

static const struct {
    const cdl_kernel *kernel;
    unsigned features;
} kernels[] = {
#if defined(__x86_64__)
    {&cdl_sha512_bmi2, BMI2 | AVX},
    {&cdl_sha256_shani, SHANI | AVX},
    {&cdl_sha256_shani_sse, SHANI},
    {&cdl_sha256_avx2, AVX2},
    {&cdl_sha512_avx2, AVX2},
    {&cdl_blake2b_avx2, AVX2},
    {&cdl_sha256_avx512, AVX512},
    {&cdl_sha512_avx512, AVX512},
    {&cdl_blake2b_avx512, AVX512},
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    {&cdl_sha256_armv8, ARM_SHA256},
    {&cdl_sha512_armv8, ARM_SHA512},
#endif
    {&cdl_sha256_scalar, 0},
    {&cdl_sha512_scalar, 0},
    {&cdl_blake2b_scalar, 0},
};

#if defined(__x86_64__)

#include <cpuid.h>
#include <stdatomic.h>

/// Not every compiler can test for the SHA extensions. They use the registers of SSE,
/// which every operating system saves.
static int has_shani(void) {
    unsigned a, b, c, d;
    return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
           (b & bit_SHA) != 0;
}

/// `__builtin_cpu_supports` returns false for vector registers that the operating
/// system does not save (XGETBV).
static unsigned ask_cpu(void) {
    __builtin_cpu_init();
    unsigned features = ASKED;
    if (has_shani())
        features |= SHANI;
    if (__builtin_cpu_supports("avx"))
        features |= AVX;
    if (__builtin_cpu_supports("avx2"))
        features |= AVX2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        features |= AVX512;
    if (__builtin_cpu_supports("bmi2"))
        features |= BMI2;
    return features;
}

/// Called once, because CPUID takes microseconds in a virtual machine.
static unsigned cpu_features(void) {
    static atomic_uint known;
    unsigned features = atomic_load_explicit(&known, memory_order_relaxed);
    if (features == 0) {
        features = ask_cpu();
        atomic_store_explicit(&known, features, memory_order_relaxed);
    }
    return features;
}

#elif defined(__aarch64__)

#include <sys/auxv.h>

/// Bits of AT_HWCAP, from asm/hwcap.h of Linux.
enum { HWCAP_OF_SHA2 = 1 << 6, HWCAP_OF_SHA512 = 1 << 21 };

static unsigned cpu_features(void) {
    const unsigned long hardware = getauxval(AT_HWCAP);
    return (hardware & HWCAP_OF_SHA2 ? ARM_SHA256 : 0) | (hardware & HWCAP_OF_SHA512 ? ARM_SHA512 : 0);
}

#else

static unsigned cpu_features(void) {
    return 0;
}

#endif

static const size_t kernel_count = sizeof kernels / sizeof kernels[0];

const cdl_kernel *cdl_supported_kernel(size_t index) {
    const unsigned features = cpu_features();
    for (size_t i = 0; i < kernel_count; i++) {
        if ((kernels[i].features & ~features) == 0 && index-- == 0)
            return kernels[i].kernel;
    }
    return NULL;
}

const cdl_kernel *cdl_find(cdl_algorithm algorithm, cdl_isa isa) {
    const unsigned features = cpu_features();
    for (size_t i = 0; i < kernel_count; i++) {
        const cdl_kernel *const kernel = kernels[i].kernel;
        if (kernel->algorithm == algorithm && kernel->isa == isa &&
            (kernels[i].features & ~features) == 0)
            return kernel;
    }
    return NULL;
}

const cdl_kernel *cdl_portable(cdl_algorithm algorithm) {
    return cdl_find(algorithm, CDL_ISA_SCALAR);
}

const cdl_kernel *cdl_find_lone(cdl_algorithm algorithm) {
    const cdl_kernel *kernel = cdl_find(algorithm, CDL_ISA_SHANI);
    if (kernel == NULL)
        kernel = cdl_find(algorithm, CDL_ISA_ARMV8);
    return kernel != NULL ? kernel : cdl_find(algorithm, CDL_ISA_SCALAR);
}
