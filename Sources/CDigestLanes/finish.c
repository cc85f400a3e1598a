/// The start and the end of a message, the same for all kernels.
#include "kernels.h"

size_t cdl_block_bytes(cdl_algorithm algorithm) {
    return algorithm == CDL_SHA256 ? 64 : 128;
}

void cdl_begin(cdl_algorithm algorithm, cdl_state *state) {
    *state = (cdl_state){0};
    switch (algorithm) {
    case CDL_SHA256:
        memcpy(state->words, cdl_sha256_iv, sizeof cdl_sha256_iv);
        break;
    case CDL_SHA512:
        memcpy(state->words, cdl_sha512_iv, sizeof cdl_sha512_iv);
        break;
    case CDL_BLAKE2B:
        memcpy(state->words, cdl_blake2b_iv, sizeof cdl_blake2b_iv);
        break;
    }
}

static void put_big_endian(uint8_t *bytes, uint64_t word, int count) {
    for (int i = count - 1; i >= 0; i--, word >>= 8)
        bytes[i] = (uint8_t)word;
}

static void put_little_endian(uint8_t *bytes, uint64_t word) {
    for (int i = 0; i < 8; i++, word >>= 8)
        bytes[i] = (uint8_t)word;
}

static void advance(const cdl_kernel *kernel, cdl_state *state, const uint8_t *data,
                    size_t blocks) {
    if (blocks > 0)
        kernel->advance(&state, &data, 1, blocks);
}

/// Hashes the tail's complete blocks, then one or two more with the padding: a one
/// bit, zeros, and the message's length in bits in an eighth of a block.
static void finish_sha2(const cdl_kernel *kernel, cdl_state *state, const uint8_t *tail,
                        size_t tail_bytes, uint64_t total_bytes) {
    const size_t block_bytes = kernel->block_bytes, count_bytes = block_bytes / 8;
    const size_t rest = tail_bytes % block_bytes;
    uint8_t last[2 * 128] = {0};
    if (rest > 0)
        memcpy(last, tail + tail_bytes - rest, rest);
    last[rest] = 0x80;
    const size_t last_blocks = rest + 1 + count_bytes <= block_bytes ? 1 : 2;
    uint8_t *const end = last + last_blocks * block_bytes;
    put_big_endian(end - 8, total_bytes << 3, 8);
    if (count_bytes > 8)
        end[-9] = (uint8_t)(total_bytes >> 61);
    advance(kernel, state, tail, tail_bytes / block_bytes);
    advance(kernel, state, last, last_blocks);
}

/// All of the tail except its last block, complete or not, is hashed as usual.
static void finish_blake2b(const cdl_kernel *kernel, cdl_state *state, const uint8_t *tail,
                           size_t tail_bytes, uint64_t total_bytes) {
    const size_t blocks_before = tail_bytes > 0 ? (tail_bytes - 1) / 128 : 0;
    const size_t rest = tail_bytes - 128 * blocks_before;
    uint8_t last[128] = {0};
    if (rest > 0)
        memcpy(last, tail + 128 * blocks_before, rest);
    advance(kernel, state, tail, blocks_before);
    state->words[8] = total_bytes;
    cdl_blake2b_last_block(state, last);
}

void cdl_finish(cdl_algorithm algorithm, cdl_state *state, const uint8_t *tail, size_t tail_bytes,
                uint64_t total_bytes, uint8_t *digest) {
    const cdl_kernel *const kernel = cdl_find_lone(algorithm);
    uint32_t halves[8];
    switch (algorithm) {
    case CDL_SHA256:
        finish_sha2(kernel, state, tail, tail_bytes, total_bytes);
        memcpy(halves, state->words, sizeof halves);
        for (int i = 0; i < 8; i++)
            put_big_endian(digest + 4 * i, halves[i], 4);
        break;
    case CDL_SHA512:
        finish_sha2(kernel, state, tail, tail_bytes, total_bytes);
        for (int i = 0; i < 8; i++)
            put_big_endian(digest + 8 * i, state->words[i], 8);
        break;
    case CDL_BLAKE2B:
        finish_blake2b(kernel, state, tail, tail_bytes, total_bytes);
        for (int i = 0; i < 8; i++)
            put_little_endian(digest + 8 * i, state->words[i]);
        break;
    }
}
