/// The kernels of one lane, in portable C.
#include "kernels.h"

#define ISA scalar
#define ISA_ID CDL_ISA_SCALAR

#define VECTOR_CODE
#define VECTOR_INLINE static inline
#define LANES32 1
#define LANES64 1
typedef uint32_t vec32;
typedef uint64_t vec64;

#define ROTR32(x, n) ((x) >> (n) | (x) << (32 - (n)))
#define ROTR64(x, n) ((x) >> (n) | (x) << (64 - (n)))
#define XOR3(x, y, z) ((x) ^ (y) ^ (z))
#define CHOOSE(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define MAJORITY(x, y, z) ((y) ^ (((x) ^ (y)) & ((y) ^ (z))))

static uint64_t big_endian(const uint8_t *bytes, int count) {
    uint64_t word = 0;
    for (int i = 0; i < count; i++)
        word = word << 8 | bytes[i];
    return word;
}

static uint64_t little_endian(const uint8_t *bytes) {
    uint64_t word = 0;
    for (int i = 7; i >= 0; i--)
        word = word << 8 | bytes[i];
    return word;
}

static void load_be32(vec32 words[16], const uint8_t *const *lane, size_t offset) {
    for (int i = 0; i < 16; i++)
        words[i] = (uint32_t)big_endian(lane[0] + offset + 4 * i, 4);
}

static void load_be64(vec64 words[16], const uint8_t *const *lane, size_t offset) {
    for (int i = 0; i < 16; i++)
        words[i] = big_endian(lane[0] + offset + 8 * i, 8);
}

static void load_le64(vec64 words[16], const uint8_t *const *lane, size_t offset) {
    for (int i = 0; i < 16; i++)
        words[i] = little_endian(lane[0] + offset + 8 * i);
}

#include "sha256.h"

#include "sha512.h"

#include "blake2b.h"

void cdl_blake2b_last_block(cdl_state *state, const uint8_t block[128]) {
    uint64_t m[16];
    load_le64(m, &block, 0);
    blake2b_mix(state->words, m, ~UINT64_C(0));
}
