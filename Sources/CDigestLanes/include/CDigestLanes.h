/// Multi-buffer hashing: one kernel hashes several independent messages, each
/// in its own lane of a vector register (or of interleaved instructions).
///
/// A kernel's state is `state_bytes` of caller-owned memory, aligned to
/// `CDL_STATE_ALIGNMENT`. Lanes are independent: a lane's digest depends on its
/// own data only, so a lane may be given its next message with `init_lane`
/// while its neighbours are midway through theirs.
///
/// A message is hashed in one lane by
///   1. `init_lane`,
///   2. `advance` over its whole blocks, as many calls as is convenient,
///      keeping back at least its last byte (see `finish_lane`),
///   3. `finish_lane` with what is left, after which the lane is free.
///
/// Kernels keep no other state: different states may be used by different
/// threads at once.
#ifndef CDIGEST_LANES_H
#define CDIGEST_LANES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CDL_STATE_ALIGNMENT 64
#define CDL_MAX_LANES 16
#define CDL_MAX_DIGEST_BYTES 64

typedef enum cdl_algorithm {
    CDL_SHA256 = 0,  ///< FIPS 180-4
    CDL_SHA512 = 1,  ///< FIPS 180-4
    CDL_BLAKE2B = 2, ///< RFC 7693, 64-byte digest, no key
} cdl_algorithm;

/// Instruction sets a kernel may be written for.
typedef enum cdl_isa {
    CDL_ISA_NONE = 0,   ///< No vector kernels: `cdl_find` gives null.
    CDL_ISA_SCALAR = 1, ///< Portable C, 1 lane; on every architecture.
    CDL_ISA_SHANI = 2,  ///< x86 SHA extensions: SHA-256 only, 2 interleaved lanes.
    CDL_ISA_AVX2 = 3,   ///< 256-bit vectors: 8 lanes of SHA-256, 4 of the others.
    CDL_ISA_AVX512 = 4, ///< 512-bit vectors: 16 lanes of SHA-256, 8 of the others.
} cdl_isa;

typedef struct cdl_kernel {
    const char *name; ///< For people, e.g. "sha256-avx512".
    cdl_algorithm algorithm;
    cdl_isa isa;
    uint32_t lanes; ///< At most `CDL_MAX_LANES`.
    size_t block_bytes;
    size_t digest_bytes;
    size_t state_bytes;

    /// Makes every lane ready for a message; a new state needs this first.
    void (*init)(void *state);

    /// Makes one lane ready for a message; the others are untouched.
    void (*init_lane)(void *state, unsigned lane);

    /// Hashes `blocks` whole blocks of each lane. `lane_data` has `lanes`
    /// pointers, of any alignment; exactly `blocks * block_bytes` bytes are read
    /// from each. A lane whose pointer is null rests: its state stays as it is.
    /// Data aligned to 64 bytes is hashed up to a tenth faster.
    void (*advance)(void *state, const uint8_t *const *lane_data, size_t blocks);

    /// Hashes the rest of one lane's message and writes `digest_bytes` bytes.
    /// `tail` may be of any length (it is hashed at scalar speed), with one
    /// restriction: it is empty only if the message is empty, because BLAKE2b
    /// marks its last block. Keeping back 1...block_bytes bytes always serves.
    /// (SHA-2 takes an empty tail after whole blocks too.) `total_bytes` is the
    /// length of the message, tail included. Then the lane needs `init_lane`.
    void (*finish_lane)(void *state, unsigned lane, const uint8_t *tail, size_t tail_bytes,
                        uint64_t total_bytes, uint8_t *digest);
} cdl_kernel;

/// The kernel for that instruction set, or null when there is none or when this
/// CPU or operating system does not support it. With at most two messages left,
/// `CDL_ISA_SHANI` is the fastest for SHA-256; it also outruns `CDL_ISA_AVX2`.
const cdl_kernel *cdl_find(cdl_algorithm algorithm, cdl_isa isa);

/// The widest vector instruction set with kernels for every algorithm:
/// `CDL_ISA_AVX512`, `CDL_ISA_AVX2`, or `CDL_ISA_NONE` (0 lanes) elsewhere.
cdl_isa cdl_best_isa(void);

#ifdef __cplusplus
}
#endif

#endif
