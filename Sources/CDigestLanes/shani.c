/// SHA-256 with the x86 SHA extensions. A SHA256RNDS2 waits for the previous one (four
/// cycles on AMD's Zen 4), although another could start in each cycle: so up to four
/// messages take turns, as many as fit into the registers.
#include "kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define SHA_CODE __attribute__((target("sha,sse4.1")))
#define SHA_AVX_CODE __attribute__((target("sha,avx")))
#define INLINE static inline __attribute__((always_inline))

enum { BLOCK_BYTES = 64, MAX_LANES = 4 };

/// One lane's chaining value, in the order that the instructions need: words f e b a
/// and h g d c, from the lowest.
typedef struct {
    __m128i feba, hgdc;
} chain;

INLINE SHA_CODE chain load_chain(const cdl_state *state) {
    const __m128i abcd = _mm_loadu_si128((const __m128i *)state->words);
    const __m128i efgh = _mm_loadu_si128((const __m128i *)state->words + 1);
    const __m128i badc = _mm_shuffle_epi32(abcd, 0xb1), hgfe = _mm_shuffle_epi32(efgh, 0x1b);
    return (chain){
        .feba = _mm_alignr_epi8(badc, hgfe, 8),
        .hgdc = _mm_blend_epi16(hgfe, badc, 0xf0),
    };
}

INLINE SHA_CODE void store_chain(chain value, cdl_state *state) {
    const __m128i abef = _mm_shuffle_epi32(value.feba, 0x1b);
    const __m128i ghcd = _mm_shuffle_epi32(value.hgdc, 0xb1);
    _mm_storeu_si128((__m128i *)state->words, _mm_blend_epi16(abef, ghcd, 0xf0));
    _mm_storeu_si128((__m128i *)state->words + 1, _mm_alignr_epi8(ghcd, abef, 8));
}

/// Keeps clang from moving a value's computation past another's, which would put the
/// SHA256RNDS2 of all lanes together, without other instructions in their waiting times.
#define COMPUTE_HERE(value, place) __asm__ volatile("" : "+" place(value))

/// Four rounds of every lane with the four schedule words `w[lane][i]`, which are then
/// replaced by those for sixteen rounds later.
#define FOUR_ROUNDS(k, i, MAKE_NEXT_WORDS)                                                       \
    do {                                                                                         \
        const __m128i constants = _mm_loadu_si128((const __m128i *)(k) + (i));                   \
        UNROLL for (int lane = 0; lane < lanes; lane++) {                                        \
            const __m128i words = _mm_add_epi32(w[lane][i], constants);                          \
            const __m128i feba = s[lane].feba;                                                   \
            s[lane].hgdc = _mm_sha256rnds2_epu32(s[lane].hgdc, feba, words);                     \
            s[lane].feba = _mm_sha256rnds2_epu32(feba, s[lane].hgdc,                             \
                                                 _mm_shuffle_epi32(words, 0x0e));                \
            COMPUTE_HERE(s[lane].feba, "x");                                                     \
            COMPUTE_HERE(s[lane].hgdc, "x");                                                     \
            MAKE_NEXT_WORDS(lane, i);                                                            \
        }                                                                                        \
    } while (0)

/// Only the newest words are kept in a register: there are too few for those of all lanes.
#define NEXT_WORDS(lane, i)                                                                      \
    do {                                                                                         \
        const __m128i sum =                                                                      \
            _mm_add_epi32(_mm_sha256msg1_epu32(w[lane][i], w[lane][((i) + 1) % 4]),              \
                          _mm_alignr_epi8(newest[lane], w[lane][((i) + 2) % 4], 4));             \
        newest[lane] = w[lane][i] = _mm_sha256msg2_epu32(sum, newest[lane]);                     \
        COMPUTE_HERE(w[lane][i], "m");                                                           \
        COMPUTE_HERE(newest[lane], "x");                                                         \
    } while (0)
#define NO_WORDS(lane, i) (void)0

/// If the number of lanes is a constant, each lane's values are in registers.
INLINE SHA_CODE void compress(cdl_state *const *states, const uint8_t *const *data, int lanes,
                              size_t blocks) {
    const __m128i reversed =
        _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    chain s[MAX_LANES];
    UNROLL for (int lane = 0; lane < lanes; lane++)
        s[lane] = load_chain(states[lane]);
    for (size_t block = 0; block < blocks; block++) {
        __m128i w[MAX_LANES][4], newest[MAX_LANES];
        chain before[MAX_LANES];
        UNROLL for (int lane = 0; lane < lanes; lane++) {
            const __m128i *const source = (const __m128i *)(data[lane] + BLOCK_BYTES * block);
            before[lane] = s[lane];
            UNROLL for (int i = 0; i < 4; i++)
                w[lane][i] = _mm_shuffle_epi8(_mm_loadu_si128(source + i), reversed);
            newest[lane] = w[lane][3];
        }
        const uint32_t *k = cdl_sha256_k;
        for (; k < cdl_sha256_k + 48; k += 16) {
            FOUR_ROUNDS(k, 0, NEXT_WORDS);
            FOUR_ROUNDS(k, 1, NEXT_WORDS);
            FOUR_ROUNDS(k, 2, NEXT_WORDS);
            FOUR_ROUNDS(k, 3, NEXT_WORDS);
        }
        FOUR_ROUNDS(k, 0, NO_WORDS);
        FOUR_ROUNDS(k, 1, NO_WORDS);
        FOUR_ROUNDS(k, 2, NO_WORDS);
        FOUR_ROUNDS(k, 3, NO_WORDS);
        UNROLL for (int lane = 0; lane < lanes; lane++) {
            s[lane].feba = _mm_add_epi32(s[lane].feba, before[lane].feba);
            s[lane].hgdc = _mm_add_epi32(s[lane].hgdc, before[lane].hgdc);
        }
    }
    UNROLL for (int lane = 0; lane < lanes; lane++)
        store_chain(s[lane], states[lane]);
}

INLINE SHA_CODE void advance_count(cdl_state *const *states, const uint8_t *const *data,
                                   unsigned count, size_t blocks) {
    switch (count) {
    case 1:
        compress(states, data, 1, blocks);
        break;
    case 2:
        compress(states, data, 2, blocks);
        break;
    case 3:
        compress(states, data, 3, blocks);
        break;
    case 4:
        compress(states, data, 4, blocks);
        break;
    }
}

static SHA_CODE void advance_sse(cdl_state *const *states, const uint8_t *const *data,
                                 unsigned count, size_t blocks) {
    advance_count(states, data, count, blocks);
}

/// The same with AVX instructions in addition, which save moves between registers.
static SHA_AVX_CODE void advance_avx(cdl_state *const *states, const uint8_t *const *data,
                                     unsigned count, size_t blocks) {
    advance_count(states, data, count, blocks);
}

#define SHANI_KERNEL(name_, advance_)                                                            \
    {                                                                                            \
        .name = name_, .algorithm = CDL_SHA256, .isa = CDL_ISA_SHANI, .lanes = MAX_LANES,        \
        .block_bytes = BLOCK_BYTES, .advance = advance_,                                         \
    }

const cdl_kernel cdl_sha256_shani = SHANI_KERNEL("sha256-shani", advance_avx);
const cdl_kernel cdl_sha256_shani_sse = SHANI_KERNEL("sha256-shani-sse", advance_sse);

#endif
