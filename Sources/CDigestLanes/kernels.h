/// What the kernels' sources share: the kernels by name, and the finishing of
/// one lane, which is scalar whatever the kernel.
///
/// A state is rows of words, one word a lane in each row: eight rows of chaining
/// value and, for BLAKE2b, a ninth that counts the bytes hashed. One lane's words
/// make a column; a column is also the state of the scalar kernel.
#ifndef CDL_KERNELS_H
#define CDL_KERNELS_H

#include "CDigestLanes.h"

#include <string.h>

/// The instances of a body included several times tell themselves apart by the
/// macros HASH (e.g. sha256) and ISA (e.g. avx512).
#define NAME(member) PASTE3(HASH, _, member)
#define KERNEL PASTE3(PASTE3(cdl_, HASH, _), ISA, )
#define IV PASTE3(cdl_, HASH, _iv)
#define FINISH PASTE3(cdl_, HASH, _finish)
#define PASTE3(a, b, c) PASTE3_EXPANDED(a, b, c)
#define PASTE3_EXPANDED(a, b, c) a##b##c
#define STRING(token) STRING_EXPANDED(token)
#define STRING_EXPANDED(token) #token

/// Marks a loop that must vanish, so that what it indexes is in registers.
#define UNROLL _Pragma("GCC unroll 16")

/// How far ahead of its use each lane's data is asked for.
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
extern const cdl_kernel cdl_sha256_shani;

void cdl_sha256_finish(uint32_t column[SHA256_ROWS], const uint8_t *tail, size_t tail_bytes,
                       uint64_t total_bytes, uint8_t *digest);
void cdl_sha512_finish(uint64_t column[SHA512_ROWS], const uint8_t *tail, size_t tail_bytes,
                       uint64_t total_bytes, uint8_t *digest);
void cdl_blake2b_finish(uint64_t column[BLAKE2B_ROWS], const uint8_t *tail, size_t tail_bytes,
                        uint64_t total_bytes, uint8_t *digest);

#endif
