// Prints a line for each kernel that this CPU can run: "KERNEL LANES OF", with as many messages as given at once, then
// their digests, one a line. The messages have the length of the argument and a content that its lane determines.
#include "CDigestLanes.h"

#include <stdio.h>
#include <stdlib.h>

static void print(const cdl_kernel *kernel, unsigned count, size_t bytes) {
    static uint8_t content[CDL_MAX_LANES][1 << 12];
    cdl_state states[CDL_MAX_LANES], *pointers[CDL_MAX_LANES];
    const uint8_t *data[CDL_MAX_LANES];
    // The last byte is for the end.
    const size_t blocks = (bytes - 1) / kernel->block_bytes, hashed = blocks * kernel->block_bytes;
    for (unsigned lane = 0; lane < count; lane++) {
        for (size_t i = 0; i < bytes; i++) content[lane][i] = (uint8_t)(i * 7 + i / 256 + lane * 13);
        cdl_begin(kernel->algorithm, &states[lane]);
        pointers[lane] = &states[lane];
        data[lane] = content[lane];
    }
    if (blocks > 0) kernel->advance(pointers, data, count, blocks);
    printf("%s %u of %u\n", kernel->name, count, kernel->lanes);
    for (unsigned lane = 0; lane < count; lane++) {
        uint8_t digest[CDL_MAX_DIGEST_BYTES];
        cdl_finish(kernel->algorithm, &states[lane], data[lane] + hashed, bytes - hashed, bytes, digest);
        for (int i = 0; i < (kernel->algorithm == CDL_SHA256 ? 32 : 64); i++) printf("%02x", digest[i]);
        printf("\n");
    }
}

int main(int count, char **arguments) {
    const size_t bytes = count > 1 ? (size_t)atol(arguments[1]) : 1;
    for (int algorithm = CDL_SHA256; algorithm <= CDL_BLAKE2B; algorithm++) {
        for (int isa = CDL_ISA_SCALAR; isa <= CDL_ISA_ARMV8; isa++) {
            const cdl_kernel *const kernel = cdl_find((cdl_algorithm)algorithm, (cdl_isa)isa);
            for (unsigned lanes = 1; kernel != NULL && lanes <= kernel->lanes; lanes++) print(kernel, lanes, bytes);
        }
    }
    return 0;
}
