/// Declarations shared by the kernels' sources: the kernels and the constants.
///
/// A compression function works on rows of words, with one word per lane in each row:
/// eight rows of chaining value and, for BLAKE2b, a ninth that counts the hashed bytes.
/// A `cdl_state` contains the words of one lane, a column.
#ifndef CDL_KERNELS_H
#define CDL_KERNELS_H

#include "CDigestLanes.h"

#include <string.h>

/// The macros HASH (e.g. sha256) and ISA (e.g. avx512) distinguish the instances of a
/// body that is included several times.
#define NAME(member) PASTE3(HASH, _, member)
#define KERNEL PASTE3(PASTE3(cdl_, HASH, _), ISA, )
#define PASTE3(a, b, c) PASTE3_EXPANDED(a, b, c)
#define PASTE3_EXPANDED(a, b, c) a##b##c
#define STRING(token) STRING_EXPANDED(token)
#define STRING_EXPANDED(token) #token

/// Marks a loop that must be unrolled, so that the indexed values are in registers.
#define UNROLL _Pragma("GCC unroll 16")

/// The distance at which each lane's data is prefetched.
#define PREFETCH_BYTES 512

enum { SHA256_ROWS = 8, SHA512_ROWS = 8, BLAKE2B_ROWS = 9 };

extern const uint32_t cdl_sha256_iv[SHA256_ROWS];
extern const uint64_t cdl_sha512_iv[SHA512_ROWS];
extern const uint64_t cdl_blake2b_iv[BLAKE2B_ROWS];

extern const uint32_t cdl_sha256_k[64];
extern const uint64_t cdl_sha512_k[80];

extern const cdl_kernel cdl_sha256_scalar, cdl_sha512_scalar, cdl_blake2b_scalar;
extern const cdl_kernel cdl_sha256_avx2, cdl_sha512_avx2, cdl_blake2b_avx2;
extern const cdl_kernel cdl_sha256_avx512, cdl_sha512_avx512, cdl_blake2b_avx512;
extern const cdl_kernel cdl_sha256_shani, cdl_sha256_shani_sse, cdl_sha512_bmi2;
extern const cdl_kernel cdl_sha256_armv8, cdl_sha512_armv8;

/// The kernels that this CPU and its operating system support, null after the last; of
/// two for the same instruction set, the faster one is first.
const cdl_kernel *cdl_supported_kernel(size_t index);

/// The fastest kernel for a single message.
const cdl_kernel *cdl_find_lone(cdl_algorithm algorithm);

/// Hashes the last block of a BLAKE2b message, padded with zeros. The state's counter
/// must already be the length of the message.
void cdl_blake2b_last_block(cdl_state *state, const uint8_t block[128]);

#endif
