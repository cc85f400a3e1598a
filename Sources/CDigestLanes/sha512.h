/// The SHA-512 kernel in the vector vocabulary of the including file.
#define HASH sha512
#define HASH_ID CDL_SHA512
#define WORD uint64_t
#define VEC vec64
#define LANES LANES64
#define ROWS SHA512_ROWS
#define BLOCK_BYTES 128
#define ROUNDS 80
#define ROUND_CONSTANTS cdl_sha512_k
#define LOAD_BLOCK load_be64
#define BIG_SIGMA0(x) XOR3(ROTR64(x, 28), ROTR64(x, 34), ROTR64(x, 39))
#define BIG_SIGMA1(x) XOR3(ROTR64(x, 14), ROTR64(x, 18), ROTR64(x, 41))
#define SMALL_SIGMA0(x) XOR3(ROTR64(x, 1), ROTR64(x, 8), (x) >> 7)
#define SMALL_SIGMA1(x) XOR3(ROTR64(x, 19), ROTR64(x, 61), (x) >> 6)

#if LANES64 == 1
#include "sha512_pairs.h"
#endif

#include "sha2.h"

#include "lane_kernel.h"

#undef ROUNDS
#undef ROUND_CONSTANTS
#undef LOAD_BLOCK
#undef BIG_SIGMA0
#undef BIG_SIGMA1
#undef SMALL_SIGMA0
#undef SMALL_SIGMA1
