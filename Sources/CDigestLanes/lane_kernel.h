/// The `cdl_kernel` around a compression function: lanes as columns of words.
///
/// The including file has defined HASH, HASH_ID, ISA, ISA_ID, WORD, LANES, ROWS,
/// BLOCK_BYTES, DIGEST_BYTES and `NAME(compress)(state, lane_data, blocks)`,
/// which takes no null pointers. The HASH's definitions end here.

static void NAME(init_lane)(void *state, unsigned lane) {
    WORD(*const rows)[LANES] = state;
    for (int row = 0; row < ROWS; row++)
        rows[row][lane] = IV[row];
}

static void NAME(init)(void *state) {
    for (unsigned lane = 0; lane < LANES; lane++)
        NAME(init_lane)(state, lane);
}

/// Resting lanes hash what some other lane hashes, and are then put back.
static void NAME(advance)(void *state, const uint8_t *const *lane_data, size_t blocks) {
    const uint8_t *stand_in = NULL;
    unsigned resting = 0;
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (lane_data[lane] != NULL)
            stand_in = lane_data[lane];
        else
            resting++;
    }
    if (resting == 0) {
        NAME(compress)(state, lane_data, blocks);
        return;
    }
    if (resting == LANES)
        return;

    WORD(*const rows)[LANES] = state;
    WORD before[ROWS][LANES];
    memcpy(before, rows, sizeof before);
    const uint8_t *data[LANES];
    for (unsigned lane = 0; lane < LANES; lane++)
        data[lane] = lane_data[lane] != NULL ? lane_data[lane] : stand_in;
    NAME(compress)(state, data, blocks);
    for (unsigned lane = 0; lane < LANES; lane++) {
        for (int row = 0; lane_data[lane] == NULL && row < ROWS; row++)
            rows[row][lane] = before[row][lane];
    }
}

static void NAME(finish_lane)(void *state, unsigned lane, const uint8_t *tail, size_t tail_bytes,
                              uint64_t total_bytes, uint8_t *digest) {
    WORD(*const rows)[LANES] = state;
    WORD column[ROWS];
    for (int row = 0; row < ROWS; row++)
        column[row] = rows[row][lane];
    FINISH(column, tail, tail_bytes, total_bytes, digest);
}

const cdl_kernel KERNEL = {
    .name = STRING(HASH) "-" STRING(ISA),
    .algorithm = HASH_ID,
    .isa = ISA_ID,
    .lanes = LANES,
    .block_bytes = BLOCK_BYTES,
    .digest_bytes = DIGEST_BYTES,
    .state_bytes = (sizeof(WORD[ROWS][LANES]) + CDL_STATE_ALIGNMENT - 1) / CDL_STATE_ALIGNMENT *
                   CDL_STATE_ALIGNMENT,
    .init = NAME(init),
    .init_lane = NAME(init_lane),
    .advance = NAME(advance),
    .finish_lane = NAME(finish_lane),
};

#undef HASH
#undef HASH_ID
#undef WORD
#undef VEC
#undef LANES
#undef ROWS
#undef BLOCK_BYTES
#undef DIGEST_BYTES
