/// Speed of every kernel this CPU runs, beside OpenSSL's one-message digests, in
/// GB/s (1e9 bytes): on one thread, then on two at once. Each thread hashes data
/// of its own that its level-2 cache holds. An argument selects the names it is
/// part of; `calibrate` prints, for one thread, the speed with fewer messages than
/// a kernel has lanes.
#include "CDigestLanes.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MAX_THREADS = 2,
    THREAD_BYTES = 512 * 1024,
    PASSES = 4,
    WINDOWS = 150,
    MAX_KERNELS = CDL_ISA_AVX512 + 1,
};
static const double window_seconds = 0.002;

typedef struct {
    const cdl_kernel *kernel; ///< Null for OpenSSL's `digest`.
    unsigned count;           ///< Messages given to the kernel.
    const EVP_MD *digest;
    uint8_t *data;
    pthread_barrier_t *start;
    double window_rate[WINDOWS];
} job;

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/// Hashes `count` messages, each of its lane's part of the data `PASSES` times over;
/// returns the bytes hashed. The parts are those of a full kernel.
static size_t hash_messages(const job *job) {
    uint8_t digest[EVP_MAX_MD_SIZE];
    const cdl_kernel *kernel = job->kernel;
    if (kernel == NULL) {
        EVP_Digest(job->data, THREAD_BYTES, digest, NULL, job->digest, NULL);
        return THREAD_BYTES;
    }
    const size_t part_bytes = THREAD_BYTES / kernel->lanes / 64 * 64;
    const size_t blocks = part_bytes / kernel->block_bytes;
    cdl_state states[CDL_MAX_LANES], *state[CDL_MAX_LANES];
    const uint8_t *data[CDL_MAX_LANES], *next = job->data;
    size_t bytes = 0;
    for (unsigned lane = 0; lane < job->count; lane++) {
        state[lane] = &states[lane];
        cdl_begin(kernel->algorithm, state[lane]);
        data[lane] = next;
        next += part_bytes;
        bytes += PASSES * blocks * kernel->block_bytes;
    }
    for (int pass = 0; pass < PASSES; pass++)
        kernel->advance(state, data, job->count, blocks);
    for (unsigned lane = 0; lane < job->count; lane++)
        cdl_finish(kernel->algorithm, state[lane], data[lane], 1, 1, digest);
    return bytes;
}

static void *run(void *argument) {
    job *const job = argument;
    hash_messages(job);
    for (int window = 0; window < WINDOWS; window++) {
        size_t bytes = 0;
        pthread_barrier_wait(job->start);
        const double begin = seconds();
        double now = begin;
        for (; now < begin + window_seconds; now = seconds())
            bytes += hash_messages(job);
        job->window_rate[window] = 1e-9 * (double)bytes / (now - begin);
    }
    return NULL;
}

/// The threads' rates together in the best window: the machine may be shared.
static double rate(const cdl_kernel *kernel, unsigned count, const EVP_MD *digest, int threads) {
    pthread_t thread[MAX_THREADS];
    job jobs[MAX_THREADS];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++) {
        jobs[i] = (job){kernel, count, digest, aligned_alloc(64, THREAD_BYTES), &start, {0}};
        memset(jobs[i].data, 0x5a + i, THREAD_BYTES);
        pthread_create(&thread[i], NULL, run, &jobs[i]);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
        free(jobs[i].data);
    }
    pthread_barrier_destroy(&start);
    double best = 0;
    for (int window = 0; window < WINDOWS; window++) {
        double sum = 0;
        for (int i = 0; i < threads; i++)
            sum += jobs[i].window_rate[window];
        best = sum > best ? sum : best;
    }
    return best;
}

static void report(const char *name, const cdl_kernel *kernel, const EVP_MD *digest,
                   const char *only) {
    if (only != NULL && strstr(name, only) == NULL)
        return;
    const unsigned count = kernel != NULL ? kernel->lanes : 1;
    const double one = rate(kernel, count, digest, 1), two = rate(kernel, count, digest, 2);
    printf("%-18s %9.2f %9.2f\n", name, one, two);
}

/// A row for each number of messages, a column for each kernel that takes them.
static void calibrate(const char *openssl_name, const EVP_MD *openssl,
                      const cdl_kernel *const *kernels, int kernel_count) {
    unsigned most = 1;
    printf("%8s  %15s", "messages", openssl_name);
    for (int i = 0; i < kernel_count; i++) {
        printf("  %15s", kernels[i]->name);
        most = kernels[i]->lanes > most ? kernels[i]->lanes : most;
    }
    printf("\n");
    for (unsigned count = 1; count <= most; count++) {
        printf("%8u", count);
        if (count == 1)
            printf("  %15.2f", rate(NULL, 1, openssl, 1));
        else
            printf("  %15s", "");
        for (int i = 0; i < kernel_count; i++) {
            if (count <= kernels[i]->lanes)
                printf("  %15.2f", rate(kernels[i], count, NULL, 1));
            else
                printf("  %15s", "");
        }
        printf("\n");
    }
}

int main(int argc, char **argv) {
    const char *const only = argc > 1 ? argv[1] : NULL;
    const bool calibrates = only != NULL && strcmp(only, "calibrate") == 0;
    const struct {
        cdl_algorithm algorithm;
        const char *openssl_name;
        const EVP_MD *openssl;
    } algorithms[] = {
        {CDL_SHA256, "sha256-openssl", EVP_sha256()},
        {CDL_SHA512, "sha512-openssl", EVP_sha512()},
        {CDL_BLAKE2B, "blake2b-openssl", EVP_blake2b512()},
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!calibrates)
        printf("%-18s %9s %9s\n", "GB/s", "1 thread", "2 threads");
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        const cdl_kernel *kernels[MAX_KERNELS];
        int kernel_count = 0;
        for (int isa = CDL_ISA_SCALAR; isa < MAX_KERNELS; isa++) {
            const cdl_kernel *const kernel = cdl_find(algorithms[i].algorithm, (cdl_isa)isa);
            if (kernel != NULL)
                kernels[kernel_count++] = kernel;
        }
        if (calibrates) {
            calibrate(algorithms[i].openssl_name, algorithms[i].openssl, kernels, kernel_count);
            continue;
        }
        report(algorithms[i].openssl_name, NULL, algorithms[i].openssl, only);
        for (int k = 0; k < kernel_count; k++)
            report(kernels[k]->name, kernels[k], NULL, only);
    }
    return 0;
}
