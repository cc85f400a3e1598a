/// The SHA-256 kernel in the vector vocabulary of the including file.
#define HASH sha256
#define HASH_ID CDL_SHA256
#define WORD uint32_t
#define VEC vec32
#define LANES LANES32
#define ROWS SHA256_ROWS
#define BLOCK_BYTES 64
#define ROUNDS 64
#define ROUND_CONSTANTS cdl_sha256_k
#define LOAD_BLOCK load_be32
#define BIG_SIGMA0(x) XOR3(ROTR32(x, 2), ROTR32(x, 13), ROTR32(x, 22))
#define BIG_SIGMA1(x) XOR3(ROTR32(x, 6), ROTR32(x, 11), ROTR32(x, 25))
#define SMALL_SIGMA0(x) XOR3(ROTR32(x, 7), ROTR32(x, 18), (x) >> 3)
#define SMALL_SIGMA1(x) XOR3(ROTR32(x, 17), ROTR32(x, 19), (x) >> 10)

#include "sha2.h"

#include "lane_kernel.h"

#undef ROUNDS
#undef ROUND_CONSTANTS
#undef LOAD_BLOCK
#undef BIG_SIGMA0
#undef BIG_SIGMA1
#undef SMALL_SIGMA0
#undef SMALL_SIGMA1
