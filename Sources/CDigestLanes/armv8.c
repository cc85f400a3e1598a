/// SHA-256 and SHA-512 with the instructions of ARMv8. Each waits for the one before, so several messages take turns,
/// as many as fit into the registers.
#include "kernels.h"

#if defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

#include <arm_neon.h>

#define SHA256_CODE __attribute__((target("+crypto")))
#define SHA512_CODE __attribute__((target("arch=armv8.2-a+sha3")))
#define INLINE static inline __attribute__((always_inline))

enum { SHA256_LANES = 4, SHA512_LANES = 2 };

/// Four rounds of every lane with the four words `w[lane][i]`.
#define FOUR_ROUNDS(k, i)                                                                        \
    do {                                                                                         \
        const uint32x4_t constants = vld1q_u32((k) + 4 * (i));                                   \
        UNROLL for (int lane = 0; lane < lanes; lane++) {                                        \
            const uint32x4_t words = vaddq_u32(w[lane][i], constants), before = abcd[lane];      \
            abcd[lane] = vsha256hq_u32(before, efgh[lane], words);                               \
            efgh[lane] = vsha256h2q_u32(efgh[lane], before, words);                              \
        }                                                                                        \
    } while (0)

/// Replaces the words of every lane by those for sixteen rounds later.
#define NEXT_FOUR_WORDS(i)                                                                       \
    UNROLL for (int lane = 0; lane < lanes; lane++)                                              \
        w[lane][i] = vsha256su1q_u32(vsha256su0q_u32(w[lane][i], w[lane][((i) + 1) % 4]),        \
                                     w[lane][((i) + 2) % 4], w[lane][((i) + 3) % 4])

/// If the number of lanes is a constant, each lane's values are in registers.
INLINE SHA256_CODE void compress256(cdl_state *const *states, const uint8_t *const *data, int lanes,
                                    size_t blocks) {
    uint32x4_t abcd[SHA256_LANES], efgh[SHA256_LANES];
    UNROLL for (int lane = 0; lane < lanes; lane++) {
        abcd[lane] = vreinterpretq_u32_u64(vld1q_u64(states[lane]->words));
        efgh[lane] = vreinterpretq_u32_u64(vld1q_u64(states[lane]->words + 2));
    }
    for (size_t block = 0; block < blocks; block++) {
        uint32x4_t w[SHA256_LANES][4], abcd_before[SHA256_LANES], efgh_before[SHA256_LANES];
        UNROLL for (int lane = 0; lane < lanes; lane++) {
            abcd_before[lane] = abcd[lane];
            efgh_before[lane] = efgh[lane];
            UNROLL for (int i = 0; i < 4; i++) {
                const uint8x16_t bytes = vld1q_u8(data[lane] + 64 * block + 16 * i);
                w[lane][i] = vreinterpretq_u32_u8(vrev32q_u8(bytes));
            }
        }
        const uint32_t *k = cdl_sha256_k;
        for (; k < cdl_sha256_k + 48; k += 16) {
            UNROLL for (int i = 0; i < 4; i++) {
                FOUR_ROUNDS(k, i);
                NEXT_FOUR_WORDS(i);
            }
        }
        UNROLL for (int i = 0; i < 4; i++)
            FOUR_ROUNDS(k, i);
        UNROLL for (int lane = 0; lane < lanes; lane++) {
            abcd[lane] = vaddq_u32(abcd[lane], abcd_before[lane]);
            efgh[lane] = vaddq_u32(efgh[lane], efgh_before[lane]);
        }
    }
    UNROLL for (int lane = 0; lane < lanes; lane++) {
        vst1q_u64(states[lane]->words, vreinterpretq_u64_u32(abcd[lane]));
        vst1q_u64(states[lane]->words + 2, vreinterpretq_u64_u32(efgh[lane]));
    }
}

static SHA256_CODE void advance256(cdl_state *const *states, const uint8_t *const *data,
                                   unsigned count, size_t blocks) {
    switch (count) {
    case 1:
        compress256(states, data, 1, blocks);
        break;
    case 2:
        compress256(states, data, 2, blocks);
        break;
    case 3:
        compress256(states, data, 3, blocks);
        break;
    case 4:
        compress256(states, data, 4, blocks);
        break;
    }
}

