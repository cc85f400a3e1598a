/// Checks every kernel this CPU runs: known answers, every short length in every
/// lane against OpenSSL, random messages that follow each other in the lanes,
/// lanes' independence, and reads that stay within a lane's blocks.
#include "CDigestLanes.h"

#include <openssl/evp.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_STATE_BYTES = 4096, MESSAGE_BYTES = 8192, RANDOM_CASES = 10000 };

static alignas(CDL_STATE_ALIGNMENT) uint8_t state[MAX_STATE_BYTES];
static uint8_t messages[CDL_MAX_LANES][MESSAGE_BYTES];
static unsigned long checks;

static void expect(bool holds, const cdl_kernel *kernel, const char *what, size_t detail) {
    checks++;
    if (holds)
        return;
    fprintf(stderr, "%s: %s (%zu)\n", kernel->name, what, detail);
    exit(1);
}

/// xorshift64*: the cases are the same in every run.
static uint32_t random_below(uint32_t bound) {
    static uint64_t seed = 0x9e3779b97f4a7c15;
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (uint32_t)((seed * 0x2545f4914f6cdd1d) >> 32) % bound;
}

static const EVP_MD *reference(cdl_algorithm algorithm) {
    switch (algorithm) {
    case CDL_SHA256:
        return EVP_sha256();
    case CDL_SHA512:
        return EVP_sha512();
    case CDL_BLAKE2B:
        return EVP_blake2b512();
    }
    return NULL;
}

static bool is_digest(const cdl_kernel *kernel, const uint8_t *digest, const uint8_t *message,
                      size_t bytes) {
    uint8_t expected[EVP_MAX_MD_SIZE];
    EVP_Digest(message, bytes, expected, NULL, reference(kernel->algorithm), NULL);
    return memcmp(digest, expected, kernel->digest_bytes) == 0;
}

/// The whole blocks of a message before its last byte: what `advance` may take.
static size_t blocks_to_advance(const cdl_kernel *kernel, size_t bytes) {
    return bytes == 0 ? 0 : (bytes - 1) / kernel->block_bytes;
}

/// Hashes one message in one lane, the others at rest.
static void hash(const cdl_kernel *kernel, unsigned lane, const uint8_t *message, size_t bytes,
                 uint8_t *digest) {
    const uint8_t *data[CDL_MAX_LANES] = {0};
    const size_t blocks = blocks_to_advance(kernel, bytes), tail = blocks * kernel->block_bytes;
    data[lane] = message;
    kernel->init_lane(state, lane);
    kernel->advance(state, data, blocks);
    kernel->finish_lane(state, lane, message + tail, bytes - tail, bytes, digest);
}

