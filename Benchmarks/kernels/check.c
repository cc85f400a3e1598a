/// Checks every kernel this CPU runs: known answers, every short length in every
/// lane against OpenSSL, random messages that change lanes, neighbours and kernels,
/// lanes' independence, and reads and writes that stay within bounds.
#include "kernels.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    MESSAGE_BYTES = 16384,
    RANDOM_CASES = 10000,
    MAX_KERNELS = 32,
};

static uint8_t messages[CDL_MAX_LANES][MESSAGE_BYTES];
static unsigned long checks;

static void expect(bool holds, const char *name, const char *what, size_t detail) {
    checks++;
    if (holds)
        return;
    fprintf(stderr, "%s: %s (%zu)\n", name, what, detail);
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

static size_t digest_bytes(cdl_algorithm algorithm) {
    return algorithm == CDL_SHA256 ? 32 : 64;
}

/// Hashes the rest of a message and compares the digest with OpenSSL's.
static bool finishes(cdl_algorithm algorithm, cdl_state *state, const uint8_t *message,
                     size_t hashed, size_t bytes) {
    uint8_t digest[CDL_MAX_DIGEST_BYTES], expected[EVP_MAX_MD_SIZE];
    cdl_finish(algorithm, state, message + hashed, bytes - hashed, bytes, digest);
    EVP_Digest(message, bytes, expected, NULL, reference(algorithm), NULL);
    return memcmp(digest, expected, digest_bytes(algorithm)) == 0;
}

/// The whole blocks of a message before its last byte: what `advance` may take.
static size_t blocks_to_advance(cdl_algorithm algorithm, size_t bytes) {
    return bytes == 0 ? 0 : (bytes - 1) / cdl_block_bytes(algorithm);
}

/// `advance` with arrays of just `count` elements, as the sanitizer knows then.
static void advance(const cdl_kernel *kernel, cdl_state *states, const uint8_t *const *data,
                    unsigned count, size_t blocks) {
    cdl_state **const exact_states = malloc(count * sizeof *exact_states);
    const uint8_t **const exact_data = malloc(count * sizeof *exact_data);
    for (unsigned lane = 0; lane < count; lane++) {
        exact_states[lane] = &states[lane];
        exact_data[lane] = data[lane];
    }
    kernel->advance(exact_states, exact_data, count, blocks);
    free(exact_states);
    free(exact_data);
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
        cdl_state states[CDL_MAX_LANES];
        uint8_t digest[CDL_MAX_DIGEST_BYTES];
        char hex[2 * CDL_MAX_DIGEST_BYTES + 1];
        const uint8_t *const message = (const uint8_t *)answers[i].message;
        const uint8_t *data[CDL_MAX_LANES];
        const size_t bytes = strlen(answers[i].message);
        const size_t blocks = blocks_to_advance(kernel->algorithm, bytes);
        const size_t hashed = blocks * kernel->block_bytes;
        for (unsigned lane = 0; lane < kernel->lanes; lane++) {
            cdl_begin(kernel->algorithm, &states[lane]);
            data[lane] = lane < kernel->lanes - 1 ? messages[lane] : message;
        }
        advance(kernel, states, data, kernel->lanes, blocks);
        cdl_finish(kernel->algorithm, &states[kernel->lanes - 1], message + hashed, bytes - hashed,
                   bytes, digest);
        for (size_t byte = 0; byte < digest_bytes(kernel->algorithm); byte++)
            sprintf(hex + 2 * byte, "%02x", digest[byte]);
        expect(strcmp(hex, answers[i].digest) == 0, kernel->name, "known answer", i);
    }
}

/// Every length up to four blocks in every lane, for every count of messages, from
/// unaligned addresses. A message in a fast lane is longer by what the lane is ahead.
static void check_lengths(const cdl_kernel *kernel) {
    const size_t block = kernel->block_bytes;
    for (unsigned count = 1; count <= kernel->lanes; count++) {
        for (size_t bytes = 0; bytes <= 4 * block; bytes++) {
            const size_t blocks = blocks_to_advance(kernel->algorithm, bytes);
            cdl_state states[CDL_MAX_LANES];
            const uint8_t *data[CDL_MAX_LANES];
            for (unsigned lane = 0; lane < count; lane++) {
                cdl_begin(kernel->algorithm, &states[lane]);
                data[lane] = messages[lane] + (bytes + lane) % 64;
            }
            advance(kernel, states, data, count, blocks);
            for (unsigned lane = 0; lane < count; lane++) {
                const size_t hashed = blocks * block;
                expect(finishes(kernel->algorithm, &states[lane], data[lane], hashed,
                                hashed + bytes - blocks * block),
                       kernel->name, "length", bytes);
            }
        }
    }
}

