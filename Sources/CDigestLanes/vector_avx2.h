/// The vector vocabulary of the algorithm bodies, in AVX2.
#include <immintrin.h>

#define VECTOR_CODE __attribute__((target("avx2")))
#define VECTOR_INLINE static inline VECTOR_CODE __attribute__((always_inline))

#define LANES32 8
#define LANES64 4
typedef uint32_t vec32 __attribute__((vector_size(32), may_alias));
typedef uint64_t vec64 __attribute__((vector_size(32), may_alias));

#define ROTR32(x, n) ((x) >> (n) | (x) << (32 - (n)))
#define ROTR64(x, n) rotate_right_64((x), (n))

#define XOR3(x, y, z) ((x) ^ (y) ^ (z))
#define CHOOSE(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define MAJORITY(x, y, z) ((y) ^ (((x) ^ (y)) & ((y) ^ (z))))

/// Rotations by whole bytes are one shuffle, others two shifts and an or. If clang saw
/// the order of the bytes, it would use two shuffles for a rotation by 16.
VECTOR_INLINE vec64 rotate_right_64(vec64 x, int n) {
    if (n == 32)
        return (vec64)_mm256_shuffle_epi32((__m256i)x, 0xb1);
    if (n != 16 && n != 24)
        return x >> n | x << (64 - n);
    __m256i order = _mm256_broadcastsi128_si256(
        n == 16 ? _mm_set_epi8(9, 8, 15, 14, 13, 12, 11, 10, 1, 0, 7, 6, 5, 4, 3, 2)
                : _mm_set_epi8(10, 9, 8, 15, 14, 13, 12, 11, 2, 1, 0, 7, 6, 5, 4, 3));
    __asm__("" : "+x"(order));
    return (vec64)_mm256_shuffle_epi8((__m256i)x, order);
}

/// A register with 16 bytes of one lane in its low half and 16 of another in its high half.
VECTOR_INLINE __m256i load_halves(const uint8_t *low, const uint8_t *high, __m256i byte_order) {
    const __m256i halves = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)low)),
        _mm_loadu_si128((const __m128i *)high), 1);
    return _mm256_shuffle_epi8(halves, byte_order);
}

/// Loads 64 bytes from each of 8 lanes as 16 big-endian words.
VECTOR_INLINE void load_be32(vec32 words[16], const uint8_t *const *lane, size_t offset) {
    const __m256i reversed = _mm256_broadcastsi128_si256(
        _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
    for (int i = 0; i < 8; i++)
        __builtin_prefetch(lane[i] + offset + PREFETCH_BYTES);
    UNROLL for (int i = 0; i < 16; i += 4) {
        const size_t at = offset + 4 * (size_t)i;
        const __m256i a = load_halves(lane[0] + at, lane[4] + at, reversed);
        const __m256i b = load_halves(lane[1] + at, lane[5] + at, reversed);
        const __m256i c = load_halves(lane[2] + at, lane[6] + at, reversed);
        const __m256i d = load_halves(lane[3] + at, lane[7] + at, reversed);
        const __m256i ab_low = _mm256_unpacklo_epi32(a, b), ab_high = _mm256_unpackhi_epi32(a, b);
        const __m256i cd_low = _mm256_unpacklo_epi32(c, d), cd_high = _mm256_unpackhi_epi32(c, d);
        words[i] = (vec32)_mm256_unpacklo_epi64(ab_low, cd_low);
        words[i + 1] = (vec32)_mm256_unpackhi_epi64(ab_low, cd_low);
        words[i + 2] = (vec32)_mm256_unpacklo_epi64(ab_high, cd_high);
        words[i + 3] = (vec32)_mm256_unpackhi_epi64(ab_high, cd_high);
    }
}

/// Loads 128 bytes from each of 4 lanes as 16 words.
VECTOR_INLINE void load_64(vec64 words[16], const uint8_t *const *lane, size_t offset,
                           __m256i byte_order) {
    for (int i = 0; i < 4; i++) {
        __builtin_prefetch(lane[i] + offset + PREFETCH_BYTES);
        __builtin_prefetch(lane[i] + offset + PREFETCH_BYTES + 64);
    }
    UNROLL for (int i = 0; i < 16; i += 2) {
        const size_t at = offset + 8 * (size_t)i;
        const __m256i a = load_halves(lane[0] + at, lane[2] + at, byte_order);
        const __m256i b = load_halves(lane[1] + at, lane[3] + at, byte_order);
        words[i] = (vec64)_mm256_unpacklo_epi64(a, b);
        words[i + 1] = (vec64)_mm256_unpackhi_epi64(a, b);
    }
}

VECTOR_INLINE void load_be64(vec64 words[16], const uint8_t *const *lane, size_t offset) {
    load_64(words, lane, offset,
            _mm256_broadcastsi128_si256(
                _mm_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)));
}

VECTOR_INLINE void load_le64(vec64 words[16], const uint8_t *const *lane, size_t offset) {
    load_64(words, lane, offset,
            _mm256_broadcastsi128_si256(
                _mm_set_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)));
}
