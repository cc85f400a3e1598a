/// Multi-buffer hashing: a kernel advances several independent messages at once,
/// each in its own lane of a vector register (or of interleaved instructions).
///
/// The state of a partly hashed message is a small `cdl_state` that the caller owns.
/// Every kernel of an algorithm accepts it, so a message may change kernels and
/// lanes between any two blocks. A message is hashed by
///   1. `cdl_begin`,
///   2. a kernel's `advance` over its complete blocks, in any number of calls,
///      keeping back at least its last byte (see `cdl_finish`),
///   3. `cdl_finish` with the remaining bytes.
///
/// There is no other state: threads may use different states at the same time.
#ifndef CDIGEST_LANES_H
#define CDIGEST_LANES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CDL_MAX_LANES 32
#define CDL_MAX_DIGEST_BYTES 64

typedef enum cdl_algorithm {
    CDL_SHA256 = 0,  ///< FIPS 180-4
    CDL_SHA512 = 1,  ///< FIPS 180-4
    CDL_BLAKE2B = 2, ///< RFC 7693, 64-byte digest, no key
} cdl_algorithm;

/// Instruction sets a kernel may be written for.
typedef enum cdl_isa {
    CDL_ISA_NONE = 0,   ///< `cdl_find` gives null.
    CDL_ISA_SCALAR = 1, ///< 1 lane; on every architecture.
    CDL_ISA_SHANI = 2,  ///< x86 SHA extensions: SHA-256 only, 4 interleaved lanes.
    CDL_ISA_AVX2 = 3,   ///< 256-bit vectors: 8 lanes of SHA-256, 4 of the others.
    CDL_ISA_AVX512 = 4, ///< 512-bit vectors: 16 lanes of SHA-256, 8 of the others.
    CDL_ISA_ARMV8 = 5,  ///< ARMv8 SHA-2: 4 interleaved lanes of SHA-256, 2 of SHA-512.
} cdl_isa;

/// The chaining value of one message between two blocks: the algorithm's eight
/// words (SHA-256's fill the first four here) and, for BLAKE2b, the bytes hashed.
typedef struct cdl_state {
    uint64_t words[9];
} cdl_state;

typedef struct cdl_kernel {
    const char *name; ///< For display, e.g. "sha256-avx512".
    cdl_algorithm algorithm;
    cdl_isa isa;
    uint32_t lanes;      ///< Messages hashed side by side, at most `CDL_MAX_LANES`.
    size_t block_bytes;

    /// Hashes `blocks` complete blocks of each of `count` messages, 1...lanes. Reads
    /// exactly these, from any alignment; data aligned to 64 bytes is hashed up to a
    /// tenth faster. All states must be different. Except with SHA instructions, a call takes as
    /// long for few messages as for all lanes.
    void (*advance)(cdl_state *const *states, const uint8_t *const *data, unsigned count,
                    size_t blocks);
} cdl_kernel;

/// The kernel for this instruction set, or null if there is none or if this CPU or
/// operating system does not support it.
const cdl_kernel *cdl_find(cdl_algorithm algorithm, cdl_isa isa);

/// The kernel for every CPU, with one lane; never null.
const cdl_kernel *cdl_portable(cdl_algorithm algorithm);

size_t cdl_block_bytes(cdl_algorithm algorithm);

/// Initializes `state` for a new message.
void cdl_begin(cdl_algorithm algorithm, cdl_state *state);

/// Hashes the rest of a message and writes its digest: 32 bytes for SHA-256, 64 for
/// the others. `tail` may have any length (it is hashed alone, and so slowly), with
/// one restriction: it is empty only if the message is empty, because BLAKE2b
/// marks its last block. Keeping back 1...block_bytes bytes always works.
/// (SHA-2 also accepts an empty tail after complete blocks.) `total_bytes` is the
/// length of the message, including the tail. Afterwards the state is invalid.
void cdl_finish(cdl_algorithm algorithm, cdl_state *state, const uint8_t *tail, size_t tail_bytes,
                uint64_t total_bytes, uint8_t *digest);

#ifdef __cplusplus
}
#endif

#endif