/// Messages given to `cdl_finish` whole; and, as SHA-2 allows, an empty tail.
static void check_tails(cdl_algorithm algorithm) {
    cdl_state state;
    for (size_t bytes = 0; bytes <= 4 * cdl_block_bytes(algorithm); bytes++) {
        cdl_begin(algorithm, &state);
        expect(finishes(algorithm, &state, messages[0] + bytes % 64, 0, bytes), "cdl_finish",
               "all tail", bytes);
    }
    if (algorithm == CDL_BLAKE2B)
        return;
    const uint8_t *const data = messages[0];
    const size_t bytes = 3 * cdl_block_bytes(algorithm);
    cdl_begin(algorithm, &state);
    advance(cdl_find(algorithm, CDL_ISA_SCALAR), &state, &data, 1, 3);
    expect(finishes(algorithm, &state, data, bytes, bytes), "cdl_finish", "empty tail", bytes);
}

typedef struct {
    cdl_state state;
    const uint8_t *data;
    size_t bytes, hashed;
} message;

static message random_message(cdl_algorithm algorithm) {
    const uint32_t start = random_below(MESSAGE_BYTES / 2);
    message new = {
        .data = messages[random_below(CDL_MAX_LANES)] + start,
        .bytes = random_below(MESSAGE_BYTES - start),
    };
    cdl_begin(algorithm, &new.state);
    return new;
}

/// Random messages until `RANDOM_CASES` are hashed, more of them at once than there
/// are lanes. Each step takes one of the kernels, some messages in any order, and
/// advances them as far as the shortest allows, or less.
static void check_random(const char *name, const cdl_kernel *const *kernels, uint32_t kernel_count) {
    enum { OPEN = CDL_MAX_LANES + 8 };
    const cdl_algorithm algorithm = kernels[0]->algorithm;
    const size_t block = kernels[0]->block_bytes;
    message open[OPEN];
    for (int i = 0; i < OPEN; i++)
        open[i] = random_message(algorithm);
    for (unsigned finished = 0; finished < RANDOM_CASES;) {
        const cdl_kernel *const kernel = kernels[random_below(kernel_count)];
        const unsigned most_messages = 1 + random_below(kernel->lanes);
        cdl_state *states[CDL_MAX_LANES];
        const uint8_t *data[CDL_MAX_LANES];
        size_t blocks = SIZE_MAX;
        unsigned count = 0;
        for (; count < most_messages; count++) {
            const uint32_t other = count + random_below(OPEN - count);
            const message taken = open[other];
            open[other] = open[count];
            open[count] = taken;
            const size_t left = blocks_to_advance(algorithm, taken.bytes - taken.hashed);
            if (left == 0)
                break;
            const size_t most_blocks = left;
            blocks = most_blocks < blocks ? most_blocks : blocks;
        }
        if (count == 0) {
            expect(finishes(algorithm, &open[0].state, open[0].data, open[0].hashed, open[0].bytes),
                   name, "random message", open[0].bytes);
            open[0] = random_message(algorithm);
            finished++;
            continue;
        }
        for (unsigned lane = 0; lane < count; lane++) {
            states[lane] = &open[lane].state;
            data[lane] = open[lane].data + open[lane].hashed;
        }
        blocks -= random_below((uint32_t)blocks);
        kernel->advance(states, data, count, blocks);
        for (unsigned lane = 0; lane < count; lane++)
            open[lane].hashed += blocks * block;
    }
}