/// Two rounds of every lane with the two words `w[lane][i]`. The pairs of variables move down by one: instead, the next
/// rounds get them renamed.
#define TWO_ROUNDS(ab, cd, ef, gh, k, i)                                                         \
    do {                                                                                         \
        const uint64x2_t constants = vld1q_u64((k) + 2 * (i));                                   \
        UNROLL for (int lane = 0; lane < lanes; lane++) {                                        \
            const uint64x2_t words = vaddq_u64(w[lane][i], constants);                           \
            const uint64x2_t sum = vaddq_u64(vextq_u64(words, words, 1), s[lane][gh]);           \
            const uint64x2_t middle =                                                            \
                vsha512hq_u64(sum, vextq_u64(s[lane][ef], s[lane][gh], 1),                       \
                              vextq_u64(s[lane][cd], s[lane][ef], 1));                           \
            s[lane][gh] = vsha512h2q_u64(middle, s[lane][cd], s[lane][ab]);                      \
            s[lane][cd] = vaddq_u64(s[lane][cd], middle);                                        \
        }                                                                                        \
    } while (0)

#define NEXT_TWO_WORDS(i)                                                                        \
    UNROLL for (int lane = 0; lane < lanes; lane++)                                              \
        w[lane][i] = vsha512su1q_u64(vsha512su0q_u64(w[lane][i], w[lane][((i) + 1) % 8]),        \
                                     w[lane][((i) + 7) % 8],                                     \
                                     vextq_u64(w[lane][((i) + 4) % 8], w[lane][((i) + 5) % 8], 1))

#define NO_WORDS(i) (void)0

#define SIXTEEN_ROUNDS(k, NEXT)                                                                  \
    do {                                                                                         \
        UNROLL for (int half = 0; half < 8; half += 4) {                                         \
            TWO_ROUNDS(0, 1, 2, 3, k, half);                                                     \
            NEXT(half);                                                                          \
            TWO_ROUNDS(3, 0, 1, 2, k, half + 1);                                                 \
            NEXT(half + 1);                                                                      \
            TWO_ROUNDS(2, 3, 0, 1, k, half + 2);                                                 \
            NEXT(half + 2);                                                                      \
            TWO_ROUNDS(1, 2, 3, 0, k, half + 3);                                                 \
            NEXT(half + 3);                                                                      \
        }                                                                                        \
    } while (0)

INLINE SHA512_CODE void compress512(cdl_state *const *states, const uint8_t *const *data, int lanes,
                                    size_t blocks) {
    uint64x2_t s[SHA512_LANES][4];
    UNROLL for (int lane = 0; lane < lanes; lane++)
        UNROLL for (int i = 0; i < 4; i++)
            s[lane][i] = vld1q_u64(states[lane]->words + 2 * i);
    for (size_t block = 0; block < blocks; block++) {
        uint64x2_t w[SHA512_LANES][8], before[SHA512_LANES][4];
        UNROLL for (int lane = 0; lane < lanes; lane++) {
            UNROLL for (int i = 0; i < 4; i++)
                before[lane][i] = s[lane][i];
            UNROLL for (int i = 0; i < 8; i++) {
                const uint8x16_t bytes = vld1q_u8(data[lane] + 128 * block + 16 * i);
                w[lane][i] = vreinterpretq_u64_u8(vrev64q_u8(bytes));
            }
        }
        const uint64_t *k = cdl_sha512_k;
        for (; k < cdl_sha512_k + 64; k += 16)
            SIXTEEN_ROUNDS(k, NEXT_TWO_WORDS);
        SIXTEEN_ROUNDS(k, NO_WORDS);
        UNROLL for (int lane = 0; lane < lanes; lane++)
            UNROLL for (int i = 0; i < 4; i++)
                s[lane][i] = vaddq_u64(s[lane][i], before[lane][i]);
    }
    UNROLL for (int lane = 0; lane < lanes; lane++)
        UNROLL for (int i = 0; i < 4; i++)
            vst1q_u64(states[lane]->words + 2 * i, s[lane][i]);
}

static SHA512_CODE void advance512(cdl_state *const *states, const uint8_t *const *data,
                                   unsigned count, size_t blocks) {
    if (count == 2)
        compress512(states, data, 2, blocks);
    else if (count == 1)
        compress512(states, data, 1, blocks);
}

const cdl_kernel cdl_sha256_armv8 = {
    .name = "sha256-armv8",
    .algorithm = CDL_SHA256,
    .isa = CDL_ISA_ARMV8,
    .lanes = SHA256_LANES,
    .block_bytes = 64,
    .advance = advance256,
};

const cdl_kernel cdl_sha512_armv8 = {
    .name = "sha512-armv8",
    .algorithm = CDL_SHA512,
    .isa = CDL_ISA_ARMV8,
    .lanes = SHA512_LANES,
    .block_bytes = 128,
    .advance = advance512,
};

#endif