/// FIPS 180-4's examples of one and two blocks, RFC 7693's of BLAKE2b, and the
/// empty message of each.
static void check_known_answers(const cdl_kernel *kernel) {
    static const struct {
        cdl_algorithm algorithm;
        const char *message, *digest;
    } answers[] = {
        {CDL_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {CDL_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {CDL_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {CDL_SHA512, "abc",
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
        {CDL_SHA512, "",
         "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
         "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
        {CDL_SHA512,
         "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
         "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
         "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
         "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"},
        {CDL_BLAKE2B, "abc",
         "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
         "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"},
        {CDL_BLAKE2B, "",
         "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419"
         "d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce"},
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (answers[i].algorithm != kernel->algorithm)
            continue;
        uint8_t digest[CDL_MAX_DIGEST_BYTES];
        char hex[2 * CDL_MAX_DIGEST_BYTES + 1];
        const char *message = answers[i].message;
        hash(kernel, kernel->lanes - 1, (const uint8_t *)message, strlen(message), digest);
        for (size_t byte = 0; byte < kernel->digest_bytes; byte++)
            sprintf(hex + 2 * byte, "%02x", digest[byte]);
        expect(strcmp(hex, answers[i].digest) == 0, kernel, "known answer", i);
    }
}

/// Every length up to four blocks in every lane, from an unaligned address; with
/// the last block kept back, and with all of the message given as the tail.
static void check_lengths(const cdl_kernel *kernel) {
    uint8_t digest[CDL_MAX_DIGEST_BYTES];
    for (unsigned lane = 0; lane < kernel->lanes; lane++) {
        for (size_t bytes = 0; bytes <= 4 * kernel->block_bytes; bytes++) {
            const uint8_t *message = messages[lane] + bytes % 64;
            hash(kernel, lane, message, bytes, digest);
            expect(is_digest(kernel, digest, message, bytes), kernel, "length", bytes);
            kernel->init_lane(state, lane);
            kernel->finish_lane(state, lane, message, bytes, bytes, digest);
            expect(is_digest(kernel, digest, message, bytes), kernel, "length, all tail", bytes);
        }
    }
}

/// SHA-2 allows an empty tail after whole blocks.
static void check_empty_tail(const cdl_kernel *kernel) {
    const uint8_t *data[CDL_MAX_LANES];
    uint8_t digest[CDL_MAX_DIGEST_BYTES];
    const size_t bytes = 3 * kernel->block_bytes;
    if (kernel->algorithm == CDL_BLAKE2B)
        return;
    for (unsigned lane = 0; lane < kernel->lanes; lane++)
        data[lane] = messages[lane];
    kernel->init(state);
    kernel->advance(state, data, 3);
    for (unsigned lane = 0; lane < kernel->lanes; lane++) {
        kernel->finish_lane(state, lane, NULL, 0, bytes, digest);
        expect(is_digest(kernel, digest, messages[lane], bytes), kernel, "empty tail", lane);
    }
}

/// Random messages until `RANDOM_CASES` are hashed. At each step all lanes advance
/// together as far as the shortest allows, or less; a lane at its end takes a new
/// message at once, and some lanes rest for a step.
static void check_random(const cdl_kernel *kernel) {
    struct {
        const uint8_t *message;
        size_t bytes, done;
    } lanes[CDL_MAX_LANES] = {0};
    unsigned finished = 0;
    kernel->init(state);
    for (unsigned lane = 0; lane < kernel->lanes; lane++)
        lanes[lane].message = messages[lane];

    while (finished < RANDOM_CASES) {
        const uint8_t *data[CDL_MAX_LANES] = {0};
        size_t blocks = SIZE_MAX;
        for (unsigned lane = 0; lane < kernel->lanes; lane++) {
            size_t left = lanes[lane].bytes - lanes[lane].done;
            if (blocks_to_advance(kernel, left) == 0) {
                const uint8_t *rest = lanes[lane].message + lanes[lane].done;
                uint8_t digest[CDL_MAX_DIGEST_BYTES];
                kernel->finish_lane(state, lane, rest, left, lanes[lane].bytes, digest);
                expect(is_digest(kernel, digest, lanes[lane].message, lanes[lane].bytes), kernel,
                       "random message", lanes[lane].bytes);
                finished++;
                const uint32_t start = random_below(MESSAGE_BYTES / 2);
                lanes[lane].message = messages[random_below(CDL_MAX_LANES)] + start;
                lanes[lane].bytes = left = random_below(MESSAGE_BYTES - start);
                lanes[lane].done = 0;
                kernel->init_lane(state, lane);
            }
            const size_t most = blocks_to_advance(kernel, left);
            if (most > 0 && random_below(8) > 0) {
                data[lane] = lanes[lane].message + lanes[lane].done;
                blocks = most < blocks ? most : blocks;
            }
        }
        if (blocks == SIZE_MAX)
            continue;
        blocks -= random_below((uint32_t)blocks);
        kernel->advance(state, data, blocks);
        for (unsigned lane = 0; lane < kernel->lanes; lane++)
            lanes[lane].done += data[lane] != NULL ? blocks * kernel->block_bytes : 0;
    }
}

/// One lane's digest must be the same whatever its neighbours hash: each in turn
/// keeps its message while all others are given other ones, at other addresses.
static void check_independence(const cdl_kernel *kernel) {
    const size_t blocks = 5, bytes = (blocks + 1) * kernel->block_bytes;
    for (unsigned kept = 0; kept < kernel->lanes; kept++) {
        for (unsigned trial = 0; trial < 8; trial++) {
            const uint8_t *data[CDL_MAX_LANES];
            uint8_t digest[CDL_MAX_DIGEST_BYTES];
            for (unsigned lane = 0; lane < kernel->lanes; lane++)
                data[lane] = messages[random_below(CDL_MAX_LANES)] + random_below(1024);
            data[kept] = messages[kept];
            kernel->init(state);
            kernel->advance(state, data, blocks);
            kernel->finish_lane(state, kept, data[kept] + blocks * kernel->block_bytes,
                                kernel->block_bytes, bytes, digest);
            expect(is_digest(kernel, digest, messages[kept], bytes), kernel, "neighbours", kept);
        }
    }
}

/// Messages that end where memory does: a read too far is a fault. The state, too,
/// is as large as the kernel says and no larger.
static void check_bounds(const cdl_kernel *kernel) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = 4 * kernel->block_bytes;
    uint8_t *const pages = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(pages != MAP_FAILED, kernel, "mmap", 0);
    mprotect(pages + page, page, PROT_NONE);
    mprotect(pages + 3 * page, page, PROT_NONE);
    uint8_t *const message = pages + page - bytes;
    void *const exact_state = pages + 3 * page - kernel->state_bytes;
    memcpy(message, messages[0], bytes);
    const uint8_t *data[CDL_MAX_LANES];
    for (unsigned lane = 0; lane < kernel->lanes; lane++)
        data[lane] = message;
    kernel->init(exact_state);
    kernel->advance(exact_state, data, 3);
    for (unsigned lane = 0; lane < kernel->lanes; lane++) {
        uint8_t digest[CDL_MAX_DIGEST_BYTES];
        kernel->finish_lane(exact_state, lane, message + 3 * kernel->block_bytes,
                            kernel->block_bytes, bytes, digest);
        expect(is_digest(kernel, digest, message, bytes), kernel, "bounds", lane);
    }
    kernel->init(exact_state);
    kernel->advance(exact_state, data, 4);
    munmap(pages, 4 * page);
}

/// What there is no kernel for, and a call with every lane at rest.
static void check_find(void) {
    const uint8_t *data[CDL_MAX_LANES] = {0};
    uint8_t before[MAX_STATE_BYTES];
    const cdl_kernel *const scalar = cdl_find(CDL_SHA256, CDL_ISA_SCALAR);
    const cdl_isa best = cdl_best_isa();
    expect(cdl_find(CDL_SHA256, CDL_ISA_NONE) == NULL, scalar, "a kernel of no kind", 0);
    expect(cdl_find(CDL_SHA512, CDL_ISA_SHANI) == NULL, scalar, "SHA-512 by SHA-NI", 0);
    for (int algorithm = CDL_SHA256; algorithm <= CDL_BLAKE2B; algorithm++) {
        const cdl_kernel *kernel = cdl_find((cdl_algorithm)algorithm, best);
        expect((kernel == NULL) == (best == CDL_ISA_NONE), scalar, "the best kernel", best);
        kernel = kernel != NULL ? kernel : scalar;
        kernel->init(state);
        memcpy(before, state, kernel->state_bytes);
        kernel->advance(state, data, 3);
        expect(memcmp(before, state, kernel->state_bytes) == 0, kernel, "all at rest", 0);
    }
}

int main(void) {
    check_find();
    for (unsigned row = 0; row < CDL_MAX_LANES; row++) {
        for (size_t i = 0; i < MESSAGE_BYTES; i++)
            messages[row][i] = (uint8_t)random_below(256);
    }
    for (int algorithm = CDL_SHA256; algorithm <= CDL_BLAKE2B; algorithm++) {
        for (int isa = CDL_ISA_SCALAR; isa <= CDL_ISA_AVX512; isa++) {
            const cdl_kernel *kernel = cdl_find((cdl_algorithm)algorithm, (cdl_isa)isa);
            if (kernel == NULL)
                continue;
            checks = 0;
            expect(kernel->lanes <= CDL_MAX_LANES, kernel, "lanes", kernel->lanes);
            expect(kernel->state_bytes <= sizeof state, kernel, "state", kernel->state_bytes);
            check_known_answers(kernel);
            check_lengths(kernel);
            check_empty_tail(kernel);
            check_random(kernel);
            check_independence(kernel);
            check_bounds(kernel);
            printf("%-16s %2u lanes: %lu checks passed\n", kernel->name, kernel->lanes, checks);
        }
    }
    return 0;
}
