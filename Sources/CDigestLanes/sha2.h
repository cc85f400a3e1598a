/// The compression function of SHA-256 or SHA-512 (FIPS 180-4, section 6). The including
/// file defines its parameters: WORD, a VEC of them with one per lane, BLOCK_BYTES,
/// ROUNDS, ROUND_CONSTANTS, LOAD_BLOCK, and the functions BIG_SIGMA0, BIG_SIGMA1,
/// SMALL_SIGMA0, SMALL_SIGMA1. It may also define its own message schedule: a type
/// NAME(schedule), ADDEND and NEXT_WORD.

#ifndef ADDEND
typedef VEC NAME(schedule)[16];

/// The addend from the message in round `i`.
#define ADDEND(i) (k[i] + w[i])

/// Sixteen words of the message schedule suffice: each word is replaced by the one for
/// sixteen rounds later.
#define NEXT_WORD(i)                                                                             \
    w[i] += SMALL_SIGMA1(w[(i + 14) % 16]) + w[(i + 9) % 16] + SMALL_SIGMA0(w[(i + 1) % 16])
#endif

/// One round. Instead of moving the eight variables down, the next round gets them
/// renamed.
#define ROUND(a, b, c, d, e, f, g, h, i)                                                         \
    do {                                                                                         \
        h += ADDEND(i);                                                                          \
        h += CHOOSE(e, f, g);                                                                    \
        h += BIG_SIGMA1(e);                                                                      \
        d += h;                                                                                  \
        h += MAJORITY(a, b, c);                                                                  \
        h += BIG_SIGMA0(a);                                                                      \
    } while (0)

#define EIGHT_TIMES(DO, i)                                                                       \
    DO(a, b, c, d, e, f, g, h, (i));                                                             \
    DO(h, a, b, c, d, e, f, g, (i) + 1);                                                         \
    DO(g, h, a, b, c, d, e, f, (i) + 2);                                                         \
    DO(f, g, h, a, b, c, d, e, (i) + 3);                                                         \
    DO(e, f, g, h, a, b, c, d, (i) + 4);                                                         \
    DO(d, e, f, g, h, a, b, c, (i) + 5);                                                         \
    DO(c, d, e, f, g, h, a, b, (i) + 6);                                                         \
    DO(b, c, d, e, f, g, h, a, (i) + 7)

#define ROUND_AND_NEXT_WORD(a, b, c, d, e, f, g, h, i)                                           \
    ROUND(a, b, c, d, e, f, g, h, i);                                                            \
    NEXT_WORD(i)

static VECTOR_CODE void NAME(compress)(VEC *rows, const uint8_t *const *lane, size_t blocks) {
    VEC a = rows[0], b = rows[1], c = rows[2], d = rows[3];
    VEC e = rows[4], f = rows[5], g = rows[6], h = rows[7];
    for (size_t offset = 0; offset < blocks * BLOCK_BYTES; offset += BLOCK_BYTES) {
        NAME(schedule) w;
        LOAD_BLOCK(w, lane, offset);
        const WORD *k = ROUND_CONSTANTS;
        for (; k < ROUND_CONSTANTS + ROUNDS - 16; k += 16) {
            EIGHT_TIMES(ROUND_AND_NEXT_WORD, 0);
            EIGHT_TIMES(ROUND_AND_NEXT_WORD, 8);
        }
        EIGHT_TIMES(ROUND, 0);
        EIGHT_TIMES(ROUND, 8);
        rows[0] = a += rows[0];
        rows[1] = b += rows[1];
        rows[2] = c += rows[2];
        rows[3] = d += rows[3];
        rows[4] = e += rows[4];
        rows[5] = f += rows[5];
        rows[6] = g += rows[6];
        rows[7] = h += rows[7];
    }
}

#undef ADDEND
#undef ROUND
#undef NEXT_WORD
#undef EIGHT_TIMES
#undef ROUND_AND_NEXT_WORD
