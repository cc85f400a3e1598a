/// The vector vocabulary of the algorithm bodies, in AVX-512.
#include <immintrin.h>

#define VECTOR_CODE __attribute__((target("avx512f,avx512bw,avx512vl")))
#define VECTOR_INLINE static inline VECTOR_CODE __attribute__((always_inline))

#define LANES32 16
#define LANES64 8
typedef uint32_t vec32 __attribute__((vector_size(64), may_alias));
typedef uint64_t vec64 __attribute__((vector_size(64), may_alias));

#define ROTR32(x, n) ((vec32)_mm512_ror_epi32((__m512i)(x), (n)))
#define ROTR64(x, n) ((vec64)_mm512_ror_epi64((__m512i)(x), (n)))

/// Any Boolean function of three operands is one instruction: bit `4x + 2y + z` of the
/// table is the function's value.
#define TERNARY(x, y, z, table) \
    ((__typeof__(x))_mm512_ternarylogic_epi64((__m512i)(x), (__m512i)(y), (__m512i)(z), (table)))
#define XOR3(x, y, z) TERNARY(x, y, z, 0x96)
#define CHOOSE(x, y, z) TERNARY(x, y, z, 0xca)
#define MAJORITY(x, y, z) TERNARY(x, y, z, 0xe8)

/// Transposes 4 x 4 quarters of registers: register `i` of the result contains quarter
/// `i` of each row, in order of rows.
VECTOR_INLINE void transpose_quarters(__m512i row[4]) {
    const __m512i a = _mm512_shuffle_i32x4(row[0], row[1], 0x88);
    const __m512i b = _mm512_shuffle_i32x4(row[2], row[3], 0x88);
    const __m512i c = _mm512_shuffle_i32x4(row[0], row[1], 0xdd);
    const __m512i d = _mm512_shuffle_i32x4(row[2], row[3], 0xdd);
    row[0] = _mm512_shuffle_i32x4(a, b, 0x88);
    row[1] = _mm512_shuffle_i32x4(c, d, 0x88);
    row[2] = _mm512_shuffle_i32x4(a, b, 0xdd);
    row[3] = _mm512_shuffle_i32x4(c, d, 0xdd);
}

VECTOR_INLINE __m512i load_row(const uint8_t *source, __m512i byte_order) {
    __builtin_prefetch(source + PREFETCH_BYTES);
    return _mm512_shuffle_epi8(_mm512_loadu_si512(source), byte_order);
}

/// Loads 64 bytes from each of 16 lanes as 16 big-endian words.
VECTOR_INLINE void load_be32(vec32 words[16], const uint8_t *const *lane, size_t offset) {
    const __m512i reversed = _mm512_broadcast_i32x4(
        _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
    __m512i quad[4][4];
    UNROLL for (int i = 0; i < 4; i++) {
        const __m512i a = load_row(lane[4 * i] + offset, reversed);
        const __m512i b = load_row(lane[4 * i + 1] + offset, reversed);
        const __m512i c = load_row(lane[4 * i + 2] + offset, reversed);
        const __m512i d = load_row(lane[4 * i + 3] + offset, reversed);
        const __m512i ab_low = _mm512_unpacklo_epi32(a, b), ab_high = _mm512_unpackhi_epi32(a, b);
        const __m512i cd_low = _mm512_unpacklo_epi32(c, d), cd_high = _mm512_unpackhi_epi32(c, d);
        quad[0][i] = _mm512_unpacklo_epi64(ab_low, cd_low);
        quad[1][i] = _mm512_unpackhi_epi64(ab_low, cd_low);
        quad[2][i] = _mm512_unpacklo_epi64(ab_high, cd_high);
        quad[3][i] = _mm512_unpackhi_epi64(ab_high, cd_high);
    }
    UNROLL for (int i = 0; i < 4; i++) {
        transpose_quarters(quad[i]);
        UNROLL for (int quarter = 0; quarter < 4; quarter++)
            words[4 * quarter + i] = (vec32)quad[i][quarter];
    }
}

/// Loads 128 bytes from each of 8 lanes as 16 words.
VECTOR_INLINE void load_64(vec64 words[16], const uint8_t *const *lane, size_t offset,
                           __m512i byte_order) {
    UNROLL for (int half = 0; half < 2; half++) {
        __m512i pair[2][4];
        UNROLL for (int i = 0; i < 4; i++) {
            const __m512i a = load_row(lane[2 * i] + offset + 64 * half, byte_order);
            const __m512i b = load_row(lane[2 * i + 1] + offset + 64 * half, byte_order);
            pair[0][i] = _mm512_unpacklo_epi64(a, b);
            pair[1][i] = _mm512_unpackhi_epi64(a, b);
        }
        UNROLL for (int i = 0; i < 2; i++) {
            transpose_quarters(pair[i]);
            UNROLL for (int quarter = 0; quarter < 4; quarter++)
                words[8 * half + 2 * quarter + i] = (vec64)pair[i][quarter];
        }
    }
}

VECTOR_INLINE void load_be64(vec64 words[16], const uint8_t *const *lane, size_t offset) {
    load_64(words, lane, offset,
            _mm512_broadcast_i32x4(
                _mm_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)));
}

VECTOR_INLINE void load_le64(vec64 words[16], const uint8_t *const *lane, size_t offset) {
    load_64(words, lane, offset,
            _mm512_broadcast_i32x4(
                _mm_set_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)));
}