/// One lane's digest must be the same whatever its neighbours hash: each in turn
/// keeps its message while all others are given other ones, at other addresses.
static void check_independence(const cdl_kernel *kernel) {
    const size_t blocks = 5;
    for (unsigned kept = 0; kept < kernel->lanes; kept++) {
        for (unsigned trial = 0; trial < 8; trial++) {
            cdl_state states[CDL_MAX_LANES];
            const uint8_t *data[CDL_MAX_LANES];
            for (unsigned lane = 0; lane < kernel->lanes; lane++) {
                cdl_begin(kernel->algorithm, &states[lane]);
                data[lane] = messages[random_below(CDL_MAX_LANES)] + random_below(1024);
            }
            data[kept] = messages[kept];
            advance(kernel, states, data, kernel->lanes, blocks);
            const size_t hashed = blocks * kernel->block_bytes;
            expect(finishes(kernel->algorithm, &states[kept], data[kept], hashed,
                            hashed + kernel->block_bytes),
                   kernel->name, "neighbours", kept);
        }
    }
}

/// Each lane in turn has its data, and all states, end where memory does: a read or
/// a write too far is a fault.
static void check_bounds(const cdl_kernel *kernel) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t pages = (MESSAGE_BYTES + page - 1) / page, blocks = 3;
    uint8_t *const memory = mmap(NULL, (pages + 4) * page, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(memory != MAP_FAILED, kernel->name, "mmap", 0);
    uint8_t *const message_end = memory + pages * page;
    mprotect(message_end, page, PROT_NONE);
    uint8_t *const state_end = message_end + 3 * page;
    mprotect(state_end, page, PROT_NONE);
    cdl_state *const states = (cdl_state *)state_end - kernel->lanes;
    memcpy(memory, messages[0], MESSAGE_BYTES);
    for (unsigned last = 0; last < kernel->lanes; last++) {
        const uint8_t *data[CDL_MAX_LANES];
        for (unsigned lane = 0; lane < kernel->lanes; lane++) {
            cdl_begin(kernel->algorithm, &states[lane]);
            data[lane] = messages[lane];
        }
        const size_t bytes = blocks * kernel->block_bytes;
        data[last] = message_end - bytes;
        advance(kernel, states, data, kernel->lanes, blocks);
        if (kernel->algorithm != CDL_BLAKE2B)
            expect(finishes(kernel->algorithm, &states[last], data[last], bytes, bytes),
                   kernel->name, "bounds", last);
    }
    munmap(memory, (pages + 4) * page);
}

/// What there is no kernel for, and what there is one for everywhere.
static void check_find(void) {
    expect(cdl_find(CDL_SHA256, CDL_ISA_NONE) == NULL, "cdl_find", "a kernel of no kind", 0);
    expect(cdl_find(CDL_SHA512, CDL_ISA_SHANI) == NULL, "cdl_find", "SHA-512 by SHA-NI", 0);
    for (int algorithm = CDL_SHA256; algorithm <= CDL_BLAKE2B; algorithm++)
        expect(cdl_find((cdl_algorithm)algorithm, CDL_ISA_SCALAR) != NULL, "cdl_find",
               "no scalar kernel", (size_t)algorithm);
}

int main(void) {
    check_find();
    for (unsigned row = 0; row < CDL_MAX_LANES; row++) {
        for (size_t i = 0; i < MESSAGE_BYTES; i++)
            messages[row][i] = (uint8_t)random_below(256);
    }
    for (int algorithm = CDL_SHA256; algorithm <= CDL_BLAKE2B; algorithm++) {
        const cdl_kernel *kernels[MAX_KERNELS], *kernel;
        unsigned kernel_count = 0;
        check_tails((cdl_algorithm)algorithm);
        for (size_t i = 0; (kernel = cdl_supported_kernel(i)) != NULL; i++) {
            if (kernel->algorithm != (cdl_algorithm)algorithm)
                continue;
            kernels[kernel_count++] = kernel;
            checks = 0;
            expect(kernel->lanes <= CDL_MAX_LANES, kernel->name, "lanes", kernel->lanes);
            expect(kernel->block_bytes == cdl_block_bytes(kernel->algorithm), kernel->name,
                   "block bytes", kernel->block_bytes);
            check_known_answers(kernel);
            check_lengths(kernel);
            check_random(kernel->name, &kernel, 1);
            check_independence(kernel);
            check_bounds(kernel);
            printf("%-16s %2u lanes: %lu checks passed\n", kernel->name, kernel->lanes, checks);
        }
        checks = 0;
        check_random("moves", kernels, kernel_count);
        printf("moves between %u kernels:  %lu checks passed\n", kernel_count, checks);
    }
    return 0;
}
