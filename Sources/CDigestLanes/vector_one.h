/// The vector vocabulary of the algorithm bodies for vectors of one word, in portable
/// C. The including file defines VECTOR_CODE.
#define VECTOR_INLINE static inline VECTOR_CODE __attribute__((always_inline))

#define LANES32 1
#define LANES64 1
typedef uint32_t vec32;
typedef uint64_t vec64;

#define ROTR32(x, n) ((x) >> (n) | (x) << (32 - (n)))
#define ROTR64(x, n) ((x) >> (n) | (x) << (64 - (n)))
#define XOR3(x, y, z) ((x) ^ (y) ^ (z))
#define CHOOSE(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define MAJORITY(x, y, z) ((y) ^ (((x) ^ (y)) & ((y) ^ (z))))

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BIG_ENDIAN_32(x) __builtin_bswap32(x)
#define BIG_ENDIAN_64(x) __builtin_bswap64(x)
#define LITTLE_ENDIAN_64(x) (x)
#else
#define BIG_ENDIAN_32(x) (x)
#define BIG_ENDIAN_64(x) (x)
#define LITTLE_ENDIAN_64(x) __builtin_bswap64(x)
#endif

VECTOR_INLINE void load_be32(vec32 words[16], const uint8_t *const *lane, size_t offset) {
    memcpy(words, lane[0] + offset, 16 * sizeof *words);
    UNROLL for (int i = 0; i < 16; i++)
        words[i] = BIG_ENDIAN_32(words[i]);
}

VECTOR_INLINE void load_be64(vec64 words[16], const uint8_t *const *lane, size_t offset) {
    memcpy(words, lane[0] + offset, 16 * sizeof *words);
    UNROLL for (int i = 0; i < 16; i++)
        words[i] = BIG_ENDIAN_64(words[i]);
}

VECTOR_INLINE void load_le64(vec64 words[16], const uint8_t *const *lane, size_t offset) {
    memcpy(words, lane[0] + offset, 16 * sizeof *words);
    UNROLL for (int i = 0; i < 16; i++)
        words[i] = LITTLE_ENDIAN_64(words[i]);
}
