/// The kernels with one lane, in portable C.
#include "kernels.h"

#define ISA scalar
#define ISA_ID CDL_ISA_SCALAR

#define VECTOR_CODE

#include "vector_one.h"

#include "sha256.h"

#include "sha512.h"

#include "blake2b.h"

void cdl_blake2b_last_block(cdl_state *state, const uint8_t block[128]) {
    uint64_t m[16];
    load_le64(m, &block, 0);
    blake2b_mix(state->words, m, ~UINT64_C(0));
}
