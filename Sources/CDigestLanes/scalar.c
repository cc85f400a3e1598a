/// The kernels of one lane in portable C, and the end of a message for all kernels.
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

static void put_big_endian(uint8_t *bytes, uint64_t word, int count) {
    for (int i = count - 1; i >= 0; i--, word >>= 8)
        bytes[i] = (uint8_t)word;
}

static void put_little_endian(uint8_t *bytes, uint64_t word) {
    for (int i = 0; i < 8; i++, word >>= 8)
        bytes[i] = (uint8_t)word;
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

/// Hashes the tail's whole blocks, then one or two more with the padding: a one
/// bit, zeros, and the message's bits counted in an eighth of a block.
static void sha2_finish(const cdl_kernel *scalar, void *column, const uint8_t *tail,
                        size_t tail_bytes, uint64_t total_bytes) {
    const size_t block_bytes = scalar->block_bytes, count_bytes = block_bytes / 8;
    const size_t rest = tail_bytes % block_bytes;
    uint8_t last[2 * 128] = {0};
    const uint8_t *data = last;
    if (rest > 0)
        memcpy(last, tail + tail_bytes - rest, rest);
    last[rest] = 0x80;
    const size_t last_blocks = rest + 1 + count_bytes <= block_bytes ? 1 : 2;
    uint8_t *const end = last + last_blocks * block_bytes;
    put_big_endian(end - 8, total_bytes << 3, 8);
    if (count_bytes > 8)
        end[-9] = (uint8_t)(total_bytes >> 61);
    scalar->advance(column, &tail, tail_bytes / block_bytes);
    scalar->advance(column, &data, last_blocks);
}

void cdl_sha256_finish(uint32_t column[SHA256_ROWS], const uint8_t *tail, size_t tail_bytes,
                       uint64_t total_bytes, uint8_t *digest) {
    sha2_finish(&cdl_sha256_scalar, column, tail, tail_bytes, total_bytes);
    for (int row = 0; row < 8; row++)
        put_big_endian(digest + 4 * row, column[row], 4);
}

void cdl_sha512_finish(uint64_t column[SHA512_ROWS], const uint8_t *tail, size_t tail_bytes,
                       uint64_t total_bytes, uint8_t *digest) {
    sha2_finish(&cdl_sha512_scalar, column, tail, tail_bytes, total_bytes);
    for (int row = 0; row < 8; row++)
        put_big_endian(digest + 8 * row, column[row], 8);
}

/// All of the tail but its last block, whole or not, is hashed as usual.
void cdl_blake2b_finish(uint64_t column[BLAKE2B_ROWS], const uint8_t *tail, size_t tail_bytes,
                        uint64_t total_bytes, uint8_t *digest) {
    const size_t blocks_before = tail_bytes > 0 ? (tail_bytes - 1) / 128 : 0;
    const size_t rest = tail_bytes - 128 * blocks_before;
    uint8_t last[128] = {0};
    const uint8_t *data = last;
    uint64_t m[16];
    if (rest > 0)
        memcpy(last, tail + 128 * blocks_before, rest);
    blake2b_advance(column, &tail, blocks_before);
    load_le64(m, &data, 0);
    column[8] = total_bytes;
    blake2b_mix(column, m, ~UINT64_C(0));
    for (int row = 0; row < 8; row++)
        put_little_endian(digest + 8 * row, column[row]);
}
