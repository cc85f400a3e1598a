/// The message schedule of one SHA-512 message, for sha2.h. It computes two words at
/// once, which costs no more than one, since neither depends on the other.
typedef uint64_t pair __attribute__((vector_size(16)));

typedef struct {
    pair words[8];
    uint64_t addends[16]; ///< The words with the rounds' constants added.
} NAME(schedule)[1];

VECTOR_INLINE void set_addends(NAME(schedule) w, int i, const uint64_t *constants) {
    pair sum;
    memcpy(&sum, constants + 2 * i, sizeof sum);
    sum += w->words[i];
    memcpy(w->addends + 2 * i, &sum, sizeof sum);
    // Otherwise clang splits the pair in registers, which costs more than it saves.
    __asm__("" : "+m"(w->addends));
}

VECTOR_INLINE void load_schedule(NAME(schedule) w, const uint8_t *const *lane,
                                       size_t offset) {
    uint64_t words[16];
    load_be64(words, lane, offset);
    UNROLL for (int i = 0; i < 8; i++) {
        w->words[i] = (pair){words[2 * i], words[2 * i + 1]};
        set_addends(w, i, cdl_sha512_k);
    }
}

/// The second word of one pair and the first of the next.
#define ACROSS(i) \
    __builtin_shufflevector(w->words[(i) % 8], w->words[((i) + 1) % 8], 1, 2)

/// Half of it after each round: clang roughly keeps this order of instructions.
VECTOR_INLINE void next_word(NAME(schedule) w, int i, const uint64_t *next_constants) {
    pair *const next = &w->words[i / 2];
    if (i % 2 == 0) {
        *next += ACROSS(i / 2 + 4) + SMALL_SIGMA0(ACROSS(i / 2));
    } else {
        *next += SMALL_SIGMA1(w->words[(i / 2 + 7) % 8]);
        set_addends(w, i / 2, next_constants);
    }
}

#undef LOAD_BLOCK
#define LOAD_BLOCK load_schedule
#define ADDEND(i) w->addends[i]
#define NEXT_WORD(i) next_word(w, (i), k + 16)
