/// The BLAKE2b kernel (RFC 7693, section 3) in the vector vocabulary of the
/// including file. The ninth row counts each lane's bytes; 64 bits are plenty.
#define HASH blake2b
#define HASH_ID CDL_BLAKE2B
#define WORD uint64_t
#define VEC vec64
#define LANES LANES64
#define ROWS BLAKE2B_ROWS
#define BLOCK_BYTES 128

/// The order of the message's words in each round. It is here, not among the constants,
/// so that the compiler sees it and leaves no index in the unrolled rounds.
static const uint8_t NAME(sigma)[12][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
};

/// Half of the function G: its first half rotates by 32 and 24, its second by 16
/// and 63.
#define HALF_MIX(a, b, c, d, word, first, second)                                                \
    do {                                                                                         \
        a += (word);                                                                             \
        a += b;                                                                                  \
        d = ROTR64(d ^ a, first);                                                                \
        c += d;                                                                                  \
        b = ROTR64(b ^ c, second);                                                               \
    } while (0)

/// G on four columns, or four diagonals, side by side: instructions of one do not
/// wait for those of another.
#define MIX4(b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3, order)                              \
    do {                                                                                         \
        HALF_MIX(v0, b0, c0, d0, m[(order)[0]], 32, 24);                                         \
        HALF_MIX(v1, b1, c1, d1, m[(order)[2]], 32, 24);                                         \
        HALF_MIX(v2, b2, c2, d2, m[(order)[4]], 32, 24);                                         \
        HALF_MIX(v3, b3, c3, d3, m[(order)[6]], 32, 24);                                         \
        HALF_MIX(v0, b0, c0, d0, m[(order)[1]], 16, 63);                                         \
        HALF_MIX(v1, b1, c1, d1, m[(order)[3]], 16, 63);                                         \
        HALF_MIX(v2, b2, c2, d2, m[(order)[5]], 16, 63);                                         \
        HALF_MIX(v3, b3, c3, d3, m[(order)[7]], 16, 63);                                         \
    } while (0)

/// Hashes one block `m` of each lane; its bytes are already counted. `last` is all
/// ones for a message's last block, else 0.
VECTOR_INLINE void NAME(mix)(VEC *rows, const VEC m[16], WORD last) {
    const WORD *const iv = cdl_sha512_iv;
    const VEC zero = {0};
    VEC v0 = rows[0], v1 = rows[1], v2 = rows[2], v3 = rows[3];
    VEC v4 = rows[4], v5 = rows[5], v6 = rows[6], v7 = rows[7];
    VEC v8 = zero + iv[0], v9 = zero + iv[1], v10 = zero + iv[2], v11 = zero + iv[3];
    VEC v12 = rows[8] ^ iv[4], v13 = zero + iv[5], v14 = zero + (iv[6] ^ last), v15 = zero + iv[7];
    UNROLL for (int round = 0; round < 12; round++) {
        const uint8_t *const order = NAME(sigma)[round];
        MIX4(v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15, order);
        MIX4(v5, v6, v7, v4, v10, v11, v8, v9, v15, v12, v13, v14, order + 8);
    }
    rows[0] = XOR3(rows[0], v0, v8);
    rows[1] = XOR3(rows[1], v1, v9);
    rows[2] = XOR3(rows[2], v2, v10);
    rows[3] = XOR3(rows[3], v3, v11);
    rows[4] = XOR3(rows[4], v4, v12);
    rows[5] = XOR3(rows[5], v5, v13);
    rows[6] = XOR3(rows[6], v6, v14);
    rows[7] = XOR3(rows[7], v7, v15);
}

static VECTOR_CODE void NAME(compress)(VEC *rows, const uint8_t *const *lane, size_t blocks) {
    for (size_t offset = 0; offset < blocks * BLOCK_BYTES; offset += BLOCK_BYTES) {
        VEC m[16];
        load_le64(m, lane, offset);
        rows[8] += BLOCK_BYTES;
        NAME(mix)(rows, m, 0);
    }
}

#include "lane_kernel.h"

#undef HALF_MIX
#undef MIX4
