/// The `cdl_kernel` around a compression function.
///
/// The including file defines HASH, HASH_ID, ISA, ISA_ID, WORD, VEC, LANES, ROWS,
/// BLOCK_BYTES and `NAME(compress)(rows, lane_data, blocks)`, which needs data in
/// every lane. The definitions for HASH end here.

/// Lanes without a message hash the first lane's data; the result is discarded.
static void NAME(advance)(cdl_state *const *states, const uint8_t *const *data, unsigned count,
                          size_t blocks) {
    __attribute__((aligned(64))) WORD rows[ROWS][LANES];
    const uint8_t *lane_data[LANES];
    WORD column[ROWS];
    for (unsigned lane = 0; lane < LANES; lane++) {
        const unsigned message = lane < count ? lane : 0;
        lane_data[lane] = data[message];
        memcpy(column, states[message]->words, sizeof column);
        for (int row = 0; row < ROWS; row++)
            rows[row][lane] = column[row];
    }
    NAME(compress)((VEC *)rows, lane_data, blocks);
    for (unsigned lane = 0; lane < count; lane++) {
        for (int row = 0; row < ROWS; row++)
            column[row] = rows[row][lane];
        memcpy(states[lane]->words, column, sizeof column);
    }
}

const cdl_kernel KERNEL = {
    .name = STRING(HASH) "-" STRING(ISA),
    .algorithm = HASH_ID,
    .isa = ISA_ID,
    .lanes = LANES,
    .block_bytes = BLOCK_BYTES,
    .advance = NAME(advance),
};

#undef HASH
#undef HASH_ID
#undef WORD
#undef VEC
#undef LANES
#undef ROWS
#undef BLOCK_BYTES
