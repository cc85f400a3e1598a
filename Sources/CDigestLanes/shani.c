/// SHA-256 with the x86 SHA extensions. A SHA256RNDS2 waits for the one before it,
/// which on AMD's Zen takes four cycles, while another could start every two: so
/// two messages take turns. (Three or four are slower, for want of registers.)
#include "kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define HASH sha256
#define HASH_ID CDL_SHA256
#define ISA shani
#define ISA_ID CDL_ISA_SHANI
#define WORD uint32_t
#define LANES 2
#define ROWS SHA256_ROWS
#define BLOCK_BYTES 64
#define DIGEST_BYTES 32

#define SHA_CODE __attribute__((target("sha,sse4.1,ssse3")))

/// One lane's chaining value, in the order the instructions want: words f e b a
/// and h g d c, from the lowest.
typedef struct {
    __m128i feba, hgdc;
} chain;

static SHA_CODE chain load_chain(uint32_t (*rows)[LANES], int lane) {
    return (chain){
        .feba = _mm_set_epi32((int)rows[0][lane], (int)rows[1][lane], (int)rows[4][lane],
                              (int)rows[5][lane]),
        .hgdc = _mm_set_epi32((int)rows[2][lane], (int)rows[3][lane], (int)rows[6][lane],
                              (int)rows[7][lane]),
    };
}

static SHA_CODE void store_chain(chain value, uint32_t (*rows)[LANES], int lane) {
    static const int row_of_word[8] = {5, 4, 1, 0, 7, 6, 3, 2};
    uint32_t words[8];
    _mm_storeu_si128((__m128i *)words, value.feba);
    _mm_storeu_si128((__m128i *)(words + 4), value.hgdc);
    for (int i = 0; i < 8; i++)
        rows[row_of_word[i]][lane] = words[i];
}

/// Four rounds of every lane with the four schedule words `w[lane][i]`, which then
/// make place for those sixteen rounds on.
#define FOUR_ROUNDS(k, i, MAKE_NEXT_WORDS)                                                       \
    do {                                                                                         \
        const __m128i constants = _mm_loadu_si128((const __m128i *)(k) + (i));                   \
        UNROLL for (int lane = 0; lane < LANES; lane++) {                                        \
            const __m128i words = _mm_add_epi32(w[lane][i], constants);                          \
            const __m128i feba = s[lane].feba;                                                   \
            s[lane].hgdc = _mm_sha256rnds2_epu32(s[lane].hgdc, feba, words);                     \
            s[lane].feba = _mm_sha256rnds2_epu32(feba, s[lane].hgdc,                             \
                                                 _mm_shuffle_epi32(words, 0x0e));                \
            MAKE_NEXT_WORDS(lane, i);                                                            \
        }                                                                                        \
    } while (0)

#define NEXT_WORDS(lane, i)                                                                      \
    do {                                                                                         \
        const __m128i back3 = w[lane][((i) + 1) % 4], back2 = w[lane][((i) + 2) % 4];            \
        const __m128i back1 = w[lane][((i) + 3) % 4];                                            \
        const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[lane][i], back3),               \
                                          _mm_alignr_epi8(back1, back2, 4));                     \
        w[lane][i] = _mm_sha256msg2_epu32(sum, back1);                                           \
    } while (0)
#define NO_WORDS(lane, i) (void)0

static SHA_CODE void sha256_compress(void *state, const uint8_t *const *lane_data, size_t blocks) {
    const __m128i reversed =
        _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    chain s[LANES];
    UNROLL for (int lane = 0; lane < LANES; lane++)
        s[lane] = load_chain(state, lane);
    for (size_t block = 0; block < blocks; block++) {
        __m128i w[LANES][4];
        chain before[LANES];
        UNROLL for (int lane = 0; lane < LANES; lane++) {
            const __m128i *const source = (const __m128i *)(lane_data[lane] + BLOCK_BYTES * block);
            before[lane] = s[lane];
            UNROLL for (int i = 0; i < 4; i++)
                w[lane][i] = _mm_shuffle_epi8(_mm_loadu_si128(source + i), reversed);
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
        UNROLL for (int lane = 0; lane < LANES; lane++) {
            s[lane].feba = _mm_add_epi32(s[lane].feba, before[lane].feba);
            s[lane].hgdc = _mm_add_epi32(s[lane].hgdc, before[lane].hgdc);
        }
    }
    UNROLL for (int lane = 0; lane < LANES; lane++)
        store_chain(s[lane], state, lane);
}

#include "lane_kernel.h"

#endif
